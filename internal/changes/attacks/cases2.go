// SPDX-License-Identifier: Apache-2.0

package attacks

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"regexp"
	"strings"

	"gsign/internal/pdf"
	"gsign/internal/pdf/pdftest"
)

// certified makes attacks on certified documents and locked fields.
func (c *cases) certified() {
	const class = "certification"
	author := func(p int) []byte { return c.sign(c.document(), sig{name: "Author", certify: p}) }
	cover := "1 1 1 rg 0 0 400 100 re f " + evilText
	c.add("eaa-freetext", class, Suspicious, "cover", c.annotate(author(3), "/Subtype /FreeText /Rect [72 700 400 760] /Contents (Pay 9999 EUR) /DA (/F1 24 Tf)", cover, nil))
	c.add("eaa-stamp", class, Suspicious, "cover", c.annotate(author(3), "/Subtype /Stamp /Rect [72 700 400 760]", cover, nil))
	c.add("eaa-redact", class, Suspicious, "cover", c.annotate(author(3), "/Subtype /Redact /Rect [72 700 400 760]", cover, nil))
	c.add("eaa-highlight", class, Suspicious, "cover", c.annotate(author(3), highlight, cover, nil))
	c.add("eaa-note", class, Suspicious, "cover", c.annotate(author(3), "/Subtype /Text /Rect [72 700 400 760]", cover, nil))
	c.add("eaa-ink", class, Suspicious, "cover", c.annotate(author(3), "/Subtype /Ink /Rect [72 700 400 760] /InkList [[72 700 400 760]]", "0 0 m 9 9 l S", nil))
	c.add("eaa-underline", class, Suspicious, "cover", c.annotate(author(3), "/Subtype /Underline /Rect [72 700 400 760]", "1 1 1 RG 90 w 0 50 m 400 50 l S", nil))
	c.add("eaa-link", class, Suspicious, "border", c.annotate(author(3), "/Subtype /Link /Rect [72 700 400 760] /Border [0 0 60] /C [1 1 1]", "", nil))
	c.add("ssa-timestamp", class, Suspicious, "shows something", c.sign(c.base, sig{name: "Stamp", stamp: true, rect: "72 700 400 760", look: cover}))
	c.add("ssa-empty", class, Suspicious, "nobody signed", c.update(c.base, func(f *pdf.File, u *pdf.Update) {
		at := u.Alloc()
		page := ref(3)
		d := sig{name: "Empty", rect: "72 700 400 760", look: cover}.newField(pdf.Ref{}, page, u)
		delete(d, "V")
		u.Set(at, d)
		c.list(f, u, page, "Annots", at)
		c.addField(f, u, at)
	}))
	c.add("eaa-2-note", class, Forbidden, "does not permit annotations", c.annotate(author(2), note, noteLook, nil))
	c.add("eaa-1-note", class, Forbidden, "does not permit annotations", c.annotate(author(1), note, noteLook, nil))
	c.add("ssa-2", class, Suspicious, "", c.sign(author(2), sig{name: "Sneaky", rect: "72 700 400 760", look: cover}))
	c.add("ssa-3", class, Suspicious, "", c.sign(author(3), sig{name: "Sneaky", rect: "72 700 400 760", look: cover}))
	c.add("ssa-covers", class, Suspicious, "covers", c.sign(c.base, sig{name: "Sneaky", rect: "0 0 612 792", look: cover}))
	c.add("ssa-moved", class, Suspicious, "moved", c.sign(author(2), sig{field: ref(objApproval), add: func(u *pdf.Update, field, _ pdf.Ref) {
		ap := u.Alloc()
		u.SetStream(ap, form("0 0 400 100"), []byte(cover))
		c.edit(u, field, func(d pdf.Dict) { d["Rect"], d["AP"] = pdf.Raw("[72 700 400 760]"), pdf.Dict{"N": ap} })
	}}))
	c.add("ssa-1", class, Forbidden, "no changes allowed", c.second(author(1)))
	c.add("fill-1", class, Forbidden, "no changes allowed", c.fill(author(1), objName, "Grace", "Grace"))
	locked := c.sign(c.document(), sig{name: "First", lock: "/Action /Include /Fields [(name)]"})
	c.add("fill-locked", class, Forbidden, "locks the field", c.fill(locked, objName, "Grace", "Grace"))
	exclude := c.sign(c.document(), sig{name: "First", lock: "/Action /Exclude /Fields [(other)]"})
	c.add("fill-excluded", class, Forbidden, "locks the field", c.fill(exclude, objName, "Grace", "Grace"))
	sealed := c.sign(c.document(), sig{name: "First", lock: "/Action /All"})
	c.add("sign-locked", class, Forbidden, "locks the field", c.sign(sealed, sig{field: ref(objApproval)}))
	named := c.sign(c.document(), sig{name: "First", lock: "/Action /Include /Fields [(Second)]"})
	c.add("sign-locked-name", class, Forbidden, "locks the field", c.sign(named, sig{name: "Second"}))
	c.add("certify-again", class, Suspicious, "certifies", c.sign(c.base, sig{name: "Author", certify: 2, add: func(u *pdf.Update, _, _ pdf.Ref) {
		c.edit(u, ref(1), func(d pdf.Dict) { delete(d, "Perms") })
	}}))
	c.add("perms-taken", class, Forbidden, "/Perms", c.update(author(1), func(_ *pdf.File, u *pdf.Update) {
		c.edit(u, ref(1), func(d pdf.Dict) { delete(d, "Perms") })
	}))
}

