// SPDX-License-Identifier: Apache-2.0

package attacks

import (
	"bytes"
	"crypto/x509"
	"fmt"
	"strings"
	"testing"

	"gsign/internal/pdf"
	"gsign/internal/pdf/pdftest"
)

// Outcome is what a verifier must say.
type Outcome string

const (
	// Good : every signature is sound, and what followed it is allowed.
	Good Outcome = "good"
	// Suspicious : the first signature is sound, and what followed it may deceive.
	Suspicious Outcome = "suspicious"
	// Forbidden : the first signature is sound, and what followed it is not allowed.
	Forbidden Outcome = "forbidden"
	// Broken : the signature is not one of this document, or its ByteRange is not to be relied on, or the file cannot be read.
	Broken Outcome = "broken"
)

// Case is one file.
type Case struct {
	Name   string // "isa-content"
	Class  string // "incremental saving"; "honest" for the counterparts
	Want   Outcome
	Reason string // part of what must be said
	// Value says that nothing but the value of the signature tells: digest, certificate, sub-filter.
	Value bool
	Bytes []byte
}

// All makes every file, the honest ones first, and the certificates to trust.
func All(tb testing.TB) ([]Case, []*x509.Certificate) {
	tb.Helper()
	w := New(tb)
	c := &cases{World: w}
	for _, kind := range []pdftest.Kind{pdftest.Table, pdftest.Stream} {
		c.kind, c.suffix = kind, ""
		if kind == pdftest.Stream {
			c.suffix = "-stream"
		}
		c.base = w.sign(document(kind), sig{name: "First"})
		c.honest()
		c.incremental()
		c.shadow()
		c.certified()
		c.objects()
		c.shared()
		c.looks()
	}
	c.kind, c.suffix = pdftest.Table, ""
	c.base = w.sign(document(pdftest.Table), sig{name: "First"})
	c.forgery()
	c.wrapping()
	c.ranges()
	c.endings()
	c.flood()
	return c.all, w.Roots()
}

type cases struct {
	*World
	kind   pdftest.Kind
	suffix string
	base   []byte // the document with one signature
	all    []Case
}

func (c *cases) add(name, class string, want Outcome, reason string, b []byte) {
	c.all = append(c.all, Case{Name: name + c.suffix, Class: class, Want: want, Reason: reason, Bytes: b})
}

func (c *cases) document() []byte { return document(c.kind) }

// fill fills in a text field as viewers do.
func (c *cases) fill(in []byte, field uint32, value, shown string) []byte {
	return c.update(in, func(_ *pdf.File, u *pdf.Update) {
		ap := u.Alloc()
		u.SetStream(ap, form("0 0 200 20"), []byte("/Tx BMC BT /F1 12 Tf 2 4 Td ("+shown+") Tj ET EMC"))
		c.edit(u, ref(field), func(d pdf.Dict) {
			d["V"], d["AP"] = pdf.TextString(value), pdf.Dict{"N": ap}
		})
	})
}

// split fills in the field whose widget is an object of its own, in the place of what it showed.
func (c *cases) split(in []byte, value, shown string) []byte {
	return c.update(in, func(_ *pdf.File, u *pdf.Update) {
		u.SetStream(ref(objWidget+1), form("0 0 200 20"), []byte("BT /F1 12 Tf 2 4 Td ("+shown+") Tj ET"))
		if value != "" {
			c.edit(u, ref(objSplit), func(d pdf.Dict) { d["V"] = pdf.TextString(value) })
		}
	})
}

// annotate adds an annotation to the first page.
func (c *cases) annotate(in []byte, entries, look string, resources pdf.Object) []byte {
	return c.update(in, func(f *pdf.File, u *pdf.Update) {
		ap, at := u.Alloc(), u.Alloc()
		d := form("0 0 400 100")
		if resources != nil {
			d["Resources"] = resources
		}
		u.SetStream(ap, d, []byte(look))
		u.Set(at, pdf.Raw(fmt.Sprintf("<< /Type /Annot /P 3 0 R /F 4 %s /AP << /N %v >> >>", entries, ap)))
		c.list(f, u, ref(3), "Annots", at)
	})
}

