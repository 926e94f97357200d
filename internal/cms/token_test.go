// SPDX-License-Identifier: Apache-2.0

package cms_test

import (
	"bytes"
	"crypto"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"math/big"
	"testing"
	"time"

	"gsign/internal/cms"
	"gsign/internal/pkix/pkixtest"
)

var (
	stamped     = sha256.Sum256([]byte("a signature value"))
	timeStamps  = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 3, 8}
	codeSigning = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 3, 3}
)

var tokenFaults = []struct {
	name  string
	check string
	fault func(tb testing.TB, p *pkixtest.PKI, tk *pkixtest.Token)
}{
	{"none", "", func(testing.TB, *pkixtest.PKI, *pkixtest.Token) {}},
	{"ESSCertID version 1", "", func(_ testing.TB, _ *pkixtest.PKI, tk *pkixtest.Token) { tk.ESSv1 = true }},
	{"nonce", "", func(_ testing.TB, _ *pkixtest.PKI, tk *pkixtest.Token) { tk.Nonce = big.NewInt(77) }},
	{"imprint of something else", "C2", func(_ testing.TB, _ *pkixtest.PKI, tk *pkixtest.Token) {
		tk.Imprint = digestOf(crypto.SHA256, []byte("another signature"))
	}},
	{"imprint of another hash", "C2", func(_ testing.TB, _ *pkixtest.PKI, tk *pkixtest.Token) {
		tk.Hash, tk.Imprint = crypto.SHA512, digestOf(crypto.SHA512, []byte("a signature value"))
	}},
	{"imprint of the wrong length", "C4", func(_ testing.TB, _ *pkixtest.PKI, tk *pkixtest.Token) { tk.Imprint = stamped[:31] }},
	{"content type data", "C4", func(_ testing.TB, _ *pkixtest.PKI, tk *pkixtest.Token) {
		tk.Mutate = func(s *pkixtest.SignedData) { s.ContentType = pkixtest.IDData }
	}},
	{"content-type attribute data", "C4", func(_ testing.TB, _ *pkixtest.PKI, tk *pkixtest.Token) {
		tk.Mutate = func(s *pkixtest.SignedData) { s.Attributes[0] = pkixtest.ContentType(pkixtest.IDData) }
	}},
	{"detached", "C4", func(_ testing.TB, _ *pkixtest.PKI, tk *pkixtest.Token) {
		tk.Mutate = func(s *pkixtest.SignedData) { s.Content = nil }
	}},
	{"two signers", "A3", func(_ testing.TB, _ *pkixtest.PKI, tk *pkixtest.Token) {
		tk.Mutate = func(s *pkixtest.SignedData) { s.Signers = 2 }
	}},
	{"signature altered", "C4", func(_ testing.TB, _ *pkixtest.PKI, tk *pkixtest.Token) {
		tk.Mutate = func(s *pkixtest.SignedData) { s.Break = true }
	}},
	{"TSTInfo altered", "C4", func(_ testing.TB, _ *pkixtest.PKI, tk *pkixtest.Token) {
		tk.Mutate = func(s *pkixtest.SignedData) {
			s.Content = bytes.Replace(s.Content, []byte("20260304"), []byte("20260305"), 1)
		}
	}},
	{"TSTInfo of version 2", "C4", func(_ testing.TB, _ *pkixtest.PKI, tk *pkixtest.Token) {
		tk.MutateInfo = func(b []byte) []byte { b[4] = 2; return b }
	}},
	{"bytes after TSTInfo", "C4", func(_ testing.TB, _ *pkixtest.PKI, tk *pkixtest.Token) {
		tk.MutateInfo = func(b []byte) []byte { return append(b, 5, 0) }
	}},
	{"genTime not in UTC", "C4", func(_ testing.TB, _ *pkixtest.PKI, tk *pkixtest.Token) {
		tk.MutateInfo = func(b []byte) []byte { return bytes.Replace(b, []byte("050607Z"), []byte("0506070"), 1) }
	}},
	{"no signing-certificate", "C4", func(_ testing.TB, _ *pkixtest.PKI, tk *pkixtest.Token) {
		tk.Mutate = func(s *pkixtest.SignedData) { s.Attributes = s.Attributes[:2] }
	}},
	{"signing-certificate of another", "C4", func(_ testing.TB, p *pkixtest.PKI, tk *pkixtest.Token) {
		tk.Mutate = func(s *pkixtest.SignedData) { s.Attributes[2] = pkixtest.SigningCertificate(p.TSACA.Certificate) }
	}},
	{"certificate absent", "C4", func(_ testing.TB, _ *pkixtest.PKI, tk *pkixtest.Token) { tk.Certificates = []*x509.Certificate{} }},
	{"EKU not critical", "C5", withTSA(pkixtest.EKU(false, timeStamps))},
	{"EKU with another purpose", "C5", withTSA(pkixtest.EKU(true, timeStamps, codeSigning))},
	{"EKU for something else", "C5", withTSA(pkixtest.EKU(true, codeSigning))},
	{"no EKU", "C5", withTSA(pkixtest.EKU(true))},
	{"stamped before the certificate", "C5", func(_ testing.TB, p *pkixtest.PKI, tk *pkixtest.Token) {
		tk.GenTime = p.TSA.Certificate.NotBefore.Add(-time.Second)
	}},
	{"stamped after the certificate", "C5", func(_ testing.TB, p *pkixtest.PKI, tk *pkixtest.Token) {
		tk.GenTime = p.TSA.Certificate.NotAfter.Add(time.Second)
	}},
}

