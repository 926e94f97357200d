// SPDX-License-Identifier: Apache-2.0

package pdf

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"gsign/internal/pdf/pdftest"
)

// entryOfTable is an entry as the standard wants it: twenty bytes.
var entryOfTable = regexp.MustCompile(`(\d{10} \d{5} [nf]) \n`)

func body(num int, text string) func([]pdftest.Object) []pdftest.Object {
	return func(objs []pdftest.Object) []pdftest.Object {
		objs[num-1].Body = text
		return objs
	}
}

// lenient makes a document of one page, 1 catalog, 2 page tree, 3 page, 4 content, with something odd about it.
func lenient(version string, change func([]pdftest.Object) []pdftest.Object, trailer string) []byte {
	objs := []pdftest.Object{
		{Num: 1, Body: "<< /Type /Catalog /Pages 2 0 R >>"},
		{Num: 2, Body: "<< /Type /Pages /Kids [3 0 R] /Count 1 >>"},
		{Num: 3, Body: "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] /Contents 4 0 R >>"},
		{Num: 4, Body: pdftest.StreamBody("", "0 0 m")},
		{Num: 5, Body: "5"},
	}
	if change != nil {
		objs = change(objs)
	}
	b, _ := pdftest.File{Version: version, Objects: objs, Trailer: trailer}.Bytes()
	return b
}

// TestLenient reads what is not as the standard wants it, one row each, and updates it. It says whether the file counts as
// damaged, which --strict refuses.
func TestLenient(t *testing.T) {
	plain := lenient("1.4", nil, "")
	sub := func(old, now string) []byte { return bytes.ReplaceAll(plain, []byte(old), []byte(now)) }
	for name, c := range map[string]struct {
		data    []byte
		damaged bool
	}{
		"header not at 0":           {append([]byte("\r\n\r\n"), plain...), false},
		"header not at 0, adjusted": {append([]byte("junk\n"), pdftest.Shift(plain, 5)...), true},
		"junk after the end":        {append(bytes.Clone(plain), strings.Repeat("junk ", 500)...), false},
		"no end of line":            {bytes.TrimSuffix(plain, []byte("\n")), false},
		"wrong startxref":           {regexp.MustCompile(`startxref\n\d+`).ReplaceAll(plain, []byte("startxref\n11")), true},
		"wrong offsets":             {sub("%PDF-1.4\n", "%PDF-1.4\n% put in later\n"), true},
		"prev loop":                 {sub("/Root", fmt.Sprintf("/Prev %d /Root", bytes.Index(plain, []byte("xref\n")))), true},
		"prev 0":                    {sub("/Root", "/Prev 0 /Root"), false},
		"no size":                   {sub("/Size 6 ", ""), false},
		"size too small":            {sub("/Size 6", "/Size 2"), false},
		"size too large":            {sub("/Size 6", "/Size 9999"), false},
		"length too small":          {lenient("1.4", body(4, "<< /Length 2 >>\nstream\n0 0 m\nendstream"), ""), false},
		"length too large":          {lenient("1.4", body(4, "<< /Length 99999 >>\nstream\n0 0 m\nendstream"), ""), false},
		"length missing":            {lenient("1.4", body(4, "<< >>\nstream\n0 0 m\nendstream"), ""), false},
		"length indirect":           {lenient("1.4", body(4, "<< /Length 5 0 R >>\nstream\n0 0 m\nendstream"), ""), false},
		"endobj missing":            {sub("endobj\n", "      \n"), false},
		"lines of CR":               {sub("\n", "\r"), false},
		"entries of 19 bytes":       {entryOfTable.ReplaceAll(plain, []byte("$1\n")), false},
		"entries of 21 bytes":       {entryOfTable.ReplaceAll(plain, []byte("$1 \r\n")), false},
		"table of object 1":         {sub("xref\n0 6", "xref\n1 6"), false},
		"type missing":              {lenient("1.4", body(3, "<< /Parent 2 0 R /MediaBox [0 0 9 9] /Contents 4 0 R >>"), ""), false},
		"type of the tree missing":  {lenient("1.4", body(2, "<< /Kids [3 0 R] /Count 1 >>"), ""), false},
		"type of the root missing":  {lenient("1.4", body(1, "<< /Pages 2 0 R >>"), ""), false},
		"count missing":             {lenient("1.4", body(2, "<< /Type /Pages /Kids [3 0 R] >>"), ""), false},
		"count negative":            {lenient("1.4", body(2, "<< /Type /Pages /Kids [3 0 R] /Count -1 >>"), ""), false},
		"kids missing below":        {lenient("1.4", body(2, "<< /Type /Pages /Kids [3 0 R << /Type /Page >>] /Count 1 >>"), ""), false},
		"null pages":                {lenient("1.4", body(2, "<< /Type /Pages /Kids [null 9 0 R 3 0 R] /Count 1 >>"), ""), false},
		"a word for a value":        {lenient("1.4", body(1, "<< /Type /Catalog /Pages 2 0 R /Lang word >>"), ""), true},
		"names with #":              {sub("/Pages", "/P#61ges"), true}, // the offsets are wrong then
		"PDF 1.0":                   {lenient("1.0", nil, ""), false},
		"PDF 2.0":                   {lenient("2.0", nil, ""), false},
		"catalog far away":          {bytes.ReplaceAll(sub("/Root 1 0 R", ""), []byte("startxref"), []byte("% startxref")), true},
	} {
		t.Run(name, func(t *testing.T) {
			f := mustOpen(t, c.data)
			if damaged := len(f.Damage()) > 0; damaged != c.damaged {
				t.Errorf("damage %v", f.Damage())
			}
			if _, err := openStrictly(c.data); (err != nil) != c.damaged {
				t.Errorf("strictly: %v", err)
			}
			for _, f := range []*File{f, mustOpen(t, updateOne(t, f, c.data))} {
				if n, err := f.PageCount(); n != 1 || err != nil {
					t.Errorf("%d pages, %v", n, err)
				}
				_, page, err := f.Page(0)
				if err != nil {
					t.Fatal(err)
				}
				s, err := f.Stream(page["Contents"])
				if err != nil || s == nil {
					t.Fatalf("%v, %v", s, err)
				}
				if data, err := f.StreamData(s, 99); string(data) != "0 0 m" || err != nil {
					t.Errorf("content %q, %v", data, err)
				}
			}
		})
	}
}

