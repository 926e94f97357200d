// SPDX-License-Identifier: Apache-2.0

package changes

import (
	"slices"

	"gsign/internal/pdf"
)

// formFields compares the interactive forms.
func (st *step) formFields() {
	oldRef := st.dictBefore(st.was.Root())["AcroForm"]
	newRef := st.dict(st.file.Root())["AcroForm"]
	a, b := st.dictBefore(oldRef), st.dict(newRef)
	if !st.means(oldRef, newRef, 0) || st.isChanged(newRef) {
		if ref, ok := newRef.(pdf.Ref); ok && newRef != oldRef && !st.assignNew(ref, roleForm) {
			st.tell(ref.Num, Form, Suspicious, free, clauseForm, "the form is another object, which was there before")
		}
		if b == nil && a != nil {
			st.tell(st.file.Root().Num, Form, Forbidden, free, clauseForm, "the form was taken away")
			return
		}
		st.explain(newRef)
		for _, key := range st.keys(a, b) {
			st.formEntry(newRef, key, a[key], b[key])
		}
	}
	st.fieldLists(a["Fields"], b["Fields"], &node{})
	for _, num := range st.nums {
		d := st.changed[num]
		if n := st.fields[num]; n != nil && d.old && !d.explained && st.marks.get(num)&protected == 0 {
			st.fieldChanged(num, d, n)
		}
	}
}

func (st *step) isChanged(o pdf.Object) bool {
	ref, ok := o.(pdf.Ref)
	return ok && st.changed[ref.Num] != nil
}

// explain takes a changed object for explained, unless something protected reaches it.
func (st *step) explain(o pdf.Object) {
	ref, _ := o.(pdf.Ref)
	if d := st.changed[ref.Num]; d != nil && st.marks.get(ref.Num)&protected == 0 {
		d.explained = true
	}
}

// formEntry judges an entry of the AcroForm dictionary (ISO 32000-2 Table 224) that differs.
func (st *step) formEntry(form pdf.Object, key pdf.Name, a, b pdf.Object) {
	ref, _ := form.(pdf.Ref)
	if ref.Num == 0 {
		ref = st.file.Root()
	}
	switch key {
	case "Fields", "SigFlags":
	case "DR":
		if st.onlyAdds(st.dictBefore(a), st.dict(b), 0) {
			st.tell(ref.Num, Bookkeeping, Allowed, fill, clauseForm, "the form's resources have more entries")
			st.explain(b)
			st.adopt(b, 0, false)
			return
		}
		st.tell(ref.Num, Form, Forbidden, free, clauseForm, "the form's resources (/DR) differ")
	case "DA", "Q", "NeedAppearances":
		if a == nil && key == "DA" {
			st.tell(ref.Num, Bookkeeping, Allowed, fill, clauseForm, "the form has a default appearance (/DA) now")
			return
		}
		st.tell(ref.Num, Form, Suspicious, fill, clauseForm, "/%s of the form differs: fields may look different", key)
	default:
		st.tell(ref.Num, Form, Forbidden, free, clauseForm, "/%s of the form differs", key)
	}
}

// onlyAdds reports whether all that one dictionary has is in another too, some levels deep.
func (st *step) onlyAdds(a, b pdf.Dict, depth int) bool {
	for key := range a {
		if st.means(a[key], b[key], 0) && !st.isChanged(b[key]) {
			continue
		}
		x, y := st.dictBefore(a[key]), st.dict(b[key])
		if depth > 0 || x == nil || y == nil || !st.onlyAdds(x, y, depth+1) {
			return false
		}
		st.explain(b[key])
	}
	return true
}

// fieldLists compares /Fields of the form, or /Kids of a field.
func (st *step) fieldLists(a, b pdf.Object, above *node) {
	was, _ := st.before(a).(pdf.Array)
	is := st.array(b)
	st.explain(b)
	if ref, ok := b.(pdf.Ref); ok && a != b && !st.assignNew(ref, roleFields) {
		st.tell(ref.Num, Form, Suspicious, free, clauseForm, "the list of fields is another object, which was there before")
	}
	had := make(map[pdf.Object]bool, len(was))
	for _, o := range was {
		if ref, ok := o.(pdf.Ref); ok {
			had[ref] = true
		}
	}
	kept := 0
	for _, o := range is {
		ref, ok := o.(pdf.Ref)
		switch {
		case ok && had[ref]:
			kept++
			delete(had, ref)
		case ok:
			st.fieldAdded(ref, above)
		case !slices.ContainsFunc(was, func(x pdf.Object) bool { return st.means(x, o, 0) }):
			st.tell(0, Form, Forbidden, free, clauseFields, "a field that is no object of its own was added")
		}
	}
	for o := range had {
		ref := o.(pdf.Ref)
		if _, used := st.was.Reference(ref.Num); used {
			c := st.tell(ref.Num, Form, Forbidden, free, clauseFields, "a field was taken away")
			c.Field = st.nameOf(ref.Num)
		}
	}
}

func (st *step) nameOf(num uint32) string {
	if n := st.fields[num]; n != nil {
		return n.name
	}
	return ""
}

