// SPDX-License-Identifier: Apache-2.0

package verify_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"gsign/internal/pdf"
	"gsign/internal/pkix/pkixtest"
	"gsign/pkg/ltv"
	"gsign/pkg/pdfsig"
	"gsign/pkg/verify"
)

var noon = time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)

// The order of events: the leaf lives from noon to ten past.
var (
	stamped  = noon.Add(time.Minute)
	answered = noon.Add(2 * time.Minute)
	archived = noon.Add(3 * time.Minute)
	judged   = noon.Add(48 * time.Hour)
)

var (
	pkiOnce sync.Once
	pkiBuf  *pkixtest.PKI
)

func pki(tb testing.TB) *pkixtest.PKI {
	tb.Helper()
	pkiOnce.Do(func() { pkiBuf = pkixtest.New(tb, noon) })
	return pkiBuf
}

// world makes signatures with the keys of the PKI, and evidence about its certificates.
type world struct {
	tb      testing.TB
	genTime time.Time
	// evidence answers for a certificate; the default is a good OCSP response of the moment answered.
	evidence func(e *pkixtest.Entity) ltv.Evidence
}

func newWorld(tb testing.TB) *world {
	tb.Helper()
	w := &world{tb: tb, genTime: stamped}
	w.evidence = func(e *pkixtest.Entity) ltv.Evidence {
		return ltv.Evidence{OCSPResponses: [][]byte{pki(tb).OCSP(tb, e, answered)}}
	}
	return w
}

func (w *world) Certificates() []*x509.Certificate { return pki(w.tb).Chain() }
func (w *world) MaxDigests() int                   { return 1 }

func (w *world) SignDigests(_ context.Context, h crypto.Hash, digests [][]byte) ([][]byte, error) {
	sig, err := pki(w.tb).Leaf.Key.Sign(rand.Reader, digests[0], h)
	return [][]byte{sig}, err
}

func (w *world) Timestamp(_ context.Context, h crypto.Hash, digest []byte) ([]byte, error) {
	return pki(w.tb).Token(w.tb, h, digest, w.genTime), nil
}

func (w *world) entities() []*pkixtest.Entity {
	p := pki(w.tb)
	return []*pkixtest.Entity{p.Leaf, p.CA, p.TSA, p.TSACA}
}

// sign signs in to B-B or B-T.
func (w *world) sign(in []byte, level verify.Level) []byte {
	w.tb.Helper()
	var tsa pdfsig.Timestamper
	if level >= verify.BT {
		tsa = w
	}
	signed, err := pdfsig.Sign(w.tb.Context(), w.open(in), w, tsa, &pdfsig.Options{
		Reason: "because", Time: noon, Now: nowStamped, MaxSkew: -1,
	})
	if err != nil {
		w.tb.Fatal(err)
	}
	return w.join(in, signed)
}

func (w *world) join(in []byte, signed *pdfsig.Signed) []byte {
	w.tb.Helper()
	suffix, err := signed.Suffix()
	if err != nil {
		w.tb.Fatal(err)
	}
	return append(bytes.Clone(in), suffix...)
}

func (w *world) open(in []byte) *pdfsig.Document {
	w.tb.Helper()
	d, err := pdfsig.Open(bytes.NewReader(in), int64(len(in)), nil)
	if err != nil {
		w.tb.Fatal(err)
	}
	return d
}

// update appends a revision.
func (w *world) update(in []byte, change func(f *pdf.File, u *pdf.Update)) []byte {
	w.tb.Helper()
	f := w.open(in).File()
	u := f.NewUpdate()
	change(f, u)
	rev, err := u.Build()
	if err != nil {
		w.tb.Fatal(err)
	}
	return append(bytes.Clone(in), rev.Bytes...)
}

