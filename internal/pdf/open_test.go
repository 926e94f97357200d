// SPDX-License-Identifier: Apache-2.0

package pdf

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"testing"

	"gsign/internal/pdf/pdftest"
)

func openBytes(b []byte) (*File, error) { return Open(bytes.NewReader(b), int64(len(b))) }

func mustOpen(tb testing.TB, b []byte) *File {
	tb.Helper()
	f, err := openBytes(b)
	if err != nil {
		tb.Fatal(err)
	}
	return f
}

func title(tb testing.TB, f *File) string {
	tb.Helper()
	info, err := f.Dict(f.Trailer()["Info"])
	if err != nil {
		tb.Fatal(err)
	}
	s, err := f.String(info["Title"])
	if err != nil {
		tb.Fatal(err)
	}
	return s.Text()
}

func TestOpenShapes(t *testing.T) {
	for name, c := range map[string]struct {
		data  []byte
		kinds []SectionKind
		pages int
		title string
		ends  bool
	}{
		"classic":            {pdftest.Classic(), []SectionKind{Table}, 1, "An example", true},
		"no final eol":       {pdftest.NoFinalEOL(), []SectionKind{Table}, 1, "An example", true},
		"xref stream":        {pdftest.XRefStream(), []SectionKind{XRefStream}, 1, "An example", true},
		"hybrid":             {pdftest.Hybrid(), []SectionKind{Hybrid}, 1, "An example", true},
		"hybrid word":        {pdftest.HybridWord(), []SectionKind{Hybrid, Table}, 1, "An example", true},
		"object stream form": {pdftest.ObjectStreamForm(), []SectionKind{XRefStream}, 1, "An example", true},
		"updated":            {pdftest.Updated(), []SectionKind{Table, Table}, 1, "Changed", true},
		"updated mixed":      {pdftest.UpdatedMixed(), []SectionKind{XRefStream, Table}, 1, "Changed", true},
		"updated packed":     {pdftest.UpdatedPacked(), []SectionKind{XRefStream, XRefStream}, 1, "An example", true},
		"inherited":          {pdftest.Inherited(), []SectionKind{Table}, 4, "", true},
		"pages":              {pdftest.Pages(200), []SectionKind{Table}, 200, "", true},
	} {
		t.Run(name, func(t *testing.T) {
			f := mustOpen(t, c.data)
			for i, s := range f.Sections() {
				if i >= len(c.kinds) || s.Kind != c.kinds[i] {
					t.Errorf("section %d is of kind %v", i, s.Kind)
				}
				if !bytes.HasSuffix(c.data[:s.End], []byte("%%EOF")) {
					t.Errorf("section %d does not end in %%%%EOF at %d", i, s.End)
				}
			}
			if got := f.Sections()[0].End; got != int64(len(bytes.TrimRight(c.data, "\n"))) {
				t.Errorf("newest section ends at %d of %d", got, len(c.data))
			}
			n, err := f.PageCount()
			if n != c.pages || err != nil {
				t.Errorf("%d pages, %v", n, err)
			}
			n, err = f.CountPages()
			if n != c.pages || err != nil {
				t.Errorf("%d pages counted, %v", n, err)
			}
			if c.title != "" && title(t, f) != c.title {
				t.Errorf("title %q", title(t, f))
			}
		})
	}
}

func TestHiddenAndSupersededObjects(t *testing.T) {
	for name, b := range map[string][]byte{"spec": pdftest.Hybrid(), "word": pdftest.HybridWord()} {
		f := mustOpen(t, b)
		catalog, err := f.Catalog()
		if err != nil {
			t.Fatal(err)
		}
		form, err := f.Dict(catalog["AcroForm"])
		if form == nil || err != nil {
			t.Errorf("%s: hidden form: %v, %v", name, form, err)
		}
		if !f.InObjectStream(Ref{7, 0}) || f.InObjectStream(Ref{1, 0}) {
			t.Errorf("%s: wrong about what is in an object stream", name)
		}
	}
	f := mustOpen(t, pdftest.UpdatedPacked())
	_, page, err := f.Page(0)
	if err != nil {
		t.Fatal(err)
	}
	if box, _ := page["MediaBox"].(Array); len(box) != 4 || box[2] != Object(Integer(200)) {
		t.Errorf("superseded page: %v", page)
	}
	if f.InObjectStream(Ref{3, 0}) {
		t.Error("object 3 is superseded by one outside the object stream")
	}
}

