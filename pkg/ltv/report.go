// SPDX-License-Identifier: Apache-2.0

package ltv

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"gsign/pkg/pdfsig"
)

// Origin says where a certificate or a piece of evidence came from.
type Origin string

// The origins.
const (
	FromSignature Origin = "signature" // carried by the CMS of the signature or by its timestamp token
	Given         Origin = "given"     // in Options
	Fetched       Origin = "fetched"   // from the Source
	Stored        Origin = "store"     // in the document's security store already
	FromOCSP      Origin = "ocsp"      // carried by an OCSP response
)

// Revocation says what the evidence about the signer's certificate proves.
type Revocation string

// The states of the signer's evidence.
const (
	AfterStamp Revocation = "after-stamp" // fresh: genTime < thisUpdate <= notAfter
	AtIssuance Revocation = "at-issuance" // the answer predates the timestamp
	NotNeeded  Revocation = "not-needed"  // the certificate says that it is never revoked (RFC 9608, EN 319 412-1)
)

// Anchor says what is known about the chains' ends.
type Anchor string

// The states of the anchors.
const (
	Pinned    Anchor = "pinned"     // every chain ends in one of Options.Roots
	NotPinned Anchor = "not pinned" // no roots were given; the chains are complete, nothing more is claimed
)

// Report tells what [Extend] found and wrote.
type Report struct {
	Field          string        `json:"field"`
	Time           time.Time     `json:"time"` // genTime of the signature's timestamp
	Chains         []ChainReport `json:"chains"`
	Revocation     Revocation    `json:"revocation"`
	Anchor         Anchor        `json:"anchor"`
	ValidatesUntil time.Time     `json:"validates_until"` // earliest end of a responder's, CRL issuer's or timestamp authority's certificate
	Certificates   int           `json:"certificates"`    // streams added to the security store
	OCSPs          int           `json:"ocsp_responses"`
	CRLs           int           `json:"crls"`
	Fetches        int           `json:"fetches"` // downloads made for this document, failed ones included
	FetchedBytes   int64         `json:"fetched_bytes"`

	intent *pdfsig.Intent
}

// Intent returns what the revision with the security store is meant to say, for pdfsig.Reread: nil where the suffix is
// empty.
func (r *Report) Intent() *pdfsig.Intent { return r.intent }

// ChainReport tells about one chain. Role is "signer", "timestamp" or "responder"; a responder's chain names only the
// responder, as its issuer is in one of the others.
type ChainReport struct {
	Role         string              `json:"role"`
	Root         string              `json:"root"`
	Pinned       bool                `json:"pinned"`
	Certificates []CertificateReport `json:"certificates"` // end entity first
}

// CertificateReport tells about one certificate. Evidence is empty for a root, and for a certificate whose Exempt says
// why it needs none.
type CertificateReport struct {
	Subject   string           `json:"subject"`
	Serial    string           `json:"serial"` // hexadecimal
	NotBefore time.Time        `json:"not_before"`
	NotAfter  time.Time        `json:"not_after"`
	Origin    Origin           `json:"origin"`
	Exempt    string           `json:"exempt,omitempty"`
	Evidence  []EvidenceReport `json:"evidence,omitempty"`
	Tries     []Try            `json:"tries,omitempty"`
}

// EvidenceReport tells about one OCSP response or CRL. Responder is the subject of the certificate that signed it.
type EvidenceReport struct {
	Method     string    `json:"method"` // OCSP or CRL
	Origin     Origin    `json:"origin"`
	URL        string    `json:"url,omitempty"`
	ProducedAt time.Time `json:"produced_at,omitzero"`
	ThisUpdate time.Time `json:"this_update"`
	NextUpdate time.Time `json:"next_update"`
	Responder  string    `json:"responder"`
	Size       int       `json:"size"`
}

// The methods of a [Try].
const (
	MethodOCSP      = "OCSP"
	MethodCRL       = "CRL"
	MethodCAIssuers = "caIssuers"
	MethodGiven     = "given"
)

// Try is one place where evidence was looked for, and how that ended.
type Try struct {
	Method   string        // OCSP, CRL, caIssuers or given
	URL      string        // empty where evidence was at hand
	Err      error         // nil when it served
	At       time.Time     // when the answer was there
	Duration time.Duration // zero when Cached
	Bytes    int64
	Cached   bool // answered from memory: nothing was sent
}

