// SPDX-License-Identifier: Apache-2.0

package pdf

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"gsign/internal/limits"
)

// StreamData gives the decoded data of a stream. More than limit bytes are an error. Filters for images
// give an *UnsupportedError.
func (f *File) StreamData(s *Stream, limit int64) ([]byte, error) {
	if f.locked() {
		return nil, errLocked
	}
	r, err := f.decoder(s, limit)
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err != nil {
		return nil, malformedBy(s.start, err, "stream")
	}
	if int64(len(data)) > limit {
		return nil, malformed(s.start, "stream decodes to more than %d bytes", limit)
	}
	return data, nil
}

// RawStreamData gives the data of a stream as it stands in the file, encrypted where that is. More than limit bytes are an error.
func (f *File) RawStreamData(s *Stream, limit int64) ([]byte, error) {
	n, err := f.streamLength(s)
	if err != nil {
		return nil, err
	}
	if n > limit {
		return nil, malformed(s.start, "stream of %d bytes: more than %d", n, limit)
	}
	data := make([]byte, n)
	return data, f.src.readFull(data, s.start)
}

var endstream = []byte("endstream")

// streamLength finds how long a stream's data is: /Length, where endstream follows it, or what precedes endstream.
func (f *File) streamLength(s *Stream) (int64, error) {
	if s.file != f {
		return 0, fmt.Errorf("stream is not of this file")
	}
	if s.length >= 0 {
		return s.length, nil
	}
	n, ok, err := f.declaredLength(s)
	if err != nil {
		return 0, err
	}
	if !ok {
		n, err = f.scanLength(s.start)
		if err != nil {
			return 0, err
		}
	}
	s.length = n
	return n, nil
}

func (f *File) declaredLength(s *Stream) (n int64, ok bool, err error) {
	o := s.Dict["Length"]
	if ref, isRef := o.(Ref); isRef {
		if f.loading[ref] || len(f.loading) >= limits.PDFReferences {
			return 0, false, nil
		}
		f.loading[ref] = true
		defer delete(f.loading, ref)
		o, err = f.Resolve(ref)
		if err != nil {
			if IsMalformed(err) || errors.Is(err, errLocked) {
				err = nil
			}
			return 0, false, err
		}
	}
	length, isInt := o.(Integer)
	n = int64(length)
	if !isInt || n < 0 || n > f.src.size-s.start {
		return 0, false, nil
	}
	want := int(min(int64(len(endstream)+4), f.src.size-s.start-n))
	tail, err := f.src.near(s.start+n, want)
	if err != nil {
		return 0, false, err
	}
	if len(tail) < want { // the end of a block
		tail = make([]byte, want)
		if err := f.src.readFull(tail, s.start+n); err != nil {
			return 0, false, err
		}
	}
	tail = tail[:want]
	return n, bytes.HasPrefix(bytes.TrimLeft(tail, "\x00\t\n\f\r "), endstream), nil
}

// scanLength looks for the endstream of data whose /Length is wrong. The end of line before it belongs to the keyword.
func (f *File) scanLength(start int64) (int64, error) {
	at, ok, err := f.src.find(start, endstream, func(n int64) error {
		return f.src.work.spend(&f.scanned, n, limits.PDFScan, "bytes searched for the ends of streams")
	})
	if err != nil {
		return 0, err
	}
	if !ok {
		return 0, malformed(start, "stream without endstream")
	}
	end, err := f.beforeLine(start, at)
	return end - start, err
}

// beforeLine gives the end of the data from start on that precedes a keyword, to which the end of line before it belongs.
func (f *File) beforeLine(start, keyword int64) (int64, error) {
	end := make([]byte, min(2, keyword-start))
	if err := f.src.readFull(end, keyword-int64(len(end))); err != nil {
		return 0, err
	}
	n := int64(len(bytes.TrimSuffix(bytes.TrimSuffix(end, []byte("\n")), []byte("\r"))))
	return keyword - int64(len(end)) + n, nil
}

// Extent gives the offsets of an object that is not in an object stream: from its number to after its endobj or, where
// that is missing, to the end of what precedes it.
func (f *File) Extent(ref Ref) (start, end int64, err error) {
	o, start, end, err := f.plainObject(ref)
	if err != nil {
		return 0, 0, err
	}
	l := newLexer(&f.src, end)
	if s, ok := o.(*Stream); ok {
		n, err := f.streamLength(s)
		if err != nil {
			return 0, 0, err
		}
		l = newLexer(&f.src, s.start+n)
		t, err := l.token()
		if err != nil {
			return 0, 0, malformedBy(s.start+n, err, "end of stream")
		}
		if t.is("endstream") {
			end = l.pos()
		}
	}
	t, err := l.token()
	if err != nil && !IsMalformed(err) {
		return 0, 0, err
	}
	if err == nil && t.is("endobj") {
		end = l.pos()
	}
	return start, end, nil
}

// ValueExtents gives, for each key of the dictionary that ref is (or of the stream's dictionary), the offsets at which its
// value begins and ends in the file. The object must not lie in an object stream, and no key may be there twice: readers
// would take different ones.
func (f *File) ValueExtents(ref Ref) (map[Name][2]int64, error) {
	e := f.entries.get(ref.Num)
	if e.kind() != entryOffset || e.gen() != ref.Gen {
		return nil, malformed(-1, "object %v is not in the file by itself", ref)
	}
	var extents []extent
	p := parser{lexer: newLexer(&f.src, e.offset()), outer: &extents}
	p.passing = true
	got, _, err := p.header()
	if err != nil {
		return nil, malformedBy(e.offset(), err, "object %v", ref)
	}
	if got != ref {
		return nil, malformed(e.offset(), "object %v: object %v stands there", ref, got)
	}
	t, err := p.token()
	if err != nil {
		return nil, malformedBy(e.offset(), err, "object %v", ref)
	}
	if t.kind != tokenDictOpen {
		return nil, malformed(e.offset(), "object %v is no dictionary", ref)
	}
	items, err := p.items(t.start, tokenDictClose, 1)
	if err != nil {
		return nil, malformedBy(e.offset(), err, "object %v", ref)
	}
	defer p.done(items)
	if len(items)%2 != 0 {
		return nil, malformed(e.offset(), "object %v: key without a value", ref)
	}
	values := make(map[Name][2]int64, len(items)/2)
	for i := 0; i < len(items); i += 2 {
		key, ok := items[i].(Name)
		if !ok {
			return nil, malformed(extents[i].start, "object %v: dictionary key is not a name", ref)
		}
		if _, twice := values[key]; twice {
			return nil, malformed(extents[i].start, "object %v: key %q is there twice", ref, string(key))
		}
		values[key] = [2]int64{extents[i+1].start, extents[i+1].end}
	}
	return values, nil
}

// plainObject reads an object that is in the file by itself, past the cache.
func (f *File) plainObject(ref Ref) (o Object, start, end int64, err error) {
	e := f.entries.get(ref.Num)
	if e.kind() != entryOffset || e.gen() != ref.Gen {
		return nil, 0, 0, malformed(-1, "object %v is not in the file by itself", ref)
	}
	return f.objectAt(ref, e.offset())
}
