// SPDX-License-Identifier: Apache-2.0

// Package bombs writes PDFs that cost a reader far more than they are large, or that lead it in circles. It knows
// nothing of the reader under test.
package bombs

import (
	"fmt"
	"slices"
	"strings"
)

// A Bomb is one hostile file. Nothing large is made before Make is called: a child's peak memory begins with its parent's.
type Bomb struct {
	Name string
	Make func() *File
}

// All gives every bomb there is, in a fixed order.
func All() []Bomb {
	return slices.Concat(filters(), packs(), xrefs(), trees(), forms(), texts(), searched(), encrypted())
}

// Slow reports whether making or reading the file takes seconds, as it does where it has hundreds of megabytes.
func (b Bomb) Slow() bool {
	return strings.HasPrefix(b.Name, "1 GiB") || slices.Contains(slow, b.Name)
}

var slow = []string{
	"object stream: half a million objects", "object stream: half a million objects, wrong indices",
	"object streams without endstream", "object stream: eight ASCII85 of z", "xref stream: white space for hex",
	"object stream: predictor of one byte", "object streams: 32 MiB each in turns", "object streams: too large, in turns",
	"xref: trailers in trailers", "xref: large trailers", "pages: a million, deep", "pages: nodes that share a list of nulls",
	"annotations: half a million", "form: half a million fields", "form: kids without end", "form: null kids without end",
	"form: signatures that share references", "form: long names", "form: names taken and locked", "form: a hundred thousand signatures",
	"object stream: flate, 1 GiB", "object stream: white space for hex", "object stream: run length", "xref stream: free and used in turns",
	"object streams: 9 MiB each in turns", "object streams that extend each other", "xref stream: /Index far apart", "xref stream: 2^32 rows",
	"xref: a million empty subsections", "xref: 100,000 sections", "pages: a million, flat", "annotations: a million",
	"arrays a hundred million deep", "a name of 100 MB", "a string of 100 MB", "a hexadecimal string of 100 MB", "a number of 100 MB",
	"parentheses within each other",
	"form: long names, deep",
	"encrypted: R2, half a million fields", "encrypted: R4, object stream of 1 GiB",
	"many strings, 400 MB in all", "many names, 400 MB in all", "store: streams too large",
}

const (
	million = 1_000_000
	gib     = 1 << 30
)

// objectStream is a file whose catalog lies in an object stream of that data.
func objectStream(dict string, data []byte) func() *File {
	return func() *File {
		f := newFile()
		f.object(2, "<< /Type /Pages /Kids [3 0 R] /Count 1 >>")
		f.object(3, "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] >>")
		f.stream(4, "/Type /ObjStm "+dict, data)
		f.packed[1] = [2]int64{4, 0}
		return f.xrefStream(5, "")
	}
}

const packedCatalog = "1 0 << /Type /Catalog /Pages 2 0 R >> "

func filters() []Bomb {
	spaces := func(levels int, last string) []byte {
		data := deflated(last, 64<<20)
		for range levels - 1 {
			data = deflate(data)
		}
		return data
	}
	return []Bomb{
		{"object stream: flate, 1 GiB", func() *File {
			return objectStream("/N 1 /First 4 /Filter /FlateDecode", deflated(packedCatalog, gib/len(packedCatalog)))()
		}},
		{"object stream: flate in flate", func() *File {
			return objectStream("/N 1 /First 4 /Filter [/FlateDecode /FlateDecode]", deflate(deflated(" ", gib)))()
		}},
		{"object stream: white space for hex", func() *File {
			return objectStream("/N 1 /First 4 /Filter [/FlateDecode /FlateDecode /ASCIIHexDecode]", deflate(deflated(" ", 4*gib)))()
		}},
		{"object stream: predictor of one byte", func() *File {
			return objectStream("/N 1 /First 4 /Filter /FlateDecode /DecodeParms << /Predictor 12 /Columns 1 >>", deflated("\x00 ", gib/2))()
		}},
		{"object stream: predictor of 16 MiB", func() *File {
			return objectStream("/N 1 /First 4 /Filter /FlateDecode /DecodeParms << /Predictor 12 /Columns 16777216 >>", deflated(" ", gib))()
		}},
		{"object stream: predictor of 2^31", func() *File {
			return objectStream("/N 1 /First 4 /Filter /FlateDecode /DecodeParms << /Predictor 12 /Columns 2147483647 /Colors 32 /BitsPerComponent 16 >>", deflated(" ", 99))()
		}},
		{"object stream: run length", func() *File {
			return objectStream("/N 1 /First 4 /Filter [/FlateDecode /RunLengthDecode]", deflated("\x81 ", 64<<20))()
		}},
		{"object stream: LZW", func() *File {
			return objectStream("/N 1 /First 4 /Filter [/FlateDecode /LZWDecode]", deflated("\x80\x0b\x60\x50\x22\x0c\x0e", 16<<20))()
		}},
		{"object stream: eight filters", objectStream("/N 1 /First 4 /Filter [/FlateDecode /AHx /FlateDecode /AHx /FlateDecode /A85 /AHx /AHx]", spaces(2, " "))},
		{"object stream: eight ASCII85 of z", func() *File {
			return objectStream("/N 1 /First 4 /Filter [/FlateDecode /A85 /A85 /A85 /A85 /A85]", deflated("z", 256<<20))()
		}},
		{"xref stream: white space for hex", func() *File {
			f := newFile()
			f.page1("", "")
			at := f.Size()
			f.stream(4, "/Type /XRef /W [1 4 2] /Size 5 /Root 1 0 R /Filter [/FlateDecode /FlateDecode /AHx]", deflate(deflated(" ", 8*gib)))
			return f.end(at)
		}},
		{"xref stream: 2^32 rows", func() *File {
			f := newFile()
			f.page1("", "")
			at := f.Size()
			f.stream(4, "/Type /XRef /W [1 4 2] /Size 4294967295 /Root 1 0 R /Filter /FlateDecode", deflated("\x01\x00\x00\x00\x09\x00\x00", 64<<20))
			return f.end(at)
		}},
		{"xref stream: free and used in turns", func() *File {
			f := newFile()
			f.page1("", "")
			at := f.Size()
			f.stream(4, "/Type /XRef /W [1 4 2] /Size 16777216 /Root 1 0 R /Filter /FlateDecode",
				deflated("\x01\x00\x00\x00\x09\x00\x00\x00\x00\x00\x00\x00\x00\x00", 8<<20))
			return f.end(at)
		}},
	}
}

