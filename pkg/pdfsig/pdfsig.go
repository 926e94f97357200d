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
// Programs that sign on another machine, or after an approval, use the parts that Sign is made of:
// [Document.Prepare], [Prepared.Complete] and [Signed.Stamp].
package pdfsig

import (
	"context"
	"crypto"
	"crypto/x509"
	"fmt"
	"io"
	"time"

	"gsign/internal/pdf"
	"gsign/internal/pkix"
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
	// Timestamp returns the DER TimeStampToken (RFC 3161) over digest. Whether it answers this very request (status,
	// nonce) is for the Timestamper to check; everything in the token is checked by the caller.
	Timestamp(ctx context.Context, h crypto.Hash, digest []byte) (tokenDER []byte, err error)
}

// Options say what the signature claims and where it goes. Nil is allowed everywhere and means the zero value.
type Options struct {
	// Field is the fully qualified name of an empty signature field, which is then signed in place, or the name of the
	// new field. OPTIONAL: without it the first free name of Signature1, Signature2, … is taken.
	Field string
	// Reason, Location, ContactInfo and Name (of the signer, as claimed) are shown by viewers. OPTIONAL
	Reason, Location, ContactInfo, Name string
	// Time is the claimed signing time, /M. REQUIRED by Prepare; Sign takes Now when it is zero.
	Time time.Time
	// Reserve is how many bytes are kept for the timestamp token, at least and by default TokenAllowance. OPTIONAL
	Reserve int
	// DropXFA removes the XFA part of a form that is complete in AcroForm too. Without it such a document is refused. OPTIONAL
	DropXFA bool
	// Now is the clock of Sign. OPTIONAL: time.Now
	Now func() time.Time
	// MaxSkew is how far a token's time may be from Now. OPTIONAL: the constant MaxSkew; negative for no bound
	MaxSkew time.Duration
}

// TokenAllowance is the room kept for a timestamp token. Real tokens with their chain take 4 to 8 KiB; one of an
// RSA-4096 authority needed 12,465 bytes together with the signature. Its size is known only when it has been paid for.
const TokenAllowance = 16 << 10

// MaxSkew is how far a token's time may be from the local clock (C7): Acrobat's default tolerance.
const MaxSkew = 5 * time.Minute

// Sign signs the document: prepare, sign, check, stamp. With a nil tsa there is no timestamp (level B-B). Everything
// that can be refused is refused before the signer is called; a *SignatureError or a *StampError says what was charged.
func Sign(ctx context.Context, d *Document, signer Signer, tsa Timestamper, opts *Options) (*Signed, error) {
	var o Options
	if opts != nil {
		o = *opts
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	err := d.Check(&o)
	if err != nil {
		return nil, err
	}
	err = d.Hash(ctx)
	if err != nil {
		return nil, err
	}
	if o.Time.IsZero() {
		o.Time = o.Now()
	}
	chain := signer.Certificates()
	if len(chain) > 0 && o.Now().After(chain[0].NotAfter) {
		return nil, fmt.Errorf("signing: %s has expired at %s", pkix.Name(chain[0]),
			chain[0].NotAfter.UTC().Format(time.RFC3339))
	}
	prepared, err := d.Prepare(chain, &o)
	if err != nil {
		return nil, err
	}
	signatures, err := signer.SignDigests(ctx, crypto.SHA256, [][]byte{prepared.Digest()})
	if err != nil {
		return nil, fmt.Errorf("signing: %w", err)
	}
	if len(signatures) != 1 {
		return nil, &SignatureError{Err: fmt.Errorf("%d signatures came for one digest", len(signatures))}
	}
	signed, err := prepared.Complete(signatures[0])
	if err != nil {
		return nil, err
	}
	if tsa != nil {
		err := signed.Stamp(ctx, tsa, &StampOptions{Now: o.Now, MaxSkew: o.MaxSkew})
		if err != nil {
			return nil, err
		}
	}
	return signed, nil
}

// Append returns the original followed by suffixes as one file, without copying.
func Append(r io.ReaderAt, size int64, suffix ...[]byte) (io.ReaderAt, int64) {
	return pdf.Joined(r, size, suffix...)
}
