// SPDX-License-Identifier: Apache-2.0

// Package pdf is the container: it reads the objects of a PDF file exactly as they stand there, and writes incremental
// updates as bytes to append. It knows cross-references, object streams, filters and the page tree, and nothing of
// signatures.
//
// [Open] and [File.NewUpdate] are the two calls most users need. A file is never held in memory.
package pdf

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strconv"
)

// An Object is one of Null, Bool, Integer, Real, String, Name, Array, Dict, Ref, *Stream; in an Array, Word; when writing, Raw.
type Object interface{ isObject() }

type (
	// Null is the null object; it stands for free and absent objects too.
	Null struct{}
	// Bool is true or false.
	Bool bool
	// Integer is a number without a decimal point.
	Integer int64
	// Real keeps the source text of a number, so that rewriting never changes it.
	Real string
	// String holds the decoded bytes of a literal or hexadecimal string.
	String []byte
	// Name is decoded and has no leading slash.
	Name string
	// Array is a sequence of objects.
	Array []Object
	// Dict maps decoded names to objects. Entries whose value is null are not in it: they mean the same as absent ones.
	Dict map[Name]Object
	// Ref is an indirect reference.
	Ref struct {
		Num uint32
		Gen uint16
	}
	// Word is a word that is none of PDF, where an array has a value. It means null. Writing keeps it, since others do
	// not all take it for null, and shall see what they saw.
	Word string
	// Raw is for writing only: it is emitted verbatim.
	Raw []byte
)

// A Stream is a dictionary and the place of its data in the file. [File.StreamData] decodes it.
type Stream struct {
	Dict   Dict
	file   *File
	start  int64 // absolute offset of the first byte after the keyword stream and its end of line
	length int64 // -1 until it is known
	owner  Ref   // whose it is, where it may be encrypted
	sealed Dict  // the dictionary as it stands in the file, where it may be encrypted: shared
}

// Start returns the offset in the file at which the stream's bytes begin.
func (s *Stream) Start() int64 { return s.start }

func (Null) isObject()    {}
func (Bool) isObject()    {}
func (Integer) isObject() {}
func (Real) isObject()    {}
func (String) isObject()  {}
func (Name) isObject()    {}
func (Array) isObject()   {}
func (Dict) isObject()    {}
func (Ref) isObject()     {}
func (*Stream) isObject() {}
func (Word) isObject()    {}
func (Raw) isObject()     {}

// String gives the reference as it is written in a file.
func (r Ref) String() string { return fmt.Sprintf("%d %d R", r.Num, r.Gen) }

// IsZero reports whether r is no reference at all: object 0 is always free.
func (r Ref) IsZero() bool { return r.Num == 0 }

// Float returns the number's value; ok is false where the text is not a number.
func (r Real) Float() (v float64, ok bool) {
	v, err := strconv.ParseFloat(string(r), 64)
	return v, err == nil
}

// Number returns the value of an Integer or a Real.
func Number(o Object) (v float64, ok bool) {
	switch o := o.(type) {
	case Integer:
		return float64(o), true
	case Real:
		return o.Float()
	}
	return 0, false
}

// Clone returns a deep copy, which may be changed: objects that a [File] hands out are shared with its cache. The data
// of a stream is not copied, its dictionary is.
func Clone(o Object) Object {
	switch o := o.(type) {
	case String:
		return append(String{}, o...)
	case Raw:
		return append(Raw{}, o...)
	case Array:
		a := make(Array, len(o))
		for i, v := range o {
			a[i] = Clone(v)
		}
		return a
	case Dict:
		return o.Clone()
	case *Stream:
		if o == nil {
			return Null{}
		}
		return &Stream{Dict: o.Dict.Clone(), file: o.file, start: o.start, length: o.length, owner: o.owner, sealed: o.sealed}
	}
	return o
}

// Equal reports whether two objects say the same: arrays and dictionaries entry by entry, streams where they are the same one.
func Equal(a, b Object) bool {
	switch a := a.(type) {
	case String:
		b, ok := b.(String)
		return ok && bytes.Equal(a, b)
	case Raw:
		b, ok := b.(Raw)
		return ok && bytes.Equal(a, b)
	case Array:
		b, ok := b.(Array)
		return ok && slices.EqualFunc(a, b, Equal)
	case Dict:
		b, ok := b.(Dict)
		return ok && maps.EqualFunc(a, b, Equal)
	}
	switch b.(type) {
	case String, Raw, Array, Dict:
		return false
	}
	return a == b
}

// Clone returns a deep copy. The copy of a nil dictionary is empty, so it can be written to.
func (d Dict) Clone() Dict {
	c := make(Dict, len(d))
	for k, v := range d {
		c[k] = Clone(v)
	}
	return c
}
