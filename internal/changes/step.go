// SPDX-License-Identifier: Apache-2.0

package changes

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strconv"

	"gsign/internal/limits"
	"gsign/internal/pdf"
	"gsign/pkg/pdfsig"
)

const (
	clauseRange  = "ISO 32000-2 12.8.1"
	clauseUpdate = "ISO 32000-2 7.5.6"
)

func itoa(i int) string { return strconv.Itoa(i) }

// step compares one revision with the next.
type step struct {
	*state // reads the new revision
	was    *pdf.File
	reader io.ReaderAt
	rev    Revision
	nums   []uint32 // of the changed objects
	// changed are the objects written anew with another content, made or taken away.
	changed  map[uint32]*delta
	fresh    map[uint32]bool // new fields and annotations, which lists may now have
	signing  bool            // a signature was added
	filling  bool            // a field was filled in
	out      []change
	cut      bool // there were more
	compares int
	needs    marks // what is referred to from outside the pages
	// storeSeen are the objects of the security store that have been looked at.
	storeSeen map[uint32]bool
}

// delta is a changed object.
type delta struct {
	ref       pdf.Ref // in the new revision; in the old one where it was taken away
	old, now  bool    // it is in that revision
	explained bool
}

// compare tells what a revision changed, and goes on to it.
func (s *state) compare(ctx context.Context, was, is *pdfsig.Document, rev Revision) ([]change, error) {
	s.ctx, s.file = ctx, is.File()
	st := &step{state: s, was: was.File(), reader: is.ReaderAt(), rev: rev, changed: map[uint32]*delta{}, fresh: map[uint32]bool{}}
	err := st.structure()
	if err != nil {
		return nil, err
	}
	err = st.collect()
	if err != nil {
		return nil, err
	}
	st.comeAlive()
	st.trailer()
	st.catalog()
	st.formFields()
	st.pagesAndAnnotations()
	st.appearances()
	st.protectSignatures()
	st.structureTree()
	st.rest()
	if s.err == nil {
		s.err = s.file.Exhausted()
	}
	return st.said(), s.err
}

// say records a change. Of very many the worst are kept. What was said last may still be made worse by whoever said it.
func (st *step) say(c change) {
	if len(st.out) >= 2*limits.Changes {
		st.out, st.cut = mark(st.out, st.rev.Number)[:limits.Changes], true
	}
	st.out = append(st.out, c)
}

// said gives the changes in their order, no more than are told.
func (st *step) said() []change {
	out := mark(st.out, st.rev.Number)
	if !st.cut && len(out) <= limits.Changes {
		return out
	}
	out = append(out[:min(len(out), limits.Changes-1)], change{Change: Change{
		Page: -1, Kind: Structure, Verdict: Suspicious, Text: "there are more changes than are told", Clause: clauseUpdate,
	}})
	return mark(out, st.rev.Number)
}

// tell records a change of an object and takes it for explained.
func (st *step) tell(num uint32, kind Kind, verdict Verdict, needs permission, clause, format string, args ...any) *change {
	c := change{Change: Change{
		Object: num, Page: -1, Kind: kind, Verdict: verdict, Text: fmt.Sprintf(format, args...), Clause: clause,
	}, needs: needs}
	if num != 0 {
		if ref, ok := st.file.Reference(num); ok {
			c.Generation = ref.Gen
		}
		if d := st.changed[num]; d != nil {
			d.explained = true
		}
		if n := st.fields[num]; n != nil {
			c.Field = n.name
		}
	}
	st.say(c)
	return &st.out[len(st.out)-1]
}

// collect finds the objects that are not what they were. Those written again as they were are no change.
func (st *step) collect() error {
	for _, num := range st.file.Changed(st.was) {
		if !st.state.step() {
			return st.err
		}
		d := &delta{}
		old, wasThere := st.was.Reference(num)
		now, isThere := st.file.Reference(num)
		d.old, d.now, d.ref = wasThere, isThere, old
		if isThere {
			d.ref = now
		}
		x, err := st.read(st.was, old, wasThere)
		if err != nil {
			return err
		}
		y, err := st.read(st.file, now, isThere)
		if err != nil {
			return err
		}
		if wasThere && isThere && old == now {
			same, err := pdf.Same(st.was, x, st.file, y)
			if err != nil {
				return err
			}
			if same {
				continue
			}
		}
		if st.bookkeeping(num, d, x, y) {
			continue
		}
		st.changed[num] = d
		st.nums = append(st.nums, num)
	}
	return nil
}

// read reads an object, or nil where it is not there or cannot be read.
func (st *step) read(f *pdf.File, ref pdf.Ref, there bool) (pdf.Object, error) {
	if !there {
		return nil, nil
	}
	o, err := f.Object(ref)
	if err != nil && pdf.IsMalformed(err) {
		return nil, f.Exhausted()
	}
	return o, err
}