// MarshalJSON writes the error as text.
func (t Try) MarshalJSON() ([]byte, error) {
	v := struct {
		Method       string    `json:"method"`
		URL          string    `json:"url,omitempty"`
		Error        string    `json:"error,omitempty"`
		At           time.Time `json:"at,omitzero"`
		Milliseconds int64     `json:"milliseconds"`
		Bytes        int64     `json:"bytes"`
		Cached       bool      `json:"cached,omitempty"`
	}{t.Method, t.URL, "", t.At, t.Duration.Milliseconds(), t.Bytes, t.Cached}
	if t.Err != nil {
		v.Error = t.Err.Error()
	}
	return json.Marshal(v)
}

func (t Try) String() string {
	s := t.Method
	if t.URL != "" {
		s += " " + t.URL
	}
	if t.Err != nil {
		return s + ": " + t.Err.Error()
	}
	return s + ": ok"
}

// IncompleteError says that B-LT cannot be reached: for which certificate, where evidence was looked for, and why that
// is not enough.
type IncompleteError struct {
	Certificate string // subject
	Tries       []Try
	Reason      string
	Unpinned    bool   // Certificate is a root that is none of Options.Roots
	Role        string // of its chain, where the chain itself is the trouble: "signer", "timestamp" or "responder"
}

func (e *IncompleteError) Error() string {
	var b strings.Builder
	b.WriteString("collecting evidence")
	if e.Certificate != "" {
		b.WriteString(" for " + e.Certificate)
	}
	b.WriteString(": " + e.Reason)
	sep := " (tried "
	for _, t := range e.Tries {
		b.WriteString(sep + t.String())
		sep = "; "
	}
	if len(e.Tries) > 0 {
		b.WriteString(")")
	}
	return b.String()
}

// Unwrap gives the errors of the tries.
func (e *IncompleteError) Unwrap() []error {
	var errs []error
	for _, t := range e.Tries {
		if t.Err != nil {
			errs = append(errs, t.Err)
		}
	}
	return errs
}

// RevokedError says that sound evidence calls a certificate revoked.
type RevokedError struct {
	Certificate string    // subject
	At          time.Time // when it was revoked
	Reason      int       // CRLReason of RFC 5280 section 5.3.1; 0 when none is given
	Method      string    // OCSP or CRL
	URL         string    // empty where the evidence was at hand
}

func (e *RevokedError) Error() string {
	s := fmt.Sprintf("%s was revoked at %s (reason %d, said by %s", e.Certificate, e.At.UTC().Format(time.RFC3339), e.Reason, e.Method)
	if e.URL != "" {
		s += " of " + e.URL
	}
	return s + ")"
}

// newReport tells what was found; what is written is counted later.
func newReport(sig *signature, chains []*chain) *Report {
	r := &Report{Field: sig.field, Time: sig.genTime, Anchor: Pinned}
	var responders []ChainReport
	for _, ch := range chains {
		if !ch.pinned {
			r.Anchor = NotPinned
		}
		if ch.role == roleSigner {
			r.Revocation = ch.revocation
		} else {
			r.ends(ch.certs[0].NotAfter)
		}
		c := ChainReport{Role: ch.role, Root: ch.items[len(ch.items)-1].report.Subject, Pinned: ch.pinned}
		for _, it := range ch.items {
			c.Certificates = append(c.Certificates, it.tell())
			r.tries(it.report.Tries)
			responders = append(responders, r.proofs(it, ch, true)...)
		}
		r.Chains = append(r.Chains, c)
	}
	r.Chains = append(r.Chains, responders...)
	return r
}

// proofs notes until when the evidence about a certificate can be validated, that is the newest evidence, and returns
// the chains of responders that needed evidence of their own.
func (r *Report) proofs(it *item, ch *chain, counts bool) []ChainReport {
	var chains []ChainReport
	for i, p := range it.proofs {
		newest := counts && i == len(it.proofs)-1
		if newest {
			r.ends(p.signer.NotAfter)
		}
		if p.responder != nil {
			chains = append(chains, ChainReport{
				Role:         roleResponder,
				Root:         ch.items[len(ch.items)-1].report.Subject,
				Pinned:       ch.pinned,
				Certificates: []CertificateReport{p.responder.tell()},
			})
			chains = append(chains, r.proofs(p.responder, ch, newest)...)
		}
	}
	return chains
}

func (it *item) tell() CertificateReport {
	r := it.report
	for _, p := range it.proofs {
		r.Evidence = append(r.Evidence, p.report)
	}
	return r
}

func (r *Report) ends(t time.Time) {
	if r.ValidatesUntil.IsZero() || t.Before(r.ValidatesUntil) {
		r.ValidatesUntil = t
	}
}

// tries counts what was downloaded.
func (r *Report) tries(tries []Try) {
	for _, t := range tries {
		if t.URL != "" && !t.Cached {
			r.Fetches++
			r.FetchedBytes += t.Bytes
		}
	}
}
