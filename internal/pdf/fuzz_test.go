// SPDX-License-Identifier: Apache-2.0

package pdf

import (
	"bytes"
	"fmt"
	"testing"

	"gsign/internal/pdf/pdftest"
)

// FuzzOpen asks that any bytes give an error, or a file all of whose accessors come back, and whose update reads as what
// was written.
func FuzzOpen(f *testing.F) {
	for _, b := range pdftest.Shapes() {
		f.Add(b)
	}
	f.Add(pdftest.Encrypted())
	for _, b := range encryptedFiles(f) {
		f.Add(b)
	}
	f.Add(table(nil))
	f.Add(table(changed("0 4\n", "1 4\n")))
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := openBytes(data)
		if err != nil {
			mustBeMalformed(t, err)
			return
		}
		readEverything(t, file)
		u := file.NewUpdate()
		ref := u.Alloc()
		u.Set(ref, Dict{"New": Integer(1)})
		rev, err := u.Build()
		if err != nil {
			return
		}
		if file.Recovered() {
			return // see FuzzRecover
		}
		again, err := Open(Joined(bytes.NewReader(data), int64(len(data)), rev.Bytes))
		if err != nil {
			t.Fatalf("after the update: %v", err)
		}
		d, err := again.Dict(ref)
		if err != nil || d["New"] != Object(Integer(1)) {
			t.Fatalf("after the update: %v, %v", d, err)
		}
		if fmt.Sprint(again.Sections()[1:]) != fmt.Sprint(file.Sections()) {
			t.Fatalf("sections %v became %v", file.Sections(), again.Sections())
		}
	})
}

func mustBeMalformed(t *testing.T, err error) {
	t.Helper()
	if err != nil && !IsMalformed(err) && !IsLocked(err) {
		if _, ok := err.(*UnsupportedError); !ok {
			t.Fatalf("no bad machine here: %v", err)
		}
	}
}

// readEverything calls every accessor. At most some hundred objects are read.
func readEverything(t *testing.T, f *File) {
	t.Helper()
	_, err := f.Catalog()
	mustBeMalformed(t, err)
	_ = f.Version()
	_ = f.Trailer()
	_, err = f.PageCount()
	mustBeMalformed(t, err)
	_, page, err := f.Page(0)
	mustBeMalformed(t, err)
	_, err = f.PageAttr(page, "Resources")
	mustBeMalformed(t, err)
	n := 0
	for _, err := range f.Pages() {
		mustBeMalformed(t, err)
		n++
		if n == 100 {
			break
		}
	}
	for num := range min(f.entries.highest+1, 100) {
		ref := Ref{num, f.entries.get(num).gen()}
		if f.InObjectStream(Ref{num, 0}) {
			ref.Gen = 0
		}
		o, err := f.Object(ref)
		mustBeMalformed(t, err)
		if s, ok := o.(*Stream); ok {
			_, err = f.StreamData(s, 1<<20)
			mustBeMalformed(t, err)
		}
		start, end, err := f.Extent(ref)
		mustBeMalformed(t, err)
		if start > end || end > f.Size() {
			t.Fatalf("extent of %v: %d to %d", ref, start, end)
		}
		values, err := f.ValueExtents(ref)
		mustBeMalformed(t, err)
		for key, v := range values {
			if v[0] < start || v[1] > f.Size() || v[0] >= v[1] {
				t.Fatalf("value of %s: %v", string(key), v)
			}
		}
	}
}
