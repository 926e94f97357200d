// SPDX-License-Identifier: Apache-2.0

package changes

import (
	"context"

	"gsign/internal/limits"
	"gsign/internal/pdf"
)

// state is what is known of a revision. It is made once, of the oldest signed one, by a walk over all that it has, and then
// follows what later revisions change.
type state struct {
	ctx   context.Context
	file  *pdf.File
	marks marks
	// fields holds the nodes of the form by number.
	fields map[uint32]*node
	names  map[string]bool // fully qualified names of fields that have a name of their own
	// pages are the pages' numbers, in their order.
	pages []uint32
	// annotated are those that had annotations when the walk began, shielded is what pages refer to, painted what of it
	// their contents and resources do: all of the walk alone.
	annotated []uint32
	shielded  []pdf.Ref
	painted   []pdf.Ref
	// owner gives the annotation or field that shows an object as its appearance.
	owner map[uint32]uint32
	// signed gives the field that each signature dictionary belongs to.
	signed map[uint32]string
	// dangling are references to objects that are not there, and whether something protected has them.
	dangling map[pdf.Ref]bool
	crowded  bool // there are more of them than are remembered
	// evidence are streams of the security store that lead nowhere: while they do not change they need not be read again.
	evidence map[pdf.Ref]bool
	policies []policy
	later    []pdf.Dict // signatures to be protected once all roles are known
	painting bool       // what is followed is painted: a field or an annotation in it is no mere destination
	found    []change   // what is wrong with the revision itself
	steps    int
	err      error
}

// node is a node of the form.
type node struct {
	name   string // fully qualified
	kind   pdf.Name
	widget bool   // it has no name of its own and is shown for its field
	signed uint32 // the signature dictionary; 0 where there is none
}

// survey walks a revision.
func survey(ctx context.Context, f *pdf.File) (*state, error) {
	s := &state{
		ctx: ctx, file: f, marks: marks{}, fields: map[uint32]*node{}, names: map[string]bool{}, owner: map[uint32]uint32{},
		signed: map[uint32]string{}, dangling: map[pdf.Ref]bool{}, evidence: map[pdf.Ref]bool{},
	}
	catalog, err := f.Catalog()
	if err != nil {
		return nil, err
	}
	s.marks.assign(f.Root().Num, roleCatalog)
	trailer := f.Trailer()
	s.assign(trailer["Info"], roleInfo)
	s.assign(trailer["Encrypt"], roleOther)
	s.assign(catalog["Metadata"], roleMetadata)
	s.form(catalog["AcroForm"])
	s.pageTree(catalog["Pages"])
	s.store(catalog["DSS"])
	// What is protected is walked first: it stays so whatever else reaches it.
	s.painting = true
	for _, ref := range s.painted {
		s.follow(ref, true, 0)
	}
	s.painting = false
	for key, o := range catalog {
		switch key {
		case "AcroForm", "DSS", "Metadata", "Pages", "Extensions", "Perms", "StructTreeRoot":
		default:
			s.follow(o, true, 0)
		}
	}
	for _, ref := range s.shielded {
		s.follow(ref, true, 0)
	}
	s.perms(catalog["Perms"])
	s.protectSignatures()
	s.shown()
	s.annotated, s.shielded, s.painted = nil, nil, nil
	s.follow(s.dict(trailer["Info"]), false, 0)
	s.follow(catalog["Extensions"], false, 0)
	s.structure(catalog["StructTreeRoot"])
	if s.err == nil {
		s.err = f.Exhausted()
	}
	return s, s.err
}

// step counts the work, and asks from time to time whether somebody still waits for it.
func (s *state) step() bool {
	s.steps++
	if s.err == nil && s.steps%1024 == 0 {
		s.err = s.ctx.Err()
	}
	return s.err == nil
}

// get reads an object of the newer revision.
func (s *state) get(o pdf.Object) pdf.Object { return s.resolve(s.file, o) }

func (s *state) dict(o pdf.Object) pdf.Dict { return dictOf(s.get(o)) }

// resolve reads an object of a revision. What cannot be read is nothing.
func (s *state) resolve(f *pdf.File, o pdf.Object) pdf.Object {
	v, err := f.Resolve(o)
	if err != nil {
		if !pdf.IsMalformed(err) && s.err == nil {
			s.err = err
		}
		return pdf.Null{}
	}
	return v
}

// dictOf gives a dictionary, or that of a stream.
func dictOf(o pdf.Object) pdf.Dict {
	switch v := o.(type) {
	case pdf.Dict:
		return v
	case *pdf.Stream:
		return v.Dict
	}
	return nil
}

func (s *state) array(o pdf.Object) pdf.Array {
	a, _ := s.get(o).(pdf.Array)
	return a
}

// assign gives the object of a reference a role.
func (s *state) assign(o pdf.Object, r role) bool {
	ref, ok := o.(pdf.Ref)
	if !ok {
		return true
	}
	if got, used := s.file.Reference(ref.Num); !used || got != ref {
		s.dangle(ref, r == rolePage || r == rolePages)
		return false
	}
	return s.marks.assign(ref.Num, r)
}

func (s *state) dangle(ref pdf.Ref, shielded bool) {
	if len(s.dangling) >= limits.PDFAbsent {
		s.crowded = true
		return
	}
	s.dangling[ref] = s.dangling[ref] || shielded
}

