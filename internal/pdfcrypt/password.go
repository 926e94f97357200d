// SPDX-License-Identifier: Apache-2.0

package pdfcrypt

import (
	"bytes"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// spellings gives the bytes that a password may have been when the file was made: what the standard wants first, then
// what was typed, as writers exist that take it as it comes.
func (d *Dict) spellings(p *Password) [][]byte {
	var all [][]byte
	add := func(b []byte) {
		for _, other := range all {
			if bytes.Equal(other, b) {
				return
			}
		}
		if b != nil {
			all = append(all, b)
		}
	}
	if d.V == 5 {
		if utf8.Valid(p.Text) {
			add([]byte(prepare(string(p.Text))))
		}
	} else {
		add(p.Doc)
	}
	add(p.Text)
	return all
}

// prepare is the mapping and normalization of SASLprep (RFC 4013, 2.1 and 2.2). What that forbids is let through: it
// decides what a password is compared as, not whether it is a good one.
func prepare(s string) string {
	mapped := strings.Map(func(r rune) rune {
		switch {
		case r != ' ' && unicode.Is(unicode.Zs, r), r == 0x200b: // RFC 3454, table C.1.2
			return ' '
		case r == 0xad, r == 0x34f, r == 0x1806, r >= 0x180b && r <= 0x180d, r == 0x200c, r == 0x200d, r == 0x2060,
			r >= 0xfe00 && r <= 0xfe0f, r == 0xfeff: // table B.1
			return -1
		}
		return r
	}, s)
	return norm.NFKC.String(mapped)
}
