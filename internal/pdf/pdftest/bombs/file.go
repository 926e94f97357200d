// SPDX-License-Identifier: Apache-2.0

package bombs

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"fmt"
	"io"
	"maps"
	"slices"
	"sort"
)

// A File is a PDF made of pieces: what repeats is not held.
type File struct {
	pieces []piece
	size   int64
	at     map[int]int64    // offset of each object
	packed map[int][2]int64 // stream and index of each packed object
	bytes  bytes.Buffer     // the piece being written
}

type piece struct {
	off  int64
	data []byte
	n    int64 // how often data comes
}

func newFile() *File {
	f := &File{at: map[int]int64{}, packed: map[int][2]int64{}}
	f.add("%%PDF-1.7\n%%\xe2\xe3\xcf\xd3\n")
	return f
}

// Size gives the length of the file.
func (f *File) Size() int64 { return f.size + int64(f.bytes.Len()) }

// ReadAt implements io.ReaderAt.
func (f *File) ReadAt(p []byte, off int64) (int, error) {
	f.cut()
	if off >= f.size {
		return 0, io.EOF
	}
	n := 0
	for i := sort.Search(len(f.pieces), func(i int) bool { return f.pieces[i].off > off }) - 1; n < len(p) && i < len(f.pieces); i++ {
		n += f.pieces[i].read(p[n:], off+int64(n))
	}
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

func (p *piece) read(b []byte, off int64) int {
	size := int64(len(p.data))
	rel := off - p.off
	b = b[:min(int64(len(b)), size*p.n-rel)]
	n := 0
	for n < len(b) {
		n += copy(b[n:], p.data[(rel+int64(n))%size:])
	}
	return n
}

// WriteTo implements io.WriterTo.
func (f *File) WriteTo(w io.Writer) (int64, error) {
	f.cut()
	return io.CopyBuffer(w, struct{ io.Reader }{io.NewSectionReader(f, 0, f.size)}, make([]byte, 1<<20))
}

// cut ends the piece being written.
func (f *File) cut() {
	if f.bytes.Len() == 0 {
		return
	}
	f.pieces = append(f.pieces, piece{f.size, bytes.Clone(f.bytes.Bytes()), 1})
	f.size += int64(f.bytes.Len())
	f.bytes.Reset()
}

// fill writes text n times.
func (f *File) fill(text string, n int64) {
	f.cut()
	data := []byte(text)
	for n > 1024 && n%64 == 0 && len(data) < 64<<10 { // fewer copies to make when it is read
		data, n = bytes.Repeat(data, 64), n/64
	}
	f.pieces = append(f.pieces, piece{f.size, data, n})
	f.size += int64(len(data)) * n
}

func (f *File) add(format string, args ...any) { fmt.Fprintf(&f.bytes, format, args...) }

// begin notes that object num begins here.
func (f *File) begin(num int) {
	f.at[num] = f.Size()
	f.add("%d 0 obj\n", num)
}

func (f *File) object(num int, format string, args ...any) {
	f.begin(num)
	f.add(format, args...)
	f.add("\nendobj\n")
}

func (f *File) stream(num int, dict string, data []byte) {
	f.begin(num)
	f.add("<< %s /Length %d >>\nstream\n", dict, len(data))
	f.bytes.Write(data)
	f.add("\nendstream\nendobj\n")
}

// page1 writes catalog 1, page tree 2 and page 3, with more entries for each.
func (f *File) page1(catalog, page string) {
	f.object(1, "<< /Type /Catalog /Pages 2 0 R %s >>", catalog)
	f.object(2, "<< /Type /Pages /Kids [3 0 R] /Count 1 >>")
	f.object(3, "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] %s >>", page)
}

// table writes the cross-reference as a table, and the end of the file.
func (f *File) table(trailer string) *File {
	at := f.Size()
	f.add("xref\n0 1\n0000000000 65535 f \n")
	nums := slices.Sorted(maps.Keys(f.at))
	for i := 0; i < len(nums); {
		j := i
		for j < len(nums) && nums[j] == nums[i]+j-i {
			j++
		}
		f.add("%d %d\n", nums[i], j-i)
		for _, n := range nums[i:j] {
			f.add("%010d 00000 n \n", f.at[n])
		}
		i = j
	}
	f.add("trailer\n<< /Size %d /Root 1 0 R %s >>\n", nums[len(nums)-1]+1, trailer)
	return f.end(at)
}

// xrefStream writes the cross-reference as a stream numbered num, and the end of the file.
func (f *File) xrefStream(num int, trailer string) *File {
	at := f.Size()
	f.at[num] = at
	var data []byte
	highest := num
	for n := range f.packed {
		highest = max(highest, n)
	}
	for n := range highest + 1 {
		typ, a, b := byte(0), int64(0), int64(0)
		if off, ok := f.at[n]; ok {
			typ, a = 1, off
		} else if p, ok := f.packed[n]; ok {
			typ, a, b = 2, p[0], p[1]
		}
		data = append(data, typ)
		data = binary.BigEndian.AppendUint64(data, uint64(a))
		data = binary.BigEndian.AppendUint32(data, uint32(b))
	}
	f.stream(num, fmt.Sprintf("/Type /XRef /Size %d /W [1 8 4] /Root 1 0 R /Filter /FlateDecode %s", highest+1, trailer), deflate(data))
	return f.end(at)
}

func (f *File) end(at int64) *File {
	f.add("startxref\n%d\n%%%%EOF\n", at)
	f.cut()
	return f
}

func deflate(data []byte) []byte {
	var z bytes.Buffer
	w, _ := zlib.NewWriterLevel(&z, zlib.BestSpeed)
	_, _ = w.Write(data)
	_ = w.Close()
	return z.Bytes()
}

// deflated is n times the text, compressed.
func deflated(text string, n int) []byte { return padded("", text, n) }

// padded is text followed by n times more, compressed: two blocks of it, the second repeated. The checksum is wrong.
func padded(text, more string, n int) []byte {
	var z bytes.Buffer
	w := zlib.NewWriter(&z)
	_, _ = w.Write([]byte(text))
	run := max(1, min(n, (1<<20)/len(more)))
	block := bytes.Repeat([]byte(more), run)
	var ends [2]int
	for i := range ends {
		_, _ = w.Write(block)
		_ = w.Flush()
		ends[i] = z.Len()
	}
	again := bytes.Clone(z.Bytes()[ends[0]:ends[1]])
	out := bytes.Clone(z.Bytes()[:ends[0]])
	out = append(out, bytes.Repeat(again, max(0, n/run-1))...)
	return append(out, 1, 0, 0, 0xff, 0xff, 0, 0, 0, 0) // an empty last block, and what should be a checksum
}
