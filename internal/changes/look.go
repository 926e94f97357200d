// SPDX-License-Identifier: Apache-2.0

package changes

import (
	"bytes"

	"gsign/internal/limits"
	"gsign/internal/pdf"
)

// painted is what an appearance stream does, as far as it matters.
type painted struct {
	text  string // what it shows, in the codes of its fonts
	plain bool   // the fonts are simple ones with the codes of ASCII, as far as can be told
	image bool
	form  bool // it shows other forms
	fills bool // it fills areas
	// scaled says that its lines may be wider than they say.
	scaled bool
	blend  bool // with Multiply or Darken: what is below shines through
}

// paint reads an appearance stream's operators. ok is false for one that cannot be read within bounds.
func (s *state) paint(st *pdf.Stream) (p painted, ok bool) {
	data, err := s.file.StreamData(st, limits.AppearanceBytes)
	if err != nil {
		if !pdf.IsMalformed(err) && s.err == nil {
			var unsupported *pdf.UnsupportedError
			if !asUnsupported(err, &unsupported) {
				s.err = err
			}
		}
		return p, false
	}
	p.plain = true
	resources := s.dict(st.Dict["Resources"])
	for _, o := range s.dict(resources["Font"]) {
		font := s.dict(o)
		sub := s.get(font["Subtype"])
		simple := sub == pdf.Object(pdf.Name("Type1")) || sub == pdf.Object(pdf.Name("TrueType"))
		p.plain = p.plain && simple && s.dict(font["Encoding"])["Differences"] == nil
	}
	for _, o := range s.dict(resources["XObject"]) {
		if s.get(s.dict(o)["Subtype"]) == pdf.Object(pdf.Name("Image")) {
			p.image = true
		} else {
			p.form = true
		}
	}
	for _, o := range s.dict(resources["ExtGState"]) {
		bm := s.get(s.dict(o)["BM"])
		p.blend = p.blend || bm == pdf.Object(pdf.Name("Multiply")) || bm == pdf.Object(pdf.Name("Darken"))
	}
	p.operators(data)
	return p, true
}

// operators goes through a content stream: strings that are shown, and what fills.
func (p *painted) operators(data []byte) {
	var shown, last []byte
	blended := false
	for len(data) > 0 {
		var word, str []byte
		word, str, data = token(data)
		if str != nil {
			shown = append(shown, str...)
			continue
		}
		switch string(word) {
		case "Tj", "TJ", "'", "\"":
			p.text += string(shown)
			shown = nil
		case "f", "F", "f*", "B", "B*", "b", "b*", "sh":
			p.fills = p.fills || !p.blend || !blended
		case "w":
			width, ok := pdf.Number(pdf.Real(last))
			p.fills = p.fills || !ok || width > lineWidth
		case "cm":
			p.scaled = true
		case "S", "s":
			p.fills = p.fills || p.scaled
		case "gs":
			blended = true
		case "BI":
			p.image = true
		default:
			last = word
			if len(word) > 0 && (word[0] >= 'a' && word[0] <= 'z' || word[0] >= 'A' && word[0] <= 'Z') {
				shown = nil
			}
		}
	}
}

// token cuts a content stream: a word, or a string's content. Strings are decoded as far as letters need it.
func token(data []byte) (word, str, rest []byte) {
	i := 0
	for i < len(data) && bytes.IndexByte([]byte(" \t\r\n\f\x00[]{}"), data[i]) >= 0 {
		i++
	}
	data = data[i:]
	if len(data) == 0 {
		return nil, nil, nil
	}
	switch data[0] {
	case '%':
		n := bytes.IndexAny(data, "\r\n")
		if n < 0 {
			return nil, nil, nil
		}
		return nil, nil, data[n:]
	case '(':
		return literal(data)
	case '<':
		if len(data) > 1 && data[1] == '<' {
			return []byte("<<"), nil, data[2:]
		}
		return hexadecimal(data)
	case '>', ')':
		return data[:1], nil, data[1:]
	}
	n := 1
	for n < len(data) && bytes.IndexByte([]byte(" \t\r\n\f\x00[]{}()<>/%"), data[n]) < 0 {
		n++
	}
	return data[:n], nil, data[n:]
}

func literal(data []byte) (word, str, rest []byte) {
	str = []byte{}
	depth := 0
	for i := 0; i < len(data); i++ {
		switch c := data[i]; c {
		case '\\':
			i++
			n := 0
			for n < 3 && i+n < len(data) && data[i+n] >= '0' && data[i+n] <= '7' {
				n++
			}
			switch {
			case n > 0:
				v := 0
				for _, d := range data[i : i+n] {
					v = v*8 + int(d-'0')
				}
				str = append(str, byte(v))
				i += n - 1
			case i < len(data) && bytes.IndexByte([]byte("nrtbf\r\n"), data[i]) < 0:
				str = append(str, data[i])
			}
		case '(':
			depth++
			if depth > 1 {
				str = append(str, c)
			}
		case ')':
			depth--
			if depth == 0 {
				return nil, str, data[i+1:]
			}
			str = append(str, c)
		default:
			str = append(str, c)
		}
	}
	return nil, str, nil
}

func hexadecimal(data []byte) (word, str, rest []byte) {
	str = []byte{}
	high, half := byte(0), false
	for i, c := range data[1:] {
		var v byte
		switch {
		case c == '>':
			if half {
				str = append(str, high<<4)
			}
			return nil, str, data[i+2:]
		case c >= '0' && c <= '9':
			v = c - '0'
		case c >= 'a' && c <= 'f':
			v = c - 'a' + 10
		case c >= 'A' && c <= 'F':
			v = c - 'A' + 10
		default:
			continue
		}
		if half {
			str = append(str, high<<4|v)
		}
		high, half = v, !half
	}
	return nil, str, nil
}

// rect gives width and height of a rectangle.
func (s *state) rect(o pdf.Object) (width, height float64) {
	var v [4]float64
	list := s.array(o)
	if len(list) != 4 {
		return 0, 0
	}
	for i := range v {
		n, ok := pdf.Number(s.get(list[i]))
		if !ok {
			return 0, 0
		}
		v[i] = n
	}
	return max(v[2]-v[0], v[0]-v[2]), max(v[3]-v[1], v[1]-v[3])
}

// visible reports whether a field with its widget shows something.
func (s *state) visible(d pdf.Dict) bool {
	w, h := s.rect(d["Rect"])
	const hidden, noView = 1 << 1, 1 << 5
	return w > 0 && h > 0 && s.integer(d["F"])&(hidden|noView) == 0 && d["AP"] != nil
}

// covers reports whether a widget takes more than a quarter of its page.
func (s *state) covers(d pdf.Dict, page pdf.Ref) bool {
	w, h := s.rect(d["Rect"])
	box, err := s.file.PageAttr(s.dict(page), "MediaBox")
	if err != nil {
		box = nil
	}
	pw, ph := s.rect(box)
	if pw*ph == 0 {
		pw, ph = 612, 792
	}
	return w*h*4 > pw*ph
}
