// SPDX-License-Identifier: Apache-2.0

package pdf

import (
	"bytes"
	"cmp"

	"gsign/internal/limits"
)

// Object gives the object that ref refers to: Null for one that is free, absent or of another generation.
func (f *File) Object(ref Ref) (Object, error) {
	e := f.entries.get(ref.Num)
	switch e.kind() {
	case entryOffset:
		if e.gen() != ref.Gen {
			return Null{}, nil
		}
	case entryPacked:
		if ref.Gen != 0 {
			return Null{}, nil
		}
	default:
		return Null{}, nil
	}
	if o, ok := f.cache.get(ref.Num); ok {
		return o, nil
	}
	if e.kind() == entryPacked {
		return f.packedObject(ref.Num, e)
	}
	o, start, end, err := f.objectAt(ref, e.offset())
	if err != nil {
		return f.misplaced(ref, e, err)
	}
	f.cache.put(ref.Num, o, end-start)
	return o, nil
}

// misplaced recovers the file when another object stands where ref should be, or none does.
func (f *File) misplaced(ref Ref, e entry, cause error) (Object, error) {
	if !IsMalformed(cause) || f.recovered || f.recovering || f.settled {
		return nil, cause
	}
	if ok, err := f.leads(ref.Num, e, &f.entries); ok || err != nil {
		return nil, cause
	}
	if err := f.recover(cause); err != nil {
		f.fault = cmp.Or(f.fault, err)
		return nil, err
	}
	return f.Object(ref)
}

// objectAt reads the object at off, which must be ref. It ends at end, or its dictionary does where it is a stream.
func (f *File) objectAt(ref Ref, off int64) (o Object, start, end int64, err error) {
	if off >= f.src.size {
		return nil, 0, 0, malformed(off, "object %v: the file has %d bytes", ref, f.src.size)
	}
	b, err := f.src.at(off)
	if err != nil {
		return nil, 0, 0, err
	}
	if blank := b[:min(headerBytes, len(b))]; len(blank) == headerBytes && len(bytes.TrimLeft(blank, whiteSpace)) == 0 {
		return nil, 0, 0, malformed(off, "object %v: no indirect object here", ref)
	}
	p := parser{lexer: newLexer(&f.src, off), file: f}
	got, start, err := p.header()
	if err != nil {
		return nil, 0, 0, malformedBy(off, err, "object %v", ref)
	}
	if got != ref {
		return nil, 0, 0, malformed(off, "object %v: object %v stands there", ref, got)
	}
	o, err = p.body(f)
	if err != nil {
		return nil, 0, 0, malformedBy(off, err, "object %v", ref)
	}
	end = p.pos()
	o, err = f.decrypted(ref, o)
	return o, start, end, err
}

// InObjectStream reports whether ref lies in an object stream.
func (f *File) InObjectStream(ref Ref) bool {
	return ref.Gen == 0 && f.entries.get(ref.Num).kind() == entryPacked
}

// InUse reports whether the cross-reference says that an object of this number is in the file, of whatever generation.
func (f *File) InUse(num uint32) bool {
	k := f.entries.get(num).kind()
	return k == entryOffset || k == entryPacked
}

// Beyond gives an object that the cross-reference places after the end of the file. What is appended may come to stand
// there.
func (f *File) Beyond() (num uint32, ok bool) {
	if f.entries.far < f.src.size {
		return 0, false
	}
	for first, b := range f.entries.blocks {
		for i, e := range b {
			if e.kind() == entryOffset && e.offset() >= f.src.size {
				return first*entryBlock + uint32(i), true
			}
		}
	}
	return 0, false
}

// Resolve follows references until something else comes. nil, for what is absent, gives Null.
func (f *File) Resolve(o Object) (Object, error) {
	for range limits.PDFReferences {
		ref, ok := o.(Ref)
		if !ok {
			if _, word := o.(Word); word || o == nil {
				return Null{}, nil
			}
			return o, nil
		}
		var err error
		o, err = f.Object(ref)
		if err != nil {
			return nil, err
		}
	}
	return nil, malformed(-1, "references that refer to each other")
}

// Dict resolves o to a dictionary; of a stream, its dictionary. Null and nil give nil.
func (f *File) Dict(o Object) (Dict, error) {
	v, err := f.Resolve(o)
	if err != nil {
		return nil, err
	}
	switch v := v.(type) {
	case Dict:
		return v, nil
	case *Stream:
		return v.Dict, nil
	case Null:
		return nil, nil
	}
	return nil, unexpected(o, v, "dictionary")
}

// Array resolves o to an array. Null and nil give nil.
func (f *File) Array(o Object) (Array, error) { return typed[Array](f, o, "array") }

// String resolves o to a string. Null and nil give nil.
func (f *File) String(o Object) (String, error) { return typed[String](f, o, "string") }

// Name resolves o to a name. Null and nil give "".
func (f *File) Name(o Object) (Name, error) { return typed[Name](f, o, "name") }

// Integer resolves o to an integer. Null and nil give 0.
func (f *File) Integer(o Object) (Integer, error) { return typed[Integer](f, o, "integer") }

// Stream resolves o to a stream. Null and nil give nil.
func (f *File) Stream(o Object) (*Stream, error) { return typed[*Stream](f, o, "stream") }

// Bool resolves o to a boolean. Null and nil give false.
func (f *File) Bool(o Object) (bool, error) {
	b, err := typed[Bool](f, o, "boolean")
	return bool(b), err
}

func typed[T Object](f *File, o Object, want string) (T, error) {
	var zero T
	v, err := f.Resolve(o)
	if err != nil {
		return zero, err
	}
	if t, ok := v.(T); ok {
		return t, nil
	}
	if v == Object(Null{}) {
		return zero, nil
	}
	return zero, unexpected(o, v, want)
}

func unexpected(o, v Object, want string) error {
	where := ""
	if ref, ok := o.(Ref); ok {
		where = "object " + ref.String() + ": "
	}
	return malformed(-1, "%s%s instead of %s", where, kindName(v), want)
}

func kindName(o Object) string {
	switch o.(type) {
	case Bool:
		return "boolean"
	case Integer, Real:
		return "number"
	case String:
		return "string"
	case Name:
		return "name"
	case Array:
		return "array"
	case Dict:
		return "dictionary"
	case *Stream:
		return "stream"
	case Ref:
		return "reference"
	}
	return "null"
}

// An objectCache keeps objects lately read. Its cost is counted in the bytes they took in the file. When it is full it
// starts anew: what is used often is back at once. Of the objects too large for it one is kept, the last: a catalog or
// an /Annots array that is asked for again and again.
type objectCache struct {
	objects  map[uint32]Object
	bytes    int64
	large    Object
	largeNum uint32
}

func (c *objectCache) get(num uint32) (Object, bool) {
	if c.large != nil && num == c.largeNum {
		return c.large, true
	}
	o, ok := c.objects[num]
	return o, ok
}

func (c *objectCache) put(num uint32, o Object, size int64) {
	if size > limits.PDFCacheBytes/4 {
		c.large, c.largeNum = o, num
		return
	}
	if c.objects == nil || len(c.objects) >= limits.PDFCacheObjects || c.bytes+size > limits.PDFCacheBytes {
		c.objects, c.bytes = map[uint32]Object{}, 0
	}
	c.objects[num] = o
	c.bytes += size
}
