// SPDX-License-Identifier: Apache-2.0

package pdf

import (
	"bytes"
	"fmt"
	"io"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"gsign/internal/pdf/pdftest"
)

// sparse is a file of which only some parts hold anything: a large one that costs no disk.
type sparse struct {
	size  int64
	parts map[int64][]byte

	step, objects int64 // null objects at multiples of step
}

func (s *sparse) ReadAt(p []byte, off int64) (int, error) {
	n := int(min(int64(len(p)), s.size-off))
	clear(p[:n])
	if s.step > 0 {
		// Object i stands at i*step.
		for i := max(1, (off-32)/s.step); i < s.objects && i*s.step < off+int64(n); i++ {
			var b [40]byte
			part := strconv.AppendInt(b[:0], i, 10)
			part = append(part, " 0 obj null endobj\n"...)
			lo, hi := max(i*s.step, off), min(i*s.step+int64(len(part)), off+int64(n))
			if lo < hi {
				copy(p[lo-off:hi-off], part[lo-i*s.step:hi-i*s.step])
			}
		}
	}
	for at, part := range s.parts {
		lo, hi := max(at, off), min(at+int64(len(part)), off+int64(n))
		if lo < hi {
			copy(p[lo-off:hi-off], part[lo-at:hi-at])
		}
	}
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

// bigFile has a table of many objects, a page tree at its beginning, and size bytes.
func bigFile(size int64, objects int) *sparse {
	head := []byte("%PDF-1.7\n1 0 obj <</Type/Catalog/Pages 2 0 R>> endobj\n2 0 obj <</Type/Pages/Kids[3 0 R]/Count 1>> endobj\n" +
		"3 0 obj <</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>> endobj\n")
	step := min(1000, size/2/int64(objects))
	var tail bytes.Buffer
	fmt.Fprintf(&tail, "xref\n0 %d\n0000000000 65535 f \n", objects)
	for i := 1; i < objects; i++ {
		off := int64(i) * step
		if i <= 3 {
			off = int64(bytes.Index(head, fmt.Appendf(nil, "\n%d 0 obj", i))) + 1
		}
		fmt.Fprintf(&tail, "%010d 00000 n \n", off)
	}
	fmt.Fprintf(&tail, "trailer <</Size %d/Root 1 0 R>>\nstartxref\n", objects)
	start := size - int64(tail.Len()) - 32
	fmt.Fprintf(&tail, "%d\n%%%%EOF\n", start)
	return &sparse{size: start + int64(tail.Len()), step: step, objects: int64(objects), parts: map[int64][]byte{0: head, start: tail.Bytes()}}
}

func TestBigFileTakesLittleMemory(t *testing.T) {
	s := bigFile(1<<30, 100_000)
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	f, err := Open(s, s.size)
	if err != nil {
		t.Fatal(err)
	}
	if n, err := f.PageCount(); n != 1 || err != nil {
		t.Errorf("%d pages, %v", n, err)
	}
	u := f.NewUpdate()
	u.Set(u.Alloc(), Integer(1))
	if _, err := u.Build(); err != nil {
		t.Error(err)
	}
	runtime.ReadMemStats(&after)
	if n := after.TotalAlloc - before.TotalAlloc; n > 4<<20 {
		t.Errorf("opening 1 GiB of 100,000 objects allocates %d bytes", n)
	}
	runtime.KeepAlive(f)
}

// TestPastTenDigits updates a file whose table's ten digits cannot hold the offsets of what is appended: a cross-reference
// stream follows the table, as the standard allows, and both are read. One that just fits gets a table.
func TestPastTenDigits(t *testing.T) {
	const limit = 10_000_000_000
	for _, tc := range []struct {
		size int64
		kind SectionKind
	}{{limit - 4096, Table}, {limit + 1, XRefStream}, {limit + 4096, XRefStream}, {25 * limit / 10, XRefStream}} {
		s := bigFile(tc.size, 1000)
		f, err := Open(s, s.size)
		if err != nil {
			t.Fatal(err)
		}
		u := f.NewUpdate()
		ref := u.Alloc()
		u.Set(ref, String("appended"))
		rev, err := u.Build()
		if err != nil {
			t.Fatal(err)
		}
		r, size := Joined(s, s.size, rev.Bytes)
		g, err := Open(r, size)
		if err != nil {
			t.Fatal(err)
		}
		if k := g.Sections()[0].Kind; k != tc.kind || len(g.Sections()) != 2 || len(g.Damage()) > 0 {
			t.Errorf("%d bytes: section of kind %d, %d sections, damage %v", size, k, len(g.Sections()), g.Damage())
		}
		if got, err := g.String(ref); string(got) != "appended" || err != nil {
			t.Errorf("%d bytes: %q, %v", size, got, err)
		}
		if at := rev.Offset[ref]; tc.size > limit+1 && at < limit {
			t.Errorf("object at %d", at)
		}
	}
}

func BenchmarkOpen(b *testing.B) {
	for _, objects := range []int{100, 100_000, 2_000_000} {
		b.Run(fmt.Sprint(objects), func(b *testing.B) {
			s := bigFile(1<<30, objects)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Open(s, s.size); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// TestLargeCatalog reads a catalog that is larger than the cache once, not at each question.
func TestLargeCatalog(t *testing.T) {
	var keys strings.Builder
	for i := range 40000 {
		fmt.Fprintf(&keys, "/Key%d %d ", i, i)
	}
	b, _ := pdftest.File{Objects: []pdftest.Object{
		{Num: 1, Body: "<< /Type /Catalog /Pages 2 0 R " + keys.String() + ">>"},
		{Num: 2, Body: "<< /Type /Pages /Kids [3 0 R] /Count 1 >>"},
		{Num: 3, Body: "<< /Type /Page /Parent 2 0 R >>"},
	}}.Bytes()
	f := mustOpen(t, b)
	first, err := f.Object(f.Root())
	if err != nil {
		t.Fatal(err)
	}
	again, err := f.Object(f.Root())
	if err != nil {
		t.Fatal(err)
	}
	first.(Dict)["Marked"] = Bool(true) // shared with the cache, or read anew?
	if again.(Dict)["Marked"] == nil {
		t.Error("the catalog was read twice")
	}
}