func packs() []Bomb {
	manyPacked := func(wrong bool) func() *File {
		return func() *File {
			f := newFile()
			var head, body strings.Builder
			body.WriteString("<< /Type /Catalog /Pages 2 0 R /AcroForm << /Fields 4 0 R >> >> << /Type /Pages /Kids [3 0 R] /Count 1 >> << /Type /Page /Parent 2 0 R >> ")
			fmt.Fprintf(&head, "1 0 2 %d 3 %d ", strings.Index(body.String(), "<< /Type /Pages"), strings.Index(body.String(), "<< /Type /Page "))
			f.begin(4)
			f.add("[")
			for i := range million / 2 {
				n := 10 + i
				fmt.Fprintf(&head, "%d %d ", n, body.Len())
				body.WriteString("<</T(a)>> ")
				f.packed[n] = [2]int64{5, int64(3 + i)}
				if wrong {
					f.packed[n] = [2]int64{5, 0}
				}
				f.add("%d 0 R ", n)
			}
			f.add("]\nendobj\n")
			for i := range 3 {
				f.packed[1+i] = [2]int64{5, int64(i)}
			}
			f.stream(5, fmt.Sprintf("/Type /ObjStm /N %d /First %d /Filter /FlateDecode", million/2+3, head.Len()), deflate([]byte(head.String()+body.String())))
			return f.xrefStream(6, "")
		}
	}
	return []Bomb{
		{"object stream: half a million objects", manyPacked(false)},
		{"object stream: half a million objects, wrong indices", manyPacked(true)},
		{"object stream: /N 2^31", func() *File {
			return objectStream("/N 2147483647 /First 31457280 /Filter /FlateDecode", deflated("1 0 ", 8<<20))()
		}},
		{"object stream: 8 million index entries", func() *File {
			return objectStream("/N 8388608 /First 33554432 /Filter /FlateDecode", deflated("7 0 ", 8<<20))()
		}},
		{"object stream: 2 million index entries", func() *File {
			return objectStream("/N 2097152 /First 33554432 /Filter /FlateDecode", deflated("7             0 ", 2<<20))()
		}},
		{"object streams: 32 MiB each in turns", thrash(2, 32<<20-64)},
		{"object streams: 9 MiB each in turns", thrash(8, 9<<20)},
		{"object streams: too large, in turns", thrash(20, 40<<20)},
		{"object streams that extend each other", func() *File {
			f := newFile()
			f.page1("/AcroForm 20 0 R", "")
			for i := range 10 {
				f.stream(4+i, fmt.Sprintf("/Type /ObjStm /N 1 /First 4 /Extends %d 0 R /Filter /FlateDecode", 4+(i+1)%10), deflated("9 0 ", 7<<20))
			}
			f.packed[20] = [2]int64{4, 0}
			return f.xrefStream(14, "")
		}},
		{"object streams without endstream", func() *File {
			f := newFile()
			fields := "/Fields ["
			for i := range 5000 {
				fields += fmt.Sprintf("%d 0 R ", 10000+i)
				f.packed[10000+i] = [2]int64{int64(10 + i), 0}
			}
			f.page1("/AcroForm << "+fields+"] >>", "")
			for i := range 5000 {
				f.begin(10 + i)
				f.add("<< /Type /ObjStm /N 1 /First 4 /Length 7 >>\nstream\n%d 0 <</T(a)>> endobj\n", 10000+i)
			}
			f.begin(4)
			f.add("<< >>\nstream\n")
			f.fill("x", 512<<20)
			f.add("\nendobj\n")
			return f.xrefStream(5, "")
		}},
	}
}

// thrash is a form whose fields lie in n object streams of that size, the next one always in another stream.
func thrash(n, size int) func() *File {
	return func() *File {
		f := newFile()
		const fields = 3000
		list := ""
		for i := range fields {
			list += fmt.Sprintf("%d 0 R ", 1000+i)
			f.packed[1000+i] = [2]int64{int64(10 + i%n), int64(i / n)}
		}
		f.page1("/AcroForm << /Fields ["+list+"] >>", "")
		for s := range n {
			var head, body strings.Builder
			count := 0
			for i := s; i < fields; i += n {
				fmt.Fprintf(&head, "%d %d ", 1000+i, body.Len())
				fmt.Fprintf(&body, "<</T(f%d)>> ", i)
				count++
			}
			text := head.String() + body.String()
			f.stream(10+s, fmt.Sprintf("/Type /ObjStm /N %d /First %d /Filter /FlateDecode", count, head.Len()), padded(text, " ", size-len(text)-1<<20))
		}
		return f.xrefStream(10+n, "")
	}
}