const (
	note      = "/Subtype /Text /Rect [500 600 520 620] /Contents (please check) /Name /Note"
	noteLook  = "q 1 1 0 rg 0 0 20 20 re f Q"
	highlight = "/Subtype /Highlight /Rect [72 710 200 740] /QuadPoints [72 740 200 740 72 710 200 710] /C [1 1 0]"
)

func (c *cases) second(in []byte) []byte { return c.sign(in, sig{name: "Second"}) }
func (c *cases) stamp(in []byte) []byte  { return c.sign(in, sig{name: "Stamp", stamp: true}) }

// signLook signs a field that shows something while it is empty, and writes that anew in its place. shared is a field or an
// annotation that shows the same.
func (c *cases) signLook(indirect bool, shared uint32) []byte {
	var look pdf.Ref
	in := c.update(c.document(), func(_ *pdf.File, u *pdf.Update) {
		look = u.Alloc()
		u.SetStream(look, form("0 0 200 40"), []byte("BT /F1 12 Tf (Sign here) Tj ET"))
		var ap pdf.Object = pdf.Dict{"N": look}
		if indirect {
			at := u.Alloc()
			u.Set(at, ap)
			ap = at
		}
		for _, num := range []uint32{objApproval, shared} {
			if num != 0 {
				c.edit(u, ref(num), func(d pdf.Dict) { d["AP"] = ap })
			}
		}
	})
	return c.sign(c.sign(in, sig{name: "First"}), sig{field: ref(objApproval), add: func(u *pdf.Update, _, _ pdf.Ref) {
		u.SetStream(look, form("0 0 200 40"), []byte("BT /F1 12 Tf (Signed) Tj ET"))
	}})
}

