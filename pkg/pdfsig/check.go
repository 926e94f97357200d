// SPDX-License-Identifier: Apache-2.0

package pdfsig

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"gsign/internal/limits"
	"gsign/internal/pdf"
)

// Check reports everything about the document and the options that can be refused before anything is spent: a
// *RefusedError, or a *MalformedError when a part needed for signing is broken. It makes the very objects that Prepare
// makes, so that what passes here does not fail there.
func (d *Document) Check(opts *Options) error {
	var asked Options
	if opts != nil {
		asked = *opts
	}
	asked.Now, asked.MaxSkew = nil, 0 // these decide nothing here
	d.forget()
	if d.checked != nil && reflect.DeepEqual(*d.checked, asked) {
		return nil // the document is the same, and so is what was found
	}
	err := d.settled(func() error { return d.check(opts) })
	if err == nil {
		d.checked = &asked
	}
	return err
}

func (d *Document) check(opts *Options) error {
	pl, err := d.plan(opts)
	if err != nil {
		return err
	}
	err = d.conform(pl, max(TokenAllowance, pl.opts.Reserve))
	if err != nil {
		return err
	}
	update, _, _, err := d.compose(pl, 0)
	if err != nil {
		return err
	}
	rev, err := update.Build()
	if err != nil {
		return err
	}
	err = d.rehearse(rev)
	if err != nil {
		return err
	}
	err = d.file.Exhausted()
	if err != nil {
		return err
	}
	return d.Unambiguous(context.Background())
}

// plan is where a signature will go.
type plan struct {
	opts      Options
	form      *form
	field     *field   // an existing empty field; nil when a new one is made
	name      string   // its fully qualified name
	parent    pdf.Ref  // of a new field: the group it joins; zero for the form's root
	path      []string // of a new field: its own name, the last, and those of new groups above it
	lock      *lock    // of the existing field, to become a FieldMDP reference
	page      pdf.Ref  // that gets the widget of a new field; zero where none can
	resigning bool     // the document has signatures already
}

func (d *Document) plan(opts *Options) (*plan, error) {
	if n, ok := d.file.Beyond(); ok {
		// The signature's own bytes would come to stand there, and the object with them.
		return nil, &pdf.MalformedError{Offset: -1, What: fmt.Sprintf("the cross-reference places object %d after the end of the file", n)}
	}
	pl := &plan{}
	if opts != nil {
		pl.opts = *opts
	}
	var err error
	pl.form, err = d.form()
	if err != nil {
		return nil, err
	}
	for _, step := range []func(*plan) error{d.refuseForm, d.refusePermissions, d.choose, d.refuseRights, d.choosePage} {
		err := step(pl)
		if err != nil {
			return nil, err
		}
	}
	return pl, nil
}

// choosePage finds the page for the widget of a new field: the first that can take one, which is nearly always the first. A
// page that is no object of its own cannot be pointed to, and one whose annotations cannot be read would lose them. A
// document without such a page gets a field that is on no page: nothing of it is to be seen anyway.
func (d *Document) choosePage(pl *plan) error {
	if pl.field != nil {
		return nil
	}
	n := 0
	for page, err := range d.file.Pages() {
		if err != nil {
			return err
		}
		if n++; n > limits.PagesSearched {
			return nil
		}
		if page.Ref.IsZero() {
			continue
		}
		o, err := d.file.Object(page.Ref)
		if _, ok := o.(pdf.Dict); err == nil && !ok {
			continue // a stream, or a reference to the page
		}
		full := false
		if err == nil {
			full, err = d.crowded(page.Dict)
		}
		if err == nil && !full {
			pl.page = page.Ref
			return nil
		}
		if err != nil && !pdf.IsMalformed(err) {
			return err
		}
	}
	declared, err := d.file.PageCount()
	if err == nil && n == 0 && declared > 0 {
		return &pdf.MalformedError{Offset: -1, What: fmt.Sprintf("the page tree has none of its %d pages", declared)}
	}
	return err
}

func (d *Document) refuseForm(pl *plan) error {
	catalog, err := d.file.Catalog()
	if err != nil {
		return err
	}
	perms, err := lenient(d.file.Dict(catalog["Perms"]))
	if err != nil {
		return err
	}
	for _, key := range []pdf.Name{"UR3", "UR"} {
		rights, err := lenient(d.file.Dict(perms[key]))
		if err != nil {
			return err
		}
		if rights != nil {
			return refuse("save it without usage rights first: a change of this kind ends them",
				"the document carries usage rights (UR3) of Adobe Reader, which signing would break")
		}
	}
	return d.refuseXFA(pl, catalog)
}

// refusePermissions respects what earlier signatures forbid. That DocMDP level 2 permits a new signature field is
// disputed (pdf-association/pdf-issues 735): ISO 32000-2 Table 257 permits "signing", and viewers and pyHanko accept an
// invisible new field, EU DSS too. So it is permitted here.
func (d *Document) refusePermissions(pl *plan) error {
	level, err := d.docMDP(pl.form)
	if err != nil {
		return err
	}
	if level == 1 {
		return refuse("ask its author for a version that permits signing (DocMDP level 2 or 3)",
			"the document is certified with no changes allowed (DocMDP level 1)")
	}
	count := 0
	for _, f := range pl.form.signatures {
		signed, err := d.signed(f)
		if err != nil {
			return err
		}
		if signed {
			count++
		}
	}
	if count >= limits.Signatures {
		return &pdf.MalformedError{Offset: -1, What: fmt.Sprintf("%d signatures: with one more they could not be read", count)}
	}
	pl.resigning = count > 0
	return nil
}

