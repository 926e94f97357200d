// SPDX-License-Identifier: Apache-2.0

package pdf

import (
	"errors"
	"slices"

	"gsign/internal/limits"
)

// probe looks whether the cross-reference leads to the objects, and recovers the file where it does not. Every entry is
// checked, in large files a part of them. Entries that are wrong and belong to objects that nothing refers to harm nobody:
// they are noted.
func (f *File) probe() error {
	if f.recovered {
		return f.readable()
	}
	wrong, all, err := f.checkEntries()
	if err != nil {
		return err
	}
	if len(wrong) > 0 {
		num, hit, err := f.reaches([]Object{f.root, f.sections[0].Trailer["Info"]}, func(n uint32) bool { return wrong[n] })
		if err != nil {
			return err
		}
		first := num
		if !hit {
			first = slices.Min(keys(wrong))
		}
		cause := f.wrongEntry(first)
		if f.opts.Strict {
			return cause
		}
		if hit {
			if err := f.recover(cause); err != nil {
				return err
			}
			return f.readable()
		}
		f.noteError(cause, "nothing refers to it")
	}
	f.settled = all
	err = f.readable()
	if err == nil && !f.recovered {
		err = f.lostPages()
	}
	if err == nil || f.recovered {
		return err
	}
	f.settled = false
	if again := f.recover(err); again != nil {
		return again
	}
	return f.readable()
}

// wrongEntry says what is wrong with an entry.
func (f *File) wrongEntry(num uint32) error {
	e := f.entries.get(num)
	if e.kind() == entryOffset {
		if _, _, _, err := f.objectAt(Ref{num, e.gen()}, e.offset()); IsMalformed(err) {
			return err
		}
	}
	return malformed(f.place(e), "the cross-reference does not lead to object %d", num)
}

func keys(m map[uint32]bool) []uint32 {
	out := make([]uint32, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	return out
}

// readable asks for the catalog, which must look like one.
func (f *File) readable() error {
	o, err := f.Object(f.root)
	if err != nil {
		return err
	}
	d, ok := o.(Dict)
	if !ok {
		return f.noCatalog(o)
	}
	if d["Pages"] == nil && d["Type"] != Object(Name("Catalog")) {
		return malformed(-1, "object %v is no catalog and has no page tree (/Pages)", f.root)
	}
	return nil
}

// lostPages looks whether the page tree is one of the objects that are there. Where it is not, because the chain of
// cross-references ends too early, others search the file for it.
func (f *File) lostPages() error {
	catalog, err := f.Catalog()
	if err != nil {
		return err
	}
	ref, ok := catalog["Pages"].(Ref)
	if !ok {
		return nil
	}
	o, err := f.Object(ref)
	if err != nil && (isUnsupported(err) || errors.Is(err, errLocked)) {
		return nil
	}
	if _, null := o.(Null); err != nil || !null {
		return onlyMachine(err)
	}
	return malformed(-1, "page tree %v is not in the file", ref)
}

// checkEntries gives the objects that are not where their entries say. all is false when not all were checked.
func (f *File) checkEntries() (wrong map[uint32]bool, all bool, err error) {
	wrong = map[uint32]bool{}
	step := 1 + len(f.entries.blocks)*entryBlock/limits.PDFChecked
	blocks := make([]uint32, 0, len(f.entries.blocks))
	for first := range f.entries.blocks {
		blocks = append(blocks, first)
	}
	slices.Sort(blocks)
	next := step // how many until one is checked
	for _, first := range blocks {
		old := f.entries.shared[first] // what the original's entries lead to was checked when that was opened
		if old == f.entries.blocks[first] {
			continue
		}
		for i, e := range f.entries.blocks[first] {
			if e.kind() != entryOffset && e.kind() != entryPacked || old != nil && old[i] == e {
				continue
			}
			num := first*entryBlock + uint32(i)
			if next--; next > 0 && num != f.root.Num {
				continue
			}
			if next == 0 {
				next = step
			}
			ok, err := f.leads(num, e, &f.entries)
			if err != nil {
				return nil, false, err
			}
			if !ok {
				if len(wrong) == limits.PDFWrongEntries {
					return wrong, false, nil
				}
				wrong[num] = true
			}
		}
	}
	return wrong, step == 1, nil
}

// leads reports whether an entry leads to the object: its number and generation stand there, or it is in an object stream
// that is in the file.
func (f *File) leads(num uint32, e entry, x *entries) (bool, error) {
	if e.kind() == entryPacked {
		return x.get(e.stream()).kind() == entryOffset, nil
	}
	b, err := f.src.near(e.offset(), headerBytes)
	if err != nil {
		return false, err
	}
	if ok, sure := headerAt(b, num, e.gen()); sure {
		return ok, nil
	}
	b = make([]byte, max(0, min(headerBytes, f.src.size-e.offset())))
	if err := f.src.readFull(b, e.offset()); err != nil {
		return false, err
	}
	p := parser{lexer: memoryLexer(b, 0, nil)}
	ref, _, err := p.header()
	return err == nil && ref == Ref{num, e.gen()}, nil
}

// headerBytes is what "n g obj" takes at most, with as much white space before it as is taken for a slip.
const headerBytes = 128

// headerAt reads "n g obj" the quick way, and is sure where it stands there as usual.
func headerAt(b []byte, num uint32, gen uint16) (ok, sure bool) {
	n, b, ok := leadingNumber(b)
	if !ok || n != uint64(num) || len(b) == 0 || b[0] != ' ' {
		return false, false
	}
	n, b, ok = leadingNumber(b[1:])
	if !ok || n != uint64(gen) || len(b) < 5 || string(b[:4]) != " obj" || isRegular(int(b[4])) {
		return false, false
	}
	return true, true
}

func leadingNumber(b []byte) (n uint64, rest []byte, ok bool) {
	i := 0
	for i < len(b) && i < 10 && b[i] >= '0' && b[i] <= '9' {
		n = n*10 + uint64(b[i]-'0')
		i++
	}
	return n, b[i:], i > 0
}
