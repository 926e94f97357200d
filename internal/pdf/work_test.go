// SPDX-License-Identifier: Apache-2.0

package pdf

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"testing"

	"gsign/internal/limits"
)

// repeated is a file of a header, one text again and again, and an end.
type repeated struct {
	head, text, tail string
	n                int64
	read             int64 // bytes
}

func (r *repeated) size() int64 {
	return int64(len(r.head)) + r.n*int64(len(r.text)) + int64(len(r.tail))
}

func (r *repeated) ReadAt(p []byte, off int64) (int, error) {
	r.read += int64(len(p))
	for i := range p {
		switch at := off + int64(i); {
		case at >= r.size():
			return i, io.EOF
		case at < int64(len(r.head)):
			p[i] = r.head[at]
		case at >= r.size()-int64(len(r.tail)):
			p[i] = r.tail[at-r.size()+int64(len(r.tail))]
		default:
			p[i] = r.text[(at-int64(len(r.head)))%int64(len(r.text))]
		}
	}
	return len(p), nil
}

// TestWorkEndsReading: what a search finds is counted, its end is an error, and nothing is read after it: neither in another
// way nor for another question.
func TestWorkEndsReading(t *testing.T) {
	for _, text := range []string{
		"1 0 obj\n", "obj ", "1 0 obj << /Type /Catalog >> endobj\n", "trailer << /Root 1 0 R >>\n", "1 0 obj <<>> stream\nendstream\n",
		"1 0 obj << /Length 2 0 R >> stream\nendstream endobj\n", "1 0 obj << /Type /XRef /Root 1 0 R /Length 0 >> stream\n\nendstream endobj\n",
		"/Catalog /Standard /Encrypt ",
	} {
		r := &repeated{head: "%PDF-1.7\n", text: text, n: 1 << 20}
		f := &File{src: source{r: r, size: r.size()}, entries: entries{}}
		f.src.work.size = r.size()
		f.src.work.lexed = limits.PDFLexed + limits.PDFLexedTimes*r.size() - 100_000
		_, err := f.scanFile()
		if !IsMalformed(err) || !strings.Contains(err.Error(), "too much work for its size") {
			t.Errorf("%q: %v", text, err)
			continue
		}
		if f.Exhausted() == nil {
			t.Errorf("%q: not exhausted", text)
		}
		was := r.read
		if err := f.recover(err); err == nil || r.read != was {
			t.Errorf("%q: recovered after too much work: %v, %d bytes read", text, err, r.read-was)
		}
		if f.src.work.kid() == nil || f.src.work.trailer(1) == nil || f.src.work.token(0, 0) == nil {
			t.Errorf("%q: other work goes on", text)
		}
	}
}

// TestMisplacedAfterTooMuchWork: an object in a wrong place is no reason for a search when the work for the file is done.
func TestMisplacedAfterTooMuchWork(t *testing.T) {
	f := mustOpen(t, streamFile("/Length 5", "hello"))
	f.src.r = bytes.NewReader(bytes.Replace(streamFile("/Length 5", "hello"), []byte("3 0 obj"), []byte("4 0 obj"), 1))
	for i := range f.src.blocks {
		f.src.blocks[i] = block{}
	}
	f.cache = objectCache{}
	f.src.work.err = malformed(-1, "too much work")
	if _, err := f.Object(Ref{3, 0}); !IsMalformed(err) || f.recovered {
		t.Errorf("%v, recovered %v", err, f.recovered)
	}
}

// TestEndstreamsOnce: where every stream's /Length is far away the ends of streams are looked for once, not once a stream.
func TestEndstreamsOnce(t *testing.T) {
	var b strings.Builder
	b.WriteString("%PDF-1.7\n1 0 obj <</Type/Catalog/Pages 2 0 R>> endobj\n2 0 obj <</Type/Pages/Kids[]/Count 0>> endobj\n")
	const streams = 500
	for i := range streams {
		fmt.Fprintf(&b, "%d 0 obj <</Length %d 0 R>> stream\n%s\nendstream endobj\n", 10+i, 10+streams+i, strings.Repeat("x", 1000))
	}
	for i := range streams {
		fmt.Fprintf(&b, "%d 0 obj 1000 endobj\n", 10+streams+i)
	}
	b.WriteString("trailer <</Root 1 0 R>>\n")
	r := strings.NewReader(b.String())
	f := &File{src: source{r: r, size: r.Size()}}
	f.src.work.size = r.Size()
	s, err := f.scanFile()
	if err != nil {
		t.Fatal(err)
	}
	if s.seeking > r.Size() {
		t.Errorf("%d bytes searched of %d", s.seeking, r.Size())
	}
	for i := range uint32(streams) {
		if s.main.get(10+i).kind() != entryOffset || s.main.get(10+streams+i).kind() != entryOffset {
			t.Fatalf("object %d or its length was not found", 10+i)
		}
	}
}
