// SPDX-License-Identifier: Apache-2.0

package dsstest

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	"sync"
	"time"
)

// An authority is one CA with its delegated OCSP responder and the record of what it issued.
type authority struct {
	name      string // in URLs: "issuing-ca"
	cert      *x509.Certificate
	key       crypto.Signer
	issuer    *authority // nil: self-signed
	responder *responder
	urls      urls

	mu     sync.Mutex
	issued map[string]*record // by serial number
}

// record is what an authority knows about a certificate it issued.
type record struct {
	cert      *x509.Certificate
	leaf      bool // a short-lived signing certificate
	revokedAt time.Time
}

type responder struct {
	cert  *x509.Certificate
	key   crypto.Signer
	keyID []byte
}

// urls are where an authority's clients find it.
type urls struct{ ocsp, crl, issuer string }

func urlsAt(base, name string) urls {
	return urls{ocsp: base + "/ocsp/" + name, crl: base + "/crl/" + name + ".crl", issuer: base + "/cacert/" + name + ".crt"}
}

// certSpec is a certificate before its issuer signs it.
type certSpec struct {
	subject             []byte
	serial              *big.Int
	notBefore, notAfter time.Time
	extensions          []pkix.Extension // all of them, in order
	leaf                bool
}

func (c *certSpec) template() *x509.Certificate {
	return &x509.Certificate{
		SerialNumber: c.serial, RawSubject: c.subject,
		NotBefore: c.notBefore, NotAfter: c.notAfter, ExtraExtensions: c.extensions,
	}
}

// signatureAlgorithm follows the real hierarchy: SHA-384 by RSA-4096, SHA-256 by everything else.
func signatureAlgorithm(key crypto.Signer) x509.SignatureAlgorithm {
	pub, ok := key.Public().(*rsa.PublicKey)
	switch {
	case !ok:
		return x509.ECDSAWithSHA256
	case pub.N.BitLen() > 2048:
		return x509.SHA384WithRSA
	default:
		return x509.SHA256WithRSA
	}
}

// issue signs a certificate for pub and records it.
func (a *authority) issue(pub crypto.PublicKey, spec *certSpec) (*x509.Certificate, error) {
	t := spec.template()
	t.SignatureAlgorithm = signatureAlgorithm(a.key)
	cert, err := sign(t, a.cert, pub, a.key)
	if err != nil {
		return nil, err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.issued[cert.SerialNumber.String()] = &record{cert: cert, leaf: spec.leaf}
	return cert, nil
}

func sign(template, parent *x509.Certificate, pub crypto.PublicKey, key crypto.Signer) (*x509.Certificate, error) {
	der, err := x509.CreateCertificate(rand.Reader, template, parent, pub, key)
	if err != nil {
		return nil, fmt.Errorf("create certificate: %w", err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("read back certificate: %w", err)
	}
	return cert, nil
}

// caSpec describes one CA to be made.
type caSpec struct {
	name    string
	subject []byte
	issuer  *authority // nil: self-signed
	key     crypto.Signer
	from    time.Time
	until   time.Time
}

// newAuthority makes the CA's certificate; its responder comes with delegate.
func newAuthority(spec *caSpec, base string) (*authority, error) {
	id, err := keyID(spec.key.Public())
	if err != nil {
		return nil, err
	}
	a := &authority{
		name: spec.name, key: spec.key, issuer: spec.issuer,
		urls: urlsAt(base, spec.name), issued: map[string]*record{},
	}
	c := &certSpec{
		subject: spec.subject, serial: newSerial(14, 0x48), notBefore: spec.from, notAfter: spec.until,
		extensions: []pkix.Extension{keyUsage(usageCertSign | usageCRLSign), basicConstraints(true, true), subjectKeyID(id)},
	}
	if spec.issuer == nil {
		t := c.template()
		t.SignatureAlgorithm = signatureAlgorithm(a.key)
		a.cert, err = sign(t, t, a.key.Public(), a.key)
		return a, err
	}
	up := spec.issuer
	c.extensions = append(c.extensions, authorityKeyID(up.cert.SubjectKeyId),
		infoAccess(up.urls.issuer, up.urls.ocsp), crlDistributionPoint(up.urls.crl))
	a.cert, err = up.issue(a.key.Public(), c)
	return a, err
}

// delegate gives the authority an OCSP responder: a certificate with id-pkix-ocsp-nocheck, as all real ones have.
func (a *authority) delegate(key crypto.Signer, subject []byte, from, until time.Time) error {
	id, err := keyID(key.Public())
	if err != nil {
		return err
	}
	cert, err := a.issue(key.Public(), &certSpec{
		subject: subject, serial: newSerial(16, 0x01), notBefore: from, notAfter: until,
		extensions: []pkix.Extension{
			noCheck(), keyUsage(usageDigitalSignature), extKeyUsage(false, oidOCSPSigning), subjectKeyID(id),
			basicConstraints(true, false), authorityKeyID(a.cert.SubjectKeyId),
		},
	})
	if err != nil {
		return err
	}
	a.responder = &responder{cert: cert, key: key, keyID: id}
	return nil
}

// lookup finds what was issued under a serial number.
func (a *authority) lookup(serial *big.Int) (record, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	r, ok := a.issued[serial.String()]
	if !ok {
		return record{}, false
	}
	return *r, true
}

func (a *authority) revoke(serial *big.Int, at time.Time) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	r, ok := a.issued[serial.String()]
	if ok {
		r.revokedAt = at
	}
	return ok
}