// objects makes changes of single objects.
func (c *cases) objects() {
	const class = "other changes"
	forbidden := func(name, reason string, b []byte) { c.add(name, class, Forbidden, reason, b) }
	entry := func(key pdf.Name, value string) []byte {
		return c.change(1, func(d pdf.Dict) { d[key] = pdf.Raw(value) })
	}
	forbidden("catalog-openaction", "/OpenAction", entry("OpenAction", "<< /S /JavaScript /JS (app.alert\\(1\\)) >>"))
	forbidden("catalog-names", "/Names", entry("Names", "<< /JavaScript << /Names [(a) << /S /JavaScript /JS (1) >>] >> >>"))
	forbidden("catalog-layers", "/OCProperties", entry("OCProperties", "<< /OCGs [] /D << >> >>"))
	forbidden("form-xfa", "/XFA", c.change(objForm, func(d pdf.Dict) { d["XFA"] = pdf.Raw("[(template) (x)]") }))
	forbidden("form-field-taken", "taken away", c.change(objForm, func(d pdf.Dict) { d["Fields"] = d["Fields"].(pdf.Array)[1:] }))
	forbidden("form-field-added", "no signature field", c.update(c.base, func(f *pdf.File, u *pdf.Update) {
		at := u.Alloc()
		u.Set(at, pdf.Raw("<< /FT /Tx /T (new) /V (Pay 9999 EUR) /Type /Annot /Subtype /Widget /Rect [72 700 400 760] /P 3 0 R /F 4 >>"))
		c.list(f, u, ref(3), "Annots", at)
		c.addField(f, u, at)
	}))
	forbidden("field-type", "/FT", c.change(objName, func(d pdf.Dict) { d["FT"] = pdf.Name("Btn") }))
	forbidden("field-script", "/AA", c.change(objName, func(d pdf.Dict) { d["AA"] = pdf.Raw("<< /K << /S /JavaScript /JS (1) >> >>") }))
	forbidden("field-name", "/T", c.change(objName, func(d pdf.Dict) { d["T"] = pdf.TextString("other name") }))
	c.add("field-moved", class, Suspicious, "/Rect", c.change(objName, func(d pdf.Dict) { d["Rect"] = pdf.Raw("[72 700 400 760]") }))
	c.signed()
	if c.kind == pdftest.Stream {
		c.packed("object-stream-redefined", c.base)
		c.add("object-stream-covered", "object streams", Forbidden, "", c.change(objFont, func(d pdf.Dict) { d["BaseFont"] = pdf.Name("Symbol") }))
	}
	forbidden("rolled-back", "", c.rolledBack())
}

