// SPDX-License-Identifier: Apache-2.0

package pdf

import (
	"bytes"
	"maps"
	"slices"
	"strconv"
)

// Append writes an object as it stands in a file. Keys are sorted, so that equal objects give equal bytes; names are
// escaped; strings are literal or hexadecimal, whichever suits them. Of a stream the dictionary is written.
func Append(dst []byte, o Object) []byte {
	switch o := o.(type) {
	case Bool:
		return strconv.AppendBool(dst, bool(o))
	case Integer:
		return strconv.AppendInt(dst, int64(o), 10)
	case Real:
		return append(dst, o...)
	case String:
		return appendString(dst, o)
	case Name:
		return appendName(dst, o)
	case Array:
		dst = append(dst, '[')
		for i, v := range o {
			if i > 0 {
				dst = append(dst, ' ')
			}
			dst = Append(dst, v)
		}
		return append(dst, ']')
	case Dict:
		return appendDict(dst, o)
	case *Stream:
		if o != nil {
			return appendDict(dst, o.Dict)
		}
	case Ref:
		dst = strconv.AppendUint(dst, uint64(o.Num), 10)
		dst = append(dst, ' ')
		dst = strconv.AppendUint(dst, uint64(o.Gen), 10)
		return append(dst, " R"...)
	case Word:
		return append(dst, o...)
	case Raw:
		return append(dst, o...)
	}
	return append(dst, "null"...) // Null, and nil for what is absent
}

func appendDict(dst []byte, d Dict) []byte {
	dst = append(dst, "<<"...)
	for i, key := range slices.Sorted(maps.Keys(d)) {
		if i > 0 {
			dst = append(dst, ' ')
		}
		dst = appendName(dst, key)
		dst = append(dst, ' ')
		dst = Append(dst, d[key])
	}
	return append(dst, ">>"...)
}

const hexDigits = "0123456789ABCDEF"

func appendName(dst []byte, n Name) []byte {
	dst = append(dst, '/')
	for i := range len(n) {
		c := n[i]
		if c <= ' ' || c >= 0x7f || c == '#' || classes[c] != classRegular {
			dst = append(dst, '#', hexDigits[c>>4], hexDigits[c&15])
			continue
		}
		dst = append(dst, c)
	}
	return dst
}

// appendString writes printable text literally and all else in hexadecimal digits, which no transport harms.
func appendString(dst []byte, s String) []byte {
	if slices.ContainsFunc(s, func(c byte) bool { return c < ' ' || c > '~' }) {
		dst = append(dst, '<')
		for _, c := range s {
			dst = append(dst, hexDigits[c>>4], hexDigits[c&15])
		}
		return append(dst, '>')
	}
	dst = append(dst, '(')
	for _, c := range s {
		if bytes.IndexByte([]byte(`()\`), c) >= 0 {
			dst = append(dst, '\\')
		}
		dst = append(dst, c)
	}
	return append(dst, ')')
}
