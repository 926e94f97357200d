// SPDX-License-Identifier: Apache-2.0

package verify

import (
	"crypto/x509"
	"slices"
	"time"

	"gsign/internal/limits"
	"gsign/internal/pkix"
)

// level finds the level of a signature, and why it is not higher. It is about what the file holds, not about trust: a signature
// that nobody trusts can be of level B-LTA.
func (v *validator) level(j *judged) {
	j.LTV = v.adobe(j)
	v.form(j)
	if j.Indication == TotalFailed || j.path == nil || j.unknown {
		return
	}
	if len(j.baseline) > 0 {
		j.Missing = j.baseline
		return
	}
	j.Level = BB
	if j.Time.IsZero() {
		j.Missing = append(j.unstamped, finding("C1", "EN 319 142-1 6.3 T23-T25", "there is no timestamp"))
		return
	}
	j.Level = BT
	missing := v.lacks(j, never-1)
	if len(missing) > 0 {
		j.Missing = missing
		return
	}
	j.Level = BLT
	later := v.later(j)
	if len(later) == 0 {
		j.Missing = []Finding{finding("E1", "EN 319 142-1 6.3 T30", "there is no document timestamp")}
		return
	}
	missing = v.lacks(j, later[len(later)-1].Signature.RevisionEnd()-1)
	if len(missing) > 0 {
		j.Missing = []Finding{finding("E3", "EN 319 142-1 6.3 letter x",
			"the newest document timestamp does not cover all evidence: %s", missing[0].Text)}
		return
	}
	j.Level = BLTA
}

// form finds the level that a signature is built as: the parts are there (EN 319 142-1 clause 6.3, Table 1).
func (v *validator) form(j *judged) {
	defer func() { v.within = never }()
	stampsAfter := slices.DeleteFunc(slices.Clone(v.sigs), func(d *judged) bool {
		return !d.Signature.Timestamp || d.Signature.RevisionEnd() <= j.Signature.RevisionEnd()
	})
	switch {
	case j.path == nil || j.cms == nil || len(j.baseline) > 0:
		return
	case len(j.cms.Signer.TimestampTokens) == 0 && len(stampsAfter) == 0:
		j.Form = BB
		return
	}
	chains := [][]*x509.Certificate{j.path.certs}
	for _, t := range j.stamps {
		chains = append(chains, t.path.certs)
	}
	v.within = never - 1
	j.Form = BT
	if !v.stored || !v.mentioned(slices.Concat(chains, tsaChains(stampsAfter))) {
		return
	}
	j.Form = BLT
	// One that covers the evidence is enough: what is stored about it after a newer one does not undo it.
	for i, d := range stampsAfter {
		v.within = d.Signature.RevisionEnd() - 1
		if v.mentioned(slices.Concat(chains, tsaChains(stampsAfter[:i+1]))) {
			j.Form = BLTA
		}
	}
}

// tsaChains are the chains of document timestamps but the newest, about which nothing has to be known yet.
func tsaChains(stamps []*judged) [][]*x509.Certificate {
	var chains [][]*x509.Certificate
	for _, d := range stamps[:max(0, len(stamps)-1)] {
		if d.path != nil {
			chains = append(chains, d.path.certs)
		}
	}
	return chains
}

// mentioned reports whether there is evidence about every certificate of chains below their anchors.
func (v *validator) mentioned(chains [][]*x509.Certificate) bool {
	for _, chain := range chains {
		for i, cert := range chain {
			if v.ends(cert) {
				break
			}
			if i+1 == len(chain) || !v.mention(cert, chain[i+1], 0) {
				return false
			}
		}
	}
	return true
}

// mention reports whether there is evidence about a certificate, and about who answered it.
func (v *validator) mention(cert, issuer *x509.Certificate, depth int) bool {
	if pkix.NoRevocationNeeded(cert) || depth > 0 && pkix.OCSPNoCheck(cert) {
		return true
	}
	for _, a := range v.answers(cert, issuer) {
		if a.piece.place > v.within || !a.sound && (a.Check == "F1" || a.Check == "F11") {
			continue
		}
		if !a.needs || depth < limits.ResponderDepth && v.mention(a.Responder, issuer, depth+1) {
			return true
		}
	}
	return false
}

// lacks holds the evidence up to an offset of the file against all chains of a signature: its own, its timestamps', and those
// of all document timestamps but the newest, each with the chains of the responders (EN 319 142-1 6.3 letters r, s, t).
func (v *validator) lacks(j *judged, within int64) []Finding {
	v.within = within
	defer func() { v.within = never }()
	var missing []Finding
	j.ThisUpdate, missing = v.lacking(j.Chain, j.Time)
	j.Fresh = pkix.Fresh(j.ThisUpdate, j.Time, j.Chain[0].NotAfter)
	for _, t := range j.stamps[:min(1, len(j.stamps))] {
		_, more := v.lacking(t.path.certs, t.GenTime)
		missing = append(missing, more...)
	}
	later := v.later(j)
	for i, d := range later {
		own := i == 0 && len(j.stamps) == 0 // the only proof of time needs evidence, though it is the newest
		if i < len(later)-1 || own {
			_, more := v.lacking(d.TSAChain, d.Time)
			missing = append(missing, more...)
		}
	}
	return missing
}

// lacking judges every certificate of a chain below its anchor. It returns thisUpdate of the youngest evidence about the
// first, too.
func (v *validator) lacking(chain []*x509.Certificate, at time.Time) (first time.Time, missing []Finding) {
	for i, cert := range chain {
		if v.ends(cert) {
			return first, missing
		}
		if i+1 == len(chain) {
			return first, append(missing, finding("D2", "EN 319 142-1 6.3 letter r", "the chain of %s does not end at a root: no issuer of %s",
				pkix.Name(chain[0]), pkix.Name(cert)))
		}
		st := v.status(cert, chain[i+1], at, 0)
		if st.best != nil && i == 0 {
			first = st.best.ThisUpdate
		}
		if !st.exempt && st.best == nil && st.revoked == nil {
			missing = append(missing, finding("D3", "EN 319 142-1 6.3 letters s, t", "no revocation evidence about %s holds%s", pkix.Name(cert), st.why))
		}
	}
	return first, missing
}

// adobe says whether Adobe's readers would call the signature "LTV enabled": all that is needed to validate it but the root is
// in the file, for the signer and for its timestamp (Adobe's help; no document says it exactly).
func (v *validator) adobe(j *judged) AdobeLTV {
	switch {
	case j.Indication == TotalFailed:
		return AdobeLTV{false, "the signature is not valid"}
	case j.path == nil:
		return AdobeLTV{false, "the signer's certificate is not known"}
	}
	v.within = never - 1
	defer func() { v.within = never }()
	chains := [][]*x509.Certificate{j.path.certs}
	if len(j.stamps) > 0 {
		chains = append(chains, j.stamps[0].path.certs)
	}
	at := j.Time
	if at.IsZero() {
		at = v.opts.Time
	}
	for _, chain := range chains {
		_, missing := v.lacking(chain, at)
		if len(missing) > 0 {
			return AdobeLTV{false, missing[0].Text}
		}
	}
	return AdobeLTV{true, "everything but the roots that is needed to validate it is in the file"}
}
