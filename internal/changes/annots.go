// SPDX-License-Identifier: Apache-2.0

package changes

import (
	"errors"

	"gsign/internal/pdf"
)

const clauseAnnots = "ISO 32000-2 12.5.2"

func asUnsupported(err error, target **pdf.UnsupportedError) bool { return errors.As(err, target) }

// pagesAndAnnotations compares the pages that were written anew, their lists of annotations, and the annotations.
func (st *step) pagesAndAnnotations() {
	lists := map[uint32]bool{} // lists of annotations that were written anew
	for _, num := range st.nums {
		d := st.changed[num]
		if d.explained || !d.old || st.marks.get(num)&protected != 0 {
			continue
		}
		switch st.marks.role(num) {
		case rolePage:
			st.page(num, d)
		case rolePages:
			st.pageNode(num, d)
		case roleAnnots:
			lists[num] = true
		case roleAnnot:
			st.annotationChanged(num, d)
		}
	}
	if len(lists) == 0 {
		return
	}
	for i, p := range st.pages {
		if !st.state.step() {
			return
		}
		at, _ := st.dict(pdf.Ref{Num: p, Gen: st.gen(p)})["Annots"].(pdf.Ref)
		if lists[at.Num] {
			delete(lists, at.Num)
			st.explain(at)
			st.annotLists(at, at, i)
		}
		if len(lists) == 0 {
			return
		}
	}
}

// page compares a page with what it was: only its annotations may differ.
func (st *step) page(num uint32, d *delta) {
	index := st.pageOf(num)
	old, _ := st.was.Reference(num)
	a, b := st.dictBefore(old), st.dict(d.ref)
	d.explained = true
	if !d.now || b == nil {
		st.tell(num, Content, Forbidden, free, clauseRange, "page %d was taken away", index+1).Page = index
		return
	}
	for _, key := range st.keys(a, b) {
		switch {
		case key == "Annots":
			if ref, ok := b["Annots"].(pdf.Ref); ok && ref != a["Annots"] && !st.assignNew(ref, roleAnnots) {
				st.tell(num, Annotation, Suspicious, annotate, clauseAnnots, "the annotations of page %d are a list that was there before", index+1).Page = index
			}
			st.annotLists(a["Annots"], b["Annots"], index)
		case key == "Tabs" && a[key] == nil, key == "StructParents" && a[key] == nil, key == "LastModified":
			st.tell(num, Bookkeeping, Allowed, free, clauseAnnots, "/%s of page %d differs", key, index+1).Page = index
		case key == "StructParents":
			st.tell(num, Document, Suspicious, fill, clauseStructure, "/%s of page %d differs", key, index+1).Page = index
		default:
			st.tell(num, Content, Forbidden, free, clauseRange, "/%s of page %d differs", key, index+1).Page = index
		}
	}
	st.moved(a, b, "Annots", "Parent")
}

// pageNode lets programs write their name into the page tree.
func (st *step) pageNode(num uint32, d *delta) {
	old, _ := st.was.Reference(num)
	keys := st.keys(st.dictBefore(old), st.dict(d.ref))
	if d.now && len(keys) == 1 && keys[0] == "ITXT" {
		st.tell(num, Bookkeeping, Allowed, free, clauseCatalog, "/ITXT of the page tree differs: the version of a program")
	}
}

