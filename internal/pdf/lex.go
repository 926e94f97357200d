// SPDX-License-Identifier: Apache-2.0

package pdf

import (
	"bytes"
	"encoding/binary"

	"gsign/internal/limits"
)

type tokenKind uint8

const (
	tokenEOF tokenKind = iota
	tokenInteger
	tokenReal
	tokenString
	tokenName
	tokenKeyword
	tokenArrayOpen
	tokenArrayClose
	tokenDictOpen
	tokenDictClose
)

type token struct {
	kind  tokenKind
	start int64
	num   int64
	text  []byte // of reals, strings, names and keywords; good until the next token
}

func (t *token) is(keyword string) bool { return t.kind == tokenKeyword && string(t.text) == keyword }

// A lexer cuts a file, or the content of an object stream, into tokens (ISO 32000-2, 7.2). While it is in use nothing
// else may read from the same source.
type lexer struct {
	src  *source // nil when everything is in buf
	buf  []byte
	base int64 // offset of buf[0]
	i    int
	text []byte
	work *work // nil counts nothing
	// passing leaves out what long hexadecimal strings say: only where they end is asked for. passed counts it.
	passing bool
	passed  int
}

func newLexer(src *source, off int64) *lexer { return &lexer{src: src, base: off, work: &src.work} }

func memoryLexer(data []byte, off int, w *work) *lexer { return &lexer{buf: data, i: off, work: w} }

func (l *lexer) pos() int64 { return l.base + int64(l.i) }

func (l *lexer) seek(off int64) {
	if l.src == nil {
		l.i = int(off)
		return
	}
	if off >= l.base && off <= l.base+int64(len(l.buf)) {
		l.i = int(off - l.base)
		return
	}
	l.base, l.i, l.buf = off, 0, nil
}

// peek returns the next byte, or -1 at the end.
func (l *lexer) peek() (int, error) {
	if l.i < len(l.buf) {
		return int(l.buf[l.i]), nil
	}
	if l.src == nil {
		return -1, nil
	}
	off := l.pos()
	buf, err := l.src.at(off)
	if err != nil {
		return -1, err
	}
	l.buf, l.base, l.i = buf, off, 0
	if len(buf) == 0 {
		return -1, nil
	}
	return int(buf[0]), nil
}

func (l *lexer) next() (int, error) {
	c, err := l.peek()
	if c >= 0 {
		l.i++
	}
	return c, err
}

const (
	classRegular = iota
	classSpace
	classDelimiter
)

var classes = [256]uint8{
	0: classSpace, '\t': classSpace, '\n': classSpace, '\f': classSpace, '\r': classSpace, ' ': classSpace,
	'(': classDelimiter, ')': classDelimiter, '<': classDelimiter, '>': classDelimiter, '[': classDelimiter,
	']': classDelimiter, '{': classDelimiter, '}': classDelimiter, '/': classDelimiter, '%': classDelimiter,
}

func isRegular(c int) bool { return c >= 0 && classes[byte(c)] == classRegular }

func isSpace(c int) bool { return c >= 0 && classes[byte(c)] == classSpace }

// skipSpace goes past white space and comments.
func (l *lexer) skipSpace() error {
	comment := false
	for {
		if !comment {
			l.skipBlanks()
		}
		c, err := l.peek()
		if err != nil || c < 0 {
			return err
		}
		switch {
		case comment:
			comment = l.skipLine()
		case c == '%':
			comment = true
			l.i++
		case !isSpace(c):
			return nil
		}
	}
}

// skipBlanks goes past white space, as far as the buffer reaches. Of one and the same byte it takes eight at a time.
func (l *lexer) skipBlanks() {
	i, b := l.i, l.buf
	for i < len(b) && classes[b[i]] == classSpace {
		if len(b)-i >= 16 && b[i] == b[i+7] {
			for same := uint64(b[i]) * 0x0101010101010101; len(b)-i >= 8 && binary.LittleEndian.Uint64(b[i:]) == same; i += 8 {
			}
			if i == len(b) || classes[b[i]] != classSpace {
				break
			}
		}
		i++
	}
	l.i = max(l.i, i)
}

// skipLine goes towards the end of a comment, as far as the buffer reaches. It reports whether the comment goes on.
func (l *lexer) skipLine() bool {
	i := bytes.IndexByte(l.buf[l.i:], '\n')
	if i < 0 {
		i = len(l.buf) - l.i
	}
	if r := bytes.IndexByte(l.buf[l.i:l.i+i], '\r'); r >= 0 {
		i = r
	}
	l.i += i
	return l.i == len(l.buf)
}

// token reads the next token.
func (l *lexer) token() (token, error) {
	at := l.pos()
	if err := l.skipSpace(); err != nil {
		return token{}, err
	}
	start := l.pos()
	t, err := l.scan(start)
	if e := l.work.token(start-at, l.pos()-start); e != nil {
		return t, e
	}
	return t, err
}

// scan reads the token that begins at start, after white space.
func (l *lexer) scan(start int64) (token, error) {
	t := token{start: start}
	l.text, l.passed = l.text[:0], 0
	c, err := l.peek()
	if err != nil || c < 0 {
		return t, err
	}
	if isRegular(c) {
		return l.word(t)
	}
	l.i++
	switch c {
	case '/':
		return l.name(t)
	case '(':
		return l.literal(t)
	case '[':
		t.kind = tokenArrayOpen
	case ']':
		t.kind = tokenArrayClose
	case '<':
		n, err := l.peek()
		if err != nil {
			return t, err
		}
		if n != '<' {
			return l.hex(t)
		}
		l.i++
		t.kind = tokenDictOpen
	case '>':
		n, err := l.peek()
		if err != nil {
			return t, err
		}
		if n != '>' {
			return t, malformed(t.start, "unexpected >")
		}
		l.i++
		t.kind = tokenDictClose
	default:
		return t, malformed(t.start, "unexpected %q", rune(c))
	}
	return t, nil
}

// regular reads a run of regular characters into the text of the token that starts there.
func (l *lexer) regular(start int64, what string) error {
	for {
		c, err := l.peek()
		if err != nil || !isRegular(c) {
			return err
		}
		if len(l.text) >= limits.PDFToken {
			return malformed(start, "%s longer than %d bytes", what, limits.PDFToken)
		}
		l.text = append(l.text, byte(c))
		l.i++
	}
}

// word reads a run of regular characters: a number or a keyword.
func (l *lexer) word(t token) (token, error) {
	if err := l.regular(t.start, "token"); err != nil {
		return t, err
	}
	t.text = l.text
	t.kind = tokenKeyword
	if c := t.text[0]; c >= '0' && c <= '9' || c == '+' || c == '-' || c == '.' {
		t.kind = tokenReal
		if n, ok := integer(t.text); ok {
			t.kind, t.num = tokenInteger, n
		}
	}
	return t, nil
}

// integer gives the value of an optionally signed run of digits that fits an int64.
func integer(b []byte) (n int64, ok bool) {
	neg := b[0] == '-'
	if neg || b[0] == '+' {
		b = b[1:]
	}
	if len(b) == 0 || len(b) > 18 {
		return 0, false
	}
	for _, c := range b {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int64(c-'0')
	}
	if neg {
		n = -n
	}
	return n, true
}

func unhex(c int) int {
	switch {
	case c >= '0' && c <= '9':
		return c - '0'
	case c >= 'a' && c <= 'f':
		return c - 'a' + 10
	case c >= 'A' && c <= 'F':
		return c - 'A' + 10
	}
	return -1
}
