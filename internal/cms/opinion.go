// SPDX-License-Identifier: Apache-2.0

package cms

import (
	"bytes"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"

	"github.com/digitorus/pkcs7"
	"github.com/digitorus/timestamp"

	"gsign/internal/limits"
	"gsign/internal/pkix"
)

// SecondOpinion reads the SignedData of a PDF signature with github.com/digitorus/pkcs7 and its timestamp tokens with
// github.com/digitorus/timestamp, code that shares nothing with ours. Where they see another signer, digest, signature
// or time it returns an [Error]: what two readers understand differently proves nothing. What they cannot read at all
// (RSASSA-PSS tokens, attributes they do not know) is no disagreement, and more than [limits.CMSOpinion] bytes are not
// shown to them.
func (sd *SignedData) SecondOpinion() error {
	other, err := guarded(sd.Raw, pkcs7.Parse)
	if err == nil {
		if err := sd.compare(other); err != nil {
			return failed("A3", "two readers disagree about the SignedData", err)
		}
	}
	for _, der := range sd.Signer.TimestampTokens {
		t, err := ParseToken(der)
		if err != nil {
			continue // Token.Verify's to report
		}
		other, err := guarded(der, timestamp.Parse)
		if err != nil {
			continue
		}
		if !t.GenTime.Equal(other.Time) || !bytes.Equal(t.Imprint, other.HashedMessage) || t.Hash != other.HashAlgorithm ||
			t.SerialNumber.Cmp(other.SerialNumber) != 0 {
			return failed("C4", "two readers disagree about the timestamp token", nil)
		}
	}
	return nil
}

// guarded parses without letting a fault of the library become ours. It is given definite lengths only: where an
// indefinite one ends at once it takes the end for a child, and nests what follows, as deep as there are bytes.
func guarded[T any](der []byte, parse func([]byte) (*T, error)) (v *T, err error) {
	defer func() {
		if p := recover(); p != nil {
			v, err = nil, fmt.Errorf("it failed: %v", p)
		}
	}()
	if len(der) > limits.CMSOpinion {
		return nil, fmt.Errorf("more than %d bytes", limits.CMSOpinion)
	}
	normal, err := pkix.DER(der) // a copy, of which the library keeps pieces
	if err != nil {
		return nil, err
	}
	return parse(normal)
}

func (sd *SignedData) compare(other *pkcs7.PKCS7) error {
	if len(other.Signers) != 1 {
		return fmt.Errorf("one signer, or %d", len(other.Signers))
	}
	if !bytes.Equal(other.Signers[0].EncryptedDigest, sd.Signer.Signature) {
		return errors.New("the signature value")
	}
	if cert := other.GetOnlySigner(); cert != nil && sd.Signer.Certificate != nil && !cert.Equal(sd.Signer.Certificate) {
		return errors.New("the signer's certificate")
	}
	if sd.Unreadable == 0 && !slices.EqualFunc(sd.Certificates, other.Certificates, (*x509.Certificate).Equal) {
		return errors.New("the certificates")
	}
	var digest []byte
	if err := other.UnmarshalSignedAttribute(OIDMessageDigest, &digest); err != nil {
		return nil //nolint:nilerr // there may be no signed attributes; Verify judges that
	}
	values := sd.Signer.Attribute(OIDMessageDigest)
	if len(values) != 1 || !bytes.HasSuffix(values[0], digest) || len(values[0]) != len(digest)+2 {
		return errors.New("the message-digest")
	}
	return nil
}
