// SPDX-License-Identifier: Apache-2.0

package pdf

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"gsign/internal/limits"
)

// chained has n cross-reference sections, each of which leads to the one before.
func chained(n int) []byte {
	var b bytes.Buffer
	b.WriteString("%PDF-1.4\n1 0 obj <</Pages 2 0 R>> endobj 2 0 obj <</Kids[]>> endobj\n")
	prev := 0
	for range n {
		at := b.Len()
		fmt.Fprintf(&b, "xref\n1 2\n0000000009 00000 n \n0000000041 00000 n \ntrailer <</Root 1 0 R/Size 3/Prev %d>>\n", prev)
		prev = at
	}
	fmt.Fprintf(&b, "startxref\n%d\n%%%%EOF\n", prev)
	return b.Bytes()
}

func TestManySections(t *testing.T) {
	f := mustOpen(t, chained(limits.PDFSections))
	if n := len(f.Sections()); n != limits.PDFSections {
		t.Errorf("%d sections", n)
	}
	if n, err := f.CountPages(); n != 0 || err != nil {
		t.Errorf("%d pages, %v", n, err)
	}
	_, err := openBytes(chained(limits.PDFSections + 1))
	if !IsMalformed(err) || !strings.Contains(err.Error(), "more than 4096 cross-reference sections") {
		t.Error(err)
	}
}

func TestCrossReferenceBombs(t *testing.T) {
	// Sixteen million entries take 16 KiB of file: the test begins near the bound instead of walking there.
	b := xrefStreamFile("/Type /XRef /W [1 0 0] /Root 1 0 R /Filter /FlateDecode /Size 4294967295", deflate(bytes.Repeat([]byte{2}, 9000)))
	f := &File{src: source{r: bytes.NewReader(b), size: int64(len(b))}, rows: limits.PDFRows - 8000}
	if err := f.readSections(9); !IsMalformed(err) || !strings.Contains(err.Error(), "sections of more than") {
		t.Errorf("many rows: %v", err)
	}
	f = &File{src: f.src}
	for num := uint32(0); len(f.entries.blocks) < limits.PDFEntries/entryBlock-10; num += entryBlock {
		if err := f.entries.add(1<<24+num, freeEntry); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.readSections(9); !IsMalformed(err) || !strings.Contains(err.Error(), "cross-reference of more than") {
		t.Errorf("many objects: %v", err)
	}
}

// TestScanIsBounded: a file of streams without a usable /Length is not searched without end.
func TestScanIsBounded(t *testing.T) {
	f := mustOpen(t, streamFile("/Length 2", "hello"))
	f.scanned = limits.PDFScan
	s, err := f.Stream(Ref{3, 0})
	if err != nil {
		t.Fatal(err)
	}
	s.Dict = Dict{}
	if _, err := f.StreamData(s, 100); !IsMalformed(err) || !strings.Contains(err.Error(), "searched for the ends of streams") {
		t.Error(err)
	}
	if f.Exhausted() == nil {
		t.Error("who passes over broken streams does not learn that the search was ended")
	}
}
