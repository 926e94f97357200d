// SPDX-License-Identifier: Apache-2.0

package changes

import (
	"bytes"
	"math"

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
	draws bool // its lines are no underlining: they make corners, curves or slopes
	// scaled says that its lines may be wider than they say.
	scaled bool
	states map[string]blending // of the graphics states, by name
}

// blending is what a graphics state says of what is below.
type blending uint8

const (
	opaque blending = iota
	kept            // nothing
	shines          // Multiply or Darken: it shines through
)

// paint reads an appearance stream's operators. ok is false for one that cannot be read within bounds. Lines of an
// enlarged one are wider than they say.
func (s *state) paint(st *pdf.Stream, enlarged bool) (p painted, ok bool) {
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
	p.plain, p.scaled, p.states = true, enlarged, map[string]blending{}
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
	for name, o := range s.dict(resources["ExtGState"]) {
		d := s.dict(o)
		switch bm := s.get(d["BM"]); {
		case d["BM"] == nil:
			p.states["/"+string(name)] = kept
		case bm == pdf.Object(pdf.Name("Multiply")), bm == pdf.Object(pdf.Name("Darken")):
			p.states["/"+string(name)] = shines
		}
		width, _ := pdf.Number(s.get(d["LW"]))
		p.scaled = p.scaled || width > lineWidth
	}
	p.operators(data)
	return p, true
}

// operators goes through a content stream: strings that are shown, what fills, and what draws.
func (p *painted) operators(data []byte) {
	var shown, last, before []byte
	var at pen
	through := false // what is painted lets what is below shine through
	var saved []bool
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
			p.fills = p.fills || !through
		case "w":
			width, ok := pdf.Number(pdf.Real(last))
			p.fills = p.fills || !ok || width > lineWidth
		case "cm":
			p.scaled = true
		case "S", "s":
			p.fills = p.fills || p.scaled
			p.draws = p.draws || at.slope || at.level && at.upright
		case "gs":
			if b := p.states[string(last)]; b != kept {
				through = b == shines
			}
		case "q":
			saved = append(saved, through)
		case "Q":
			if n := len(saved); n > 0 {
				through, saved = saved[n-1], saved[:n-1]
			}
		case "BI":
			p.image = true
		case "Do":
			p.form = true // also one of the page, where there are no resources
		case "m", "l", "c", "v", "y", "re":
			at.move(string(word), before, last)
		default:
			before, last = last, word
			if len(word) > 0 && (word[0] >= 'a' && word[0] <= 'z' || word[0] >= 'A' && word[0] <= 'Z') {
				shown = nil
			}
		}
	}
}

// pen follows the lines of a path: those below or through text go one way.
type pen struct {
	x, y                  float64
	level, upright, slope bool
}

func (p *pen) move(operator string, a, b []byte) {
	x, ok := pdf.Number(pdf.Real(a))
	y, ok2 := pdf.Number(pdf.Real(b))
	const straight = 1.0 // a point, for what is rounded
	switch {
	case operator == "m":
	case operator == "re":
		p.level, p.upright = true, true
	case operator == "l" && ok && ok2 && math.Abs(y-p.y) <= straight:
		p.level = true
	case operator == "l" && ok && ok2 && math.Abs(x-p.x) <= straight:
		p.upright = true
	default:
		p.slope = true
	}
	p.x, p.y = x, y
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

// rect gives width and height of a rectangle. One that is there and is none may be of any size: readers differ.
func (s *state) rect(o pdf.Object) (width, height float64) {
	w, h, ok := s.size(o)
	if !ok && o != nil && s.get(o) != pdf.Object(pdf.Null{}) {
		const huge = 1e6
		return huge, huge
	}
	return w, h
}

func (s *state) size(o pdf.Object) (width, height float64, ok bool) {
	var v [4]float64
	list := s.array(o)
	if len(list) != 4 {
		return 0, 0, false
	}
	for i := range v {
		v[i], ok = pdf.Number(s.get(list[i]))
		if !ok {
			return 0, 0, false
		}
	}
	return max(v[2]-v[0], v[0]-v[2]), max(v[3]-v[1], v[1]-v[3]), true
}

// enlarged reports whether an appearance is shown larger than it is drawn: its box is fitted into the annotation's
// rectangle (ISO 32000-2 12.5.5).
func (s *state) enlarged(annot pdf.Dict, look *pdf.Stream) bool {
	w, h := s.rect(annot["Rect"])
	bw, bh, ok := s.size(look.Dict["BBox"])
	if m := s.array(look.Dict["Matrix"]); len(m) == 6 {
		var v [4]float64
		for i := range v {
			v[i], _ = pdf.Number(s.get(m[i]))
		}
		if v[1] != 0 || v[2] != 0 {
			ok = ok && v[0] == 0 && v[3] == 0
			bw, bh = bh, bw
		}
	}
	const rounding = 1.1
	return !ok || w > bw*rounding+1 || h > bh*rounding+1
}

// visible reports whether a field with its widget shows something: on a screen, on paper, or below the pointer.
func (s *state) visible(d pdf.Dict) bool {
	const hidden, printed, noView, toggles = 1 << 1, 1 << 2, 1 << 5, 1 << 8
	w, h := s.rect(d["Rect"])
	flags := s.integer(d["F"])
	if w <= 0 || h <= 0 || flags&hidden != 0 || flags&noView != 0 && flags&(printed|toggles) == 0 {
		return false
	}
	mk := s.dict(d["MK"])
	return d["AP"] != nil || len(s.array(mk["BG"])) > 0 || len(s.array(mk["BC"])) > 0
}

// covers reports whether a widget takes more than a quarter of what is shown of its page.
func (s *state) covers(d pdf.Dict, page pdf.Ref) bool {
	w, h := s.rect(d["Rect"])
	area := math.Inf(1)
	for _, key := range []pdf.Name{"MediaBox", "CropBox"} {
		box, err := s.file.PageAttr(s.dict(page), key)
		if err != nil {
			continue
		}
		if pw, ph, ok := s.size(box); ok && pw*ph > 0 {
			area = min(area, pw*ph)
		}
	}
	if math.IsInf(area, 1) {
		area = 612 * 792
	}
	return w*h*4 > area
}
