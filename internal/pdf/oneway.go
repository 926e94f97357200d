// SPDX-License-Identifier: Apache-2.0

package pdf

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"reflect"

	"gsign/internal/limits"
)

// oneWay compares the reading that was recovered with those of other readers: of one that believes the cross-reference
// where it leads to objects, of one that looks into streams too, of one that takes another trailer. They must lead to
// the same catalog and to the same objects below it.
func (f *File) oneWay(s *scan, old reading, roots []Ref) error {
	for _, t := range s.trailers {
		ref, ok := t.dict["Root"].(Ref)
		e, other := s.inside[ref.Num]
		if !ok || !other || !t.inside {
			continue
		}
		o, _, _, err := f.objectAt(ref, e.offset())
		if err != nil {
			if !IsMalformed(err) {
				return err
			}
			continue
		}
		if hasPages(o) {
			return ambiguous(e.offset(), "the data of a stream has a trailer and the catalog %v", ref)
		}
	}
	c := comparison{f: f, left: limits.PDFScan}
	for _, ref := range roots[1:] {
		same, err := c.same(f.root.Num, f.entries.get(f.root.Num), f.entries.get(ref.Num))
		if err != nil {
			return err
		}
		if !same {
			return ambiguous(-1, "trailers name the catalogs %v and %v", f.root, ref)
		}
	}
	differ, err := c.conflicts(s, old)
	if err != nil || len(differ) == 0 {
		return err
	}
	num, hit, err := f.reaches([]Object{f.root}, func(n uint32) bool { _, ok := differ[n]; return ok })
	if err != nil || !hit {
		return err
	}
	if e, ok := differ[num]; ok {
		if f.entries.get(num) == 0 {
			return ambiguous(f.place(e), "object %d is there for some readers only", num)
		}
		return f.twice(num, e)
	}
	return ambiguous(-1, "the readings cannot be compared within bounds")
}

// hasPages reports whether an object may be the catalog of a document. That of an FDF file, which forms are sent as and
// which may be embedded as it is, has no pages: who takes it for the catalog shows nothing.
func hasPages(o Object) bool {
	d, ok := o.(Dict)
	return ok && d["Pages"] != nil
}

// place gives the offset at which an object, or the stream it is in, stands.
func (f *File) place(e entry) int64 {
	if e.kind() == entryPacked {
		e = f.entries.get(e.stream())
	}
	if e.kind() != entryOffset {
		return -1
	}
	return e.offset()
}

// twice says that an object is at e too.
func (f *File) twice(num uint32, e entry) error {
	other := f.place(f.entries.get(num))
	if other < 0 { // free, or in an object stream that is not there
		return ambiguous(f.place(e), "object %d is not there for all readers", num)
	}
	return ambiguous(f.place(e), "object %d is also at offset %d, with another content", num, other)
}

func ambiguous(off int64, format string, args ...any) error {
	return malformed(off, "the file can be read in more than one way: %s", fmt.Sprintf(format, args...))
}

// A comparison compares objects and counts the bytes it reads.
type comparison struct {
	f    *File
	left int64
}

// conflicts gives the objects of which another reader could have another content, with the place of that.
func (c *comparison) conflicts(s *scan, old reading) (map[uint32]entry, error) {
	differ := map[uint32]entry{}
	check := func(num uint32, e entry) error {
		if len(differ) >= limits.PDFConflicts {
			return ambiguous(-1, "more than %d objects differ", limits.PDFConflicts)
		}
		moved, err := c.moved(e, old)
		if err != nil {
			return err
		}
		same := false
		if !moved {
			same, err = c.same(num, c.f.entries.get(num), e)
		}
		if err == nil && !same && num == c.f.root.Num && s.onlyCatalog(c.f.root) {
			// Another reader has this document or none.
			o, err := c.read(num, e)
			if err != nil {
				return onlyMachine(err)
			}
			same = !moved && !hasPages(o)
		}
		if err == nil && !same {
			differ[num] = e
		}
		return err
	}
	for _, m := range []map[uint32]entry{s.inside, s.older} {
		for num, e := range m {
			if err := check(num, e); err != nil {
				return nil, err
			}
		}
	}
	if !old.complete {
		return differ, nil
	}
	for first, b := range old.entries.blocks {
		for i, e := range b {
			num := first*entryBlock + uint32(i)
			if e.kind() != entryOffset && e.kind() != entryPacked || e == c.f.entries.get(num) {
				continue
			}
			if ok, err := c.f.leads(num, e, &old.entries); err != nil {
				return nil, err
			} else if !ok {
				continue
			}
			if err := check(num, e); err != nil {
				return nil, err
			}
		}
	}
	return differ, nil
}

