// SPDX-License-Identifier: Apache-2.0

package pdf

import (
	"bytes"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gsign/internal/pdf/pdftest"
)

func TestUpdateShapes(t *testing.T) {
	want := map[SectionKind]SectionKind{Table: Table, XRefStream: XRefStream, Hybrid: Table}
	for name, b := range pdftest.Shapes() {
		t.Run(name, func(t *testing.T) {
			f := mustOpen(t, b)
			u := f.NewUpdate()
			ref := u.Alloc()
			u.SetStream(ref, Dict{"Kind": Name("Test")}, []byte("data"))
			catalog, err := f.Catalog()
			if err != nil {
				t.Fatal(err)
			}
			catalog["Test"] = ref
			u.Set(f.Root(), catalog)
			g := reopened(t, b, u)
			if g.InObjectStream(f.Root()) {
				t.Error("the catalog is not superseded")
			}
			if got := g.Sections()[0].Kind; got != want[f.Sections()[0].Kind] {
				t.Errorf("section of kind %v after %v", got, f.Sections()[0].Kind)
			}
			if _, ok := g.Trailer()["XRefStm"]; ok {
				t.Error("/XRefStm is repeated")
			}
			if len(g.Sections()) != len(f.Sections())+1 || g.Sections()[0].End != g.Size()-1 {
				t.Errorf("sections %v of %d bytes", g.Sections(), g.Size())
			}
			checkStream(t, g, "Test", "data")
			checkTrailer(t, f, g)
			before, err := f.CountPages()
			if err != nil {
				t.Fatal(err)
			}
			if after, err := g.CountPages(); after != before || err != nil {
				t.Errorf("%d pages became %d, %v", before, after, err)
			}
		})
	}
}

func checkStream(t *testing.T, f *File, key Name, want string) {
	t.Helper()
	catalog, err := f.Catalog()
	if err != nil {
		t.Fatal(err)
	}
	s, err := f.Stream(catalog[key])
	if s == nil || err != nil {
		t.Fatalf("stream: %v, %v", s, err)
	}
	data, err := f.StreamData(s, 100)
	if string(data) != want || err != nil {
		t.Errorf("stream: %q, %v", data, err)
	}
}

func checkTrailer(t *testing.T, f, g *File) {
	t.Helper()
	before, after := f.Trailer(), g.Trailer()
	for _, key := range []Name{"Root", "Info", "Encrypt"} {
		if diff := cmp.Diff(before[key], after[key]); diff != "" {
			t.Errorf("/%s changed: %s", string(key), diff)
		}
	}
	if f.declaredSize() >= g.declaredSize() || g.declaredSize() != int64(g.entries.highest)+1 {
		t.Errorf("/Size %d became %d", f.declaredSize(), g.declaredSize())
	}
	id, _ := after["ID"].(Array)
	old, _ := before["ID"].(Array)
	if len(id) != 2 || old != nil && (cmp.Diff(old[0], id[0]) != "" || cmp.Diff(old[1], id[1]) == "") {
		t.Errorf("/ID %v became %v", old, id)
	}
}

func TestUpdateBytes(t *testing.T) {
	b := pdftest.NoFinalEOL()
	u := mustOpen(t, b).NewUpdate()
	u.SetID([]byte("second"))
	u.Set(Ref{6, 0}, Dict{"Title": TextString("Ä"), "N": Raw("<0000>")})
	u.Set(u.Alloc(), Array{Integer(1)})
	rev, err := u.Build()
	if err != nil {
		t.Fatal(err)
	}
	n := len(b)
	want := "\n6 0 obj\n<</N <0000> /Title <FEFF00C4>>>\nendobj\n7 0 obj\n[1]\nendobj\nxref\n6 2\n" +
		fmt.Sprintf("%010d 00000 n\r\n%010d 00000 n\r\n", n+1, n+1+47) +
		"trailer\n<</ID [<00112233445566778899AABBCCDDEEFF> (second)] /Info 6 0 R /Prev " +
		fmt.Sprint(bytes.LastIndex(b, []byte("\nxref\n"))+1) + " /Root 1 0 R /Size 8>>\nstartxref\n" +
		fmt.Sprint(n+strings.Index(string(rev.Bytes), "xref")) + "\n%%EOF\n"
	if diff := cmp.Diff(want, string(rev.Bytes)); diff != "" {
		t.Error(diff)
	}
	again, err := u.Build()
	if err != nil || !bytes.Equal(again.Bytes, rev.Bytes) {
		t.Errorf("built twice, it differs: %v", err)
	}
}

