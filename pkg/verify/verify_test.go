// SPDX-License-Identifier: Apache-2.0

package verify_test

import (
	"bytes"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"gsign/internal/pdf"
	"gsign/internal/pdf/pdftest"
	"gsign/internal/pkix/pkixtest"
	"gsign/pkg/verify"
)

// files are one document at each level.
func files(w *world) map[verify.Level][]byte {
	w.tb.Helper()
	bt := w.sign(pdftest.WithForm(), verify.BT)
	blt := w.store(bt, w.entities()...)
	return map[verify.Level][]byte{
		verify.BB:   w.sign(pdftest.WithForm(), verify.BB),
		verify.BT:   bt,
		verify.BLT:  blt,
		verify.BLTA: w.archive(blt, archived),
	}
}

func TestLevels(t *testing.T) {
	w := newWorld(t)
	missing := map[verify.Level]string{verify.BB: "C1", verify.BT: "D3", verify.BLT: "E1"}
	for level, b := range files(w) {
		for name, pinned := range map[string][]*x509.Certificate{"not pinned": nil, "pinned": roots(t)} {
			at := judged
			if level == verify.BB {
				at = stamped
			}
			if level == verify.BT && pinned == nil {
				continue // the TSA's chain is not in the file: see below
			}
			lacking := level < verify.BLT && pinned != nil // evidence, without which nothing is known
			report, err := check(t, b, &verify.Options{Require: level, Roots: pinned, Time: at, RequireFresh: level >= verify.BLT})
			if lacking {
				var wrong *verify.Error
				if !errors.As(err, &wrong) || !wrong.Undecided() {
					t.Errorf("%v, pinned, without evidence: %v", level, err)
				}
				continue
			}
			if err != nil {
				t.Errorf("%v, %s: %v", level, name, err)
				continue
			}
			s := report.Signatures[0]
			if s.Level != level || s.Signer() == nil || len(s.Chain) != 3 {
				t.Errorf("%v, %s: level %v, chain of %d", level, name, s.Level, len(s.Chain))
			}
			if level >= verify.BLT && (!s.Time.Equal(stamped) || !s.ThisUpdate.Equal(answered) || !s.Fresh) {
				t.Errorf("%v: time %v, evidence of %v", level, s.Time, s.ThisUpdate)
			}
			if want := missing[level]; want != "" && (len(s.Missing) == 0 || s.Missing[0].Check != want) {
				t.Errorf("%v: missing %v, want %s", level, s.Missing, want)
			}
		}
	}
	report, err := check(t, files(w)[verify.BT], nil)
	if err != nil || report.Signatures[0].Level != verify.BT || len(report.Signatures[0].Missing) == 0 {
		t.Errorf("B-T: %+v, %v", report, err)
	}
	if got := fmt.Sprint(verify.None, verify.BB, verify.BT, verify.BLT, verify.BLTA); got != "none B-B B-T B-LT B-LTA" {
		t.Error(got)
	}
}

