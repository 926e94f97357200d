// SPDX-License-Identifier: Apache-2.0

// Package defects makes small signed PDFs with one defect each, and honest ones beside them: in the CMS, its attributes, the
// certificates, timestamps, evidence and the security store. They are signed with keys that are made for the run and kept
// nowhere. Most need [All] only; what is wrong with the bytes around a signature is in package attacks.
package defects

import (
	"bytes"
	"cmp"
	"crypto"
	"crypto/x509"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"
	"time"

	"gsign/internal/pdf"
	"gsign/internal/pdf/pdftest"
	"gsign/internal/pkix/pkixtest"
)

// The order of events. Everybody's certificate lives for years around it, where a case says nothing else.
var (
	noon     = time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC) // signed
	stamped  = noon.Add(time.Minute)
	answered = noon.Add(2 * time.Minute)
	archived = noon.Add(3 * time.Minute)
	control  = noon.Add(time.Hour)
	before   = noon.AddDate(0, -1, 0) // signers and others are certified
	after    = noon.AddDate(9, 0, 0)
	half     = noon.Add(30 * time.Minute) // the end of certificates that have ended at the control time
)

// file says how one file is made. What is left out is as it should be.
type file struct {
	*pkixtest.PKI
	w *world

	unsigned  bool      // without a signature
	at        time.Time // when it is signed; noon
	subFilter string
	dict      string              // more entries of the signature dictionary
	noM       bool                // no /M
	typ       string              // of the dictionary; Sig
	chain     []*x509.Certificate // what is in the CMS
	hash      crypto.Hash
	attrs     func(digest []byte) [][]byte                   // instead of the three attributes
	sd        func(sd *pkixtest.SignedData)                  // changes the CMS before it is signed
	value     func(document []byte) []byte                   // instead of a CMS
	cms       func(der []byte) []byte                        // changes the CMS
	contents  string                                         // instead of <digits>, with %X for them
	content   func(t *pkixtest.Token)                        // OPTIONAL: a content timestamp
	stamp     bool                                           // a signature timestamp
	token     func(t *pkixtest.Token)                        // changes it
	tokenDER  func(der []byte) []byte                        // changes it
	store     bool                                           // a security store
	certs     func(ders [][]byte) [][]byte                   // changes its certificates
	evidence  map[*pkixtest.Entity]func() (ocsp, crl []byte) // instead of a good answer of the moment answered
	entities  []*pkixtest.Entity                             // about which there is evidence; OPTIONAL
	dss       func(u *pdf.Update, dss pdf.Dict)              // changes the dictionary
	archive   int                                            // how many document timestamps
	docToken  func(t *pkixtest.Token)                        // changes theirs
	docRange  func(start, end, size int) [4]int              // instead of the right /ByteRange
	docHash   crypto.Hash                                    // of theirs
	storeLast bool                                           // the security store comes after the document timestamps
	signature *[]byte                                        // the value of the signature, when it was made
	docDict   string                                         // instead of its dictionary's head
}

// world has the keys.
type world struct {
	tb  testing.TB
	pki *pkixtest.PKI
}

func newWorld(tb testing.TB) *world {
	tb.Helper()
	p := pkixtest.New(tb, noon)
	w := &world{tb: tb, pki: p}
	p.Leaf = p.CA.Leaf(tb, "TEST signer", pkixtest.ECKey(tb, "TEST signer"), before, after)
	p.Responder = p.CA.Responder(tb, "TEST signing responder", true, before.AddDate(0, -6, 0), after)
	return w
}

func (w *world) must(err error) {
	w.tb.Helper()
	if err != nil {
		w.tb.Fatal(err)
	}
}

// file starts one that is B-LT.
func (w *world) file() *file {
	p := *w.pki
	return &file{
		PKI: &p, w: w, at: noon, subFilter: "ETSI.CAdES.detached", hash: crypto.SHA256, stamp: true, store: true,
		evidence: map[*pkixtest.Entity]func() (ocsp, crl []byte){},
	}
}

// bytes makes the file.
func (f *file) bytes() []byte {
	f.w.tb.Helper()
	b := pdftest.Classic()
	if !f.unsigned {
		b = f.sign(b)
	}
	if f.store && !f.storeLast {
		b = f.addStore(b)
	}
	for i := range f.archive {
		b = f.addStamp(b, i)
	}
	if f.storeLast {
		b = f.addStore(b)
	}
	return b
}

