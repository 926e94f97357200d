// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"os"
)

// writePDF writes a valid PDF of about size bytes: one empty page, and incompressible streams that nothing refers to.
func writePDF(path string, size int64) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer f.Close()
	w := &pdfWriter{Writer: bufio.NewWriterSize(f, 1<<20)}
	w.text("%%PDF-1.7\n%%\xe2\xe3\xcf\xd3\n")
	w.object("<< /Type /Catalog /Pages 2 0 R >>")
	w.object("<< /Type /Pages /Kids [3 0 R] /Count 1 >>")
	w.object("<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] >>")
	noise := make([]byte, 1<<20)
	random := rand.New(rand.NewPCG(1, 2))
	for i := range noise {
		noise[i] = byte(random.Uint32())
	}
	const perStream = 16 << 20
	for w.n+perStream < size {
		w.begin()
		w.text("<< /Length %d >>\nstream\n", perStream)
		for range perStream / len(noise) {
			w.bytes(noise)
		}
		w.text("\nendstream\nendobj\n")
	}
	w.finish()
	if w.err != nil {
		return w.err
	}
	if err := w.Flush(); err != nil {
		return err
	}
	return f.Sync()
}

type pdfWriter struct {
	*bufio.Writer
	n       int64
	offsets []int64
	err     error
	line    []byte
}

func (w *pdfWriter) bytes(b []byte) {
	n, err := w.Write(b)
	w.n += int64(n)
	if w.err == nil {
		w.err = err
	}
}

func (w *pdfWriter) text(format string, args ...any) {
	w.line = fmt.Appendf(w.line[:0], format, args...)
	w.bytes(w.line)
}

func (w *pdfWriter) begin() {
	w.offsets = append(w.offsets, w.n)
	w.text("%d 0 obj\n", len(w.offsets))
}

func (w *pdfWriter) object(body string) {
	w.begin()
	w.text("%s\nendobj\n", body)
}

func (w *pdfWriter) finish() {
	start := w.n
	w.text("xref\n0 %d\n0000000000 65535 f \n", len(w.offsets)+1)
	for _, o := range w.offsets {
		w.text("%010d 00000 n \n", o)
	}
	w.text("trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n", len(w.offsets)+1, start)
}
