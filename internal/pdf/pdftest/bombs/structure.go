// SPDX-License-Identifier: Apache-2.0

package bombs

import (
	"fmt"
	"strings"
)

// section adds a cross-reference table of the page's three objects.
func (f *File) section() {
	f.add("xref\n1 3\n")
	for i := 1; i <= 3; i++ {
		f.add("%010d 00000 n \n", f.at[i])
	}
}

// sections has n of them, each after a gap.
func sections(n int, gap int64) func() *File {
	return func() *File {
		f := newFile()
		f.page1("", "")
		prev, last := "", int64(0)
		for range n {
			last = f.Size()
			f.section()
			f.add("trailer\n<< /Size 4 /Root 1 0 R %s >>\n", prev)
			prev = fmt.Sprintf("/Prev %d", last)
			if gap > 0 {
				f.fill("\n", gap)
			}
		}
		return f.end(last)
	}
}

func largeTrailers() *File {
	f := newFile()
	f.page1("", "")
	prev, at := "", int64(0)
	for range 300 {
		at = f.Size()
		f.section()
		f.add("trailer\n<< /Root 1 0 R %s /Size 4 /X [", prev)
		f.fill("1 ", 1_000_000)
		f.add("] >>\n")
		prev = fmt.Sprintf("/Prev %d", at)
	}
	return f.end(at)
}

func xrefStream(dict string, data []byte) *File {
	f := newFile()
	f.page1("", "")
	at := f.Size()
	f.stream(4, "/Type /XRef /Root 1 0 R /Filter /FlateDecode "+dict, data)
	return f.end(at)
}

func xrefTable(xref string) *File {
	f := newFile()
	f.page1("", "")
	at := f.Size()
	f.add("xref\n%s\ntrailer\n<< /Size 4 /Root 1 0 R >>\n", xref)
	return f.end(at)
}

func xrefs() []Bomb {
	return []Bomb{
		{"xref: 4,000 sections", sections(4000, 0)},
		{"xref: 100,000 sections", sections(100_000, 0)},
		{"1 GiB of /Prev", sections(100_000, 10_600)},
		{"1 GiB between 4,000 sections", sections(4000, 256<<10)},
		{"xref: /Prev to itself", func() *File {
			f := newFile()
			f.page1("", "")
			return f.table(fmt.Sprintf("/Prev %d", f.Size()))
		}},
		{"xref: /XRefStm to itself", func() *File {
			f := newFile()
			f.page1("", "")
			return f.table(fmt.Sprintf("/XRefStm %d", f.Size()))
		}},
		{"xref: /Size 2^31", func() *File {
			f := newFile()
			f.page1("", "")
			return f.table("/Size 2147483647")
		}},
		{"xref: object number 2^32-2", func() *File {
			f := newFile()
			f.page1("", "")
			f.object(4294967294, "null")
			return f.table("")
		}},
		{"xref: subsection of 2^32", func() *File { return xrefTable("0 4294967295\n0000000000 65535 f ") }},
		{"xref: subsections of 2^32", func() *File { return xrefTable(strings.Repeat("0 4294967295\n", 1000)) }},
		{"xref: a million empty subsections", func() *File { return xrefTable(strings.Repeat("4 0\n", million)) }},
		{"xref stream: absurd /W", func() *File { return xrefStream("/Size 4 /W [1000000000 1000000000 1000000000]", deflated("1", 99)) }},
		{"xref stream: /W of 0", func() *File { return xrefStream("/Size 4294967295 /W [0 0 0]", deflated("1", 99)) }},
		{"xref stream: /W of one byte", func() *File { return xrefStream("/Size 16000000 /W [1 0 0]", deflated("\x01", 16<<20)) }},
		{"xref stream: /Index overlaps", func() *File {
			return xrefStream("/Size 4 /W [1 4 2] /Index ["+strings.Repeat("0 16000000 ", 1000)+"]", deflated("\x01\x00\x00\x00\x09\x00\x00", 64<<20))
		}},
		{"xref stream: /Index far apart", func() *File {
			return xrefStream("/Size 4 /W [1 4 2] /Index ["+spread()+"]", deflated("\x01\x00\x00\x00\x09\x00\x00", million))
		}},
		{"xref: trailers in trailers", nestedTrailers},
		{"xref: large trailers", largeTrailers},
	}
}

// spread is an /Index of single numbers, each far from the one before.
func spread() string {
	var b strings.Builder
	for i := range 500_000 {
		fmt.Fprintf(&b, "%d 1 ", i*8000)
	}
	return b.String()
}

