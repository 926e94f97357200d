// SPDX-License-Identifier: Apache-2.0

package pdf

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"maps"
	"math"
	"math/bits"
	"slices"
	"strconv"

	"gsign/internal/limits"
)

// testOnlyTableLimit is the first offset that the ten digits of a table cannot hold.
var testOnlyTableLimit int64 = 1e10

// Build makes the revision. Its cross-reference is of the kind that the newest section has; a hybrid file gets a table
// without /XRefStm, since that of the older revision would hide the new objects. Past the reach of a table's ten digits a
// stream is written. A recovered file gets a complete one, which does not lead to the older ones.
func (u *Update) Build() (*Revision, error) {
	if u.err != nil {
		return nil, u.err
	}
	if u.f.recovered != u.damaged {
		return nil, malformed(-1, "the file turned out to be damaged while its update was being made")
	}
	if err := u.closeEnds(); err != nil {
		return nil, err
	}
	if err := u.shorten(); err != nil {
		return nil, err
	}
	w := &revisionWriter{rev: &Revision{Offset: map[Ref]int64{}}, size: u.f.src.size, base: u.f.base}
	if err := w.begin(u.f); err != nil {
		return nil, err
	}
	refs := slices.SortedFunc(maps.Keys(u.objects), func(a, b Ref) int {
		return cmp.Or(cmp.Compare(a.Num, b.Num), cmp.Compare(a.Gen, b.Gen))
	})
	room := 1 << 10
	for _, p := range u.objects { // what takes most, and something for the rest
		raw, _ := p.object.(Raw)
		room += len(raw) + len(p.data) + 256
	}
	w.rev.Bytes = slices.Grow(w.rev.Bytes, room)
	for i, ref := range refs {
		if i > 0 && refs[i-1].Num == ref.Num {
			return nil, fmt.Errorf("update of %v and of %v", refs[i-1], ref)
		}
		if err := w.object(ref, u.objects[ref], u.f); err != nil {
			return nil, err
		}
	}
	trailer, err := u.newTrailer()
	if err != nil {
		return nil, err
	}
	start := w.offset()
	switch kind := u.f.sections[0].Kind; {
	case u.f.recovered:
		err = w.complete(u, trailer)
	case kind != XRefStream && start-w.base < testOnlyTableLimit:
		w.table(u.newRows(w), trailer)
	default:
		err = w.xrefStream(u, trailer)
	}
	if err != nil {
		return nil, err
	}
	w.rev.Bytes = fmt.Appendf(w.rev.Bytes, "startxref\n%d\n%%%%EOF\n", start-w.base)
	w.rev.Intent, err = u.intent(w.rev, start, trailer)
	return w.rev, err
}

type revisionWriter struct {
	rev  *Revision
	size int64 // of the file before
	base int64
}

// offset gives where in the finished file the next byte will stand.
func (w *revisionWriter) offset() int64 { return w.size + int64(len(w.rev.Bytes)) }

// begin writes an end of line where the file does not end in one.
func (w *revisionWriter) begin(f *File) error {
	var last [1]byte
	if err := f.src.readFull(last[:], f.src.size-1); err != nil {
		return err
	}
	if last[0] != '\n' && last[0] != '\r' {
		w.rev.Bytes = append(w.rev.Bytes, '\n')
	}
	return nil
}

func (w *revisionWriter) object(ref Ref, p pending, f *File) error {
	o, err := f.encrypted(ref, p.object)
	if err != nil {
		return fmt.Errorf("update of %v: %w", ref, err)
	}
	d, isStream := p.dict(o)
	var data []byte
	if isStream {
		if data, err = f.sealed(ref, p); err != nil {
			return fmt.Errorf("update of %v: %w", ref, err)
		}
	}
	w.rev.Offset[ref] = w.offset()
	b := strconv.AppendUint(w.rev.Bytes, uint64(ref.Num), 10)
	b = append(b, ' ')
	b = strconv.AppendUint(b, uint64(ref.Gen), 10)
	b = append(b, " obj\n"...)
	if isStream {
		b = appendStream(b, d, data)
	} else {
		b = Append(b, o)
	}
	w.rev.Bytes = append(b, "\nendobj\n"...)
	return nil
}

// content gives dictionary and plain data of a stream: a new one, or one of the file.
func (p pending) content(f *File) (Dict, []byte, bool, error) {
	if s, ok := p.object.(*Stream); ok {
		data, err := f.plainData(s, limits.PDFRewrite)
		return s.Dict, data, true, err
	}
	d, _ := p.object.(Dict)
	return d, p.data, p.stream, nil
}

