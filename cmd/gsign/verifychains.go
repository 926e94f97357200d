// SPDX-License-Identifier: Apache-2.0

package main

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"fmt"
	"time"

	"gsign/internal/limits"
)

// chainView is a chain of certificates from the one that signed up to where trust comes from, or is missing.
type chainView struct {
	Title string
	Links []linkView
	Gap   string // why there is no trust, empty where there is
	Mark  time.Time
}

// linkView is a certificate of a chain.
type linkView struct {
	*certificateResult

	Role     string
	Anchor   *anchorResult // where it is what is trusted
	Span     *spanView
	Evidence []evidenceView
	None     bool // nothing says whether it was revoked, and something could
}

// spanView is a certificate's life, beside the lives of the chain's others and the time it is judged for.
type spanView struct {
	X, Width, Mark percent
	Marked         bool
}

type evidenceView struct {
	*evidenceResult

	State     string
	Text      string
	Responder *certificateResult // where it is none of the chain
}

func newChains(r *fileResult, s *signatureResult) []chainView {
	if s.Kind != "signature" {
		return []chainView{newChain(r, s, "Document timestamp", s.Chain, s.Anchor, s.TimestampTime)}
	}
	chains := []chainView{newChain(r, s, "Signer", s.Chain, s.Anchor, s.BestTime)}
	if len(s.tsaChain) > 0 {
		var chain []*certificateResult
		for _, c := range s.tsaChain {
			chain = append(chain, newCertificate(c))
		}
		chains = append(chains, newChain(r, s, "Signature timestamp", chain, s.TSAAnchor, s.TimestampTime))
	}
	return chains
}

func newChain(r *fileResult, s *signatureResult, title string, chain []*certificateResult, anchor *anchorResult, mark time.Time) chainView {
	v := chainView{Title: title, Mark: mark}
	for i, c := range chain {
		l := linkView{certificateResult: c, Role: "issued by"}
		if i == 0 {
			l.Role = "signed by"
		}
		l.Span = newSpan(c, chain, mark)
		last := i == len(chain)-1
		if last && anchor != nil && anchor.Subject == c.Subject {
			l.Anchor = anchor
		}
		l.Evidence = evidenceAbout(s, c, chain)
		l.None = len(l.Evidence) == 0 && l.Anchor == nil && c.Issuer != c.Subject
		v.Links = append(v.Links, l)
	}
	switch n := len(chain); {
	case anchor != nil && (n == 0 || v.Links[n-1].Anchor == nil):
		v.Links = append(v.Links, linkView{certificateResult: &certificateResult{Name: anchor.Subject, Subject: anchor.Subject}, Role: "issued by", Anchor: anchor})
	case anchor != nil:
	case n == 0:
		v.Gap = "it is not known who signed"
	case len(r.Trust) == 0:
		v.Gap = "nothing is trusted: no anchors are given"
	case chain[n-1].Issuer != chain[n-1].Subject:
		v.Gap = "not known or not trusted: " + chain[n-1].Issuer
	default:
		v.Gap = "nobody who is trusted stands for this"
	}
	return v
}

// evidenceAbout is what the verdict on a certificate rests on; where nothing is, what there was and why it does not count.
func evidenceAbout(s *signatureResult, c *certificateResult, chain []*certificateResult) []evidenceView {
	var used, unused []evidenceView
	for i := range s.Evidence {
		e := &s.Evidence[i]
		if e.about == nil && e.Certificate != c.Subject || e.about != nil && fingerprint(e.about) != c.SHA256 {
			continue
		}
		v := evidenceView{evidenceResult: e, State: verdictPassed, Text: fmt.Sprintf("%s: %s, from %s", e.Kind, e.Verdict, e.Source)}
		if !e.ThisUpdate.IsZero() {
			v.Text += ", of " + moment(e.ThisUpdate)
		}
		v.Responder = outsider(e.by, chain)
		switch {
		case !e.RevokedAt.IsZero():
			v.State = verdictFailed
		case !e.Used:
			v.State, v.Text = verdictIndeterminate, "does not count: "+v.Text
		}
		if e.Used {
			used = append(used, v)
		} else {
			unused = append(unused, v)
		}
	}
	if len(used) == 0 {
		used = unused
	}
	return used[:min(len(used), limits.ReportRows)]
}

func fingerprint(c *x509.Certificate) string {
	sum := sha256.Sum256(c.Raw)
	return hex.EncodeToString(sum[:])
}

// outsider is a responder that has to be told of: none of the chain.
func outsider(c *x509.Certificate, chain []*certificateResult) *certificateResult {
	r := newCertificate(c)
	for _, known := range chain {
		if r != nil && r.SHA256 == known.SHA256 {
			return nil
		}
	}
	return r
}

// longLife is what a chain's picture shows after the time it is judged for: some certificates end in the year 9999.
const longLife = 40 * 365 * 24 * time.Hour

func newSpan(c *certificateResult, chain []*certificateResult, mark time.Time) *spanView {
	from, until := c.NotBefore, c.NotAfter
	for _, other := range chain {
		if other.NotBefore.Before(from) {
			from = other.NotBefore
		}
		if other.NotAfter.After(until) {
			until = other.NotAfter
		}
	}
	if !mark.IsZero() {
		if mark.Before(from) {
			from = mark
		}
		if mark.After(until) {
			until = mark
		}
		if end := mark.Add(longLife); end.Before(until) {
			until = end
		}
	}
	if !from.Before(until) || !c.NotBefore.Before(c.NotAfter) {
		return nil
	}
	at := func(t time.Time) percent {
		return percent(max(0, min(100, 100*float64(t.Unix()-from.Unix())/float64(until.Unix()-from.Unix()))))
	}
	v := &spanView{X: at(c.NotBefore), Mark: at(mark), Marked: !mark.IsZero()}
	v.Width = max(1, at(c.NotAfter)-v.X)
	return v
}
