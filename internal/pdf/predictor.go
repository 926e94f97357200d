// SPDX-License-Identifier: Apache-2.0

package pdf

import (
	"bufio"
	"errors"
	"io"

	"gsign/internal/limits"
)

// predictor undoes the prediction that params ask for (ISO 32000-2, 7.4.4.4).
func predictor(r io.Reader, params Dict) (io.Reader, error) {
	kind := param(params, "Predictor", 1)
	if kind <= 1 {
		return r, nil
	}
	colors, bits, columns := param(params, "Colors", 1), param(params, "BitsPerComponent", 8), param(params, "Columns", 1)
	if colors < 1 || colors > 64 || columns < 1 || columns > limits.PDFPredictorRow ||
		bits != 1 && bits != 2 && bits != 4 && bits != 8 && bits != 16 {
		return nil, malformed(-1, "bad parameters of a predictor")
	}
	row := (colors*bits*columns + 7) / 8
	if row > limits.PDFPredictorRow {
		return nil, malformed(-1, "predictor with rows of %d bytes", row)
	}
	p := &predicted{r: bufio.NewReader(r), row: int(row), pixel: int(max(1, colors*bits/8))}
	if kind >= 10 {
		return &pull{next: p.png}, nil
	}
	if kind != 2 {
		return nil, malformed(-1, "unknown predictor %d", kind)
	}
	p.colors, p.bits = int(colors), int(bits)
	return &pull{next: p.tiff}, nil
}

func param(d Dict, key Name, absent int64) int64 {
	if n, ok := d[key].(Integer); ok {
		return int64(n)
	}
	return absent
}

type predicted struct {
	r            *bufio.Reader
	row, pixel   int // in bytes
	colors, bits int
	cur, prev    []byte
}

// read fills the row. The last one may be short. The buffer grows with what is there, not with what is declared.
func (p *predicted) read() (n int, err error) {
	p.cur = p.cur[:0]
	for len(p.cur) < p.row {
		at := len(p.cur)
		step := min(p.row-at, 4096+at)
		p.cur = append(p.cur, make([]byte, step)...)
		n, err := io.ReadFull(p.r, p.cur[at:])
		p.cur = p.cur[:at+n]
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			if len(p.cur) == 0 {
				return 0, err
			}
			break
		}
		if err != nil {
			return 0, err
		}
	}
	return len(p.cur), nil
}

func (p *predicted) png() ([]byte, error) {
	tag, err := p.r.ReadByte()
	if err != nil {
		return nil, err
	}
	n, err := p.read()
	if err != nil {
		return nil, err
	}
	if tag > 4 {
		return nil, malformed(-1, "unknown PNG filter %d", tag)
	}
	prev := p.prev
	for len(prev) < n {
		prev = append(prev, 0)
	}
	for i := range n {
		var left, upLeft byte
		if i >= p.pixel {
			left, upLeft = p.cur[i-p.pixel], prev[i-p.pixel]
		}
		switch tag {
		case 1:
			p.cur[i] += left
		case 2:
			p.cur[i] += prev[i]
		case 3:
			p.cur[i] += byte((int(left) + int(prev[i])) / 2)
		case 4:
			p.cur[i] += paeth(left, prev[i], upLeft)
		}
	}
	p.cur, p.prev = prev, p.cur
	return p.prev, nil
}

func paeth(a, b, c byte) byte {
	p := int(a) + int(b) - int(c)
	pa, pb, pc := abs(p-int(a)), abs(p-int(b)), abs(p-int(c))
	switch {
	case pa <= pb && pa <= pc:
		return a
	case pb <= pc:
		return b
	}
	return c
}

func abs(n int) int {
	if n < 0 {
		return -n
	}
	return n
}

func (p *predicted) tiff() ([]byte, error) {
	n, err := p.read()
	if err != nil {
		return nil, err
	}
	row := p.cur[:n]
	switch p.bits {
	case 8:
		for i := p.colors; i < n; i++ {
			row[i] += row[i-p.colors]
		}
	case 16:
		for i := 2 * p.colors; i+1 < n; i += 2 {
			before := int(row[i-2*p.colors])<<8 | int(row[i-2*p.colors+1])
			v := int(row[i])<<8 | int(row[i+1])
			v += before
			row[i], row[i+1] = byte(v>>8), byte(v)
		}
	default:
		p.tiffBits(row)
	}
	return row, nil
}

// tiffBits adds up components of one, two or four bits.
func (p *predicted) tiffBits(row []byte) {
	mask := byte(1<<p.bits - 1)
	get := func(i int) byte { return row[i*p.bits/8] >> (8 - p.bits - i*p.bits%8) & mask }
	for i := p.colors; i < len(row)*8/p.bits; i++ {
		shift := 8 - p.bits - i*p.bits%8
		v := (get(i) + get(i-p.colors)) & mask
		at := &row[i*p.bits/8]
		*at = *at&^(mask<<shift) | v<<shift
	}
}