// moved reports whether an entry is of an object stream that believers of the cross-reference read elsewhere, with another
// content. What they find in it cannot be asked for here: its number leads to the stream that was found last.
func (c *comparison) moved(e entry, old reading) (bool, error) {
	was, is := old.entries.get(e.stream()), c.f.entries.get(e.stream())
	if e.kind() != entryPacked || was == is {
		return false, nil
	}
	ok, err := c.f.leads(e.stream(), was, &old.entries)
	if err != nil || !ok {
		return false, err
	}
	same, err := c.same(e.stream(), is, was)
	return !same, err
}

// same reports whether an object has the same content at two places.
func (c *comparison) same(num uint32, a, b entry) (bool, error) {
	if a == b {
		return true, nil
	}
	if c.left <= 0 {
		return false, nil
	}
	x, err := c.read(num, a)
	if err != nil {
		return false, onlyMachine(err)
	}
	y, err := c.read(num, b)
	if err != nil {
		return false, onlyMachine(err)
	}
	s, isStream := x.(*Stream)
	t, both := y.(*Stream)
	if isStream != both {
		return false, nil
	}
	if !isStream {
		return reflect.DeepEqual(x, y), nil
	}
	if !reflect.DeepEqual(s.Dict, t.Dict) {
		return false, nil
	}
	return c.sameData(s, t)
}

// read reads the object that an entry leads to, whatever its number: catalogs of two numbers may be the same.
func (c *comparison) read(num uint32, e entry) (Object, error) {
	switch e.kind() {
	case entryPacked:
		st, err := c.f.objectStream(e.stream())
		if err != nil {
			return nil, err
		}
		if e.index() < len(st.index) {
			o, n, err := st.object(c.f, e.index())
			c.left -= n
			return o, err
		}
		return nil, malformed(-1, "object %d is not in object stream %d", num, e.stream())
	case entryOffset:
		p := parser{lexer: newLexer(&c.f.src, e.offset())}
		ref, _, err := p.header()
		if err != nil {
			return nil, err
		}
		o, err := p.body(c.f)
		c.left -= p.pos() - e.offset()
		if err != nil {
			return nil, err
		}
		return c.f.decrypted(ref, o) // equal copies may be encrypted differently
	}
	return Null{}, nil
}

// sameData compares the data of two streams as they are decrypted: each encryption of the same bytes may be another.
func (c *comparison) sameData(s, t *Stream) (bool, error) {
	n, err := c.f.streamLength(s)
	if err != nil {
		return false, onlyMachine(err)
	}
	m, err := c.f.streamLength(t)
	if err != nil || n != m || 2*n > c.left {
		return false, onlyMachine(err)
	}
	c.left -= 2 * n
	x, err := c.f.plainReader(s, n)
	if err != nil && !IsLocked(err) {
		return false, onlyMachine(err)
	}
	y, other := c.f.plainReader(t, m)
	if other != nil && !IsLocked(other) {
		return false, onlyMachine(other)
	}
	if err != nil || other != nil { // attached files that another password opens
		x, y = c.f.src.reader(s.start, n), c.f.src.reader(t.start, m)
	}
	a, b := make([]byte, blockSize), make([]byte, blockSize)
	for {
		i, errX := io.ReadFull(x, a)
		j, errY := io.ReadFull(y, b)
		for _, err := range []error{errX, errY} {
			if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
				return false, err
			}
		}
		if !bytes.Equal(a[:i], b[:j]) {
			return false, nil
		}
		if errX != nil {
			return errY != nil, nil
		}
	}
}
