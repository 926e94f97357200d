// SPDX-License-Identifier: Apache-2.0

package cms_test

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"gsign/internal/cms"
	"gsign/internal/pkix/pkixtest"
)

// Each entry has one fault and names the requirement that catches it; "" is none.
var signatureFaults = []struct {
	name  string
	check string
	fault func(tb testing.TB, p *pkixtest.PKI, s *pkixtest.SignedData)
}{
	{"none", "", func(testing.TB, *pkixtest.PKI, *pkixtest.SignedData) {}},
	{"version 1 of signing-certificate", "", func(_ testing.TB, p *pkixtest.PKI, s *pkixtest.SignedData) {
		s.Attributes[2] = pkixtest.SigningCertificate(p.Leaf.Certificate)
	}},
	{"attributes signed in another order", "B14", func(_ testing.TB, _ *pkixtest.PKI, s *pkixtest.SignedData) {
		s.Attributes[0], s.Attributes[2], s.KeepOrder = s.Attributes[2], s.Attributes[0], true
	}},
	{"attributes written in another order than signed", "", func(tb testing.TB, p *pkixtest.PKI, s *pkixtest.SignedData) {
		signSorted(tb, p, s)
		s.Attributes[0], s.Attributes[2], s.KeepOrder = s.Attributes[2], s.Attributes[0], true
	}},
	{"algorithm protection of SHA-512", "B10", func(_ testing.TB, _ *pkixtest.PKI, s *pkixtest.SignedData) {
		s.Attributes = append(s.Attributes, protection(3, 11))
	}},
	{"algorithm protection of another signature algorithm", "B10", func(_ testing.TB, _ *pkixtest.PKI, s *pkixtest.SignedData) {
		s.Attributes = append(s.Attributes, protection(1, 12))
	}},
	{"right algorithm protection", "", func(_ testing.TB, _ *pkixtest.PKI, s *pkixtest.SignedData) {
		s.Attributes = append(s.Attributes, protection(1, 11))
	}},
	{"content inside", "A3", func(_ testing.TB, _ *pkixtest.PKI, s *pkixtest.SignedData) { s.Content = content }},
	{"two signers", "A3", func(_ testing.TB, _ *pkixtest.PKI, s *pkixtest.SignedData) { s.Signers = 2 }},
	{"no signer", "A3", func(_ testing.TB, _ *pkixtest.PKI, s *pkixtest.SignedData) { s.Signers = -1 }},
	{"bytes after the end", "A3", func(_ testing.TB, _ *pkixtest.PKI, s *pkixtest.SignedData) { s.Trailing = []byte{5, 0} }},
	{"signer's certificate absent", "B1", func(_ testing.TB, p *pkixtest.PKI, s *pkixtest.SignedData) {
		s.Certificates = []*x509.Certificate{p.CA.Certificate}
	}},
	{"content type not data", "B2", func(_ testing.TB, _ *pkixtest.PKI, s *pkixtest.SignedData) { s.ContentType = pkixtest.IDTSTInfo }},
	{"content-type attribute not data", "B2", func(_ testing.TB, _ *pkixtest.PKI, s *pkixtest.SignedData) {
		s.Attributes[0] = pkixtest.ContentType(pkixtest.IDTSTInfo)
	}},
	{"no content-type attribute", "B2", func(_ testing.TB, _ *pkixtest.PKI, s *pkixtest.SignedData) { s.Attributes = s.Attributes[1:] }},
	{"message digest of other content", "B3", func(_ testing.TB, _ *pkixtest.PKI, s *pkixtest.SignedData) {
		s.Attributes[1] = pkixtest.MessageDigest(digestOf(crypto.SHA256, []byte("other")))
	}},
	{"message digest cut", "B3", func(_ testing.TB, _ *pkixtest.PKI, s *pkixtest.SignedData) {
		s.Attributes[1] = pkixtest.MessageDigest(digestOf(crypto.SHA256, content)[:16])
	}},
	{"no message digest", "B11", func(_ testing.TB, _ *pkixtest.PKI, s *pkixtest.SignedData) {
		s.Attributes = [][]byte{s.Attributes[0], s.Attributes[2]}
	}},
	{"no signing-certificate", "B4", func(_ testing.TB, _ *pkixtest.PKI, s *pkixtest.SignedData) { s.Attributes = s.Attributes[:2] }},
	{"both signing-certificates", "B4", func(_ testing.TB, p *pkixtest.PKI, s *pkixtest.SignedData) {
		s.Attributes = append(s.Attributes, pkixtest.SigningCertificate(p.Leaf.Certificate))
	}},
	{"signing-certificate of another", "B5", func(_ testing.TB, p *pkixtest.PKI, s *pkixtest.SignedData) {
		s.Attributes[2] = pkixtest.SigningCertificateV2(crypto.SHA256, p.CA.Certificate)
	}},
	{"signing-certificate malformed", "B5", func(_ testing.TB, _ *pkixtest.PKI, s *pkixtest.SignedData) {
		s.Attributes[2] = pkixtest.Attribute(pkixtest.IDSigningCertificateV2, []byte{0x30, 0})
	}},
	{"attribute twice", "B11", func(_ testing.TB, _ *pkixtest.PKI, s *pkixtest.SignedData) {
		s.Attributes = append(s.Attributes, pkixtest.MessageDigest(digestOf(crypto.SHA256, []byte("other"))))
	}},
	{"attribute with two values", "B11", func(_ testing.TB, _ *pkixtest.PKI, s *pkixtest.SignedData) {
		value := append([]byte{4, 32}, digestOf(crypto.SHA256, content)...)
		s.Attributes[1] = pkixtest.Attribute(pkixtest.IDMessageDigest, value, value)
	}},
	{"attribute without values", "B11", func(_ testing.TB, _ *pkixtest.PKI, s *pkixtest.SignedData) {
		s.Attributes = append(s.Attributes, pkixtest.Attribute(asn1.ObjectIdentifier{1, 2, 3}))
	}},
	{"no signed attributes", "B11", func(_ testing.TB, _ *pkixtest.PKI, s *pkixtest.SignedData) { s.NoAttributes = true }},
	{"signature altered", "B14", func(_ testing.TB, _ *pkixtest.PKI, s *pkixtest.SignedData) { s.Break = true }},
	{"SHA-1", "B15", func(_ testing.TB, _ *pkixtest.PKI, s *pkixtest.SignedData) {
		s.Hash, s.SHA1 = crypto.SHA1, true
		s.Attributes[1] = pkixtest.MessageDigest(digestOf(crypto.SHA1, content))
	}},
	{"digest and signature algorithm differ", "B14", func(_ testing.TB, _ *pkixtest.PKI, s *pkixtest.SignedData) {
		s.Hash = crypto.SHA512 // the signature stays with SHA-256
		s.Attributes[1] = pkixtest.MessageDigest(digestOf(crypto.SHA512, content))
	}},
}

