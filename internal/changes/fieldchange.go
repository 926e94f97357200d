// SPDX-License-Identifier: Apache-2.0

package changes

import (
	"strings"

	"gsign/internal/limits"
	"gsign/internal/pdf"
)

// fieldChanged judges a field, a group of fields or a widget that was there and was written anew.
func (st *step) fieldChanged(num uint32, d *delta, n *node) {
	d.explained = true
	if !d.now {
		st.tell(num, Form, Forbidden, free, clauseFields, "a field was taken away")
		return
	}
	old, _ := st.was.Reference(num)
	a, ok := st.before(old).(pdf.Dict)
	b, okNow := st.get(d.ref).(pdf.Dict)
	if !ok || !okNow {
		st.tell(num, Form, Forbidden, free, clauseFields, "a field is no dictionary")
		return
	}
	differ := st.keys(a, b)
	switch {
	case n.kind == "Sig" && (n.signed != 0 || st.signedAbove(b)):
		st.signedField(num, differ, a, b)
	case n.kind == "Sig":
		st.emptyField(d.ref, n, differ, a, b)
	default:
		st.filled(num, n, differ, a, b)
	}
}

func (st *step) signedAbove(d pdf.Dict) bool {
	ref, _ := d["Parent"].(pdf.Ref)
	n := st.fields[ref.Num]
	return n != nil && n.signed != 0
}

// signedField judges a change of a field that was signed: nothing that counts may change.
func (st *step) signedField(num uint32, differ []pdf.Name, a, b pdf.Dict) {
	for _, key := range differ {
		switch key {
		case "M", "NM", "P", "StructParent", "Type":
			st.tell(num, Bookkeeping, Allowed, free, clauseFields, "/%s of a signed field differs", key)
		case "Ff":
			st.flags(num, a, b)
		default:
			st.tell(num, Signed, Forbidden, free, clauseRange, "/%s of a signed field differs", key)
		}
	}
}

// flags allows to make a field read-only, as locks do (ISO 32000-2 Table 236 is carried out in this way).
func (st *step) flags(num uint32, a, b pdf.Dict) {
	x, _ := st.before(a["Ff"]).(pdf.Integer)
	y := pdf.Integer(st.integer(b["Ff"]))
	if y == x|1 {
		st.tell(num, Bookkeeping, Allowed, free, clauseFieldMDP, "a field was made read-only")
		return
	}
	st.tell(num, Form, Forbidden, free, clauseFields, "the flags of a field differ (/Ff)")
}

// emptyField judges a change of a signature field that was not signed.
func (st *step) emptyField(ref pdf.Ref, n *node, differ []pdf.Name, a, b pdf.Dict) {
	signs := a["V"] == nil && b["V"] != nil
	var moved, looks bool
	for _, key := range differ {
		switch key {
		case "V", "AP", "M", "P", "Type", "StructParent", "NM":
		case "F", "MK", "DA", "BS", "Border":
			looks = true
		case "Subtype":
			if b["Subtype"] != pdf.Object(pdf.Name("Widget")) {
				st.tell(ref.Num, Form, Forbidden, free, clauseFields, "a signature field is no widget but another annotation")
			}
		case "Lock":
			if a["Lock"] != nil {
				st.tell(ref.Num, Form, Forbidden, free, clauseFieldMDP, "the lock of a signature field differs")
			} else if !signs {
				st.tell(ref.Num, Form, Suspicious, fill, clauseFieldMDP, "an empty signature field got a lock")
			}
		case "Rect":
			moved = true
		case "Ff":
			st.flags(ref.Num, a, b)
		case "Kids":
			st.fieldLists(a["Kids"], b["Kids"], n)
		default:
			st.tell(ref.Num, Form, Forbidden, free, clauseFields, "/%s of a signature field differs", key)
		}
	}
	if moved && st.visible(b) {
		st.tell(ref.Num, Signature, Suspicious, fill, clauseFields, "the signature field %q was moved, or its size differs", n.name)
	}
	if signs {
		st.signatureAdded(ref, b, n, st.visible(b))
		return
	}
	if b["V"] == nil && (!st.means(a["AP"], b["AP"], 0) || looks && (st.visible(a) || st.visible(b))) {
		st.tell(ref.Num, Form, Suspicious, fill, clauseFields, "the look of the empty signature field %q differs", n.name)
	}
	st.adopt(b, ref.Num, false)
}

// filled judges a change of a field that holds a value, of a group of such, or of a widget.
func (st *step) filled(num uint32, n *node, differ []pdf.Name, a, b pdf.Dict) {
	var value, appearance bool
	for _, key := range differ {
		switch key {
		case "V", "I", "RV", "TI":
			value = true
		case "AS":
			value, appearance = value || n.kind == "Btn", appearance || n.kind != "Btn"
		case "AP":
			appearance = true
		case "M", "NM", "P", "Type", "StructParent":
		case "Ff":
			st.flags(num, a, b)
		case "Kids":
			st.fieldLists(a["Kids"], b["Kids"], n)
		case "F", "OC":
			st.tell(num, Form, Suspicious, fill, "ISO 32000-2 12.5.3", "whether the field is shown differs (/%s)", key)
		case "Rect", "MK", "DA", "Q", "DS", "BS", "Border", "MaxLen":
			st.tell(num, Form, Suspicious, fill, "ISO 32000-2 12.7.4.3", "the look of the field differs (/%s)", key)
		default:
			st.tell(num, Form, Forbidden, free, clauseFields, "/%s of a field differs", key)
		}
	}
	st.adopt(b, num, false)
	if !value && !appearance {
		return
	}
	st.filling = true
	c := st.tell(num, FormFill, Allowed, fill, clauseDocMDP, "the field was filled in")
	page, _ := b["P"].(pdf.Ref)
	c.Page = st.pageOf(page.Num)
	if n.kind == "Btn" {
		if text := st.button(b, appearance, a["AP"] != nil); text != "" {
			c.Verdict, c.Text, c.Clause = Suspicious, text, "ISO 32000-2 12.7.5.2"
		}
		return
	}
	if appearance && !value && !st.valueAbove(n, b) && a["AP"] != nil {
		c.Verdict, c.Text, c.Clause = Suspicious, "the field looks different, and its value is as it was", "ISO 32000-2 12.7.4.3"
		return
	}
	if text := st.mismatch(n, b); text != "" {
		c.Verdict, c.Text, c.Clause = Suspicious, text, "ISO 32000-2 12.7.4.3"
	}
}

