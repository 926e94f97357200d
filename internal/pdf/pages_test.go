// SPDX-License-Identifier: Apache-2.0

package pdf

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"gsign/internal/limits"
	"gsign/internal/pdf/pdftest"
)

func TestPageAttributes(t *testing.T) {
	f := mustOpen(t, pdftest.Inherited())
	for i, want := range []string{
		"9 0 R [0 0 612 792] [10 10 600 780] 90",
		"10 0 R [0 0 612 792] [10 10 600 780] 0",
		"7 0 R [0 0 300 300] null null",
		"8 0 R [0 0 612 792] null null",
	} {
		ref, page, err := f.Page(i)
		if err != nil {
			t.Fatal(err)
		}
		got := ref.String()
		for _, key := range []Name{"MediaBox", "CropBox", "Rotate"} {
			o, err := f.PageAttr(page, key)
			if err != nil {
				t.Fatal(err)
			}
			got += " " + string(Append(nil, o))
		}
		if got != want {
			t.Errorf("page %d: %s, want %s", i, got, want)
		}
	}
	for _, i := range []int{-1, 4, 1 << 30} {
		if _, _, err := f.Page(i); !IsMalformed(err) {
			t.Errorf("page %d: %v", i, err)
		}
	}
}

func TestPagesInOrder(t *testing.T) {
	f := mustOpen(t, pdftest.Inherited())
	var walked, asked []Ref
	for p, err := range f.Pages() {
		if err != nil {
			t.Fatal(err)
		}
		walked = append(walked, p.Ref)
		ref, _, err := f.Page(len(asked))
		if err != nil {
			t.Fatal(err)
		}
		asked = append(asked, ref)
	}
	if diff := cmp.Diff(walked, asked); diff != "" || len(walked) != 4 {
		t.Error(diff)
	}
	for range f.Pages() {
		break // must not go on
	}
}

// tree has the given objects besides a catalog whose page tree is object 2.
func tree(bodies ...string) []byte {
	objs := []pdftest.Object{{Num: 1, Body: "<< /Type /Catalog /Pages 2 0 R >>"}}
	for i, b := range bodies {
		objs = append(objs, pdftest.Object{Num: 2 + i, Body: b})
	}
	b, _ := pdftest.File{Objects: objs}.Bytes()
	return b
}

func TestOddPageTrees(t *testing.T) {
	chain := make([]string, limits.PDFPageDepth+2)
	for i := range chain {
		chain[i] = fmt.Sprintf("<< /Type /Pages /Kids [%d 0 R] /Parent %d 0 R >>", i+3, i+3)
	}
	doubling := make([]string, 40)
	for i := range doubling {
		doubling[i] = fmt.Sprintf("<< /Kids [%d 0 R %d 0 R] >>", i+3, i+3)
	}
	for name, c := range map[string]struct {
		data  []byte
		pages int
		want  string
	}{
		"root is a page":   {tree("<< /Type /Page >>"), 1, ""},
		"no count":         {tree("<< /Kids [3 0 R 3 0 R] >>", "<< >>"), 2, ""},
		"null kids":        {tree("<< /Kids [null 9 0 R 3 0 R] >>", "<< >>"), 1, ""},
		"direct kid":       {tree("<< /Kids [<< /Type /Page >>] >>"), 1, ""},
		"no kids":          {tree("<< /Type /Pages /Count 3 >>"), 0, ""},
		"kids by itself":   {tree("<< /Kids 3 0 R /Count 0 >>", "[4 0 R]", "<< >>"), 1, ""},
		"kid is a number":  {tree("<< /Kids [3] >>"), 0, ""},
		"kids is a number": {tree("<< /Kids 3 >>"), 0, ""},
		"loop":             {tree("<< /Kids [3 0 R] >>", "<< /Kids [2 0 R] >>"), 0, ""},
		"page before loop": {tree("<< /Kids [3 0 R] >>", "<< /Kids [4 0 R 2 0 R] >>", "<< >>"), 1, ""},
		"broken kid":       {tree("<< /Kids [3 0 R 4 0 R] >>", "<< ]", "<< >>"), 1, ""},
		"doubling":         {tree(append(doubling, "<< >>")...), 2, ""},
		"deep":             {tree(chain...), 0, "deeper than"},
	} {
		t.Run(name, func(t *testing.T) {
			n, err := mustOpen(t, c.data).PageCount()
			if c.want == "" && (n != c.pages || err != nil) || c.want != "" && (!IsMalformed(err) || !strings.Contains(err.Error(), c.want)) {
				t.Errorf("%d pages, %v", n, err)
			}
		})
	}
	f := mustOpen(t, tree(chain...))
	if _, err := f.PageAttr(Dict{"Parent": Ref{2, 0}}, "Rotate"); !IsMalformed(err) {
		t.Errorf("endless parents: %v", err)
	}
}