// annotLists compares two lists of annotations.
func (st *step) annotLists(a, b pdf.Object, page int) {
	was, _ := st.before(a).(pdf.Array)
	is := st.array(b)
	had := make(map[pdf.Object]int, len(was))
	var direct []pdf.Object
	for i, o := range was {
		if ref, ok := o.(pdf.Ref); ok {
			had[ref] = i
		} else {
			direct = append(direct, o)
		}
	}
	last := -1
	for _, o := range is {
		ref, ok := o.(pdf.Ref)
		at, kept := had[o1(ok, ref)]
		switch {
		case ok && kept:
			if at < last {
				st.tell(ref.Num, Annotation, Suspicious, annotate, clauseAnnots, "the order of the annotations of page %d differs", page+1).Page = page
			}
			last = max(last, at)
			delete(had, ref)
		case ok:
			st.annotationAdded(ref, page)
		case len(direct) > 0 && st.means(direct[0], o, 0):
			direct = direct[1:]
		default:
			c := st.tell(0, Annotation, Allowed, annotate, clauseAnnots, "an annotation was added on page %d", page+1)
			st.look(c, st.dict(o))
			c.Page = page
			st.adopt(o, 0, false)
		}
	}
	for o := range had {
		st.annotationRemoved(o.(pdf.Ref), page)
	}
	for _, o := range direct {
		if st.before(o) != pdf.Object(pdf.Null{}) {
			st.tell(0, Annotation, Suspicious, annotate, clauseAnnots, "an annotation of page %d was taken away or changed", page+1).Page = page
		}
	}
}

// o1 gives what to look up in a map: not every object can be a key.
func o1(ok bool, ref pdf.Ref) pdf.Object {
	if ok {
		return ref
	}
	return pdf.Null{}
}

func (st *step) annotationRemoved(ref pdf.Ref, page int) {
	dict := st.dictBefore(ref)
	if dict == nil {
		return // nothing was there
	}
	if st.fields[ref.Num] != nil {
		st.tell(ref.Num, Form, Forbidden, free, clauseAnnots, "the widget of a field was taken from page %d", page+1).Page = page
		return
	}
	verdict := Suspicious
	if dict["Subtype"] == pdf.Object(pdf.Name("Popup")) {
		verdict = Allowed
	}
	st.tell(ref.Num, Annotation, verdict, annotate, clauseAnnots, "an annotation was taken from page %d", page+1).Page = page
}

// annotationAdded judges an entry that a page's list of annotations got.
func (st *step) annotationAdded(ref pdf.Ref, page int) {
	dict := st.dict(ref)
	n := st.fields[ref.Num]
	_, there := st.was.Reference(ref.Num)
	switch {
	case dict == nil:
		st.dangle(ref, false)
	case n != nil && st.fresh[ref.Num]: // a new signature field, which has been judged by the page that it names
		named, _ := dict["P"].(pdf.Ref)
		if page < 0 || named.Num == st.pages[page] {
			return
		}
		at := pdf.Ref{Num: st.pages[page], Gen: st.gen(st.pages[page])}
		if st.visible(dict) && st.covers(dict, at) {
			st.tell(ref.Num, Signature, Suspicious, fill, clauseAnnots, "the new field covers much of page %d, and names another", page+1).Page = page
		}
	case n != nil && n.kind == "Sig" && n.signed != 0 && there && st.isChanged(ref):
		if st.visible(dict) {
			c := st.tell(ref.Num, Signature, Allowed, fill, clauseAnnots, "the field that was signed is shown on page %d now", page+1)
			c.Page, c.visible = page, true
		}
	case n != nil:
		st.tell(ref.Num, Form, Suspicious, fill, clauseAnnots, "a field that was there is shown on page %d now", page+1).Page = page
	case st.marks.role(ref.Num) == roleAnnot && there:
		st.tell(ref.Num, Annotation, Suspicious, annotate, clauseAnnots, "an annotation of another page is shown on page %d too", page+1).Page = page
	case there:
		st.marks.assign(ref.Num, roleAnnot)
		st.tell(ref.Num, Unused, Suspicious, annotate, clauseAnnots, "an object that was there became an annotation of page %d", page+1).Page = page
		st.adopt(dict, ref.Num, false)
	case dict["Subtype"] == pdf.Object(pdf.Name("Widget")):
		st.assignNew(ref, roleAnnot)
		st.tell(ref.Num, Form, Forbidden, free, clauseAnnots, "a widget of no known field was added on page %d", page+1).Page = page
		st.adopt(dict, ref.Num, false)
	default:
		st.assignNew(ref, roleAnnot)
		c := st.tell(ref.Num, Annotation, Allowed, annotate, clauseAnnots, "an annotation was added on page %d", page+1)
		c.Page = page
		st.look(c, dict)
		st.adopt(dict, ref.Num, false)
	}
}

