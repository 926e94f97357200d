// SPDX-License-Identifier: Apache-2.0

package ltv

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/crypto/ocsp"

	"gsign/internal/limits"
	"gsign/internal/pdf"
	"gsign/internal/pdf/pdftest"
	"gsign/internal/pkix/pkixtest"
	"gsign/pkg/pdfsig"
)

// service signs and stamps with the keys of a world.
type service struct{ p *pkixtest.PKI }

func (s service) Certificates() []*x509.Certificate {
	return []*x509.Certificate{s.p.Leaf.Certificate, s.p.CA.Certificate}
}
func (s service) MaxDigests() int { return 1 }

func (s service) SignDigests(_ context.Context, h crypto.Hash, digests [][]byte) ([][]byte, error) {
	sig, err := s.p.Leaf.Key.Sign(rand.Reader, digests[0], h)
	return [][]byte{sig}, err
}

func (s service) Timestamp(_ context.Context, h crypto.Hash, digest []byte) ([]byte, error) {
	return s.p.Token(panicTB{}, h, digest, time.Now().Add(-2*time.Second)), nil // its second is over: nothing waits
}

// sign adds a signature to a file; without a timestamp it is B-B.
func sign(t testing.TB, w *world, file []byte, stamped bool) []byte {
	t.Helper()
	doc, err := pdfsig.Open(bytes.NewReader(file), int64(len(file)), nil)
	if err != nil {
		t.Fatal(err)
	}
	var tsa pdfsig.Timestamper
	if stamped {
		tsa = service{w.PKI}
	}
	s, err := pdfsig.Sign(t.Context(), doc, service{w.PKI}, tsa, nil)
	if err != nil {
		t.Fatal(err)
	}
	suffix, err := s.Suffix()
	if err != nil {
		t.Fatal(err)
	}
	return slices.Concat(file, suffix)
}

func extend(t testing.TB, w *world, file []byte, change func(*Options)) ([]byte, *Report, error) {
	t.Helper()
	opts := &Options{Source: &Online{Client: w.client}}
	if change != nil {
		change(opts)
	}
	suffix, report, err := Extend(t.Context(), bytes.NewReader(file), int64(len(file)), opts)
	if err != nil {
		return nil, nil, err
	}
	return slices.Concat(file, suffix), report, nil
}

func mustExtend(t testing.TB, w *world, file []byte, change func(*Options)) ([]byte, *Report) {
	t.Helper()
	out, report, err := extend(t, w, file, change)
	if err != nil {
		t.Fatal(err)
	}
	return out, report
}

