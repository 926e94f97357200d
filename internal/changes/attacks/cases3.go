// SPDX-License-Identifier: Apache-2.0

package attacks

import (
	"bytes"

	"gsign/internal/pdf"
	"gsign/internal/pdf/pdftest"
)

// with changes the document before it is signed: what the attacks prepare.
func (c *cases) with(change func(f *pdf.File, u *pdf.Update)) []byte {
	return c.sign(c.update(c.document(), change), sig{name: "First"})
}

// shared makes attacks on objects that are two things: what anybody may change, and what is shown.
func (c *cases) shared() {
	const class = "shared objects"
	forbidden := func(name string, b []byte) { c.add(name, class, Forbidden, "", b) }
	evil := func(u *pdf.Update) pdf.Ref {
		at := u.Alloc()
		u.SetStream(at, form("0 0 200 40"), []byte(evilText))
		return at
	}
	metadata := func(u *pdf.Update, text string) {
		d := form("0 0 200 40")
		d["Subtype"] = pdf.Name("Form")
		u.SetStream(ref(objMetadata), d, []byte(text))
	}
	forbidden("shared-metadata", c.update(c.with(func(_ *pdf.File, u *pdf.Update) {
		metadata(u, "BT /F1 12 Tf (Ada) Tj ET")
		c.edit(u, ref(objCover), func(d pdf.Dict) { d["AP"] = pdf.Dict{"N": ref(objMetadata)} })
	}), func(_ *pdf.File, u *pdf.Update) { metadata(u, evilText) }))
	forbidden("shared-info", c.update(c.with(func(_ *pdf.File, u *pdf.Update) {
		c.edit(u, ref(6), func(d pdf.Dict) { d["N"] = ref(objNameLook) })
		c.edit(u, ref(objCover), func(d pdf.Dict) { d["AP"] = ref(6) })
	}), func(_ *pdf.File, u *pdf.Update) { c.edit(u, ref(6), func(d pdf.Dict) { d["N"] = evil(u) }) }))
	forbidden("shared-info-annotation", c.update(c.with(func(f *pdf.File, u *pdf.Update) {
		c.list(f, u, ref(3), "Annots", ref(6))
		c.edit(u, ref(6), func(d pdf.Dict) { d["Subtype"], d["Rect"] = pdf.Name("Stamp"), pdf.Raw("[0 0 9 9]") })
	}), func(_ *pdf.File, u *pdf.Update) {
		c.edit(u, ref(6), func(d pdf.Dict) { d["Rect"], d["AP"] = pdf.Raw("[72 700 400 760]"), pdf.Dict{"N": evil(u)} })
	}))
	looks := pdf.Ref{}
	states := c.with(func(_ *pdf.File, u *pdf.Update) {
		looks = u.Alloc()
		u.Set(looks, pdf.Dict{"N": ref(objNameLook), "Certs": ref(objNameLook)})
		c.edit(u, ref(objName), func(d pdf.Dict) { d["AP"] = looks })
	})
	forbidden("shared-becomes-info", c.update(states, func(_ *pdf.File, u *pdf.Update) {
		c.edit(u, looks, func(d pdf.Dict) { d["N"] = evil(u) })
		u.SetTrailer("Info", looks)
	}))
	certs := c.with(func(f *pdf.File, u *pdf.Update) {
		looks = u.Alloc()
		u.Set(looks, pdf.Dict{"Certs": ref(objNameLook)})
		c.edit(u, ref(objName), func(d pdf.Dict) {
			d["FT"], d["AS"], d["AP"] = pdf.Name("Btn"), pdf.Name("Certs"), pdf.Dict{"N": looks}
		})
		c.edit(u, f.Root(), func(d pdf.Dict) { d["DSS"] = looks })
	})
	forbidden("shared-store-look", c.update(certs, func(_ *pdf.File, u *pdf.Update) {
		c.edit(u, looks, func(d pdf.Dict) { d["Certs"] = evil(u) })
	}))
	limits := c.with(func(_ *pdf.File, u *pdf.Update) {
		looks = u.Alloc()
		u.Set(looks, pdf.Dict{"Limits": ref(objNameLook)})
		c.edit(u, ref(objName), func(d pdf.Dict) {
			d["FT"], d["AS"], d["AP"] = pdf.Name("Btn"), pdf.Name("Limits"), pdf.Dict{"N": looks}
		})
		c.edit(u, ref(objStructure), func(d pdf.Dict) { d["ParentTree"] = looks })
	})
	c.add("shared-structure-look", class, Suspicious, "what the field shows", c.update(limits, func(_ *pdf.File, u *pdf.Update) {
		c.edit(u, looks, func(d pdf.Dict) { d["Limits"] = evil(u) })
	}))
	fields := c.with(func(_ *pdf.File, u *pdf.Update) {
		c.edit(u, ref(objOther), func(d pdf.Dict) { d["V"] = ref(objPicture) })
		c.edit(u, ref(3), func(d pdf.Dict) { d["Resources"].(pdf.Dict)["XObject"] = ref(objOther) })
	})
	forbidden("shared-field-resources", c.update(fields, func(_ *pdf.File, u *pdf.Update) {
		c.edit(u, ref(objOther), func(d pdf.Dict) { d["V"] = evil(u) })
	}))
	notes := c.with(func(_ *pdf.File, u *pdf.Update) {
		c.edit(u, ref(objNote), func(d pdf.Dict) { d["M"] = ref(objPicture) })
		c.edit(u, ref(3), func(d pdf.Dict) { d["Resources"].(pdf.Dict)["XObject"] = ref(objNote) })
	})
	forbidden("shared-note-resources", c.update(notes, func(_ *pdf.File, u *pdf.Update) {
		c.edit(u, ref(objNote), func(d pdf.Dict) { d["M"] = evil(u) })
	}))
	typed := func(u *pdf.Update, text string) {
		u.SetStream(ref(objContent), pdf.Dict{"Type": pdf.Name("XRef")}, []byte(text))
	}
	forbidden("content-typed-xref", c.update(c.with(func(_ *pdf.File, u *pdf.Update) {
		typed(u, "BT /F1 24 Tf 72 720 Td (Pay 100 EUR) Tj ET /X Do")
	}), func(_ *pdf.File, u *pdf.Update) { typed(u, evilText) }))
	c.moved()
	if c.kind == pdftest.Stream {
		for name, word := range map[string]string{"untyped": "/Tpye /ObjStm", "typed-xref": "/Type /XRef  "} {
			doc := bytes.ReplaceAll(c.document(), []byte("/Type /ObjStm"), []byte(word))
			c.packed("object-stream-"+name, c.sign(doc, sig{name: "First"}))
		}
	}
}

