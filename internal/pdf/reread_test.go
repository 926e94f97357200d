// SPDX-License-Identifier: Apache-2.0

package pdf

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"reflect"
	"regexp"
	"testing"

	"gsign/internal/pdf/pdftest"
)

// revise appends a revision with objects of every type, one of which supersedes the information dictionary.
func revise(tb testing.TB, f *File, title string) *Revision {
	tb.Helper()
	u := f.NewUpdate()
	ref, stream, raw := u.Alloc(), u.Alloc(), u.Alloc()
	everything := Dict{
		"A": Array{Integer(-1), Real("1.50"), Bool(true), Null{}, Name("a b#"), String("(\\)\x00\xff"), stream, Array{}, Dict{}},
		"N": Null{}, "Nil": nil, "": Name(""), "T": TextString(title + " – ü"),
	}
	u.Set(ref, everything)
	u.SetStream(stream, Dict{"Length": Integer(7), "K": Name("v")}, []byte("endstream\nendobj\n"+title))
	u.Set(raw, Raw("<</K  (v) /Later 1 >>"))
	u.Means(raw, Dict{"K": String("v")}, "Later")
	if info, ok := f.Trailer()["Info"].(Ref); ok {
		u.Set(info, Dict{"Title": TextString(title), "All": ref})
	}
	u.SetID([]byte("0123456789abcdef"))
	rev, err := u.Build()
	if err != nil {
		tb.Fatal(err)
	}
	rev.Seal()
	return rev
}

func TestReread(t *testing.T) {
	shapes := pdftest.Shapes()
	for name, b := range pdftest.Shapes() {
		shapes[name+" after junk"] = append([]byte("junk\n"), b...)
	}
	for name, b := range shapes {
		before := mustOpen(t, b)
		one := revise(t, before, "one")
		signed := append(bytes.Clone(b), one.Bytes...)
		two := revise(t, mustOpen(t, signed), "two")
		finished := append(bytes.Clone(signed), two.Bytes...)
		if err := Reread(before, mustOpen(t, finished), one.Intent, two.Intent); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if err := Reread(before, mustOpen(t, signed), one.Intent); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		for what, intents := range map[string][]*Intent{
			"nothing": {}, "one is missing": {two.Intent}, "wrong order": {two.Intent, one.Intent}, "the last is missing": {one.Intent},
		} {
			if err := Reread(before, mustOpen(t, finished), intents...); err == nil {
				t.Errorf("%s: %s and no error", name, what)
			}
		}
		if err := Reread(before, mustOpen(t, append(bytes.Clone(finished), '\n')), one.Intent, two.Intent); err == nil {
			t.Errorf("%s: something follows and no error", name)
		}
	}
}

// What is meant outlives the process.
func TestIntentIsData(t *testing.T) {
	rev := revise(t, mustOpen(t, pdftest.Classic()), "one")
	b, err := json.Marshal(rev.Intent)
	if err != nil {
		t.Fatal(err)
	}
	var again Intent
	if err := json.Unmarshal(b, &again); err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(rev.Bytes)
	want := *rev.Intent
	want.SHA256, want.Bytes = sum[:], nil
	if !reflect.DeepEqual(again, want) {
		t.Errorf("%s", b)
	}
}

// Each byte of a revision is changed in turn: the sum of the bytes notices; and, when that is made to fit, so does
// reading the file, unless the byte says nothing.
func TestRereadFindsEachByte(t *testing.T) {
	for _, name := range []string{"classic", "xref stream", "hybrid word", "updated mixed"} {
		b := pdftest.Shapes()[name]
		before := mustOpen(t, b)
		rev := revise(t, before, "one")
		quiet := bytesThatSayNothing(rev.Bytes)
		for i := range rev.Bytes {
			finished := append(bytes.Clone(b), rev.Bytes...)
			finished[len(b)+i] ^= 1
			after, err := openBytes(finished)
			if err != nil {
				continue
			}
			if err := Reread(before, after, rev.Intent); err == nil {
				t.Fatalf("%s: byte %d changed and nobody noticed", name, i)
			}
			sent := *rev.Intent // to another process
			sum := sha256.Sum256(rev.Bytes)
			sent.SHA256, sent.Bytes = sum[:], nil
			if err := Reread(before, after, &sent); err == nil {
				t.Fatalf("%s: byte %d changed and nobody noticed by its sum", name, i)
			}
			fits := *rev.Intent
			sum = sha256.Sum256(finished[len(b):])
			fits.SHA256, fits.Bytes = sum[:], nil
			if err := Reread(before, after, &fits); err == nil && !quiet[i] {
				t.Errorf("%s: a change of the last byte of %q was not noticed", name, rev.Bytes[max(0, i-20):i+1])
			}
		}
	}
}