func TestTypedAccess(t *testing.T) {
	f := mustOpen(t, tree("<< /Kids [] >>", "4 0 R", "3 0 R", pdftest.StreamBody("/K 1", "x"), "(s)", "true"))
	if _, err := f.Resolve(Ref{3, 0}); !IsMalformed(err) {
		t.Errorf("references in a circle: %v", err)
	}
	if d, err := f.Dict(Ref{5, 0}); d["K"] != Object(Integer(1)) || err != nil {
		t.Errorf("dictionary of a stream: %v, %v", d, err)
	}
	if b, err := f.Bool(Ref{7, 0}); !b || err != nil {
		t.Errorf("boolean: %v, %v", b, err)
	}
	for _, o := range []Object{nil, Null{}, Ref{99, 0}} {
		d, err1 := f.Dict(o)
		a, err2 := f.Array(o)
		s, err3 := f.String(o)
		st, err4 := f.Stream(o)
		n, err5 := f.Integer(o)
		name, err6 := f.Name(o)
		for _, err := range []error{err1, err2, err3, err4, err5, err6} {
			if err != nil {
				t.Errorf("%v: %v", o, err)
			}
		}
		if d != nil || a != nil || s != nil || st != nil || n != 0 || name != "" {
			t.Errorf("%v gives a value", o)
		}
	}
	if _, err := f.Integer(Ref{6, 0}); !IsMalformed(err) || !strings.Contains(err.Error(), "6 0 R: string instead of integer") {
		t.Errorf("wrong type: %v", err)
	}
}

func TestExtents(t *testing.T) {
	b := tree("<< /Kids [] /Count 0 >>", "<< /A (x) /B [1 2 0 R] /C 12 0 R /D <</E 1>> /F<00>/G/H /I null >>", pdftest.StreamBody("/K 1", "x"))
	f := mustOpen(t, b)
	values, err := f.ValueExtents(Ref{3, 0})
	if err != nil {
		t.Fatal(err)
	}
	got := map[Name]string{}
	for k, v := range values {
		got[k] = string(b[v[0]:v[1]])
	}
	want := map[Name]string{"A": "(x)", "B": "[1 2 0 R]", "C": "12 0 R", "D": "<</E 1>>", "F": "<00>", "G": "/H", "I": "null"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	for _, num := range []uint32{1, 2, 3, 4} {
		start, end, err := f.Extent(Ref{num, 0})
		if err != nil {
			t.Fatal(err)
		}
		text := string(b[start:end])
		if !strings.HasPrefix(text, fmt.Sprintf("%d 0 obj", num)) || !strings.HasSuffix(text, "endobj") || strings.Count(text, "obj") != 2 {
			t.Errorf("extent of %d: %q", num, text)
		}
	}
	if v, err := f.ValueExtents(Ref{4, 0}); err != nil || string(b[v["K"][0]:v["K"][1]]) != "1" {
		t.Errorf("values of a stream: %v, %v", v, err)
	}
}

func TestExtentsMalformed(t *testing.T) {
	f := mustOpen(t, tree("<< /Kids [] >>", "<< /A 1 /A 1 >>", "[]", "<< /A >>", "<< 1 2 >>", "<< (", "<< /Length 1 >>\nstream\nx"))
	packed := mustOpen(t, pdftest.XRefStream())
	for _, c := range []struct {
		f    *File
		ref  Ref
		want string
	}{
		{f, Ref{3, 0}, `"A" is there twice`},
		{f, Ref{4, 0}, "no dictionary"},
		{f, Ref{5, 0}, "without a value"},
		{f, Ref{6, 0}, "not a name"},
		{f, Ref{7, 0}, "parenthesis"},
		{f, Ref{9, 0}, "by itself"},
		{f, Ref{3, 1}, "by itself"},
		{packed, Ref{1, 0}, "by itself"},
	} {
		if _, err := c.f.ValueExtents(c.ref); !IsMalformed(err) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v: %v, want %s", c.ref, err, c.want)
		}
	}
	for _, ref := range []Ref{{7, 0}, {8, 0}, {9, 0}} {
		if _, _, err := f.Extent(ref); !IsMalformed(err) {
			t.Errorf("extent of %v: %v", ref, err)
		}
	}
}

