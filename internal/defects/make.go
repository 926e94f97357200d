// SPDX-License-Identifier: Apache-2.0

package defects

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/big"
	"testing"
	"time"

	"gsign/internal/pkix/pkixtest"
)

// signature is how a CMS is signed: over a message, with an algorithm.
type signature = func(message []byte) (pkix.AlgorithmIdentifier, []byte)

var (
	oidHash = map[crypto.Hash]asn1.ObjectIdentifier{
		crypto.SHA1: {1, 3, 14, 3, 2, 26}, crypto.SHA224: {2, 16, 840, 1, 101, 3, 4, 2, 4}, crypto.SHA256: {2, 16, 840, 1, 101, 3, 4, 2, 1},
		crypto.SHA384: {2, 16, 840, 1, 101, 3, 4, 2, 2}, crypto.SHA512: {2, 16, 840, 1, 101, 3, 4, 2, 3},
	}
	oidRSA = map[crypto.Hash]asn1.ObjectIdentifier{
		crypto.SHA1: {1, 2, 840, 113549, 1, 1, 5}, crypto.SHA224: {1, 2, 840, 113549, 1, 1, 14}, crypto.SHA256: {1, 2, 840, 113549, 1, 1, 11},
		crypto.SHA384: {1, 2, 840, 113549, 1, 1, 12}, crypto.SHA512: {1, 2, 840, 113549, 1, 1, 13}, crypto.MD5: {1, 2, 840, 113549, 1, 1, 4},
		crypto.SHA3_256: {2, 16, 840, 1, 101, 3, 4, 3, 14}, crypto.SHA3_512: {2, 16, 840, 1, 101, 3, 4, 3, 16},
	}
	oidEC = map[crypto.Hash]asn1.ObjectIdentifier{
		crypto.SHA1: {1, 2, 840, 10045, 4, 1}, crypto.SHA224: {1, 2, 840, 10045, 4, 3, 1}, crypto.SHA256: {1, 2, 840, 10045, 4, 3, 2},
		crypto.SHA384: {1, 2, 840, 10045, 4, 3, 3}, crypto.SHA512: {1, 2, 840, 10045, 4, 3, 4}, crypto.SHA3_256: {2, 16, 840, 1, 101, 3, 4, 3, 10},
		crypto.SHA3_384: {2, 16, 840, 1, 101, 3, 4, 3, 11}, crypto.SHA3_512: {2, 16, 840, 1, 101, 3, 4, 3, 12},
	}
)

// signer signs with any key and hash function.
func signer(tb testing.TB, key crypto.Signer, h crypto.Hash, pss bool) signature {
	return func(message []byte) (pkix.AlgorithmIdentifier, []byte) {
		tb.Helper()
		alg := pkix.AlgorithmIdentifier{Algorithm: oidEC[h]}
		var opts crypto.SignerOpts = h
		digest := message
		switch key.Public().(type) {
		case ed25519.PublicKey:
			alg.Algorithm, opts = asn1.ObjectIdentifier{1, 3, 101, 112}, crypto.Hash(0)
		case *rsa.PublicKey:
			alg = pkix.AlgorithmIdentifier{Algorithm: oidRSA[h], Parameters: asn1.NullRawValue}
			if pss {
				alg = pssAlgorithm(h)
				opts = &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: h}
			}
			digest = sum(h, message)
		case *ecdsa.PublicKey:
			digest = sum(h, message)
		}
		sig, err := key.Sign(rand.Reader, digest, opts)
		if err != nil {
			tb.Fatal(err)
		}
		return alg, sig
	}
}

// pssAlgorithm is RSASSA-PSS with its parameters (RFC 4055).
func pssAlgorithm(h crypto.Hash) pkix.AlgorithmIdentifier {
	type parameters struct {
		Hash pkix.AlgorithmIdentifier `asn1:"explicit,tag:0"`
		MGF  pkix.AlgorithmIdentifier `asn1:"explicit,tag:1"`
		Salt int                      `asn1:"explicit,tag:2"`
	}
	id := pkix.AlgorithmIdentifier{Algorithm: oidHash[h], Parameters: asn1.NullRawValue}
	mgf := pkix.AlgorithmIdentifier{Algorithm: asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 8}, Parameters: raw(der(id))}
	return pkix.AlgorithmIdentifier{Algorithm: asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 10}, Parameters: raw(der(parameters{id, mgf, h.Size()}))}
}

// once signs once only, whatever is asked: a timestamp needs the signature that stays.
func once(sign signature) (signature, *[]byte) {
	var alg pkix.AlgorithmIdentifier
	value := new([]byte)
	return func(message []byte) (pkix.AlgorithmIdentifier, []byte) {
		if *value == nil {
			alg, *value = sign(message)
		}
		return alg, bytes.Clone(*value)
	}, value
}

// broken is what pkixtest makes of a signature that it breaks.
func broken(sig []byte) []byte {
	sig = bytes.Clone(sig)
	sig[len(sig)-1] ^= 1
	return sig
}

// der encodes what can be encoded.
func der(v any) []byte {
	b, err := asn1.Marshal(v)
	if err != nil {
		panic(err)
	}
	return b
}

func raw(b []byte) asn1.RawValue { return asn1.RawValue{FullBytes: b} }

func element(tag byte, parts ...[]byte) []byte {
	return der(asn1.RawValue{Class: int(tag >> 6), Tag: int(tag & 31), IsCompound: tag&0x20 != 0, Bytes: bytes.Join(parts, nil)})
}

func rsaKey(tb testing.TB, bits int) crypto.Signer {
	tb.Helper()
	k, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		tb.Fatal(err)
	}
	return k
}