// valueAbove reports whether the value that a widget shows was changed with the field above it.
func (st *step) valueAbove(n *node, widget pdf.Dict) bool {
	ref, _ := widget["Parent"].(pdf.Ref)
	return n.widget && st.revalued(ref.Num)
}

// revalued reports whether the value of a field that was there differs.
func (st *step) revalued(num uint32) bool {
	d := st.changed[num]
	if d == nil || !d.old || !d.now {
		return false
	}
	old, _ := st.was.Reference(num)
	a, b := st.dictBefore(old), st.dict(d.ref)
	return !st.means(a["V"], b["V"], 0) || !st.means(a["I"], b["I"], 0)
}

// mismatch says that what a text field shows is not its value. Only text in a simple encoding can be told.
func (st *step) mismatch(n *node, b pdf.Dict) string {
	from := b
	if n.widget {
		from = st.dict(b["Parent"])
	}
	normal := st.get(st.dict(b["AP"])["N"])
	if states, ok := normal.(pdf.Dict); ok {
		state, _ := st.get(b["AS"]).(pdf.Name)
		normal = st.get(states[state])
	}
	look, isStream := normal.(*pdf.Stream)
	if n.kind != "Tx" && n.kind != "Ch" || !isStream || st.integer(from["Ff"])&(1<<13) != 0 { // a password shows as asterisks
		return ""
	}
	v := st.get(from["V"])
	value, isText := v.(pdf.String)
	if from["V"] != nil && v != nil && !isText && v != pdf.Object(pdf.Null{}) {
		if n.kind == "Tx" {
			return "the field's value is no text"
		}
		return "" // several options of a list
	}
	p, ok := st.paint(look, false)
	if !ok {
		return "what the field shows cannot be read"
	}
	if p.image || p.form {
		return "the field shows a picture or another form"
	}
	shown, want := letters(p.text), letters(value.Text())
	if n.kind == "Ch" {
		want = st.options(from["Opt"]) + " " + want // a list shows its options, a choice may be shown by another text
	} else if !p.plain && len(value) == 0 && shown != "" {
		return "the field shows something, and has no value"
	}
	if p.plain && shown != "" && shown != want && (n.kind != "Ch" || !strings.Contains(want, shown)) {
		return "the field shows something else than its value"
	}
	return ""
}

// button says what is wrong with a button that was changed. The looks that it can have are to be there when the document
// is signed; where there are none, a box gets its mark and no more.
func (st *step) button(b pdf.Dict, appearance, had bool) string {
	const pushbutton = 1 << 16
	flags := st.integer(st.inherited(b, "Ff"))
	if appearance && (had || flags&pushbutton != 0) {
		return "the button looks different: those it can have were there"
	}
	states, ok := st.get(st.dict(b["AP"])["N"]).(pdf.Dict)
	if !ok {
		if appearance {
			return "the button has a look without states"
		}
		return ""
	}
	for _, o := range states {
		if look, ok := st.get(o).(*pdf.Stream); ok && appearance {
			p, ok := st.paint(look, false)
			if !ok || p.image || p.form || len(letters(p.text)) > 1 {
				return "the button's look is more than a mark"
			}
		}
	}
	state, ok := st.get(b["AS"]).(pdf.Name)
	want := pdf.Name("Off")
	switch v := st.get(st.inherited(b, "V")).(type) {
	case pdf.Name:
		want = v
	case pdf.String:
		want = pdf.Name(v.Text())
	}
	if states[want] == nil {
		want = "Off" // another button of the group is the one that is on
	}
	if ok && state != want {
		return "the button shows something else than its value"
	}
	return ""
}

// inherited gives an entry of a field or of the nearest field above it that has one.
func (st *step) inherited(d pdf.Dict, key pdf.Name) pdf.Object {
	for range limits.FieldDepth {
		if d == nil || d[key] != nil {
			break
		}
		d = st.dict(d["Parent"])
	}
	return d[key]
}

// options gives the texts of a choice field's options, one after the other.
func (st *step) options(o pdf.Object) string {
	var all strings.Builder
	for _, e := range st.array(o) {
		v := st.get(e)
		if pair, ok := v.(pdf.Array); ok && len(pair) == 2 {
			v = st.get(pair[1])
		}
		if text, ok := v.(pdf.String); ok {
			all.WriteString(letters(text.Text()))
		}
	}
	return all.String()
}

// letters leaves the ASCII letters and digits of a text, which every simple encoding has at the same place.
func letters(s string) string {
	out := make([]byte, 0, len(s))
	for i := range len(s) {
		c := s[i]
		if c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' {
			out = append(out, c)
		}
	}
	return string(out)
}
