// SPDX-License-Identifier: Apache-2.0

package pkix_test

import (
	"bytes"
	"crypto/x509"
	stdpkix "crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"math/big"
	"testing"
	"time"

	"gsign/internal/limits"
	"gsign/internal/pkix"
	"gsign/internal/pkix/pkixtest"
)

const crlURL = "http://crl.example/ca.crl"

// issuingPoint returns a critical issuingDistributionPoint with these elements.
func issuingPoint(elements ...[]byte) []stdpkix.Extension {
	content := bytes.Join(elements, nil)
	return []stdpkix.Extension{{
		Id: asn1.ObjectIdentifier{2, 5, 29, 28}, Critical: true, Value: append([]byte{0x30, byte(len(content))}, content...),
	}}
}

func fullName(url string) []byte {
	name := append([]byte{0x86, byte(len(url))}, url...)
	name = append([]byte{0xa0, byte(len(name))}, name...)
	return append([]byte{0xa0, byte(len(name))}, name...)
}

var crlFaults = []struct {
	name  string
	check string
	fault func(tb testing.TB, p *pkixtest.PKI, c *pkixtest.CRL)
}{
	{"none", "", func(testing.TB, *pkixtest.PKI, *pkixtest.CRL) {}},
	{"others revoked", "", func(_ testing.TB, _ *pkixtest.PKI, c *pkixtest.CRL) {
		c.Revoked = []x509.RevocationListEntry{{SerialNumber: big.NewInt(4), RevocationTime: now, ReasonCode: 4}}
	}},
	{"for our distribution point", "", func(_ testing.TB, _ *pkixtest.PKI, c *pkixtest.CRL) { c.Extensions = issuingPoint(fullName(crlURL)) }},
	{"for end entities", "", func(_ testing.TB, _ *pkixtest.PKI, c *pkixtest.CRL) {
		c.Extensions = issuingPoint([]byte{0x81, 1, 0xff})
	}},
	{"unknown extension, not critical", "", func(_ testing.TB, _ *pkixtest.PKI, c *pkixtest.CRL) {
		c.Extensions = []stdpkix.Extension{{Id: unknownOID, Value: []byte{5, 0}}}
	}},
	{"another CA's", "F11", func(_ testing.TB, p *pkixtest.PKI, c *pkixtest.CRL) { c.Issuer = p.TSACA }},
	{"signed by an impostor", "F11", func(tb testing.TB, p *pkixtest.PKI, c *pkixtest.CRL) {
		same := func(t *x509.Certificate) { t.RawSubject = p.CA.Certificate.RawSubject }
		c.Issuer = pkixtest.Root(tb, "TEST impostor", now, now.Add(time.Hour), same)
	}},
	{"delta", "F11", func(_ testing.TB, _ *pkixtest.PKI, c *pkixtest.CRL) {
		c.Extensions = []stdpkix.Extension{{Id: asn1.ObjectIdentifier{2, 5, 29, 27}, Critical: true, Value: []byte{2, 1, 1}}}
	}},
	{"unknown critical extension", "F11", func(_ testing.TB, _ *pkixtest.PKI, c *pkixtest.CRL) {
		c.Extensions = []stdpkix.Extension{{Id: unknownOID, Critical: true, Value: []byte{5, 0}}}
	}},
	{"for another distribution point", "F11", func(_ testing.TB, _ *pkixtest.PKI, c *pkixtest.CRL) {
		c.Extensions = issuingPoint(fullName("http://crl.example/other.crl"))
	}},
	{"for a point relative to the issuer", "F11", func(_ testing.TB, _ *pkixtest.PKI, c *pkixtest.CRL) {
		c.Extensions = issuingPoint([]byte{0xa0, 2, 0xa1, 0})
	}},
	{"for CAs", "F11", func(_ testing.TB, _ *pkixtest.PKI, c *pkixtest.CRL) {
		c.Extensions = issuingPoint([]byte{0x82, 1, 0xff})
	}},
	{"for attribute certificates", "F11", func(_ testing.TB, _ *pkixtest.PKI, c *pkixtest.CRL) {
		c.Extensions = issuingPoint([]byte{0x85, 1, 0xff})
	}},
	{"for some reasons", "F11", func(_ testing.TB, _ *pkixtest.PKI, c *pkixtest.CRL) {
		c.Extensions = issuingPoint([]byte{0x83, 2, 1, 0x40})
	}},
	{"indirect", "F11", func(_ testing.TB, _ *pkixtest.PKI, c *pkixtest.CRL) {
		c.Extensions = issuingPoint([]byte{0x84, 1, 0xff})
	}},
	{"entry of another issuer", "F11", func(_ testing.TB, _ *pkixtest.PKI, c *pkixtest.CRL) {
		c.Revoked = []x509.RevocationListEntry{{SerialNumber: big.NewInt(4), RevocationTime: now, ExtraExtensions: []stdpkix.Extension{
			{Id: asn1.ObjectIdentifier{2, 5, 29, 29}, Critical: true, Value: []byte{0x30, 0}},
		}}}
	}},
	{"from the future", "F5", func(_ testing.TB, _ *pkixtest.PKI, c *pkixtest.CRL) {
		c.ThisUpdate = now.Add(limits.ClockSkew + time.Second)
	}},
	{"stale", "F5", func(_ testing.TB, _ *pkixtest.PKI, c *pkixtest.CRL) {
		c.ThisUpdate, c.NextUpdate = now.Add(-time.Hour), now.Add(-limits.ClockSkew-time.Second)
	}},
	{"older than the certificate", "F6", func(_ testing.TB, _ *pkixtest.PKI, c *pkixtest.CRL) { c.ThisUpdate = now.Add(-time.Second) }},
}

