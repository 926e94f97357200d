// SPDX-License-Identifier: Apache-2.0

package pdfsig

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"time"
)

// Prepared is a document ready to be signed: everything up to the digest. It is plain data, holds nothing of the
// original, and may be stored as JSON and completed on another machine.
type Prepared struct {
	Size             int64    `json:"size"`              // length of the original
	Revision         []byte   `json:"revision"`          // bytes to append, with an empty placeholder
	Field            string   `json:"field"`             // fully qualified name
	ContentsOffset   int64    `json:"contents_offset"`   // of the placeholder's "<" in Revision
	ContentsLength   int64    `json:"contents_length"`   // with "<" and ">"
	Certificates     [][]byte `json:"certificates"`      // DER, the signing certificate first
	SignedAttributes []byte   `json:"signed_attributes"` // DER SET OF
}

// Prepare writes the signature's revision with a placeholder sized from the chain, and digests the document.
func (d *Document) Prepare(chain []*x509.Certificate, opts *Options) (*Prepared, error) {
	return nil, errors.New("not implemented")
}

// Digest returns the SHA-256 of the signed attributes: what the service signs.
func (p *Prepared) Digest() []byte { return nil }

// Complete takes the signature over Digest. It is verified with the certificate's key first (B14).
func (p *Prepared) Complete(signature []byte) (*Signed, error) {
	return nil, errors.New("not implemented")
}

// Signed is a prepared document with its signature and, when stamped, its timestamp. It is plain data.
type Signed struct {
	Prepared  *Prepared     `json:"prepared"`
	Signature []byte        `json:"signature"`
	Token     []byte        `json:"token,omitempty"`
	Time      time.Time     `json:"time,omitzero"` // genTime of the token
	Skew      time.Duration `json:"skew,omitempty"`
}

// StampOptions are the options of Signed.Stamp.
type StampOptions struct {
	Now     func() time.Time // OPTIONAL: time.Now
	MaxSkew time.Duration    // OPTIONAL: MaxSkew
}

// Stamp gets a timestamp over the signature value and checks it (C1 to C8).
func (s *Signed) Stamp(ctx context.Context, tsa Timestamper, opts *StampOptions) error {
	return errors.New("not implemented")
}

// Suffix returns the bytes to append to the original.
func (s *Signed) Suffix() ([]byte, error) { return nil, errors.New("not implemented") }

// TooLargeError says that the CMS does not fit into its placeholder.
type TooLargeError struct{ Need, Reserved int }

func (e *TooLargeError) Error() string {
	return fmt.Sprintf("signature of %d bytes does not fit into the %d bytes reserved", e.Need, e.Reserved)
}

// StampError says that a timestamp could not be had or used after the signature had been made, and charged.
type StampError struct {
	Check   string // number of the requirement the token failed, "C6"; empty when no token came
	Stamped bool   // a token came: the timestamp was charged too
	Err     error
}

func (e *StampError) Error() string { return "timestamping the signature: " + e.Err.Error() }
func (e *StampError) Unwrap() error { return e.Err }

// SignatureError says that the answer of the signing service is not a signature of this document by this certificate.
type SignatureError struct{ Err error }

func (e *SignatureError) Error() string { return "checking the signature returned: " + e.Err.Error() }
func (e *SignatureError) Unwrap() error { return e.Err }

// Sign signs the document: prepare, sign, check, stamp. With a nil tsa there is no timestamp (level B-B).
func Sign(ctx context.Context, d *Document, signer Signer, tsa Timestamper, opts *Options) (*Signed, error) {
	return nil, errors.New("not implemented")
}
