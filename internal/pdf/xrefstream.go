// SPDX-License-Identifier: Apache-2.0

package pdf

import (
	"encoding/binary"
	"errors"
	"io"
	"math"
	"slices"

	"gsign/internal/limits"
)

// streamAt reads the stream object at off, whatever its number.
func (f *File) streamAt(off int64) (*Stream, error) {
	p := parser{lexer: newLexer(&f.src, off), exact: true}
	ref, _, err := p.header()
	if err != nil {
		return nil, err
	}
	o, err := p.body(f)
	if err != nil {
		return nil, err
	}
	s, ok := o.(*Stream)
	if !ok {
		return nil, malformed(off, "neither a cross-reference table nor a stream")
	}
	f.entries.refer(ref.Num) // it may not list itself, and its number must not be given to another object
	return s, nil
}

// readXRefStream reads a cross-reference stream. Its free entries go to free when that is not nil.
func (f *File) readXRefStream(off int64, free *freeRuns) (Section, error) {
	s, err := f.streamAt(off)
	if err != nil {
		return Section{}, err
	}
	if s.Dict["Type"] != Name("XRef") {
		return Section{}, malformed(off, "stream is no cross-reference (/Type)")
	}
	if err := f.src.work.trailer(s.start - off); err != nil {
		return Section{}, err
	}
	widths, index, err := xrefLayout(s.Dict, off)
	if err != nil {
		return Section{}, err
	}
	r, err := f.decoder(s, maxOffset)
	if err != nil {
		return Section{}, malformedBy(off, err, "cross-reference stream")
	}
	var own freeRuns
	runs := free
	if runs == nil {
		runs = &own
	}
	in := rowReader{f: f, r: r, off: off, widths: widths, free: runs}
	for i := 0; i < len(index); i += 2 {
		if err := in.read(index[i], index[i+1]); err != nil {
			return Section{}, err
		}
	}
	if err := f.entries.addFree(own); err != nil {
		return Section{}, err
	}
	return Section{Offset: off, Kind: XRefStream, Trailer: s.Dict}, nil
}

// xrefLayout reads /W, and /Index or what stands for it.
func xrefLayout(d Dict, off int64) (widths [3]int, index []int64, err error) {
	w, _ := d["W"].(Array)
	if len(w) < 3 {
		return widths, nil, malformed(off, "cross-reference stream without its three widths (/W)")
	}
	for i := range widths {
		n, ok := w[i].(Integer)
		if !ok || n < 0 || n > 8 {
			return widths, nil, malformed(off, "cross-reference stream: bad width in /W")
		}
		widths[i] = int(n)
	}
	if widths[0]+widths[1]+widths[2] == 0 {
		return widths, nil, malformed(off, "cross-reference stream: entries without width")
	}
	pairs, ok := d["Index"].(Array)
	if !ok {
		pairs = Array{Integer(0), d["Size"]}
	}
	if len(pairs)%2 != 0 {
		return widths, nil, malformed(off, "cross-reference stream: odd /Index")
	}
	for i, o := range pairs {
		n, ok := o.(Integer)
		if !ok || n < 0 || n > math.MaxUint32 || i%2 == 1 && int64(n) > math.MaxUint32-index[i-1] {
			return widths, nil, malformed(off, "cross-reference stream: bad /Index or /Size")
		}
		index = append(index, int64(n))
	}
	return widths, index, nil
}

// A rowReader reads the entries of a cross-reference stream, many at a time.
type rowReader struct {
	f      *File
	r      io.Reader // of the decoded stream
	off    int64     // of the stream's object
	widths [3]int
	free   *freeRuns
	buf    []byte
}

// rowBuffer is how much is read at a time: as much as a decompressor gives at once.
const rowBuffer = 32 << 10

// read reads the entries of count objects.
func (in *rowReader) read(first, count int64) error {
	width := in.widths[0] + in.widths[1] + in.widths[2]
	for count > 0 {
		n := min(count, rowBuffer/int64(width))
		if err := in.f.countRows(int(n)); err != nil {
			return err
		}
		in.buf = slices.Grow(in.buf[:0], int(n)*width+8) // add looks at eight bytes of each number
		got, err := io.ReadFull(in.r, in.buf[:int(n)*width])
		if errors.Is(err, io.ErrUnexpectedEOF) {
			err = io.EOF
		}
		n = int64(got / width)
		if err := in.add(uint32(first), in.buf[:n*int64(width)+8], width); err != nil {
			return err
		}
		first, count = first+n, count-n
		if err != nil {
			return malformedBy(in.off, err, "cross-reference stream: entry of object %d", first)
		}
	}
	return nil
}

// add records the entries of some objects (ISO 32000-2, table 18). Eight bytes follow them.
func (in *rowReader) add(num uint32, rows []byte, width int) error {
	f := in.f
	ends := [2]int{in.widths[0], in.widths[0] + in.widths[1]}
	shifts := [3]uint{64 - 8*uint(in.widths[0]), 64 - 8*uint(in.widths[1]), 64 - 8*uint(in.widths[2])}
	var b *[entryBlock]entry // of the last number in use
	var block uint32
	for ; len(rows) > 8; num++ {
		kind := uint64(1) // where it is left out
		if ends[0] > 0 {
			kind = binary.BigEndian.Uint64(rows) >> shifts[0]
		}
		place := binary.BigEndian.Uint64(rows[ends[0]:]) >> shifts[1]
		third := binary.BigEndian.Uint64(rows[ends[1]:]) >> shifts[2]
		rows = rows[width:]
		var e entry
		switch {
		case kind == 1 && place != 0:
			if place > uint64(maxOffset-f.base) || third > math.MaxUint16 {
				return malformed(in.off, "cross-reference entry of object %d: number too large", num)
			}
			e = offsetEntry(int64(place)+f.base, uint16(third))
		case kind == 2:
			if place > math.MaxUint32 || third > maxIndex {
				return malformed(in.off, "cross-reference entry of object %d: number too large", num)
			}
			e = packedEntry(uint32(place), int64(third))
		default:
			f.oddRows = f.oddRows || kind > 1
			in.free.add(num) // free; other types mean null
			continue
		}
		if b == nil || block != num/entryBlock {
			var err error
			if b, err = f.entries.block(num); err != nil {
				return err
			}
			block = num / entryBlock
		}
		if b[num%entryBlock] == 0 {
			f.entries.put(b, num, e)
		}
	}
	return nil
}

// countRow bounds the entries read from all sections together: a compressed stream holds a thousand in a byte.
func (f *File) countRow() error { return f.countRows(1) }

func (f *File) countRows(n int) error {
	f.rows += n
	if f.rows > limits.PDFRows {
		return malformed(-1, "cross-reference sections of more than %d entries", limits.PDFRows)
	}
	return nil
}
