// SPDX-License-Identifier: Apache-2.0

package dsstest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha1" // the CertID hash of the real responses
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"fmt"
	"math/big"
	"time"

	"golang.org/x/crypto/cryptobyte"
)

var (
	oidSHA1            = asn1.ObjectIdentifier{1, 3, 14, 3, 2, 26}
	oidSHA256          = asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 1}
	oidSHA256WithRSA   = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 11}
	oidECDSAWithSHA256 = asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 3, 2}
	oidOCSPBasic       = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 48, 1, 1}
)

type certStatus int

const (
	good certStatus = iota
	revoked
	unknown
)

// A statement is one OCSP answer before it is signed.
type statement struct {
	issuer                             *x509.Certificate
	serial                             *big.Int
	status                             certStatus
	revokedAt                          time.Time
	producedAt, thisUpdate, nextUpdate time.Time // nextUpdate zero: left out
	by                                 *responder
	withoutResponder, badSignature     bool
}

// ocspTryLater is the error response tryLater(3) of RFC 6960 section 4.2.1.
var ocspTryLater = []byte{0x30, 0x03, 0x0a, 0x01, 0x03}

// response encodes the whole OCSPResponse: SHA-1 CertID, responder by key, its certificate inside, no extensions.
func (s *statement) response() ([]byte, error) {
	tbs := s.responseData()
	sig, err := signSHA256(s.by.key, tbs)
	if err != nil {
		return nil, fmt.Errorf("sign OCSP response: %w", err)
	}
	if s.badSignature {
		sig[len(sig)/2] ^= 1
	}
	basic := build(func(b *cryptobyte.Builder) {
		sequence(b, func(b *cryptobyte.Builder) {
			b.AddBytes(tbs)
			addSignatureAlgorithm(b, s.by.key)
			b.AddASN1BitString(sig)
			if s.withoutResponder {
				return
			}
			b.AddASN1(constructedTag(0), func(b *cryptobyte.Builder) {
				sequence(b, func(b *cryptobyte.Builder) { b.AddBytes(s.by.cert.Raw) })
			})
		})
	})
	return build(func(b *cryptobyte.Builder) {
		sequence(b, func(b *cryptobyte.Builder) {
			b.AddASN1Enum(0)
			b.AddASN1(constructedTag(0), func(b *cryptobyte.Builder) {
				sequence(b, func(b *cryptobyte.Builder) {
					b.AddASN1ObjectIdentifier(oidOCSPBasic)
					b.AddASN1OctetString(basic)
				})
			})
		})
	}), nil
}

func (s *statement) responseData() []byte {
	name, key := sha1.Sum(s.issuer.RawSubject), s.issuer.SubjectKeyId
	return build(func(b *cryptobyte.Builder) {
		sequence(b, func(b *cryptobyte.Builder) {
			b.AddASN1(constructedTag(2), func(b *cryptobyte.Builder) { b.AddASN1OctetString(s.by.keyID) })
			generalizedTime(b, s.producedAt)
			sequence(b, func(b *cryptobyte.Builder) {
				sequence(b, func(b *cryptobyte.Builder) {
					sequence(b, func(b *cryptobyte.Builder) {
						addHashAlgorithm(b, oidSHA1, true)
						b.AddASN1OctetString(name[:])
						b.AddASN1OctetString(key)
						b.AddASN1BigInt(s.serial)
					})
					s.addStatus(b)
					generalizedTime(b, s.thisUpdate)
					if !s.nextUpdate.IsZero() {
						b.AddASN1(constructedTag(0), func(b *cryptobyte.Builder) { generalizedTime(b, s.nextUpdate) })
					}
				})
			})
		})
	})
}

func (s *statement) addStatus(b *cryptobyte.Builder) {
	switch s.status {
	case good:
		b.AddASN1(contextTag(0), func(*cryptobyte.Builder) {})
	case revoked:
		b.AddASN1(constructedTag(1), func(b *cryptobyte.Builder) { generalizedTime(b, s.revokedAt) })
	case unknown:
		b.AddASN1(contextTag(2), func(*cryptobyte.Builder) {})
	}
}