// bookkeeping recognizes cross-reference and object streams. An object stream that was there may not change: objects are
// in it.
//
// What they say of themselves is not enough: contents and appearances can say it too.
func (st *step) bookkeeping(num uint32, d *delta, x, y pdf.Object) bool {
	was, is := structural(x), structural(y)
	_, stream := x.(*pdf.Stream)
	switch {
	case stream && st.was.Packs(num):
		was = "ObjStm"
	case was == "XRef" && (st.marks.get(num) != 0 || !st.section(num)):
		return false
	}
	switch {
	case was == "ObjStm":
		st.tell(num, Structure, Forbidden, free, "ISO 32000-2 7.5.7", "the object stream %d, which was signed, is another object now", num)
		return true
	case was == "XRef" && !d.now:
		return true
	case is == "" || d.old && was == "":
		return false
	case is == "ObjStm" || is == "XRef":
		if _, hoped := st.dangling[d.ref]; hoped {
			return false
		}
		return true
	}
	return false
}

// section reports whether an object was one of the cross-reference streams that led through the older revision.
func (st *step) section(num uint32) bool {
	at := st.was.Place(num)
	return slices.ContainsFunc(st.was.Sections(), func(s pdf.Section) bool { return s.Offset == at })
}

func structural(o pdf.Object) pdf.Name {
	s, ok := o.(*pdf.Stream)
	if !ok {
		return ""
	}
	if t, _ := s.Dict["Type"].(pdf.Name); t == "ObjStm" || t == "XRef" {
		return t
	}
	return ""
}

// comeAlive finds new objects that something referred to before they were there.
func (st *step) comeAlive() {
	made := false
	for _, num := range st.nums {
		d := st.changed[num]
		if !d.now || d.old && st.was != nil && st.sameGeneration(num) {
			continue
		}
		made = made || !d.old
		shielded, hoped := st.dangling[d.ref]
		if !hoped {
			continue
		}
		delete(st.dangling, d.ref)
		verdict := Suspicious
		if shielded {
			verdict = Forbidden
		}
		st.tell(num, Content, verdict, free, clauseUpdate,
			"object %d was not there when something signed referred to it, and is there now", num)
		*st.marks.at(num) |= reachable
		st.follow(d.ref, shielded, 0)
	}
	if made && st.crowded {
		st.tell(0, Content, Suspicious, free, clauseUpdate, "more references to objects that are not there than are remembered, and new objects")
	}
}

func (st *step) sameGeneration(num uint32) bool {
	a, _ := st.was.Reference(num)
	b, _ := st.file.Reference(num)
	return a == b
}

// adopt marks what a new value reaches as belonging to what was explained. An object that was there and that nothing
// reached comes alive by it.
func (st *step) adopt(o pdf.Object, owner uint32, shielded bool) {
	mark := uint8(reachable)
	if shielded {
		mark |= protected
	}
	var next []pdf.Ref
	visit := func(ref pdf.Ref) {
		if got, used := st.file.Reference(ref.Num); !used || got != ref {
			st.dangle(ref, shielded)
			return
		}
		b := st.marks.at(ref.Num)
		if r := role(*b & roleMask); r.loose() {
			*b |= protected
			return
		} else if r != noRole || *b&mark == mark {
			return
		}
		d := st.changed[ref.Num]
		_, there := st.was.Reference(ref.Num)
		if there && *b&reachable == 0 {
			st.tell(ref.Num, Unused, Suspicious, free, clauseUpdate, "object %d, which nothing reached, is used now", ref.Num)
		}
		if d != nil && (*b&reachable == 0 || !there) {
			d.explained = true
		}
		*b |= mark
		if owner != 0 {
			st.owner[ref.Num] = owner
		}
		next = append(next, ref)
	}
	references(o, visit)
	for len(next) > 0 && st.state.step() {
		ref := next[len(next)-1]
		next = next[:len(next)-1]
		references(st.get(ref), visit)
	}
}

// before reads an object of the older revision.
func (st *step) before(o pdf.Object) pdf.Object { return st.resolve(st.was, o) }

func (st *step) dictBefore(o pdf.Object) pdf.Dict { return dictOf(st.before(o)) }

// keys gives the keys of two dictionaries whose values do not say the same, in their order.
func (st *step) keys(a, b pdf.Dict) []pdf.Name {
	var differ []pdf.Name
	for key := range a {
		if !st.means(a[key], b[key], 0) {
			differ = append(differ, key)
		}
	}
	for key := range b {
		if _, both := a[key]; !both && !st.means(nil, b[key], 0) {
			differ = append(differ, key)
		}
	}
	slices.Sort(differ)
	return differ
}

// means reports whether a value of the older revision and one of the newer say the same. The same reference does: what it
// leads to is compared by itself.
func (st *step) means(a, b pdf.Object, depth int) bool {
	x, indirect := a.(pdf.Ref)
	if y, ok := b.(pdf.Ref); ok && indirect && x == y {
		return true
	}
	st.compares++
	if depth > 8 || st.compares > limits.Comparisons {
		return false
	}
	u, v := st.before(a), st.get(b)
	switch u := u.(type) {
	case pdf.Dict:
		w, ok := v.(pdf.Dict)
		if !ok || len(u) != len(w) {
			return false
		}
		for key := range u {
			if _, there := w[key]; !there || !st.means(u[key], w[key], depth+1) {
				return false
			}
		}
		return true
	case pdf.Array:
		w, ok := v.(pdf.Array)
		if !ok || len(u) != len(w) {
			return false
		}
		for i := range u {
			if !st.means(u[i], w[i], depth+1) {
				return false
			}
		}
		return true
	}
	same, err := pdf.Same(st.was, u, st.file, v)
	if err != nil && st.err == nil {
		st.err = err
	}
	return same && err == nil
}
