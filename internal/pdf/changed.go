// SPDX-License-Identifier: Apache-2.0

package pdf

import (
	"bytes"
	"reflect"
	"slices"
)

// Changed gives the numbers of the objects whose cross-reference entries lead elsewhere than in an earlier revision of the
// same file: those written anew, made or taken away, in their order. An object in an object stream that was itself
// written anew is not among them, the stream is.
func (f *File) Changed(was *File) []uint32 {
	var nums []uint32
	add := func(first uint32, a, b *[entryBlock]entry) {
		for i := range entryBlock {
			var x, y entry
			if a != nil {
				x = a[i]
			}
			if b != nil {
				y = b[i]
			}
			if x.place() != y.place() {
				nums = append(nums, first*entryBlock+uint32(i))
			}
		}
	}
	for first, b := range f.entries.blocks {
		if a := was.entries.blocks[first]; a != b && (a == nil || *a != *b) {
			add(first, a, b)
		}
	}
	for first, a := range was.entries.blocks {
		if f.entries.blocks[first] == nil {
			add(first, a, nil)
		}
	}
	slices.Sort(nums)
	return nums
}

// Reference gives the reference to the object of this number; ok is false where none is in use.
func (f *File) Reference(num uint32) (ref Ref, ok bool) {
	switch e := f.entries.get(num); e.kind() {
	case entryOffset:
		return Ref{num, e.gen()}, true
	case entryPacked:
		return Ref{Num: num}, true
	}
	return Ref{}, false
}

// Place gives the offset at which an object stands by itself; -1 for one in an object stream, or in none.
func (f *File) Place(num uint32) int64 {
	if e := f.entries.get(num); e.kind() == entryOffset {
		return e.offset()
	}
	return -1
}

// Objects calls yield for the reference of each object in use, in no order, until it says no.
func (f *File) Objects(yield func(Ref) bool) {
	blocks := make([]uint32, 0, len(f.entries.blocks))
	for first := range f.entries.blocks {
		blocks = append(blocks, first)
	}
	slices.Sort(blocks)
	for _, first := range blocks {
		for i := range uint32(entryBlock) {
			if ref, ok := f.Reference(first*entryBlock + i); ok && !yield(ref) {
				return
			}
		}
	}
}

// Packs reports whether the cross-reference names a stream as one that other objects are in, whatever it says of itself.
func (f *File) Packs(stream uint32) bool {
	if f.packing == nil {
		f.packing = map[uint32]bool{}
		for _, b := range f.entries.blocks {
			for _, e := range b {
				if e.kind() == entryPacked {
					f.packing[e.stream()] = true
				}
			}
		}
	}
	return f.packing[stream]
}

// Highest gives the highest object number that the cross-reference names.
func (f *File) Highest() uint32 { return f.entries.highest }

// Same reports whether two objects of two files say the same; the data of streams is compared as it stands in the file,
// and /Length does not count. References are compared as they are, not followed.
func Same(a *File, x Object, b *File, y Object) (bool, error) {
	s, ok := x.(*Stream)
	t, both := y.(*Stream)
	if ok != both {
		return false, nil
	}
	if !ok {
		return reflect.DeepEqual(x, y), nil
	}
	if s.owner != t.owner { // the same bytes, encrypted for two objects, say two things
		return false, nil
	}
	if !reflect.DeepEqual(withoutLength(s.Dict), withoutLength(t.Dict)) {
		return false, nil
	}
	n, err := a.streamLength(s)
	if err != nil {
		return false, onlyMachine(err)
	}
	m, err := b.streamLength(t)
	if err != nil || n != m {
		return false, onlyMachine(err)
	}
	if a.src.r == b.src.r && s.start == t.start {
		return true, nil
	}
	p, q := make([]byte, min(n, blockSize)), make([]byte, min(n, blockSize))
	for i := int64(0); i < n; i += blockSize {
		k := min(blockSize, n-i)
		if err := a.src.readFull(p[:k], s.start+i); err != nil {
			return false, err
		}
		if err := b.src.readFull(q[:k], t.start+i); err != nil {
			return false, err
		}
		if !bytes.Equal(p[:k], q[:k]) {
			return false, nil
		}
	}
	return true, nil
}

func withoutLength(d Dict) Dict {
	c := make(Dict, len(d))
	for k, v := range d {
		if k != "Length" {
			c[k] = v
		}
	}
	return c
}
