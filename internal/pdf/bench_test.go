// SPDX-License-Identifier: Apache-2.0

package pdf

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"fmt"
	"testing"
)

// packedPDF is a file whose n objects lie in object streams, with a cross-reference stream.
func packedPDF(tb testing.TB, n int) []byte {
	tb.Helper()
	var b bytes.Buffer
	b.WriteString("%PDF-1.5\n")
	rows := make([]byte, 8, 8*(n+4))
	row := func(kind byte, place, index int) {
		rows = append(rows, kind)
		rows = binary.BigEndian.AppendUint32(append(rows, 0), uint32(place))
		rows = binary.BigEndian.AppendUint16(rows, uint16(index))
	}
	stream := func(num int, dict string, data []byte) {
		var z bytes.Buffer
		w := zlib.NewWriter(&z)
		_, err := w.Write(data)
		if err == nil {
			err = w.Close()
		}
		if err != nil {
			tb.Fatal(err)
		}
		fmt.Fprintf(&b, "%d 0 obj\n<< %s /Filter /FlateDecode /Length %d >>\nstream\n%s\nendstream\nendobj\n", num, dict, z.Len(), z.Bytes())
	}
	const each = 200
	streams := (n + each - 1) / each
	for i := range n {
		row(2, n+1+i/each, i%each)
	}
	for s := range streams {
		var index, bodies bytes.Buffer
		for i := s * each; i < min(n, (s+1)*each); i++ {
			fmt.Fprintf(&index, "%d %d ", i+1, bodies.Len())
			switch i {
			case 0:
				bodies.WriteString("<< /Type /Catalog /Pages 2 0 R >> ")
			case 1:
				bodies.WriteString("<< /Type /Pages /Count 1 /Kids [3 0 R] >> ")
			case 2:
				bodies.WriteString("<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] >> ")
			default:
				fmt.Fprintf(&bodies, "<< /Value %d >> ", i*i)
			}
		}
		row(1, b.Len(), 0)
		dict := fmt.Sprintf("/Type /ObjStm /N %d /First %d", min(n, (s+1)*each)-s*each, index.Len())
		stream(n+1+s, dict, append(index.Bytes(), bodies.Bytes()...))
	}
	start, size := b.Len(), n+streams+2
	row(1, start, 0)
	stream(size-1, fmt.Sprintf("/Type /XRef /W [1 5 2] /Size %d /Root 1 0 R", size), rows)
	fmt.Fprintf(&b, "startxref\n%d\n%%%%EOF\n", start)
	return b.Bytes()
}

// What opening costs per object where all lie in object streams; BenchmarkOpen is the same for tables.
func BenchmarkOpenPacked(b *testing.B) {
	for _, n := range []int{1000, 200_000} {
		data := packedPDF(b, n)
		b.Run(fmt.Sprintf("%d objects", n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Open(bytes.NewReader(data), int64(len(data))); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkUpdateBuild(b *testing.B) {
	data := packedPDF(b, 1000)
	f, err := Open(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		u := f.NewUpdate()
		for range 10 {
			u.Set(u.Alloc(), Dict{"Type": Name("Annot"), "Rect": Array{Integer(0), Integer(0), Integer(0), Integer(0)}})
		}
		u.SetStream(u.Alloc(), Dict{}, data[:1000])
		if _, err := u.Build(); err != nil {
			b.Fatal(err)
		}
	}
}
