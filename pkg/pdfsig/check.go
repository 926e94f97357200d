// SPDX-License-Identifier: Apache-2.0

package pdfsig

import (
	"context"
	"fmt"
	"strings"

	"gsign/internal/limits"
	"gsign/internal/pdf"
)

// Check reports everything about the document and the options that can be refused before anything is spent: a
// *RefusedError, or a *MalformedError when a part needed for signing is broken. It makes the very objects that Prepare
// makes, so that what passes here does not fail there.
func (d *Document) Check(opts *Options) error {
	pl, err := d.plan(opts)
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
	return d.Unambiguous(context.Background())
}

// plan is where a signature will go.
type plan struct {
	opts      Options
	form      *form
	field     *field  // an existing empty field; nil when a new one is made
	name      string  // its fully qualified name
	lock      *lock   // of the existing field, to become a FieldMDP reference
	page      pdf.Ref // the first page
	resigning bool    // the document has signatures already
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
	err = d.refuseForm(pl.form)
	if err != nil {
		return nil, err
	}
	err = d.refusePermissions(pl)
	if err != nil {
		return nil, err
	}
	err = d.choose(pl)
	if err != nil {
		return nil, err
	}
	err = d.refuseRights(pl)
	if err != nil {
		return nil, err
	}
	var page pdf.Dict
	pl.page, page, err = d.file.Page(0)
	if err != nil {
		return nil, err
	}
	if pl.field == nil {
		_, err = lenient(d.file.Array(page["Annots"]))
		if err != nil {
			return nil, fmt.Errorf("reading /Annots of the first page: %w", err)
		}
	}
	if pl.page.IsZero() {
		return nil, refuse("rewrite the file first, for example with qpdf IN OUT",
			"its first page is a direct object, so no widget can point to it")
	}
	return pl, nil
}

func (d *Document) refuseForm(fm *form) error {
	catalog, err := d.file.Catalog()
	if err != nil {
		return err
	}
	perms, err := d.file.Dict(catalog["Perms"])
	if err != nil {
		return err
	}
	if perms["UR3"] != nil || perms["UR"] != nil {
		return refuse("save it without usage rights first: a change of this kind ends them",
			"the document carries usage rights (UR3) of Adobe Reader, which signing would break")
	}
	if fm.dict["XFA"] == nil {
		return nil
	}
	dynamic, err := d.file.Bool(catalog["NeedsRendering"])
	if err != nil {
		return err
	}
	if dynamic || len(fm.fields) == 0 {
		return refuse("print it to a PDF first, which keeps what is to be seen",
			"the document is an XFA-only form: its pages are made by the viewer and no signature covers them")
	}
	return refuse("remove the XFA part first, or print the form to a PDF",
		"the document is an XFA form with a copy in AcroForm: viewers that know XFA would show, and change, another document than the one signed")
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
	for _, f := range pl.form.fields {
		sig, _, err := d.signature(f)
		if err != nil {
			return err
		}
		pl.resigning = pl.resigning || sig != nil
	}
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
	for _, l := range locks {
		if l.covers(pl.name) {
			return refuse("", "signature %q locks the field %q", l.holder, pl.name)
		}
	}
	pl.field = pl.form.field(pl.name)
	if pl.field != nil {
		return d.chooseEmpty(pl)
	}
	if pl.form.names[pl.name] {
		return refuse("give the name of an empty signature field, or a new name",
			"%q is a group of fields, not a signature field", pl.name)
	}
	if strings.Contains(pl.name, ".") {
		return refuse("give a name without a full stop",
			"no field is named %q, and the name of a new field cannot hold a full stop (ISO 32000-2 12.7.4.2)", pl.name)
	}
	return nil
}

func chooseFree(pl *plan, locks []*lock) error {
	covered := func(name string) *lock {
		for _, l := range locks {
			if l.covers(name) {
				return l
			}
		}
		return nil
	}
	var holder *lock
	// One name more than there are names taken and names locked is free, unless a lock covers all.
	tries := len(pl.form.names) + 1
	for _, l := range locks {
		tries += len(l.fields)
	}
	for i := 1; i <= tries; i++ {
		name := fmt.Sprintf("Signature%d", i)
		if pl.form.names[name] {
			continue
		}
		holder = covered(name)
		if holder == nil {
			pl.name = name
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
	for _, other := range pl.form.fields {
		if other != f && other.name == f.name {
			return refuse("give another field, or none: then a new one is made", "two fields are named %q", f.name)
		}
	}
	v, err := d.file.Resolve(f.value)
	if err != nil {
		return err
	}
	if _, null := v.(pdf.Null); f.value != nil && !null {
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
