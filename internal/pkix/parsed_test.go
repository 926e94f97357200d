// SPDX-License-Identifier: Apache-2.0

package pkix

import (
	"bytes"
	"crypto/ed25519"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"testing"
	"time"

	"gsign/internal/limits"
)

func TestParseCertificate(t *testing.T) {
	key := ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))
	made := func(serial int64, name string) []byte {
		now := time.Now()
		der, err := x509.CreateCertificate(nil, &x509.Certificate{
			SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: name}, NotBefore: now, NotAfter: now.Add(time.Hour),
		}, &x509.Certificate{}, key.Public(), key)
		if err != nil {
			t.Fatal(err)
		}
		return der
	}
	der := made(1, "first")
	want := bytes.Clone(der)
	a, err := ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	a.IsCA, a.Raw = true, nil // its own
	der[len(der)-1] ^= 1      // the caller's
	b, err := ParseCertificate(want)
	if err != nil || b.IsCA || !bytes.Equal(b.Raw, want) {
		t.Errorf("the second time: %v, a CA: %v, its own bytes: %v", err, b.IsCA, bytes.Equal(b.Raw, want))
	}
	c, err := ParseCertificate(der) // another signature
	if err != nil || bytes.Equal(c.Signature, b.Signature) || !bytes.Equal(c.Raw, der) {
		t.Errorf("a certificate with one bit changed is taken for the first: %v", err)
	}
	for range 2 {
		if _, err := ParseCertificate(want[1:]); err == nil {
			t.Error("parsed what is no certificate")
		}
	}
	for i := range 2*limits.CertificatesRemembered + 10 {
		other := made(int64(i+2), "other")
		if o, err := ParseCertificate(other); err != nil || o.SerialNumber.Int64() != int64(i+2) {
			t.Fatalf("certificate %d: %v", i, err)
		}
	}
	if n := len(parsed.now) + len(parsed.old); n > 2*limits.CertificatesRemembered {
		t.Errorf("%d certificates are kept", n)
	}
}