func (w *world) update(in []byte, change func(f *pdf.File, u *pdf.Update)) []byte {
	w.tb.Helper()
	f, err := pdf.Open(bytes.NewReader(in), int64(len(in)))
	w.must(err)
	u := f.NewUpdate()
	u.SetID([]byte("0123456789abcdef"))
	change(f, u)
	rev, err := u.Build()
	w.must(err)
	return append(bytes.Clone(in), rev.Bytes...)
}

func (w *world) catalog(f *pdf.File, u *pdf.Update, change func(pdf.Dict)) {
	w.tb.Helper()
	o, err := u.Get(f.Root())
	w.must(err)
	c, ok := o.(pdf.Dict)
	if !ok {
		w.tb.Fatal("the catalog is no dictionary")
	}
	change(c)
	u.Set(f.Root(), c)
}

// field adds a signature field.
func (w *world) field(in []byte, name, dict string) []byte {
	return w.update(in, func(f *pdf.File, u *pdf.Update) {
		sig, field := u.Alloc(), u.Alloc()
		u.Set(sig, pdf.Raw(dict))
		page, _, err := f.Page(0)
		w.must(err)
		u.Set(field, pdf.Dict{
			"FT": pdf.Name("Sig"), "T": pdf.TextString(name), "V": sig, "Type": pdf.Name("Annot"), "Subtype": pdf.Name("Widget"),
			"F": pdf.Integer(132), "Rect": pdf.Raw("[0 0 0 0]"), "P": page,
		})
		w.catalog(f, u, func(c pdf.Dict) {
			form, err := f.Dict(c["AcroForm"])
			w.must(err)
			form = form.Clone()
			if form == nil {
				form = pdf.Dict{}
			}
			fields, err := f.Array(form["Fields"])
			w.must(err)
			form["Fields"], form["SigFlags"] = append(append(pdf.Array{}, fields...), field), pdf.Integer(3)
			c["AcroForm"] = form
		})
	})
}

var rangeRoom = strings.Repeat(" ", 40)

// sign adds the signature.
func (f *file) sign(in []byte) []byte {
	f.w.tb.Helper()
	build := f.value
	if build == nil {
		build = f.signed
	}
	head := "<< /Type /" + cmp.Or(f.typ, "Sig") + " /Filter /Adobe.PPKLite /SubFilter /" + f.subFilter
	if !f.noM {
		head += " /M (D:" + f.at.Format("20060102150405") + "Z)"
	}
	contents := f.contents
	if contents == "" {
		contents = "<%X>"
	}
	room := strings.Repeat("0", 2*len(build(nil))+64) // for signatures that are longer by a few bytes
	held := strings.Replace(contents, "%X", room, 1)
	b := f.w.field(in, "Signature1", head+" "+f.dict+" /ByteRange "+rangeRoom+" /Contents "+held+" >>")
	return f.w.seal(b, held, strings.Index(contents, "%X"), nil, build)
}

// seal fills in the newest signature: its range, and what is made of the bytes signed.
func (w *world) seal(in []byte, held string, skip int, ranges func(start, end, size int) [4]int, build func([]byte) []byte) []byte {
	w.tb.Helper()
	start := bytes.LastIndex(in, []byte(held))
	end := start + len(held)
	r := [4]int{0, start, end, len(in) - end}
	if ranges != nil {
		r = ranges(start, end, len(in))
	}
	out := bytes.Clone(in)
	copy(out[bytes.LastIndex(out, []byte("/ByteRange "))+11:], fmt.Sprintf("[%d %d %d %d]", r[0], r[1], r[2], r[3]))
	if skip >= 0 {
		der := build(append(bytes.Clone(out[r[0]:r[0]+r[1]]), out[r[2]:r[2]+r[3]]...))
		if 2*len(der) > len(held)-2 {
			w.tb.Fatal("no room for a signature")
		}
		hex.Encode(out[start+skip:], der)
	}
	return out
}

func sum(h crypto.Hash, b []byte) []byte {
	d := h.New()
	d.Write(b)
	return d.Sum(nil)
}

// attributes are those of a baseline signature.
func (f *file) attributes(digest []byte) [][]byte {
	if f.attrs != nil {
		return f.attrs(digest)
	}
	return [][]byte{
		pkixtest.ContentType(pkixtest.IDData), pkixtest.MessageDigest(digest), pkixtest.SigningCertificateV2(crypto.SHA256, f.Leaf.Certificate),
	}
}