func TestSecondOpinion(t *testing.T) {
	for name, b := range pdftest.Shapes() {
		f := mustOpen(t, b)
		o, err := f.SecondOpinion(t.Context())
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if mixed := strings.HasPrefix(name, "updated mixed") || name == "hybrid word"; mixed != (o.Skipped != "") {
			t.Errorf("%s: skipped: %q", name, o.Skipped)
		}
	}
	f := mustOpen(t, pdftest.Classic())
	f.root = Ref{2, 0}
	f.cache.put(2, Dict{"Pages": Dict{"Kids": Array{}, "Count": Integer(5)}}, 1)
	if _, err := f.SecondOpinion(t.Context()); !IsMalformed(err) || !strings.Contains(err.Error(), "disagree") {
		t.Errorf("contradiction: %v", err)
	}
	o, err := mustOpen(t, []byte(strings.Replace(string(table(nil)), "%PDF-1.4", "%PDF-1.x", 1))).SecondOpinion(t.Context())
	if err != nil || !strings.Contains(o.Skipped, "cannot read") {
		t.Errorf("unreadable for the other: %v, %v", o, err)
	}
	o, err = mustOpen(t, table(changed("/Size 4", "/Size 1"))).SecondOpinion(t.Context())
	if err != nil || !strings.Contains(o.Skipped, "does not find the catalog") {
		t.Errorf("size too small: %v, %v", o, err)
	}
	o, err = mustOpen(t, tree("<< /Type /Pages /Kids [3 0 R] >>", "<< /Type /Page >>")).SecondOpinion(t.Context())
	if err != nil || o.Root != (Ref{1, 0}) && o.Skipped == "" {
		t.Errorf("no count: %v, %v", o, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := mustOpen(t, pdftest.Classic()).SecondOpinion(ctx); err == nil || IsMalformed(err) {
		t.Errorf("cancelled: %v", err)
	}
}

func TestObjectStreams(t *testing.T) {
	file := func(dict, data, more string) []byte {
		b, _ := pdftest.File{Kind: pdftest.Stream, Objects: []pdftest.Object{
			{Num: 1, Body: "<< /Type /Catalog /Pages 2 0 R >>"},
			{Num: 2, Body: "<< /Kids [] >>"},
			{Num: 3, Body: "(three)", Packed: true},
			{Num: 6, Body: pdftest.StreamBody(dict, data)},
			{Num: 7, Body: more},
		}}.Bytes()
		return b
	}
	// The cross-reference says that object 3 is in stream 8: in these files another object stands for that one.
	packed := func(b []byte, num uint32) (Object, error) {
		f := mustOpen(t, b)
		return f.packedObject(num, packedEntry(6, 0))
	}
	o, err := packed(file("/Type /ObjStm /N 2 /First 8", "5 0 3 4 (5) (3)", "null"), 3)
	if s, _ := o.(String); string(s) != "3" || err != nil {
		t.Errorf("wrong index: %v, %v", o, err)
	}
	o, err = packed(file("/Type /ObjStm /N 1 /First 4 /Extends 8 0 R", "5 0 (5)", "null"), 3)
	if s, _ := o.(String); string(s) != "three" || err != nil {
		t.Errorf("extended stream: %v, %v", o, err)
	}
	for name, c := range map[string]struct{ dict, data, more, want string }{
		"not there":       {"/N 1 /First 4", "5 0 (5)", "null", "is not in object stream"},
		"extends itself":  {"/N 1 /First 4 /Extends 6 0 R", "5 0 (5)", "null", "extend each other"},
		"first too large": {"/N 1 /First 99", "3 0 (5)", "null", "/First 99"},
		"no n":            {"/First 4", "3 0 (5)", "null", "lacks a number"},
		"huge n":          {"/N 999999999 /First 4", "3 0 (5)", "null", "/N 999999999"},
		"bad index":       {"/N 1 /First 4", "3 X (5)", "null", "bad index"},
		"offset outside":  {"/N 1 /First 5", "3 99 (5)", "null", "offset 104"},
		"bad object":      {"/N 1 /First 4", "3 0 (5", "null", "parenthesis"},
		"not a number":    {"/N 7 0 R /First 4", "3 0 (5)", "(x)", "lacks a number"},
	} {
		_, err := packed(file(c.dict, c.data, c.more), 3)
		if !IsMalformed(err) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %s", name, err, c.want)
		}
	}
	f := mustOpen(t, file("/N 3 0 R /First 4", "3 0 (5)", "null"))
	if err := (&f.entries).replace(3, packedEntry(6, 0)); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Object(Ref{3, 0}); !IsMalformed(err) || !strings.Contains(err.Error(), "need each other") {
		t.Errorf("stream that needs itself: %v", err)
	}
}

// replace is for tests: the reader keeps the newest entry.
func (x *entries) replace(num uint32, e entry) error {
	x.blocks[num/entryBlock][num%entryBlock] = 0
	return x.add(num, e)
}

func TestPackedCache(t *testing.T) {
	var c packedCache
	for i := range uint32(4) {
		c.put(&packedStream{num: i, data: make([]byte, limits.PDFObjectStreamCache/2)})
	}
	if c.get(0) != nil || c.get(1) != nil || c.get(2) == nil || c.get(3) == nil {
		t.Error("the last ones are not kept")
	}
	c.put(&packedStream{num: 9, data: make([]byte, limits.PDFObjectStream)})
	if len(c.streams) != 1 || c.get(9) == nil {
		t.Errorf("%d streams kept", len(c.streams))
	}
}

func TestJoined(t *testing.T) {
	r, size := Joined(strings.NewReader("hello, "), 7, []byte("wor"), nil, []byte("ld"))
	if size != 12 {
		t.Errorf("size %d", size)
	}
	if err := iotest.TestReader(io.NewSectionReader(r, 0, size), []byte("hello, world")); err != nil {
		t.Error(err)
	}
	if _, err := r.ReadAt(make([]byte, 1), -1); err == nil {
		t.Error("negative offset is read")
	}
	if n, err := r.ReadAt(make([]byte, 4), 10); n != 2 || err != io.EOF {
		t.Errorf("%d, %v", n, err)
	}
	r, _ = Joined(bytes.NewReader([]byte("hel")), 7, []byte("world"))
	if n, err := r.ReadAt(make([]byte, 9), 0); n != 3 || err != io.ErrUnexpectedEOF {
		t.Errorf("a file that became shorter: %d, %v", n, err)
	}
}

// TestSecondOpinionOfLostPages: the other reader takes offsets of a table that begins at the wrong number as they are.
func TestSecondOpinionOfLostPages(t *testing.T) {
	b := tree("<< /Type /Pages /Kids [3 0 R] /Count 1 >>", "<< /Type /Page >>")
	f := mustOpen(t, b)
	f.cache.put(2, Dict{"Kids": Array{Ref{3, 0}}, "Count": Integer(1)}, 1)
	f.src.r = bytes.NewReader(bytes.Replace(b, []byte("/Count 1"), []byte("/Xount 1"), 1))
	o, err := f.SecondOpinion(t.Context())
	if err != nil || !strings.Contains(o.Skipped, "does not find the page tree") {
		t.Errorf("%v, %v", o, err)
	}
}

// TestSecondOpinionOfOddRows: the other reader writes about them to standard output, which is not its own.
func TestSecondOpinionOfOddRows(t *testing.T) {
	at := func(typ byte) []byte {
		b := []byte("%PDF-1.5\n1 0 obj\n<< /Pages 2 0 R >>\nendobj\n2 0 obj\n<< /Kids [3 0 R] /Count 1 >>\nendobj\n3 0 obj\n<< /Type /Page >>\nendobj\n")
		start := len(b)
		rows := []byte{0, 0, 1, byte(bytes.Index(b, []byte("1 0 obj"))), 1, byte(bytes.Index(b, []byte("2 0 obj"))), 1, byte(bytes.Index(b, []byte("3 0 obj"))), typ, byte(start)}
		return fmt.Appendf(b, "4 0 obj\n<< /Type /XRef /W [1 1 0] /Size 5 /Root 1 0 R /Length %d >>\nstream\n%s\nendstream\nendobj\nstartxref\n%d\n%%%%EOF\n", len(rows), rows, start)
	}
	for typ, want := range map[byte]string{1: "", 191: "unknown types"} {
		o, err := mustOpen(t, at(typ)).SecondOpinion(t.Context())
		if err != nil || !strings.Contains(o.Skipped, want) || want == "" && o.Skipped != "" {
			t.Errorf("type %d: %v, %v", typ, o, err)
		}
	}
}

// TestSecondOpinionOfRecovered: what the other would read of a broken cross-reference has not been bounded here.
func TestSecondOpinionOfRecovered(t *testing.T) {
	b := bytes.Replace(pdftest.Classic(), []byte("startxref\n"), []byte("startxref\n9"), 1)
	o, err := mustOpen(t, b).SecondOpinion(t.Context())
	if err != nil || !strings.Contains(o.Skipped, "broken") {
		t.Errorf("%v, %v", o, err)
	}
}
