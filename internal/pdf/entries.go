// SPDX-License-Identifier: Apache-2.0

package pdf

import "gsign/internal/limits"

// An entry is one cross-reference entry in eight bytes: the kind in the two highest bits; then, for an object at an
// offset, 16 bits of generation and 46 bits of offset; for one in an object stream, 32 bits of the stream's number and 30
// bits of index.
type entry uint64

type entryKind uint8

const (
	entryNone entryKind = iota
	entryFree
	entryOffset
	entryPacked
)

const (
	offsetBits = 46
	maxOffset  = 1<<offsetBits - 1
	maxIndex   = 1<<30 - 1
	freeEntry  = entry(entryFree) << 62
)

func offsetEntry(off int64, gen uint16) entry {
	return entry(entryOffset)<<62 | entry(gen)<<offsetBits | entry(off)
}

func packedEntry(stream uint32, index int64) entry {
	return entry(entryPacked)<<62 | entry(stream)<<30 | entry(index)
}

func (e entry) kind() entryKind { return entryKind(e >> 62) }
func (e entry) offset() int64   { return int64(e & maxOffset) }
func (e entry) gen() uint16     { return uint16(e >> offsetBits) }
func (e entry) stream() uint32  { return uint32(e >> 30) }
func (e entry) index() int      { return int(e & maxIndex) }

const entryBlock = 256

// entries holds the cross-reference of a whole file in blocks, so that neither many objects nor one with a high number
// cost much.
type entries struct {
	blocks  map[uint32]*[entryBlock]entry
	highest uint32
	absent  map[uint32]bool               // numbers above that are referred to nevertheless, as far as objects have been read
	shared  map[uint32]*[entryBlock]entry // blocks of another file: see own
	last    *[entryBlock]entry            // the block used last, and its number: tables come in order
	lastNum uint32
	far     int64 // no object is at a higher offset; the number of one that was there
	farNum  uint32
}

func (x *entries) get(num uint32) entry {
	if b := x.blocks[num/entryBlock]; b != nil {
		return b[num%entryBlock]
	}
	return 0
}

// add records an entry unless a newer section has one: sections are read from the newest to the oldest.
func (x *entries) add(num uint32, e entry) error {
	b, err := x.block(num)
	if err != nil {
		return err
	}
	if b[num%entryBlock] == 0 {
		x.put(b, num, e)
	}
	return nil
}

// put records an entry in its block.
func (x *entries) put(b *[entryBlock]entry, num uint32, e entry) {
	b[num%entryBlock] = e
	x.highest = max(x.highest, num)
	if e.kind() == entryOffset && e.offset() > x.far {
		x.far, x.farNum = e.offset(), num
	}
}

// set records an entry in place of another.
func (x *entries) set(num uint32, e entry) error {
	b, err := x.block(num)
	if err != nil {
		return err
	}
	x.put(b, num, e)
	return nil
}

func (x *entries) block(num uint32) (*[entryBlock]entry, error) {
	b := x.last
	if b == nil || x.lastNum != num/entryBlock {
		b = x.blocks[num/entryBlock]
	}
	if b == nil {
		if len(x.blocks) >= limits.PDFEntries/entryBlock {
			return nil, malformed(-1, "cross-reference of more than %d entries", limits.PDFEntries)
		}
		if x.blocks == nil {
			x.blocks = map[uint32]*[entryBlock]entry{}
		}
		b = new([entryBlock]entry)
		x.blocks[num/entryBlock] = b
	}
	b = x.own(num/entryBlock, b)
	x.last, x.lastNum = b, num/entryBlock
	return b, nil
}

// refer notes a reference to an object beyond all that there are: a new object of that number would be what it refers to.
func (x *entries) refer(num uint32) {
	if num <= x.highest || len(x.absent) >= limits.PDFAbsent {
		return
	}
	if x.absent == nil {
		x.absent = map[uint32]bool{}
	}
	x.absent[num] = true
}

// freeRuns collects the free entries of one section, which count only after those in use of its /XRefStm.
type freeRuns []struct{ first, count uint32 }

func (r *freeRuns) add(num uint32) {
	if n := len(*r); n > 0 && (*r)[n-1].first+(*r)[n-1].count == num {
		(*r)[n-1].count++
		return
	}
	*r = append(*r, struct{ first, count uint32 }{num, 1})
}

func (x *entries) addFree(r freeRuns) error {
	for _, run := range r {
		for i := range run.count {
			if err := x.add(run.first+i, freeEntry); err != nil {
				return err
			}
		}
	}
	return nil
}
