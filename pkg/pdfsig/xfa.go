// SPDX-License-Identifier: Apache-2.0

package pdfsig

import "gsign/internal/pdf"

// refuseXFA refuses a form that viewers which know XFA show, and change, by other rules than those that the signature
// covers. Options.DropXFA takes the XFA part away where all of the form is in AcroForm too and nobody has signed yet: that
// is what viewers without XFA show all along.
func (d *Document) refuseXFA(pl *plan, catalog pdf.Dict) error {
	xfa, err := d.hasXFA(pl.form)
	if err != nil || !xfa {
		return err
	}
	dynamic, err := lenient(d.file.Bool(catalog["NeedsRendering"]))
	if err != nil {
		return err
	}
	if dynamic || len(pl.form.signatures)+len(pl.form.others.set) == 0 {
		return refuse("print it to a PDF first, which keeps what is to be seen",
			"the document is an XFA-only form: its pages are made by the viewer and no signature covers them")
	}
	for _, f := range pl.form.signatures {
		signed, err := d.signed(f)
		if err != nil {
			return err
		}
		if signed {
			return refuse("", "the document is an XFA form with a copy in AcroForm, and signed already: "+
				"to remove the XFA part would break the signatures that are there")
		}
	}
	if pl.opts.DropXFA {
		return nil
	}
	return &RefusedError{
		Reason: "the document is an XFA form with a copy in AcroForm: viewers that know XFA would show, " +
			"and change, another document than the one signed",
		DropXFA: true,
	}
}

// hasXFA reports whether the form has an XFA part: a stream or an array of them. What cannot be read may be one.
func (d *Document) hasXFA(fm *form) (bool, error) {
	o, err := d.file.Resolve(fm.dict["XFA"])
	if err != nil {
		if pdf.IsMalformed(err) {
			return true, nil
		}
		return false, err
	}
	switch o := o.(type) {
	case *pdf.Stream:
		return true, nil
	case pdf.Array:
		return len(o) > 0, nil
	}
	return false, nil
}

// signed reports whether a signature field has a value, of whatever kind.
func (d *Document) signed(f *field) (bool, error) {
	if f.value == nil {
		return false, nil
	}
	v, err := d.file.Resolve(f.value)
	if err != nil {
		if pdf.IsMalformed(err) {
			return true, nil
		}
		return false, err
	}
	_, null := v.(pdf.Null)
	return !null, nil
}
