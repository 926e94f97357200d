// SPDX-License-Identifier: Apache-2.0

package pkix

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"encoding/binary"
	"errors"
	"sync"

	"gsign/internal/limits"
)

// Whether a signature is that of a key over a message never changes, and the documents of one run share nearly all
// signatures but their own: those of certificates, OCSP responses and CRLs. A signature that was found good is remembered
// by all the bytes that the finding rests on, not by a sum of them, so that the same bytes need not be computed with again; one
// that was not is computed anew each time. Nothing else is remembered: whether a certificate may do what it did, and when, is
// judged each time.
var remembered memory

type memory struct {
	mu       sync.Mutex
	now, old map[string]struct{} // a full one becomes the old one
	size     int                 // bytes of now
}

func (m *memory) has(key []byte) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, ok := m.now[string(key)]; ok {
		return true
	}
	_, ok := m.old[string(key)]
	if ok {
		m.put(key)
	}
	return ok
}

func (m *memory) add(key []byte) {
	if len(key) > limits.SignatureRemembered {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.put(key)
}

func (m *memory) put(key []byte) {
	if m.size+len(key) > limits.SignaturesRemembered {
		m.old, m.now, m.size = m.now, nil, 0
	}
	if m.now == nil {
		m.now = map[string]struct{}{}
	}
	if _, ok := m.now[string(key)]; !ok {
		m.now[string(key)] = struct{}{}
		m.size += len(key)
	}
}

// question names what is asked: its kind and its parts, each with its length before it, so that no two questions have the
// same bytes.
func question(kind string, parts ...[]byte) []byte {
	n := 8 + len(kind)
	for _, p := range parts {
		n += 8 + len(p)
	}
	q := make([]byte, 0, n)
	q = append(binary.BigEndian.AppendUint64(q, uint64(len(kind))), kind...)
	for _, p := range parts {
		q = append(binary.BigEndian.AppendUint64(q, uint64(len(p))), p...)
	}
	return q
}

// keyBytes are all of a public key; nil for a kind that is not known, or where there is none.
func keyBytes(public crypto.PublicKey) []byte {
	switch k := public.(type) {
	case *rsa.PublicKey:
		if k.N == nil {
			return nil
		}
		return append(binary.BigEndian.AppendUint64([]byte("rsa"), uint64(k.E)), k.N.Bytes()...)
	case *ecdsa.PublicKey:
		b, err := k.Bytes()
		if err != nil {
			return nil
		}
		return append([]byte("ecdsa "+k.Curve.Params().Name+" "), b...)
	case ed25519.PublicKey:
		return append([]byte("ed25519"), k...)
	}
	return nil
}

// IssuedBy is c.CheckSignatureFrom(issuer). A certificate that was put together rather than parsed has no bytes to be
// remembered by.
func IssuedBy(c, issuer *x509.Certificate) error {
	if len(c.Raw) == 0 || len(issuer.Raw) == 0 {
		return c.CheckSignatureFrom(issuer)
	}
	if recent.has(c.Raw, issuer.Raw) {
		return nil
	}
	key := question("issued", c.Raw, issuer.Raw)
	if !remembered.has(key) {
		if err := issuedBy(c, issuer); err != nil {
			return err
		}
		remembered.add(key)
	}
	recent.add(c.Raw, issuer.Raw)
	return nil
}

func issuedBy(c, issuer *x509.Certificate) error {
	if !foreign(issuer) {
		return c.CheckSignatureFrom(issuer)
	}
	if CertificateAlgorithm(c).Digest() == crypto.SHA1 {
		return errors.New("signed with SHA-1") // crypto/x509 refuses it
	}
	return verifyCertificate(c, issuer)
}

// recent are the newest findings of IssuedBy: a certificate that was parsed once is known by where its bytes are, and
// comparing those with themselves takes no time.
var recent pairs

type pairs struct {
	mu   sync.Mutex
	all  [limits.PairsRemembered][2][]byte
	next int
}

func (p *pairs) has(cert, issuer []byte) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := range p.all {
		if bytes.Equal(p.all[i][0], cert) && bytes.Equal(p.all[i][1], issuer) {
			return true
		}
	}
	return false
}

func (p *pairs) add(cert, issuer []byte) {
	if len(cert)+len(issuer) > limits.SignatureRemembered {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.all[p.next%len(p.all)] = [2][]byte{cert, issuer}
	p.next++
}

// SelfSigned reports whether c names itself as issuer and its own key verifies it. SHA-1 is accepted here: nothing
// rests on the signature of a root.
func SelfSigned(c *x509.Certificate) bool {
	if !bytes.Equal(c.RawSubject, c.RawIssuer) {
		return false
	}
	key := question("self", c.Raw)
	if len(c.Raw) > 0 && remembered.has(key) {
		return true
	}
	err := c.CheckSignature(c.SignatureAlgorithm, c.RawTBSCertificate, c.Signature)
	if foreign(c) {
		err = verifyCertificate(c, c)
	}
	if err != nil {
		return false
	}
	if len(c.Raw) > 0 {
		remembered.add(key)
	}
	return true
}
