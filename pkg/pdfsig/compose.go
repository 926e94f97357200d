// SPDX-License-Identifier: Apache-2.0

package pdfsig

import (
	"math"

	"gsign/internal/pdf"
)

// widgetFlags are Print and Locked (ISO 32000-2 Table 167). PDF/A wants Print set and every hiding flag clear, even for
// a widget without area.
const widgetFlags = 1<<2 | 1<<7

// extensionLevel is the ESIC level that other writers declare for ETSI.CAdES.detached in a PDF 1.7.
const extensionLevel = 2

// composer makes the objects of a signature's revision.
type composer struct {
	d    *Document
	u    *pdf.Update
	plan *plan
	// annots is the object that holds the annotations of the widget's page and got the widget; zero where the page holds them.
	annots pdf.Ref
}

// compose puts the signature dictionary, with so much room reserved, into a new revision together with all that points
// to it.
func (d *Document) compose(pl *plan, reserved int) (*pdf.Update, pdf.Ref, *dictionary, error) {
	c := &composer{d: d, u: d.file.NewUpdate(), plan: pl}
	ref := c.u.Alloc()
	dict, err := d.dictionary(c.u, ref, pl, reserved)
	if err != nil {
		return nil, pdf.Ref{}, nil, err
	}
	c.u.Set(ref, dict.raw)
	c.u.Means(ref, dict.entries, "ByteRange", "Contents")
	if pl.field != nil {
		err = c.fill(ref)
	} else {
		err = c.add(ref)
	}
	if err != nil {
		return nil, pdf.Ref{}, nil, err
	}
	return c.u, ref, dict, nil
}

// get returns a copy of a dictionary that may be changed.
func (c *composer) get(ref pdf.Ref) (pdf.Dict, error) {
	o, err := c.u.Get(ref)
	if err != nil {
		return nil, err
	}
	dict, ok := o.(pdf.Dict)
	if !ok {
		return nil, &pdf.MalformedError{Offset: -1, What: "object " + ref.String() + " is not a dictionary"}
	}
	return dict, nil
}

// add makes a new field with an invisible widget, on the page that was chosen unless page knows a better one.
func (c *composer) add(sig pdf.Ref) error {
	page, err := c.page()
	if err != nil {
		return err
	}
	rect, err := c.rect(page)
	if err != nil {
		return err
	}
	ref := c.u.Alloc()
	field := pdf.Dict{
		"Type":    pdf.Name("Annot"),
		"Subtype": pdf.Name("Widget"),
		"FT":      pdf.Name("Sig"),
		"T":       pdf.TextString(c.plan.path[len(c.plan.path)-1]),
		"V":       sig,
		"F":       pdf.Integer(widgetFlags),
		"Rect":    rect,
		"AP":      pdf.Dict{"N": c.emptyForm(0, 0)},
	}
	if page != nil {
		field["P"] = c.plan.page
		err := c.annotate(page, ref)
		if err != nil {
			return err
		}
	}
	return c.place(ref, field)
}

// fill signs an existing field in place.
func (c *composer) fill(sig pdf.Ref) error {
	f := c.plan.field
	dict, err := c.get(f.ref)
	if err != nil {
		return err
	}
	dict["V"] = sig
	c.u.Set(f.ref, dict)
	for _, w := range f.widgets {
		err := c.appearance(w)
		if err != nil {
			return err
		}
	}
	return c.updateForm(pdf.Ref{})
}

// appearance gives a widget an empty appearance when it has none: PDF/A-1 6.9 wants one for every field, PDF/A-2 6.3.3
// for every one with an area.
func (c *composer) appearance(w widget) error {
	ap, err := lenient(c.d.file.Dict(w.dict["AP"]))
	if err != nil {
		return err
	}
	normal, err := lenient(c.d.file.Dict(ap["N"]))
	if err != nil {
		return err
	}
	if normal != nil || w.ref.IsZero() {
		return nil
	}
	var width, height float64
	box, ok, err := c.box(w.dict["Rect"])
	if err != nil {
		return err
	}
	if ok {
		width, height = math.Ceil(box[2]-box[0]), math.Ceil(box[3]-box[1])
	}
	dict, err := c.get(w.ref)
	if err != nil {
		return err
	}
	dict["AP"] = pdf.Dict{"N": c.emptyForm(width, height)}
	c.u.Set(w.ref, dict)
	return nil
}

// emptyForm adds a form XObject that paints nothing.
func (c *composer) emptyForm(width, height float64) pdf.Ref {
	ref := c.u.Alloc()
	c.u.SetStream(ref, pdf.Dict{
		"Type":      pdf.Name("XObject"),
		"Subtype":   pdf.Name("Form"),
		"BBox":      pdf.Array{pdf.Integer(0), pdf.Integer(0), whole(width), whole(height)},
		"Resources": pdf.Dict{},
	}, nil)
	return ref
}
