// SPDX-License-Identifier: Apache-2.0

package pdfsig

import (
	"bytes"
	"context"
	"crypto"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"time"

	"gsign/internal/cms"
	"gsign/internal/pkix"
)

// Signed is a prepared document with its signature and, once stamped, its timestamp. It is plain data too.
type Signed struct {
	Prepared  *Prepared     `json:"prepared"`
	Signature []byte        `json:"signature"`
	Token     []byte        `json:"token,omitempty"` // DER
	Time      time.Time     `json:"time,omitzero"`   // genTime of the token
	Skew      time.Duration `json:"skew,omitempty"`  // by how much the local clock was ahead of Time

	made made
}

// made is the CMS that was assembled last, and what it was assembled from.
type made struct {
	chain                   []*x509.Certificate
	attrs, signature, token []byte
	der                     []byte
}

func (m *made) of(e *cms.Envelope) bool {
	return m.der != nil && slices.EqualFunc(m.chain, e.Certificates, (*x509.Certificate).Equal) &&
		bytes.Equal(m.attrs, e.SignedAttributes) && bytes.Equal(m.signature, e.Signature) && bytes.Equal(m.token, e.Timestamp)
}

// StampOptions are the options of Signed.Stamp. Nil is allowed.
type StampOptions struct {
	Now     func() time.Time // OPTIONAL: time.Now
	MaxSkew time.Duration    // OPTIONAL: MaxSkew; negative for no bound
}

// StampError says that a timestamp could not be had, or not be used, when the signature had been made and charged.
type StampError struct {
	Check   string // number of the requirement the token failed, "C6"; empty when no token came
	Stamped bool   // a token came: the timestamp was charged too
	Err     error
}

func (e *StampError) Error() string {
	charged := "the signature was charged"
	if e.Stamped {
		charged = "signature and timestamp were charged"
	}
	return fmt.Sprintf("timestamping the signature: %v (%s)", e.Err, charged)
}

func (e *StampError) Unwrap() error { return e.Err }

// TooLargeError says that the CMS does not fit into its placeholder. Nothing was cut off.
type TooLargeError struct{ Need, Reserved int }

func (e *TooLargeError) Error() string {
	return fmt.Sprintf("the signature takes %d bytes and only %d were reserved", e.Need, e.Reserved)
}

// Stamp gets a timestamp over the signature value and checks it (C1 to C8). An error is a *StampError, and the
// signature stays as it was.
func (s *Signed) Stamp(ctx context.Context, tsa Timestamper, opts *StampOptions) error {
	var o StampOptions
	if opts != nil {
		o = *opts
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.MaxSkew == 0 {
		o.MaxSkew = MaxSkew
	}
	imprint := sha256.Sum256(s.Signature)
	der, err := tsa.Timestamp(ctx, crypto.SHA256, imprint[:])
	if err != nil {
		return &StampError{Err: err}
	}
	stamped := *s
	// Real authorities send BER now and then. Nothing signed in a token changes with its encoding, and a CMS of DER
	// with one BER element would be no DER.
	stamped.Token, err = pkix.DER(der)
	if err != nil {
		return &StampError{Check: "C1", Stamped: true, Err: fmt.Errorf("reading a timestamp token: %w", err)}
	}
	failed, err := stamped.checkToken(imprint[:], &o)
	if err != nil {
		return &StampError{Check: failed, Stamped: true, Err: err}
	}
	*s = stamped
	return nil
}

// checkToken checks the token and takes its time. It names the requirement that failed.
func (s *Signed) checkToken(imprint []byte, o *StampOptions) (failed string, err error) {
	token, err := cms.ParseToken(s.Token)
	if err != nil {
		return check(err, "C1"), err
	}
	err = token.Verify(crypto.SHA256, imprint, nil)
	if err != nil {
		return check(err, "C4"), err
	}
	chain, err := s.Prepared.chain()
	if err != nil {
		return "", err
	}
	leaf, at := chain[0], token.GenTime
	if at.Before(leaf.NotBefore) || at.After(leaf.NotAfter) {
		return "C6", fmt.Errorf("its time %s is outside the life of %s, %s to %s", at.UTC().Format(time.RFC3339),
			pkix.Name(leaf), leaf.NotBefore.UTC().Format(time.RFC3339), leaf.NotAfter.UTC().Format(time.RFC3339))
	}
	skew := o.Now().Sub(at)
	if o.MaxSkew >= 0 && skew.Abs() > o.MaxSkew {
		return "C7", fmt.Errorf("its time %s is %s away from the local clock", at.UTC().Format(time.RFC3339),
			skew.Abs().Round(time.Second))
	}
	s.Time, s.Skew = at, skew
	_, err = s.envelope()
	if err != nil {
		return "C8", err
	}
	return "", nil
}

// check returns the number of the requirement that an error of the CMS names.
func check(err error, otherwise string) string {
	var e *cms.Error
	if errors.As(err, &e) && e.Check != "" {
		return e.Check
	}
	return otherwise
}

// envelope returns the CMS; one that does not fit is a *TooLargeError.
func (s *Signed) envelope() ([]byte, error) {
	chain, err := s.Prepared.chain()
	if err != nil {
		return nil, err
	}
	e := cms.Envelope{
		Certificates:     chain,
		Hash:             crypto.SHA256,
		SignedAttributes: s.Prepared.SignedAttributes,
		Signature:        s.Signature,
		Timestamp:        s.Token,
	}
	der := s.made.der
	if !s.made.of(&e) {
		der, err = e.Marshal()
		if err != nil {
			return nil, fmt.Errorf("assembling the signature: %w", err)
		}
		s.made = made{e.Certificates, e.SignedAttributes, bytes.Clone(e.Signature), bytes.Clone(e.Timestamp), der}
	}
	reserved := int(s.Prepared.ContentsLength-2) / 2
	if len(der) > reserved {
		return nil, &TooLargeError{Need: len(der), Reserved: reserved}
	}
	return der, nil
}

// Suffix returns the bytes to append to the original. A signature that does not fit is a *TooLargeError.
func (s *Signed) Suffix() ([]byte, error) {
	suffix, _, err := s.finished()
	return suffix, err
}

// finished returns the bytes to append and the CMS in them.
func (s *Signed) finished() (suffix, der []byte, err error) {
	err = s.Prepared.sound()
	if err != nil {
		return nil, nil, err
	}
	der, err = s.envelope()
	if err != nil {
		return nil, nil, err
	}
	suffix = bytes.Clone(s.Prepared.Revision)
	hex.Encode(suffix[s.Prepared.ContentsOffset+1:], der)
	return suffix, der, nil
}
