// SPDX-License-Identifier: Apache-2.0

package pdf

import (
	"bufio"
	"math"

	"gsign/internal/limits"
)

// streamAt reads the stream object at off, whatever its number.
func (f *File) streamAt(off int64) (*Stream, error) {
	p := parser{lexer: newLexer(&f.src, off)}
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
	width := widths[0] + widths[1] + widths[2]
	in := bufio.NewReaderSize(r, 16<<10)
	for i := 0; i < len(index); i += 2 {
		for n := index[i]; n < index[i]+index[i+1]; n++ {
			if err := f.countRow(); err != nil {
				return Section{}, err
			}
			row, err := in.Peek(width)
			if err != nil {
				return Section{}, malformedBy(off, err, "cross-reference stream: entry of object %d", n)
			}
			if err := f.addRow(uint32(n), row, widths, runs); err != nil {
				return Section{}, err
			}
			if _, err := in.Discard(width); err != nil {
				return Section{}, err
			}
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

// addRow records one entry (ISO 32000-2, table 18).
func (f *File) addRow(num uint32, row []byte, widths [3]int, free *freeRuns) error {
	var field [3]uint64
	field[0] = 1 // the default type
	for i, w := range widths {
		if w == 0 {
			continue
		}
		var v uint64
		for _, c := range row[:w] {
			v = v<<8 | uint64(c)
		}
		field[i], row = v, row[w:]
	}
	switch {
	case field[0] == 1 && field[1] != 0:
		if field[1] > uint64(maxOffset-f.base) || field[2] > math.MaxUint16 {
			return malformed(-1, "cross-reference entry of object %d: number too large", num)
		}
		return f.entries.add(num, offsetEntry(int64(field[1])+f.base, uint16(field[2])))
	case field[0] == 2:
		if field[1] > math.MaxUint32 || field[2] > maxIndex {
			return malformed(-1, "cross-reference entry of object %d: number too large", num)
		}
		return f.entries.add(num, packedEntry(uint32(field[1]), int64(field[2])))
	}
	f.oddRows = f.oddRows || field[0] != 0 && field[0] != 1
	free.add(num) // free; other types mean null
	return nil
}

// countRow bounds the entries read from all sections together: a compressed stream holds a thousand in a byte.
func (f *File) countRow() error {
	f.rows++
	if f.rows > limits.PDFRows {
		return malformed(-1, "cross-reference sections of more than %d entries", limits.PDFRows)
	}
	return nil
}
