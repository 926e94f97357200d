// SPDX-License-Identifier: Apache-2.0

package pdf

import (
	"errors"
	"fmt"

	"gsign/internal/limits"
	"gsign/internal/pdfcrypt"
)

// recover searches the file for its objects, because of what is wrong with its cross-reference, and reads on with what
// it found. It is an error when that can be understood in more than one way.
func (f *File) recover(cause error) error {
	if !IsMalformed(cause) || f.recovered || f.recovering || f.hopeless || f.opts.Strict {
		return cause
	}
	if len(f.sections) >= limits.PDFSections || f.rows > limits.PDFRows || f.src.work.err != nil {
		return cause // too much is not damage
	}
	f.recovering = true
	defer func() { f.recovering = false }()
	old := f.reading()
	s, err := f.scanFile()
	if err == nil && f.headers {
		err = ambiguous(f.header, "not all readers take the same header for the first one")
	}
	if err == nil {
		err = f.take(s, old)
	}
	if err != nil {
		f.restore(old)
		if !IsMalformed(err) {
			return err
		}
		f.hopeless = true
		return &MalformedError{Offset: -1, What: "its objects cannot be recovered", Err: fmt.Errorf("%w (%s)", err, reason(cause))}
	}
	f.noteError(cause, "objects were found by searching the file")
	return nil
}

// reason gives the text of an error without saying again that the file is malformed.
func reason(err error) string {
	var m *MalformedError
	if !errors.As(err, &m) {
		return err.Error()
	}
	if m.Err == nil {
		return m.What
	}
	return m.What + ": " + reason(m.Err)
}

// noteError records what is wrong, where, and what that led to.
func (f *File) noteError(err error, then string) {
	off := int64(-1)
	var m *MalformedError
	for e := err; errors.As(e, &m); e = m.Err {
		if m.Offset >= 0 {
			off = m.Offset // the innermost is nearest
		}
		if m.Err == nil {
			break
		}
	}
	f.note(off, "%s; %s", reason(err), then)
}

// A reading is one understanding of the file: where its objects are and which one is the catalog.
type reading struct {
	base     int64
	entries  entries
	sections []Section
	root     Ref
	complete bool // the chain of cross-references was read to its end
	crypt    *pdfcrypt.Handler
	encrypt  Ref
	id       String
}

func (f *File) reading() reading {
	return reading{f.base, f.entries, f.sections, f.root, f.chained, f.crypt, f.encrypt, f.id}
}

// restore goes back to an earlier reading. What is kept of objects is dropped.
func (f *File) restore(r reading) {
	f.base, f.entries, f.sections, f.root, f.chained = r.base, r.entries, r.sections, r.root, r.complete
	f.crypt, f.encrypt, f.id = r.crypt, r.encrypt, r.id
	f.cache, f.packed = objectCache{}, packedCache{}
	f.recovered, f.short = false, nil
}

// take makes what was found the file's reading.
func (f *File) take(s *scan, old reading) error {
	f.restore(reading{base: f.header, entries: s.main})
	f.recovered = true
	if !s.signed { // what was signed is not written anew
		f.short = s.short
	}
	if len(s.main.blocks) == 0 {
		return malformed(-1, "not a PDF: there is no object in it")
	}
	if s.crowded {
		return malformed(-1, "more than %d objects are defined in more than one place", limits.PDFConflicts)
	}
	trailer, at := s.newest(old)
	f.sections = []Section{{Offset: max(0, at), Kind: Table, Trailer: trailer}}
	if err := f.notEncrypted(s, trailer); err != nil {
		return err
	}
	if err := f.unlockOne(s.locks(old)); err != nil {
		return err
	}
	if err := f.indexPacked(s); err != nil {
		return err
	}
	roots, err := f.findRoots(s, old)
	if err != nil {
		return err
	}
	f.root = roots[0]
	f.sections[0].Trailer["Root"] = f.root
	return f.oneWay(s, old, roots)
}

// newest gives the trailer: that of the newest cross-reference that could be read or else the last one found, with what
// it lacks taken from others.
func (s *scan) newest(old reading) (Dict, int64) {
	d, at := Dict{}, int64(-1)
	take := func(from Dict) {
		for _, key := range trailerKeys {
			if o := from[key]; d[key] == nil && o != nil {
				d[key] = o
			}
		}
	}
	for _, sec := range old.sections {
		take(sec.Trailer)
		if at < 0 {
			at = sec.Offset
		}
	}
	for i := len(s.trailers) - 1; i >= 0; i-- {
		t := s.trailers[i]
		if !t.inside {
			take(t.dict)
			if at < 0 {
				at = t.at
			}
		}
	}
	return d, at
}