// signed makes the CMS.
func (f *file) signed(document []byte) []byte {
	f.w.tb.Helper()
	if f.chain == nil {
		f.chain = f.Chain()
	}
	digest := sum(f.hash, document)
	sd := pkixtest.SignedData{Signer: f.Leaf, Certificates: f.chain, Hash: f.hash, Attributes: f.attributes(digest)}
	if f.content != nil {
		token := pkixtest.Token{TSA: f.TSA, Certificates: f.TSAChain(), Hash: crypto.SHA256, Imprint: sum(crypto.SHA256, document), GenTime: noon.Add(-time.Minute)}
		f.content(&token)
		sd.Attributes = append(sd.Attributes, pkixtest.Attribute(idContentTimeStamp, token.Marshal(f.w.tb)))
	}
	if f.sd != nil {
		f.sd(&sd)
	}
	if sd.Sign == nil {
		sd.Sign = signer(f.w.tb, f.Leaf.Key, f.hash, false)
	}
	sd.Sign, f.signature = once(sd.Sign)
	der := sd.Marshal(f.w.tb)
	if f.stamp && sd.Signers >= 0 {
		token := pkixtest.Token{TSA: f.TSA, Certificates: f.TSAChain(), Hash: crypto.SHA256, Imprint: sum(crypto.SHA256, *f.signature), GenTime: stamped}
		if sd.Break {
			token.Imprint = sum(crypto.SHA256, broken(*f.signature))
		}
		if f.token != nil {
			f.token(&token)
		}
		tokenDER := token.Marshal(f.w.tb)
		if f.tokenDER != nil {
			tokenDER = f.tokenDER(tokenDER)
		}
		sd.Unsigned = append(sd.Unsigned, pkixtest.Attribute(pkixtest.IDSignatureTimeStamp, tokenDER))
		der = sd.Marshal(f.w.tb)
	}
	if f.cms != nil {
		der = f.cms(der)
	}
	return der
}

// addStore appends a security store.
func (f *file) addStore(in []byte) []byte {
	f.w.tb.Helper()
	return f.w.update(in, func(file *pdf.File, u *pdf.Update) {
		list := func(ders [][]byte) pdf.Array {
			all := pdf.Array{}
			for _, der := range ders {
				ref := u.Alloc()
				u.SetStream(ref, pdf.Dict{}, der)
				all = append(all, ref)
			}
			return all
		}
		certs := [][]byte{f.CA.Certificate.Raw, f.Root.Certificate.Raw, f.TSACA.Certificate.Raw, f.TSARoot.Certificate.Raw}
		if f.certs != nil {
			certs = f.certs(certs)
		}
		entities := f.entities
		if entities == nil {
			entities = []*pkixtest.Entity{f.Leaf, f.CA, f.TSA, f.TSACA}
		}
		var ocsps, crls [][]byte
		for _, e := range entities {
			ocsp, crl := f.about(e)
			if ocsp != nil {
				ocsps = append(ocsps, ocsp)
			}
			if crl != nil {
				crls = append(crls, crl)
			}
		}
		dss := pdf.Dict{"Type": pdf.Name("DSS")}
		for i, ders := range [][][]byte{certs, ocsps, crls} {
			if len(ders) > 0 {
				dss[[]pdf.Name{"Certs", "OCSPs", "CRLs"}[i]] = list(ders)
			}
		}
		if f.dss != nil {
			f.dss(u, dss)
		}
		ref := u.Alloc()
		u.Set(ref, dss)
		f.w.catalog(file, u, func(c pdf.Dict) { c["DSS"] = ref })
	})
}

// about makes the evidence about an entity.
func (f *file) about(e *pkixtest.Entity) (ocsp, crl []byte) {
	if special := f.evidence[e]; special != nil {
		return special()
	}
	at := answered
	if f.at != noon {
		at = f.at.Add(2 * time.Minute)
	}
	return f.OCSP(f.w.tb, e, at), nil
}

// addStamp appends a document timestamp.
func (f *file) addStamp(in []byte, n int) []byte {
	f.w.tb.Helper()
	h := cmp.Or(f.docHash, crypto.SHA256)
	token := func(document []byte) []byte {
		t := pkixtest.Token{
			TSA: f.TSA, Certificates: f.TSAChain(), Hash: h, Imprint: sum(h, document),
			GenTime: archived.Add(time.Duration(n) * time.Minute),
		}
		if f.docToken != nil {
			f.docToken(&t)
		}
		return t.Marshal(f.w.tb)
	}
	held := "<" + strings.Repeat("0", 2*len(token(nil))+64) + ">"
	head := f.docDict
	if head == "" {
		head = "/Type /DocTimeStamp /SubFilter /ETSI.RFC3161"
	}
	b := f.w.field(in, fmt.Sprintf("Timestamp%d", n+1), "<< "+head+" /Filter /Adobe.PPKLite /ByteRange "+rangeRoom+" /Contents "+held+" >>")
	return f.w.seal(b, held, 1, f.docRange, token)
}
