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
	p := &predicted{r: bufio.NewReaderSize(r, predictorPiece), row: int(row), pixel: int(max(1, colors*bits/8))}
	if kind >= 10 && p.row < predictorPiece/4 {
		p.cur, p.prev = make([]byte, p.row), make([]byte, p.row)
		return p, nil
	}
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
	rest         []byte // what is left of a row read in parts
}

// predictorPiece is how much a predictor reads at a time. Rows of less than a quarter of it are not taken one by one.
const predictorPiece = 16 << 10

// Read undoes the prediction of the rows that fit b, or of one.
func (p *predicted) Read(b []byte) (int, error) {
	if len(p.rest) > 0 || len(b) < p.row {
		return p.readPart(b)
	}
	done := 0
	for len(b)-done >= p.row {
		in, err := p.r.Peek(p.row + 1)
		if err != nil {
			if done > 0 {
				return done, nil // the next call says so
			}
			return p.readPart(b)
		}
		p.cur = p.cur[:p.row]
		copy(p.cur, in[1:])
		if err := unPNG(in[0], p.cur, p.prev, p.pixel); err != nil {
			return done, err
		}
		done += copy(b[done:], p.cur)
		p.cur, p.prev = p.prev, p.cur
		if _, err := p.r.Discard(p.row + 1); err != nil {
			return done, err
		}
	}
	return done, nil
}

// readPart reads a row, the last of which may be short, and gives it in parts.
func (p *predicted) readPart(b []byte) (n int, err error) {
	if len(p.rest) == 0 {
		if p.rest, err = p.png(); err != nil {
			return 0, err
		}
	}
	n = copy(b, p.rest)
	p.rest = p.rest[n:]
	return n, nil
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
	prev := p.prev
	for len(prev) < n {
		prev = append(prev, 0)
	}
	if err := unPNG(tag, p.cur[:n], prev, p.pixel); err != nil {
		return nil, err
	}
	p.cur, p.prev = prev, p.cur
	return p.prev, nil
}

// unPNG undoes one row's filter (PNG, 9.2) in place.
func unPNG(tag byte, cur, prev []byte, pixel int) error {
	prev = prev[:len(cur)]
	switch tag {
	case 0:
	case 1:
		for i := pixel; i < len(cur); i++ {
			cur[i] += cur[i-pixel]
		}
	case 2:
		for i := range cur {
			cur[i] += prev[i]
		}
	case 3, 4:
		for i := range cur {
			var left, upLeft byte
			if i >= pixel {
				left, upLeft = cur[i-pixel], prev[i-pixel]
			}
			if tag == 3 {
				cur[i] += byte((int(left) + int(prev[i])) / 2)
				continue
			}
			cur[i] += paeth(left, prev[i], upLeft)
		}
	default:
		return malformed(-1, "unknown PNG filter %d", tag)
	}
	return nil
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
