// SPDX-License-Identifier: Apache-2.0

package verify_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"gsign/internal/pdf"
	"gsign/internal/pdf/pdftest"
	"gsign/pkg/verify"
)

// revision appends a table with what is given, between its keyword and the trailer, and a trailer like the last one.
func revision(t *testing.T, w *world, b []byte, objects, table string, prev int64) []byte {
	t.Helper()
	f := w.open(b).File()
	trailer := f.Trailer()
	if prev == 0 {
		prev = f.Sections()[0].Offset
	}
	trailer["Prev"] = pdf.Integer(prev)
	b = append(bytes.Clone(b), objects...)
	at := len(b)
	b = append(b, "xref\n"+table+"trailer\n"...)
	b = pdf.Append(b, trailer)
	return fmt.Appendf(b, "\nstartxref\n%d\n%%%%EOF\n", at)
}

// TestChangedBehindTheStore changes what is shown by other means than a new object of the same number and generation.
func TestChangedBehindTheStore(t *testing.T) {
	w := newWorld(t)
	paint := pdftest.StreamBody("", "0 0 9 9 re f")
	file := func(catalog, contents string, more ...pdftest.Object) []byte {
		in, _ := pdftest.File{Objects: append([]pdftest.Object{
			{Num: 1, Body: "<< /Type /Catalog /Pages 2 0 R " + catalog + " >>"},
			{Num: 2, Body: "<< /Type /Pages /Kids [3 0 R] /Count 1 >>"},
			{Num: 3, Body: "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] /Contents " + contents + " >>"},
		}, more...)}.Bytes()
		return in
	}
	stream := pdftest.Object{Num: 4, Body: paint}
	signed := func(in []byte) []byte { return w.sign(in, verify.BT) }
	plain := signed(file("", "[4 0 R 9 1 R]", stream, pdftest.Object{Num: 10, Body: "null"}))
	shared := signed(file("/DSS << /Certs 5 0 R >>", "5 0 R", stream, pdftest.Object{Num: 5, Body: "[4 0 R]"}))
	empty := signed(file("/DSS 5 0 R", "4 0 R", stream, pdftest.Object{Num: 5, Body: "<< >>"}))
	erased := func(_ *pdf.File, u *pdf.Update) { u.Set(pdf.Ref{Num: 4}, pdf.Null{}) }
	twice := w.seal(w.update(w.stampField(plain), erased), archived)
	for name, tt := range map[string]struct {
		b    []byte
		want string
	}{
		"another generation": {revision(t, w, plain, "9 1 obj\n"+paint+"\nendobj\n", fmt.Sprintf("9 1\n%010d 00001 n\r\n", len(plain)), 0), "object 9 was written anew"},
		"taken away":         {revision(t, w, plain, "", "4 1\n0000000000 00001 f\r\n", 0), "object 4 was taken away"},
		"made null":          {w.update(plain, erased), "object 4 was written anew"},
		"free as before":     {revision(t, w, plain, "", "0 1\n0000000000 65535 f\r\n", 0), ""},
		"an array of the store and of a page": {w.update(shared, func(_ *pdf.File, u *pdf.Update) {
			ref := u.Alloc()
			u.SetStream(ref, nil, []byte("0 0 9 9 re f"))
			u.Set(pdf.Ref{Num: 5}, pdf.Array{pdf.Ref{Num: 4}, ref})
		}), "object 5 was written anew"},
		"an empty dictionary filled": {w.update(empty, func(_ *pdf.File, u *pdf.Update) {
			u.Set(pdf.Ref{Num: 5}, pdf.Dict{"Subtype": pdf.Name("FreeText")})
		}), "object 5 was written anew"},
		"the store's dictionary": {w.update(empty, func(_ *pdf.File, u *pdf.Update) {
			ref := u.Alloc()
			u.SetStream(ref, nil, roots(t)[0].Raw)
			u.Set(pdf.Ref{Num: 5}, pdf.Dict{"Certs": pdf.Array{ref}})
		}), ""},
		"a section passed over": {revision(t, w, twice, "", "0 0\n", w.open(twice).File().Sections()[1].Offset), "passed over"},
	} {
		_, err := check(t, tt.b, &verify.Options{RequireWholeDocument: true})
		var unmet *verify.DemandError
		switch {
		case tt.want == "" && err != nil:
			t.Errorf("%s: %v", name, err)
		case tt.want != "" && (!errors.As(err, &unmet) || !strings.Contains(err.Error(), tt.want)):
			t.Errorf("%s: want %q, got %v", name, tt.want, err)
		}
	}
}

// TestObjectAfterTheEnd verifies a timestamp over a cross-reference that places an object after the bytes signed.
func TestObjectAfterTheEnd(t *testing.T) {
	w := newWorld(t)
	in := w.update(pdftest.WithForm(), func(_ *pdf.File, u *pdf.Update) { u.Set(u.Alloc(), pdf.Null{}) })
	at := bytes.LastIndex(in, []byte(" 00000 n")) - 10
	copy(in[at:], "0000030000")
	b := w.archive(in, archived)
	b = append(b, strings.Repeat("%\n", 20000)...)
	b = revision(t, w, b, "", "0 0\n", 0)
	_, err := check(t, b, &verify.Options{RequireWholeDocument: true})
	if err == nil || !strings.Contains(err.Error(), "not among the bytes signed") {
		t.Error(err)
	}
}

// TestManyRevisions appends more revisions than anybody makes: each would be read as a file of its own.
func TestManyRevisions(t *testing.T) {
	w := newWorld(t)
	b := w.sign(pdftest.Classic(), verify.BT)
	for range 120 {
		b = revision(t, w, b, "", "0 0\n", 0)
	}
	_, err := check(t, b, &verify.Options{RequireWholeDocument: true})
	if err == nil || !strings.Contains(err.Error(), "120 cross-reference sections") {
		t.Error(err)
	}
}

// TestTimestampAlone demands a level of a file that holds nothing but a document timestamp.
func TestTimestampAlone(t *testing.T) {
	w := newWorld(t)
	b := w.archive(pdftest.WithForm(), archived)
	for name, opts := range map[string]*verify.Options{
		"level": {Require: verify.BB}, "fresh": {RequireFresh: true},
	} {
		_, err := check(t, b, opts)
		var unmet *verify.DemandError
		if !errors.As(err, &unmet) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := check(t, b, nil); err != nil {
		t.Error(err)
	}
}

// TestHugeSize signs a file whose /Size no reader would follow: new numbers are not counted from it.
func TestHugeSize(t *testing.T) {
	w := newWorld(t)
	in := bytes.Replace(pdftest.Classic(), []byte("/Size "), []byte("/Size 400000000"), 1)
	b := w.store(w.sign(in, verify.BT), w.entities()...)
	if _, err := check(t, b, &verify.Options{Require: verify.BLT, RequireWholeDocument: true}); err != nil {
		t.Error(err)
	}
}
