// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"bytes"
	"compress/zlib"
	"context"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
)

// A shape is a PDF that is large in one respect.
type shape struct {
	objects int  // that nothing refers to
	pages   int  // in a tree of nodes with 64 kids each
	fields  int  // text fields of a form
	noise   int  // bytes of streams that nothing refers to
	packed  bool // objects in object streams, a cross-reference stream
}

// writeApart writes the shape in another process: a child's peak memory begins with that of its parent.
func (s shape) writeApart(ctx context.Context, path string) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	text := fmt.Sprintf(shapeFormat, s.objects, s.pages, s.fields, s.noise, s.packed)
	if out, err := exec.CommandContext(ctx, self, "-shape", text, "-dir", path).CombinedOutput(); err != nil {
		return fmt.Errorf("%w: %s", err, out)
	}
	return nil
}

const shapeFormat = "%d,%d,%d,%d,%t"

// parseShape reads what writeApart says.
func parseShape(text string) (s shape, err error) {
	_, err = fmt.Sscanf(text, shapeFormat, &s.objects, &s.pages, &s.fields, &s.noise, &s.packed)
	return s, err
}

// write writes the shape.
func (s shape) write(path string) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer f.Close()
	w := &shapeWriter{pdfWriter: pdfWriter{Writer: bufio.NewWriterSize(f, 1<<20)}, packed: s.packed}
	w.text("%%PDF-1.7\n%%\xe2\xe3\xcf\xd3\n")
	catalog, pages := w.reserve(), w.reserve()
	form := ""
	if s.fields > 0 {
		form = fmt.Sprintf("/AcroForm << /Fields [%s] >>", w.fields(s.fields))
	}
	w.put(catalog, fmt.Sprintf("<< /Type /Catalog /Pages %d 0 R %s >>", pages, form))
	w.pages(pages, max(1, s.pages))
	random := rand.New(rand.NewPCG(3, 4)) // or object streams would be compressed to nothing, which no real ones are
	for range s.objects {
		w.put(w.reserve(), fmt.Sprintf("<< /Kind /Filler /Value <%016x%016x> /Of [1 0 R 2 0 R] >>", random.Uint64(), random.Uint64()))
	}
	for left := s.noise; left > 0; left -= noiseStream {
		w.noise(random, min(left, noiseStream))
	}
	w.end(catalog)
	if w.err != nil {
		return w.err
	}
	if err := w.Flush(); err != nil {
		return err
	}
	return f.Sync()
}

const noiseStream = 1 << 20

// noise writes a stream that cannot be compressed.
func (w *shapeWriter) noise(random *rand.Rand, n int) {
	data := make([]byte, n)
	for i := range data {
		data[i] = byte(random.Uint32())
	}
	num := w.reserve()
	w.entries[num-1][0] = w.n
	w.text("%d 0 obj\n<< /Length %d >>\nstream\n", num, n)
	w.bytes(data)
	w.text("\nendstream\nendobj\n")
}

// shapeWriter numbers objects before they are written.
type shapeWriter struct {
	pdfWriter
	packed  bool
	entries [][2]int64 // per object: offset; or its object stream and index
	inside  []bool     // which of both
	pending []int      // objects of the stream being filled
	bodies  []string
}

func (w *shapeWriter) reserve() int {
	w.entries, w.inside = append(w.entries, [2]int64{}), append(w.inside, false)
	return len(w.entries)
}

// perStream is what writers put into one object stream.
const perStream = 200

func (w *shapeWriter) put(num int, body string) {
	if w.packed {
		w.pending, w.bodies = append(w.pending, num), append(w.bodies, body)
		if len(w.pending) == perStream {
			w.flush()
		}
		return
	}
	w.entries[num-1][0] = w.n
	w.text("%d 0 obj\n%s\nendobj\n", num, body)
}

// flush writes the object stream.
func (w *shapeWriter) flush() {
	if len(w.pending) == 0 {
		return
	}
	stream := w.reserve()
	var index, data strings.Builder
	for i, num := range w.pending {
		w.entries[num-1], w.inside[num-1] = [2]int64{int64(stream), int64(i)}, true
		fmt.Fprintf(&index, "%d %d ", num, data.Len())
		data.WriteString(w.bodies[i] + " ")
	}
	w.stream(stream, fmt.Sprintf("/Type /ObjStm /N %d /First %d", len(w.pending), index.Len()), []byte(index.String()+data.String()))
	w.pending, w.bodies = nil, nil
}

func (w *shapeWriter) stream(num int, dict string, data []byte) {
	var z bytes.Buffer
	zw := zlib.NewWriter(&z)
	_, _ = zw.Write(data)
	_ = zw.Close()
	w.entries[num-1][0] = w.n
	w.text("%d 0 obj\n<< %s /Filter /FlateDecode /Length %d >>\nstream\n", num, dict, z.Len())
	w.bytes(z.Bytes())
	w.text("\nendstream\nendobj\n")
}

// pages writes a page tree of two levels.
func (w *shapeWriter) pages(root, n int) {
	const kids = 64
	var nodes strings.Builder
	for left := n; left > 0; left -= kids {
		node, count := w.reserve(), min(kids, left)
		var leaves strings.Builder
		for range count {
			leaf := w.reserve()
			w.put(leaf, fmt.Sprintf("<< /Type /Page /Parent %d 0 R /MediaBox [0 0 595 842] /Resources << >> >>", node))
			fmt.Fprintf(&leaves, "%d 0 R ", leaf)
		}
		w.put(node, fmt.Sprintf("<< /Type /Pages /Parent %d 0 R /Count %d /Kids [%s] >>", root, count, leaves.String()))
		fmt.Fprintf(&nodes, "%d 0 R ", node)
	}
	w.put(root, fmt.Sprintf("<< /Type /Pages /Count %d /Kids [%s] >>", n, nodes.String()))
}

// fields writes text fields and gives their references.
func (w *shapeWriter) fields(n int) string {
	var refs strings.Builder
	for i := range n {
		num := w.reserve()
		w.put(num, fmt.Sprintf("<< /FT /Tx /T (field %d) /V (value) >>", i))
		fmt.Fprintf(&refs, "%d 0 R ", num)
	}
	return refs.String()
}

// end writes what is left of the objects, the cross-reference and the trailer.
func (w *shapeWriter) end(catalog int) {
	w.flush()
	if !w.packed {
		start := w.n
		w.text("xref\n0 %d\n0000000000 65535 f \n", len(w.entries)+1)
		for _, e := range w.entries {
			w.text("%010d 00000 n \n", e[0])
		}
		w.text("trailer\n<< /Size %d /Root %d 0 R >>\nstartxref\n%d\n%%%%EOF\n", len(w.entries)+1, catalog, start)
		return
	}
	self := w.reserve()
	start := w.n
	w.entries[self-1][0] = start
	rows := make([]byte, 8, 8*(len(w.entries)+1))
	for i, e := range w.entries {
		row := [8]byte{1}
		if w.inside[i] {
			row[0] = 2
		}
		var wide [8]byte
		binary.BigEndian.PutUint64(wide[:], uint64(e[0]))
		copy(row[1:6], wide[3:])
		binary.BigEndian.PutUint16(row[6:], uint16(e[1]))
		rows = append(rows, row[:]...)
	}
	w.stream(self, fmt.Sprintf("/Type /XRef /W [1 5 2] /Size %d /Root %d 0 R", len(w.entries)+1, catalog), rows)
	w.text("startxref\n%d\n%%%%EOF\n", start)
}