func TestUpdateID(t *testing.T) {
	b := pdftest.NoID()
	u := mustOpen(t, b).NewUpdate()
	u.SetID([]byte("0123456789abcdef"))
	g := reopened(t, b, u)
	id, _ := g.Trailer()["ID"].(Array)
	if diff := cmp.Diff(Array{String("0123456789abcdef"), String("0123456789abcdef")}, id); diff != "" {
		t.Error(diff)
	}
	u = mustOpen(t, b).NewUpdate()
	g = reopened(t, b, u)
	h := reopened(t, b, u)
	one, two := g.Trailer()["ID"].(Array), h.Trailer()["ID"].(Array)
	if len(one[0].(String)) != 16 || cmp.Diff(one, two) == "" {
		t.Errorf("random identifiers %v and %v", one, two)
	}
}

func TestUpdateTrailer(t *testing.T) {
	b := pdftest.XRefStream()
	u := mustOpen(t, b).NewUpdate()
	u.SetTrailer("Extra", Integer(1))
	u.SetTrailer("Info", nil)
	u.SetTrailer("Prev", Integer(3)) // not to be set
	g := reopened(t, b, u)
	d := g.Trailer()
	if d["Extra"] != Object(Integer(1)) || d["Info"] != nil || len(g.Sections()) != 2 {
		t.Errorf("trailer %s", Append(nil, d))
	}
}

func TestUpdateGet(t *testing.T) {
	b := pdftest.Classic()
	f := mustOpen(t, b)
	u := f.NewUpdate()
	o, err := u.Get(Ref{2, 0})
	if err != nil {
		t.Fatal(err)
	}
	d, _ := o.(Dict)
	d["Kids"].(Array)[0] = Null{}
	if n, err := f.CountPages(); n != 1 || err != nil {
		t.Errorf("changing what Get gave changed the file: %d pages, %v", n, err)
	}
	u.Set(Ref{2, 0}, d)
	o, err = u.Get(Ref{2, 0})
	if err != nil || cmp.Diff(d, o) != "" {
		t.Errorf("pending value: %v, %v", o, err)
	}
	u.SetStream(Ref{4, 0}, Dict{"A": Integer(1)}, nil)
	if o, err = u.Get(Ref{4, 0}); err != nil || cmp.Diff(Dict{"A": Integer(1)}, o) != "" {
		t.Errorf("pending stream: %v, %v", o, err)
	}
}

func TestUpdateCopiesStream(t *testing.T) {
	b := pdftest.Classic()
	u := mustOpen(t, b).NewUpdate()
	o, err := u.Get(Ref{4, 0})
	if err != nil {
		t.Fatal(err)
	}
	s, ok := o.(*Stream)
	if !ok {
		t.Fatalf("content is %T", o)
	}
	s.Dict["Extra"] = Bool(true)
	u.Set(Ref{4, 0}, s)
	g := reopened(t, b, u)
	s, err = g.Stream(Ref{4, 0})
	if err != nil || s.Dict["Extra"] != Object(Bool(true)) {
		t.Fatalf("%v, %v", s, err)
	}
	data, err := g.StreamData(s, 1000)
	if !strings.HasPrefix(string(data), "BT /F1") || !strings.HasSuffix(string(data), "ET") || err != nil {
		t.Errorf("%q, %v", data, err)
	}
}

