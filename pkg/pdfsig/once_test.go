// SPDX-License-Identifier: Apache-2.0

package pdfsig_test

import (
	"bytes"
	"testing"

	"gsign/internal/pdf/pdftest"
	"gsign/pkg/pdfsig"
)

// What was found out about an open document is not found out again; another question is another answer.
func TestCheckOnce(t *testing.T) {
	in := pdftest.Classic()
	r := &countingReader{r: bytes.NewReader(in)}
	d, err := pdfsig.Open(r, int64(len(in)), nil)
	if err != nil {
		t.Fatal(err)
	}
	check := func(o *pdfsig.Options) int64 {
		t.Helper()
		r.n = 0
		err := d.Check(o)
		if err != nil {
			t.Fatal(err)
		}
		return r.n
	}
	if check(options()) == 0 {
		t.Error("the first check read nothing")
	}
	if n := check(options()); n != 0 {
		t.Errorf("the same check read %d bytes again", n)
	}
	other := options()
	other.Field = "Other"
	if check(other) == 0 {
		t.Error("a check with another field read nothing")
	}
	wrong := options()
	wrong.Field = "a..b"
	for range 2 {
		if d.Check(wrong) == nil {
			t.Error("a field with an empty part of a name was not refused")
		}
	}
}

// A signature is read once, and what a caller does with it is not seen by the next one.
func TestSignaturesOnce(t *testing.T) {
	in := pdftest.Classic()
	s := newService(t)
	signed, err := pdfsig.Sign(t.Context(), open(t, in), s, nil, options())
	if err != nil {
		t.Fatal(err)
	}
	suffix, intent, err := signed.Finish()
	if err != nil {
		t.Fatal(err)
	}
	out := append(bytes.Clone(in), suffix...)
	clear(suffix) // what was meant must not change with it
	first := open(t, out)
	if err := pdfsig.Reread(open(t, in), first, intent); err != nil {
		t.Error(err)
	}
	one, err := first.Signatures()
	if err != nil || len(one) != 1 {
		t.Fatalf("%d signatures, %v", len(one), err)
	}
	one[0].ByteRange[1], one[0].Keys[0] = 7, "spoiled"
	two, err := first.Signatures()
	if err != nil || len(two) != 1 || two[0].ByteRange[1] == 7 || two[0].Has("spoiled") {
		t.Errorf("%+v, %v", two, err)
	}
}

// Each byte of /Contents is compared, with the intent at hand and with one that came as JSON (readBack).
func TestRereadContents(t *testing.T) {
	in := pdftest.Classic()
	signed, err := pdfsig.Sign(t.Context(), open(t, in), newService(t), nil, options())
	if err != nil {
		t.Fatal(err)
	}
	err = readBack(t, open(t, in), in, signed)
	if err != nil {
		t.Error(err)
	}
	suffix, intent, err := signed.Finish()
	if err != nil {
		t.Fatal(err)
	}
	p := signed.Prepared
	for _, at := range []int64{1, p.ContentsLength / 2, p.ContentsLength - 2} { // in the CMS, and in the padding
		spoiled := bytes.Clone(suffix)
		c := &spoiled[p.ContentsOffset+at]
		*c = '0' + (*c-'0'+1)%10
		out := append(bytes.Clone(in), spoiled...)
		fits := *intent
		fits.Revision = intent.Revision.Sealed(spoiled)
		if pdfsig.Reread(open(t, in), open(t, out), &fits) == nil {
			t.Errorf("digit %d of /Contents was changed and nobody noticed", at)
		}
	}
}

// A document that was opened before stands for the revision that it is.
func TestRevisions(t *testing.T) {
	in := pdftest.Classic()
	signed, err := pdfsig.Sign(t.Context(), open(t, in), newService(t), nil, options())
	if err != nil {
		t.Fatal(err)
	}
	suffix, err := signed.Suffix()
	if err != nil {
		t.Fatal(err)
	}
	out := append(bytes.Clone(in), suffix...)
	before := open(t, in)
	after, err := pdfsig.Open(newReader(out), int64(len(out)), &pdfsig.OpenOptions{Revisions: []*pdfsig.Document{nil, before}})
	if err != nil {
		t.Fatal(err)
	}
	if d, err := after.Revision(int64(len(in))); err != nil || d != before {
		t.Errorf("the revision is %p, %v", d, err)
	}
	if d, err := after.Revision(after.Size()); err != nil || d != after {
		t.Errorf("the newest revision is %p, %v", d, err)
	}
}
