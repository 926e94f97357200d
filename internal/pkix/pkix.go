// SPDX-License-Identifier: Apache-2.0

// Package pkix knows certificates and the evidence about them: it reads bundles, builds chains, checks OCSP
// responses and CRLs, and downloads them within bounds. Most callers need [BuildChain] and [CheckOCSP].
//
// It decides nothing about trust: a chain is complete when it closes at a self-signed certificate (or at an anchor the
// caller names), and whether that certificate is trusted is the caller's business.
package pkix

import (
	"crypto/x509"
	"fmt"
	"time"
)

// EvidenceError says which check a certificate, an OCSP response or a CRL failed.
type EvidenceError struct {
	Check       string // number of the requirement, "F2"
	Certificate string // subject of the certificate the evidence is about
	Reason      string // what is wrong
	Err         error  // OPTIONAL cause
}

func (e *EvidenceError) Error() string {
	s := e.Reason
	if e.Certificate != "" {
		s = fmt.Sprintf("checking %s: %s", e.Certificate, e.Reason)
	}
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	if e.Check != "" {
		s += " (" + e.Check + ")"
	}
	return s
}

func (e *EvidenceError) Unwrap() error { return e.Err }

// RevokedError says that sound evidence calls the certificate revoked.
type RevokedError struct {
	Certificate string    // subject
	At          time.Time // when it was revoked
	Reason      int       // CRLReason of RFC 5280 section 5.3.1; 0 when none is given
	Source      string    // "OCSP" or "CRL"
}

func (e *RevokedError) Error() string {
	return fmt.Sprintf("%s was revoked at %s (reason %d, said by %s)",
		e.Certificate, e.At.UTC().Format(time.RFC3339), e.Reason, e.Source)
}

// Name returns the text by which errors and reports call a certificate: its subject, or its serial number where the
// subject is empty.
func Name(c *x509.Certificate) string {
	if c == nil {
		return "unknown certificate"
	}
	if s := nameText(c.RawSubject, &c.Subject).text; s != "" {
		return s
	}
	return "certificate " + c.SerialNumber.Text(16)
}
