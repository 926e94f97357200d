// SPDX-License-Identifier: Apache-2.0

package pdf

import (
	"fmt"
	"math"
	"slices"
	"sync"

	"gsign/internal/limits"
)

// A parser reads one object from a lexer.
type parser struct {
	*lexer
	file  *File // when set: told about references to objects that it has not
	nodes int
	bytes int       // of strings, names and reals
	outer *[]extent // when set: the extents of the outermost container's items
	stack []Object  // items of the containers being read, the outermost's first
	room  *[]Object // where the stack goes back to
	exact bool      // words that are none of PDF are malformed: in a trailer they stand for what readers need
}

type extent struct{ start, end int64 }

// object reads an object. An integer may turn out to begin a reference.
func (p *parser) object() (Object, error) {
	t, err := p.token()
	if err != nil {
		return nil, err
	}
	if t.kind != tokenInteger {
		return p.value(t, 0)
	}
	after := p.pos()
	num := Integer(t.num)
	t, err = p.token()
	if err == nil && t.kind == tokenInteger {
		gen := Integer(t.num)
		t, err = p.token()
		if err == nil && t.is("R") {
			return p.reference(num, gen), nil
		}
	}
	if err != nil && !IsMalformed(err) {
		return nil, err
	}
	p.seek(after)
	return num, nil
}

func (p *parser) reference(num, gen Integer) Object {
	o := reference(num, gen)
	if ref, ok := o.(Ref); ok && p.file != nil {
		p.file.entries.refer(ref.Num)
	}
	return o
}

// reference makes a reference of two numbers. One that no object can have refers to nothing, which is null.
func reference(num, gen Integer) Object {
	if num < 0 || num > math.MaxUint32 || gen < 0 || gen > math.MaxUint16 {
		return Null{}
	}
	return Ref{Num: uint32(num), Gen: uint16(gen)}
}

// ownedText is the length from which a string keeps the bytes it was read into.
const ownedText = 4 << 10

// value makes an object of a token that begins one.
func (p *parser) value(t token, depth int) (Object, error) {
	p.nodes++
	if p.nodes > limits.PDFNodes {
		return nil, malformed(t.start, "object of more than %d parts", limits.PDFNodes)
	}
	p.bytes += len(t.text) + p.passed
	if p.bytes > limits.PDFObjectText {
		return nil, malformed(t.start, "object with more than %d bytes of text", limits.PDFObjectText)
	}
	switch t.kind {
	case tokenInteger:
		return Integer(t.num), nil
	case tokenReal:
		return Real(t.text), nil
	case tokenString:
		if len(t.text) > ownedText && len(t.text) > cap(t.text)/2 {
			p.text = nil // the next token takes other room
			return String(slices.Clip(t.text)), nil
		}
		return String(append([]byte{}, t.text...)), nil
	case tokenName:
		return named(t.text), nil
	case tokenArrayOpen:
		return p.array(t.start, depth+1)
	case tokenDictOpen:
		return p.dict(t.start, depth+1)
	case tokenKeyword:
		switch string(t.text) {
		case "true":
			return Bool(true), nil
		case "false":
			return Bool(false), nil
		case "null":
			return Null{}, nil
		}
		if depth > 0 && p.bareWord(t) {
			return Word(t.text), nil
		}
		return nil, malformed(t.start, "unexpected keyword %q", cut(t.text))
	case tokenEOF:
		return nil, malformed(t.start, "unexpected end")
	}
	return nil, malformed(t.start, "unexpected end of an array or dictionary")
}

// bareWord reports whether a word that is none of PDF may stand for a value in an array or a dictionary. Others take it
// for null, for a string or for a value of no type: where any of those is expected to be something, nothing is there.
func (p *parser) bareWord(t token) bool {
	switch string(t.text) {
	case "R", "obj", "endobj", "stream", "endstream", "xref", "trailer", "startxref":
		return false // something is missing before it
	}
	if p.exact || p.src != nil && p.src.strict || p.file != nil && p.file.opts.Strict {
		return false
	}
	if p.file != nil {
		off := t.start
		if p.src == nil {
			off = -1 // it counts from the beginning of an object stream
		}
		p.file.noteWord(off, fmt.Sprintf("the word %q stands for a value; it is read as null", cut(t.text)))
	}
	return true
}

// stacks are kept for the next objects: what a container holds is not known before its end.
var stacks = sync.Pool{New: func() any { s := make([]Object, 0, 32); return &s }}

// keptStack is how long a stack may be that is kept.
const keptStack = 4 << 10

