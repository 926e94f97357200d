// SPDX-License-Identifier: Apache-2.0

package cms_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	mathrand "math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gsign/internal/cms"
	"gsign/internal/pkix"
	"gsign/internal/pkix/pkixtest"
)

var (
	now     = time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	content = []byte("the bytes of both ranges")
)

func digest(h crypto.Hash) ([]byte, error) { return digestOf(h, content), nil }

// signature builds a whole signature as pdfsig does.
func signature(tb testing.TB, signer *pkixtest.Entity, certs []*x509.Certificate, h crypto.Hash, opts crypto.SignerOpts, token func([]byte) []byte) *cms.Envelope {
	tb.Helper()
	attrs, err := cms.SignedAttributes(h, digestOf(h, content), signer.Certificate)
	if err != nil {
		tb.Fatal(err)
	}
	value, err := signer.Key.Sign(rand.Reader, digestOf(h, attrs), opts)
	if err != nil {
		tb.Fatal(err)
	}
	e := &cms.Envelope{Certificates: certs, Hash: h, SignedAttributes: attrs, Signature: value}
	if token != nil {
		e.Timestamp = token(value)
	}
	return e
}

func TestEnvelope(t *testing.T) {
	p := pkixtest.New(t, now)
	ec := p.CA.Leaf(t, "TEST elliptic signer", pkixtest.ECKey(t, "TEST elliptic signer"), now, now.Add(time.Hour))
	for _, tt := range []struct {
		name   string
		signer *pkixtest.Entity
		hash   crypto.Hash
		opts   crypto.SignerOpts
	}{
		{"RSA", p.Leaf, crypto.SHA256, crypto.SHA256},
		{"RSA SHA-512", p.Leaf, crypto.SHA512, crypto.SHA512},
		{"RSA-PSS", p.Leaf, crypto.SHA256, &rsa.PSSOptions{Hash: crypto.SHA256, SaltLength: rsa.PSSSaltLengthEqualsHash}},
		{"RSA-PSS SHA-384", p.Leaf, crypto.SHA384, &rsa.PSSOptions{Hash: crypto.SHA384, SaltLength: rsa.PSSSaltLengthEqualsHash}},
		{"ECDSA", ec, crypto.SHA256, crypto.SHA256},
		{"ECDSA SHA-384", ec, crypto.SHA384, crypto.SHA384},
	} {
		t.Run(tt.name, func(t *testing.T) {
			stamp := func(value []byte) []byte {
				return p.Token(t, crypto.SHA256, digestOf(crypto.SHA256, value), now.Add(time.Second))
			}
			certs := []*x509.Certificate{tt.signer.Certificate, p.CA.Certificate, p.Root.Certificate, p.CA.Certificate}
			e := signature(t, tt.signer, certs, tt.hash, tt.opts, stamp)
			der, err := e.Marshal()
			if err != nil {
				t.Fatal(err)
			}
			checkEnvelope(t, e, der)
		})
	}
}

func checkEnvelope(t *testing.T, e *cms.Envelope, der []byte) {
	t.Helper()
	sd, err := cms.Parse(der)
	if err != nil {
		t.Fatal(err)
	}
	if err := sd.Verify(digest); err != nil {
		t.Error(err)
	}
	if d := sd.Deviations(); len(d) > 0 {
		t.Errorf("deviations %v", d)
	}
	if len(sd.Certificates) != 3 || sd.Signer.Certificate == nil || !sd.Signer.Certificate.Equal(e.Certificates[0]) {
		t.Errorf("%d certificates, signer %v", len(sd.Certificates), sd.Signer.Certificate)
	}
	if sd.Version != 1 || sd.Signer.Version != 1 {
		t.Errorf("versions %d and %d", sd.Version, sd.Signer.Version)
	}
	if !bytes.Equal(sd.Signer.SignedAttributes, e.SignedAttributes) {
		t.Error("signed attributes changed")
	}
	if diff := cmp.Diff([][]byte{e.Timestamp}, sd.Signer.TimestampTokens); diff != "" {
		t.Error(diff)
	}
	bound, err := cms.MaxSize(e.Certificates, len(e.Timestamp))
	if err != nil || len(der) > bound {
		t.Errorf("%d bytes, bound %d, %v", len(der), bound, err)
	}
	if _, err := cms.TrimPadding(append(bytes.Clone(der), 0, 0, 0)); err != nil {
		t.Error(err)
	}
}