// honest makes what signers and readers do to signed documents.
func (c *cases) honest() {
	good := func(name string, b []byte) { c.add("honest-"+name, "honest", Good, "", b) }
	doc, one := c.document(), c.base
	store := c.store(one)
	good("alone", one)
	good("store", store)
	good("timestamp", c.stamp(store))
	good("prolonged", c.store(c.stamp(store)))
	good("second", c.second(one))
	good("second-after-store", c.second(store))
	good("second-visible", c.sign(one, sig{name: "Second", rect: "72 40 172 80", look: "BT /F1 12 Tf (Signed) Tj ET"}))
	good("existing-field", c.sign(one, sig{field: ref(objApproval)}))
	good("existing-field-look", c.signLook(false, 0))
	good("existing-field-look-indirect", c.signLook(true, 0))
	good("fill", c.fill(one, objName, "Grace", "Grace"))
	good("fill-empty", c.fill(one, objOther, "42", "42"))
	good("fill-split", c.split(one, "Grace", "Grace"))
	good("link", c.annotate(one, "/Subtype /Link /Rect [72 700 200 720] /A << /S /URI /URI (https://example.com/) >>", "", nil))
	good("note", c.annotate(one, note, noteLook, nil))
	good("highlight", c.annotate(one, highlight, "/G gs 1 1 0 rg 0 0 128 30 re f", pdf.Raw("<< /ExtGState << /G << /BM /Multiply >> >> >>")))
	good("metadata", c.update(one, func(f *pdf.File, u *pdf.Update) {
		c.edit(u, ref(6), func(d pdf.Dict) { d["ModDate"] = pdf.String("D:20260504130000Z") })
		u.SetStream(ref(objMetadata), pdf.Dict{"Type": pdf.Name("Metadata"), "Subtype": pdf.Name("XML")}, []byte("<x:xmpmeta xmlns:x='adobe:ns:meta/'> </x:xmpmeta>"))
	}))
	good("left-behind", c.update(store, func(_ *pdf.File, u *pdf.Update) { u.Set(u.Alloc(), pdf.Array{}) }))
	good("written-again", c.update(one, func(f *pdf.File, u *pdf.Update) {
		for _, n := range []uint32{1, 2, 3, objName} {
			c.edit(u, ref(n), func(pdf.Dict) {})
		}
	}))
	good("structure", c.update(one, func(f *pdf.File, u *pdf.Update) {
		element := u.Alloc()
		u.Set(element, pdf.Raw("<< /Type /StructElem /S /Form /P 23 0 R /Pg 3 0 R >>"))
		c.list(f, u, ref(objStructure), "K", element)
	}))
	good("catalog-moved", c.update(one, func(f *pdf.File, u *pdf.Update) {
		catalog, err := f.Catalog()
		c.must(err)
		at := u.Alloc()
		u.Set(at, catalog)
		u.SetTrailer("Root", at)
	}))
	stamped := c.prepare(store, sig{name: "Stamp", stamp: true})
	spoiled := bytes.LastIndex(stamped[:len(store)], []byte("startxref\n")) + 10
	copy(stamped[spoiled:], "9999") // the end of an unsigned revision leads nowhere; the next one leads past it
	good("broken-between", c.seal(stamped, sig{stamp: true}))
	certified := func(p int) []byte { return c.sign(doc, sig{name: "Author", certify: p}) }
	good("certified-1-store", c.store(certified(1)))
	good("certified-1-timestamp", c.stamp(c.store(certified(1))))
	good("certified-2-fill", c.fill(certified(2), objName, "Grace", "Grace"))
	good("certified-2-second", c.second(certified(2)))
	good("certified-2-existing-field", c.sign(certified(2), sig{field: ref(objApproval)}))
	good("certified-3-note", c.annotate(certified(3), note, noteLook, nil))
	good("certified-3-all", c.second(c.annotate(c.fill(certified(3), objName, "Grace", "Grace"), note, noteLook, nil)))
	locked := c.sign(doc, sig{name: "First", lock: "/Action /Include /Fields [(name)]"})
	good("locked-other", c.fill(locked, objOther, "42", "42"))
	good("locked-all-second", c.second(c.sign(doc, sig{name: "First", lock: "/Action /All"})))
	good("locked-others-second", c.second(c.sign(doc, sig{name: "First", lock: "/Action /Exclude /Fields [(other)]"})))
	many := doc
	for i := range 5 {
		many = c.store(c.sign(many, sig{name: fmt.Sprintf("Signer%d", i)}))
	}
	good("many", many)
}

