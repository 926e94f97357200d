// SPDX-License-Identifier: Apache-2.0

package pkixtest

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/big"
	"slices"
	"testing"
	"time"
)

var hashOID = map[crypto.Hash]asn1.ObjectIdentifier{
	crypto.SHA1:   {1, 3, 14, 3, 2, 26},
	crypto.SHA256: {2, 16, 840, 1, 101, 3, 4, 2, 1},
	crypto.SHA384: {2, 16, 840, 1, 101, 3, 4, 2, 2},
	crypto.SHA512: {2, 16, 840, 1, 101, 3, 4, 2, 3},
	crypto.SHA224: {2, 16, 840, 1, 101, 3, 4, 2, 4},
	crypto.MD5:    {1, 2, 840, 113549, 2, 5},

	crypto.SHA3_256: {2, 16, 840, 1, 101, 3, 4, 2, 8},
	crypto.SHA3_384: {2, 16, 840, 1, 101, 3, 4, 2, 9},
	crypto.SHA3_512: {2, 16, 840, 1, 101, 3, 4, 2, 10},
}

func sum(h crypto.Hash, b []byte) []byte {
	d := h.New()
	d.Write(b)
	return d.Sum(nil)
}

// sign signs with SHA-256, or with SHA-1 for tests that want it refused: PKCS #1 v1.5 or ECDSA.
func sign(tb testing.TB, key crypto.Signer, h crypto.Hash, message []byte) (pkix.AlgorithmIdentifier, []byte) {
	tb.Helper()
	sig, err := key.Sign(rand.Reader, sum(h, message), h)
	if err != nil {
		tb.Fatal(err)
	}
	alg := map[crypto.Hash]asn1.ObjectIdentifier{crypto.SHA1: {1, 2, 840, 10045, 4, 1}, crypto.SHA256: {1, 2, 840, 10045, 4, 3, 2}}
	params := asn1.RawValue{}
	if _, ok := key.Public().(*rsa.PublicKey); ok {
		alg = map[crypto.Hash]asn1.ObjectIdentifier{crypto.SHA1: {1, 2, 840, 113549, 1, 1, 5}, crypto.SHA256: {1, 2, 840, 113549, 1, 1, 11}}
		params = asn1.NullRawValue
	}
	return pkix.AlgorithmIdentifier{Algorithm: alg[h], Parameters: params}, sig
}

// Attribute encodes an attribute; values are DER elements.
func Attribute(id asn1.ObjectIdentifier, values ...[]byte) []byte {
	set := asn1.RawValue{Tag: asn1.TagSet, IsCompound: true, Bytes: bytes.Join(values, nil)}
	return must(asn1.Marshal(struct {
		ID     asn1.ObjectIdentifier
		Values asn1.RawValue
	}{id, set}))
}

// Identifiers of the attributes the tests change.
var (
	IDData                 = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 1}
	IDTSTInfo              = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 1, 4}
	IDContentType          = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 3}
	IDMessageDigest        = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 4}
	IDSigningTime          = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 5}
	IDSigningCertificate   = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 2, 12}
	IDSigningCertificateV2 = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 2, 47}
	IDSignatureTimeStamp   = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 2, 14}
)

// ContentType returns that attribute.
func ContentType(id asn1.ObjectIdentifier) []byte {
	return Attribute(IDContentType, must(asn1.Marshal(id)))
}

// MessageDigest returns that attribute.
func MessageDigest(digest []byte) []byte {
	return Attribute(IDMessageDigest, must(asn1.Marshal(digest)))
}

// SigningCertificate returns the attribute of RFC 2634, with SHA-1.
func SigningCertificate(c *x509.Certificate) []byte {
	type essCertID struct{ Hash []byte }
	return Attribute(IDSigningCertificate, must(asn1.Marshal(struct{ Certs []essCertID }{[]essCertID{{sum(crypto.SHA1, c.Raw)}}})))
}

