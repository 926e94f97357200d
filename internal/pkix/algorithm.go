// SPDX-License-Identifier: Apache-2.0

package pkix

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	_ "crypto/sha1" // the hashes below are used through crypto.Hash
	_ "crypto/sha256"
	_ "crypto/sha3"
	_ "crypto/sha512"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"fmt"
	"slices"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// Algorithm is an AlgorithmIdentifier: an OID and its parameters as DER, nil when absent.
type Algorithm struct {
	OID        asn1.ObjectIdentifier
	Parameters []byte
}

// ReadAlgorithm reads an AlgorithmIdentifier off s.
func ReadAlgorithm(s *cryptobyte.String, a *Algorithm) bool {
	var seq cryptobyte.String
	if !s.ReadASN1(&seq, cbasn1.SEQUENCE) || !seq.ReadASN1ObjectIdentifier(&a.OID) {
		return false
	}
	a.Parameters = nil
	if seq.Empty() {
		return true
	}
	var params cryptobyte.String
	var tag cbasn1.Tag
	if !seq.ReadAnyASN1Element(&params, &tag) || !seq.Empty() {
		return false
	}
	a.Parameters = params
	return true
}

var hashes = []struct {
	hash crypto.Hash
	oid  asn1.ObjectIdentifier
}{
	{crypto.SHA1, asn1.ObjectIdentifier{1, 3, 14, 3, 2, 26}},
	{crypto.SHA256, asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 1}},
	{crypto.SHA384, asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 2}},
	{crypto.SHA512, asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 3}},
	{crypto.SHA224, asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 4}},
	{crypto.SHA3_224, asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 7}},
	{crypto.SHA3_256, asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 8}},
	{crypto.SHA3_384, asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 9}},
	{crypto.SHA3_512, asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 10}},
}

// HashOID returns the OID of a hash function, nil for one that is not known here.
func HashOID(h crypto.Hash) asn1.ObjectIdentifier {
	for _, x := range hashes {
		if x.hash == h {
			return x.oid
		}
	}
	return nil
}

// HashByOID returns the hash function of an OID, 0 for one that is not known here.
func HashByOID(oid asn1.ObjectIdentifier) crypto.Hash {
	for _, x := range hashes {
		if x.oid.Equal(oid) {
			return x.hash
		}
	}
	return 0
}

// Signature algorithms that this program writes.
var (
	OIDSHA256WithRSA = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 11}
	OIDRSAPSS        = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 10}
	OIDMGF1          = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 8}

	oidRSA     = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 1}
	oidECKey   = asn1.ObjectIdentifier{1, 2, 840, 10045, 2, 1}
	oidEd25519 = asn1.ObjectIdentifier{1, 3, 101, 112}
)

type scheme int

const (
	pkcs1v15 scheme = iota + 1
	pss
	ecdsaDER
	ed25519Pure
)

type knownSignature struct {
	scheme scheme
	hash   crypto.Hash // 0: told by the digest algorithm or the parameters
	oid    asn1.ObjectIdentifier
}

var signatures = []knownSignature{
	{pkcs1v15, 0, oidRSA},
	{pkcs1v15, crypto.SHA1, asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 5}},
	{pkcs1v15, crypto.SHA256, OIDSHA256WithRSA},
	{pkcs1v15, crypto.SHA384, asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 12}},
	{pkcs1v15, crypto.SHA512, asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 13}},
	{pkcs1v15, crypto.SHA224, asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 14}},
	{pkcs1v15, crypto.SHA3_224, asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 3, 13}},
	{pkcs1v15, crypto.SHA3_256, asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 3, 14}},
	{pkcs1v15, crypto.SHA3_384, asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 3, 15}},
	{pkcs1v15, crypto.SHA3_512, asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 3, 16}},
	{pss, 0, OIDRSAPSS},
	{ecdsaDER, 0, oidECKey}, // some signers name the key here
	{ecdsaDER, crypto.SHA1, asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 1}},
	{ecdsaDER, crypto.SHA224, asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 3, 1}},
	{ecdsaDER, crypto.SHA256, asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 3, 2}},
	{ecdsaDER, crypto.SHA384, asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 3, 3}},
	{ecdsaDER, crypto.SHA512, asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 3, 4}},
	{ecdsaDER, crypto.SHA3_224, asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 3, 9}},
	{ecdsaDER, crypto.SHA3_256, asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 3, 10}},
	{ecdsaDER, crypto.SHA3_384, asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 3, 11}},
	{ecdsaDER, crypto.SHA3_512, asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 3, 12}},
	{ed25519Pure, crypto.SHA512, oidEd25519}, // RFC 8419: the digest of the attributes is SHA-512
}