// table writes a file of a catalog, a page tree and a page, with the cross-reference that edit makes of the usual one.
func table(edit func(body, xref string) (string, string)) []byte {
	body := "%PDF-1.4\n1 0 obj\n<</Type/Catalog/Pages 2 0 R>>\nendobj\n2 0 obj\n<</Type/Pages/Kids[3 0 R]/Count 1>>\nendobj\n" +
		"3 0 obj\n<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>\nendobj\n"
	xref := fmt.Sprintf("xref\n0 4\n0000000000 65535 f \n%010d 00000 n \n%010d 00000 n \n%010d 00000 n \n", strings.Index(body, "1 0 obj"),
		strings.Index(body, "2 0 obj"), strings.Index(body, "3 0 obj")) + "trailer\n<</Size 4/Root 1 0 R>>\nstartxref\nSTART\n%%EOF\n"
	if edit != nil {
		body, xref = edit(body, xref)
	}
	return []byte(body + strings.Replace(xref, "START", fmt.Sprint(len(body)), 1))
}

// changed replaces text in the cross-reference, which must be there.
func changed(old, text string) func(body, xref string) (string, string) {
	return func(body, xref string) (string, string) {
		if !strings.Contains(xref, old) {
			panic("nothing to change: " + old)
		}
		return body, strings.ReplaceAll(xref, old, text)
	}
}

func TestTolerated(t *testing.T) {
	junk := "GET / HTTP/1.1\r\n\r\n"
	for name, b := range map[string][]byte{
		"entries of 19 bytes":     table(changed(" \n", "\n")),
		"entries of 21 bytes":     table(changed(" \n", " \r\n")),
		"entries of few digits":   table(changed("0000000000 65535 f", "0 65535 f")),
		"subsection from 1":       table(changed("0 4\n", "1 4\n")),
		"subsection too long":     table(changed("0 4\n", "0 9\n")),
		"size too small":          table(changed("/Size 4", "/Size 2")),
		"no size":                 table(changed("/Size 4", "")),
		"prev 0":                  table(changed("/Size 4", "/Size 4/Prev 0")),
		"white space before xref": table(func(b, x string) (string, string) { return b, " \n " + x }),
		"junk after %%EOF":        append(table(nil), strings.Repeat("<html>junk\n", 2000)...),
		"junk before header":      append([]byte(junk), table(nil)...),
		"junk, offsets from 0":    shifted(junk),
		"cr only":                 bytes.ReplaceAll(table(nil), []byte("\n"), []byte("\r")),
		"missing endobj":          table(func(b, x string) (string, string) { return strings.ReplaceAll(b, "endobj", "      "), x }),
		"comments": table(func(b, x string) (string, string) {
			return b + "% remark\n", strings.Replace(x, "trailer", "%x\ntrailer%y", 1)
		}),
	} {
		t.Run(name, func(t *testing.T) {
			f := mustOpen(t, b)
			n, err := f.CountPages()
			if n != 1 || err != nil {
				t.Fatalf("%d pages, %v", n, err)
			}
			u := f.NewUpdate()
			ref := u.Alloc()
			if ref.Num < 4 {
				t.Errorf("new object %v takes the number of an old one", ref)
			}
			u.Set(ref, String("new"))
			g := reopened(t, b, u)
			o, err := g.Object(ref)
			if s, _ := o.(String); string(s) != "new" || err != nil {
				t.Errorf("new object: %v, %v", o, err)
			}
			if n, err := g.CountPages(); n != 1 || err != nil {
				t.Errorf("after the update: %d pages, %v", n, err)
			}
		})
	}
}

// shifted has junk before its header, and offsets that count it.
func shifted(junk string) []byte {
	b := string(table(nil))
	for _, what := range []string{"1 0 obj", "2 0 obj", "3 0 obj"} {
		at := strings.Index(b, what)
		b = strings.Replace(b, fmt.Sprintf("%010d 00000 n", at), fmt.Sprintf("%010d 00000 n", at+len(junk)), 1)
	}
	at := strings.Index(b, "xref")
	return []byte(junk + strings.Replace(b, fmt.Sprintf("startxref\n%d", at), fmt.Sprintf("startxref\n%d", at+len(junk)), 1))
}

// reopened applies an update and opens the result.
func reopened(tb testing.TB, before []byte, u *Update) *File {
	tb.Helper()
	rev, err := u.Build()
	if err != nil {
		tb.Fatal(err)
	}
	f, err := Open(Joined(bytes.NewReader(before), int64(len(before)), rev.Bytes))
	if err != nil {
		tb.Fatalf("after the update: %v", err)
	}
	for ref, off := range rev.Offset {
		want := fmt.Sprintf("%d %d obj\n", ref.Num, ref.Gen)
		if !bytes.HasPrefix(rev.Bytes[off-int64(len(before)):], []byte(want)) {
			tb.Errorf("%v does not begin at %d", ref, off)
		}
	}
	return f
}