// dict gives the dictionary of a stream: o is the pending object, its strings encrypted.
func (p pending) dict(o Object) (d Dict, isStream bool) {
	if s, ok := o.(*Stream); ok {
		return s.Dict, true
	}
	d, _ = o.(Dict)
	return d, p.stream
}

func appendStream(b []byte, d Dict, data []byte) []byte {
	d = maps.Clone(d)
	if d == nil {
		d = Dict{}
	}
	d["Length"] = Integer(len(data))
	b = Append(b, d)
	b = append(b, "\nstream\n"...)
	b = append(b, data...)
	return append(b, "\nendstream"...)
}

// newRows gives the entries of what is written now, in the order of their numbers, and free ones for the new numbers that
// were passed over: every number below /Size has an entry (7.5.4). They link back to object 0, so that its list stays.
func (u *Update) newRows(w *revisionWriter) []row {
	rows := make([]row, 0, len(w.rev.Offset))
	for ref, off := range w.rev.Offset {
		rows = append(rows, row{ref.Num, offsetEntry(off, ref.Gen)})
	}
	slices.SortFunc(rows, func(a, b row) int { return cmp.Compare(a.num, b.num) })
	at := 0
	for num, n := u.first, 0; num < u.next && n < completeGap; num++ {
		for at < len(rows) && rows[at].num < num {
			at++
		}
		if at < len(rows) && rows[at].num == num || u.f.entries.get(num) != 0 {
			continue
		}
		rows = slices.Insert(rows, at, row{num, freeEntry})
		n++
	}
	return rows
}

func (w *revisionWriter) table(rows []row, trailer Dict) {
	b := append(w.rev.Bytes, "xref\n"...)
	if len(rows) == 0 {
		b = append(b, "0 0\n"...) // a table has at least one subsection
	}
	for _, run := range rowRuns(rows) {
		b = fmt.Appendf(b, "%d %d\n", run[0].num, len(run))
		for _, r := range run {
			if r.e.kind() == entryFree {
				b = append(b, "0000000000 65535 f\r\n"...)
				continue
			}
			b = fmt.Appendf(b, "%010d %05d n\r\n", r.e.offset()-w.base, r.e.gen())
		}
	}
	b = append(b, "trailer\n"...)
	b = Append(b, trailer)
	w.rev.Bytes = append(b, '\n')
}

// xrefStream writes the entries of what is written now as a cross-reference stream, which lists itself too.
func (w *revisionWriter) xrefStream(u *Update, trailer Dict) error {
	self, err := w.beginXRefStream(u, trailer)
	if err != nil {
		return err
	}
	width := (bits.Len64(uint64(w.offset()-w.base)) + 7) / 8
	w.endXRefStream(self, u.newRows(w), trailer, width, 2, func(r row) (byte, uint64, uint32) {
		if r.e.kind() == entryFree {
			return 0, 0, math.MaxUint16
		}
		return 1, uint64(r.e.offset() - w.base), uint32(r.e.gen())
	})
	return nil
}

// beginXRefStream takes a number for a cross-reference stream that begins here.
func (w *revisionWriter) beginXRefStream(u *Update, trailer Dict) (Ref, error) {
	u.skipAbsent()
	if u.next == math.MaxUint32 {
		return Ref{}, malformed(-1, "no object number is left")
	}
	self := Ref{Num: u.next}
	if n, _ := trailer["Size"].(Integer); int64(n) <= int64(self.Num) {
		trailer["Size"] = Integer(self.Num) + 1
	}
	w.rev.Offset[self] = w.offset()
	return self, nil
}

// endXRefStream writes the stream: of each row the three fields (7.5.8.3), of one, width and third bytes.
func (w *revisionWriter) endXRefStream(self Ref, rows []row, trailer Dict, width, third int, fields func(row) (byte, uint64, uint32)) {
	data := make([]byte, 0, len(rows)*(1+width+third))
	var index Array
	for _, run := range rowRuns(rows) {
		index = append(index, Integer(run[0].num), Integer(len(run)))
		for _, r := range run {
			kind, where, last := fields(r)
			data = append(data, kind)
			data = appendField(data, where, width)
			data = appendField(data, uint64(last), third)
		}
	}
	trailer["Type"] = Name("XRef")
	trailer["W"] = Array{Integer(1), Integer(width), Integer(third)}
	trailer["Index"] = index
	b := fmt.Appendf(w.rev.Bytes, "%d 0 obj\n", self.Num)
	b = appendStream(b, trailer, data)
	w.rev.Bytes = append(b, "\nendobj\n"...)
}

// appendField writes the lowest bytes of v, the highest of them first.
func appendField(b []byte, v uint64, width int) []byte {
	var field [8]byte
	binary.BigEndian.PutUint64(field[:], v)
	return append(b, field[8-width:]...)
}
