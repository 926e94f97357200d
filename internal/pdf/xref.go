// SPDX-License-Identifier: Apache-2.0

package pdf

import (
	"bytes"
	"math"

	"gsign/internal/limits"
)

// readSections reads the chain of cross-reference sections that begins at start: tables, streams and hybrid ones in any
// order.
func (f *File) readSections(start int64) error {
	seen := map[int64]bool{}
	for off := start; ; {
		abs := off + f.base
		if off < 0 || abs >= f.src.size || abs < 0 {
			if off < 0 || abs < 0 {
				return malformed(-1, "cross-reference section at a negative offset")
			}
			return malformed(-1, "cross-reference section at offset %d: the file has %d bytes", off, f.src.size)
		}
		if seen[abs] {
			return malformed(abs, "cross-reference sections lead back to an earlier one")
		}
		seen[abs] = true
		if off == start {
			f.start = abs
		}
		if f.continues(abs) {
			return f.adopt()
		}
		if len(f.sections) == limits.PDFSections {
			return malformed(abs, "more than %d cross-reference sections", limits.PDFSections)
		}
		s, err := f.readSection(abs)
		if err != nil {
			return malformedBy(abs, err, "cross-reference section")
		}
		f.sections = append(f.sections, s)
		prev, ok := s.Trailer["Prev"]
		if !ok {
			return nil
		}
		n, ok := prev.(Integer)
		if !ok {
			return malformed(abs, "/Prev is no integer")
		}
		if n == 0 {
			return nil // written by some for "none"; the header is there
		}
		off = int64(n)
	}
}

func (f *File) readSection(abs int64) (Section, error) {
	l := newLexer(&f.src, abs)
	t, err := l.token()
	if err != nil {
		return Section{}, err
	}
	if !t.is("xref") {
		s, err := f.readXRefStream(t.start, nil)
		if err != nil {
			return Section{}, err
		}
		return f.sectionEnd(s)
	}
	s := Section{Offset: t.start, Kind: Table}
	var free freeRuns
	if err := f.readTable(l, &free); err != nil {
		return Section{}, err
	}
	p := parser{lexer: l, exact: true}
	begin := p.pos()
	o, err := p.object()
	if err != nil {
		return Section{}, malformedBy(p.pos(), err, "trailer")
	}
	if err := f.src.work.trailer(p.pos() - begin); err != nil {
		return Section{}, err
	}
	d, ok := o.(Dict)
	if !ok {
		return Section{}, malformed(p.pos(), "trailer is no dictionary")
	}
	s.Trailer = d
	end := p.pos()
	if at, ok := d["XRefStm"].(Integer); ok {
		s.Kind = Hybrid
		// What the table calls free may be hidden from old readers only: entries of the stream come before that.
		if _, err := f.readXRefStream(int64(at)+f.base, &free); err != nil {
			return Section{}, malformedBy(int64(at)+f.base, err, "/XRefStm")
		}
	}
	if err := f.entries.addFree(free); err != nil {
		return Section{}, err
	}
	s.End, err = f.findEnd(end)
	return s, err
}

// readTable reads the subsections of a table and the keyword trailer.
func (f *File) readTable(l *lexer, free *freeRuns) error {
	for {
		t, err := l.token()
		if err != nil {
			return err
		}
		if t.is("trailer") {
			return nil
		}
		first := t
		count, err := l.token()
		if err != nil {
			return err
		}
		if first.kind != tokenInteger || count.kind != tokenInteger || first.num < 0 || count.num < 0 ||
			first.num > math.MaxUint32 || count.num > math.MaxUint32-first.num {
			return malformed(first.start, "neither a cross-reference subsection nor a trailer")
		}
		done, err := f.readSubsection(l, uint32(first.num), uint32(count.num), free)
		if done || err != nil {
			return err
		}
	}
}

// readSubsection reads count entries. It is done with the whole table when the keyword trailer comes early.
func (f *File) readSubsection(l *lexer, num, count uint32, free *freeRuns) (done bool, err error) {
	for i := range count {
		if err := f.countRow(); err != nil {
			return false, err
		}
		e, ok, err := l.tableEntry()
		if err != nil {
			return false, err
		}
		if !ok {
			return true, nil
		}
		if i == 0 && num == 1 && e.free && e.gen == math.MaxUint16 && e.off == 0 {
			num = 0 // the head of the free list is object 0, whatever the subsection says: a known slip of writers
		}
		n := num + i
		// Offset 0 is the header: no object is there, and some write it for free ones.
		if e.free || e.off == 0 {
			free.add(n)
			continue
		}
		if e.off > maxOffset-f.base || e.gen > math.MaxUint16 {
			return false, malformed(e.start, "cross-reference entry of object %d: number too large", n)
		}
		if err := f.entries.add(n, offsetEntry(e.off+f.base, uint16(e.gen))); err != nil {
			return false, err
		}
	}
	return false, nil
}