// bytesThatSayNothing finds white space, keywords that end what ends by itself, entries that are null, how many entries
// a table has, and what Means leaves out.
func bytesThatSayNothing(b []byte) map[int]bool {
	quiet := map[int]bool{}
	for _, m := range regexp.MustCompile(`\s|endobj|endstream|/N(il)? null|Later 1|xref\n\d+ \d+\n`).FindAllIndex(b, -1) {
		for i := m[0]; i < m[1]; i++ {
			quiet[i] = true
		}
	}
	return quiet
}

// A writer that goes wrong in any of these ways is found out.
func TestRereadFindsWrongWriter(t *testing.T) {
	b := pdftest.ObjectStreamForm()
	for name, spoil := range map[string]func(before *File, rev *Revision, in *Intent){
		"object left out of the cross-reference": func(_ *File, rev *Revision, in *Intent) {
			in.Objects = append(in.Objects, Intended{Ref: Ref{Num: 999}, Offset: int64(len(b) + 5), Sum: make([]byte, 32)})
		},
		"object at another place": func(_ *File, _ *Revision, in *Intent) { in.Objects[0].Offset++ },
		"another generation":      func(_ *File, _ *Revision, in *Intent) { in.Objects[0].Ref.Gen++ },
		"another value":           func(_ *File, _ *Revision, in *Intent) { in.Objects[0].Sum = make([]byte, 32) },
		"another trailer":         func(_ *File, _ *Revision, in *Intent) { in.Trailer = make([]byte, 32) },
		"another catalog":         func(_ *File, _ *Revision, in *Intent) { in.Root.Num++ },
		"catalog was another":     func(f *File, _ *Revision, _ *Intent) { f.root.Num++ },
		"an object was lost":      func(f *File, _ *Revision, _ *Intent) { f.entries.blocks[0][200] = offsetEntry(15, 0) },
		"an object was moved":     func(f *File, _ *Revision, _ *Intent) { f.entries.blocks[0][5] = offsetEntry(15, 0) },
		"an object appeared":      func(f *File, _ *Revision, _ *Intent) { f.entries.blocks[0][5] = 0 },
		"/Info was lost":          func(f *File, _ *Revision, _ *Intent) { f.sections[0].Trailer["Info"] = Ref{Num: 5} },
		"/Encrypt was lost":       func(f *File, _ *Revision, _ *Intent) { f.sections[0].Trailer["Encrypt"] = Ref{Num: 5} },
		"/ID was lost": func(f *File, _ *Revision, _ *Intent) {
			f.sections[0].Trailer["ID"] = Array{String("other"), String("x")}
		},
		"pages were lost": func(f *File, _ *Revision, _ *Intent) {
			setPages(t, f, Dict{"Kids": Array{Ref{Num: 3}, Ref{Num: 3}}, "Count": Integer(2)})
		},
		"the first page is another": func(f *File, _ *Revision, _ *Intent) {
			setPages(t, f, Dict{"Kids": Array{Ref{Num: 5}}, "Count": Integer(1)})
		},
	} {
		before := mustOpen(t, b)
		rev := revise(t, before, "one")
		finished := append(bytes.Clone(b), rev.Bytes...)
		spoil(before, rev, rev.Intent)
		err := Reread(before, mustOpen(t, finished), rev.Intent)
		if _, ok := errors.AsType[*MismatchError](err); !ok {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func setPages(tb testing.TB, f *File, d Dict) {
	tb.Helper()
	f.cache.put(2, d, 1)
}