// SignatureOID returns the OID that joins the kind of key with h, nil where there is none: PKCS #1 v1.5 for RSA.
func SignatureOID(public crypto.PublicKey, h crypto.Hash) asn1.ObjectIdentifier {
	var want scheme
	switch public.(type) {
	case *rsa.PublicKey:
		want = pkcs1v15
	case *ecdsa.PublicKey:
		want = ecdsaDER
	}
	for _, s := range signatures {
		if s.scheme == want && s.hash == h && h != 0 {
			return s.oid
		}
	}
	return nil
}

// Digest returns the hash function that a signature algorithm names, 0 when it leaves that to others or is unknown.
func (a Algorithm) Digest() crypto.Hash {
	for _, s := range signatures {
		if s.oid.Equal(a.OID) && s.scheme == pss {
			h, _, err := pssParameters(a.Parameters)
			if err != nil {
				return 0
			}
			return h
		}
		if s.oid.Equal(a.OID) {
			return s.hash
		}
	}
	return 0
}

// PublicKey returns the key of c. Unlike crypto/x509 it also reads RSA keys that are bound to RSASSA-PSS (RFC 4055
// section 3.1) and keys on the curves of RFC 5639; nil where neither can.
func PublicKey(c *x509.Certificate) crypto.PublicKey {
	if c.PublicKey != nil {
		return c.PublicKey
	}
	s := cryptobyte.String(c.RawSubjectPublicKeyInfo)
	var seq cryptobyte.String
	var alg Algorithm
	var bits []byte
	if !s.ReadASN1(&seq, cbasn1.SEQUENCE) || !ReadAlgorithm(&seq, &alg) || !alg.OID.Equal(OIDRSAPSS) || !seq.ReadASN1BitStringAsBytes(&bits) {
		return curveKey(c.RawSubjectPublicKeyInfo)
	}
	key, err := x509.ParsePKCS1PublicKey(bits)
	if err != nil {
		return nil
	}
	return key
}

// VerifySignature verifies a signature over message. Where the algorithm does not name a hash function, digest is
// used; where both name one they must agree (RFC 8933 for CMS). A zero digest agrees with everything. SHA-1 is
// computed, not judged: that is the caller's business.
func VerifySignature(public crypto.PublicKey, alg Algorithm, digest crypto.Hash, message, signature []byte) error {
	s, h, salt, err := resolve(alg, digest)
	if err != nil {
		return err
	}
	return verifyOnce(public, s, h, salt, message, signature)
}

// namesCurve tells what no version of any verifier will verify from what this one does not know: the curves of RFC 5480.
func namesCurve(id asn1.ObjectIdentifier) bool {
	return slices.ContainsFunc([]asn1.ObjectIdentifier{{1, 2, 840, 10045, 3, 1, 7}, {1, 3, 132, 0, 34}, {1, 3, 132, 0, 35}}, id.Equal)
}

// resolve gives scheme, hash function and length of the salt of an algorithm beside which digest is named.
func resolve(alg Algorithm, digest crypto.Hash) (s scheme, h crypto.Hash, salt int, err error) {
	i := slices.IndexFunc(signatures, func(known knownSignature) bool { return known.oid.Equal(alg.OID) })
	switch {
	case i < 0 && namesCurve(alg.OID):
		return 0, 0, 0, fmt.Errorf("signature algorithm %v is the name of a curve", alg.OID)
	case i < 0:
		return 0, 0, 0, fmt.Errorf("signature algorithm %v is %w", alg.OID, ErrUnknownAlgorithm)
	}
	s, h = signatures[i].scheme, signatures[i].hash
	if s == pss {
		if h, salt, err = pssParameters(alg.Parameters); err != nil {
			return 0, 0, 0, err
		}
	}
	if h == 0 {
		h = digest
	}
	if digest != 0 && digest != h {
		return 0, 0, 0, fmt.Errorf("signature algorithm uses %v but the digest algorithm is %v", h, digest)
	}
	if h == 0 || !h.Available() {
		return 0, 0, 0, errors.New("no hash function for the signature")
	}
	return s, h, salt, nil
}

