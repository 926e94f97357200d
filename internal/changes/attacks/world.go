// SPDX-License-Identifier: Apache-2.0

// Package attacks makes signed PDFs and what the published attacks make of them, each beside its honest counterpart. They
// are signed with keys that are made for the run and kept nowhere. Most need [All] only.
package attacks

import (
	"bytes"
	"crypto"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"
	"time"

	"gsign/internal/cms"
	"gsign/internal/pdf"
	"gsign/internal/pdf/pdftest"
	"gsign/internal/pkix/pkixtest"
)

// Noon is when the signatures were made. Signer and authorities live for years after.
var Noon = time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)

// World has the keys.
type World struct {
	tb       testing.TB
	pki      *pkixtest.PKI
	evidence []byte // an attribute with revocation lists of all issuers
}

// New makes the keys.
func New(tb testing.TB) *World {
	tb.Helper()
	long := func(c *x509.Certificate) {
		c.NotBefore, c.NotAfter = Noon.AddDate(0, -1, 0), Noon.AddDate(9, 0, 0)
	}
	w := &World{tb: tb, pki: pkixtest.New(tb, Noon, long)}
	p := w.pki
	var lists [][]byte
	for _, issuer := range []*pkixtest.Entity{p.CA, p.Root, p.TSACA, p.TSARoot} {
		lists = append(lists, p.CRL(tb, issuer, Noon.Add(-time.Minute)))
	}
	sequence := func(class, tag int, b []byte) []byte {
		der, err := asn1.Marshal(asn1.RawValue{Class: class, Tag: tag, IsCompound: true, Bytes: b})
		w.must(err)
		return der
	}
	all := sequence(asn1.ClassUniversal, asn1.TagSequence, bytes.Join(lists, nil))
	archival := sequence(asn1.ClassUniversal, asn1.TagSequence, sequence(asn1.ClassContextSpecific, 0, all))
	w.evidence = pkixtest.Attribute(cms.OIDAdobeRevocation, archival)
	return w
}

// Roots are the certificates to trust.
func (w *World) Roots() []*x509.Certificate {
	return []*x509.Certificate{w.pki.Root.Certificate, w.pki.TSARoot.Certificate}
}

func (w *World) must(err error) {
	w.tb.Helper()
	if err != nil {
		w.tb.Fatal(err)
	}
}

func (w *World) open(in []byte) *pdf.File {
	w.tb.Helper()
	f, err := pdf.Open(bytes.NewReader(in), int64(len(in)))
	w.must(err)
	return f
}

// update appends a revision.
func (w *World) update(in []byte, change func(f *pdf.File, u *pdf.Update)) []byte {
	w.tb.Helper()
	f := w.open(in)
	u := f.NewUpdate()
	u.SetID([]byte("0123456789abcdef"))
	change(f, u)
	rev, err := u.Build()
	w.must(err)
	return append(bytes.Clone(in), rev.Bytes...)
}

// edit changes a dictionary.
func (w *World) edit(u *pdf.Update, ref pdf.Ref, change func(pdf.Dict)) {
	w.tb.Helper()
	o, err := u.Get(ref)
	w.must(err)
	d, ok := o.(pdf.Dict)
	if !ok {
		w.tb.Fatalf("object %v is no dictionary", ref)
	}
	change(d)
	u.Set(ref, d)
}

// sig says how a signature is made.
type sig struct {
	name    string  // of a new field
	field   pdf.Ref // an empty field to be signed; name is not used
	certify int     // DocMDP level
	lock    string  // a FieldMDP dictionary's entries
	rect    string  // of the widget, on the first page
	look    string  // what its appearance paints
	stamp   bool    // a document timestamp
	plain   bool    // without a signature timestamp
	extra   string  // more entries of the signature dictionary, before /ByteRange
	entries string  // instead of /ByteRange and /Contents: %R and %C stand for their places
	add     func(u *pdf.Update, field, sig pdf.Ref)
	seal    func(cms []byte) []byte // changes the CMS
}

const contentsDigits = 16000

var (
	rangeRoom   = strings.Repeat(" ", 60)
	placeholder = "<" + strings.Repeat("0", contentsDigits) + ">"
)

// sign appends a signature.
func (w *World) sign(in []byte, s sig) []byte {
	w.tb.Helper()
	return w.seal(w.prepare(in, s), s)
}

