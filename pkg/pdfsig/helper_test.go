// SPDX-License-Identifier: Apache-2.0

package pdfsig_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"fmt"
	"hash"
	"strings"
	"sync"
	"testing"
	"time"

	"gsign/internal/pdf"
	"gsign/internal/pdf/pdftest"
	"gsign/internal/pkix/pkixtest"
	"gsign/pkg/pdfsig"
)

var noon = time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)

var (
	pkiOnce sync.Once
	pkiBuf  *pkixtest.PKI
)

// pki is one world for all tests of the package; its leaf lives from noon to ten past.
func pki(tb testing.TB) *pkixtest.PKI {
	tb.Helper()
	pkiOnce.Do(func() { pkiBuf = pkixtest.New(tb, noon) })
	return pkiBuf
}

// service signs and stamps with the keys of the PKI, and counts.
type service struct {
	tb            testing.TB
	leaf          *pkixtest.Entity
	chain         []*x509.Certificate
	genTime       time.Time
	signs, stamps int
	spoilSign     func([]byte) []byte
	spoilToken    func([]byte) []byte
	stampErr      error
}

func newService(tb testing.TB) *service {
	tb.Helper()
	p := pki(tb)
	return &service{tb: tb, leaf: p.Leaf, chain: p.Chain(), genTime: noon.Add(time.Minute)}
}

func (s *service) Certificates() []*x509.Certificate { return s.chain }
func (s *service) MaxDigests() int                   { return 1 }

func (s *service) SignDigests(_ context.Context, h crypto.Hash, digests [][]byte) ([][]byte, error) {
	var sigs [][]byte
	for _, d := range digests {
		s.signs++
		sig, err := s.leaf.Key.Sign(rand.Reader, d, h)
		if err != nil {
			return nil, err
		}
		if s.spoilSign != nil {
			sig = s.spoilSign(sig)
		}
		sigs = append(sigs, sig)
	}
	return sigs, nil
}

func (s *service) Timestamp(_ context.Context, h crypto.Hash, digest []byte) ([]byte, error) {
	s.stamps++
	if s.stampErr != nil {
		return nil, s.stampErr
	}
	token := pki(s.tb).Token(s.tb, h, digest, s.genTime)
	if s.spoilToken != nil {
		token = s.spoilToken(token)
	}
	return token, nil
}

func options() *pdfsig.Options {
	return &pdfsig.Options{Time: noon, Now: func() time.Time { return noon.Add(time.Minute) }}
}

func open(tb testing.TB, b []byte) *pdfsig.Document {
	tb.Helper()
	d, err := pdfsig.Open(bytes.NewReader(b), int64(len(b)), nil)
	if err != nil {
		tb.Fatal(err)
	}
	return d
}

func openFile(tb testing.TB, b []byte) *pdf.File {
	tb.Helper()
	f, err := pdf.Open(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		tb.Fatal(err)
	}
	return f
}

// sign signs to B-T and returns the whole signed file.
func sign(tb testing.TB, in []byte, opts *pdfsig.Options) []byte {
	tb.Helper()
	s := newService(tb)
	signed, err := pdfsig.Sign(tb.Context(), open(tb, in), s, s, opts)
	if err != nil {
		tb.Fatal(err)
	}
	suffix, err := signed.Suffix()
	if err != nil {
		tb.Fatal(err)
	}
	return append(bytes.Clone(in), suffix...)
}

// signatures reads the signatures, of which none may have a problem.
func signatures(tb testing.TB, b []byte) []pdfsig.Signature {
	tb.Helper()
	sigs, err := open(tb, b).Signatures()
	if err != nil {
		tb.Fatal(err)
	}
	for _, s := range sigs {
		for _, p := range s.Problems {
			tb.Errorf("signature %q: %s %s", s.Field, p.Check, p.Text)
		}
	}
	return sigs
}

// last returns the newest signature of the file, which must be sound in structure.
func last(tb testing.TB, b []byte) pdfsig.Signature {
	tb.Helper()
	sigs := signatures(tb, b)
	if len(sigs) == 0 {
		tb.Fatal("no signature found")
	}
	return sigs[len(sigs)-1]
}

// dict resolves an object that must be a dictionary.
func dict(tb testing.TB, f *pdf.File, o pdf.Object) pdf.Dict {
	tb.Helper()
	d, err := f.Dict(o)
	if err != nil || d == nil {
		tb.Fatalf("%v is no dictionary: %v", o, err)
	}
	return d
}

func array(tb testing.TB, f *pdf.File, o pdf.Object) pdf.Array {
	tb.Helper()
	a, err := f.Array(o)
	if err != nil {
		tb.Fatal(err)
	}
	return a
}

// widgetOf returns the newest field's dictionary with that name and its reference.
func widgetOf(tb testing.TB, f *pdf.File, name string) (pdf.Ref, pdf.Dict) {
	tb.Helper()
	catalog, err := f.Catalog()
	if err != nil {
		tb.Fatal(err)
	}
	for _, o := range array(tb, f, dict(tb, f, catalog["AcroForm"])["Fields"]) {
		d := dict(tb, f, o)
		if s, err := f.String(d["T"]); err == nil && s.Text() == name {
			ref, _ := o.(pdf.Ref)
			return ref, d
		}
	}
	tb.Fatalf("no field %q in the form", name)
	return pdf.Ref{}, nil
}

// page1 is a file of one page: 1 catalog, 2 pages, 3 page; more objects are given as "n body".
func page1(kind pdftest.Kind, catalog, page string, objects ...string) []byte {
	objs := []pdftest.Object{
		{Num: 1, Body: "<< /Type /Catalog /Pages 2 0 R " + catalog + " >>", Packed: true},
		{Num: 2, Body: "<< /Type /Pages /Kids [3 0 R] /Count 1 >>", Packed: true},
		{Num: 3, Body: "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Resources << >> " + page + " >>", Packed: true},
	}
	for _, o := range objects {
		var n int
		_, err := fmt.Sscan(o, &n)
		if err != nil {
			panic(err)
		}
		body := strings.TrimSpace(strings.TrimLeft(o, "0123456789"))
		objs = append(objs, pdftest.Object{Num: n, Body: body, Packed: !strings.Contains(body, "stream")})
	}
	b, _ := pdftest.File{Kind: kind, Objects: objs}.Bytes()
	return b
}

func sum(b []byte) []byte {
	s := sha256.Sum256(b)
	return s[:]
}

func newSHA256(tb testing.TB) hash.Hash {
	tb.Helper()
	return sha256.New()
}

// prepare opens and prepares, with whatever goes wrong.
func prepare(in []byte, chain []*x509.Certificate) (*pdfsig.Prepared, error) {
	d, err := pdfsig.Open(bytes.NewReader(in), int64(len(in)), nil)
	if err != nil {
		return nil, err
	}
	return d.Prepare(chain, options())
}

func newReader(b []byte) *bytes.Reader { return bytes.NewReader(b) }
