// SPDX-License-Identifier: Apache-2.0

package cms

import (
	"bytes"
	"crypto/x509"
	x509pkix "crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"time"

	"github.com/digitorus/pkcs7"

	"gsign/internal/limits"
	"gsign/internal/pkix"
)

// SecondOpinion reads the SignedData of a PDF signature and its timestamp tokens with github.com/digitorus/pkcs7, and what is in
// a token with encoding/asn1, code that shares nothing with ours. Where they see another signer, digest, signature
// or time it returns an [Error]: what two readers understand differently proves nothing. What they cannot read at all
// (attributes they do not know) is no disagreement, and more than [limits.CMSOpinion] bytes are not
// shown to them. They are asked what they read, not what they think of it: a signature that does not verify is Verify's to find.
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
		other, err := guarded(der, otherToken)
		if err != nil {
			continue
		}
		if !t.GenTime.Equal(other.Time) || !bytes.Equal(t.Imprint, other.Imprint.Hashed) ||
			t.Hash != pkix.HashByOID(other.Imprint.Hash.Algorithm) || t.SerialNumber.Cmp(other.SerialNumber) != 0 {
			return failed("C4", "two readers disagree about the timestamp token", nil)
		}
	}
	return nil
}

// otherInfo is the TSTInfo of RFC 3161 for encoding/asn1.
type otherInfo struct {
	Version int
	Policy  asn1.ObjectIdentifier
	Imprint struct {
		Hash   x509pkix.AlgorithmIdentifier
		Hashed []byte
	}
	SerialNumber *big.Int
	Time         time.Time `asn1:"generalized"`
	Accuracy     struct {
		Seconds int `asn1:"optional"`
		Millis  int `asn1:"optional,tag:0"`
		Micros  int `asn1:"optional,tag:1"`
	} `asn1:"optional"`
	Ordering   bool          `asn1:"optional"`
	Nonce      *big.Int      `asn1:"optional"`
	TSA        asn1.RawValue `asn1:"optional,tag:0"`
	Extensions asn1.RawValue `asn1:"optional,tag:1"`
}

func otherToken(der []byte) (*otherInfo, error) {
	p7, err := pkcs7.Parse(der)
	if err != nil {
		return nil, err
	}
	info := &otherInfo{}
	_, err = asn1.Unmarshal(p7.Content, info)
	return info, err
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