func openPDF(t testing.TB, file []byte) *pdf.File {
	t.Helper()
	f, err := pdf.Open(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func storeDict(t testing.TB, f *pdf.File) pdf.Dict {
	t.Helper()
	catalog, err := f.Catalog()
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := catalog["DSS"].(pdf.Ref); !ok {
		t.Fatalf("/DSS is %#v, want a reference", catalog["DSS"])
	}
	d, err := f.Dict(catalog["DSS"])
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func stored(t testing.TB, file []byte) Evidence {
	t.Helper()
	doc, err := pdfsig.Open(bytes.NewReader(file), int64(len(file)), nil)
	if err != nil {
		t.Fatal(err)
	}
	e, err := ReadStore(doc)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// D1 to D5 and D7, on every shape of file.
func TestExtendShapes(t *testing.T) {
	w := newWorld(t, time.Now(), shape{nocheck: true})
	for name, base := range pdftest.Shapes() {
		t.Run(name, func(t *testing.T) {
			bt := sign(t, w, base, true)
			given := w.ocsp(w.Leaf, w.Leaf.Certificate.NotBefore)
			out, report := mustExtend(t, w, bt, func(o *Options) { o.OCSPResponses = [][]byte{given} })
			if !bytes.HasPrefix(out, bt) || len(out) == len(bt) {
				t.Fatal("the document was not appended to")
			}
			f := openPDF(t, out)
			if opinion, err := f.SecondOpinion(t.Context()); err != nil || opinion.Root != f.Root() && opinion.Skipped == "" {
				t.Errorf("another reader sees %+v, error %v", opinion, err)
			}
			dict := storeDict(t, f)
			if dict["VRI"] != nil || dict["CRLs"] != nil {
				t.Errorf("store has /VRI or an empty /CRLs: %v", dict)
			}
			checkStreams(t, f, dict)
			e := stored(t, out)
			wantCerts := []*x509.Certificate{w.PKI.CA.Certificate, w.Root.Certificate, w.TSACA.Certificate, w.TSARoot.Certificate}
			if !slices.EqualFunc(e.Certificates, wantCerts, (*x509.Certificate).Equal) {
				t.Errorf("%d certificates stored, want CAs and roots", len(e.Certificates))
			}
			if len(e.OCSPResponses) != 5 || !bytes.Equal(e.OCSPResponses[0], given) {
				t.Errorf("%d OCSP responses stored, want the given one first and 4 more", len(e.OCSPResponses))
			}
			if report.Certificates != 4 || report.OCSPs != 5 || report.CRLs != 0 || report.Revocation != AfterStamp {
				t.Errorf("report %+v", report)
			}
			doc, err := pdfsig.Open(bytes.NewReader(out), int64(len(out)), nil)
			if err != nil {
				t.Fatal(err)
			}
			if sigs, err := doc.Signatures(); err != nil || len(sigs) != 1 || len(sigs[0].Problems) != 0 || sigs[0].RevisionEnd() != int64(len(bt)) {
				t.Errorf("the signature is no longer sound: %v", err)
			}
		})
	}
}

// checkStreams checks that arrays hold references to streams, and streams one DER object each.
func checkStreams(t *testing.T, f *pdf.File, dict pdf.Dict) {
	t.Helper()
	for key, o := range dict {
		for _, o := range o.(pdf.Array) {
			s, err := f.Stream(o.(pdf.Ref))
			if err != nil || s == nil {
				t.Fatalf("/%s holds %v: %v", key, o, err)
			}
			data, err := f.StreamData(s, 1<<20)
			if err != nil {
				t.Fatal(err)
			}
			var one asn1.RawValue
			if rest, err := asn1.Unmarshal(data, &one); err != nil || len(rest) > 0 {
				t.Errorf("a stream of /%s is not one DER object: %v, %d bytes left", key, err, len(rest))
			}
			if key == keyOCSPs {
				if _, err := ocsp.ParseResponse(data, nil); err != nil {
					t.Errorf("a stream of /OCSPs is no OCSPResponse (D4): %v", err)
				}
			}
		}
	}
}

// D3 and D6: nothing is stored twice, and a second signature keeps what the first one has.
func TestExtendAgain(t *testing.T) {
	w := newWorld(t, time.Now(), shape{nocheck: true})
	online := &Online{Client: w.client}
	share := func(o *Options) { o.Source = online }
	once, _ := mustExtend(t, w, sign(t, w, pdftest.Classic(), true), share)
	again, report := mustExtend(t, w, once, func(o *Options) { o.Source = failingAll{}; o.Certificates = nil })
	if !bytes.Equal(once, again) || report.Certificates+report.OCSPs+report.CRLs != 0 || report.Revocation != AfterStamp {
		t.Errorf("extending again added %d bytes; report %+v", len(again)-len(once), report)
	}
	if got := report.Chains[0].Certificates[0].Evidence[0].Origin; got != Stored {
		t.Errorf("evidence came from %q, want the store", got)
	}
	twice, report := mustExtend(t, w, sign(t, w, once, true), share)
	before, after := storeDict(t, openPDF(t, once)), storeDict(t, openPDF(t, twice))
	for _, key := range []pdf.Name{keyCerts, keyOCSPs} {
		old, updated := before[key].(pdf.Array), after[key].(pdf.Array)
		if len(updated) < len(old) || !cmp.Equal(old, updated[:len(old)]) {
			t.Errorf("/%s was %v and is %v", key, old, updated)
		}
	}
	if report.Certificates != 0 || report.Field != "Signature2" {
		t.Errorf("report %+v", report)
	}
	_, report = mustExtend(t, w, twice, func(o *Options) { o.Field = "Signature1" })
	if report.Field != "Signature1" {
		t.Errorf("extended %q", report.Field)
	}
}

type failingAll struct{}

func (failingAll) Evidence(context.Context, *x509.Certificate, *x509.Certificate) (Evidence, error) {
	return Evidence{}, errors.New("nothing should be asked")
}

// A store of another producer stays: in the catalog itself, with indirect arrays, with unknown keys, /VRI and /TU, and
// with entries that are broken.
func TestForeignStore(t *testing.T) {
	w := newWorld(t, time.Now(), shape{nocheck: true})
	bt := sign(t, w, pdftest.Classic(), true)
	f := openPDF(t, bt)
	u := f.NewUpdate()
	cert, broken, array, entry := u.Alloc(), u.Alloc(), u.Alloc(), u.Alloc()
	only := u.Alloc() // referred to by a /VRI entry alone
	u.SetStream(cert, pdf.Dict{}, w.PKI.CA.Certificate.Raw)
	u.SetStream(only, pdf.Dict{}, w.TSACA.Certificate.Raw)
	u.SetStream(broken, pdf.Dict{"Filter": pdf.Name("FlateDecode")}, []byte("not compressed"))
	u.Set(array, pdf.Array{cert, broken, pdf.Integer(7), pdf.Ref{Num: 9999}, cert})
	u.Set(entry, pdf.Dict{"Cert": pdf.Array{only}, "TU": pdf.String("D:20200101000000Z")})
	foreign := pdf.Dict{"Certs": array, "VRI": pdf.Dict{"0011": entry, "0022": pdf.Integer(1)}, "GSIGNTest_Key": pdf.Integer(42)}
	o, err := u.Get(f.Root())
	if err != nil {
		t.Fatal(err)
	}
	catalog := o.(pdf.Dict)
	catalog["DSS"] = foreign
	u.Set(f.Root(), catalog)
	revision, err := u.Build()
	if err != nil {
		t.Fatal(err)
	}
	in := slices.Concat(bt, revision.Bytes)
	if e := stored(t, in); len(e.Certificates) != 2 {
		t.Errorf("%d certificates read, want the one of /Certs and the one of /VRI", len(e.Certificates))
	}
	out, report := mustExtend(t, w, in, nil)
	dict := storeDict(t, openPDF(t, out))
	if !cmp.Equal(dict["VRI"], foreign["VRI"]) || !cmp.Equal(dict["GSIGNTest_Key"], foreign["GSIGNTest_Key"]) {
		t.Errorf("the store is now %v", dict)
	}
	want := pdf.Array{cert, broken, pdf.Integer(7), pdf.Ref{Num: 9999}, cert}
	certs := dict["Certs"].(pdf.Array)
	if len(certs) != len(want)+3 || !cmp.Equal(certs[:len(want)], want) || !slices.Contains(certs[len(want):], pdf.Object(only)) {
		t.Errorf("/Certs is now %v, want %v, the two roots and %v", certs, want, only)
	}
	if report.Certificates != 2 {
		t.Errorf("%d certificates added, want the two roots", report.Certificates)
	}
}

// What cannot be extended, and why.
func TestExtendRefuses(t *testing.T) {
	w := newWorld(t, time.Now(), shape{nocheck: true})
	bt := sign(t, w, pdftest.Classic(), true)
	var malformed *pdfsig.MalformedError
	if _, _, err := extend(t, w, bt[len(bt)-200:], nil); !errors.As(err, &malformed) {
		t.Errorf("the end of a file: %v", err)
	}
	for _, tt := range []struct {
		name   string
		file   []byte
		change func(*Options)
		want   string
	}{
		{"unsigned", pdftest.Classic(), nil, "the document has no signature"},
		{"other field", bt, func(o *Options) { o.Field = "Approval" }, `no signature in field "Approval"`},
		{"B-B", sign(t, w, pdftest.Classic(), false), nil, "carries no timestamp"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, _, err := extend(t, w, tt.file, tt.change)
			checkIncompleteOrRevoked(t, err, tt.want)
		})
	}
	shorter, err := pdfsig.Open(bytes.NewReader(bt), int64(len(bt)), nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := Extend(t.Context(), bytes.NewReader(bt), int64(len(bt))-1, &Options{Source: failingAll{}, Document: shorter}); err == nil {
		t.Error("a document of another size was taken")
	}
	if _, _, err := Extend(t.Context(), bytes.NewReader(bt), int64(len(bt)), nil); err == nil {
		t.Error("no source was accepted")
	}
	var refused *pdfsig.RefusedError
	if _, _, err := extend(t, w, pdftest.Encrypted(), nil); !errors.As(err, &refused) {
		t.Errorf("an encrypted file: %v", err)
	}
}

// The reader is bounded.
func TestReadStoreLimits(t *testing.T) {
	build := func(change func(u *pdf.Update, store pdf.Dict)) []byte {
		base := pdftest.Classic()
		f := openPDF(t, base)
		u := f.NewUpdate()
		o, err := u.Get(f.Root())
		if err != nil {
			t.Fatal(err)
		}
		store := pdf.Dict{}
		change(u, store)
		catalog := o.(pdf.Dict)
		catalog["DSS"] = store
		u.Set(f.Root(), catalog)
		revision, err := u.Build()
		if err != nil {
			t.Fatal(err)
		}
		return slices.Concat(base, revision.Bytes)
	}
	many := build(func(u *pdf.Update, store pdf.Dict) {
		var a pdf.Array
		for range limits.StoreEntries + 1 {
			ref := u.Alloc()
			u.SetStream(ref, pdf.Dict{}, []byte{0x30, 0})
			a = append(a, ref)
		}
		store["Certs"] = a
	})
	bomb := build(func(u *pdf.Update, store pdf.Dict) {
		zeros := make([]byte, 30<<20)
		var a pdf.Array
		for i := range 3 {
			zeros[0] = byte(i)
			ref := u.Alloc()
			u.SetStream(ref, pdf.Dict{"Filter": pdf.Name("FlateDecode")}, deflate(zeros))
			a = append(a, ref)
		}
		store["CRLs"] = a
	})
	for name, file := range map[string][]byte{"many": many, "bomb": bomb} {
		t.Run(name, func(t *testing.T) {
			doc, err := pdfsig.Open(bytes.NewReader(file), int64(len(file)), nil)
			if err != nil {
				t.Fatal(err)
			}
			_, err = ReadStore(doc)
			var malformed *pdfsig.MalformedError
			if !errors.As(err, &malformed) {
				t.Errorf("error %v, want a *MalformedError", err)
			}
		})
	}
	if e := stored(t, pdftest.Classic()); !cmp.Equal(e, Evidence{}) {
		t.Errorf("a file without a store gave %+v", e)
	}
}

func FuzzReadStore(f *testing.F) {
	// no server: its goroutines would look like coverage
	w := &world{PKI: makePKI(f, time.Now(), "http://responder.test", shape{nocheck: true, age: 5 * time.Second})}
	offline := func(o *Options) {
		o.Source, o.Certificates, o.VRI = plainSource{w}, append(w.Chain(), w.TSAChain()...), true
	}
	bt := sign(f, w, pdftest.Classic(), true)
	out, _ := mustExtend(f, w, bt, offline)
	f.Add(out)
	f.Add(pdftest.XRefStream())
	packed, _ := mustExtend(f, w, sign(f, w, pdftest.ObjectStreamForm(), true), offline)
	f.Add(packed)
	f.Fuzz(func(t *testing.T, file []byte) {
		doc, err := pdfsig.Open(bytes.NewReader(file), int64(len(file)), nil)
		if err != nil {
			return
		}
		e, err := ReadStore(doc)
		if err != nil {
			return
		}
		if len(e.Certificates)+len(e.OCSPResponses)+len(e.CRLs) > limits.StoreEntries {
			t.Error("more than the limit")
		}
	})
}