// follow marks all that an object reaches, but for pages, fields and annotations: those are compared as what they are. With an
// owner that is not 0, what is marked is the owner's appearance.
func (s *state) follow(o pdf.Object, shielded bool, owner uint32) {
	mark := uint8(reachable)
	if shielded {
		mark |= protected
	}
	var next []pdf.Ref
	visit := func(ref pdf.Ref) {
		if got, used := s.file.Reference(ref.Num); !used || got != ref {
			s.dangle(ref, shielded)
			return
		}
		b := s.marks.at(ref.Num)
		switch r := role(*b & roleMask); {
		case r.loose() && *b&protected == 0, s.painting && (r == roleField || r == roleAnnot) && *b&protected == 0:
			*b |= protected
		case r.named() || *b&mark == mark:
			return
		}
		*b |= mark
		if owner != 0 && !shielded {
			s.owner[ref.Num] = owner
		}
		next = append(next, ref)
	}
	references(o, visit)
	for len(next) > 0 && s.step() {
		ref := next[len(next)-1]
		next = next[:len(next)-1]
		references(s.get(ref), visit)
	}
}

func (s *state) protectSignatures() {
	for _, sig := range s.later {
		for _, v := range sig {
			s.follow(v, true, 0)
		}
	}
	s.later = nil
}

// pageTree walks the pages. Of each everything but the annotations is protected: what it refers to is followed once all
// roles are known.
func (s *state) pageTree(root pdf.Object) {
	seen := marks{}
	shield := func(dict pdf.Dict) {
		for key, o := range dict {
			if key == "Annots" || key == "Parent" || key == "Kids" {
				continue
			}
			list, bit := &s.shielded, uint8(1)
			if key == "Resources" || key == "Contents" {
				list, bit = &s.painted, 2
			}
			references(o, func(ref pdf.Ref) {
				if b := seen.at(ref.Num); *b&bit == 0 {
					*b |= bit
					*list = append(*list, ref)
				}
			})
		}
	}
	stack := []pdf.Object{root}
	for len(stack) > 0 && s.step() {
		o := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		dict := s.dict(o)
		if dict == nil {
			s.assign(o, rolePage) // one that is not there may come
			continue
		}
		if dict["Kids"] == nil && dict["Type"] != pdf.Object(pdf.Name("Pages")) {
			ref, _ := o.(pdf.Ref)
			if s.assign(o, rolePage) {
				s.pages = append(s.pages, ref.Num)
				s.annotations(ref, dict["Annots"])
				shield(dict)
			}
			continue
		}
		if !s.assign(o, rolePages) {
			continue
		}
		shield(dict)
		if kids, ok := dict["Kids"].(pdf.Ref); ok {
			s.shielded = append(s.shielded, kids)
		}
		kids := s.array(dict["Kids"])
		for i := len(kids) - 1; i >= 0; i-- {
			stack = append(stack, kids[i])
		}
	}
}

// annotations notes the annotations of a page.
func (s *state) annotations(page pdf.Ref, o pdf.Object) {
	if o == nil {
		return
	}
	s.assign(o, roleAnnots)
	list := s.array(o)
	for _, a := range list {
		s.assign(a, roleAnnot)
	}
	if len(list) > 0 {
		s.annotated = append(s.annotated, page.Num)
	}
}

// shown marks what annotations and fields show. A page may share it: then it is protected already. What signed fields
// show is protected.
func (s *state) shown() {
	s.painting = true
	for num, n := range s.fields {
		if n.signed != 0 {
			s.follow(s.dict(pdf.Ref{Num: num, Gen: s.gen(num)})["AP"], true, 0)
		}
	}
	s.painting = false
	for num := range s.fields {
		s.follow(s.dict(pdf.Ref{Num: num, Gen: s.gen(num)}), false, num)
	}
	for _, num := range s.annotated {
		for _, a := range s.array(s.dict(pdf.Ref{Num: num, Gen: s.gen(num)})["Annots"]) {
			if !s.step() {
				return
			}
			ref, _ := a.(pdf.Ref)
			s.follow(s.get(a), false, ref.Num)
		}
	}
	s.follow(s.dict(s.catalogEntry("AcroForm")), false, 0)
}

func (s *state) gen(num uint32) uint16 {
	ref, _ := s.file.Reference(num)
	return ref.Gen
}

func (s *state) catalogEntry(key pdf.Name) pdf.Object {
	return s.dict(s.file.Root())[key]
}

// store marks the security store. What else reaches into it is marked before or after: protected stays protected.
func (s *state) store(o pdf.Object) {
	var walk func(o pdf.Object, depth int)
	walk = func(o pdf.Object, depth int) {
		if depth > 8 || !s.step() { // DSS, VRI, one entry, its array, the stream: each maybe by reference
			return
		}
		if ref, ok := o.(pdf.Ref); ok && !s.assign(ref, roleStore) {
			return
		}
		switch v := s.get(o).(type) {
		case pdf.Array:
			for _, e := range v {
				walk(e, depth+1)
			}
		case pdf.Dict:
			for _, e := range v {
				walk(e, depth+1)
			}
		}
	}
	walk(o, 0)
}

// pageOf gives the index of a page by its number, or −1.
func (s *state) pageOf(num uint32) int {
	for i, p := range s.pages {
		if p == num && num != 0 {
			return i
		}
	}
	return -1
}