func goodCRL(p *pkixtest.PKI) pkixtest.CRL {
	return pkixtest.CRL{Issuer: p.CA, Number: 12, ThisUpdate: now, NextUpdate: now.Add(24 * time.Hour)}
}

func TestCheckCRL(t *testing.T) {
	p := pkixtest.New(t, now, pkixtest.URLs("", crlURL, ""))
	for _, tt := range crlFaults {
		t.Run(tt.name, func(t *testing.T) {
			c := goodCRL(p)
			tt.fault(t, p, &c)
			l, err := pkix.CheckCRL(c.Marshal(t), p.Leaf.Certificate, p.CA.Certificate, now)
			expect(t, tt.check, err)
			if (l == nil) == (err == nil) {
				t.Errorf("list %v with error %v", l, err)
			}
			if err == nil && (l.Number.Int64() != 12 || !l.ThisUpdate.Equal(now) || !l.NextUpdate.Equal(now.Add(24*time.Hour))) {
				t.Errorf("number %s, %s to %s", l.Number, l.ThisUpdate, l.NextUpdate)
			}
		})
	}
}

func TestCheckCRLRevoked(t *testing.T) {
	p := pkixtest.New(t, now)
	c := goodCRL(p)
	for i := range 500 {
		c.Revoked = append(c.Revoked, x509.RevocationListEntry{SerialNumber: big.NewInt(int64(i + 1)), RevocationTime: now, ReasonCode: 1})
	}
	c.Revoked = append(c.Revoked, x509.RevocationListEntry{SerialNumber: p.Leaf.Certificate.SerialNumber, RevocationTime: now.Add(-time.Minute), ReasonCode: 5})
	l, err := pkix.CheckCRL(c.Marshal(t), p.Leaf.Certificate, p.CA.Certificate, now)
	var revoked *pkix.RevokedError
	if !errors.As(err, &revoked) || !revoked.At.Equal(now.Add(-time.Minute)) || revoked.Reason != 5 || revoked.Source != "CRL" || l == nil {
		t.Errorf("got %v and %v", l, err)
	}
}

func TestCheckCRLIssuerMayNotSign(t *testing.T) {
	p := pkixtest.New(t, now)
	ca := p.Root.CA(t, "TEST CA without CRLs", now, now.Add(time.Hour), func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageCertSign })
	signer := &pkixtest.Entity{Certificate: mayAlsoSignCRLs(ca.Certificate), Key: ca.Key}
	leaf := ca.Leaf(t, "TEST signer", pkixtest.ECKey(t, "TEST signer"), now, now.Add(time.Minute))
	c := goodCRL(p)
	c.Issuer = signer
	_, err := pkix.CheckCRL(c.Marshal(t), leaf.Certificate, ca.Certificate, now)
	expect(t, "F11", err)
}

// mayAlsoSignCRLs makes x509.CreateRevocationList accept the certificate.
func mayAlsoSignCRLs(c *x509.Certificate) *x509.Certificate {
	other := *c
	other.KeyUsage |= x509.KeyUsageCRLSign
	return &other
}

func TestCheckCRLAfterExpiry(t *testing.T) {
	p := pkixtest.New(t, now)
	c := goodCRL(p)
	c.ThisUpdate = p.Leaf.Certificate.NotAfter.Add(time.Hour)
	_, err := pkix.CheckCRL(c.Marshal(t), p.Leaf.Certificate, p.CA.Certificate, time.Time{})
	expect(t, "F7", err)
	c.Extensions = []stdpkix.Extension{{Id: asn1.ObjectIdentifier{2, 5, 29, 60}, Value: generalized(t, now)}}
	_, err = pkix.CheckCRL(c.Marshal(t), p.Leaf.Certificate, p.CA.Certificate, time.Time{})
	expect(t, "", err)
}

func TestCheckCRLDamaged(t *testing.T) {
	p := pkixtest.New(t, now)
	der := goodCRL(p).Marshal(t)
	for _, b := range [][]byte{nil, der[:len(der)-1], append(bytes.Clone(der), 0), make([]byte, limits.MaxCRL+1)} {
		_, err := pkix.CheckCRL(b, p.Leaf.Certificate, p.CA.Certificate, now)
		expect(t, "F11", err)
	}
}

func FuzzCheckCRL(f *testing.F) {
	p := pkixtest.New(f, now, pkixtest.URLs("", crlURL, ""))
	for _, tt := range crlFaults {
		c := goodCRL(p)
		tt.fault(f, p, &c)
		f.Add(c.Marshal(f))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		l, err := pkix.CheckCRL(b, p.Leaf.Certificate, p.CA.Certificate, now)
		if err == nil && l.ThisUpdate.IsZero() {
			t.Error("good without time")
		}
		u := pkix.ParseCRL(b) // as a verifier reads what it finds in a file
		_, _ = u.Issuer()
		old, err := u.CheckOld(p.Leaf.Certificate, p.CA.Certificate)
		if err == nil && old.ThisUpdate.IsZero() {
			t.Error("good without time, whenever it was")
		}
	})
}