func TestUpdateGenerationsAndFreeObjects(t *testing.T) {
	b := table(func(body, xref string) (string, string) {
		return strings.NewReplacer("3 0 obj", "3 5 obj", "3 0 R", "3 5 R").Replace(body),
			strings.Replace(strings.Replace(xref, "00000 n \ntrailer", "00005 n \n0000000000 00003 f \ntrailer", 1), "0 4\n", "0 5\n", 1)
	})
	f := mustOpen(t, b)
	for _, ref := range []Ref{{3, 0}, {4, 0}, {4, 3}, {99, 0}, {0, 65535}} {
		if o, err := f.Object(ref); o != Object(Null{}) || err != nil {
			t.Errorf("%v: %v, %v", ref, o, err)
		}
	}
	u := f.NewUpdate()
	if ref := u.Alloc(); ref.Num != 5 {
		t.Errorf("allocated %v: the free number 4 may not be used again", ref)
	}
	u.Set(Ref{3, 5}, Dict{"Type": Name("Page"), "New": Bool(true)})
	g := reopened(t, b, u)
	if d, err := g.Dict(Ref{3, 5}); d["New"] != Object(Bool(true)) || err != nil {
		t.Errorf("object of generation 5: %v, %v", d, err)
	}
	for _, refs := range [][]Ref{{{3, 0}}, {{0, 0}}, {{8, 0}, {8, 1}}, {{math.MaxUint32, 0}}} {
		u := f.NewUpdate()
		for _, ref := range refs {
			u.Set(ref, Null{})
		}
		if _, err := u.Build(); err == nil || IsMalformed(err) {
			t.Errorf("update of %v: %v", refs, err)
		}
	}
}

func TestUpdateBeyondTable(t *testing.T) {
	testOnlyTableLimit = 500
	defer func() { testOnlyTableLimit = 1e10 }()
	b := pdftest.Classic()
	f := mustOpen(t, b)
	u := f.NewUpdate()
	u.Set(u.Alloc(), Integer(7))
	g := reopened(t, b, u)
	if g.Sections()[0].Kind != XRefStream {
		t.Error("offsets that ten digits do not hold need a cross-reference stream")
	}
	if o, err := g.Object(Ref{7, 0}); o != Object(Integer(7)) || err != nil {
		t.Errorf("%v, %v", o, err)
	}
}

func TestUpdateOfTenGigabytes(t *testing.T) {
	s := bigFile(9<<30, 100)
	f, err := Open(s, s.size)
	if err != nil {
		t.Fatal(err)
	}
	s.size = 11e9
	end := []byte(fmt.Sprintf("startxref\n%d\n%%%%EOF\n", f.Sections()[0].Offset))
	s.parts[s.size-int64(len(end))] = end
	f, err = Open(s, s.size)
	if err != nil {
		t.Fatal(err)
	}
	u := f.NewUpdate()
	ref := u.Alloc()
	u.Set(ref, Integer(7))
	rev, err := u.Build()
	if err != nil {
		t.Fatal(err)
	}
	g, err := Open(Joined(s, s.size, rev.Bytes))
	if err != nil {
		t.Fatal(err)
	}
	if o, err := g.Object(ref); o != Object(Integer(7)) || err != nil || g.Sections()[0].Kind != XRefStream {
		t.Errorf("%v, %v", o, err)
	}
}

func TestUpdateHugeSize(t *testing.T) {
	b := table(changed("/Size 4", "/Size 2000000000"))
	u := mustOpen(t, b).NewUpdate()
	ref := u.Alloc()
	if ref.Num != 4 {
		t.Errorf("allocated %v: MuPDF refuses such numbers", ref)
	}
	u.Set(ref, Null{})
	if g := reopened(t, b, u); g.declaredSize() != 2000000000 {
		t.Errorf("/Size became lower: %d", g.declaredSize())
	}
}