func good(p *pkixtest.PKI) pkixtest.SignedData {
	return pkixtest.SignedData{
		Signer:       p.Leaf,
		Certificates: p.Chain(),
		Attributes: [][]byte{
			pkixtest.ContentType(pkixtest.IDData),
			pkixtest.MessageDigest(digestOf(crypto.SHA256, content)),
			pkixtest.SigningCertificateV2(crypto.SHA256, p.Leaf.Certificate),
		},
	}
}

// signSorted makes the signature over the DER encoding, however the attributes are written.
func signSorted(tb testing.TB, p *pkixtest.PKI, s *pkixtest.SignedData) {
	all := slices.Clone(s.Attributes)
	slices.SortFunc(all, bytes.Compare)
	set := append([]byte{0x31, 0x81, byte(len(bytes.Join(all, nil)))}, bytes.Join(all, nil)...)
	s.Sign = func([]byte) (pkix.AlgorithmIdentifier, []byte) {
		sig, err := p.Leaf.Key.Sign(nil, digestOf(crypto.SHA256, set), crypto.SHA256)
		if err != nil {
			tb.Fatal(err)
		}
		return pkix.AlgorithmIdentifier{Algorithm: asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 11}, Parameters: asn1.NullRawValue}, sig
	}
}

// protection is cms-algorithm-protection of a hash function of the SHA-2 family and an algorithm of PKCS #1.
func protection(hash, signature byte) []byte {
	return pkixtest.Attribute(cms.OIDAlgorithmProtection, append([]byte{0x30, 26, 0x30, 11, 6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, hash, 0xa1, 11},
		6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 13, 1, 1, signature))
}