// ErrUnknownAlgorithm says that nothing can be said about a signature.
var ErrUnknownAlgorithm = errors.New("not supported")

// verifyOnce remembers what it found good.
func verifyOnce(public crypto.PublicKey, s scheme, h crypto.Hash, salt int, message, signature []byte) error {
	k := keyBytes(public)
	if k == nil {
		return verify(public, s, h, salt, message, signature)
	}
	key := question("signature", []byte{byte(s), byte(h), byte(salt >> 8), byte(salt)}, k, message, signature)
	if remembered.has(key) {
		return nil
	}
	if err := verify(public, s, h, salt, message, signature); err != nil {
		return err
	}
	remembered.add(key)
	return nil
}

func verify(public crypto.PublicKey, s scheme, h crypto.Hash, salt int, message, signature []byte) error {
	if k, ok := public.(ed25519.PublicKey); ok && s == ed25519Pure {
		if !ed25519.Verify(k, message, signature) {
			return errors.New("Ed25519 verification error")
		}
		return nil
	}
	d := h.New()
	d.Write(message)
	return verifySum(public, s, h, salt, d.Sum(nil), signature)
}

// verifySum verifies a signature over the digest of its message.
func verifySum(public crypto.PublicKey, s scheme, h crypto.Hash, salt int, sum, signature []byte) error {
	switch k := public.(type) {
	case *rsa.PublicKey:
		if s == pkcs1v15 {
			return rsa.VerifyPKCS1v15(k, h, sum, signature)
		}
		if s == pss && salt == 0 {
			return errors.New("signature without salt")
		}
		if s == pss {
			return rsa.VerifyPSS(k, h, sum, signature, &rsa.PSSOptions{SaltLength: salt})
		}
	case *ecdsa.PublicKey:
		if s == ecdsaDER {
			if !ecdsa.VerifyASN1(k, sum, signature) {
				return errors.New("ECDSA verification error")
			}
			return nil
		}
	}
	return fmt.Errorf("signature algorithm does not fit the key, a %T", public)
}

// pssParameters reads RSASSA-PSS-params (RFC 4055 section 3.1). Both hashes must be the same: crypto/rsa knows no
// other, and requirement B13 wants no other.
func pssParameters(der []byte) (h crypto.Hash, salt int, err error) {
	bad := errors.New("malformed RSASSA-PSS parameters")
	h, mgf, salt := crypto.SHA1, crypto.SHA1, 20
	s, trailer := cryptobyte.String(der), 1
	var seq, f cryptobyte.String
	if !s.ReadASN1(&seq, cbasn1.SEQUENCE) || !s.Empty() {
		return 0, 0, bad
	}
	for n := range uint8(4) {
		var present bool
		if !seq.ReadOptionalASN1(&f, &present, cbasn1.Tag(n).ContextSpecific().Constructed()) {
			return 0, 0, bad
		}
		if !present {
			continue
		}
		var a, inner Algorithm
		ok := false
		switch n {
		case 0:
			ok = ReadAlgorithm(&f, &a)
			h = HashByOID(a.OID)
		case 1:
			ok = ReadAlgorithm(&f, &a) && a.OID.Equal(OIDMGF1)
			p := cryptobyte.String(bytes.Clone(a.Parameters))
			ok = ok && ReadAlgorithm(&p, &inner)
			mgf = HashByOID(inner.OID)
		case 2:
			ok = f.ReadASN1Integer(&salt) && salt >= 0
		case 3:
			ok = f.ReadASN1Integer(&trailer) && trailer == 1
		}
		if !ok || !f.Empty() {
			return 0, 0, bad
		}
	}
	if !seq.Empty() {
		return 0, 0, bad
	}
	if h == 0 || h != mgf {
		return 0, 0, errors.New("RSASSA-PSS with two different or unknown hash functions")
	}
	return h, salt, nil
}
