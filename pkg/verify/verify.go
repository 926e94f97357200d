// SPDX-License-Identifier: Apache-2.0

// Package verify tells whether the signatures of a PDF file are good, for whom, at which time, and at which PAdES
// level.
package verify

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"hash"
	"io"
	"strings"
	"time"

	"gsign/pkg/pdfsig"
)

// Level is a PAdES baseline level (EN 319 142-1 clause 6).
type Level int

// The levels in their order. None is a signature that does not reach B-B.
const (
	None Level = iota
	BB
	BT
	BLT
	BLTA
)

// String returns "B-B", "B-T", "B-LT" or "B-LTA".
func (l Level) String() string {
	return [...]string{"none", "B-B", "B-T", "B-LT", "B-LTA"}[max(None, min(l, BLTA))]
}

// Options say what is demanded. Nil is allowed and demands nothing but soundness.
type Options struct {
	Roots                []*x509.Certificate // OPTIONAL: pinned anchors; a chain that ends elsewhere is a finding
	Field                string              // OPTIONAL: only this signature
	Require              Level               // OPTIONAL: the level each signature must reach
	RequireWholeDocument bool                // OPTIONAL: the newest signature must cover everything before it
	RequireFresh         bool                // OPTIONAL: revocation evidence younger than the timestamp
	Time                 time.Time           // OPTIONAL: time of validation; time.Now
	Digest               hash.Hash           // OPTIONAL: SHA-256 state after the first DigestSize bytes; cloned
	DigestSize           int64
}

// Finding is one thing that is wrong, or that is missing for a level.
type Finding struct {
	Check  string // number of the requirement, "C6"
	Clause string // "EN 319 102-1 5.5.4"
	Text   string
}

func (f Finding) String() string {
	return fmt.Sprintf("%s (%s: %s)", f.Text, f.Check, f.Clause)
}

// SignatureReport is what was found out about one signature.
type SignatureReport struct {
	Signature pdfsig.Signature
	Level     Level
	Signer    *x509.Certificate
	TSA       *x509.Certificate
	Time      time.Time // genTime of the timestamp
	Findings  []Finding // what is wrong; none means sound
	Missing   []Finding // why not the next level
}

// Report is what was found out about a file.
type Report struct {
	Size       int64
	Signatures []SignatureReport
}

// Error says that signatures are not sound.
type Error struct{ Findings []Finding }

func (e *Error) Error() string { return "verifying: " + join(e.Findings) }

// DemandError says that sound signatures do not meet the demands.
type DemandError struct{ Findings []Finding }

func (e *DemandError) Error() string { return "verifying: demands not met: " + join(e.Findings) }

func join(fs []Finding) string {
	texts := make([]string, len(fs))
	for i, f := range fs {
		texts[i] = f.String()
	}
	return strings.Join(texts, "; ")
}

// Verify checks the signatures of a file. The report is there even when the error is an *Error or a *DemandError.
func Verify(ctx context.Context, r io.ReaderAt, size int64, opts *Options) (*Report, error) {
	return nil, errors.New("not implemented")
}
