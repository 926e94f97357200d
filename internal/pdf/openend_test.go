// SPDX-License-Identifier: Apache-2.0

package pdf

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"gsign/internal/pdf/pdftest"
)

// A classic file whose objects are given; the last ones may have no end.
func endless(t *testing.T, objects ...string) []byte {
	t.Helper()
	b := []byte("%PDF-1.4\n")
	var at []int
	for i, o := range objects {
		at = append(at, len(b))
		b = fmt.Appendf(b, "%d 0 obj\n%s\n", i+1, o)
	}
	start := len(b)
	b = fmt.Appendf(b, "xref\n0 %d\n0000000000 65535 f \n", len(at)+1)
	for _, n := range at {
		b = fmt.Appendf(b, "%010d 00000 n \n", n)
	}
	return fmt.Appendf(b, "trailer\n<</Root 1 0 R /Size %d>>\nstartxref\n%d\n%%%%EOF", len(at)+1, start)
}

// What is appended does not become a part of objects that the file does not end.
func TestOpenEnds(t *testing.T) {
	const (
		catalog = "<</Type /Catalog /Pages 2 0 R>>\nendobj"
		pages   = "<</Type /Pages /Kids [3 0 R] /Count 1>>\nendobj"
		page    = "<</Type /Page /Parent 2 0 R /Contents [4 0 R 5 0 R]>>\nendobj"
		good    = "<</Length 4>>\nstream\nq Q \nendstream\nendobj"
		long    = "q 1 0 0 1 0 0 cm Q q 1 0 0 1 0 0 cm Q"
	)
	for name, c := range map[string]struct {
		objects []string
		want    map[uint32]string
	}{
		"stream":      {[]string{catalog, pages, page, good, "<</Length 37>>\nstream\n" + long}, map[uint32]string{5: long}},
		"two streams": {[]string{catalog, pages, page, "<</Length 3>>\nstream\nq Q\n", "<</Length 37>>\nstream\n" + long}, map[uint32]string{4: "q Q", 5: long}},
		"before one":  {[]string{catalog, pages, page, "<</Length 37>>\nstream\n" + long, "<</A 1>>\nendobj"}, map[uint32]string{4: long}},
		"none open":   {[]string{catalog, pages, page, good, good}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			b := endless(t, c.objects...)
			f := mustOpen(t, b)
			if _, err := f.NewUpdate().Build(); err != nil { // a trial
				t.Fatal(err)
			}
			s, err := openStrictly(b)
			if err == nil {
				_, err = s.NewUpdate().Build()
			}
			if IsMalformed(err) != (c.want != nil) {
				t.Errorf("strictly: %v", err)
			}
			grown := updateOne(t, f, b)
			g, err := openStrictly(grown)
			if err != nil {
				t.Fatal(err)
			}
			for num, want := range c.want {
				s, err := g.Stream(Ref{Num: num})
				if err != nil {
					t.Fatal(err)
				}
				got, err := g.StreamData(s, 1000)
				if string(got) != want || err != nil || s.start < int64(len(b)) {
					t.Errorf("object %d: %q, %v", num, got, err)
				}
			}
			if len(f.Damage()) != len(c.want) {
				t.Errorf("damage: %v", f.Damage())
			}
			if c.want == nil && bytes.Contains(grown[len(b):], []byte("\n5 0 obj")) {
				t.Error("a sound stream is written anew")
			}
		})
	}
}

// A stream without endstream has as many bytes as /Length says, where an object can end there. Elsewhere readers that search the
// file go on, and those that believe its cross-reference do not.
func TestOpenEndsElsewhere(t *testing.T) {
	const (
		catalog = "<</Type /Catalog /Pages 2 0 R>>\nendobj"
		pages   = "<</Type /Pages /Kids [3 0 R] /Count 1>>\nendobj"
		page    = "<</Type /Page /Parent 2 0 R /Contents 4 0 R>>\nendobj"
	)
	for name, c := range map[string]struct{ data, recovered, sound string }{
		"right":           {"<</Length 3>>\nstream\nq Q\nendobj", "q Q", "q Q"},
		"short":           {"<</Length 3>>\nstream\nq Q q Q\nendobj", "q Q q Q", ""},
		"in the keyword":  {"<</Length 6>>\nstream\nq Q\nendobj", "q Q", "q Q"},
		"long":            {"<</Length 20>>\nstream\nq Q\nendobj", "q Q", ""},
		"missing":         {"<<>>\nstream\nq Q\nendobj", "q Q", "q Q"},
		"next object":     {"<</Length 3>>\nstream\nq Q\n 5 0 obj\n1\nendobj", "q Q", "q Q"},
		"nothing ends it": {"<</Length 3>>\nstream\nq Q q Q", "", ""},
	} {
		sound := endless(t, catalog, pages, page, c.data)
		broken := bytes.Replace(sound, []byte("\nxref\n"), []byte("\nxrof\n"), 1)
		if c.recovered == "" {
			broken = sound[:bytes.Index(sound, []byte("\nxref\n"))]
			c.recovered = "q Q q Q"
		}
		for b, want := range map[*[]byte]string{&sound: c.sound, &broken: c.recovered} {
			f := mustOpen(t, *b)
			if want == "" {
				if _, err := f.NewUpdate().Build(); !IsMalformed(err) || !strings.Contains(err.Error(), "more than one way") {
					t.Errorf("%s: %v", name, err)
				}
				continue
			}
			g, err := openStrictly(updateOne(t, f, *b))
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			s, err := g.Stream(Ref{Num: 4})
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if got, err := g.StreamData(s, 1000); string(got) != want || err != nil {
				t.Errorf("%s: %q, %v, want %q", name, got, err, want)
			}
		}
	}
}