// nestedTrailers has trailers each of which holds all further ones, with their sections, as a string.
func nestedTrailers() *File {
	const depth = 4000
	f := newFile()
	f.page1("", "")
	at := make([]int64, depth+1)
	for i := range depth {
		at[i] = f.Size()
		f.add("xref\n1 3\n%010d 00000 n \n%010d 00000 n \n%010d 00000 n \ntrailer\n<< /Size 4 /Root 1 0 R /X (", f.at[1], f.at[2], f.at[3])
	}
	f.fill("x", 8<<20)
	for i := depth - 1; i >= 0; i-- {
		prev := "" // the innermost is the oldest
		if i < depth-1 {
			prev = fmt.Sprintf("/Prev %d", at[i+1])
		}
		f.add(") %s >>\n", prev)
	}
	return f.end(at[0])
}

func trees() []Bomb {
	return []Bomb{
		{"pages: a million, flat", flatPages},
		{"pages: a million, deep", deepPages},
		{"pages: nodes that share a list of nulls", sharedNulls},
		{"pages: a loop", func() *File {
			f := newFile()
			f.object(1, "<< /Type /Catalog /Pages 2 0 R >>")
			f.object(2, "<< /Type /Pages /Count 5 /Kids [2 0 R 3 0 R] /Parent 2 0 R >>")
			f.object(3, "<< /Type /Pages /Kids [2 0 R] /Parent 3 0 R >>")
			return f.table("")
		}},
		{"annotations: a million", func() *File {
			f := newFile()
			f.page1("", "/Annots 4 0 R")
			f.begin(4)
			f.add("[")
			f.fill("5 0 R ", 1_024_000)
			f.add("]\nendobj\n")
			f.object(5, "<< /Type /Annot /Subtype /Text >>")
			return f.table("")
		}},
		{"annotations: half a million", manyAnnotations},
		{"references in circles", func() *File {
			f := newFile()
			f.page1("/AcroForm 4 0 R", "/Annots 6 0 R")
			f.object(4, "5 0 R")
			f.object(5, "4 0 R")
			f.object(6, "6 0 R")
			return f.table("")
		}},
		{"lengths in circles", func() *File {
			f := newFile()
			f.page1("/DSS << /Certs [4 0 R 5 0 R] >>", "")
			f.begin(4)
			f.add("<< /Length 5 0 R >>\nstream\nx\nendstream\nendobj\n")
			f.begin(5)
			f.add("<< /Length 4 0 R >>\nstream\nx\nendstream\nendobj\n")
			return f.table("")
		}},
	}
}

func flatPages() *File {
	f := newFile()
	f.object(1, "<< /Type /Catalog /Pages 2 0 R >>")
	f.begin(2)
	f.add("<< /Type /Pages /Count 1000000 /Kids [")
	for i := range 500_000 {
		f.add("%d 0 R ", 10+i)
	}
	f.add("] >>\nendobj\n")
	for i := range 500_000 {
		f.object(10+i, "<< /Type /Page /Parent 2 0 R >>")
	}
	return f.table("")
}

func deepPages() *File {
	f := newFile()
	f.object(1, "<< /Type /Catalog /Pages 2 0 R >>")
	for i := range million {
		f.object(2+i, "<< /Type /Pages /Count 1 /Kids [%d 0 R] >>", 3+i)
	}
	f.object(2+million, "<< /Type /Page >>")
	return f.table("")
}

func sharedNulls() *File {
	f := newFile()
	f.object(1, "<< /Type /Catalog /Pages 2 0 R >>")
	f.begin(2)
	f.add("<< /Type /Pages /Kids [")
	for i := range 100_000 {
		f.add("%d 0 R ", 10+i)
	}
	f.add("] >>\nendobj\n")
	f.begin(3)
	f.add("[")
	f.fill("null ", 640_000)
	f.add("]\nendobj\n")
	for i := range 100_000 {
		f.object(10+i, "<< /Type /Pages /Kids 3 0 R >>")
	}
	return f.table("")
}

func manyAnnotations() *File {
	f := newFile()
	f.page1("", "/Annots 4 0 R")
	f.begin(4)
	f.add("[")
	for i := range 500_000 {
		f.add("%d 0 R ", 10+i)
	}
	f.add("]\nendobj\n")
	for i := range 500_000 {
		f.object(10+i, "<< /Type /Annot /Subtype /Text /Rect [0 0 9 9] >>")
	}
	return f.table("")
}
