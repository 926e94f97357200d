// SPDX-License-Identifier: Apache-2.0

package pdfsig_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"gsign/internal/limits"
	"gsign/pkg/pdfsig"
)

// lateDamage is a file of so many objects that not all entries are checked when it is opened. The entry of object wrong, a
// field, leads to nothing. With twice, that object is there in two ways, and a search does not help.
func lateDamage(wrong int, twice bool) []byte {
	var b bytes.Buffer
	var at []int
	object := func(body string) {
		at = append(at, b.Len())
		fmt.Fprintf(&b, "%d 0 obj\n%s\nendobj\n", len(at), body)
	}
	b.WriteString("%PDF-1.7\n")
	object("<< /Type /Catalog /Pages 2 0 R /AcroForm << /Fields [4 0 R 5 0 R 6 0 R 7 0 R] >> >>")
	object("<< /Type /Pages /Kids [3 0 R] /Count 1 >>")
	object("<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] >>")
	for i := range 4 {
		object(fmt.Sprintf("<< /FT /Sig /T (field%d) >>", 4+i))
	}
	for len(at) < limits.PDFChecked+1000 {
		object("null")
	}
	if twice {
		fmt.Fprintf(&b, "9 0 obj << /Length 60 >> stream\n%d 0 obj\n<< /FT /Sig /T (other) >>\nendobj\n%s\nendstream endobj\n", wrong, strings.Repeat(" ", 99))
	}
	start := b.Len()
	fmt.Fprintf(&b, "xref\n0 %d\n0000000000 65535 f \n", len(at)+1)
	for i, off := range at {
		if i+1 == wrong {
			off++
		}
		fmt.Fprintf(&b, "%010d 00000 n \n", off)
	}
	fmt.Fprintf(&b, "trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n", len(at)+1, start)
	return b.Bytes()
}

// TestDamageFoundLate: a file that turns out to be damaged while its form is read is recovered, and all of the form is read
// from what was found. Of two neighbours one is not checked when the file is opened.
func TestDamageFoundLate(t *testing.T) {
	late := 0
	for _, wrong := range []int{6, 7} {
		in := lateDamage(wrong, false)
		doc := open(t, in)
		if !doc.File().Recovered() {
			late++
		}
		if fields, err := doc.EmptyFields(); err != nil || len(fields) != 4 {
			t.Errorf("object %d: empty fields %v, %v", wrong, fields, err)
		}
		for _, check := range []bool{true, false} {
			doc := open(t, in)
			opts := options()
			opts.Field = fmt.Sprintf("field%d", wrong)
			if check {
				if err := doc.Check(opts); err != nil {
					t.Errorf("object %d: %v", wrong, err)
				}
			}
			if _, err := doc.Prepare(newService(t).chain, opts); err != nil {
				t.Errorf("object %d, checked before %v: %v", wrong, check, err)
			}
			if !doc.File().Recovered() {
				t.Errorf("object %d: not recovered", wrong)
			}
		}
		opts := options()
		opts.Field = fmt.Sprintf("field%d", wrong)
		if s := last(t, sign(t, in, opts)); s.Field != opts.Field {
			t.Errorf("signed field %q", s.Field)
		}
		strict, err := pdfsig.Open(newReader(in), int64(len(in)), &pdfsig.OpenOptions{Strict: true})
		if err == nil {
			opts := options()
			opts.Field = fmt.Sprintf("field%d", wrong)
			err = strict.Check(opts)
		}
		if err == nil {
			t.Errorf("object %d: not refused by --strict", wrong)
		}
	}
	if late != 1 {
		t.Errorf("%d of two files opened without a search", late)
	}
}

// TestDamageFoundLateIsRefused: where a search cannot mend it, a field that is not where it should be is not passed over.
func TestDamageFoundLateIsRefused(t *testing.T) {
	for _, wrong := range []int{6, 7} {
		in := lateDamage(wrong, true)
		doc, err := pdfsig.Open(newReader(in), int64(len(in)), nil)
		if err == nil {
			_, err = doc.Prepare(newService(t).chain, options())
		}
		if _, malformed := errors.AsType[*pdfsig.MalformedError](err); !malformed || !strings.Contains(err.Error(), "more than one way") {
			t.Errorf("object %d: %v", wrong, err)
		}
	}
}