// incremental makes incremental saving attacks: the content is replaced in an update, with all of its parts or without some.
func (c *cases) incremental() {
	const class = "incremental saving"
	evil := pdftest.StreamBody("", "BT /F1 24 Tf 72 720 Td (Pay 9999 EUR) Tj ET")
	object := func(n int, body string) string { return fmt.Sprintf("%d 0 obj\n%s\nendobj\n", n, body) }
	with := func(s string) []byte { return append(bytes.Clone(c.base), s...) }
	c.add("isa-content", class, Forbidden, "", c.update(c.base, func(_ *pdf.File, u *pdf.Update) {
		u.SetStream(ref(objContent), pdf.Dict{}, []byte("BT /F1 24 Tf 72 720 Td (Pay 9999 EUR) Tj ET"))
	}))
	c.add("isa-page", class, Forbidden, "/Contents of page 1", c.update(c.base, func(_ *pdf.File, u *pdf.Update) {
		at := u.Alloc()
		u.SetStream(at, pdf.Dict{}, []byte("BT /F1 24 Tf 72 720 Td (Pay 9999 EUR) Tj ET"))
		c.edit(u, ref(3), func(d pdf.Dict) { d["Contents"] = at })
	}))
	c.add("isa-page-tree", class, Forbidden, "", c.update(c.base, func(_ *pdf.File, u *pdf.Update) {
		c.edit(u, ref(2), func(d pdf.Dict) { d["Kids"], d["Count"] = pdf.Array{ref(19)}, pdf.Integer(1) })
	}))
	c.add("isa-catalog", class, Forbidden, "", c.update(c.base, func(_ *pdf.File, u *pdf.Update) {
		tree := u.Alloc()
		u.Set(tree, pdf.Raw("<< /Type /Pages /Kids [16 0 R] /Count 1 >>"))
		c.edit(u, ref(1), func(d pdf.Dict) { d["Pages"] = tree })
	}))
	c.add("isa-no-trailer", class, Broken, "", with(object(4, evil)+fmt.Sprintf("xref\n4 1\n%010d 00000 n \n", len(c.base))))
	c.add("isa-body-only", class, Broken, "", with(object(4, evil)))
	c.add("isa-body-eof", class, Broken, "", with(object(4, evil)+"%%EOF\n"))
	old := c.base[bytes.LastIndex(c.base, []byte("startxref")):]
	c.add("isa-startxref-again", class, Broken, "", with(object(4, evil)+string(old)))
	c.add("isa-small-trailer", class, Forbidden, "", with(object(4, evil)+"trailer\n<< /Root 1 0 R /Size 30 >>\nstartxref\n0\n%%EOF\n"))
	at := len(c.base)
	xref := at + len(object(4, evil))
	body := object(4, evil) + fmt.Sprintf("xref\n0 1\n0000000000 65535 f \n4 1\n%010d 00000 n \ntrailer\n<< /Root 1 0 R /Size 30", at)
	end := fmt.Sprintf(" >>\nstartxref\n%d\n%%%%EOF\n", xref)
	c.add("isa-no-prev", class, Forbidden, "", with(body+end))
	first := bytes.Index(c.base, []byte("startxref\n")) + 10
	before := string(c.base[first : first+bytes.IndexByte(c.base[first:], '\n')])
	c.add("isa-prev-skips", class, Broken, "", with(body+" /Prev "+before+end))
	c.add("isa-unlisted", class, Suspicious, "belong to no object", c.hide(object(4, evil)))
}

// hide puts bytes between the objects of an update that only adds metadata.
func (c *cases) hide(what string) []byte {
	out := c.update(append(bytes.Clone(c.base), what...), func(_ *pdf.File, u *pdf.Update) {
		c.edit(u, ref(6), func(d pdf.Dict) { d["ModDate"] = pdf.String("D:20260504130000Z") })
	})
	return out
}

// look changes what a stream of the document says.
func (c *cases) stream(num uint32, data string) []byte {
	return c.update(c.base, func(f *pdf.File, u *pdf.Update) {
		o, err := u.Get(ref(num))
		c.must(err)
		d := pdf.Dict{}
		if s, ok := o.(*pdf.Stream); ok {
			d = s.Dict.Clone()
		}
		delete(d, "Filter")
		u.SetStream(ref(num), d, []byte(data))
	})
}

func (c *cases) change(num uint32, change func(d pdf.Dict)) []byte {
	return c.update(c.base, func(_ *pdf.File, u *pdf.Update) { c.edit(u, ref(num), change) })
}

const evilText = "BT /F1 24 Tf 72 720 Td (Pay 9999 EUR) Tj ET"

