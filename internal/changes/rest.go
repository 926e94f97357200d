// SPDX-License-Identifier: Apache-2.0

package changes

import (
	"gsign/internal/limits"
	"gsign/internal/pdf"
)

// rest judges the changed objects that nothing explains.
func (st *step) rest() {
	for _, num := range st.nums {
		d := st.changed[num]
		if d.explained || !st.state.step() {
			continue
		}
		m := st.marks.get(num)
		r := role(m & roleMask)
		switch {
		case d.old && d.now && st.rephrased(num, d):
		case !d.now && r == roleStructure:
			st.tell(num, Document, Suspicious, free, clauseStructure, "node %d of the structure tree was taken away: what is read aloud may be something else", num)
		case !d.now && m&(protected|reachable) == reachable && r != rolePage && !st.needed(num):
			st.tell(num, Bookkeeping, Allowed, free, clauseUpdate, "%s %d, which nothing needs any more, was taken away", r, num)
		case m&protected != 0:
			c := st.tell(num, st.protectedKind(r), Forbidden, free, clauseRange, "%s %d, which pages or signatures need, %s", r, num, d.verb())
			c.Page = st.pageShowing(num)
		case r != noRole && r != roleStore:
			st.tell(num, Form, Forbidden, free, clauseRange, "%s %d %s", r, num, d.verb())
		case m&reachable != 0 && d.old:
			c := st.tell(num, Document, Forbidden, free, clauseRange, "object %d %s", num, d.verb())
			if n := st.fields[st.owner[num]]; n != nil {
				c.Field, c.Kind = n.name, Form
			}
		case m&reachable != 0:
		case d.old:
			st.tell(num, Unused, Suspicious, free, clauseUpdate, "object %d, which nothing reaches, %s", num, d.verb())
		default:
			// Writers leave such behind. Whoever makes it come alive later changes something that names it.
			st.tell(num, Unused, Allowed, free, clauseUpdate, "object %d was added, and nothing reaches it", num)
		}
	}
}

// rephrased reports whether a changed object says what it said: values became objects of their own, or the other way round.
func (st *step) rephrased(num uint32, d *delta) bool {
	old, _ := st.was.Reference(num)
	if old != d.ref {
		return false
	}
	x, y := st.before(old), st.get(d.ref)
	if !st.means(x, y, 0) {
		return false
	}
	st.adopt(y, 0, st.marks.get(num)&protected != 0)
	st.tell(num, Bookkeeping, Allowed, free, clauseUpdate, "object %d was written in another way, and says the same", num)
	return true
}

// needed reports whether something that is not protected refers to an object that was taken away: a field, an annotation,
// the form, the security store. Protected objects are not asked about.
func (st *step) needed(num uint32) bool {
	if st.needs == nil {
		st.needs = marks{}
		visit := func(o pdf.Object) {
			next := []pdf.Object{o}
			for len(next) > 0 && st.state.step() {
				o := next[len(next)-1]
				next = next[:len(next)-1]
				references(o, func(ref pdf.Ref) {
					b := st.needs.at(ref.Num)
					if *b == 0 && st.marks.get(ref.Num)&protected == 0 && !st.marks.role(ref.Num).named() {
						next = append(next, st.get(ref))
					}
					*b = 1
				})
			}
		}
		for first, b := range st.marks {
			for i := range b {
				switch role(b[i] & roleMask) {
				case roleField, roleAnnot, roleAnnots, roleFields:
					ref, _ := st.file.Reference(first*markBlock + uint32(i))
					visit(st.get(ref))
				case rolePage:
					ref, _ := st.file.Reference(first*markBlock + uint32(i))
					visit(st.dict(ref)["Annots"])
				}
			}
		}
		catalog := st.dict(st.file.Root())
		for _, key := range []pdf.Name{"AcroForm", "DSS", "Metadata", "Extensions"} {
			visit(catalog[key])
		}
		visit(st.file.Trailer()["Info"])
	}
	return st.needs.get(num) != 0
}

func (st *step) protectedKind(r role) Kind {
	if r == roleSignature {
		return Signed
	}
	return Content
}

func (d *delta) verb() string {
	switch {
	case !d.old:
		return "was added"
	case !d.now:
		return "was taken away"
	}
	return "was written anew with another content"
}

// pageShowing finds the page that reaches an object, within bounds: it only serves the reader.
func (st *step) pageShowing(num uint32) int {
	left := limits.PagesSearched
	for i, p := range st.pages {
		seen := map[uint32]bool{}
		next := []pdf.Object{st.dict(pdf.Ref{Num: p, Gen: st.gen(p)})}
		for len(next) > 0 {
			o := next[0]
			next = next[1:]
			found := false
			references(o, func(ref pdf.Ref) {
				found = found || ref.Num == num
				if !seen[ref.Num] && !st.marks.role(ref.Num).named() && left > 0 {
					seen[ref.Num] = true
					left--
					next = append(next, st.get(ref))
				}
			})
			if found {
				return i
			}
		}
		if left <= 0 {
			break
		}
	}
	return -1
}