func TestVerify(t *testing.T) {
	p := pkixtest.New(t, now)
	for _, tt := range signatureFaults {
		t.Run(tt.name, func(t *testing.T) {
			s := good(p)
			tt.fault(t, p, &s)
			expect(t, tt.check, func() error {
				sd, err := cms.Parse(s.Marshal(t))
				if err != nil {
					return err
				}
				return sd.Verify(digest)
			}())
		})
	}
}

// TestVerifyUnreadableSigner: a negative serial number, which crypto/x509 refuses, is told as the reason.
func TestVerifyUnreadableSigner(t *testing.T) {
	p := pkixtest.New(t, now)
	der := good(p).Marshal(t)
	serial := append([]byte{2, 16}, p.Leaf.Certificate.SerialNumber.FillBytes(make([]byte, 16))...)
	if n := bytes.Count(der, serial); n != 2 {
		t.Fatalf("serial number found %d times", n)
	}
	serial[2] |= 0x80
	der = bytes.Replace(der, append([]byte{2, 16}, p.Leaf.Certificate.SerialNumber.FillBytes(make([]byte, 16))...), serial, 1)
	sd, err := cms.Parse(der)
	if err != nil {
		t.Fatal(err)
	}
	err = sd.Verify(digest)
	if !fails(err, "B1") || sd.Unreadable != 1 || !strings.Contains(err.Error(), "negative serial number") {
		t.Errorf("%d unreadable: %v", sd.Unreadable, err)
	}
}

// B15: a signature that verifies with a key below what is accepted says so.
func TestVerifyWeakKey(t *testing.T) {
	p := pkixtest.New(t, now)
	for name, weak := range weakKeys(t) {
		s := good(p)
		s.Signer = p.CA.Leaf(t, "TEST weak", weak, now, now.Add(time.Minute))
		s.Certificates = []*x509.Certificate{s.Signer.Certificate}
		s.Attributes[2] = pkixtest.SigningCertificateV2(crypto.SHA256, s.Signer.Certificate)
		sd, err := cms.Parse(s.Marshal(t))
		if err != nil {
			t.Fatal(err)
		}
		if err := sd.Verify(digest); !fails(err, "B15") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func expect(t *testing.T, check string, err error) {
	t.Helper()
	if check == "" && err != nil || check != "" && !fails(err, check) {
		t.Errorf("got %v, want %q", err, check)
	}
}

func TestVerifyOfUnreadableContent(t *testing.T) {
	p := pkixtest.New(t, now)
	sd, err := cms.Parse(good(p).Marshal(t))
	if err != nil {
		t.Fatal(err)
	}
	disk := errors.New("disk on fire")
	err = sd.Verify(func(crypto.Hash) ([]byte, error) { return nil, disk })
	var e *cms.Error
	if !errors.Is(err, disk) || errors.As(err, &e) {
		t.Errorf("a bad machine is not a bad signature: %v", err)
	}
}

func TestDeviations(t *testing.T) {
	p := pkixtest.New(t, now)
	sequence := func(parts ...[]byte) []byte { return element(t, 0, asn1.TagSequence, parts...) }
	sha256ID := []byte{0x30, 11, 6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1}
	hash := append([]byte{4, 32}, digestOf(crypto.SHA256, p.Leaf.Certificate.Raw)...)
	directory := func(name []byte) []byte { return sequence(element(t, asn1.ClassContextSpecific, 4, name)) }
	serial := func(c *x509.Certificate) []byte {
		return append([]byte{2, 16}, c.SerialNumber.FillBytes(make([]byte, 16))...)
	}
	ess := func(parts ...[]byte) func(*pkixtest.SignedData) {
		return func(s *pkixtest.SignedData) {
			s.Attributes[2] = pkixtest.Attribute(pkixtest.IDSigningCertificateV2, sequence(sequence(sequence(parts...))))
		}
	}
	extra := func(oid asn1.ObjectIdentifier, vals ...[]byte) func(*pkixtest.SignedData) {
		return func(s *pkixtest.SignedData) { s.Attributes = append(s.Attributes, pkixtest.Attribute(oid, vals...)) }
	}
	null := []byte{5, 0}
	for _, tt := range []struct {
		name, check string
		change      func(*pkixtest.SignedData)
	}{
		{"none", "", func(*pkixtest.SignedData) {}},
		{"unsorted attributes", "A3", func(s *pkixtest.SignedData) {
			signSorted(t, p, s)
			s.Attributes[0], s.Attributes[1], s.KeepOrder = s.Attributes[1], s.Attributes[0], true
		}},
		{"right issuerSerial", "", ess(hash, sequence(directory(p.Leaf.Certificate.RawIssuer), serial(p.Leaf.Certificate)))},
		{"issuerSerial of another", "B6", ess(hash, sequence(directory(p.Leaf.Certificate.RawIssuer), serial(p.CA.Certificate)))},
		{"issuerSerial without directoryName", "B6", ess(hash, sequence(p.Leaf.Certificate.RawIssuer, serial(p.Leaf.Certificate)))},
		{"SHA-1 in signing-certificate-v2", "B4", func(s *pkixtest.SignedData) {
			s.Attributes[2] = pkixtest.SigningCertificateV2(crypto.SHA1, p.Leaf.Certificate)
		}},
		{"default hash written out", "B7", ess(sha256ID, hash)},
		{"signing-time", "B8", extra(pkixtest.IDSigningTime, []byte("\x17\x0d260304050607Z"))},
		{"content-hints", "B8", extra(cms.OIDContentHints, null)},
		{"counter-signature", "B8", func(s *pkixtest.SignedData) {
			s.Unsigned = [][]byte{pkixtest.Attribute(cms.OIDCounterSignature, null)}
		}},
		{"two commitment types", "B9", extra(cms.OIDCommitmentType, null, []byte{5, 0})},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := good(p)
			s.Certificates = s.Certificates[:1] // pkixtest does not sort them
			tt.change(&s)
			sd, err := cms.Parse(s.Marshal(t))
			if err != nil {
				t.Fatal(err)
			}
			if err := sd.Verify(digest); err != nil {
				t.Errorf("a deviation is no reason to fail: %v", err)
			}
			expect(t, tt.check, errors.Join(sd.Deviations()...))
		})
	}
}

