// SPDX-License-Identifier: Apache-2.0

package pdfsig

import (
	"math"

	"gsign/internal/limits"
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

// add makes a new field with an invisible widget on the first page.
func (c *composer) add(sig pdf.Ref) error {
	ref := c.u.Alloc()
	c.u.Set(ref, pdf.Dict{
		"Type":    pdf.Name("Annot"),
		"Subtype": pdf.Name("Widget"),
		"FT":      pdf.Name("Sig"),
		"T":       pdf.TextString(c.plan.name),
		"V":       sig,
		"F":       pdf.Integer(widgetFlags),
		"Rect":    pdf.Array{pdf.Integer(0), pdf.Integer(0), pdf.Integer(0), pdf.Integer(0)},
		"P":       c.plan.page,
		"AP":      pdf.Dict{"N": c.emptyForm(0, 0)},
	})
	err := c.annotate(ref)
	if err != nil {
		return err
	}
	return c.updateForm(ref)
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
	ap, err := c.d.file.Dict(w.dict["AP"])
	if err != nil {
		return err
	}
	if ap["N"] != nil || w.ref.IsZero() {
		return nil
	}
	rect, err := c.d.file.Array(w.dict["Rect"])
	if err != nil {
		return err
	}
	var width, height float64
	if len(rect) == 4 {
		var v [4]float64
		for i, o := range rect {
			o, err := c.d.file.Resolve(o)
			if err != nil {
				return err
			}
			v[i], _ = pdf.Number(o)
		}
		width, height = math.Ceil(math.Abs(v[2]-v[0])), math.Ceil(math.Abs(v[3]-v[1]))
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
	clamp := func(v float64) pdf.Integer { return pdf.Integer(max(0, min(v, math.MaxInt32))) }
	c.u.SetStream(ref, pdf.Dict{
		"Type":      pdf.Name("XObject"),
		"Subtype":   pdf.Name("Form"),
		"BBox":      pdf.Array{pdf.Integer(0), pdf.Integer(0), clamp(width), clamp(height)},
		"Resources": pdf.Dict{},
	}, nil)
	return ref
}

// annotate puts the widget into the first page's /Annots.
func (c *composer) annotate(widget pdf.Ref) error {
	ref := c.plan.page
	page, err := c.get(ref)
	if err != nil {
		return err
	}
	changed, err := c.tabs(page)
	if err != nil {
		return err
	}
	list, err := c.d.file.Array(page["Annots"])
	if err != nil {
		return err
	}
	list = append(append(pdf.Array{}, list...), widget)
	at, indirect := page["Annots"].(pdf.Ref)
	if indirect && len(list) > 1 && !c.shared(at) {
		c.u.Set(at, list)
	} else {
		page["Annots"] = list
		changed = true
	}
	if changed {
		c.u.Set(ref, page)
	}
	return nil
}

// shared reports whether another page has the same /Annots object: then the page gets a list of its own, or the
// widget would be on both. What cannot be looked through counts as shared.
func (c *composer) shared(annots pdf.Ref) bool {
	n := 0
	for page, err := range c.d.file.Pages() {
		n++
		if err != nil || n > limits.PagesSearched {
			return true
		}
		if page.Ref != c.plan.page && page.Dict["Annots"] == pdf.Object(annots) {
			return true
		}
	}
	return false
}

// tabs sets the tab order by structure on a page of a tagged document that has none: PDF/UA-1 7.18.3 demands it of
// every page with an annotation. In a document with signatures the page is left alone: verifiers of those take any
// other change of a page for a forbidden one.
func (c *composer) tabs(page pdf.Dict) (bool, error) {
	if page["Tabs"] != nil || c.plan.resigning {
		return false, nil
	}
	catalog, err := c.d.file.Catalog()
	if err != nil {
		return false, err
	}
	mark, err := c.d.file.Dict(catalog["MarkInfo"])
	if err != nil {
		return false, err
	}
	marked, err := c.d.file.Bool(mark["Marked"])
	if err != nil {
		return false, err
	}
	if !marked && catalog["StructTreeRoot"] == nil {
		return false, nil
	}
	page["Tabs"] = pdf.Name("S")
	return true, nil
}

// updateForm makes or updates the AcroForm dictionary; a field that is not the zero reference is added at its root.
func (c *composer) updateForm(add pdf.Ref) error {
	root := c.d.file.Root()
	catalog, err := c.get(root)
	if err != nil {
		return err
	}
	changed, err := c.declare(catalog)
	if err != nil {
		return err
	}
	dict := c.plan.form.dict.Clone()
	if !add.IsZero() {
		err := c.addField(dict, add)
		if err != nil {
			return err
		}
	}
	flags, err := c.d.file.Integer(dict["SigFlags"])
	if err != nil && !pdf.IsMalformed(err) {
		return err // of another type it says nothing that could be kept
	}
	dict["SigFlags"] = flags | 3 // SignaturesExist and AppendOnly (ISO 32000-2 Table 225)
	switch {
	case !c.plan.form.ref.IsZero():
		c.u.Set(c.plan.form.ref, dict)
	case c.plan.form.dict == nil:
		ref := c.u.Alloc()
		c.u.Set(ref, dict)
		catalog["AcroForm"], changed = ref, true
	default:
		catalog["AcroForm"], changed = dict, true
	}
	if changed {
		c.u.Set(root, catalog)
	}
	return nil
}

func (c *composer) addField(dict pdf.Dict, add pdf.Ref) error {
	list, err := c.d.file.Array(dict["Fields"])
	if err != nil {
		return err
	}
	list = append(append(pdf.Array{}, list...), add)
	at, indirect := dict["Fields"].(pdf.Ref)
	if indirect && len(list) > 1 {
		c.u.Set(at, list)
		return nil
	}
	dict["Fields"] = list
	return nil
}

// declare names the extension of ETSI in a PDF 1.7, as EN 319 142-1 5.6 advises: /ESIC, never lowered. A version
// before 1.7 cannot be the base of an extension to 1.7, PDF 2.0 knows the signatures by itself, and the catalog of a
// signed document is not changed for this.
func (c *composer) declare(catalog pdf.Dict) (bool, error) {
	if c.plan.resigning || c.d.file.Version() != "1.7" {
		return false, nil
	}
	if _, indirect := catalog["Extensions"].(pdf.Ref); indirect {
		return false, nil
	}
	ext, err := c.d.file.Dict(catalog["Extensions"])
	if err != nil || ext["ESIC"] != nil {
		return false, err
	}
	ext = ext.Clone()
	ext["ESIC"] = pdf.Dict{"BaseVersion": pdf.Name("1.7"), "ExtensionLevel": pdf.Integer(extensionLevel)}
	catalog["Extensions"] = ext
	return true, nil
}