// signed makes changes of a signature that was there.
func (c *cases) signed() {
	const class = "other changes"
	forbidden := func(name, reason string, b []byte) { c.add(name, class, Forbidden, reason, b) }
	signed := c.sign(c.document(), sig{name: "First", rect: "72 40 172 80", look: "BT /F1 12 Tf (Signed) Tj ET"})
	f := c.open(signed)
	field := pdf.Ref{}
	look := pdf.Ref{}
	var dict pdf.Ref
	for ref := range f.Objects {
		d, _ := f.Dict(ref)
		if d["T"] != nil && d["V"] != nil && d["FT"] == pdf.Object(pdf.Name("Sig")) {
			field, dict = ref, d["V"].(pdf.Ref)
			look = d["AP"].(pdf.Dict)["N"].(pdf.Ref)
		}
	}
	forbidden("signed-look", "signatures need", c.update(signed, func(_ *pdf.File, u *pdf.Update) {
		u.SetStream(look, form("0 0 600 800"), []byte(evilText))
	}))
	forbidden("signed-field-look", "/AP of a signed field", c.update(signed, func(_ *pdf.File, u *pdf.Update) {
		at := u.Alloc()
		u.SetStream(at, form("0 0 600 800"), []byte(evilText))
		c.edit(u, field, func(d pdf.Dict) { d["AP"] = pdf.Dict{"N": at} })
	}))
	forbidden("signed-field-moved", "/Rect of a signed field", c.update(signed, func(_ *pdf.File, u *pdf.Update) {
		c.edit(u, field, func(d pdf.Dict) { d["Rect"] = pdf.Raw("[72 700 400 760]") })
	}))
	c.add("signature-cleared", class, Broken, "", c.update(signed, func(_ *pdf.File, u *pdf.Update) {
		c.edit(u, field, func(d pdf.Dict) { delete(d, "V") })
	}))
	two := c.second(signed)
	forbidden("signature-cleared-below", "/V of a signed field", c.update(two, func(_ *pdf.File, u *pdf.Update) {
		c.edit(u, field, func(d pdf.Dict) { delete(d, "V") })
	}))
	c.add("signature-rewritten", class, Broken, "", c.update(signed, func(_ *pdf.File, u *pdf.Update) {
		c.edit(u, dict, func(d pdf.Dict) { d["Reason"] = pdf.String("another") })
	}))
	forbidden("field-named-twice", "called", c.sign(c.base, sig{name: "First"}))
	forbidden("dictionary-shared", "share a signature dictionary", c.update(signed, func(f *pdf.File, u *pdf.Update) {
		at := u.Alloc()
		u.Set(at, pdf.Dict{"FT": pdf.Name("Sig"), "T": pdf.TextString("Copy"), "V": dict})
		c.addField(f, u, at)
	}))
}

// packed writes a signed object stream anew, whatever it calls itself.
func (c *cases) packed(name string, in []byte) {
	f := c.open(in)
	for ref := range f.Objects {
		o, err := f.Object(ref)
		c.must(err)
		s, ok := o.(*pdf.Stream)
		if !ok || s.Dict["N"] == nil || s.Dict["First"] == nil {
			continue
		}
		data, err := f.StreamData(s, 1<<20)
		c.must(err)
		evil := bytes.Replace(data, []byte("/MediaBox [0 0 612 792]"), []byte("/MediaBox [0 0 61  792]"), 1)
		c.add(name, "object streams", Forbidden, "object stream", c.update(in, func(_ *pdf.File, u *pdf.Update) {
			d := pdf.Dict{"N": s.Dict["N"], "First": s.Dict["First"]}
			if s.Dict["Type"] != nil {
				d["Type"] = s.Dict["Type"]
			}
			u.SetStream(ref, d, evil)
		}))
		return
	}
	c.tb.Fatal("no object stream")
}

// rolledBack makes an entry lead back to what an object was before it was changed and signed.
func (c *cases) rolledBack() []byte {
	in := c.document()
	was := c.open(in)
	at := was.Place(objContent)
	in = c.update(in, func(_ *pdf.File, u *pdf.Update) { u.SetStream(ref(objContent), pdf.Dict{}, []byte("BT ET")) })
	old := c.base
	c.base = c.sign(in, sig{name: "First"})
	out := c.rows(func(_ int, add func(uint32, byte, int)) { add(objContent, 1, int(at)) })
	c.base = old
	return out
}

var byteRange = regexp.MustCompile(`/ByteRange \[0 (\d+) (\d+) (\d+)\]`)

