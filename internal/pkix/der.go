// SPDX-License-Identifier: Apache-2.0

package pkix

import (
	"bytes"
	"errors"
	"fmt"

	"gsign/internal/limits"
)

// DER rewrites the one BER element that b holds with the lengths and strings of DER: definite lengths in the shortest
// form, octet strings in one piece. Others write such BER (RFC 5652 allows it outside the signed parts); what is DER
// already comes back the same. Sets are not sorted and values are not looked into.
func DER(b []byte) ([]byte, error) {
	if _, length, n, err := header(b); err == nil && n+length == len(b) && isDER(b, 0) {
		return bytes.Clone(b), nil
	}
	out, rest, err := appendDER(make([]byte, 0, len(b)), b, 0)
	if err != nil {
		return nil, err
	}
	if len(rest) > 0 {
		return nil, fmt.Errorf("%d bytes after the ASN.1 element", len(rest))
	}
	return out, nil
}

// ElementLength returns the length of the BER element that b begins with.
func ElementLength(b []byte) (int, error) {
	rest, err := skip(b, 0)
	if err != nil {
		return 0, err
	}
	return len(b) - len(rest), nil
}

var errTruncated = errors.New("truncated ASN.1 element")

const (
	constructed       = 0x20
	tagOctetString    = 0x04
	indefinite        = -1
	maxLengthOfLength = 4
)

// header reads identifier and length octets; length is indefinite for the form without one.
func header(b []byte) (tag []byte, length, size int, err error) {
	if len(b) < 2 {
		return nil, 0, 0, errTruncated
	}
	n := 1
	if b[0]&0x1f == 0x1f {
		for n < len(b) && b[n]&0x80 != 0 {
			n++
		}
		n++
		if n > 5 {
			return nil, 0, 0, errors.New("ASN.1 tag number too large")
		}
	}
	if n >= len(b) {
		return nil, 0, 0, errTruncated
	}
	tag, first := b[:n], b[n]
	n++
	switch {
	case first < 0x80:
		length = int(first)
	case first == 0x80:
		if tag[0]&constructed == 0 {
			return nil, 0, 0, errors.New("primitive ASN.1 element of indefinite length")
		}
		return tag, indefinite, n, nil
	default:
		k := int(first & 0x7f)
		if k > maxLengthOfLength {
			return nil, 0, 0, errors.New("ASN.1 length too large")
		}
		if len(b)-n < k {
			return nil, 0, 0, errTruncated
		}
		for _, c := range b[n : n+k] {
			length = length<<8 | int(c)
		}
		n += k
	}
	if length < 0 || length > len(b)-n {
		return nil, 0, 0, errTruncated
	}
	return tag, length, n, nil
}

// isDER reports whether appendDER would change nothing: lengths are definite and as short as can be, and no octet string is
// made of others.
func isDER(b []byte, depth int) bool {
	for len(b) > 0 {
		tag, length, n, err := header(b)
		if err != nil || length == indefinite || depth > limits.MaxDERDepth || tag[0] == tagOctetString|constructed {
			return false
		}
		if k := n - len(tag) - 1; k > 0 && (length < 0x80 || length < 1<<(8*(k-1))) {
			return false
		}
		if tag[0]&constructed != 0 && !isDER(b[n:n+length], depth+1) {
			return false
		}
		b = b[n+length:]
	}
	return true
}

func isEndOfContents(b []byte) bool { return len(b) >= 2 && b[0] == 0 && b[1] == 0 }

// skip steps over the element that b begins with.
func skip(b []byte, depth int) ([]byte, error) {
	if depth > limits.MaxDERDepth {
		return nil, errors.New("ASN.1 nested too deep")
	}
	_, length, n, err := header(b)
	if err != nil {
		return nil, err
	}
	if length != indefinite {
		return b[n+length:], nil
	}
	b = b[n:]
	for !isEndOfContents(b) {
		if b, err = skip(b, depth+1); err != nil {
			return nil, err
		}
	}
	return b[2:], nil
}

func appendDER(dst, b []byte, depth int) (out, rest []byte, err error) {
	if depth > limits.MaxDERDepth {
		return nil, nil, errors.New("ASN.1 nested too deep")
	}
	tag, length, n, err := header(b)
	if err != nil {
		return nil, nil, err
	}
	content := b[n:]
	if length != indefinite {
		content, rest = content[:length], content[length:]
	}
	if tag[0]&constructed == 0 {
		return appendElement(dst, tag, content), rest, nil
	}
	joining := tag[0] == tagOctetString|constructed
	var inner []byte
	for {
		if length == indefinite && isEndOfContents(content) {
			rest = content[2:]
			break
		}
		if length != indefinite && len(content) == 0 {
			break
		}
		start := len(inner)
		if inner, content, err = appendDER(inner, content, depth+1); err != nil {
			return nil, nil, err
		}
		if joining {
			inner, err = unwrap(inner, start)
			if err != nil {
				return nil, nil, err
			}
		}
	}
	if joining {
		tag = []byte{tagOctetString}
	}
	return appendElement(dst, tag, inner), rest, nil
}

// unwrap replaces the octet string that begins at start by its content.
func unwrap(b []byte, start int) ([]byte, error) {
	tag, length, n, err := header(b[start:])
	if err != nil {
		return nil, err
	}
	if tag[0] != tagOctetString {
		return nil, errors.New("octet string made of other things")
	}
	return append(b[:start], b[start+n:start+n+length]...), nil
}

func appendElement(dst, tag, content []byte) []byte {
	dst = append(dst, tag...)
	n := len(content)
	switch {
	case n < 0x80:
		dst = append(dst, byte(n))
	case n < 1<<8:
		dst = append(dst, 0x81, byte(n))
	case n < 1<<16:
		dst = append(dst, 0x82, byte(n>>8), byte(n))
	case n < 1<<24:
		dst = append(dst, 0x83, byte(n>>16), byte(n>>8), byte(n))
	default:
		dst = append(dst, 0x84, byte(n>>24), byte(n>>16), byte(n>>8), byte(n))
	}
	return append(dst, content...)
}
