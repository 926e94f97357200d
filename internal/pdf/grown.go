// SPDX-License-Identifier: Apache-2.0

package pdf

import (
	"maps"

	"gsign/internal/limits"
)

// A finished file begins with its original, byte for byte, and a chain of cross-references that leads from its end to
// the original's newest section says from there on what the original's said. [Options.Original] spares reading that a second
// time: what is read is everything from the end of the file down to that section.

// testOnlySharedRows is how many entries the original's cross-reference has before it is shared: fewer are read again, so that
// what is said of the finished file comes from that alone.
var testOnlySharedRows = limits.PDFSharedRows

// continues reports whether the chain of sections leads on as that of the original does.
func (f *File) continues(abs int64) bool {
	o := f.opts.Original
	if o == nil || o.rows < testOnlySharedRows && !f.opts.Share || len(o.damage) > 0 || o.recovered || o.base != f.base || o.header != f.header || o.src.size >= f.src.size {
		return false
	}
	return (abs == o.start || abs == o.sections[0].Offset) && !o.indirectLength()
}

// indirectLength reports whether reading a section needs an object that a later revision may have written anew.
func (f *File) indirectLength() bool {
	for _, s := range f.sections {
		if _, direct := s.Trailer["Length"].(Integer); s.Kind == XRefStream && !direct || s.Kind == Hybrid {
			return true
		}
	}
	return false
}

// adopt takes over what the original's sections say.
func (f *File) adopt() error {
	o := f.opts.Original
	f.sections = append(f.sections, o.sections...)
	f.rows += o.rows
	if len(f.sections) > limits.PDFSections || f.rows > limits.PDFRows {
		return malformed(-1, "more cross-reference sections or entries than are read")
	}
	f.entries.adopt(&o.entries)
	return nil
}

// adopt adds the entries of an older chain below those that are there. Blocks that say nothing newer are shared: what
// writes to one makes it its own first.
func (x *entries) adopt(old *entries) {
	own := x.blocks
	x.blocks, x.shared, x.last = maps.Clone(old.blocks), old.blocks, nil
	for first, b := range own {
		if o := old.blocks[first]; o != nil {
			for i := range b {
				if b[i] == 0 {
					b[i] = o[i]
				}
			}
		}
		if x.blocks == nil {
			x.blocks = map[uint32]*[entryBlock]entry{}
		}
		x.blocks[first] = b
	}
	x.highest = max(x.highest, old.highest)
	if old.far > x.far {
		x.far, x.farNum = old.far, old.farNum
	}
}

// own gives a block that may be written to.
func (x *entries) own(first uint32, b *[entryBlock]entry) *[entryBlock]entry {
	if b == nil || x.shared[first] != b {
		return b
	}
	c := *b
	x.blocks[first] = &c
	return &c
}