// forgery makes universal signature forgeries: the document is changed, and what would tell is missing or null.
func (c *cases) forgery() {
	const class = "signature forgery"
	at := bytes.Index(c.base, []byte("/Contents <"))
	end := at + 10 + len(placeholder)
	evil := bytes.Replace(c.base, []byte("Pay 100 EUR"), []byte("Pay 999 EUR"), 1)
	r := byteRange.FindIndex(c.base)
	contents := func(v string) []byte {
		out := bytes.Clone(evil)
		copy(out[at:end], v+strings.Repeat(" ", end-at-len(v)))
		return out
	}
	ranges := func(v string) []byte {
		out := bytes.Clone(evil)
		copy(out[r[0]:r[1]], v+strings.Repeat(" ", r[1]-r[0]-len(v)))
		return out
	}
	value := func(name string, b []byte) {
		c.add(name, class, Broken, "", b)
		c.all[len(c.all)-1].Value = true
	}
	value("usf-changed", evil)
	c.add("usf-contents-missing", class, Broken, "", contents(""))
	c.add("usf-contents-null", class, Broken, "", contents("/Contents null"))
	c.add("usf-contents-empty", class, Broken, "", contents("/Contents <>"))
	c.add("usf-contents-zero", class, Broken, "", contents("/Contents <00>"))
	c.add("usf-contents-name", class, Broken, "", contents("/Contents /x"))
	c.add("usf-byterange-missing", class, Broken, "", ranges(""))
	c.add("usf-byterange-null", class, Broken, "", ranges("/ByteRange null"))
	c.add("usf-byterange-empty", class, Broken, "", ranges("/ByteRange []"))
	c.add("usf-byterange-nulls", class, Broken, "", ranges("/ByteRange [null null null]"))
	c.add("usf-byterange-zeros", class, Broken, "", ranges("/ByteRange [0 0 0 0]"))
	c.add("usf-byterange-negative", class, Broken, "", ranges("/ByteRange [0 -1 -1 -1]"))
	c.add("usf-byterange-huge", class, Broken, "", ranges("/ByteRange [0 9 9 99999999]"))
	value("usf-subfilter", bytes.Replace(evil, []byte("/SubFilter /ETSI.CAdES.detached"), []byte("/SubFilter /NONE.CAdES.detached"), 1))
}

// wrapping makes signature wrapping attacks: the bytes that were signed are moved, others are read.
func (c *cases) wrapping() {
	const class = "signature wrapping"
	m := byteRange.FindSubmatch(c.base)
	var a, b, l int
	for i, p := range []*int{&a, &b, &l} {
		_, err := fmt.Sscan(string(m[i+1]), p)
		c.must(err)
	}
	f := c.open(c.base)
	sigs := []pdf.Ref{}
	for ref := range f.Objects {
		d, _ := f.Dict(ref)
		if d["ByteRange"] != nil {
			sigs = append(sigs, ref)
		}
	}
	contents := string(c.base[a:b])
	// The gap is made larger: a new dictionary in it says so, and what was signed follows it.
	evil := pdftest.StreamBody("", "BT /F1 24 Tf 72 720 Td (Pay 9999 EUR) Tj ET")
	var gap strings.Builder
	gap.WriteString(" >>\nendobj\n")
	at := map[int]int{}
	put := func(n int, body string) {
		at[n] = b + gap.Len()
		fmt.Fprintf(&gap, "%d 0 obj\n%s\nendobj\n", n, body)
	}
	size := 40000
	put(4, evil)
	put(int(sigs[0].Num), fmt.Sprintf("<< /Type /Sig /Filter /Adobe.PPKLite /SubFilter /ETSI.CAdES.detached /ByteRange [0 %d %d %d] /Contents %s >>", a, b+size, l, contents))
	xref := b + gap.Len()
	fmt.Fprintf(&gap, "xref\n")
	for _, n := range []int{4, int(sigs[0].Num)} {
		fmt.Fprintf(&gap, "%d 1\n%010d 00000 n \n", n, at[n])
	}
	fmt.Fprintf(&gap, "trailer\n<< /Root 1 0 R /Size 40 /Prev %s >>\nstartxref\n%d\n%%%%EOF\n", firstXRef(c.base), xref)
	wrapped := append(bytes.Clone(c.base[:b]), gap.String()...)
	wrapped = append(wrapped, strings.Repeat("\n", size-gap.Len())...)
	wrapped = append(wrapped, c.base[b:]...)
	c.add("swa-moved", class, Broken, "", fmt.Appendf(wrapped, "startxref\n%d\n%%%%EOF\n", xref))
	c.add("swa-gap", class, Broken, "", c.withGap(" /Reason (is left out)"))
	c.add("swa-contents-twice", class, Broken, "", c.sign(c.document(), sig{name: "First", entries: "/ByteRange %R /Contents <00> /Contents %C"}))
	c.add("swa-byterange-twice", class, Broken, "", c.sign(c.document(), sig{name: "First", entries: "/ByteRange [0 1 2 3] /ByteRange %R /Contents %C"}))
	c.add("swa-contents-elsewhere", class, Broken, "", c.sign(c.document(), sig{name: "First", entries: "/ByteRange %R /Other %C /Contents <3000>"}))
}