// prepare appends a signature without its value.
func (w *World) prepare(in []byte, s sig) []byte {
	w.tb.Helper()
	return w.update(in, func(f *pdf.File, u *pdf.Update) {
		at, field := u.Alloc(), s.field
		u.Set(at, pdf.Raw(s.dictionary()))
		page, _, err := f.Page(0)
		w.must(err)
		if field.IsZero() {
			field = u.Alloc()
			u.Set(field, s.newField(at, page, u))
			w.list(f, u, page, "Annots", field)
			w.addField(f, u, field)
		} else {
			w.edit(u, field, func(d pdf.Dict) { d["V"] = at })
		}
		if s.certify > 0 {
			w.edit(u, f.Root(), func(d pdf.Dict) { d["Perms"] = pdf.Dict{"DocMDP": at} })
		}
		if s.add != nil {
			s.add(u, field, at)
		}
	})
}

func (s sig) dictionary() string {
	head := "/Type /Sig /Filter /Adobe.PPKLite /SubFilter /ETSI.CAdES.detached /M (D:20260504120000Z)"
	if s.stamp {
		head = "/Type /DocTimeStamp /Filter /Adobe.PPKLite /SubFilter /ETSI.RFC3161"
	}
	var refs []string
	if s.certify > 0 {
		refs = append(refs, fmt.Sprintf(
			"<< /Type /SigRef /TransformMethod /DocMDP /TransformParams << /Type /TransformParams /P %d /V /1.2 >> >>", s.certify))
	}
	if s.lock != "" {
		refs = append(refs, "<< /Type /SigRef /TransformMethod /FieldMDP /Data 1 0 R /TransformParams << /Type /TransformParams "+s.lock+" /V /1.2 >> >>")
	}
	if refs != nil {
		head += " /Reference [" + strings.Join(refs, " ") + "]"
	}
	entries := s.entries
	if entries == "" {
		entries = "/ByteRange %R /Contents %C"
	}
	entries = strings.NewReplacer("%R", rangeRoom, "%C", placeholder).Replace(entries)
	return "<< " + head + " " + s.extra + " " + entries + " >>"
}

func (s sig) newField(value, page pdf.Ref, u *pdf.Update) pdf.Dict {
	rect := pdf.Raw("[0 0 0 0]")
	if s.rect != "" {
		rect = pdf.Raw("[" + s.rect + "]")
	}
	ap := u.Alloc()
	u.SetStream(ap, form("0 0 600 800"), []byte(s.look))
	return pdf.Dict{
		"Type": pdf.Name("Annot"), "Subtype": pdf.Name("Widget"), "FT": pdf.Name("Sig"), "T": pdf.TextString(s.name), "V": value,
		"F": pdf.Integer(132), "Rect": rect, "P": page, "AP": pdf.Dict{"N": ap},
	}
}

// form is the dictionary of a form XObject that can show text.
func form(box string) pdf.Dict {
	return pdf.Dict{
		"Type": pdf.Name("XObject"), "Subtype": pdf.Name("Form"), "BBox": pdf.Raw("[" + box + "]"),
		"Resources": pdf.Raw("<< /Font << /F1 5 0 R >> >>"),
	}
}

// list adds a reference to an array that is an entry of an object.
func (w *World) list(f *pdf.File, u *pdf.Update, at pdf.Ref, key pdf.Name, add pdf.Ref) {
	w.edit(u, at, func(d pdf.Dict) {
		old, err := f.Array(d[key])
		w.must(err)
		d[key] = append(append(pdf.Array{}, old...), add)
	})
}

func (w *World) addField(f *pdf.File, u *pdf.Update, field pdf.Ref) {
	catalog, err := f.Catalog()
	w.must(err)
	at, ok := catalog["AcroForm"].(pdf.Ref)
	if !ok {
		at = u.Alloc()
		u.Set(at, pdf.Dict{"SigFlags": pdf.Integer(3), "Fields": pdf.Array{field}})
		w.edit(u, f.Root(), func(d pdf.Dict) { d["AcroForm"] = at })
		return
	}
	w.list(f, u, at, "Fields", field)
	w.edit(u, at, func(d pdf.Dict) { d["SigFlags"] = pdf.Integer(3) })
}

// seal puts the value into the newest signature. It covers all there is.
func (w *World) seal(in []byte, s sig) []byte {
	w.tb.Helper()
	start := bytes.LastIndex(in, []byte(placeholder))
	return w.sealRange(in, s, start, start+len(placeholder), len(in))
}

func (w *World) sealRange(in []byte, s sig, start, end, size int) []byte {
	w.tb.Helper()
	out := bytes.Clone(in)
	if at := bytes.LastIndex(out, []byte("/ByteRange "+rangeRoom)); at >= 0 {
		copy(out[at+11:], fmt.Sprintf("[0 %d %d %d]", start, end, size-end))
	}
	h := sha256.New()
	h.Write(out[:start])
	h.Write(out[end:size])
	der := w.value(h.Sum(nil), s)
	if s.seal != nil {
		der = s.seal(der)
	}
	at := bytes.LastIndex(out, []byte(placeholder))
	hex.Encode(out[at+1:], der)
	return out
}

