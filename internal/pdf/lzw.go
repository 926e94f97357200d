// SPDX-License-Identifier: Apache-2.0

package pdf

import (
	"bufio"
	"errors"
	"io"
)

const (
	lzwClear = 256
	lzwEnd   = 257
	lzwCodes = 4096
)

// An lzw decodes LZW as PDF has it (ISO 32000-2, 7.4.4): codes of 9 to 12 bits, the highest bit first. With early change
// the width grows one code too soon, as TIFF's does.
type lzw struct {
	r      *bufio.Reader
	early  int
	bits   uint32
	have   uint
	width  uint
	next   int // the code to be given next
	last   int // the code before, or -1
	prefix [lzwCodes]uint16
	suffix [lzwCodes]byte
	length [lzwCodes]int
	out    []byte
}

func newLZW(r *bufio.Reader, early bool) io.Reader {
	z := &lzw{r: r, width: 9, next: 258, last: -1}
	if early {
		z.early = 1
	}
	for i := range 256 {
		z.suffix[i], z.length[i] = byte(i), 1
	}
	return &pull{next: z.step}
}

// code reads the next code. The end of data without an end mark ends it as well.
func (z *lzw) code() (int, error) {
	for z.have < z.width {
		c, err := z.r.ReadByte()
		if err != nil {
			return 0, err
		}
		z.bits = z.bits<<8 | uint32(c)
		z.have += 8
	}
	z.have -= z.width
	return int(z.bits >> z.have & (1<<z.width - 1)), nil
}

// step decodes one code.
func (z *lzw) step() ([]byte, error) {
	c, err := z.code()
	if err != nil {
		return nil, err
	}
	switch {
	case c == lzwClear:
		z.width, z.next, z.last = 9, 258, -1
		return nil, nil
	case c == lzwEnd:
		return nil, io.EOF
	case c > z.next || c == z.next && z.last < 0 || c >= 258 && z.last < 0:
		return nil, errors.New("bad LZW code")
	}
	out := c
	if c == z.next {
		out = z.last // its own first byte follows: the code is made and used at once
	}
	z.expand(out)
	if c == z.next {
		z.out = append(z.out, z.out[0])
	}
	if z.last >= 0 && z.next < lzwCodes {
		z.prefix[z.next], z.suffix[z.next] = uint16(z.last), z.out[0]
		z.length[z.next] = z.length[z.last] + 1
		z.next++
	}
	if z.next+z.early >= 1<<z.width && z.width < 12 {
		z.width++
	}
	z.last = c
	return z.out, nil
}

// expand puts the bytes of a code into out.
func (z *lzw) expand(c int) {
	n := z.length[c]
	if cap(z.out) < n {
		z.out = make([]byte, n, 2*n+16)
	}
	z.out = z.out[:n]
	for i := n - 1; i >= 0; i-- {
		z.out[i] = z.suffix[c]
		c = int(z.prefix[c])
	}
}