// TestBareWords reads words that are none of PDF as null where a value is expected, and nowhere else. Arrays keep them.
func TestBareWords(t *testing.T) {
	for text, want := range map[string]string{
		"[4 0 R x 5 0 R]":         "[4 0 R x 5 0 R]",
		"[5 0 r]":                 "[5 0 r]",
		"<< /A word /B 1 >>":      "<</B 1>>",
		"<< /A [nul] /B 2 >>":     "<</A [nul] /B 2>>",
		"<< /A word more /B 1 >>": "",
		"<< /A [1 R] >>":          "",
		"[1 endobj":               "",
		"word":                    "",
		"<< word /B 1 >>":         "",
	} {
		b := lenient("1.4", body(5, text), "")
		f := mustOpen(t, b)
		o, err := f.Object(Ref{Num: 5})
		if want == "" {
			if !IsMalformed(err) {
				t.Errorf("%s: %v, %v", text, o, err)
			}
			continue
		}
		if got := string(Append(nil, o)); err != nil || got != want {
			t.Errorf("%s: %s, %v", text, got, err)
			continue
		}
		list, _ := o.(Array)
		for _, item := range list {
			if _, word := item.(Word); word {
				if v, err := f.Resolve(item); v != Object(Null{}) || err != nil {
					t.Errorf("%s: %v, %v", text, v, err)
				}
			}
		}
		if len(f.Damage()) != 1 {
			t.Errorf("%s: damage %v", text, f.Damage())
		}
		strict, err := openStrictly(b)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := strict.Object(Ref{Num: 5}); !IsMalformed(err) {
			t.Errorf("%s: strictly: %v", text, err)
		}
	}
}
