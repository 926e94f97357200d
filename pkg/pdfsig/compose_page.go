// SPDX-License-Identifier: Apache-2.0

package pdfsig

import (
	"math"

	"gsign/internal/limits"
	"gsign/internal/pdf"
)

// page chooses the page of a new widget and gives a copy of its dictionary. It is the first one, unless that is a page
// that may not be given the tab order that PDF/UA demands of it (see tabs) while another page has one already. There may be none.
func (c *composer) page() (pdf.Dict, error) {
	if c.plan.page.IsZero() {
		return nil, nil
	}
	first, err := c.get(c.plan.page)
	if err != nil || !c.plan.resigning {
		return first, err
	}
	tagged, err := c.tagged()
	if err != nil || !tagged {
		return first, err
	}
	n := 0
	for page, err := range c.d.file.Pages() {
		n++
		if err != nil || n > limits.PagesSearched {
			_, err = lenient(page, err)
			return first, err
		}
		list, err := lenient(c.d.file.Array(page.Dict["Annots"]))
		if err != nil {
			return nil, err
		}
		if full, err := c.d.full(list); full || err != nil {
			if err != nil {
				return nil, err
			}
			continue
		}
		if !page.Ref.IsZero() && (len(list) > 0 || page.Dict["Tabs"] == pdf.Object(pdf.Name("S"))) {
			c.plan.page = page.Ref
			return page.Dict.Clone(), nil
		}
	}
	return first, nil
}

// rect gives the rectangle of a new widget. It has no area, so that nothing shows (ISO 32000-2 12.7.5.5).
//
// In a tagged document it lies outside the page's crop box too. PDF/UA-1 wants a widget described and within a Form
// element, unless it is hidden or outside the crop box (ISO 14289-1 7.18.1); PDF/A bans the flag Hidden; PDF/UA-2 bans a
// widget without area from the structure (ISO 14289-2 8.9.2.4.13). Outside the crop box and outside the structure, it
// conforms to all of them, and neither structure tree nor parent tree need a change that verifiers of earlier signatures
// would take for a forbidden one.
func (c *composer) rect(page pdf.Dict) (pdf.Array, error) {
	tagged, err := c.tagged()
	if err != nil {
		return nil, err
	}
	x, y := 0.0, 0.0
	for _, key := range []pdf.Name{"CropBox", "MediaBox"} {
		if !tagged {
			break
		}
		o, err := lenient(c.d.file.PageAttr(page, key))
		if err != nil {
			return nil, err
		}
		box, ok, err := c.box(o)
		if err != nil {
			return nil, err
		}
		if ok {
			x, y = min(x, math.Floor(box[0])-1), min(y, math.Floor(box[1])-1)
		}
	}
	return pdf.Array{whole(x), whole(y), whole(x), whole(y)}, nil
}

// box reads a rectangle: left, bottom, right, top.
func (c *composer) box(o pdf.Object) (box [4]float64, ok bool, err error) {
	list, err := lenient(c.d.file.Array(o))
	if err != nil || len(list) != len(box) {
		return box, false, err
	}
	for i, o := range list {
		v, err := lenient(c.d.file.Resolve(o))
		if err != nil {
			return box, false, err
		}
		box[i], ok = pdf.Number(v)
		if !ok {
			return box, false, nil
		}
	}
	return [4]float64{min(box[0], box[2]), min(box[1], box[3]), max(box[0], box[2]), max(box[1], box[3])}, true, nil
}

// whole gives an integer within the bounds of PDF/A-1 6.1.12.
func whole(v float64) pdf.Integer {
	return pdf.Integer(max(math.MinInt32, min(v, math.MaxInt32)))
}

// annotate puts the widget into the page's /Annots. A value that is no array shows nothing and is replaced.
func (c *composer) annotate(page pdf.Dict, widget pdf.Ref) error {
	list, err := lenient(c.d.file.Array(page["Annots"]))
	if err != nil {
		return err
	}
	changed, err := c.tabs(page, list)
	if err != nil {
		return err
	}
	list = append(append(pdf.Array{}, list...), widget)
	at, indirect := page["Annots"].(pdf.Ref)
	if indirect && len(list) > 1 && !c.shared(at) {
		c.u.Set(at, list)
		c.annots = at
	} else {
		page["Annots"] = list
		changed = true
	}
	if changed {
		c.u.Set(c.plan.page, page)
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

// tabs sets the tab order by structure on a page of a tagged document that has none, or that had nothing to order:
// PDF/UA-1 7.18.3 demands it of every page with an annotation. In a document with signatures the page is left alone:
// verifiers of those take any other change of a page for a forbidden one.
func (c *composer) tabs(page pdf.Dict, annots pdf.Array) (bool, error) {
	structure := pdf.Object(pdf.Name("S"))
	if c.plan.resigning || page["Tabs"] == structure || (page["Tabs"] != nil && len(annots) > 0) {
		return false, nil
	}
	tagged, err := c.tagged()
	if err != nil || !tagged {
		return false, err
	}
	page["Tabs"] = structure
	return true, nil
}

// tagged reports whether the document has a structure tree, or says that it has one.
func (c *composer) tagged() (bool, error) {
	catalog, err := c.d.file.Catalog()
	if err != nil {
		return false, err
	}
	if catalog["StructTreeRoot"] != nil {
		return true, nil
	}
	mark, err := lenient(c.d.file.Dict(catalog["MarkInfo"]))
	if err != nil {
		return false, err
	}
	return lenient(c.d.file.Bool(mark["Marked"]))
}

// lenient takes a value that is not of the type it should be for none: nothing in it could be kept. That the file
// could not be read remains an error.
func lenient[T any](v T, err error) (T, error) {
	if pdf.IsMalformed(err) {
		var none T
		return none, nil
	}
	return v, err
}
