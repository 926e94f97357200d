// SPDX-License-Identifier: Apache-2.0

package pdf

import (
	"bytes"
	"fmt"
	"regexp"
	"strconv"
	"testing"

	"gsign/internal/pdf/pdftest"
)

// A cross-reference stream that neither lists itself nor counts itself in /Size keeps its number.
func TestNumberOfXRefStream(t *testing.T) {
	b := pdftest.XRefStream()
	m := regexp.MustCompile(`/Size (\d+) /W \[1 4 2\] /Index \[[^\]]* (\d+ 1) \]`).FindSubmatchIndex(b)
	if m == nil {
		t.Fatal("no cross-reference stream of the shape expected")
	}
	size, err := strconv.Atoi(string(b[m[2]:m[3]]))
	if err != nil {
		t.Fatal(err)
	}
	copy(b[m[2]:m[3]], fmt.Append(nil, size-1))
	copy(b[m[4]:m[5]], "0 1")
	if !bytes.Contains(b, fmt.Appendf(nil, "\n%d 0 obj\n<< /Type /XRef", size-1)) {
		t.Fatalf("the cross-reference stream is not object %d", size-1)
	}
	f := mustOpen(t, b)
	if f.InUse(uint32(size - 1)) {
		t.Fatal("it lists itself")
	}
	if ref := f.NewUpdate().Alloc(); ref.Num != uint32(size) {
		t.Errorf("new object %v, want number %d", ref, size)
	}
}

// Entries keep their numbers whichever of them are free, the first of a block among them.
func TestRowsBetweenFreeOnes(t *testing.T) {
	for _, every := range []int{1, 2, 5, entryBlock, entryBlock + 1} {
		f := &File{}
		var rows []byte
		const first, count = 3, 3 * entryBlock
		for num := first; num < first+count; num++ {
			kind := byte(1)
			if num%every == 0 {
				kind = 0
			}
			rows = append(rows, kind, byte(num>>8), byte(num), 0)
		}
		var free freeRuns
		in := rowReader{f: f, r: bytes.NewReader(rows), widths: [3]int{1, 2, 1}, free: &free}
		if err := in.read(first, count); err != nil {
			t.Fatal(err)
		}
		if err := f.entries.addFree(free); err != nil {
			t.Fatal(err)
		}
		for num := uint32(first); num < first+count; num++ {
			want := offsetEntry(int64(num), 0)
			if int(num)%every == 0 {
				want = freeEntry
			}
			if got := f.entries.get(num); got != want {
				t.Errorf("free every %d: entry of object %d is %x", every, num, got)
			}
		}
	}
}