// A truncated file: its last object has no end, nor has the file.
func TestOpenEndsTruncated(t *testing.T) {
	whole := pdftest.Classic()
	for cut, what := range map[string]string{
		"7 0 obj\n<< /A (text":                      "null",
		"7 0 obj\n<< /A [1 2 ":                      "null",
		"7 0 obj\n<< /A <00":                        "null",
		"7 0 obj\n<< /Length 900 >>\nstream\nq Q":   "q Q",
		"7 0 obj\n<< /Length 8 0 R >>\nstream\nq Q": "q Q",
	} {
		b := append(cutAt(whole, "xref\n0"), cut...)
		f := mustOpen(t, b)
		grown := updateOne(t, f, b)
		g, err := openStrictly(grown)
		if err != nil {
			t.Errorf("%q: %v", cut, err)
			continue
		}
		o, err := g.Object(Ref{Num: 7})
		if err != nil {
			t.Fatal(err)
		}
		got := "null"
		if s, ok := o.(*Stream); ok {
			data, err := g.StreamData(s, 1000)
			if err != nil {
				t.Fatal(err)
			}
			got = string(data)
		}
		if got != what || !strings.Contains(string(grown[len(b):]), "\n7 0 obj") {
			t.Errorf("%q: object 7 is %q (%v), want %q", cut, got, o, what)
		}
	}
}

func cutAt(b []byte, word string) []byte { return bytes.Clone(b[:bytes.LastIndex(b, []byte(word))]) }

// New numbers that were passed over have entries: below /Size there is no gap.
func TestNoGap(t *testing.T) {
	for name, b := range map[string][]byte{"table": pdftest.Classic(), "stream": pdftest.XRefStream()} {
		f := mustOpen(t, b)
		u := f.NewUpdate()
		skipped := u.Alloc()
		f.entries.refer(skipped.Num + 1)
		catalog, err := f.Catalog()
		if err != nil {
			t.Fatal(err)
		}
		u.Set(f.Root(), catalog)
		ref := u.Alloc()
		if ref.Num != skipped.Num+2 {
			t.Fatalf("%s: %v after %v", name, ref, skipped)
		}
		u.Set(ref, Dict{"A": Integer(1)})
		g := reopened(t, b, u)
		size, _ := g.Trailer()["Size"].(Integer)
		for num := skipped.Num; num < uint32(size); num++ {
			if k := g.entries.get(num).kind(); (k == entryFree) != (num < ref.Num) || k == entryNone {
				t.Errorf("%s: entry of %d is of kind %v", name, num, k)
			}
		}
	}
}

// TestShorten writes streams of a recovered file anew that end before their /Length says, unless something has been signed.
func TestShorten(t *testing.T) {
	const data = "q 1 0 0 1 0 0 cm Q"
	for name, c := range map[string]struct {
		length, more string
		anew         bool
	}{
		"right":      {fmt.Sprint(len(data)), "", false},
		"too small":  {"3", "", false},
		"too large":  {"60", "", true},
		"beyond":     {"999999", "", true},
		"indirect":   {"5 0 R", "", true},
		"signed too": {"60", "6 0 obj\n<< /ByteRange [0 1 2 3] >>\nendobj\n", false},
	} {
		t.Run(name, func(t *testing.T) {
			b := fmt.Appendf(nil, "%%PDF-1.4\n1 0 obj\n<< /Type /Catalog /Pages 2 0 R >>\nendobj\n"+
				"2 0 obj\n<< /Type /Pages /Kids [3 0 R] /Count 1 >>\nendobj\n3 0 obj\n<< /Type /Page /Parent 2 0 R /Contents 4 0 R >>\nendobj\n"+
				"4 0 obj\n<< /Length %s >>\nstream\n%s\nendstream\nendobj\n%s5 0 obj\n77\nendobj\n"+
				"trailer\n<< /Root 1 0 R /Pad (%s) >>\n%%%%EOF\n", c.length, data, c.more, strings.Repeat("x", 99))
			grown := updateOne(t, mustOpen(t, b), b)
			f, err := openStrictly(grown)
			if err != nil {
				t.Fatal(err)
			}
			s, err := f.Stream(Ref{Num: 4})
			if err != nil {
				t.Fatal(err)
			}
			if got, err := f.StreamData(s, 999); string(got) != data || err != nil {
				t.Errorf("%q, %v", got, err)
			}
			if anew := s.start > int64(len(b)); anew != c.anew {
				t.Errorf("written anew: %v", anew)
			}
		})
	}
}
