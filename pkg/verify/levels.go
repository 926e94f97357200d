// SPDX-License-Identifier: Apache-2.0

package verify

import (
	"crypto/x509"
	"slices"
	"time"

	"gsign/internal/cms"
	"gsign/internal/limits"
	"gsign/internal/pkix"
	"gsign/pkg/ltv"
)

// timestamps finds the time that is proved for a signature, and the chains that hold at that time.
func (v *validator) timestamps(j *judged) {
	if j.Signature.Timestamp {
		if j.token != nil {
			j.Time = j.token.GenTime
			j.TSAChain = v.chain(j, "C5", j.token.TSA, j.Time, false)
		}
		return
	}
	if j.cms == nil {
		return
	}
	v.signatureTimestamp(j)
	at, proved := v.opts.Time, false
	if j.token != nil {
		at, proved = j.token.GenTime, true
		j.TSAChain = v.chain(j, "C5", j.token.TSA, at, false)
	}
	for _, d := range v.later(j) {
		if !proved || d.token.GenTime.Before(at) {
			at, proved = d.token.GenTime, true
		}
	}
	if proved {
		j.Time = at
	}
	leaf := j.cms.Signer.Certificate
	if leaf == nil {
		return
	}
	if ahead := leaf.NotBefore.Sub(at); !proved && ahead > 0 && ahead <= limits.ClockSkew {
		at = leaf.NotBefore // issued a moment ago, by a clock that is ahead of ours
	}
	j.Chain = v.chain(j, "C6", leaf, at, !proved)
}

// signatureTimestamp checks the signature's own timestamps and takes the earliest sound one.
func (v *validator) signatureTimestamp(j *judged) {
	for _, der := range j.cms.Signer.TimestampTokens {
		token, err := cms.ParseToken(der)
		if err != nil {
			j.wrong(finding(check(err, "C1"), "EN 319 122-1 5.3", "its timestamp cannot be read: %v", err))
			continue
		}
		v.pool = append(v.pool, token.Certificates...)
		if !token.Hash.Available() {
			j.wrong(finding("C2", "EN 319 122-1 5.3", "its timestamp has an unknown digest algorithm"))
			continue
		}
		h := token.Hash.New()
		h.Write(j.cms.Signer.Signature)
		err = token.Verify(token.Hash, h.Sum(nil), v.pool)
		if err != nil {
			j.wrong(finding(check(err, "C4"), "EN 319 122-1 5.3, RFC 3161 2.4.2", "its timestamp does not verify: %v", err))
			continue
		}
		if j.token == nil || token.GenTime.Before(j.token.GenTime) {
			j.token = token
		}
	}
}

// later returns the sound document timestamps that cover the signature.
func (v *validator) later(j *judged) []*judged {
	var all []*judged
	for _, d := range v.sigs {
		if d.Signature.Timestamp && d.token != nil && d.sound() && d.Signature.RevisionEnd() > j.Signature.RevisionEnd() {
			all = append(all, d)
		}
	}
	return all
}

// chain builds the chain of a certificate and checks that it holds at a time. Whether a time that nothing proves is in
// the certificate's life decides nothing.
func (v *validator) chain(j *judged, check string, leaf *x509.Certificate, at time.Time, unproved bool) []*x509.Certificate {
	if leaf == nil {
		return nil
	}
	chain, err := v.build(leaf, at)
	if err != nil {
		j.wrong(undecided("F9", "RFC 5280 6.1", "no chain leads on from %s: %v", pkix.Name(leaf), err))
		return []*x509.Certificate{leaf}
	}
	if len(v.opts.Roots) > 0 && !v.anchored(chain) {
		last := chain.Certificates[len(chain.Certificates)-1]
		j.wrong(undecided("F9", "RFC 5280 6.1", "the chain of %s ends at %s, which is none of the roots given",
			pkix.Name(leaf), pkix.Name(last)))
	}
	err = chain.ValidAt(at)
	if err != nil {
		f := finding(check, "EN 319 102-1 5.5.4", "%v", err)
		if unproved {
			f = undecided(check, "EN 319 102-1 5.5.4", "%v, and no timestamp proves an earlier time", err)
		}
		j.wrong(f)
	}
	return chain.Certificates
}

func (v *validator) build(leaf *x509.Certificate, at time.Time) (*pkix.Chain, error) {
	return pkix.BuildChainWith(leaf, v.pool, &pkix.ChainOptions{At: at, Anchors: v.opts.Roots})
}

func (v *validator) anchored(chain *pkix.Chain) bool {
	return slices.ContainsFunc(chain.Certificates, func(c *x509.Certificate) bool {
		return slices.ContainsFunc(v.opts.Roots, c.Equal)
	})
}

// levels finds the level of each signature, and why it is not higher.
func (v *validator) levels() error {
	for _, j := range v.sigs {
		if j.Signature.Timestamp || !j.sound() {
			continue
		}
		if len(j.baseline) > 0 {
			j.Missing = j.baseline
			continue
		}
		j.Level = BB
		if j.Time.IsZero() {
			j.Missing = []Finding{finding("C1", "EN 319 142-1 6.3 T23-T25", "there is no timestamp")}
			continue
		}
		j.Level = BT
		missing, revoked := v.evidence(j, v.store)
		j.Findings = append(j.Findings, revoked...)
		if !j.sound() {
			j.Level = None
			continue
		}
		j.Missing = missing
		if len(missing) > 0 {
			continue
		}
		j.Level = BLT
		err := v.archived(j)
		if err != nil {
			return err
		}
	}
	return nil
}

// archived finds out whether a document timestamp covers the signature and all its evidence (B-LTA): the security
// store as it was in the timestamp's revision must suffice.
func (v *validator) archived(j *judged) error {
	later := v.later(j)
	if len(later) == 0 {
		j.Missing = []Finding{finding("E1", "EN 319 142-1 6.3 T30", "there is no document timestamp")}
		return nil
	}
	newest := later[len(later)-1]
	store, err := v.storeAt(newest.Signature.RevisionEnd())
	if err != nil {
		return err
	}
	missing, _ := v.evidence(j, store)
	if len(missing) > 0 {
		j.Missing = []Finding{finding("E3", "EN 319 142-1 6.3 letter x",
			"the newest document timestamp does not cover all evidence: %s", missing[0].Text)}
		return nil
	}
	j.Level = BLTA
	return nil
}

func (v *validator) storeAt(end int64) (ltv.Evidence, error) {
	doc, err := v.open(end)
	if err != nil {
		return ltv.Evidence{}, err
	}
	return ltv.ReadStore(doc)
}