// look judges an annotation by what it may hide or pretend. Notes, links and marks beside the text are what annotating is
// for; what paints text, pictures or areas can be taken for a part of the page.
func (st *step) look(c *change, dict pdf.Dict) {
	suspect := func(why string) {
		c.Verdict = Suspicious
		c.Text += ", which " + why
	}
	subtype, _ := st.get(dict["Subtype"]).(pdf.Name)
	c.Text += " (" + string(subtype) + ")"
	small := false
	action := st.dict(dict["A"])
	kind := st.get(action["S"])
	leads := kind == pdf.Object(pdf.Name("URI")) || kind == pdf.Object(pdf.Name("GoTo"))
	if dict["AA"] != nil || dict["A"] != nil && (!leads || action["Next"] != nil) {
		suspect("does something when it is touched")
		return
	}
	if st.thick(dict) {
		suspect("has a border that can cover the page")
		return
	}
	switch subtype {
	case "Popup":
	case "Text", "FileAttachment", "Sound":
		w, h := st.rect(dict["Rect"])
		small = w <= 40 && h <= 40
	case "Link", "Highlight", "Underline", "Squiggly", "StrikeOut", "Caret":
	default:
		suspect("can cover the page or look like a part of it")
		return
	}
	ap := st.dict(dict["AP"])
	if len(ap) == 0 {
		return
	}
	for _, o := range ap {
		if !st.modest(o, dict, small, 0) {
			suspect("has an appearance that can cover the page or look like a part of it")
			return
		}
	}
}

// lineWidth is the widest line, in points, that counts as one.
const lineWidth = 4

// thick reports whether an annotation has a border that is more than a line.
func (st *step) thick(dict pdf.Dict) bool {
	width, _ := pdf.Number(st.get(st.dict(dict["BS"])["W"]))
	border := st.array(dict["Border"])
	if len(border) > 2 {
		w, _ := pdf.Number(st.get(border[2]))
		width = max(width, w)
	}
	return width > lineWidth
}

// modest reports whether an appearance, or each of several, paints nothing that can be taken for the page's content.
func (st *step) modest(o pdf.Object, annot pdf.Dict, small bool, depth int) bool {
	switch v := st.get(o).(type) {
	case *pdf.Stream:
		p, ok := st.paint(v, st.enlarged(annot, v))
		return ok && !p.image && !p.form && p.text == "" && (small || !p.fills && !p.draws)
	case pdf.Dict:
		for _, e := range v {
			if depth > 0 || !st.modest(e, annot, small, depth+1) {
				return false
			}
		}
	}
	return true
}

// annotationChanged judges an annotation that was written anew.
func (st *step) annotationChanged(num uint32, d *delta) {
	d.explained = true
	old, _ := st.was.Reference(num)
	a, ok := st.before(old).(pdf.Dict)
	b, okNow := st.get(d.ref).(pdf.Dict)
	page, _ := a["P"].(pdf.Ref)
	index := st.pageOf(page.Num)
	if !ok || !okNow {
		st.tell(num, Annotation, Suspicious, annotate, clauseAnnots, "an annotation was taken away").Page = index
		return
	}
	c := st.tell(num, Annotation, Allowed, annotate, clauseAnnots, "an annotation was changed")
	c.Page = index
	subtype, _ := st.get(b["Subtype"]).(pdf.Name)
	for _, key := range st.keys(a, b) {
		switch key {
		case "Contents", "RC", "Name":
			if subtype == "FreeText" || subtype == "Line" || subtype == "Stamp" {
				c.Verdict, c.Text = Suspicious, c.Text+", also /"+string(key)+", which it may show"
			}
		case "M", "T", "Subj", "CreationDate", "NM", "P", "Popup", "Open", "State", "StateModel", "IRT", "RT", "StructParent":
		case "AP":
			if st.dict(b["AP"]) != nil && a["AP"] == nil {
				st.look(c, b)
				continue
			}
			c.Verdict, c.Text = Suspicious, c.Text+", and looks different"
		default:
			c.Verdict, c.Text = Suspicious, c.Text+", also /"+string(key)
		}
	}
	st.adopt(b, num, false)
}

