// SPDX-License-Identifier: Apache-2.0

package attacks

import (
	"bytes"
	"strings"

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

// looks makes fields and annotations that show, or do, more than they seem to.
func (c *cases) looks() {
	const class = "looks"
	suspicious := func(name, reason string, b []byte) { c.add(name, class, Suspicious, reason, b) }
	author := func(p int) []byte { return c.sign(c.document(), sig{name: "Author", certify: p}) }
	cover := "1 1 1 rg 0 0 400 100 re f " + evilText
	const link = "/Subtype /Link /Rect [72 700 200 720] "
	suspicious("look-next-action", "when it is touched", c.annotate(author(3), link+"/A << /S /URI /URI (https://example.com/) /Next << /S /JavaScript /JS (1) >> >>", "", nil))
	states := pdf.Raw("<< /ExtGState << /G << /BM /Multiply >> /N << /BM /Normal >> >> >>")
	suspicious("look-highlight-normal", "cover", c.annotate(author(3), highlight, "/G gs /N gs 1 1 1 rg 0 0 128 30 re f", states))
	suspicious("look-highlight-restored", "cover", c.annotate(author(3), highlight, "q /G gs Q 1 1 1 rg 0 0 128 30 re f", states))
	suspicious("look-underline-draws", "cover", c.annotate(author(3), "/Subtype /Underline /Rect [72 700 400 760]", "2 w 0 0 m 9 9 l 9 30 l S", nil))
	suspicious("look-note-rect", "cover", c.annotate(author(3), "/Subtype /Text /Rect [72 700 400 760 0]", "1 1 1 rg 0 0 400 100 re f", nil))
	field := func(in []byte, change func(d pdf.Dict)) []byte {
		return c.update(in, func(f *pdf.File, u *pdf.Update) {
			at, page := u.Alloc(), ref(3)
			d := sig{name: "Sneaky", rect: "72 700 400 760", look: cover}.newField(pdf.Ref{}, page, u)
			delete(d, "V")
			change(d)
			u.Set(at, d)
			c.list(f, u, page, "Annots", at)
			c.addField(f, u, at)
		})
	}
	suspicious("look-field-prints", "nobody signed", field(author(2), func(d pdf.Dict) { d["F"] = pdf.Integer(1<<5 | 1<<2) }))
	suspicious("look-field-background", "nobody signed", field(author(2), func(d pdf.Dict) {
		delete(d, "AP")
		d["MK"] = pdf.Raw("<< /BG [1 1 1] /CA (Pay 9999 EUR) >>")
	}))
	suspicious("look-field-script", "does something", field(author(2), func(d pdf.Dict) {
		delete(d, "AP")
		d["AA"] = pdf.Raw("<< /PO << /S /JavaScript /JS (1) >> >>")
	}))
	c.add("look-field-text", class, Forbidden, "no widget", field(author(2), func(d pdf.Dict) {
		delete(d, "AP")
		d["Subtype"], d["Contents"], d["DA"] = pdf.Name("FreeText"), pdf.String("Pay 9999 EUR"), pdf.String("/F1 24 Tf")
	}))
	hidden := c.with(func(_ *pdf.File, u *pdf.Update) {
		ap := u.Alloc()
		u.SetStream(ap, form("0 0 400 100"), []byte(cover))
		c.edit(u, ref(objApproval), func(d pdf.Dict) { d["F"], d["AP"] = pdf.Integer(2), pdf.Dict{"N": ap} })
	})
	suspicious("look-field-revealed", "empty signature field", c.update(hidden, func(_ *pdf.File, u *pdf.Update) {
		c.edit(u, ref(objApproval), func(d pdf.Dict) { d["F"] = pdf.Integer(4) })
	}))
	suspicious("look-without-value", "shows something", c.update(author(2), func(_ *pdf.File, u *pdf.Update) {
		ap := u.Alloc()
		u.SetStream(ap, form("0 0 200 20"), []byte(evilText))
		c.edit(u, ref(objOther), func(d pdf.Dict) { d["AP"] = pdf.Dict{"N": ap} })
	}))
	suspicious("look-in-place", "value is as it was", c.update(author(2), func(_ *pdf.File, u *pdf.Update) {
		u.SetStream(ref(objNameLook), form("0 0 200 20"), []byte("0 0 m 9 9 l 9 30 l S"))
		c.edit(u, ref(objName), func(d pdf.Dict) { d["M"] = pdf.String("D:20260504130000Z") })
	}))
	c.buttons()
	c.nested()
	free := c.with(func(_ *pdf.File, u *pdf.Update) {
		c.edit(u, ref(objCover), func(d pdf.Dict) { d["Subtype"], d["Contents"] = pdf.Name("FreeText"), pdf.String("as agreed") })
	})
	suspicious("look-text-changed", "/Contents", c.update(free, func(_ *pdf.File, u *pdf.Update) {
		c.edit(u, ref(objCover), func(d pdf.Dict) { d["Contents"] = pdf.String("Pay 9999 EUR") })
	}))
	c.add("structure-taken", class, Suspicious, "read aloud", c.free(objStructure+1))
	small := c.update(c.document(), func(_ *pdf.File, u *pdf.Update) {
		c.edit(u, ref(3), func(d pdf.Dict) { d["CropBox"] = pdf.Raw("[72 700 272 760]") })
	})
	suspicious("look-covers-cropped", "covers", c.sign(c.sign(small, sig{name: "First"}), sig{name: "Sneaky", rect: "72 700 272 760", look: cover}))
}

// buttons makes boxes that are shown in another state than the one they are in.
func (c *cases) buttons() {
	const class = "looks"
	states := c.sign(c.update(c.document(), func(_ *pdf.File, u *pdf.Update) {
		c.edit(u, ref(objName), func(d pdf.Dict) {
			d["FT"], d["V"], d["AS"] = pdf.Name("Btn"), pdf.Name("Off"), pdf.Name("Off")
			d["AP"] = pdf.Dict{"N": pdf.Dict{"Yes": ref(objNameLook), "Off": ref(objPicture)}}
		})
	}), sig{name: "First", certify: 2})
	set := func(v, as pdf.Name) []byte {
		return c.update(states, func(_ *pdf.File, u *pdf.Update) {
			c.edit(u, ref(objName), func(d pdf.Dict) { d["V"], d["AS"] = v, as })
		})
	}
	c.add("honest-box", "honest", Good, "", set("Yes", "Yes"))
	c.add("look-box", class, Suspicious, "something else than its value", set("Off", "Yes"))
	c.add("look-box-off", class, Suspicious, "something else than its value", set("Yes", "Off"))
}

// nested shows what an empty signature field shows within what a note shows, too; its signer writes it anew.
func (c *cases) nested() {
	var look pdf.Ref
	in := c.sign(c.update(c.document(), func(_ *pdf.File, u *pdf.Update) {
		look = u.Alloc()
		u.SetStream(look, form("0 0 200 40"), []byte("BT /F1 12 Tf (Sign here) Tj ET"))
		outer := u.Alloc()
		d := form("0 0 200 40")
		d["Resources"] = pdf.Dict{"XObject": pdf.Dict{"X": look}}
		u.SetStream(outer, d, []byte("/X Do"))
		c.edit(u, ref(objApproval), func(d pdf.Dict) { d["AP"] = pdf.Dict{"N": look} })
		c.edit(u, ref(objCover), func(d pdf.Dict) { d["AP"] = pdf.Dict{"N": outer} })
	}), sig{name: "First"})
	c.add("shadow-look-nested", "looks", Forbidden, "pages or signatures need", c.sign(in, sig{field: ref(objApproval), add: func(u *pdf.Update, _, _ pdf.Ref) {
		u.SetStream(look, form("0 0 200 40"), []byte(evilText))
	}}))
}

// flood hides a forbidden change behind more suspicious ones than are told.
func (c *cases) flood() {
	var list strings.Builder
	for range 1<<15 + 9 {
		list.WriteString("<</Subtype/Stamp/Rect[0 0 9 9]>>")
	}
	c.add("flood", "other changes", Forbidden, "/OpenAction", c.update(c.base, func(f *pdf.File, u *pdf.Update) {
		c.edit(u, f.Root(), func(d pdf.Dict) { d["OpenAction"] = pdf.Raw("<< /S /JavaScript /JS (1) >>") })
		c.edit(u, ref(3), func(d pdf.Dict) {
			d["Annots"] = pdf.Raw("[8 0 R 9 0 R 11 0 R 12 0 R 13 0 R 21 0 R " + list.String() + "]")
		})
	}))
}