// notEncrypted refuses a file whose encryption dictionary no trailer names that could be read: taken for a plain one its
// strings and streams would be noise, and others may still find out how to read them.
func (f *File) notEncrypted(s *scan, trailer Dict) error {
	if trailer["Encrypt"] != nil {
		return nil
	}
	if s.encrypt >= 0 {
		return malformed(s.encrypt, "the file is encrypted, and no trailer that says how can be read")
	}
	for _, ref := range s.handlers {
		d, err := f.Dict(ref)
		if err != nil && !IsMalformed(err) {
			return err
		}
		if d["Filter"] == Object(Name("Standard")) && d["O"] != nil && d["U"] != nil {
			return malformed(-1, "object %v is an encryption dictionary, and no trailer names it", ref)
		}
	}
	return nil
}

// indexPacked adds what lies in object streams. Of two definitions the one that stands later in the file counts, as it
// does among those outside.
func (f *File) indexPacked(s *scan) error {
	live := map[uint32]int{}
	for i, num := range s.packed {
		live[num] = i // the last definition
	}
	var read int64
	where := map[uint32]int64{} // of the streams' own places
	for i, num := range s.packed {
		if live[num] != i || f.entries.get(num).kind() != entryOffset {
			continue
		}
		at := f.entries.get(num).offset()
		index, n, err := f.packedIndex(num)
		read += n
		if read > limits.PDFPackedIndexes {
			return malformed(at, "indexes of object streams of more than %d bytes", limits.PDFPackedIndexes)
		}
		if errors.Is(err, errLocked) {
			return err
		}
		if err != nil {
			if !IsMalformed(err) && !isUnsupported(err) {
				return err
			}
			f.note(at, "object stream %d cannot be read: %s", num, reason(err))
			continue
		}
		where[num] = at
		f.hasPacked = f.hasPacked || len(index) > 0
		for j, item := range index {
			if err := f.countRow(); err != nil {
				return err
			}
			e := f.entries.get(item.num)
			later := e.kind() == entryOffset && e.offset() > at || e.kind() == entryPacked && where[e.stream()] >= at
			if _, isStream := live[item.num]; isStream || later || item.num == 0 {
				continue
			}
			if err := f.entries.set(item.num, packedEntry(num, int64(j))); err != nil {
				return err
			}
		}
	}
	return nil
}

func isUnsupported(err error) bool {
	var u *UnsupportedError
	return errors.As(err, &u)
}

// findRoots gives the catalogs that the trailers name, the best first: that of the newest cross-reference, the last one,
// the first one, and those that only readers see that look into streams. Where no trailer names a catalog, the objects
// that say they are one are taken.
func (f *File) findRoots(s *scan, old reading) ([]Ref, error) {
	var roots []Ref
	add := func(o Object) error {
		ref, ok := o.(Ref)
		if !ok {
			return nil
		}
		for _, r := range roots {
			if r == ref {
				return nil
			}
		}
		ok, err := f.isCatalog(ref)
		if ok {
			roots = append(roots, ref)
		}
		return err
	}
	for _, sec := range old.sections[:min(1, len(old.sections))] {
		if err := add(sec.Trailer["Root"]); err != nil {
			return nil, err
		}
	}
	for _, inside := range []bool{false, true} {
		var list []foundTrailer
		for _, t := range s.trailers {
			if t.inside == inside {
				list = append(list, t)
			}
		}
		for i := len(list) - 1; i >= 0; i-- {
			if err := add(list[i].dict["Root"]); err != nil {
				return nil, err
			}
			if len(roots) > 0 && i > 0 {
				i = 1 // what is between the last good one and the first one is old
			}
		}
	}
	if len(roots) > 0 {
		return roots, nil
	}
	for i := len(s.catalogs) - 1; i >= 0; i-- {
		if err := add(s.catalogs[i]); err != nil {
			return nil, err
		}
	}
	if len(roots) == 0 {
		if err := f.eachPacked(s, add); err != nil {
			return nil, err
		}
	}
	if len(roots) == 0 {
		return nil, malformed(-1, "there is no catalog in it")
	}
	return roots, nil
}

// eachPacked calls add for the objects in object streams, the last stream first, until that is enough.
func (f *File) eachPacked(s *scan, add func(Object) error) error {
	left := limits.PDFCatalogSearch
	for i := len(s.packed) - 1; i >= 0; i-- {
		st, err := f.objectStream(s.packed[i])
		if err != nil {
			if err := onlyMachine(err); err != nil && !isUnsupported(err) {
				return err
			}
			continue
		}
		for _, item := range st.index {
			if left--; left < 0 {
				return nil
			}
			if err := add(Ref{Num: item.num}); err != nil {
				return err
			}
		}
	}
	return nil
}

// isCatalog reports whether ref is a dictionary that says it is a catalog, or has a page tree.
func (f *File) isCatalog(ref Ref) (bool, error) {
	o, err := f.Object(ref)
	if err != nil {
		return false, onlyMachine(err)
	}
	d, ok := o.(Dict)
	if !ok {
		return false, nil
	}
	return d["Type"] == Object(Name("Catalog")) || d["Type"] == nil && d["Pages"] != nil, nil
}