// addHashAlgorithm writes an AlgorithmIdentifier, with the NULL some places of the real structures have.
func addHashAlgorithm(b *cryptobyte.Builder, oid asn1.ObjectIdentifier, null bool) {
	sequence(b, func(b *cryptobyte.Builder) {
		b.AddASN1ObjectIdentifier(oid)
		if null {
			b.AddASN1NULL()
		}
	})
}

func addSignatureAlgorithm(b *cryptobyte.Builder, key crypto.Signer) {
	if _, ok := key.Public().(*ecdsa.PublicKey); ok {
		addHashAlgorithm(b, oidECDSAWithSHA256, false)
		return
	}
	addHashAlgorithm(b, oidSHA256WithRSA, true)
}

func signSHA256(key crypto.Signer, data []byte) ([]byte, error) {
	sum := sha256.Sum256(data)
	return key.Sign(rand.Reader, sum[:], crypto.SHA256)
}

// about starts a statement by a's responder about one of its certificates.
func (a *authority) about(serial *big.Int) *statement {
	return &statement{issuer: a.cert, serial: serial, by: a.responder}
}

// issuance is the answer handed out with an identity: valid exactly as long as the certificate, and produced, like the
// real ones, at the whole minute before.
func (a *authority) issuance(leaf *x509.Certificate) *statement {
	s := a.about(leaf.SerialNumber)
	s.thisUpdate, s.nextUpdate = leaf.NotBefore, leaf.NotAfter
	s.producedAt = leaf.NotBefore.Truncate(time.Minute)
	return s
}

// caOCSPValidity is how long production answers about CA certificates are valid.
const caOCSPValidity = 4 * day

// leafOCSPMargin keeps the end of a live answer about a leaf before the leaf's own: validators that look from the end
// of the answer's window must still see a valid certificate.
const leafOCSPMargin = 30 * time.Second

// live is what the responder says when asked now.
func (a *authority) live(serial *big.Int, now time.Time) *statement {
	now = now.Truncate(time.Second)
	s := a.about(serial)
	s.producedAt, s.thisUpdate, s.nextUpdate = now, now, now.Add(caOCSPValidity)
	r, ok := a.lookup(serial)
	if !ok {
		s.status = unknown
		return s
	}
	if r.leaf {
		s.nextUpdate = r.cert.NotAfter.Add(-leafOCSPMargin)
		if !s.nextUpdate.After(now) {
			s.nextUpdate = r.cert.NotAfter
		}
		if !s.nextUpdate.After(now) { // asked after its end, which real responders answer for a while
			s.nextUpdate = now.Add(time.Minute)
		}
	}
	if !r.revokedAt.IsZero() {
		s.status, s.revokedAt = revoked, r.revokedAt
	}
	return s
}

// revocationList is the authority's CRL at now.
func (a *authority) revocationList(now time.Time, hits hits) ([]byte, error) {
	now = now.Truncate(time.Second)
	t := &x509.RevocationList{
		Number: big.NewInt(now.Unix()), ThisUpdate: now.Add(-time.Hour), NextUpdate: now.Add(7 * day),
		SignatureAlgorithm: signatureAlgorithm(a.key),
	}
	if hits.has(CRLExpired) {
		t.ThisUpdate, t.NextUpdate = now.Add(-8*day), now.Add(-day)
	}
	a.mu.Lock()
	for _, r := range a.issued {
		at := r.revokedAt
		if hits.has(CRLRevoked) && at.IsZero() {
			at = now.Add(-time.Hour)
		}
		if !at.IsZero() {
			t.RevokedCertificateEntries = append(t.RevokedCertificateEntries,
				x509.RevocationListEntry{SerialNumber: r.cert.SerialNumber, RevocationTime: at})
		}
	}
	a.mu.Unlock()
	der, err := x509.CreateRevocationList(rand.Reader, t, a.cert, a.key)
	if err != nil {
		return nil, fmt.Errorf("create CRL: %w", err)
	}
	return der, nil
}
