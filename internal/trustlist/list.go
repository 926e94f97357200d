// SPDX-License-Identifier: Apache-2.0

// Package trustlist reads trusted lists (ETSI TS 119 612, versions 5 and 6 of the format) and checks who signed them. Most
// need [ReadAll] only: it reads the lists given together, so that a list of lists among them vouches for the others.
//
// A list tells which certificates stand for which trust services, and since when each service has which status. What
// follows from it is a [Period]: from when until when a service is to be trusted, and for what. Nothing is fetched, no
// clock is read, and what the signature of a list does not cover is not looked at.
package trustlist

import (
	"crypto/x509"
	"fmt"
	"time"
)

// Use is what the certificate of a trust service is an anchor for.
type Use uint8

// The uses. A service of another type is an anchor for nothing.
const (
	Signatures Use = 1 << iota // certificates of signers end at it: CA/QC, CA/PKC
	Timestamps                 // those of time-stamping units do, or it is one: TSA/QTST, TSA, TSA/TSS-…
	Evidence                   // it signs OCSP responses for others: Certstatus/OCSP
)

// List is what a trusted list says.
type List struct {
	Name       string // of the file, as it was given
	Version    int
	Sequence   string
	Type       string // the last part of TSLType, "EUgeneric"
	Territory  string
	Operator   string
	Issued     time.Time
	NextUpdate time.Time // zero: the list is closed, and there will be no other
	OfLists    bool      // a list of lists: it has pointers, and no services
	Services   []Service
	Pointers   []Pointer
	Notes      []string          // what is in the list and no anchor, and why
	Signer     *x509.Certificate // who signed it; nil where that was not checked
	By         string            // the list of lists that names the signer; empty where it was given
}

// Pointer is where another list is, and who signs that.
type Pointer struct {
	Territory string
	Type      string
	Location  string
	Signers   []*x509.Certificate
}

// Service is a trust service with its history.
type Service struct {
	Provider     string
	Name         string
	Type         string              // "CA/QC", "TSA/QTST"; a URI where it is none of ETSI's
	Certificates []*x509.Certificate // of one key, or of several
	Periods      []Period            // the newest first
}

// Period is a time in which a service had one status.
type Period struct {
	From, Until time.Time // Until is zero for the present
	Type        string    // as it was then
	Status      string    // "granted", "withdrawn"
	Use         Use       // zero: the service is not to be trusted for this time
	Qualifiers  []string  // "QCForESig", "QCWithSSCD": of some or all of its certificates
}

// FormatError says that a file is no trusted list, or one that goes beyond the limits.
type FormatError struct {
	Reason string
	Err    error
}

func (e *FormatError) Error() string {
	if e.Err != nil {
		return e.Reason + ": " + e.Err.Error()
	}
	return e.Reason
}

func (e *FormatError) Unwrap() error { return e.Err }

func malformed(format string, args ...any) error {
	return &FormatError{Reason: fmt.Sprintf(format, args...)}
}

// SignatureError says that the signature of a list does not hold, or is of somebody else.
type SignatureError struct {
	Reason  string
	Foreign *x509.Certificate // who claims to have signed it, where that is none of those given
	carried []*x509.Certificate
}

func (e *SignatureError) Error() string { return "its signature does not hold: " + e.Reason }

func bad(format string, args ...any) error {
	return &SignatureError{Reason: fmt.Sprintf(format, args...)}
}

// Options say who signs lists.
type Options struct {
	Signers    []*x509.Certificate // a list counts when one of these signed it, byte for byte
	Unverified bool                // no signature is checked
}

// Read reads one list.
func Read(b []byte, opts *Options) (*List, error) {
	if opts == nil {
		opts = &Options{}
	}
	b, err := decode(b)
	if err != nil {
		return nil, err
	}
	s, err := scan(b)
	if err != nil {
		return nil, err
	}
	if opts.Unverified {
		return parse(b)
	}
	content, signer, err := verify(b, s, opts.Signers)
	if err != nil {
		return nil, err
	}
	l, err := parse(content) // what was digested, and nothing else
	if err != nil {
		return nil, err
	}
	l.Signer = signer
	return l, nil
}