func withTSA(o pkixtest.Option) func(testing.TB, *pkixtest.PKI, *pkixtest.Token) {
	return func(tb testing.TB, p *pkixtest.PKI, tk *pkixtest.Token) {
		tb.Helper()
		tk.TSA = p.TSACA.TSA(tb, "TEST odd authority", pkixtest.ECKey(tb, "TEST odd authority"), now.Add(-time.Hour), now.Add(time.Hour), o)
	}
}

func TestTokenVerify(t *testing.T) {
	p := pkixtest.New(t, now)
	for _, tt := range tokenFaults {
		t.Run(tt.name, func(t *testing.T) {
			made := pkixtest.Token{TSA: p.TSA, Hash: crypto.SHA256, Imprint: stamped[:], GenTime: now}
			tt.fault(t, p, &made)
			expect(t, tt.check, func() error {
				tk, err := cms.ParseToken(made.Marshal(t))
				if err != nil {
					return err
				}
				return tk.Verify(crypto.SHA256, stamped[:], nil)
			}())
		})
	}
}

func TestTokenFields(t *testing.T) {
	p := pkixtest.New(t, now)
	made := pkixtest.Token{
		TSA: p.TSA, Hash: crypto.SHA256, Imprint: stamped[:], GenTime: now, Accuracy: 2, Nonce: big.NewInt(-5),
		Certificates: []*x509.Certificate{},
		MutateInfo: func(b []byte) []byte { // a fraction of a second, as encoding/asn1 does not write it
			b = bytes.Replace(b, []byte("\x18\x0f20260304050607Z"), []byte("\x18\x1320260304050607.125Z"), 1)
			b[1] += 4
			return b
		},
	}
	tk, err := cms.ParseToken(made.Marshal(t))
	if err != nil {
		t.Fatal(err)
	}
	if want := now.Add(125 * time.Millisecond); !tk.GenTime.Equal(want) {
		t.Errorf("genTime %s, want %s", tk.GenTime, want)
	}
	if tk.Accuracy != 2*time.Second || tk.Nonce.Int64() != -5 || tk.Hash != crypto.SHA256 || tk.TSA != nil || tk.Policy.String() != "1.3.6.1.4.1.4146.1.31" {
		t.Errorf("accuracy %s, nonce %s, hash %v, TSA %v, policy %v", tk.Accuracy, tk.Nonce, tk.Hash, tk.TSA, tk.Policy)
	}
	if err := tk.Verify(crypto.SHA256, stamped[:], []*x509.Certificate{nil, p.CA.Certificate, p.TSA.Certificate}); err != nil {
		t.Error(err)
	}
	if tk.TSA == nil || !tk.TSA.Equal(p.TSA.Certificate) {
		t.Error("TSA not found among the extra certificates")
	}
}

// TestTokenWithBoth reads a token with signing-certificate and signing-certificate-v2, as RFC 5816 section 2.2.1 permits.
func TestTokenWithBoth(t *testing.T) {
	at := time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)
	p := pkixtest.New(t, at)
	sum := sha256.Sum256([]byte("signed"))
	for other, want := range map[*pkixtest.Entity]bool{p.TSA: true, p.Leaf: false} {
		der := pkixtest.Token{TSA: p.TSA, Hash: crypto.SHA256, Imprint: sum[:], GenTime: at, ESSv1: true, Mutate: func(s *pkixtest.SignedData) {
			s.Attributes = append(s.Attributes, pkixtest.SigningCertificateV2(crypto.SHA256, other.Certificate))
		}}.Marshal(t)
		token, err := cms.ParseToken(der)
		if err == nil {
			err = token.Verify(crypto.SHA256, sum[:], nil)
		}
		if (err == nil) != want {
			t.Errorf("it names %s as well: %v", other.Certificate.Subject, err)
		}
	}
}

func FuzzParseToken(f *testing.F) {
	p := pkixtest.New(f, now)
	for _, tt := range tokenFaults {
		made := pkixtest.Token{TSA: p.TSA, Hash: crypto.SHA256, Imprint: stamped[:], GenTime: now, Accuracy: 1}
		tt.fault(f, p, &made)
		f.Add(made.Marshal(f))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		tk, err := cms.ParseToken(b)
		if err != nil {
			return
		}
		_ = tk.Verify(tk.Hash, tk.Imprint, p.TSAChain())
		if tk.GenTime.IsZero() || tk.SerialNumber == nil {
			t.Error("token without time or serial number")
		}
	})
}