// value makes the CMS, or the token.
func (w *World) value(digest []byte, s sig) []byte {
	w.tb.Helper()
	if s.stamp {
		return w.token(digest, 5*time.Minute)
	}
	sd := pkixtest.SignedData{
		Signer: w.pki.Leaf, Certificates: w.pki.Chain(), Attributes: [][]byte{
			pkixtest.ContentType(pkixtest.IDData), pkixtest.MessageDigest(digest),
			pkixtest.SigningCertificateV2(crypto.SHA256, w.pki.Leaf.Certificate), w.evidence,
		},
	}
	der := sd.Marshal(w.tb)
	if s.plain {
		return der
	}
	parsed, err := cms.Parse(der)
	w.must(err)
	imprint := sha256.Sum256(parsed.Signer.Signature)
	token := w.token(imprint[:], time.Minute)
	sd.Unsigned = [][]byte{pkixtest.Attribute(asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 2, 14}, token)}
	return sd.Marshal(w.tb) // PKCS #1 v1.5: the same signature
}

func (w *World) token(imprint []byte, after time.Duration) []byte {
	w.tb.Helper()
	return pkixtest.Token{
		TSA: w.pki.TSA, Certificates: w.pki.TSAChain(), Hash: crypto.SHA256, Imprint: imprint, GenTime: Noon.Add(after),
	}.Marshal(w.tb)
}

// store appends a security store with evidence about everybody.
func (w *World) store(in []byte) []byte {
	w.tb.Helper()
	return w.update(in, func(f *pdf.File, u *pdf.Update) {
		stream := func(b []byte) pdf.Object {
			ref := u.Alloc()
			u.SetStream(ref, pdf.Dict{}, b)
			return ref
		}
		var certs, ocsps pdf.Array
		p := w.pki
		for _, e := range []*pkixtest.Entity{p.Leaf, p.CA, p.Root, p.TSA, p.TSACA, p.TSARoot} {
			certs = append(certs, stream(e.Certificate.Raw))
		}
		for _, e := range []*pkixtest.Entity{p.Leaf, p.CA, p.TSA, p.TSACA} {
			ocsps = append(ocsps, stream(p.OCSP(w.tb, e, Noon.Add(2*time.Minute))))
		}
		catalog, err := f.Catalog()
		w.must(err)
		if at, ok := catalog["DSS"].(pdf.Ref); ok {
			old, err := f.Dict(at)
			w.must(err)
			w.edit(u, at, func(d pdf.Dict) {
				d["Certs"] = append(old["Certs"].(pdf.Array), certs...)
				d["OCSPs"] = append(old["OCSPs"].(pdf.Array), ocsps...)
			})
			return
		}
		dss := u.Alloc()
		u.Set(dss, pdf.Dict{"Type": pdf.Name("DSS"), "Certs": certs, "OCSPs": ocsps})
		w.edit(u, f.Root(), func(d pdf.Dict) { d["DSS"] = dss })
	})
}

// Signed is a document with so many signatures, each in a revision of its own.
func Signed(tb testing.TB, signatures int) []byte {
	tb.Helper()
	w := New(tb)
	b := document(pdftest.Stream)
	for i := range signatures {
		b = w.sign(b, sig{name: fmt.Sprintf("Signer%d", i), plain: true})
	}
	return b
}

// Kept is a document with so many signatures, each followed by a revision with the security store, which grows.
func Kept(tb testing.TB, signatures int) []byte {
	tb.Helper()
	w := New(tb)
	b := document(pdftest.Stream)
	for i := range signatures {
		b = w.store(w.sign(b, sig{name: fmt.Sprintf("Signer%d", i), plain: true}))
	}
	return b
}

// Appended gives two signed documents, of a table and of a stream, and what attacks append to each.
func Appended(tb testing.TB) (bases [2][]byte, tails [2][][]byte) {
	tb.Helper()
	w := New(tb)
	for i, kind := range []pdftest.Kind{pdftest.Table, pdftest.Stream} {
		c := &cases{World: w, kind: kind, base: w.sign(document(kind), sig{name: "First", plain: true})}
		c.incremental()
		c.shadow()
		bases[i] = c.base
		for _, x := range c.all {
			if tail, ok := bytes.CutPrefix(x.Bytes, c.base); ok {
				tails[i] = append(tails[i], tail)
			}
		}
	}
	return bases, tails
}