// essWithSerial is a signing-certificate-v2 that names issuer and serial number too.
func essWithSerial(c *x509.Certificate, serial *big.Int) []byte {
	names := element(0x30, element(0xa4, c.RawIssuer))
	id := element(0x30, der(sum(crypto.SHA256, c.Raw)), element(0x30, names, der(serial)))
	return pkixtest.Attribute(pkixtest.IDSigningCertificateV2, element(0x30, element(0x30, id)))
}

// protection is cms-algorithm-protection (RFC 6211).
func protection(digest, signature asn1.ObjectIdentifier) []byte {
	value := element(0x30, element(0x30, der(digest)), element(0xa1, der(signature)))
	return pkixtest.Attribute(asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 52}, value)
}

// indefinite writes the two outermost elements with indefinite lengths.
func indefinite(cms []byte) []byte {
	var info struct {
		Type    asn1.ObjectIdentifier
		Content asn1.RawValue
	}
	_, err := asn1.Unmarshal(cms, &info)
	if err != nil {
		panic(err)
	}
	out := append([]byte{0x30, 0x80}, der(info.Type)...)
	out = append(append(out, 0xa0, 0x80), info.Content.Bytes...)
	return append(out, 0, 0, 0, 0)
}

// extension ids.
var (
	idNameConstraints  = asn1.ObjectIdentifier{2, 5, 29, 30}
	idIDP              = asn1.ObjectIdentifier{2, 5, 29, 28}
	idDelta            = asn1.ObjectIdentifier{2, 5, 29, 27}
	idUnknown          = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 99999, 1}
	idNoRevAvail       = asn1.ObjectIdentifier{2, 5, 29, 56}
	idTimeStamping     = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 3, 8}
	idContentTimeStamp = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 2, 20}
	idOCSPNonce        = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 48, 1, 2}
)

// leaf gives the signer another certificate.
func (f *file) leaf(from, to time.Time, opts ...pkixtest.Option) {
	f.Leaf = f.CA.Leaf(f.w.tb, "TEST signer", f.Leaf.Key, from, to, opts...)
}

// key gives the signer another key.
func (f *file) key(k crypto.Signer) { f.Leaf = f.CA.Leaf(f.w.tb, "TEST signer", k, before, after) }

// below puts the signer below another CA, which has a responder of its own.
func (f *file) below(ca *pkixtest.Entity) {
	f.CA = ca
	f.Responder = ca.Responder(f.w.tb, "TEST signing responder", true, before, after)
	f.leaf(before, after)
}

// tsa gives the time authority another certificate.
func (f *file) tsa(from, to time.Time, opts ...pkixtest.Option) {
	f.TSA = f.TSACA.TSA(f.w.tb, "TEST time authority", f.TSA.Key, from, to, opts...)
}

// short gives the signer a certificate that has ended at the control time: the signature rests on its timestamp.
func (f *file) short() { f.leaf(before, half) }

// ocsp answers about an entity, and lets the answer be changed.
func (f *file) ocsp(e *pkixtest.Entity, change func(o *pkixtest.OCSP)) {
	f.evidence[e] = func() ([]byte, []byte) {
		r := f.ResponderOf(e.Issuer)
		o := pkixtest.OCSP{
			Singles:   []pkixtest.Single{{Certificate: e.Certificate, Issuer: e.Issuer.Certificate, ThisUpdate: answered, NextUpdate: answered.Add(time.Hour)}},
			Responder: r, ProducedAt: answered, Certificates: []*x509.Certificate{r.Certificate},
		}
		change(&o)
		return o.Marshal(f.w.tb), nil
	}
}

// crl lists what an entity's issuer has revoked, and lets the list be changed.
func (f *file) crl(e *pkixtest.Entity, change func(l *pkixtest.CRL)) {
	f.evidence[e] = func() ([]byte, []byte) {
		l := pkixtest.CRL{Issuer: e.Issuer, ThisUpdate: answered, NextUpdate: answered.Add(24 * time.Hour)}
		change(&l)
		return nil, l.Marshal(f.w.tb)
	}
}

// curve gives the signer a key that crypto/x509 knows nothing of, by its SubjectPublicKeyInfo: everything else of the certificate stays.
func (f *file) curve(oid asn1.ObjectIdentifier, point []byte) {
	f.w.tb.Helper()
	was := f.Leaf.Certificate
	var tbs asn1.RawValue
	_, err := asn1.Unmarshal(was.RawTBSCertificate, &tbs)
	f.w.must(err)
	spki := element(0x30, element(0x30, der(asn1.ObjectIdentifier{1, 2, 840, 10045, 2, 1}), der(oid)), der(asn1.BitString{Bytes: point, BitLength: 8 * len(point)}))
	signed := element(0x30, bytes.Replace(tbs.Bytes, was.RawSubjectPublicKeyInfo, spki, 1))
	alg, sig := signer(f.w.tb, f.CA.Key, crypto.SHA256, false)(signed)
	certificate := *was
	certificate.Raw = element(0x30, signed, der(alg), der(asn1.BitString{Bytes: sig, BitLength: 8 * len(sig)}))
	f.Leaf = &pkixtest.Entity{Certificate: &certificate, Key: f.Leaf.Key, Issuer: f.CA}
}

// revoked is an answer that says so.
func revoked(at time.Time, reason int) func(o *pkixtest.OCSP) {
	return func(o *pkixtest.OCSP) {
		s := &o.Singles[0]
		s.Status, s.RevokedAt, s.Reason = pkixtest.Revoked, at, reason
	}
}
