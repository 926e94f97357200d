// SPDX-License-Identifier: Apache-2.0

// Package cms builds, reads and verifies CAdES SignedData and timestamp tokens.
package cms

import (
	"crypto"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"math/big"
	"time"

	"gsign/internal/pkix"
)

var errTODO = errors.New("not implemented")

// SignedAttributes returns the DER SET OF to be hashed and signed.
func SignedAttributes(h crypto.Hash, messageDigest []byte, signer *x509.Certificate) ([]byte, error) {
	return nil, errTODO
}

// Envelope is what goes into a SignedData.
type Envelope struct {
	Certificates     []*x509.Certificate
	Hash             crypto.Hash
	SignedAttributes []byte
	Signature        []byte
	Timestamp        []byte
}

// Marshal returns the DER ContentInfo.
func (e *Envelope) Marshal() ([]byte, error) { return nil, errTODO }

// MaxSize is an upper bound of Marshal's length.
func MaxSize(certs []*x509.Certificate, tokenAllowance int) (int, error) { return 0, errTODO }

// CheckSignature verifies a returned signature value.
func CheckSignature(cert *x509.Certificate, h crypto.Hash, signedAttributes, signature []byte) error {
	return errTODO
}

// TrimPadding cuts the zeros after the outermost element.
func TrimPadding(contents []byte) ([]byte, error) { return nil, errTODO }

// Parse reads a SignedData.
func Parse(der []byte) (*SignedData, error) { return nil, errTODO }

// Attribute is one attribute with its values as DER elements.
type Attribute struct {
	Type   asn1.ObjectIdentifier
	Values [][]byte
}

// SignedData is a parsed ContentInfo.
type SignedData struct {
	Raw          []byte
	IsDER        bool
	Version      int
	EContentType asn1.ObjectIdentifier
	EContent     []byte // nil when detached
	Certificates []*x509.Certificate
	Signer       SignerInfo
}

// SignerInfo is the one signer.
type SignerInfo struct {
	Version            int
	Certificate        *x509.Certificate // nil when the certificate is not in the SignedData
	DigestAlgorithm    crypto.Hash
	SignatureAlgorithm pkix.Algorithm
	SignedAttributes   []byte
	Attributes         []Attribute
	Signature          []byte
	Unsigned           []Attribute
	TimestampTokens    [][]byte
}

// Attribute returns the values of a signed attribute, nil when absent.
func (si *SignerInfo) Attribute(oid asn1.ObjectIdentifier) [][]byte { return nil }

// Verify checks content type, digest, signature and signing certificate.
func (sd *SignedData) Verify(contentDigest func(crypto.Hash) ([]byte, error)) error { return errTODO }

// Token is a timestamp token.
type Token struct {
	*SignedData
	GenTime      time.Time
	Accuracy     time.Duration
	Policy       asn1.ObjectIdentifier
	SerialNumber *big.Int
	Hash         crypto.Hash
	Imprint      []byte
	Nonce        *big.Int
	TSA          *x509.Certificate // nil until found: in the token or among Verify's extra
}

// ParseToken reads a token.
func ParseToken(der []byte) (*Token, error) { return nil, errTODO }

// Verify checks C2, C4, C5.
func (t *Token) Verify(h crypto.Hash, imprint []byte, extra []*x509.Certificate) error {
	return errTODO
}