// shadow makes what was prepared in the signed document come to light.
func (c *cases) shadow() {
	const class = "shadow"
	c.add("shadow-look-of-field", class, Forbidden, "pages or signatures need", c.signLook(false, objOther))
	c.add("shadow-look-of-note", class, Forbidden, "pages or signatures need", c.signLook(true, objNote))
	c.add("shadow-hide-annotation", class, Suspicious, "annotation was taken", c.change(3, func(d pdf.Dict) {
		a := d["Annots"].(pdf.Array)
		d["Annots"] = append(append(pdf.Array{}, a[:4]...), a[5:]...) // without what covers
	}))
	c.add("shadow-hide-flag", class, Suspicious, "also /F", c.change(objCover, func(d pdf.Dict) { d["F"] = pdf.Integer(2) }))
	c.add("shadow-hide-picture", class, Forbidden, "", c.stream(objPicture, ""))
	c.add("shadow-replace-font", class, Forbidden, "", c.change(objFont, func(d pdf.Dict) {
		d["Encoding"] = pdf.Raw("<< /Type /Encoding /Differences [49 /nine /nine] >>")
	}))
	c.add("shadow-replace-look", class, Suspicious, "value is as it was", c.update(c.base, func(_ *pdf.File, u *pdf.Update) {
		ap := u.Alloc()
		u.SetStream(ap, form("0 0 200 20"), []byte("BT /F1 12 Tf (Mallory) Tj ET"))
		c.edit(u, ref(objName), func(d pdf.Dict) { d["AP"] = pdf.Dict{"N": ap} })
	}))
	c.add("shadow-replace-look-data", class, Suspicious, "its value is as it was", c.stream(objNameLook, "BT /F1 12 Tf (Mallory) Tj ET"))
	c.add("shadow-fill-shows-other", class, Suspicious, "something else than its value", c.fill(c.base, objName, "Grace", "Mallory"))
	c.add("shadow-split-shows-other", class, Suspicious, "something else than its value", c.split(c.base, "Grace", "Mallory"))
	c.add("shadow-split-look", class, Suspicious, "its value is as it was", c.split(c.base, "", "Mallory"))
	c.add("shadow-script", class, Suspicious, "when it is touched", c.annotate(c.base, "/Subtype /Link /Rect [72 700 200 720] /A << /S /JavaScript /JS (1) >>", "", nil))
	c.add("shadow-need-appearances", class, Suspicious, "NeedAppearances", c.change(objForm, func(d pdf.Dict) { d["NeedAppearances"] = pdf.Bool(true) }))
	c.add("shadow-form-font", class, Forbidden, "/DR", c.update(c.base, func(_ *pdf.File, u *pdf.Update) {
		at := u.Alloc()
		u.Set(at, pdf.Raw("<< /Type /Font /Subtype /Type1 /BaseFont /Symbol >>"))
		c.edit(u, ref(objForm), func(d pdf.Dict) { d["DR"] = pdf.Dict{"Font": pdf.Dict{"F1": at}} })
	}))
	c.add("shadow-overlay", class, Suspicious, "cover", c.annotate(c.base, "/Subtype /Stamp /Rect [72 700 400 760]", "1 1 1 rg 0 0 400 100 re f "+evilText, nil))
	c.add("shadow-alive-page", class, Forbidden, "", c.change(2, func(d pdf.Dict) { d["Kids"] = pdf.Array{ref(objHidden2), ref(19)} }))
	c.add("shadow-alive-look", class, Suspicious, "nothing reached", c.change(objName, func(d pdf.Dict) {
		d["V"], d["AP"] = pdf.TextString("Pay 9999 EUR"), pdf.Dict{"N": ref(objHidden)}
	}))
	missing := c.World.sign(prepared(c.kind), sig{name: "First"})
	c.add("shadow-alive-missing", class, Forbidden, "was not there", c.update(missing, func(_ *pdf.File, u *pdf.Update) {
		u.SetStream(ref(objMissing), pdf.Dict{}, []byte(evilText))
	}))
	c.add("shadow-alive-store", class, Forbidden, "was not there", c.update(missing, func(f *pdf.File, u *pdf.Update) {
		u.SetStream(ref(objMissing), pdf.Dict{}, []byte(evilText))
		c.edit(u, f.Root(), func(d pdf.Dict) { d["DSS"] = pdf.Dict{"Certs": pdf.Array{ref(objMissing)}} })
	}))
	c.add("shadow-unused-changed", class, Suspicious, "nothing reaches", c.stream(objHidden, evilText+" "))
	c.add("shadow-unused-later", class, Suspicious, "nothing reached", c.update(c.update(c.base, func(_ *pdf.File, u *pdf.Update) {
		u.SetStream(ref(40), form("0 0 200 20"), []byte(evilText))
	}), func(_ *pdf.File, u *pdf.Update) {
		c.edit(u, ref(objName), func(d pdf.Dict) { d["V"], d["AP"] = pdf.TextString("Pay 9999 EUR"), pdf.Dict{"N": ref(40)} })
	}))
	c.add("shadow-read-aloud", class, Suspicious, "read aloud", c.change(objStructure+1, func(d pdf.Dict) { d["ActualText"] = pdf.String("Pay 9999 EUR") }))
	c.add("shadow-free", class, Suspicious, "nothing reaches", c.free(objHidden))
	c.add("shadow-free-content", class, Forbidden, "taken away", c.free(objContent))
	c.add("shadow-store-shares-page", class, Forbidden, "", c.sharedStore())
}