// xrefStreamFile is nothing but a cross-reference stream.
func xrefStreamFile(dict, data string) []byte {
	head := "%PDF-1.5\n"
	return []byte(head + "1 0 obj\n" + pdftest.StreamBody(dict, data) + fmt.Sprintf("\nendobj\nstartxref\n%d\n%%%%EOF\n", len(head)))
}

// TestMalformed opens strictly: what is refused there is recovered else, where that can be.
func TestMalformed(t *testing.T) {
	stream := xrefStreamFile
	for name, c := range map[string]struct {
		data []byte
		want string
	}{
		"empty":             {nil, "no %PDF-"},
		"no pdf":            {[]byte("hello, world\nstartxref\n0\n%%EOF"), "no %PDF-"},
		"late header":       {append(make([]byte, 1100), table(nil)...), "no %PDF-"},
		"no startxref":      {[]byte("%PDF-1.4\n"), "no startxref"},
		"startxref empty":   {[]byte("%PDF-1.4\nstartxref\n%%EOF"), "startxref without an offset"},
		"startxref 0":       {table(changed("START", "0")), "startxref is 0"},
		"startxref outside": {table(changed("START", "99999")), "the file has"},
		"startxref wrong":   {table(changed("START", "12")), "no indirect object"},
		"no trailer":        {table(changed("trailer", "tailer")), "neither a cross-reference subsection nor a trailer"},
		"trailer is none":   {table(changed("<</Size 4/Root 1 0 R>>", "[]")), "trailer is no dictionary"},
		"no root":           {table(changed("/Root 1 0 R", "")), "/Root"},
		"direct root":       {table(changed("/Root 1 0 R", "/Root<<>>")), "/Root"},
		"prev loop": {table(func(b, x string) (string, string) {
			return b, strings.Replace(x, "/Size", fmt.Sprintf("/Prev %d/Size", len(b)), 1)
		}), "lead back"},
		"prev is a name":      {table(changed("/Size", "/Prev/X/Size")), "/Prev is no integer"},
		"prev outside":        {table(changed("/Size", "/Prev 77777/Size")), "the file has"},
		"bad entry":           {table(changed("00000 n", "00000 x")), "no cross-reference entry"},
		"too few entries":     {table(changed("0 4", "0 2")), "neither a cross-reference subsection"},
		"huge subsection":     {table(changed("0 4", "0 9999999999")), "neither a cross-reference subsection"},
		"subsection number":   {table(changed("0 4", "4294967290 9")), "neither a cross-reference subsection"},
		"huge generation":     {table(changed("00000 n", "70000 n")), "number too large"},
		"xrefstm is wrong":    {table(changed("/Size", "/XRefStm 3/Size")), "/XRefStm"},
		"no type":             {stream("/W [1 1 1] /Size 0 /Root 1 0 R", ""), "no cross-reference"},
		"no widths":           {stream("/Type /XRef /Size 0 /Root 1 0 R", ""), "/W"},
		"widths of zero":      {stream("/Type /XRef /W [0 0 0] /Size 99999999 /Root 1 0 R", ""), "without width"},
		"wide":                {stream("/Type /XRef /W [1 9 1] /Size 1 /Root 1 0 R", "xx"), "bad width"},
		"odd index":           {stream("/Type /XRef /W [1 1 1] /Index [1] /Size 1 /Root 1 0 R", "xx"), "odd /Index"},
		"bad index":           {stream("/Type /XRef /W [1 1 1] /Index [-1 2] /Size 1 /Root 1 0 R", "xx"), "bad /Index"},
		"too short":           {stream("/Type /XRef /W [1 1 1] /Size 2 /Root 1 0 R", "\x01\x09\x00\x01"), "entry of object 1"},
		"offset too large":    {stream("/Type /XRef /W [1 8 1] /Size 1 /Root 1 0 R", "\x01\xff\xff\xff\xff\xff\xff\xff\xff\x00"), "too large"},
		"stream too large":    {stream("/Type /XRef /W [1 8 1] /Size 1 /Root 1 0 R", "\x02\xff\xff\xff\xff\xff\xff\xff\xff\x00"), "too large"},
		"bad flate":           {stream("/Type /XRef /W [1 1 1] /Size 1 /Root 1 0 R /Filter /FlateDecode", "xx"), "zlib"},
		"image filter":        {stream("/Type /XRef /W [1 1 1] /Size 1 /Root 1 0 R /Filter /DCTDecode", "xx"), "DCTDecode"},
		"catalog is a stream": {stream("/Type /XRef /W [1 1 1] /Index [1 1] /Size 2 /Root 1 0 R", "\x01\x09\x00"), "catalog 1 0 R"},
		"catalog elsewhere":   {table(changed("/Root 1 0 R", "/Root 2 1 R")), "catalog 2 1 R"},
		"catalog free":        {table(changed("/Root 1 0 R", "/Root 7 0 R")), "catalog 7 0 R"},
		"object outside":      {table(changed("0000000009 00000 n", "0000009999 00000 n")), "the file has"},
		"wrong object there":  {table(changed("0000000009 00000 n", "0000000054 00000 n")), "stands there"},
		"no object there":     {table(changed("0000000009 00000 n", "0000000012 00000 n")), "no indirect object"},
		"no pages":            {table(func(b, x string) (string, string) { return strings.Replace(b, "/Pages", "/Pagez", 1), x }), "/Pages"},
		"pages missing":       {table(func(b, x string) (string, string) { return strings.Replace(b, "/Pages 2", "/Pages 9", 1), x }), "9 0 R is not in the file"},
	} {
		t.Run(name, func(t *testing.T) {
			f, err := OpenWith(bytes.NewReader(c.data), int64(len(c.data)), &Options{Strict: true})
			if err == nil {
				_, err = f.CountPages()
			}
			if !IsMalformed(err) && !errors.As(err, new(*UnsupportedError)) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want %q", err, c.want)
			}
		})
	}
}

