// SPDX-License-Identifier: Apache-2.0

package pdf

import (
	"cmp"
	"errors"
	"slices"

	"gsign/internal/limits"
)

// reaches follows all references from some objects and stops at the first one to an object that is wanted, or that lies
// in an object stream that is. Objects that cannot be read lead nowhere. When that takes more than a bounded amount of
// reading, it counts as found, and the number is 0.
func (f *File) reaches(from []Object, wanted func(uint32) bool) (num uint32, hit bool, err error) {
	w := reachWalk{f: f, seen: map[uint32]*[reachBlock / 64]uint64{}, wanted: wanted, left: limits.PDFScan}
	for _, o := range from {
		w.follow(o)
	}
	for len(w.next) > 0 && w.hit == nil {
		round := w.next
		w.next = nil
		// In the order of the file, and of object streams, each is read once in a round.
		slices.SortFunc(round, func(a, b Ref) int { return cmp.Compare(f.entries.get(a.Num), f.entries.get(b.Num)) })
		for _, ref := range round {
			if err := w.visit(ref); err != nil {
				return 0, false, err
			}
			if w.left < 0 {
				return 0, true, nil
			}
			if w.hit != nil {
				break
			}
		}
	}
	if w.hit != nil {
		return *w.hit, true, nil
	}
	return 0, false, nil
}

const reachBlock = 4096

type reachWalk struct {
	f      *File
	seen   map[uint32]*[reachBlock / 64]uint64
	next   []Ref
	wanted func(uint32) bool
	hit    *uint32
	left   int64 // bytes that may be read
}

// follow notes the references in an object. Its depth is bounded, since the parser's is.
func (w *reachWalk) follow(o Object) {
	switch o := o.(type) {
	case Ref:
		w.note(o)
	case Array:
		for _, v := range o {
			w.follow(v)
		}
	case Dict:
		for _, v := range o {
			w.follow(v)
		}
	case *Stream:
		w.follow(o.Dict)
	}
}

func (w *reachWalk) note(ref Ref) {
	b := w.seen[ref.Num/reachBlock]
	if b == nil {
		if w.f.entries.get(ref.Num) == 0 && !w.wanted(ref.Num) {
			return
		}
		b = new([reachBlock / 64]uint64)
		w.seen[ref.Num/reachBlock] = b
	}
	i := ref.Num % reachBlock
	if b[i/64]&(1<<(i%64)) != 0 {
		return
	}
	b[i/64] |= 1 << (i % 64)
	w.next = append(w.next, ref)
}

func (w *reachWalk) visit(ref Ref) error {
	f := w.f
	e := f.entries.get(ref.Num)
	for _, num := range [2]uint32{ref.Num, e.stream()} {
		if (num == ref.Num || e.kind() == entryPacked) && w.wanted(num) {
			w.hit = &num
			return nil
		}
	}
	before := f.unpacked
	var o Object
	var err error
	switch e.kind() {
	case entryPacked:
		o, err = f.packedObject(ref.Num, e)
	case entryOffset:
		var start, end int64
		o, start, end, err = f.objectAt(Ref{ref.Num, e.gen()}, e.offset())
		w.left -= end - start
	}
	w.left -= 64 + f.unpacked - before
	if err != nil {
		if isUnsupported(err) || errors.Is(err, errLocked) {
			return nil
		}
		return onlyMachine(err)
	}
	w.follow(o)
	return nil
}
