// SPDX-License-Identifier: Apache-2.0

package pkix

import (
	"crypto/x509"
	"time"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// SerialNumbers returns those of the certificates that the response is about, as content of the INTEGER, and the
// certificates that it carries. Nothing is checked: it is for finding the response among many.
func (u *UncheckedOCSP) SerialNumbers() ([][]byte, []*x509.Certificate, error) {
	if u.err != nil {
		return nil, nil, u.err
	}
	var all [][]byte
	for i := range u.basic.singles {
		all = append(all, u.basic.singles[i].serial)
	}
	return all, u.basic.certs, nil
}

// SerialNumber returns that of a certificate as content of the INTEGER.
func SerialNumber(c *x509.Certificate) []byte {
	b := cryptobyte.NewBuilder(nil)
	b.AddASN1BigInt(c.SerialNumber)
	der, err := b.Bytes()
	s := cryptobyte.String(der)
	var content cryptobyte.String
	if err != nil || !s.ReadASN1(&content, cbasn1.INTEGER) {
		return nil
	}
	return content
}

// WrapOCSP makes an OCSPResponse of a BasicOCSPResponse (RFC 6960 section 4.2.1), which is what the revocation-values
// attribute holds.
func WrapOCSP(basic []byte) ([]byte, error) {
	b := cryptobyte.NewBuilder(nil)
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1(cbasn1.ENUM, func(b *cryptobyte.Builder) { b.AddUint8(0) })
		b.AddASN1(explicit(0), func(b *cryptobyte.Builder) {
			b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
				b.AddASN1ObjectIdentifier(oidOCSPBasic)
				b.AddASN1OctetString(basic)
			})
		})
	})
	return b.Bytes()
}

// OCSPFacts are what an OCSP response says, nothing of it checked.
type OCSPFacts struct {
	ProducedAt time.Time
	Algorithm  Algorithm
	Answers    []OCSPAnswer
}

// OCSPAnswer is what a response says about one certificate.
type OCSPAnswer struct {
	Serial                 []byte // content of the INTEGER
	Status                 string // "good", "revoked", "unknown"
	ThisUpdate, NextUpdate time.Time
	RevokedAt              time.Time
}

// Facts returns what the response says.
func (u *UncheckedOCSP) Facts() (*OCSPFacts, error) {
	if u.err != nil {
		return nil, u.err
	}
	f := &OCSPFacts{ProducedAt: u.basic.producedAt, Algorithm: u.basic.algorithm}
	for i := range u.basic.singles {
		s := &u.basic.singles[i]
		status := [...]string{"good", "revoked", "unknown"}[min(max(s.status, 0), 2)]
		f.Answers = append(f.Answers, OCSPAnswer{s.serial, status, s.thisUpdate, s.nextUpdate, s.revokedAt})
	}
	return f, nil
}