// failing is a machine that cannot read from some offset on.
type failing struct {
	r    io.ReaderAt
	from int64
}

var errDisk = errors.New("disk is gone")

func (r failing) ReadAt(p []byte, off int64) (int, error) {
	if off+int64(len(p)) > r.from {
		return 0, errDisk
	}
	return r.r.ReadAt(p, off)
}

func TestMachineErrorIsNotMalformed(t *testing.T) {
	b := append(pdftest.XRefStream(), make([]byte, 3*blockSize)...)
	for name, r := range map[string]io.ReaderAt{
		"error":     failing{bytes.NewReader(b), 100},
		"truncated": bytes.NewReader(b[:len(b)/2]),
	} {
		_, err := Open(r, int64(len(b)))
		if err == nil || IsMalformed(err) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := Open(failing{bytes.NewReader(b), 100}, int64(len(b))); !errors.Is(err, errDisk) {
		t.Errorf("the machine's error is lost: %v", err)
	}
}

func TestVersion(t *testing.T) {
	for _, c := range []struct{ catalog, header, want string }{
		{"", "1.4", "1.4"},
		{"/Version /1.7 ", "1.4", "1.7"},
		{"/Version /1.3 ", "1.4", "1.4"},
		{"/Version 17 ", "1.4", "1.4"},
	} {
		b, _ := pdftest.File{Version: c.header, Objects: []pdftest.Object{
			{Num: 1, Body: "<< /Pages 2 0 R " + c.catalog + ">>"},
			{Num: 2, Body: "<< /Kids [] /Count 0 >>"},
		}}.Bytes()
		f := mustOpen(t, b)
		if f.Version() != c.want || f.HeaderVersion() != c.header {
			t.Errorf("%q: %s, header %s", c.catalog, f.Version(), f.HeaderVersion())
		}
	}
}

func TestEncrypted(t *testing.T) {
	b := pdftest.Encrypted()
	_, err := OpenWith(bytes.NewReader(b), int64(len(b)), &Options{Password: []byte("x")})
	if e, ok := errors.AsType[*PasswordError](err); !ok || !e.Given {
		t.Errorf("a wrong password: %v", err)
	}
	_, err = Open(bytes.NewReader(b), int64(len(b)))
	if e, ok := errors.AsType[*PasswordError](err); !ok || e.Given {
		t.Errorf("no password: %v", err)
	}
	if mustOpen(t, pdftest.Classic()).Encrypted() {
		t.Error("seen where it is not")
	}
}

func TestSparseObjectNumbersTakeLittle(t *testing.T) {
	var x entries
	for i := range uint32(1000) {
		if err := x.add(math.MaxUint32-i*entryBlock, offsetEntry(1, 0)); err != nil {
			t.Fatal(err)
		}
	}
	if x.highest != math.MaxUint32 || len(x.blocks) != 1000 || x.get(math.MaxUint32-entryBlock) != offsetEntry(1, 0) {
		t.Errorf("highest %d, %d blocks", x.highest, len(x.blocks))
	}
}
