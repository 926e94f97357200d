// SPDX-License-Identifier: Apache-2.0

package pdfsig

import (
	"strings"

	"gsign/internal/pdf"
)

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
	if c.plan.opts.DropXFA {
		delete(dict, "XFA")
	}
	if !add.IsZero() {
		err := c.addField(dict, add)
		if err != nil {
			return err
		}
	}
	flags, err := lenient(c.d.file.Integer(dict["SigFlags"])) // of another type it says nothing that could be kept
	if err != nil {
		return err
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
	_, err := c.listed(dict, "Fields", add)
	return err
}

// listed adds a reference to an entry that is an array, an object of its own or not. It reports whether dict changed. An entry that
// is no array listed nothing and is replaced; one that is the page's annotations too is copied, for a group is none of those.
func (c *composer) listed(dict pdf.Dict, key pdf.Name, add pdf.Ref) (changed bool, err error) {
	list, err := lenient(c.d.file.Array(dict[key]))
	if err != nil {
		return false, err
	}
	full, err := c.d.full(list)
	if err != nil {
		return false, err
	}
	if full {
		return false, refuse("give the name of an empty signature field",
			"the document declares PDF/A-1, and its array /%s has the %d elements that this permits", key, len(list))
	}
	list = append(append(pdf.Array{}, list...), add)
	at, indirect := dict[key].(pdf.Ref)
	if indirect && len(list) > 1 && at != c.annots {
		c.u.Set(at, list)
		return false, nil
	}
	dict[key] = list
	return true, nil
}

// place puts a new field where its name says: into the form's root, or into a group, below new groups of its own.
func (c *composer) place(ref pdf.Ref, field pdf.Dict) error {
	above, flags := c.plan.parent, int64(0)
	if !above.IsZero() {
		flags = c.plan.form.names[strings.TrimSuffix(c.plan.name, "."+strings.Join(c.plan.path, "."))].flags
	}
	if flags != 0 {
		field["Ff"] = pdf.Integer(0) // or it would be inherited
	}
	top := ref
	for i := len(c.plan.path) - 2; i >= 0; i-- {
		group := c.u.Alloc()
		field["Parent"] = group
		c.u.Set(top, field)
		field = pdf.Dict{"T": pdf.TextString(c.plan.path[i]), "Kids": pdf.Array{top}}
		top = group
	}
	if above.IsZero() {
		c.u.Set(top, field)
		return c.updateForm(top)
	}
	field["Parent"] = above
	c.u.Set(top, field)
	group, err := c.get(above)
	if err != nil {
		return err
	}
	changed, err := c.listed(group, "Kids", top)
	if err != nil {
		return err
	}
	if changed {
		c.u.Set(above, group)
	}
	return c.updateForm(pdf.Ref{})
}

// declare names the extension of ETSI in a PDF 1.7, as EN 319 142-1 5.6 advises: /ESIC, never lowered. A version
// before 1.7 cannot be the base of an extension to 1.7, PDF 2.0 knows the signatures by itself, and the catalog of a
// signed document is not changed for this.
func (c *composer) declare(catalog pdf.Dict) (bool, error) {
	if c.plan.resigning || c.d.file.Version() != "1.7" {
		return false, nil
	}
	if _, ok := catalog["Extensions"].(pdf.Dict); !ok && catalog["Extensions"] != nil {
		return false, nil // it is none, and no business of a signature
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
