// SPDX-License-Identifier: Apache-2.0

package pdf

import (
	"fmt"
	"math"
	"math/bits"
	"slices"
)

// complete writes a cross-reference of everything: all objects that were found, those written now, and free entries for
// the rest. It has no /Prev, so that nobody reads the damaged ones again. A table cannot say what lies in object streams.
func (w *revisionWriter) complete(u *Update, trailer Dict) error {
	delete(trailer, "Prev")
	rows := u.allRows(w)
	stream := u.f.hasPacked || len(rows) > completeTable || w.offset()-w.base >= testOnlyTableLimit
	if !stream {
		w.completeTable(rows, trailer)
		return nil
	}
	self, err := w.beginXRefStream(u, trailer)
	if err != nil {
		return err
	}
	rows = append(rows, row{self.Num, offsetEntry(w.offset(), 0)})
	w.completeStream(self, rows, trailer)
	return nil
}

const (
	// completeTable is how many entries a table has at most: of more, a stream takes half the room.
	completeTable = 1 << 20
	// completeGap is how many numbers without an object are given free entries; longer gaps are left out.
	completeGap = 1 << 10
)

// A row is one entry of a complete cross-reference.
type row struct {
	num uint32
	e   entry
}

// allRows gives the entries in the order of their numbers. Object 0 comes first.
func (u *Update) allRows(w *revisionWriter) []row {
	x := &u.f.entries
	blocks := make([]uint32, 0, len(x.blocks))
	for first := range x.blocks {
		blocks = append(blocks, first)
	}
	for ref := range w.rev.Offset {
		if first := ref.Num / entryBlock; x.blocks[first] == nil && !slices.Contains(blocks, first) {
			blocks = append(blocks, first)
		}
	}
	slices.Sort(blocks)
	written := make(map[uint32]entry, len(w.rev.Offset))
	for ref, off := range w.rev.Offset {
		written[ref.Num] = offsetEntry(off, ref.Gen)
	}
	rows := []row{{0, freeEntry}}
	for _, first := range blocks {
		for i := range uint32(entryBlock) {
			num := first*entryBlock + i
			e, ok := written[num]
			if !ok {
				e = x.get(num)
			}
			if num == 0 || e.kind() != entryOffset && e.kind() != entryPacked {
				continue
			}
			if last := rows[len(rows)-1].num; num-last <= completeGap {
				for n := last + 1; n < num; n++ {
					rows = append(rows, row{n, freeEntry})
				}
			}
			rows = append(rows, row{num, e})
		}
	}
	return rows
}

// rowRuns cuts rows into runs of consecutive numbers.
func rowRuns(rows []row) [][]row {
	var out [][]row
	for i := 0; i < len(rows); {
		j := i + 1
		for j < len(rows) && rows[j].num == rows[j-1].num+1 {
			j++
		}
		out = append(out, rows[i:j])
		i = j
	}
	return out
}

func (w *revisionWriter) completeTable(rows []row, trailer Dict) {
	// The free entries are a list: each has the number of the next one, the last has 0.
	next := uint32(0)
	nexts := make(map[uint32]uint32)
	for _, r := range slices.Backward(rows) {
		if r.e.kind() == entryFree {
			nexts[r.num] = next
			next = r.num
		}
	}
	b := append(w.rev.Bytes, "xref\n"...)
	for _, run := range rowRuns(rows) {
		b = fmt.Appendf(b, "%d %d\n", run[0].num, len(run))
		for _, r := range run {
			switch {
			case r.num == 0:
				b = fmt.Appendf(b, "%010d 65535 f\r\n", nexts[0])
			case r.e.kind() == entryFree:
				b = fmt.Appendf(b, "%010d 00000 f\r\n", nexts[r.num])
			default:
				b = fmt.Appendf(b, "%010d %05d n\r\n", r.e.offset()-w.base, r.e.gen())
			}
		}
	}
	b = append(b, "trailer\n"...)
	b = Append(b, trailer)
	w.rev.Bytes = append(b, '\n')
}

func (w *revisionWriter) completeStream(self Ref, rows []row, trailer Dict) {
	highest := uint64(w.offset() - w.base)
	for _, r := range rows {
		if r.e.kind() == entryPacked {
			highest = max(highest, uint64(r.e.stream()))
		}
	}
	width := (bits.Len64(highest) + 7) / 8
	w.endXRefStream(self, rows, trailer, width, 4, func(r row) (byte, uint64, uint32) {
		switch r.e.kind() {
		case entryOffset:
			return 1, uint64(r.e.offset() - w.base), uint32(r.e.gen())
		case entryPacked:
			return 2, uint64(r.e.stream()), uint32(r.e.index())
		}
		if r.num == 0 {
			return 0, 0, math.MaxUint16
		}
		return 0, 0, 0
	})
}
