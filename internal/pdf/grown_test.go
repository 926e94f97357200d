// SPDX-License-Identifier: Apache-2.0

package pdf

import (
	"bytes"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strconv"
	"testing"
	"weak"

	"gsign/internal/pdf/pdftest"
	"gsign/internal/testenv"
)

// grownShapes are the made files, and those of testdata that can be updated.
func grownShapes(t *testing.T) map[string][]byte {
	t.Helper()
	all := maps.Clone(pdftest.Shapes())
	names, err := filepath.Glob(filepath.Join(testenv.Root(t), "testdata", "pdfs", "*.pdf"))
	if err != nil || len(names) == 0 {
		t.Fatal("no files", err)
	}
	for _, name := range names {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		all[filepath.Base(name)] = b
	}
	return all
}

// grow appends a revision that writes the catalog anew and adds an object.
func grow(t *testing.T, b []byte) (*File, []byte) {
	t.Helper()
	f, err := openBytes(b)
	if err != nil || f.Encrypted() || len(f.Damage()) > 0 {
		return nil, nil
	}
	catalog, err := f.Catalog()
	if err != nil {
		return nil, nil
	}
	u := f.NewUpdate()
	catalog["New"] = u.Alloc()
	u.Set(catalog["New"].(Ref), Integer(7))
	u.Set(f.Root(), catalog)
	rev, err := u.Build()
	if err != nil {
		t.Fatal(err)
	}
	return f, append(bytes.Clone(b), rev.Bytes...)
}

// A file that is opened with its original says what it says without, twice over, and the original goes on saying what it
// said.
func TestOriginal(t *testing.T) {
	shareAlways(t)
	adopted := 0
	for name, b := range grownShapes(t) {
		t.Run(name, func(t *testing.T) {
			original, grown := grow(t, b)
			if original == nil {
				return
			}
			was := all(original)
			for range 2 {
				with, err := OpenWith(bytes.NewReader(grown), int64(len(grown)), &Options{Original: original})
				if err != nil {
					t.Fatal(err)
				}
				without := mustOpen(t, grown)
				if !maps.Equal(all(with), all(without)) || with.entries.highest != without.entries.highest || with.rows != without.rows {
					t.Error("other entries")
				}
				if !reflect.DeepEqual(with.Sections(), without.Sections()) || with.Root() != without.Root() {
					t.Error("other sections")
				}
				if with.entries.shared != nil {
					adopted++
				}
				_, again := grow(t, grown)
				if _, err := OpenWith(bytes.NewReader(again), int64(len(again)), &Options{Original: with}); err != nil {
					t.Fatal(err)
				}
				if !maps.Equal(all(original), was) || !maps.Equal(all(with), all(without)) {
					t.Fatal("the original changed")
				}
				original = mustOpen(t, b)
			}
		})
	}
	if adopted < 40 {
		t.Errorf("only %d times was the original's cross-reference taken over", adopted)
	}
}

func shareAlways(t *testing.T) {
	t.Helper()
	was := testOnlySharedRows
	testOnlySharedRows = 0
	t.Cleanup(func() { testOnlySharedRows = was })
}

// A small original is read again: an error in the first reading cannot hide in the second.
func TestSmallOriginalIsReadAgain(t *testing.T) {
	original, grown := grow(t, pdftest.Classic())
	intact := all(original)
	for first, b := range original.entries.blocks {
		spoilt := *b
		for i := range spoilt {
			if spoilt[i].kind() == entryOffset {
				spoilt[i] = offsetEntry(spoilt[i].offset()+1, 0)
			}
		}
		original.entries.blocks[first] = &spoilt
	}
	f, err := OpenWith(bytes.NewReader(grown), int64(len(grown)), &Options{Original: original})
	if err != nil {
		t.Fatal(err)
	}
	for num, e := range intact {
		if ref := (Ref{num, e.gen()}); ref != f.Root() && f.entries.get(num) != e {
			t.Errorf("the entry of object %d was not read again", num)
		}
	}
}

func all(f *File) map[uint32]entry {
	m := map[uint32]entry{}
	for first, b := range f.entries.blocks {
		for i, e := range b {
			if e != 0 {
				m[first*entryBlock+uint32(i)] = e
			}
		}
	}
	return m
}

// The original counts only where the chain of cross-references leads to its newest section.
func TestOriginalOnlyWhereTheChainLeads(t *testing.T) {
	shareAlways(t)
	b := pdftest.Classic()
	original, grown := grow(t, b)
	table := original.Sections()[0].Offset
	f := &File{src: source{r: bytes.NewReader(grown), size: int64(len(grown))}, opts: Options{Original: original}}
	if !f.continues(table) {
		t.Error("the original's section is not known again")
	}
	for name, o := range map[string]*File{
		"none": nil, "same size": mustOpen(t, grown), "damaged": {sections: original.sections, damage: []Damage{{}}},
		"recovered": {sections: original.sections, recovered: true}, "shifted": {sections: original.sections, base: 1},
	} {
		f.opts.Original = o
		if f.continues(table) {
			t.Error(name)
		}
	}
	// A file whose end leads past the original's newest section, as one may that is no increment of it.
	other := bytes.Replace(grown, []byte("/Prev "+strconv.FormatInt(table, 10)), []byte("/Prex "+strconv.FormatInt(table, 10)), 1)
	got, err := OpenWith(bytes.NewReader(other), int64(len(other)), &Options{Original: original})
	if err == nil && got.entries.shared != nil {
		t.Error("entries came from a section that is not in the chain")
	}
}

// A revision that was opened after another does not keep it: of hundreds, only what they share is held.
func TestOriginalIsLetGo(t *testing.T) {
	shareAlways(t)
	opened := func() (*File, weak.Pointer[File]) {
		original, grown := grow(t, pdftest.Classic())
		got, err := OpenWith(bytes.NewReader(grown), int64(len(grown)), &Options{Original: original})
		if err != nil {
			t.Fatal(err)
		}
		return got, weak.Make(original)
	}
	got, earlier := opened()
	if got.entries.shared == nil {
		t.Error("nothing is shared")
	}
	runtime.GC()
	if earlier.Value() != nil {
		t.Error("the earlier revision is still held")
	}
	runtime.KeepAlive(got)
}