// The signed attributes are these bytes and no others: B2, B3, B4, B5, B7, B8, B11.
func TestSignedAttributes(t *testing.T) {
	p := pkixtest.New(t, now)
	sum := sha256.Sum256(content)
	got, err := cms.SignedAttributes(crypto.SHA256, sum[:], p.Leaf.Certificate)
	if err != nil {
		t.Fatal(err)
	}
	all := [][]byte{ // by length, so in the order of DER
		pkixtest.ContentType(pkixtest.IDData),
		pkixtest.MessageDigest(sum[:]),
		pkixtest.SigningCertificateV2(crypto.SHA256, p.Leaf.Certificate),
	}
	var set []byte
	for _, a := range all {
		set = append(set, a...)
	}
	want, err := asn1.Marshal(asn1.RawValue{Tag: asn1.TagSet, IsCompound: true, Bytes: set})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if _, err := cms.SignedAttributes(crypto.SHA1, make([]byte, 20), p.Leaf.Certificate); !fails(err, "B15") {
		t.Errorf("SHA-1: %v", err)
	}
	if _, err := cms.SignedAttributes(crypto.SHA256, sum[:31], p.Leaf.Certificate); err == nil {
		t.Error("short digest accepted")
	}
	for name, weak := range weakKeys(t) {
		leaf := p.CA.Leaf(t, "TEST weak", weak, now, now.Add(time.Minute))
		if _, err := cms.SignedAttributes(crypto.SHA256, sum[:], leaf.Certificate); !fails(err, "B15") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// weakKeys are below what B15 asks of new signatures.
func weakKeys(t *testing.T) map[string]crypto.Signer {
	t.Helper()
	short, err := rsa.GenerateKey(rand.Reader, 1536)
	if err != nil {
		t.Fatal(err)
	}
	curve, err := ecdsa.GenerateKey(elliptic.P224(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return map[string]crypto.Signer{"RSA-1536": short, "P-224": curve}
}

// B13, B14: nothing is written that does not verify.
func TestCheckSignature(t *testing.T) {
	p := pkixtest.New(t, now)
	ec := p.CA.Leaf(t, "TEST elliptic signer", pkixtest.ECKey(t, "TEST elliptic signer"), now, now.Add(time.Hour))
	good := signature(t, p.Leaf, p.Chain(), crypto.SHA256, crypto.SHA256, nil)
	overDigest, err := p.Leaf.Key.Sign(rand.Reader, digestOf(crypto.SHA256, content), crypto.SHA256)
	if err != nil {
		t.Fatal(err)
	}
	ecGood := signature(t, ec, p.Chain(), crypto.SHA256, crypto.SHA256, nil)
	var rs struct{ R, S asn1.RawValue }
	if _, err := asn1.Unmarshal(ecGood.Signature, &rs); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name      string
		cert      *x509.Certificate
		attrs     []byte
		signature []byte
	}{
		{"empty", p.Leaf.Certificate, good.SignedAttributes, nil},
		{"one bit", p.Leaf.Certificate, good.SignedAttributes, flip(good.Signature)},
		{"other attributes", p.Leaf.Certificate, flip(good.SignedAttributes), good.Signature},
		{"over the document instead", p.Leaf.Certificate, good.SignedAttributes, overDigest},
		{"other key", p.CA.Certificate, good.SignedAttributes, good.Signature},
		{"raw ECDSA", ec.Certificate, ecGood.SignedAttributes, append(bytes.Clone(rs.R.Bytes), rs.S.Bytes...)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if err := cms.CheckSignature(tt.cert, crypto.SHA256, tt.attrs, tt.signature); !fails(err, "B14") {
				t.Errorf("got %v, want B14", err)
			}
			e := &cms.Envelope{Certificates: []*x509.Certificate{tt.cert}, Hash: crypto.SHA256, SignedAttributes: tt.attrs, Signature: tt.signature}
			if _, err := e.Marshal(); !fails(err, "B14") {
				t.Errorf("Marshal: got %v, want B14", err)
			}
		})
	}
	if err := cms.CheckSignature(p.Leaf.Certificate, crypto.SHA256, good.SignedAttributes, good.Signature); err != nil {
		t.Error(err)
	}
	if err := cms.CheckSignature(p.Leaf.Certificate, crypto.SHA256, good.SignedAttributes, good.Signature[:255]); err == nil || !strings.Contains(err.Error(), "255 bytes, the key makes 256") {
		t.Errorf("short signature: %v", err)
	}
}

func flip(b []byte) []byte {
	b = bytes.Clone(b)
	b[len(b)-1] ^= 1
	return b
}

// MaxSize is an upper bound for chains and tokens of any size, and no wild one.
func TestMaxSize(t *testing.T) {
	p := pkixtest.New(t, now)
	rng := mathrand.New(mathrand.NewPCG(1, 2))
	p521, err := ecdsa.GenerateKey(elliptic.P521(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	signers := []*pkixtest.Entity{
		p.Leaf,
		p.CA.Leaf(t, "TEST elliptic signer", pkixtest.ECKey(t, "TEST elliptic signer"), now, now.Add(time.Hour)),
		p.CA.Leaf(t, "TEST large elliptic signer", p521, now, now.Add(time.Hour)),
	}
	hashes := []crypto.Hash{crypto.SHA256, crypto.SHA384, crypto.SHA512}
	for range 60 {
		signer, h := signers[rng.IntN(len(signers))], hashes[rng.IntN(len(hashes))]
		certs := []*x509.Certificate{signer.Certificate}
		for range rng.IntN(6) {
			name := "TEST CA " + strings.Repeat("x", rng.IntN(300))
			filler := func(c *x509.Certificate) { c.Subject.CommonName = name }
			certs = append(certs, p.Root.CA(t, "TEST filler", now, now.Add(time.Hour), filler).Certificate)
		}
		var opts crypto.SignerOpts = h
		if signer == p.Leaf && rng.IntN(2) == 0 {
			opts = &rsa.PSSOptions{Hash: h, SaltLength: rsa.PSSSaltLengthEqualsHash}
		}
		allowance := rng.IntN(20000)
		e := signature(t, signer, certs, h, opts, func([]byte) []byte { return tokenOf(t, rng.IntN(allowance+1)) })
		der, err := e.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		bound, err := cms.MaxSize(certs, allowance)
		if err != nil {
			t.Fatal(err)
		}
		if slack := bound - len(der) - (allowance - len(e.Timestamp)); len(der) > bound || slack > 400 {
			t.Fatalf("%d bytes, bound %d, token %d of %d", len(der), bound, len(e.Timestamp), allowance)
		}
	}
	if _, err := cms.MaxSize(nil, 1); err == nil {
		t.Error("no certificates accepted")
	}
}

// tokenOf returns an element of at most n bytes, nil where none is so short.
func tokenOf(t *testing.T, n int) []byte {
	t.Helper()
	if n < 8 {
		return nil
	}
	der, err := asn1.Marshal(asn1.RawValue{Tag: asn1.TagSequence, IsCompound: true, Bytes: make([]byte, n-6)})
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func TestMarshalRefuses(t *testing.T) {
	p := pkixtest.New(t, now)
	if _, err := (&cms.Envelope{}).Marshal(); err == nil {
		t.Error("no certificate accepted")
	}
	e := signature(t, p.Leaf, p.Chain(), crypto.SHA256, crypto.SHA256, func([]byte) []byte { return []byte{0x30, 1} })
	if _, err := e.Marshal(); err == nil {
		t.Error("truncated token accepted")
	}
	if pkix.HashOID(crypto.MD5) != nil {
		t.Error("MD5 has an OID")
	}
}

func BenchmarkMarshal(b *testing.B) {
	p := pkixtest.New(b, now)
	e := signature(b, p.Leaf, []*x509.Certificate{p.Leaf.Certificate, p.CA.Certificate}, crypto.SHA256, crypto.SHA256, func(value []byte) []byte {
		return p.Token(b, crypto.SHA256, digestOf(crypto.SHA256, value), now)
	})
	b.ReportAllocs()
	for b.Loop() {
		if _, err := e.Marshal(); err != nil {
			b.Fatal(err)
		}
	}
}
