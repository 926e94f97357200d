// SPDX-License-Identifier: Apache-2.0

package changes

import (
	"slices"

	"gsign/internal/pdf"
)

const clauseStructure = "ISO 32000-2 14.7"

// structure marks the structure tree: what nothing else reaches. It is not shown, but read aloud and searched; a new
// field or annotation gets its place in it.
func (s *state) structure(o pdf.Object) {
	next := []pdf.Object{o}
	for len(next) > 0 && s.step() {
		o := next[len(next)-1]
		next = next[:len(next)-1]
		references(o, func(ref pdf.Ref) {
			if got, used := s.file.Reference(ref.Num); !used || got != ref {
				s.dangle(ref, false)
				return
			}
			if s.marks.get(ref.Num) != 0 {
				return // it is something else too, and is compared as that
			}
			s.marks.assign(ref.Num, roleStructure)
			next = append(next, s.get(ref))
		})
	}
}

// structureTree judges the nodes of the structure tree that were written anew. More of them are what new fields and
// annotations need; of those that were there nothing may differ.
func (st *step) structureTree() {
	for _, num := range st.nums {
		d := st.changed[num]
		if d.explained || !d.old || !d.now || st.marks.role(num) != roleStructure || st.marks.get(num)&protected != 0 {
			continue
		}
		old, _ := st.was.Reference(num)
		st.structureRoot(num, st.before(old), st.get(d.ref))
	}
}

// structureRoot judges one value of the structure tree.
func (st *step) structureRoot(num uint32, a, b pdf.Object) {
	if a != nil && st.grows(a, b, "", 0) {
		st.tell(num, Document, Allowed, fill, clauseStructure, "the structure tree has more entries")
	} else {
		st.tell(num, Document, Suspicious, free, clauseStructure, "the structure tree differs: what is read aloud may be something else")
	}
	st.adoptStructure(b)
}

// adoptStructure takes the new objects of the structure tree for explained.
func (st *step) adoptStructure(o pdf.Object) {
	next := []pdf.Object{o}
	for len(next) > 0 && st.state.step() {
		o := next[len(next)-1]
		next = next[:len(next)-1]
		references(o, func(ref pdf.Ref) {
			_, there := st.was.Reference(ref.Num)
			if there || st.marks.role(ref.Num) != noRole || st.changed[ref.Num] == nil {
				return
			}
			st.assignNew(ref, roleStructure)
			next = append(next, st.get(ref))
		})
	}
}

// grows reports whether a value of the structure tree has all that it had, and more.
func (st *step) grows(a, b pdf.Object, key pdf.Name, depth int) bool {
	if key == "Limits" || key == "ParentTreeNextKey" || st.means(a, b, 0) {
		return true
	}
	if depth > 8 {
		return false
	}
	u, v := st.before(a), st.get(b)
	list, isList := v.(pdf.Array)
	switch u := u.(type) {
	case pdf.Dict:
		w, ok := v.(pdf.Dict)
		if !ok {
			return isList && slices.ContainsFunc(list, func(o pdf.Object) bool { return st.means(a, o, 0) })
		}
		for k := range u {
			if !st.grows(u[k], w[k], k, depth+1) {
				return false
			}
		}
		for k := range w {
			if _, had := u[k]; !had && !slices.Contains([]pdf.Name{"K", "ParentTree", "ParentTreeNextKey", "Nums", "Kids", "Limits", "IDTree"}, k) {
				return false
			}
		}
		return true
	case pdf.Array:
		if !isList {
			return false
		}
		i := 0
		for _, o := range list {
			if i < len(u) && st.grows(u[i], o, "", depth+1) {
				i++
			}
		}
		return i == len(u)
	}
	return isList && slices.ContainsFunc(list, func(o pdf.Object) bool { return st.means(a, o, 0) })
}