func TestPinnedElsewhere(t *testing.T) {
	w := newWorld(t)
	b := files(w)[verify.BLT]
	other := pkixtest.Root(t, "TEST other root", noon.Add(-time.Hour), noon.Add(time.Hour))
	namesake := pkixtest.Root(t, "TEST impostor", noon.Add(-time.Hour), noon.Add(time.Hour), func(c *x509.Certificate) {
		c.RawSubject = pki(t).Root.Certificate.RawSubject
	})
	for name, pinned := range map[string][]*x509.Certificate{
		"another":             {other.Certificate},
		"the signer's alone":  {pki(t).Root.Certificate},
		"the TSA's alone":     {pki(t).TSARoot.Certificate},
		"a namesake":          {namesake.Certificate, pki(t).TSARoot.Certificate},
		"an intermediate too": {pki(t).CA.Certificate, pki(t).TSACA.Certificate},
	} {
		_, err := check(t, b, &verify.Options{Roots: pinned})
		var wrong *verify.Error
		bad := errors.As(err, &wrong) && wrong.Undecided() && wrong.Findings[0].Check == "F9"
		if want := name != "an intermediate too"; bad != want {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestWholeDocument(t *testing.T) {
	w := newWorld(t)
	bt := w.sign(pdftest.WithForm(), verify.BT)
	for name, tt := range map[string]struct {
		b    []byte
		want string
	}{
		"nothing after":    {bt, ""},
		"a store after":    {w.store(bt, w.entities()...), ""},
		"two stores after": {w.store(w.store(bt, w.entities()...)), ""},
		"a page changed": {w.update(bt, func(f *pdf.File, u *pdf.Update) {
			ref, page, err := f.Page(0)
			if err != nil {
				t.Fatal(err)
			}
			page = page.Clone()
			page["Rotate"] = pdf.Integer(90)
			u.Set(ref, page)
		}), "written anew"},
		"the catalog changed": {w.update(bt, func(f *pdf.File, u *pdf.Update) {
			w.catalog(f, u, func(c pdf.Dict) { c["Lang"] = pdf.String("de") })
		}), "catalog differs"},
		"an object added": {w.update(bt, func(_ *pdf.File, u *pdf.Update) { u.Set(u.Alloc(), pdf.Integer(1)) }), "written anew"},
		"a page inside the store": {w.update(bt, func(f *pdf.File, u *pdf.Update) {
			ref, page, err := f.Page(0)
			if err != nil {
				t.Fatal(err)
			}
			u.Set(ref, page)
			w.catalog(f, u, func(c pdf.Dict) { c["DSS"] = pdf.Dict{"Certs": pdf.Array{ref}} })
		}), "written anew"},
		"trailing bytes": {append(bytes.Clone(bt), "\nmore"...), "no revision"},
	} {
		_, err := check(t, tt.b, &verify.Options{RequireWholeDocument: true})
		if (err == nil) != (tt.want == "") || (err != nil && !strings.Contains(err.Error(), tt.want)) {
			t.Errorf("%s: want %q, got %v", name, tt.want, err)
		}
	}
}

// TestClockBehind verifies a signature whose certificate was issued by a clock ahead of ours.
func TestClockBehind(t *testing.T) {
	w := newWorld(t)
	b := w.sign(pdftest.Classic(), verify.BB)
	for behind, sound := range map[time.Duration]bool{2 * time.Second: true, 10 * time.Minute: false} {
		report, err := check(t, b, &verify.Options{Time: noon.Add(-behind)})
		if (err == nil) != sound || report.Signatures[0].Level != verify.BB {
			t.Errorf("%v behind: %v", behind, err)
		}
	}
}

// TestEveryShape signs files of every container shape, adds a store, and finds nothing else changed.
func TestEveryShape(t *testing.T) {
	w := newWorld(t)
	for name, in := range map[string][]byte{
		"Classic": pdftest.Classic(), "NoID": pdftest.NoID(), "NoFinalEOL": pdftest.NoFinalEOL(),
		"XRefStream": pdftest.XRefStream(), "Hybrid": pdftest.Hybrid(), "ObjectStreamForm": pdftest.ObjectStreamForm(),
		"DirectForm": pdftest.DirectForm(), "Updated": pdftest.Updated(), "UpdatedMixed": pdftest.UpdatedMixed(),
		"UpdatedPacked": pdftest.UpdatedPacked(), "signed": w.sign(pdftest.XRefStream(), verify.BT),
	} {
		b := w.store(w.sign(in, verify.BT), w.entities()...)
		report, err := check(t, b, &verify.Options{Roots: roots(t), Require: verify.BLT, RequireWholeDocument: true})
		if err != nil || report.Signatures[0].Level != verify.BLT {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestField(t *testing.T) {
	w := newWorld(t)
	b := w.store(w.sign(w.sign(pdftest.Classic(), verify.BT), verify.BT), w.entities()...)
	report, err := check(t, b, &verify.Options{Require: verify.BLT, RequireWholeDocument: true})
	if err != nil || len(report.Signatures) != 2 {
		t.Errorf("%d signatures, %v", len(report.Signatures), err)
	}
	report, err = check(t, b, &verify.Options{Field: "Signature2"})
	if err != nil || len(report.Signatures) != 1 || report.Signatures[0].Signature.Field != "Signature2" {
		t.Errorf("%+v, %v", report, err)
	}
	_, err = check(t, b, &verify.Options{Field: "Signature3"})
	if !errors.Is(err, verify.ErrNoSignature) {
		t.Errorf("got %v", err)
	}
	_, err = check(t, pdftest.Classic(), nil)
	if !errors.Is(err, verify.ErrNoSignature) {
		t.Errorf("got %v", err)
	}
}

// TestArchived checks B-LTA: the document timestamp must cover the evidence.
func TestArchived(t *testing.T) {
	w := newWorld(t)
	bt := w.sign(pdftest.Classic(), verify.BT)
	early := w.store(w.archive(bt, archived), w.entities()...)
	report, err := check(t, early, nil)
	if err != nil || report.Signatures[0].Level != verify.BLT || report.Signatures[0].Missing[0].Check != "E3" {
		t.Errorf("timestamp before the store: %+v, %v", report.Signatures[0], err)
	}
	good := w.archive(w.store(bt, w.entities()...), archived)
	report, err = check(t, good, &verify.Options{Require: verify.BLTA, Roots: roots(t), RequireWholeDocument: true})
	if err != nil || len(report.Signatures) != 2 || !report.Signatures[1].Signature.Timestamp {
		t.Fatalf("%+v, %v", report, err)
	}
	i := bytes.LastIndex(good, []byte("/ETSI.RFC3161"))
	spoiled := bytes.Clone(good)
	spoiled[i-300] ^= 1
	var wrong *verify.Error
	if _, err = check(t, spoiled, nil); !errors.As(err, &wrong) {
		t.Errorf("a byte before the document timestamp was changed: %v", err)
	}
	// A signature without a timestamp of its own is dated by the document timestamp.
	late := w.store(w.archive(w.sign(pdftest.Classic(), verify.BB), archived), w.entities()...)
	report, err = check(t, late, nil)
	if err != nil || !report.Signatures[0].Time.Equal(archived) || report.Signatures[0].Level != verify.BLT {
		t.Errorf("%+v, %v", report.Signatures[0], err)
	}
}

type countingReader struct {
	*bytes.Reader
	n int64
}

func (c *countingReader) ReadAt(b []byte, off int64) (int, error) {
	n, err := c.Reader.ReadAt(b, off)
	c.n += int64(n)
	return n, err
}

// TestPrefixIsNotReadAgain gives the digest of the original.
func TestPrefixIsNotReadAgain(t *testing.T) {
	w := newWorld(t)
	in, _ := pdftest.File{Objects: []pdftest.Object{
		{Num: 1, Body: "<< /Type /Catalog /Pages 2 0 R >>"},
		{Num: 2, Body: "<< /Type /Pages /Kids [3 0 R] /Count 1 >>"},
		{Num: 3, Body: "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] /Contents 4 0 R >>"},
		{Num: 4, Body: pdftest.StreamBody("", strings.Repeat(" ", 4<<20))},
	}}.Bytes()
	b := w.store(w.sign(w.sign(in, verify.BT), verify.BT), w.entities()...)
	state := sha256.New()
	state.Write(in)
	before := state.Sum(nil)
	for _, tt := range []struct {
		opts verify.Options
		most int64
	}{
		{verify.Options{Digest: state, DigestSize: int64(len(in)), AnyRoot: true}, 2 << 20},
		{verify.Options{AnyRoot: true}, 6 << 20},
	} {
		r := &countingReader{Reader: bytes.NewReader(b)}
		tt.opts.Time = judged
		_, err := verify.Verify(t.Context(), r, int64(len(b)), &tt.opts)
		if err != nil {
			t.Fatal(err)
		}
		if r.n > tt.most {
			t.Errorf("%d bytes read of a file of %d", r.n, len(b))
		}
	}
	if !bytes.Equal(before, state.Sum(nil)) {
		t.Error("the state given was changed")
	}
	// A third signature: the digest of all before it is known, and the others were not asked for.
	all := sha256.New()
	all.Write(b)
	r := &countingReader{Reader: bytes.NewReader(w.sign(b, verify.BT))}
	_, err := verify.Verify(t.Context(), r, r.Size(), &verify.Options{
		Digest: all, DigestSize: int64(len(b)), Field: "Signature3", RequireWholeDocument: true, Time: judged, AnyRoot: true,
	})
	if err != nil || r.n > 2<<20 {
		t.Errorf("%d bytes read: %v", r.n, err)
	}
	state.Write([]byte("x"))
	_, err = check(t, b, &verify.Options{Digest: state, DigestSize: int64(len(in))})
	var wrong *verify.Error
	if !errors.As(err, &wrong) || wrong.Findings[0].Check != "B3" {
		t.Errorf("a wrong state: %v", err)
	}
}
