// SPDX-License-Identifier: Apache-2.0

// Package pkixtest makes certificates, OCSP responses, CRLs and timestamp tokens for tests, good ones and ones with a
// single fault, at any past or future moment. Most tests need [New] and its methods.
//
// The encoders here are written apart from those they test.
package pkixtest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/big"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// Entity is a certificate with its key and the entity that issued it (itself for a root).
type Entity struct {
	Certificate *x509.Certificate
	Key         crypto.Signer
	Issuer      *Entity
}

// Option changes the template of a certificate before it is signed.
type Option func(*x509.Certificate)

var (
	keys   sync.Map // name to a func() crypto.Signer that generates once
	serial atomic.Int64
)

// ECKey returns the P-256 key of that name: the same one for the length of the process.
func ECKey(tb testing.TB, name string) crypto.Signer {
	tb.Helper()
	return key(tb, "ec "+name, func() (crypto.Signer, error) { return ecdsa.GenerateKey(elliptic.P256(), rand.Reader) })
}

// RSAKey returns the RSA-2048 key of that name: the same one for the length of the process.
func RSAKey(tb testing.TB, name string) crypto.Signer {
	tb.Helper()
	return key(tb, "rsa "+name, func() (crypto.Signer, error) { return rsa.GenerateKey(rand.Reader, 2048) })
}

func key(tb testing.TB, name string, generate func() (crypto.Signer, error)) crypto.Signer {
	tb.Helper()
	once, _ := keys.LoadOrStore(name, sync.OnceValues(generate))
	k, err := once.(func() (crypto.Signer, error))()
	if err != nil {
		tb.Fatal(err)
	}
	return k
}

// Root makes a self-signed CA.
func Root(tb testing.TB, name string, notBefore, notAfter time.Time, opts ...Option) *Entity {
	tb.Helper()
	return issue(tb, nil, name, ECKey(tb, name), notBefore, notAfter, append([]Option{asCA}, opts...))
}

// CA issues a certificate of a CA.
func (e *Entity) CA(tb testing.TB, name string, notBefore, notAfter time.Time, opts ...Option) *Entity {
	tb.Helper()
	return issue(tb, e, name, ECKey(tb, name), notBefore, notAfter, append([]Option{asCA}, opts...))
}

// CrossSign issues another certificate for the subject and key of a CA.
func (e *Entity) CrossSign(tb testing.TB, ca *Entity, notBefore, notAfter time.Time, opts ...Option) *Entity {
	tb.Helper()
	subject := func(c *x509.Certificate) {
		c.RawSubject, c.SubjectKeyId = ca.Certificate.RawSubject, ca.Certificate.SubjectKeyId
	}
	return issue(tb, e, "cross", ca.Key, notBefore, notAfter, append([]Option{asCA, subject}, opts...))
}

// Leaf issues a certificate for signing documents, shaped like those of a document signing service.
func (e *Entity) Leaf(tb testing.TB, name string, key crypto.Signer, notBefore, notAfter time.Time, opts ...Option) *Entity {
	tb.Helper()
	return issue(tb, e, name, key, notBefore, notAfter, append([]Option{asLeaf}, opts...))
}

// TSA issues a certificate for a timestamp authority.
func (e *Entity) TSA(tb testing.TB, name string, key crypto.Signer, notBefore, notAfter time.Time, opts ...Option) *Entity {
	tb.Helper()
	return issue(tb, e, name, key, notBefore, notAfter, append([]Option{asTSA}, opts...))
}

// Responder issues a certificate for an OCSP responder; with nocheck, id-pkix-ocsp-nocheck is in it.
func (e *Entity) Responder(tb testing.TB, name string, nocheck bool, notBefore, notAfter time.Time, opts ...Option) *Entity {
	tb.Helper()
	all := []Option{asResponder}
	if nocheck {
		all = append(all, Extension(asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 48, 1, 5}, false, []byte{5, 0}))
	}
	return issue(tb, e, name, ECKey(tb, name), notBefore, notAfter, append(all, opts...))
}