// appearances judges streams that fields and annotations show and that were written anew in their place.
func (st *step) appearances() {
	for _, num := range st.nums {
		d := st.changed[num]
		at := st.owner[num]
		if d.explained || at == 0 || !d.old || !d.now || st.marks.get(num)&protected != 0 {
			continue
		}
		if r := st.marks.role(num); r != noRole {
			continue
		}
		o := st.get(d.ref)
		n := st.fields[at]
		switch {
		case n == nil:
			c := st.tell(num, Annotation, Suspicious, annotate, clauseAnnots, "what an annotation shows differs")
			c.Field = ""
		case n.kind != "Sig" && n.kind != "Btn" && (st.revalued(at) || st.valueAbove(n, st.dict(pdf.Ref{Num: at, Gen: st.gen(at)}))):
			c := st.tell(num, FormFill, Allowed, fill, clauseDocMDP, "what the field shows differs")
			c.Field = n.name
			if text := st.mismatch(n, st.dict(pdf.Ref{Num: at, Gen: st.gen(at)})); text != "" {
				c.Verdict, c.Text = Suspicious, text
			}
		default:
			c := st.tell(num, Form, Suspicious, fill, clauseDocMDP, "what the field shows differs, and its value is as it was")
			c.Field = n.name
		}
		st.adopt(o, at, false)
	}
}

// ownLook explains the streams that a field showed while it was empty, and that its signer wrote anew in their place. What
// something else shows too is left to be judged.
func (st *step) ownLook(field pdf.Ref, ap pdf.Object) {
	before := st.dictBefore(st.dictBefore(field)["AP"])
	for key, o := range st.dict(ap) {
		look, indirect := o.(pdf.Ref)
		d := st.changed[look.Num]
		if !indirect || before[key] != o || d == nil || !d.old || !d.now || st.marks.get(look.Num)&protected != 0 {
			continue
		}
		_, form := st.get(look).(*pdf.Stream)
		if form && !st.shownElsewhere(look, field.Num) {
			d.explained = true
		}
	}
}

// shownElsewhere reports whether another field or annotation, or the form's resources, lead to an appearance: in this
// revision or before it, by whichever way.
func (st *step) shownElsewhere(look pdf.Ref, field uint32) bool {
	is := func(o pdf.Object) pdf.Object { return st.get(o) }
	return st.leads(is, st.dict(st.file.Root()), look, field) || st.leads(st.before, st.dictBefore(st.was.Root()), look, field)
}

func (st *step) leads(read func(pdf.Object) pdf.Object, catalog pdf.Dict, look pdf.Ref, field uint32) bool {
	found, seen := false, marks{}
	var next []pdf.Object
	visit := func(ref pdf.Ref) {
		found = found || ref == look
		if b := seen.at(ref.Num); *b == 0 && !st.marks.role(ref.Num).named() {
			*b = 1
			next = append(next, read(ref))
		}
	}
	next = append(next, dictOf(read(catalog["AcroForm"]))["DR"])
	for num := range st.fields {
		if num != field {
			next = append(next, read(pdf.Ref{Num: num, Gen: st.gen(num)}))
		}
	}
	for _, num := range st.pages {
		annots, _ := read(dictOf(read(pdf.Ref{Num: num, Gen: st.gen(num)}))["Annots"]).(pdf.Array)
		for _, a := range annots {
			if ref, _ := a.(pdf.Ref); ref.Num != field && st.fields[ref.Num] == nil {
				next = append(next, read(a))
			}
		}
	}
	for len(next) > 0 && !found && st.state.step() {
		o := next[len(next)-1]
		next = next[:len(next)-1]
		references(o, visit)
	}
	return found || len(next) > 0
}