// store appends a security store with evidence about the entities, written here and not by package ltv.
func (w *world) store(in []byte, entities ...*pkixtest.Entity) []byte {
	w.tb.Helper()
	var all ltv.Evidence
	p := pki(w.tb)
	all.Certificates = []*x509.Certificate{p.TSACA.Certificate, p.TSARoot.Certificate, p.Root.Certificate}
	for _, e := range entities {
		found := w.evidence(e)
		all.Certificates = append(all.Certificates, found.Certificates...)
		all.OCSPResponses = append(all.OCSPResponses, found.OCSPResponses...)
		all.CRLs = append(all.CRLs, found.CRLs...)
	}
	return w.update(in, func(f *pdf.File, u *pdf.Update) {
		stream := func(b []byte) pdf.Object {
			ref := u.Alloc()
			u.SetStream(ref, pdf.Dict{}, b)
			return ref
		}
		var certs, ocsps, crls pdf.Array
		for _, c := range all.Certificates {
			certs = append(certs, stream(c.Raw))
		}
		for _, b := range all.OCSPResponses {
			ocsps = append(ocsps, stream(b))
		}
		for _, b := range all.CRLs {
			crls = append(crls, stream(b))
		}
		dss := u.Alloc()
		u.Set(dss, pdf.Dict{"Type": pdf.Name("DSS"), "Certs": certs, "OCSPs": ocsps, "CRLs": crls})
		w.catalog(f, u, func(c pdf.Dict) { c["DSS"] = dss })
	})
}

func (w *world) catalog(f *pdf.File, u *pdf.Update, change func(pdf.Dict)) {
	w.tb.Helper()
	o, err := u.Get(f.Root())
	if err != nil {
		w.tb.Fatal(err)
	}
	c := o.(pdf.Dict)
	change(c)
	u.Set(f.Root(), c)
}

// placeholder is where the token of a document timestamp goes.
var placeholder = "<" + strings.Repeat("0", 8000) + ">"

// archive appends a document timestamp.
func (w *world) archive(in []byte, at time.Time) []byte {
	w.tb.Helper()
	return w.seal(w.stampField(in), at)
}

// stampField appends a document timestamp whose token is missing still.
func (w *world) stampField(in []byte) []byte {
	w.tb.Helper()
	return w.update(in, func(f *pdf.File, u *pdf.Update) {
		sig, field := u.Alloc(), u.Alloc()
		u.Set(sig, pdf.Raw("<< /Type /DocTimeStamp /Filter /Adobe.PPKLite /SubFilter /ETSI.RFC3161 /ByteRange "+
			strings.Repeat(" ", 60)+" /Contents "+placeholder+" >>"))
		u.Set(field, pdf.Dict{"FT": pdf.Name("Sig"), "T": pdf.TextString(fmt.Sprintf("Stamp %d", len(in))), "V": sig})
		w.catalog(f, u, func(c pdf.Dict) {
			form, err := f.Dict(c["AcroForm"])
			if err != nil {
				w.tb.Fatal(err)
			}
			form = form.Clone()
			fields, err := f.Array(form["Fields"])
			if err != nil {
				w.tb.Fatal(err)
			}
			form["Fields"] = append(append(pdf.Array{}, fields...), field)
			c["AcroForm"] = form
		})
	})
}

// seal puts the token into the document timestamp; it covers all there is.
func (w *world) seal(in []byte, at time.Time) []byte {
	w.tb.Helper()
	out := bytes.Clone(in)
	start := bytes.LastIndex(out, []byte(placeholder))
	end := start + len(placeholder)
	copy(out[bytes.LastIndex(out, []byte("/ByteRange "))+11:], fmt.Sprintf("[0 %d %d %d]", start, end, len(out)-end))
	h := sha256.New()
	h.Write(out[:start])
	h.Write(out[end:])
	hex.Encode(out[start+1:], pki(w.tb).Token(w.tb, crypto.SHA256, h.Sum(nil), at))
	return out
}

func roots(tb testing.TB) []*x509.Certificate {
	tb.Helper()
	return []*x509.Certificate{pki(tb).Root.Certificate, pki(tb).TSARoot.Certificate}
}

func check(tb testing.TB, b []byte, opts *verify.Options) (*verify.Report, error) {
	tb.Helper()
	if opts == nil {
		opts = &verify.Options{}
	}
	if opts.Time.IsZero() {
		opts.Time = judged
	}
	opts.AnyRoot = len(opts.Roots) == 0
	return verify.Verify(tb.Context(), bytes.NewReader(b), int64(len(b)), opts)
}

func nowStamped() time.Time { return stamped }