// fieldAdded judges a new field of the form. Signature fields may be added; others change the form.
func (st *step) fieldAdded(ref pdf.Ref, above *node) {
	_, there := st.was.Reference(ref.Num)
	if !there {
		if d := st.changed[ref.Num]; d == nil || !d.now {
			return // nothing is there
		}
	}
	if st.marks.role(ref.Num) != noRole && there {
		st.tell(ref.Num, Form, Forbidden, free, clauseFields, "a %s that was there became a field", st.marks.role(ref.Num))
		return
	}
	if there {
		st.tell(ref.Num, Unused, Suspicious, free, clauseFields, "an object that was there became a field")
	}
	dict := st.dict(ref)
	n := st.node(dict, above)
	terminalSig := n.kind == "Sig" && dict["Kids"] == nil && !n.widget
	if subtype := st.get(dict["Subtype"]); dict["Subtype"] != nil && subtype != pdf.Object(pdf.Name("Widget")) {
		st.tell(ref.Num, Form, Forbidden, free, clauseFields, "the new field %q is no widget but another annotation", n.name)
	}
	if dict["A"] != nil || dict["AA"] != nil {
		st.tell(ref.Num, Form, Suspicious, fill, clauseFields, "the new field %q does something when it is shown or touched", n.name)
	}
	known := st.names[n.name]
	st.marks.assign(ref.Num, roleField)
	st.fields[ref.Num] = n
	st.fresh[ref.Num] = true
	if d := st.changed[ref.Num]; d != nil {
		d.explained = true
	}
	if !terminalSig {
		c := st.tell(ref.Num, Form, Forbidden, free, clauseFields, "a form field that is no signature field was added")
		c.Field = n.name
		st.adopt(dict, ref.Num, false)
		return
	}
	if known {
		st.tell(ref.Num, Form, Forbidden, free, clauseFields, "a second signature field is called %q", n.name)
	}
	st.names[n.name] = true
	visible := st.visible(dict)
	if dict["V"] == nil {
		c := st.tell(ref.Num, Signature, Allowed, fill, clauseFields, "an empty signature field %q was added", n.name)
		c.fresh = true
		if visible {
			c.Verdict, c.Text = Suspicious, c.Text+", and shows something though nobody signed it"
		}
		st.adopt(dict, ref.Num, false)
		return
	}
	st.signatureAdded(ref, dict, n, visible)
}

// signatureAdded judges a signature in a new field or in one that was empty.
func (st *step) signatureAdded(ref pdf.Ref, dict pdf.Dict, n *node, visible bool) {
	st.signing = true
	sig := st.dict(dict["V"])
	kind, needs, what := Signature, fill, "a signature"
	if st.get(sig["Type"]) == pdf.Object(pdf.Name("DocTimeStamp")) || st.get(sig["SubFilter"]) == pdf.Object(pdf.Name("ETSI.RFC3161")) {
		kind, needs, what = Timestamp, free, "a document timestamp"
		if visible {
			needs = fill
		}
	}
	at, indirect := dict["V"].(pdf.Ref)
	_, there := st.was.Reference(at.Num)
	switch other, shared := st.signed[at.Num]; {
	case shared && indirect:
		st.tell(ref.Num, Signed, Forbidden, free, clauseFields, "the fields %q and %q share a signature dictionary", other, n.name)
	case sig == nil:
		st.tell(ref.Num, Signed, Forbidden, free, clauseRange, "the value of signature field %q is no signature", n.name)
		return
	case indirect && there:
		st.tell(at.Num, Signed, Suspicious, free, clauseRange, "the signature dictionary of %q was there before", n.name)
	}
	st.policies = append(st.policies, func() policy { p := st.policy(n.name, sig, dict["Lock"]); p.revision = -1; return p }())
	if st.policies[len(st.policies)-1].docMDP && len(st.policies) > 1 {
		st.tell(at.Num, Signed, Suspicious, fill, clauseDocMDP, "signature %q certifies a document that was signed before", n.name)
	}
	n.signed = max(at.Num, 1)
	if indirect {
		st.signed[at.Num] = n.name
		st.marks.assign(at.Num, roleSignature)
		if d := st.changed[at.Num]; d != nil && !d.old {
			d.explained = true
		}
	}
	st.adopt(sig, 0, true)
	st.ownLook(ref, dict["AP"])
	st.adopt(dict["AP"], ref.Num, true)
	st.adopt(dict, ref.Num, false)
	c := st.tell(ref.Num, kind, Allowed, needs, clauseRange, "%s was added in field %q", what, n.name)
	c.fresh = st.fresh[ref.Num]
	c.visible = visible && c.fresh
	page, _ := dict["P"].(pdf.Ref)
	c.Page = st.pageOf(page.Num)
	switch {
	case visible && kind == Timestamp:
		// Nobody answers for what it shows: a timestamp can be had by everybody.
		c.Verdict, c.Text = Suspicious, c.Text+", and shows something"
	case visible && st.fresh[ref.Num] && st.covers(dict, page):
		c.Verdict, c.Text = Suspicious, c.Text+", and covers much of the page"
	}
}
