// SPDX-License-Identifier: Apache-2.0

package pkixtest

import (
	"crypto"
	"crypto/rand"
	_ "crypto/sha1" // hash of key identifiers and of most CertIDs
	_ "crypto/sha256"
	_ "crypto/sha512"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/big"
	"testing"
	"time"
)

// Status of a certificate in a Single, as RFC 6960 numbers them.
const (
	Good = iota
	Revoked
	Unknown
)

// Single is the answer about one certificate.
type Single struct {
	Certificate *x509.Certificate
	Issuer      *x509.Certificate
	Hash        crypto.Hash // OPTIONAL, default SHA-1
	Serial      *big.Int    // OPTIONAL, instead of the certificate's
	NameHash    []byte      // OPTIONAL, instead of the issuer's
	KeyHash     []byte      // OPTIONAL, instead of the issuer's
	Status      int
	RevokedAt   time.Time
	Reason      int
	ThisUpdate  time.Time
	NextUpdate  time.Time // zero: absent
	Extensions  []pkix.Extension
}

// OCSP describes a response.
type OCSP struct {
	ResponseStatus int                   // 0 successful; others have no body
	ResponseType   asn1.ObjectIdentifier // OPTIONAL, default id-pkix-ocsp-basic
	Singles        []Single
	Responder      *Entity
	ByName         bool
	ResponderID    []byte // OPTIONAL, DER, instead of the responder's
	ProducedAt     time.Time
	Certificates   []*x509.Certificate
	Extensions     []pkix.Extension
	BreakSignature bool
	SHA1           bool // sign with SHA-1
}

type certID struct {
	HashAlgorithm pkix.AlgorithmIdentifier
	NameHash      []byte
	KeyHash       []byte
	Serial        *big.Int
}

type single struct {
	ID         certID
	Status     asn1.RawValue
	ThisUpdate time.Time        `asn1:"generalized"`
	NextUpdate asn1.RawValue    `asn1:"optional"`
	Extensions []pkix.Extension `asn1:"explicit,tag:1,optional,omitempty"`
}

type responseData struct {
	ResponderID asn1.RawValue
	ProducedAt  time.Time `asn1:"generalized"`
	Responses   []single
	Extensions  []pkix.Extension `asn1:"explicit,tag:1,optional,omitempty"`
}

type basicResponse struct {
	Data         asn1.RawValue
	Algorithm    pkix.AlgorithmIdentifier
	Signature    asn1.BitString
	Certificates []asn1.RawValue `asn1:"explicit,tag:0,optional,omitempty"`
}

// Marshal encodes and signs the response.
func (o OCSP) Marshal(tb testing.TB) []byte {
	tb.Helper()
	if o.ResponseStatus != 0 {
		return []byte{0x30, 3, 0x0a, 1, byte(o.ResponseStatus)}
	}
	data := responseData{ResponderID: o.responderID(tb), ProducedAt: o.ProducedAt.UTC(), Extensions: o.Extensions}
	for _, s := range o.Singles {
		data.Responses = append(data.Responses, s.encode(tb))
	}
	tbs := must(asn1.Marshal(data))
	h := crypto.SHA256
	if o.SHA1 {
		h = crypto.SHA1
	}
	alg, sig := sign(tb, o.Responder.Key, h, tbs)
	if o.BreakSignature {
		sig[len(sig)-1] ^= 1
	}
	basic := basicResponse{Data: asn1.RawValue{FullBytes: tbs}, Algorithm: alg, Signature: asn1.BitString{Bytes: sig, BitLength: 8 * len(sig)}}
	for _, c := range o.Certificates {
		basic.Certificates = append(basic.Certificates, asn1.RawValue{FullBytes: c.Raw})
	}
	if o.ResponseType == nil {
		o.ResponseType = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 48, 1, 1}
	}
	return must(asn1.Marshal(struct {
		Status asn1.Enumerated
		Body   struct {
			Type     asn1.ObjectIdentifier
			Response []byte
		} `asn1:"explicit,tag:0"`
	}{Body: struct {
		Type     asn1.ObjectIdentifier
		Response []byte
	}{o.ResponseType, must(asn1.Marshal(basic))}}))
}

func (o OCSP) responderID(tb testing.TB) asn1.RawValue {
	if o.ResponderID != nil {
		return asn1.RawValue{FullBytes: o.ResponderID}
	}
	if o.ByName {
		return asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: 1, IsCompound: true, Bytes: o.Responder.Certificate.RawSubject}
	}
	id, err := KeyID(o.Responder.Key.Public())
	if err != nil {
		tb.Fatal(err)
	}
	return asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: 2, IsCompound: true, Bytes: must(asn1.Marshal(id))}
}

func (s Single) encode(tb testing.TB) single {
	if s.Hash == 0 {
		s.Hash = crypto.SHA1
	}
	var spki struct {
		Algorithm pkix.AlgorithmIdentifier
		Key       asn1.BitString
	}
	if _, err := asn1.Unmarshal(s.Issuer.RawSubjectPublicKeyInfo, &spki); err != nil {
		tb.Fatal(err)
	}
	id := certID{
		HashAlgorithm: pkix.AlgorithmIdentifier{Algorithm: hashOID[s.Hash], Parameters: asn1.NullRawValue},
		NameHash:      sum(s.Hash, s.Issuer.RawSubject),
		KeyHash:       sum(s.Hash, spki.Key.Bytes),
		Serial:        s.Certificate.SerialNumber,
	}
	if s.Serial != nil {
		id.Serial = s.Serial
	}
	if s.NameHash != nil {
		id.NameHash = s.NameHash
	}
	if s.KeyHash != nil {
		id.KeyHash = s.KeyHash
	}
	out := single{ID: id, ThisUpdate: s.ThisUpdate.UTC(), Extensions: s.Extensions}
	out.Status = asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: s.Status}
	if s.Status == Revoked {
		out.Status.IsCompound = true
		out.Status.Bytes = must(asn1.MarshalWithParams(s.RevokedAt.UTC(), "generalized"))
		reason := must(asn1.Marshal(asn1.Enumerated(s.Reason)))
		out.Status.Bytes = append(out.Status.Bytes, must(asn1.Marshal(asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: 0, IsCompound: true, Bytes: reason}))...)
	}
	if !s.NextUpdate.IsZero() {
		next := must(asn1.MarshalWithParams(s.NextUpdate.UTC(), "generalized"))
		out.NextUpdate = asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: 0, IsCompound: true, Bytes: next}
	}
	return out
}

// CRL describes a revocation list.
type CRL struct {
	Issuer     *Entity
	Number     int64 // OPTIONAL, default 1
	ThisUpdate time.Time
	NextUpdate time.Time
	Revoked    []x509.RevocationListEntry
	Extensions []pkix.Extension
}

// Marshal encodes and signs the list.
func (c CRL) Marshal(tb testing.TB) []byte {
	tb.Helper()
	der, err := x509.CreateRevocationList(rand.Reader, &x509.RevocationList{
		Number:                    big.NewInt(max(c.Number, 1)),
		ThisUpdate:                c.ThisUpdate,
		NextUpdate:                c.NextUpdate,
		RevokedCertificateEntries: c.Revoked,
		ExtraExtensions:           c.Extensions,
	}, c.Issuer.Certificate, c.Issuer.Key)
	if err != nil {
		tb.Fatal(err)
	}
	return der
}