// B12: the versions and the set of digest algorithms are told, altered in the finished bytes.
func TestDeviationsOfVersion(t *testing.T) {
	p := pkixtest.New(t, now)
	der := good(p).Marshal(t)
	i := bytes.LastIndex(der, append([]byte{2, 1, 1, 0x30}, der[bytes.LastIndex(der, p.Leaf.Certificate.RawIssuer)-1:][:1]...))
	if i < 0 {
		t.Fatal("no SignerInfo found")
	}
	der[i+2] = 3
	sd, err := cms.Parse(der)
	if err != nil {
		t.Fatal(err)
	}
	expect(t, "B12", errors.Join(sd.Deviations()[len(sd.Deviations())-1:]...))
}

// What others write as BER is read: indefinite lengths, content in pieces.
func TestParseBER(t *testing.T) {
	p := pkixtest.New(t, now)
	der := good(p).Marshal(t)
	// ContentInfo and [0] of indefinite length
	ber := append([]byte{0x30, 0x80}, der[4:4+11]...)
	ber = append(ber, 0xa0, 0x80)
	ber = append(ber, der[4+11+4:]...)
	ber = append(ber, 0, 0, 0, 0)
	contents := append(bytes.Clone(ber), 0, 0, 0)
	trimmed, err := cms.TrimPadding(contents)
	if err != nil || !bytes.Equal(trimmed, ber) {
		t.Fatalf("trimmed to %d of %d bytes: %v", len(trimmed), len(ber), err)
	}
	sd, err := cms.Parse(ber)
	if err != nil {
		t.Fatal(err)
	}
	if sd.IsDER {
		t.Error("BER called DER")
	}
	if err := sd.Verify(digest); err != nil {
		t.Error(err)
	}
	if _, err := cms.TrimPadding(append(ber, 0, 1)); !fails(err, "A4") {
		t.Errorf("data after the CMS: %v", err)
	}
	if _, err := cms.TrimPadding(der[:100]); !fails(err, "A4") {
		t.Errorf("truncated: %v", err)
	}
}

func FuzzParse(f *testing.F) {
	p := pkixtest.New(f, now)
	for _, tt := range signatureFaults {
		s := good(p)
		tt.fault(f, p, &s)
		f.Add(s.Marshal(f))
	}
	f.Add([]byte{0x30, 0x80, 0, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		trimmed, err := cms.TrimPadding(b)
		if err != nil {
			trimmed = b
		}
		sd, err := cms.Parse(trimmed)
		if err != nil {
			return
		}
		_ = sd.Verify(digest)
		_ = sd.Deviations()
		_ = sd.SecondOpinion()
	})
}