// free takes an object away by an entry of the cross-reference alone.
func (c *cases) free(num uint32) []byte {
	return c.rows(func(size int, add func(num uint32, kind byte, at int)) { add(num, 0, 0) })
}

// rows appends a cross-reference and no objects.
func (c *cases) rows(each func(size int, add func(num uint32, kind byte, at int))) []byte {
	f := c.open(c.base)
	size := int(f.Highest()) + 2
	var table, index strings.Builder
	var data []byte
	each(size, func(num uint32, kind byte, at int) {
		letter := "n"
		if kind == 0 {
			letter = "f"
		}
		fmt.Fprintf(&table, "%d 1\n%010d 00000 %s \n", num, at, letter)
		fmt.Fprintf(&index, "%d 1 ", num)
		data = append(data, kind, byte(at>>24), byte(at>>16), byte(at>>8), byte(at), 0, 0)
	})
	prev := f.Sections()[0].Offset
	out := bytes.Clone(c.base)
	at := len(out)
	if c.kind == pdftest.Table {
		out = fmt.Appendf(out, "xref\n%strailer\n<< /Size %d /Root 1 0 R /Info 6 0 R /Prev %d >>\n", table.String(), size, prev)
	} else {
		self := size - 1
		data = append(data, 1, byte(at>>24), byte(at>>16), byte(at>>8), byte(at), 0, 0)
		fmt.Fprintf(&index, "%d 1", self)
		out = fmt.Appendf(out, "%d 0 obj\n%s\nendobj\n", self, pdftest.StreamBody(fmt.Sprintf(
			"/Type /XRef /W [1 4 2] /Index [%s] /Size %d /Root 1 0 R /Info 6 0 R /Prev %d", index.String(), size, prev), string(data)))
	}
	return fmt.Appendf(out, "startxref\n%d\n%%%%EOF\n", at)
}

// sharedStore has a security store whose dictionary is what the page shows, too.
func (c *cases) sharedStore() []byte {
	in := c.update(c.document(), func(f *pdf.File, u *pdf.Update) {
		at := u.Alloc()
		u.Set(at, pdf.Raw("<< /Certs [] /X 14 0 R >>"))
		c.edit(u, f.Root(), func(d pdf.Dict) { d["DSS"] = at })
		c.edit(u, ref(3), func(d pdf.Dict) { d["Resources"].(pdf.Dict)["XObject"] = at })
	})
	in = c.sign(in, sig{name: "First"})
	return c.update(in, func(f *pdf.File, u *pdf.Update) {
		catalog, err := f.Catalog()
		c.must(err)
		c.edit(u, catalog["DSS"].(pdf.Ref), func(d pdf.Dict) { d["X"] = ref(objHidden) })
	})
}