func firstXRef(b []byte) string {
	i := bytes.Index(b, []byte("startxref\n")) + 10
	return string(b[i : i+bytes.IndexByte(b[i:], '\n')])
}

// withGap signs with a ByteRange that leaves out what follows /Contents, too.
func (c *cases) withGap(more string) []byte {
	s := sig{name: "First", entries: "/ByteRange %R /Contents %C" + more}
	in := c.prepare(c.document(), s)
	start := bytes.LastIndex(in, []byte(placeholder))
	return c.sealRange(in, s, start, start+len(placeholder)+len(more), len(in))
}

// ranges makes wrong ByteRanges that were signed so, and wrong /Contents.
func (c *cases) ranges() {
	const class = "ranges"
	s := sig{name: "First"}
	in := c.prepare(c.document(), s)
	start := bytes.LastIndex(in, []byte(placeholder))
	end := start + len(placeholder)
	c.add("range-brackets", class, Broken, "", c.sealRange(in, s, start+1, end-1, len(in)))
	c.add("range-before", class, Broken, "", c.sealRange(in, s, start-10, end, len(in)))
	c.add("range-after", class, Broken, "", c.sealRange(in, s, start, end+1, len(in)))
	c.add("range-short", class, Broken, "", c.sealRange(in, s, start, end, len(in)-30))
	c.add("range-overlaps", class, Broken, "", byteRange.ReplaceAll(c.base, []byte("/ByteRange [0 $2 $1 $3]")))
	c.add("range-three-parts", class, Broken, "", c.sign(c.document(), sig{name: "First", entries: "/ByteRange [0 10 10 20 30 40] /Contents %C"}))
	c.add("range-not-from-start", class, Broken, "", bytes.Replace(c.base, []byte("/ByteRange [0 "), []byte("/ByteRange [1 "), 1))
	at := bytes.Index(c.base, []byte("/Contents <")) + 11
	digits := func(change func(b []byte)) []byte {
		out := bytes.Clone(c.base)
		change(out[at : at+contentsDigits])
		return out
	}
	c.add("contents-odd-character", class, Broken, "", digits(func(b []byte) { b[len(b)-7] = 'x' }))
	c.add("contents-white-space", class, Broken, "", digits(func(b []byte) { b[len(b)-7] = '\n' }))
	c.add("contents-odd-count", class, Broken, "", digits(func(b []byte) { b[len(b)-1] = ' ' }))
	c.add("contents-garbage", class, Broken, "", digits(func(b []byte) { copy(b[len(b)-100:], hex.EncodeToString([]byte("garbage"))) }))
	c.add("contents-second-der", class, Broken, "", c.sign(c.document(), sig{name: "First", seal: func(der []byte) []byte { return append(der, 0x30, 1, 0) }}))
}

// endings makes games with the end of the file.
func (c *cases) endings() {
	const class = "endings"
	with := func(s string) []byte { return append(bytes.Clone(c.base), s...) }
	c.add("end-garbage", class, Broken, "", with("garbage\n"))
	c.add("end-eof-again", class, Broken, "", with("%%EOF\n"))
	c.add("end-zeros", class, Broken, "", with(strings.Repeat("\x00", 4000)+"1 0 obj\n<< >>\nendobj\n"))
	c.add("end-eof-in-comment", class, Forbidden, "", c.hide("% startxref 9 %%EOF\n"))
	c.add("end-pdf-again", class, Broken, "", with(string(pdftest.Classic())))
	c.add("end-revision-cut", class, Broken, "", c.second(c.base)[:len(c.base)+3000])
	in := c.prepare(c.document(), sig{name: "First"})
	cut := in[:len(in)-len("%%EOF\n")]
	start := bytes.LastIndex(cut, []byte(placeholder))
	c.add("end-eof-not-signed", class, Broken, "", append(c.sealRange(cut, sig{}, start, start+len(placeholder), len(cut)), "%%EOF\n"...))
}
