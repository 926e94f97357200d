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
	rows := deflate(bytes.Repeat([]byte{2}, limits.PDFRows+1000)) // 1 KiB of file for each million entries
	many := strings.Repeat("0 4096 ", limits.PDFRows/4096+1)
	for name, c := range map[string]struct{ dict, want string }{
		"objects":        {"/Size 4294967295", "cross-reference of more than"},
		"the same again": {"/Size 9 /Index [" + many + "]", "sections of more than"},
	} {
		dict := "/Type /XRef /W [1 0 0] /Root 1 0 R /Filter /FlateDecode " + c.dict
		if _, err := openBytes(xrefStreamFile(dict, rows)); !IsMalformed(err) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %s", name, err, c.want)
		}
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
	if _, err := f.StreamData(s, 100); !IsMalformed(err) || !strings.Contains(err.Error(), "too many streams") {
		t.Error(err)
	}
}
