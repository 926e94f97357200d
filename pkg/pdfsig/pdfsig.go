// SPDX-License-Identifier: Apache-2.0

// Package pdfsig puts PAdES signatures into PDF files and reads the signatures that are there.
//
// A signature is a suffix: nothing of the original is rewritten, so [Open] takes an [io.ReaderAt] and a size, and what
// comes back is the bytes to append. Most programs need [Open] and [Sign]:
//
//	doc, err := pdfsig.Open(file, size, nil)
//	signed, err := pdfsig.Sign(ctx, doc, signer, tsa, nil)
//	suffix, err := signed.Suffix()
//
// The result is a signature of level B-B, or B-T when a timestamp service is given. Package ltv carries it further.
// Programs that sign on another machine, or after an approval, use the two halves that Sign is made of:
// [Document.Prepare] and [Prepared.Complete].
package pdfsig

import (
	"context"
	"crypto"
	"crypto/x509"
	"io"
	"time"

	"gsign/internal/pdf"
)

// Signer is a key that lives elsewhere, for the length of one session.
type Signer interface {
	// Certificates returns the signing certificate and, after it, the chain in issuing order.
	Certificates() []*x509.Certificate
	// MaxDigests returns how many digests one call of SignDigests takes.
	MaxDigests() int
	// SignDigests signs each digest. Answers come in the order of the questions, all of them or an error. It is called
	// once and never repeated: each call may cost money.
	SignDigests(ctx context.Context, h crypto.Hash, digests [][]byte) (signatures [][]byte, err error)
}

// Timestamper is a timestamp service. It is called once and never repeated: each call may cost money.
type Timestamper interface {
	// Timestamp returns the DER TimeStampToken (RFC 3161) over digest.
	Timestamp(ctx context.Context, h crypto.Hash, digest []byte) (tokenDER []byte, err error)
}

// Options say what the signature claims and where it goes. Nil is allowed everywhere and means the zero value.
type Options struct {
	// Field is the fully qualified name of an empty signature field that is there, or the name of the new one.
	// OPTIONAL: without it the first free name of Signature1, Signature2, … is taken.
	Field string
	// Reason, Location, ContactInfo and Name (of the signer, as claimed) appear in viewers. OPTIONAL
	Reason, Location, ContactInfo, Name string
	// Time is the claimed signing time, /M. REQUIRED by Prepare; Sign takes the present time when it is zero.
	Time time.Time
	// Reserve is how many bytes are kept for the timestamp token, at least and by default [TokenAllowance]. OPTIONAL
	Reserve int
	// Now is the clock that a token's time is compared with. OPTIONAL: time.Now
	Now func() time.Time
	// MaxSkew is how far a token's time may be from Now. OPTIONAL: [MaxSkew]
	MaxSkew time.Duration
}

// TokenAllowance is the room kept for a timestamp token. Real tokens with their chain take 4 to 8 KiB, one of an
// RSA-4096 authority needed 12,465 bytes together with the signature; its size is known only when it has been paid for.
const TokenAllowance = 16 << 10

// MaxSkew is how far a token's time may be from the local clock (C7): Acrobat's default tolerance.
const MaxSkew = 5 * time.Minute

// Append returns the original followed by suffixes as one file, without copying.
func Append(r io.ReaderAt, size int64, suffix ...[]byte) (io.ReaderAt, int64) {
	return pdf.Joined(r, size, suffix...)
}
