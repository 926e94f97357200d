// SPDX-License-Identifier: Apache-2.0

package verify

import (
	"crypto/x509"
	"time"
)

// Anchor is a certificate that is trusted for a while: a service of a trusted list. A zero time is an open end. It counts
// for what is proved to have existed within that time: a signature for its best time, a document timestamp too, which the
// newest of a file has from the clock alone.
type Anchor struct {
	Certificate *x509.Certificate
	From, Until time.Time
	Source      string  // where the trust comes from, for the report
	For         Purpose // OPTIONAL: what ends at it; zero: everything but answers about certificates of others
	// Group is who is responsible for it. The responder of a service answers for certificates that anchors of its own
	// group issued, or stand above.
	Group string
}

// Purpose is what an anchor is trusted for.
type Purpose uint8

// The purposes of a trusted list's services.
const (
	ForSignatures Purpose = 1 << iota // the chains of signers
	ForTimestamps                     // the chains of time-stamping authorities
	ForEvidence                       // OCSP responses, about whichever CA's certificates
)

// AnchorSet is anchors made ready for many files. It is not changed by verifying.
type AnchorSet struct {
	anchors    map[string][]*Anchor // by the certificate's DER
	responders map[string][]*Anchor // by group
	material   *material
}

// NewAnchorSet makes a set. The anchors that reports name are those of the slice.
func NewAnchorSet(anchors []Anchor) *AnchorSet {
	s := &AnchorSet{anchors: map[string][]*Anchor{}, responders: map[string][]*Anchor{}, material: newMaterial()}
	for i := range anchors {
		a := &anchors[i]
		s.anchors[string(a.Certificate.Raw)] = append(s.anchors[string(a.Certificate.Raw)], a)
		s.material.certificate(a.Certificate, 0)
		if a.For&ForEvidence != 0 && a.Group != "" {
			s.responders[a.Group] = append(s.responders[a.Group], a)
		}
	}
	return s
}

// counts reports whether the anchor is good for a purpose at a time.
func (a *Anchor) counts(p Purpose, at time.Time) bool {
	return (a.For == 0 && p != ForEvidence || a.For&p != 0) && !at.Before(a.From) && (a.Until.IsZero() || at.Before(a.Until))
}

// Proof says that something existed at a time (a proof of existence, EN 319 102-1 clause 5.6.2.3).
type Proof struct {
	Time  time.Time
	What  string // "signature", "certificate CN=…", "OCSP response …", "revision of 1234 bytes"
	By    string // "signature timestamp", "document timestamp \"Timestamp1\"", "revocation information"
	Field string // of the document timestamp, empty otherwise
}

// Evidence is one piece of revocation evidence, and what it says about one certificate.
type Evidence struct {
	Certificate *x509.Certificate // whom it is about
	Kind        string            // "OCSP" or "CRL"
	Source      string            // "security store", "CMS", "online"
	ThisUpdate  time.Time
	NextUpdate  time.Time         // zero when absent
	ProducedAt  time.Time         // zero for a CRL
	Responder   *x509.Certificate // who signed it, nil when not known
	RevokedAt   time.Time         // zero when it says good
	Used        bool              // the verdict rests on it
	Verdict     string            // "good", "revoked at …", or why it does not count
	Check       string            // number of the requirement that it does not meet, "F2"; empty when it holds
}

// Algorithm is one algorithm that was judged.
type Algorithm struct {
	Use    string    // "signature", "digest of the content", "signature of certificate CN=…"
	Name   string    // "RSA PKCS #1 v1.5, 2048 bits, SHA-256"
	At     time.Time // the time for which it was judged
	Until  time.Time // when it ends or ended to be reliable; zero: no end is known
	Passed bool
}

// AdobeLTV is what Adobe's reader would say of "LTV enabled".
type AdobeLTV struct {
	Enabled bool
	Because string
}