func issue(tb testing.TB, issuer *Entity, name string, key crypto.Signer, notBefore, notAfter time.Time, opts []Option) *Entity {
	tb.Helper()
	ski, err := KeyID(key.Public())
	if err != nil {
		tb.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: new(big.Int).Add(new(big.Int).Lsh(big.NewInt(1), 120), big.NewInt(serial.Add(1))),
		Subject:      pkix.Name{Country: []string{"DE"}, Organization: []string{"TEST"}, CommonName: name},
		NotBefore:    notBefore,
		NotAfter:     notAfter,
		SubjectKeyId: ski,
	}
	for _, o := range opts {
		o(template)
	}
	e := &Entity{Key: key, Issuer: issuer}
	parent, signer := template, key
	if issuer != nil {
		parent, signer = issuer.Certificate, issuer.Key
	} else {
		e.Issuer = e
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), signer)
	if err != nil {
		tb.Fatal(err)
	}
	e.Certificate, err = x509.ParseCertificate(der)
	if err != nil {
		tb.Fatal(err)
	}
	return e
}

func asCA(c *x509.Certificate) {
	c.IsCA, c.BasicConstraintsValid = true, true
	c.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageCRLSign
}

func asLeaf(c *x509.Certificate) {
	c.KeyUsage = x509.KeyUsageDigitalSignature | x509.KeyUsageContentCommitment
	c.UnknownExtKeyUsage = []asn1.ObjectIdentifier{{1, 2, 840, 113583, 1, 1, 5}}
}

func asTSA(c *x509.Certificate) {
	c.KeyUsage = x509.KeyUsageDigitalSignature
	EKU(true, asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 3, 8})(c)
}

func asResponder(c *x509.Certificate) {
	c.KeyUsage = x509.KeyUsageDigitalSignature
	c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageOCSPSigning}
}

// EKU replaces the extended key usage; without usages the extension is left out.
func EKU(critical bool, usages ...asn1.ObjectIdentifier) Option {
	return func(c *x509.Certificate) {
		id := asn1.ObjectIdentifier{2, 5, 29, 37}
		c.ExtKeyUsage, c.UnknownExtKeyUsage = nil, nil
		c.ExtraExtensions = without(c.ExtraExtensions, id)
		if len(usages) > 0 {
			Extension(id, critical, must(asn1.Marshal(usages)))(c)
		}
	}
}

func without(exts []pkix.Extension, id asn1.ObjectIdentifier) []pkix.Extension {
	var kept []pkix.Extension
	for _, x := range exts {
		if !x.Id.Equal(id) {
			kept = append(kept, x)
		}
	}
	return kept
}

// Extension adds an extension.
func Extension(id asn1.ObjectIdentifier, critical bool, value []byte) Option {
	return func(c *x509.Certificate) {
		c.ExtraExtensions = append(c.ExtraExtensions, pkix.Extension{Id: id, Critical: critical, Value: value})
	}
}

// URLs sets the addresses of OCSP responder, CRL and issuer certificate; empty ones are left out.
func URLs(ocsp, crl, issuer string) Option {
	return func(c *x509.Certificate) {
		for url, list := range map[string]*[]string{ocsp: &c.OCSPServer, crl: &c.CRLDistributionPoints, issuer: &c.IssuingCertificateURL} {
			if url != "" {
				*list = []string{url}
			}
		}
	}
}

// KeyID returns the SHA-1 of the key bits, as OCSP responses and key identifiers use it.
func KeyID(public crypto.PublicKey) ([]byte, error) {
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		return nil, err
	}
	var spki struct {
		Algorithm pkix.AlgorithmIdentifier
		Key       asn1.BitString
	}
	if _, err := asn1.Unmarshal(der, &spki); err != nil {
		return nil, err
	}
	sum := sha1.Sum(spki.Key.Bytes)
	return sum[:], nil
}

// must is for values that always encode.
func must(b []byte, err error) []byte {
	if err != nil {
		panic(err)
	}
	return b
}
