// SPDX-License-Identifier: Apache-2.0

package pdf

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf16"
	"unicode/utf8"
)

// TextString encodes a text string (ISO 32000-2, 7.9.2.2): ASCII stays as it is, other text becomes UTF-16BE with its
// byte order mark, which readers of PDF 1.x know too.
func TextString(s string) String {
	if isPlain(s) {
		return String(s)
	}
	out := String{0xfe, 0xff}
	for _, u := range utf16.Encode([]rune(s)) {
		out = append(out, byte(u>>8), byte(u))
	}
	return out
}

func isPlain(s string) bool {
	for i := range len(s) {
		c := s[i]
		if c >= 0x7f || c < ' ' && c != '\n' && c != '\r' && c != '\t' {
			return false
		}
	}
	return true
}

// docEncoding holds what PDFDocEncoding has at 0x18–0x1f and 0x80–0xa0 (ISO 32000-2, annex D.3); the rest is Latin-1.
var (
	docLow  = []rune("\u02d8\u02c7\u02c6\u02d9\u02dd\u02db\u02da\u02dc")
	docHigh = []rune("\u2022\u2020\u2021\u2026\u2014\u2013\u0192\u2044\u2039\u203a\u2212\u2030\u201e\u201c\u201d\u2018" +
		"\u2019\u201a\u2122\ufb01\ufb02\u0141\u0152\u0160\u0178\u017d\u0131\u0142\u0153\u0161\u017e\ufffd\u20ac")
)

// docEncoded encodes text in PDFDocEncoding; nil where that has not all characters.
func docEncoded(s string) []byte {
	out := []byte{}
	for _, r := range s {
		switch low, high := slices.Index(docLow, r), slices.Index(docHigh, r); {
		case r == 0xfffd:
			return nil
		case low >= 0:
			out = append(out, byte(0x18+low))
		case high >= 0:
			out = append(out, byte(0x80+high))
		case r < 0x18, r >= 0x20 && r < 0x7f, r > 0xa0 && r <= 0xff:
			out = append(out, byte(r))
		default:
			return nil
		}
	}
	return out
}

// Text decodes a text string: UTF-16 with a byte order mark, UTF-8 with its mark (PDF 2.0), or PDFDocEncoding.
func (s String) Text() string {
	if len(s) >= 2 && (s[0] == 0xfe && s[1] == 0xff || s[0] == 0xff && s[1] == 0xfe) {
		units := make([]uint16, 0, len(s)/2)
		for i := 2; i+1 < len(s); i += 2 {
			u := uint16(s[i])<<8 | uint16(s[i+1])
			if s[0] == 0xff {
				u = u>>8 | u<<8
			}
			units = append(units, u)
		}
		return withoutLanguage(string(utf16.Decode(units)))
	}
	if len(s) >= 3 && s[0] == 0xef && s[1] == 0xbb && s[2] == 0xbf && utf8.Valid(s) {
		return withoutLanguage(string(s[3:]))
	}
	var b strings.Builder
	for _, c := range s {
		switch {
		case c >= 0x18 && c <= 0x1f:
			b.WriteRune(docLow[c-0x18])
		case c >= 0x80 && c <= 0xa0:
			b.WriteRune(docHigh[c-0x80])
		default:
			b.WriteRune(rune(c))
		}
	}
	return b.String()
}

// withoutLanguage drops language codes, which stand between escapes (7.9.2.2.1).
func withoutLanguage(s string) string {
	for {
		i := strings.IndexByte(s, 0x1b)
		if i < 0 {
			return s
		}
		j := strings.IndexByte(s[i+1:], 0x1b)
		if j < 0 || j > 8 {
			return s
		}
		s = s[:i] + s[i+j+2:]
	}
}

// Date encodes a time in UTC (ISO 32000-2, 7.9.4), such as "D:20260102030405Z".
func Date(t time.Time) String { return String(t.UTC().Format("D:20060102150405Z")) }

// ParseDate decodes a date. Parts may be missing from the end, and the prefix and the apostrophes too; without a time
// zone, which the standard leaves unknown, it is taken as UTC.
func ParseDate(s String) (time.Time, error) {
	text := strings.TrimRight(s.Text(), "\x00 ")
	bad := fmt.Errorf("bad date %q", text[:min(len(text), 32)])
	rest := strings.TrimPrefix(text, "D:")
	fields := []int{0, 1, 1, 0, 0, 0}
	for i, width := range []int{4, 2, 2, 2, 2, 2} {
		if i > 0 && (rest == "" || strings.ContainsRune("Zz+-", rune(rest[0]))) {
			break
		}
		n, ok := digits(rest, width)
		if !ok {
			return time.Time{}, bad
		}
		fields[i], rest = n, rest[width:]
	}
	zone, ok := parseZone(rest)
	if !ok || fields[5] > 59 || fields[4] > 59 || fields[3] > 23 || fields[0] == 0 {
		return time.Time{}, bad
	}
	t := time.Date(fields[0], time.Month(fields[1]), fields[2], fields[3], fields[4], fields[5], 0, zone)
	if t.Day() != fields[2] || int(t.Month()) != fields[1] {
		return time.Time{}, bad // such as 30 February
	}
	return t, nil
}

func digits(s string, n int) (v int, ok bool) {
	if len(s) < n {
		return 0, false
	}
	for i := range n {
		if s[i] < '0' || s[i] > '9' {
			return 0, false
		}
		v = v*10 + int(s[i]-'0')
	}
	return v, true
}

// parseZone reads Z, or a sign, hours and minutes as in +01'00', +01'00, +0100 or +01.
func parseZone(s string) (*time.Location, bool) {
	if s == "" {
		return time.UTC, true
	}
	sign := s[0]
	s = strings.ReplaceAll(s[1:], "'", "")
	if s == "" && (sign == 'Z' || sign == 'z') {
		return time.UTC, true
	}
	h, ok := digits(s, 2)
	if !ok || len(s) != 2 && len(s) != 4 {
		return nil, false
	}
	m := 0
	if len(s) == 4 {
		m, ok = digits(s[2:], 2)
	}
	if !ok || h > 23 || m > 59 {
		return nil, false
	}
	offset := h*3600 + m*60
	switch sign {
	case '-':
		offset = -offset
	case '+':
	default:
		if (sign != 'Z' && sign != 'z') || offset != 0 {
			return nil, false
		}
	}
	if offset == 0 {
		return time.UTC, true
	}
	return time.FixedZone("", offset), true
}