// items reads up to the closing token. References are folded when their R comes by: no looking ahead. The items are good until
// done is called with them, and lie in room that is used again.
func (p *parser) items(start int64, closing tokenKind, depth int) ([]Object, error) {
	if depth > limits.PDFDepth {
		return nil, malformed(start, "objects nested deeper than %d", limits.PDFDepth)
	}
	outer := depth == 1 && p.outer != nil
	if p.stack == nil {
		p.room = stacks.Get().(*[]Object)
		p.stack = *p.room
	}
	from := len(p.stack)
	for {
		t, err := p.token()
		if err != nil {
			return nil, err
		}
		if t.kind == closing {
			return p.stack[from:], nil
		}
		if n := len(p.stack) - from; t.is("R") && n >= 2 {
			num, ok1 := p.stack[from+n-2].(Integer)
			gen, ok2 := p.stack[from+n-1].(Integer)
			if ok1 && ok2 {
				p.stack = append(p.stack[:from+n-2], p.reference(num, gen))
				if outer {
					*p.outer = append((*p.outer)[:n-2], extent{(*p.outer)[n-2].start, p.pos()})
				}
				continue
			}
		}
		o, err := p.value(t, depth)
		if err != nil {
			return nil, err
		}
		p.stack = append(p.stack, o)
		if outer {
			*p.outer = append(*p.outer, extent{t.start, p.pos()})
		}
	}
}

// done gives back the room of a container's items.
func (p *parser) done(items []Object) {
	clear(items)
	p.stack = p.stack[:len(p.stack)-len(items)]
	if len(p.stack) == 0 && cap(p.stack) <= keptStack {
		*p.room, p.stack = p.stack, nil
		stacks.Put(p.room)
	}
}

// array reads an array after its [.
func (p *parser) array(start int64, depth int) (Object, error) {
	items, err := p.items(start, tokenArrayClose, depth)
	if err != nil {
		return nil, err
	}
	defer p.done(items)
	if len(items) == 0 {
		return Array(nil), nil
	}
	a := make(Array, len(items))
	copy(a, items)
	return a, nil
}

// dict reads a dictionary after its <<. Of entries with the same key the last counts, as in most readers.
func (p *parser) dict(start int64, depth int) (Object, error) {
	items, err := p.items(start, tokenDictClose, depth)
	if err != nil {
		return nil, err
	}
	defer p.done(items)
	if len(items)%2 != 0 {
		return nil, malformed(start, "dictionary with a key and no value")
	}
	d := make(Dict, len(items)/2)
	for i := 0; i < len(items); i += 2 {
		key, ok := items[i].(Name)
		if !ok {
			return nil, malformed(start, "dictionary key is not a name")
		}
		switch items[i+1].(type) {
		case Null, Word:
			delete(d, key)
			continue
		}
		d[key] = items[i+1]
	}
	return d, nil
}

func cut(b []byte) []byte { return b[:min(len(b), 32)] }

// header reads "n g obj".
func (p *parser) header() (ref Ref, start int64, err error) {
	t, err := p.token()
	if err != nil {
		return Ref{}, 0, err
	}
	start = t.start
	num := t
	gen, err := p.token()
	if err != nil {
		return Ref{}, 0, err
	}
	t, err = p.token()
	if err != nil {
		return Ref{}, 0, err
	}
	ok := num.kind == tokenInteger && gen.kind == tokenInteger && t.is("obj")
	ref, valid := reference(Integer(num.num), Integer(gen.num)).(Ref)
	if !ok || !valid {
		return Ref{}, 0, malformed(start, "no indirect object here")
	}
	return ref, start, nil
}

// body reads what stands between "n g obj" and "endobj". A missing endobj does no harm: the object ends by itself.
func (p *parser) body(f *File) (Object, error) {
	at := p.pos()
	t, err := p.token()
	if err != nil {
		return nil, err
	}
	if t.is("endobj") {
		return Null{}, nil
	}
	p.seek(at)
	o, err := p.object()
	if err != nil {
		return nil, err
	}
	d, ok := o.(Dict)
	if !ok {
		return o, nil
	}
	at = p.pos()
	t, err = p.token()
	if err != nil && !IsMalformed(err) {
		return nil, err
	}
	if err != nil || !t.is("stream") {
		p.seek(at)
		return d, nil
	}
	if err := p.endOfLine(); err != nil {
		return nil, err
	}
	return &Stream{Dict: d, file: f, start: p.pos(), length: -1}, nil
}

// endOfLine goes past the end of line after the keyword stream: CR LF or LF, and what others write: CR alone, blanks.
func (p *parser) endOfLine() error {
	at := p.pos()
	for {
		c, err := p.next()
		if err != nil {
			return err
		}
		switch c {
		case ' ', '\t':
			continue
		case '\n':
			return nil
		case '\r':
			return p.skipByte('\n')
		}
		p.seek(at)
		return nil
	}
}