// SigningCertificateV2 returns the attribute of RFC 5035; the hash algorithm is left out when it is SHA-256.
func SigningCertificateV2(h crypto.Hash, c *x509.Certificate) []byte {
	type essCertIDv2 struct {
		Algorithm pkix.AlgorithmIdentifier `asn1:"optional"`
		Hash      []byte
	}
	id := essCertIDv2{Hash: sum(h, c.Raw)}
	if h != crypto.SHA256 {
		id.Algorithm = pkix.AlgorithmIdentifier{Algorithm: hashOID[h]}
	}
	return Attribute(IDSigningCertificateV2, must(asn1.Marshal(struct{ Certs []essCertIDv2 }{[]essCertIDv2{id}})))
}

// SignedData describes a CMS structure, fault by fault.
type SignedData struct {
	Signer       *Entity
	Certificates []*x509.Certificate
	Hash         crypto.Hash           // OPTIONAL, default SHA-256: digestAlgorithm
	ContentType  asn1.ObjectIdentifier // OPTIONAL, default id-data
	Content      []byte                // nil: detached
	Attributes   [][]byte              // signed, each DER; sorted unless KeepOrder
	KeepOrder    bool
	Unsigned     [][]byte
	NoAttributes bool // no signed attributes: the signature is over Content
	Signers      int  // OPTIONAL, default 1: how many copies of the SignerInfo; negative for none
	Trailing     []byte
	Break        bool // the signature
	SHA1         bool // sign with SHA-1; Hash must be SHA-1 as well for the two to agree
	// Sign is OPTIONAL: it makes the signature over a message, the attributes as they are carried, instead of the signer's key.
	Sign func(message []byte) (pkix.AlgorithmIdentifier, []byte)
}

type signerInfo struct {
	Version int
	SID     struct {
		Issuer asn1.RawValue
		Serial *big.Int
	}
	Digest    pkix.AlgorithmIdentifier
	Signed    asn1.RawValue `asn1:"optional"`
	Algorithm pkix.AlgorithmIdentifier
	Signature []byte
	Unsigned  asn1.RawValue `asn1:"optional"`
}

// Marshal signs and encodes it.
func (s SignedData) Marshal(tb testing.TB) []byte {
	tb.Helper()
	if s.Hash == 0 {
		s.Hash = crypto.SHA256
	}
	version := 1
	if s.ContentType == nil {
		s.ContentType = IDData
	} else if !s.ContentType.Equal(IDData) {
		version = 3
	}
	if !s.KeepOrder {
		s.Attributes = slices.Clone(s.Attributes)
		slices.SortFunc(s.Attributes, bytes.Compare)
	}
	digest := pkix.AlgorithmIdentifier{Algorithm: hashOID[s.Hash], Parameters: asn1.NullRawValue}
	info := s.signerInfo(tb, digest)
	encap := asn1.RawValue{FullBytes: sequence(must(asn1.Marshal(s.ContentType)), s.content())}
	var certs []byte
	for _, c := range s.Certificates {
		certs = append(certs, c.Raw...)
	}
	var infos []byte
	for range max(s.Signers, 1) {
		infos = append(infos, info...)
	}
	if s.Signers < 0 {
		infos = nil
	}
	body := sequence(
		must(asn1.Marshal(version)),
		element(0x31, must(asn1.Marshal(digest))),
		encap.FullBytes,
		optional(0xa0, certs),
		element(0x31, infos),
	)
	out := sequence(must(asn1.Marshal(asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 2})), element(0xa0, body))
	return append(out, s.Trailing...)
}

func (s SignedData) content() []byte {
	if s.Content == nil {
		return nil
	}
	return element(0xa0, must(asn1.Marshal(s.Content)))
}