type tableEntry struct {
	start, off, gen int64
	free            bool
}

// tableEntry reads one entry: twenty bytes as the standard wants, or three tokens, since entries of 19 and 21 bytes
// exist. ok is false when the keyword trailer stands there.
func (l *lexer) tableEntry() (e tableEntry, ok bool, err error) {
	if err := l.skipSpace(); err != nil {
		return e, false, err
	}
	e.start = l.pos()
	if b := l.buf[min(l.i, len(l.buf)):]; len(b) >= 18 && e.parse(b[:18]) {
		l.i += 18
		return e, true, nil
	}
	off, err := l.token()
	if err != nil {
		return e, false, err
	}
	if off.is("trailer") {
		return e, false, nil
	}
	gen, err := l.token()
	if err != nil {
		return e, false, err
	}
	letter, err := l.token()
	if err != nil {
		return e, false, err
	}
	e.off, e.gen, e.free = off.num, gen.num, letter.is("f")
	if off.kind != tokenInteger || gen.kind != tokenInteger || off.num < 0 || gen.num < 0 || !e.free && !letter.is("n") {
		return e, false, malformed(e.start, "no cross-reference entry")
	}
	return e, true, nil
}

// parse reads "nnnnnnnnnn ggggg n".
func (e *tableEntry) parse(b []byte) bool {
	if b[10] != ' ' || b[16] != ' ' || b[17] != 'n' && b[17] != 'f' {
		return false
	}
	var off, gen int64
	for _, c := range b[:10] {
		if c < '0' || c > '9' {
			return false
		}
		off = off*10 + int64(c-'0')
	}
	for _, c := range b[11:16] {
		if c < '0' || c > '9' {
			return false
		}
		gen = gen*10 + int64(c-'0')
	}
	e.off, e.gen, e.free = off, gen, b[17] == 'f'
	return true
}

// sectionEnd finds the end of the revision whose cross-reference is the stream s.
func (f *File) sectionEnd(s Section) (Section, error) {
	st, err := f.streamAt(s.Offset)
	if err != nil {
		return s, err
	}
	n, err := f.streamLength(st)
	if err != nil {
		return s, err
	}
	l := newLexer(&f.src, st.start+n)
	for _, word := range []string{"endstream", "endobj"} {
		t, err := l.token()
		if err != nil && !IsMalformed(err) {
			return s, err
		}
		if err != nil || !t.is(word) {
			return s, nil
		}
	}
	s.End, err = f.findEnd(l.pos())
	return s, err
}

// findEnd returns the offset after the %%EOF of "startxref n %%EOF", or 0 where something else stands at off.
func (f *File) findEnd(off int64) (int64, error) {
	tail := make([]byte, max(0, min(1024, f.src.size-off)))
	if err := f.src.readFull(tail, off); err != nil {
		return 0, err
	}
	b := bytes.TrimLeft(tail, whiteSpace)
	for len(b) > 0 && b[0] == '%' && !bytes.HasPrefix(b, []byte("%%EOF")) {
		// A comment of the producer. One with a word that readers look for is none.
		n := bytes.IndexAny(b, "\r\n")
		if n < 0 || bytes.Contains(b[:n], []byte("xref")) || bytes.Contains(b[:n], []byte("obj")) || bytes.Contains(b[:n], []byte("%%EOF")) ||
			bytes.Contains(b[:n], []byte("trailer")) {
			break
		}
		b = bytes.TrimLeft(b[n:], whiteSpace)
	}
	b, ok := bytes.CutPrefix(b, []byte("startxref"))
	if !ok {
		return 0, nil
	}
	b = bytes.TrimLeft(b, "\x00\t\n\f\r 0123456789")
	if !bytes.HasPrefix(b, []byte("%%EOF")) {
		return 0, nil
	}
	return off + int64(len(tail)-len(b)) + 5, nil
}
