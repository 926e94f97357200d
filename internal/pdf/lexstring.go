// SPDX-License-Identifier: Apache-2.0

package pdf

import (
	"bytes"
	"encoding/hex"
	"slices"

	"gsign/internal/limits"
)

// name reads a name after its slash. #xx is decoded; a # without two hexadecimal digits stands for itself, as it did in
// PDF 1.1.
func (l *lexer) name(t token) (token, error) {
	if err := l.regular(t.start, "name"); err != nil {
		return t, err
	}
	out := l.text[:0]
	for i := 0; i < len(l.text); i++ {
		c := l.text[i]
		if c == '#' && i+2 < len(l.text) {
			hi, lo := unhex(int(l.text[i+1])), unhex(int(l.text[i+2]))
			if hi >= 0 && lo >= 0 {
				c = byte(hi<<4 | lo)
				i += 2
			}
		}
		out = append(out, c)
	}
	t.kind, t.text = tokenName, out
	return t, nil
}

// literal reads a string after its opening parenthesis (ISO 32000-2, 7.3.4.2).
func (l *lexer) literal(t token) (token, error) {
	depth := 1
	for {
		c, err := l.next()
		if err != nil {
			return t, err
		}
		switch c {
		case -1:
			return t, malformed(t.start, "string without its closing parenthesis")
		case '(':
			depth++
		case ')':
			depth--
			if depth == 0 {
				t.kind, t.text = tokenString, l.text
				return t, nil
			}
		case '\r':
			if err := l.skipByte('\n'); err != nil {
				return t, err
			}
			c = '\n'
		case '\\':
			c, err = l.escape()
			if err != nil {
				return t, err
			}
		}
		if c < 0 {
			continue // a line continued
		}
		if len(l.text) >= limits.PDFString {
			return t, malformed(t.start, "string longer than %d bytes", limits.PDFString)
		}
		l.text = append(l.text, byte(c))
	}
}

// escape reads what follows a backslash; -1 stands for nothing.
func (l *lexer) escape() (int, error) {
	c, err := l.next()
	if err != nil {
		return 0, err
	}
	switch c {
	case 'n':
		return '\n', nil
	case 'r':
		return '\r', nil
	case 't':
		return '\t', nil
	case 'b':
		return '\b', nil
	case 'f':
		return '\f', nil
	case '\n':
		return -1, nil
	case '\r':
		return -1, l.skipByte('\n')
	}
	if c < '0' || c > '7' {
		return c, nil
	}
	v := c - '0'
	for range 2 {
		d, err := l.peek()
		if err != nil {
			return 0, err
		}
		if d < '0' || d > '7' {
			break
		}
		v = v<<3 | (d - '0')
		l.i++
	}
	return v & 0xff, nil // high-order overflow is ignored, 7.3.4.2
}

func (l *lexer) skipByte(want int) error {
	c, err := l.peek()
	if c == want {
		l.i++
	}
	return err
}

// hex reads a string after its <. White space is ignored; an odd last digit is followed by an implied 0.
func (l *lexer) hex(t token) (token, error) {
	half := -1
	for {
		if half < 0 {
			l.hexRun()
		}
		c, err := l.next()
		if err != nil {
			return t, err
		}
		v := unhex(c)
		switch {
		case c == '>':
			if half >= 0 {
				l.text = append(l.text, byte(half<<4))
			}
			t.kind, t.text = tokenString, l.text
			return t, nil
		case c < 0:
			return t, malformed(t.start, "hexadecimal string without its closing >")
		case isSpace(c):
		case v < 0:
			return t, malformed(t.start, "%q in a hexadecimal string", rune(c))
		case half < 0:
			half = v
		default:
			if len(l.text)+l.passed >= limits.PDFString {
				return t, malformed(t.start, "string longer than %d bytes", limits.PDFString)
			}
			l.text = append(l.text, byte(half<<4|v))
			half = -1
		}
	}
}

// hexRun takes the pairs of digits that stand without anything between them in what is at hand: a signature is half a
// hundred thousand of them.
func (l *lexer) hexRun() {
	b := l.buf[min(l.i, len(l.buf)):]
	b = b[:min(len(b), 2*max(0, limits.PDFString-len(l.text)-l.passed))]
	if l.passing {
		n := 0
		for n+1 < len(b) && hexValues[b[n]] >= 0 && hexValues[b[n+1]] >= 0 {
			n += 2
		}
		l.passed += n / 2
		l.i += n
		return
	}
	end := bytes.IndexByte(b, '>')
	if end >= 0 {
		b = b[:end]
	}
	at, grow := len(l.text), len(b)/2
	if grow > cap(l.text)-at {
		if grow > 1<<9 && end < 0 { // it goes on in the next block, and in some more
			grow = max(8*grow, at)
		}
		l.text = slices.Grow(l.text, grow)
	}
	n, _ := hex.Decode(l.text[at:at+len(b)/2], b[:len(b)&^1]) // up to what is no digit
	l.text = l.text[:at+n]
	l.i += 2 * n
}

// hexValues is unhex in a table.
var hexValues = func() (t [256]int16) {
	for c := range t {
		t[c] = int16(unhex(c))
	}
	return t
}()