func (s SignedData) signerInfo(tb testing.TB, digest pkix.AlgorithmIdentifier) []byte {
	tb.Helper()
	attrs := bytes.Join(s.Attributes, nil)
	message := element(0x31, attrs)
	info := signerInfo{Version: 1, Digest: digest}
	if s.NoAttributes {
		message = s.Content
	} else {
		info.Signed = asn1.RawValue{FullBytes: element(0xa0, attrs)}
	}
	info.SID.Issuer = asn1.RawValue{FullBytes: s.Signer.Certificate.RawIssuer}
	info.SID.Serial = s.Signer.Certificate.SerialNumber
	h := crypto.SHA256
	if s.SHA1 {
		h = crypto.SHA1
	}
	if s.Sign != nil {
		info.Algorithm, info.Signature = s.Sign(message)
	} else {
		info.Algorithm, info.Signature = sign(tb, s.Signer.Key, h, message)
	}
	if s.Break {
		info.Signature[len(info.Signature)-1] ^= 1
	}
	if len(s.Unsigned) > 0 {
		info.Unsigned = asn1.RawValue{FullBytes: element(0xa1, bytes.Join(s.Unsigned, nil))}
	}
	return must(asn1.Marshal(info))
}

func element(tag byte, content []byte) []byte {
	v := asn1.RawValue{Class: int(tag >> 6), Tag: int(tag & 31), IsCompound: tag&0x20 != 0, Bytes: content}
	return must(asn1.Marshal(v))
}

func optional(tag byte, content []byte) []byte {
	if len(content) == 0 {
		return nil
	}
	return element(tag, content)
}

func sequence(parts ...[]byte) []byte { return element(0x30, bytes.Join(parts, nil)) }

// Token describes a timestamp token.
type Token struct {
	TSA          *Entity
	Certificates []*x509.Certificate // OPTIONAL, default the TSA's alone; empty and not nil for none
	Hash         crypto.Hash
	Imprint      []byte
	GenTime      time.Time
	ESSv1        bool // signing-certificate with SHA-1, else signing-certificate-v2
	Accuracy     int  // seconds, 0 for absent
	Nonce        *big.Int
	Mutate       func(*SignedData) // OPTIONAL, changes it before it is signed
	MutateInfo   func([]byte) []byte
}

type tstInfo struct {
	Version int
	Policy  asn1.ObjectIdentifier
	Imprint struct {
		Algorithm pkix.AlgorithmIdentifier
		Digest    []byte
	}
	Serial   *big.Int
	GenTime  time.Time     `asn1:"generalized"`
	Accuracy asn1.RawValue `asn1:"optional"`
	Nonce    *big.Int      `asn1:"optional"`
}

// Marshal signs and encodes the token.
func (t Token) Marshal(tb testing.TB) []byte {
	tb.Helper()
	info := tstInfo{
		Version: 1,
		Policy:  asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 4146, 1, 31},
		Serial:  big.NewInt(serial.Add(1)),
		GenTime: t.GenTime.UTC(),
		Nonce:   t.Nonce,
	}
	info.Imprint.Algorithm = pkix.AlgorithmIdentifier{Algorithm: hashOID[t.Hash], Parameters: asn1.NullRawValue}
	info.Imprint.Digest = t.Imprint
	if t.Accuracy != 0 {
		info.Accuracy = asn1.RawValue{FullBytes: sequence(must(asn1.Marshal(t.Accuracy)))}
	}
	content := must(asn1.Marshal(info))
	if t.MutateInfo != nil {
		content = t.MutateInfo(content)
	}
	if t.Certificates == nil {
		t.Certificates = []*x509.Certificate{t.TSA.Certificate}
	}
	ess := SigningCertificateV2(crypto.SHA256, t.TSA.Certificate)
	if t.ESSv1 {
		ess = SigningCertificate(t.TSA.Certificate)
	}
	sd := SignedData{
		Signer:       t.TSA,
		Certificates: t.Certificates,
		ContentType:  IDTSTInfo,
		Content:      content,
		Attributes:   [][]byte{ContentType(IDTSTInfo), MessageDigest(sum(crypto.SHA256, content)), ess},
	}
	if t.Mutate != nil {
		t.Mutate(&sd)
	}
	return sd.Marshal(tb)
}