// choose finds the field to sign, or the name of the new one.
func (d *Document) choose(pl *plan) error {
	locks, err := d.locks(pl.form)
	if err != nil {
		return err
	}
	for _, l := range locks {
		if l.last {
			return refuse("", "signature %q locks the whole document (/Lock with /P 1)", l.holder)
		}
	}
	if pl.opts.Field == "" {
		return chooseFree(pl, locks)
	}
	pl.name = pl.opts.Field
	pl.field = pl.form.field(pl.name)
	for _, l := range locks {
		if pl.field != nil && l.Covers(pl.name) || l.bars(pl.name) {
			return refuse("", "signature %q locks the field %q", l.holder, pl.name)
		}
	}
	if pl.field != nil {
		return d.chooseEmpty(pl)
	}
	return choosePlace(pl)
}

// choosePlace decides where a new field goes: a name with full stops is a path (ISO 32000-2 12.7.4.2), whose groups are used
// where they exist and made where they do not, as other signers do.
func choosePlace(pl *plan) error {
	if pl.form.taken(pl.name) {
		return refuse("give the name of an empty signature field, or a new name",
			"%q is a group of fields, not a signature field", pl.name)
	}
	pl.path = strings.Split(pl.name, ".")
	if pl.resigning && len(pl.path) > 1 {
		return refuse("give a name without a full stop, or that of an empty signature field",
			"a new field %q below a group would change more than verifiers of the signatures before it allow", pl.name)
	}
	if slices.Contains(pl.path, "") {
		return refuse("give a name for each part", "the field name %q has an empty part", pl.name)
	}
	for i := len(pl.path) - 1; i > 0; i-- {
		above := strings.Join(pl.path[:i], ".")
		if !pl.form.taken(above) {
			continue
		}
		g := pl.form.names[above]
		if g.ref.IsZero() {
			return refuse("give another name", "%q is a field that can hold no others", above)
		}
		pl.parent, pl.path = g.ref, pl.path[i:]
		break
	}
	return nil
}

func chooseFree(pl *plan, locks []*lock) error {
	covered := func(name string) *lock {
		for _, l := range locks {
			if l.bars(name) {
				return l
			}
		}
		return nil
	}
	var holder *lock
	// One name more than there are names taken and names locked is free, unless a lock is not understood.
	tries := len(pl.form.names) + len(pl.form.others.set) + 1
	for _, l := range locks {
		tries += len(l.Fields)
	}
	for i := 1; i <= tries; i++ {
		name := fmt.Sprintf("Signature%d", i)
		if pl.form.taken(name) {
			continue
		}
		holder = covered(name)
		if holder == nil {
			pl.name, pl.path = name, []string{name}
			return nil
		}
	}
	return refuse("", "signature %q locks every other field of the form", holder.holder)
}

// chooseEmpty checks that an existing field can be signed in place.
func (d *Document) chooseEmpty(pl *plan) error {
	f := pl.field
	if f.kind != "Sig" {
		return refuse("give the name of an empty signature field, or a new name", "field %q is not a signature field", f.name)
	}
	if pl.form.shared(f) {
		return refuse("give another field, or none: then a new one is made", "two fields are named %q", f.name)
	}
	signed, err := d.signed(f)
	if err != nil {
		return err
	}
	if signed {
		return refuse("give another field, or none: then a new one is made", "field %q is signed already", f.name)
	}
	if f.ref.IsZero() {
		return refuse("rewrite the file first, for example with qpdf IN OUT",
			"field %q is a direct object and cannot be changed by an incremental update", f.name)
	}
	if f.flags&1 != 0 {
		return refuse("give another field, or none: then a new one is made", "field %q is read-only", f.name)
	}
	if f.dict["SV"] != nil {
		if entry := d.seedValues(f); entry != "" {
			return refuse("give another field, or none: then a new one is made",
				"field %q demands of its signature (/SV /%s) what gsign cannot promise", f.name, entry)
		}
	}
	if len(f.widgets) > limits.Widgets {
		return &pdf.MalformedError{Offset: -1, What: fmt.Sprintf("field %q has %d widgets", f.name, len(f.widgets))}
	}
	return d.chooseLock(pl)
}

func (d *Document) chooseLock(pl *plan) error {
	if pl.field.dict["Lock"] == nil {
		return nil
	}
	dict, err := d.file.Dict(pl.field.dict["Lock"])
	if err != nil {
		return err
	}
	l, ok := d.lock(dict)
	if !ok {
		return refuse("give another field, or none: then a new one is made",
			"field %q has a /Lock that gsign does not understand", pl.name)
	}
	pl.lock = l
	return nil
}
