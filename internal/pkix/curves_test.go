// SPDX-License-Identifier: Apache-2.0

package pkix

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// brainpoolCertificates are by OpenSSL: for each curve a root with a key on it and a certificate below, and one of a curve that is
// not computed with.
func brainpoolCertificates(tb testing.TB) [][]byte {
	tb.Helper()
	return certificatesOf(tb, "brainpool.pem", 13)
}

func certificatesOf(tb testing.TB, name string, count int) [][]byte {
	tb.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		tb.Fatal(err)
	}
	var all [][]byte
	for block, rest := pem.Decode(b); block != nil; block, rest = pem.Decode(rest) {
		all = append(all, block.Bytes)
	}
	if len(all) != count {
		tb.Fatalf("%d certificates", len(all))
	}
	return all
}

// TestBoundKey: what a key that is bound to RSASSA-PSS signed is verified, which crypto/x509 does not. The certificates are by OpenSSL.
func TestBoundKey(t *testing.T) {
	var certs []*x509.Certificate
	for _, der := range certificatesOf(t, "pss-key.pem", 2) {
		c, err := ParseCertificate(der)
		if err != nil {
			t.Fatal(err)
		}
		certs = append(certs, c)
	}
	if err := IssuedBy(certs[1], certs[0]); err != nil || !SelfSigned(certs[0]) {
		t.Errorf("self-signed is %v, issued: %v", SelfSigned(certs[0]), err)
	}
	forged := bytes.Clone(certs[1].Raw)
	forged[len(forged)-1] ^= 1
	c, err := ParseCertificate(forged)
	if err != nil || IssuedBy(c, certs[0]) == nil {
		t.Errorf("forged: %v", err)
	}
}

func TestCurves(t *testing.T) {
	all := brainpoolCertificates(t)
	for i := 0; i+1 < len(all); i += 2 {
		root, err := ParseCertificate(all[i])
		if err != nil {
			t.Fatal(err)
		}
		key, ok := PublicKey(root).(*ecdsa.PublicKey)
		if !ok || !strings.HasSuffix(Name(root), "CN=TEST "+key.Curve.Params().Name+",O=TEST") {
			t.Fatalf("%s: key %T", Name(root), PublicKey(root))
		}
		if !bytes.Equal(root.Raw, all[i]) || !bytes.Contains(root.RawTBSCertificate, root.RawSubjectPublicKeyInfo) || !bytes.Contains(all[i], root.RawTBSCertificate) {
			t.Errorf("%s: not the bytes of the certificate", Name(root))
		}
		if !SelfSigned(root) {
			t.Errorf("%s is self-signed", Name(root))
		}
		leaf, err := ParseCertificate(all[i+1])
		if err != nil {
			t.Fatal(err)
		}
		if err := IssuedBy(leaf, root); err != nil {
			t.Errorf("%s: %v", Name(leaf), err)
		}
		chain, err := BuildChain(leaf, []*x509.Certificate{root})
		if err != nil || !chain.Complete || len(chain.Certificates) != 2 {
			t.Errorf("%s: %v %v", Name(leaf), err, chain.Problem)
		}
		forged := bytes.Clone(all[i+1])
		forged[len(forged)-1] ^= 1
		leaf, err = ParseCertificate(forged)
		if err != nil {
			t.Fatal(err)
		}
		if IssuedBy(leaf, root) == nil {
			t.Errorf("%s: forged", Name(leaf))
		}
	}
	_, err := ParseCertificate(all[12])
	var unknown *UnknownCurveError
	if !errors.As(err, &unknown) || unknown.Name != "brainpoolP320r1" {
		t.Errorf("brainpoolP320r1: %v", err)
	}
}

// TestPointOffCurve: a key that is no point of its curve is no key.
func TestPointOffCurve(t *testing.T) {
	der := bytes.Clone(brainpoolCertificates(t)[0])
	_, spki, _, ok := findKey(der)
	if !ok {
		t.Fatal("no key found")
	}
	der[spki[1]-1] ^= 1
	c, err := ParseCertificate(der)
	if err == nil {
		t.Errorf("read %s", Name(c))
	}
}

// FuzzCurves reads certificates with keys on curves that crypto/x509 does not know. What is read is what the bytes say.
func FuzzCurves(f *testing.F) {
	for _, der := range brainpoolCertificates(f) {
		f.Add(der)
	}
	digest := sha256.Sum256([]byte("x"))
	f.Fuzz(func(t *testing.T, der []byte) {
		c, err := parseCertificate(der)
		if err != nil {
			return
		}
		if !bytes.Equal(c.Raw, der) || !bytes.Contains(der, c.RawTBSCertificate) || !bytes.Contains(c.RawTBSCertificate, c.RawSubjectPublicKeyInfo) {
			t.Error("not the bytes of the certificate")
		}
		if foreign(c) {
			_ = SelfSigned(c)
			_ = VerifySignature(PublicKey(c), CertificateAlgorithm(c), 0, digest[:], c.Signature)
		}
	})
}

// TestCurveForAlgorithm has the name of a curve where that of a signature algorithm belongs: that is wrong, and not unknown.
func TestCurveForAlgorithm(t *testing.T) {
	for unknown, ids := range map[bool][]asn1.ObjectIdentifier{
		false: {{1, 2, 840, 10045, 3, 1, 7}, {1, 3, 132, 0, 34}, {1, 3, 132, 0, 35}},
		true:  {{1, 3, 6, 1, 4, 1, 99999, 1}},
	} {
		for _, id := range ids {
			err := VerifySignature(nil, Algorithm{OID: id}, crypto.SHA256, nil, nil)
			if err == nil || errors.Is(err, ErrUnknownAlgorithm) != unknown {
				t.Errorf("%v: %v", id, err)
			}
		}
	}
}