// moved makes what is shown another object that says the same, and changes that one later.
func (c *cases) moved() {
	const class = "shared objects"
	at := pdf.Ref{}
	copied := c.update(c.base, func(_ *pdf.File, u *pdf.Update) {
		at = u.Alloc()
		u.SetStream(at, pdf.Dict{}, []byte("BT /F1 24 Tf 72 720 Td (Pay 100 EUR) Tj ET /X Do"))
		c.edit(u, ref(3), func(d pdf.Dict) { d["Contents"] = at })
	})
	c.add("moved-content", class, Forbidden, "", c.update(copied, func(_ *pdf.File, u *pdf.Update) { u.SetStream(at, pdf.Dict{}, []byte(evilText)) }))
	copied = c.update(c.base, func(f *pdf.File, u *pdf.Update) {
		at = u.Alloc()
		tree, err := f.Dict(ref(2))
		c.must(err)
		u.Set(at, tree)
		c.edit(u, f.Root(), func(d pdf.Dict) { d["Pages"] = at })
	})
	c.add("moved-pages", class, Forbidden, "", c.update(copied, func(_ *pdf.File, u *pdf.Update) {
		c.edit(u, at, func(d pdf.Dict) { d["Kids"], d["Count"] = pdf.Array{ref(19)}, pdf.Integer(1) })
	}))
}