func TestEmptyUpdate(t *testing.T) {
	for name, b := range pdftest.Shapes() {
		g := reopened(t, b, mustOpen(t, b).NewUpdate())
		if _, err := g.CountPages(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestRuns(t *testing.T) {
	var got []int
	for _, r := range rowRuns([]row{{num: 1}, {num: 2}, {num: 4}, {num: 7}, {num: 8}, {num: 9}}) {
		got = append(got, len(r))
	}
	if !slices.Equal(got, []int{2, 1, 3}) {
		t.Errorf("runs of %v", got)
	}
}

// TestUpdateLeavesDanglingReferences adds objects to a file that refers to some it has not. None may come to stand there.
func TestUpdateLeavesDanglingReferences(t *testing.T) {
	for name, kind := range map[string]pdftest.Kind{"table": pdftest.Table, "stream": pdftest.Stream} {
		// Where there are streams, they are 49 and 50.
		b, _ := pdftest.File{Kind: kind, Objects: []pdftest.Object{
			{Num: 1, Body: "<< /Type /Catalog /Pages 2 0 R /Metadata 52 0 R >>", Packed: true},
			{Num: 2, Body: "<< /Type /Pages /Kids [3 0 R] /Count 1 >>"},
			{Num: 3, Body: "<< /Type /Page /Parent 2 0 R /Annots [49 0 R 50 0 R 51 0 R 54 0 R 56 0 R 4000000000 0 R] >>"},
			{Num: 48, Body: "null"},
		}}.Bytes()
		f := mustOpen(t, b)
		if _, _, err := f.Page(0); err != nil {
			t.Fatal(err)
		}
		u := f.NewUpdate()
		var got []uint32
		for range 2 {
			ref := u.Alloc()
			u.Set(ref, Integer(1))
			got = append(got, ref.Num)
		}
		if want := []uint32{53, 55}; !slices.Equal(got, want) {
			t.Errorf("%s: new objects %v, want %v", name, got, want)
		}
		rev, err := u.Build()
		if err != nil {
			t.Fatal(err)
		}
		f = mustOpen(t, append(b, rev.Bytes...))
		for _, n := range []uint32{51, 52, 54, 56} {
			if f.InUse(n) {
				t.Errorf("%s: object %d is in use", name, n)
			}
		}
	}
}

// TestTrailerIsCarriedOver updates files whose trailers hold more than most: what describes the document stays, what
// describes one section does not.
func TestTrailerIsCarriedOver(t *testing.T) {
	for name, kind := range map[string]pdftest.Kind{"table": pdftest.Table, "stream": pdftest.Stream, "hybrid": pdftest.HybridTable} {
		t.Run(name, func(t *testing.T) {
			b, _ := pdftest.File{Kind: kind, Trailer: "/ID 5 0 R /Info 4 0 R /DocChecksum /0AF /Foo#00 [1 2.50 (x)]", Objects: []pdftest.Object{
				{Num: 1, Body: "<< /Type /Catalog /Pages 2 0 R >>"},
				{Num: 2, Body: "<< /Type /Pages /Kids [3 0 R] /Count 1 >>", Packed: true},
				{Num: 3, Body: "<< /Type /Page /Parent 2 0 R >>", Packed: true},
				{Num: 4, Body: "<< /Title (x) >>", Packed: true},
				{Num: 5, Body: "[<01> <02>]", Packed: true},
			}}.Bytes()
			f := mustOpen(t, b)
			u := f.NewUpdate()
			u.SetID([]byte("second"))
			u.Set(Ref{Num: 4}, Dict{"Title": String("y")})
			g := reopened(t, b, u)
			d := g.Trailer()
			want := "<</DocChecksum /0AF /Foo#00 [1 2.50 (x)] /ID [<01> (second)] /Info 4 0 R "
			got := string(Append(nil, d))
			if kind == pdftest.Stream {
				want = strings.Replace(want, "/Info 4 0 R ", fmt.Sprintf("/Index [4 1 %d 1] /Info 4 0 R /Length 10 ", f.entries.highest+1), 1)
			}
			want += fmt.Sprintf("/Prev %d /Root 1 0 R /Size %d", f.Sections()[0].Offset, g.entries.highest+1)
			if kind == pdftest.Stream {
				want += " /Type /XRef /W [1 2 2]"
			}
			if diff := cmp.Diff(want+">>", got); diff != "" {
				t.Error(diff)
			}
		})
	}
}
