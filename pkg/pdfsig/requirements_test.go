// SPDX-License-Identifier: Apache-2.0

package pdfsig_test

import (
	"bytes"
	"encoding/hex"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"gsign/internal/cms"
	"gsign/internal/pdf"
	"gsign/internal/pdf/pdftest"
	"gsign/pkg/pdfsig"
)

// requirement is a check of the finished file, by the numbers of the project's list of PAdES requirements.
type requirement struct {
	number string
	check  func(t *testing.T, in, out []byte, f *pdf.File, sig pdf.Dict, s pdfsig.Signature)
}

var requirements = []requirement{
	{"A1", func(t *testing.T, _, _ []byte, _ *pdf.File, sig pdf.Dict, _ pdfsig.Signature) {
		if sig["Filter"] != pdf.Object(pdf.Name("Adobe.PPKLite")) {
			t.Errorf("/Filter %v", sig["Filter"])
		}
	}},
	{"A2", func(t *testing.T, _, _ []byte, _ *pdf.File, sig pdf.Dict, _ pdfsig.Signature) {
		if sig["SubFilter"] != pdf.Object(pdf.Name("ETSI.CAdES.detached")) {
			t.Errorf("/SubFilter %v", sig["SubFilter"])
		}
	}},
	{"A3", func(t *testing.T, _, out []byte, _ *pdf.File, _ pdf.Dict, s pdfsig.Signature) {
		sd := verifyCMS(t, out, s)
		if !sd.IsDER || sd.EContent != nil {
			t.Error("not DER, or with content")
		}
	}},
	{"A4", func(t *testing.T, _, out []byte, _ *pdf.File, _ pdf.Dict, s pdfsig.Signature) {
		gap := out[s.ByteRange[1]:s.ByteRange[2]]
		if gap[0] != '<' || gap[len(gap)-1] != '>' || len(gap)%2 != 0 {
			t.Errorf("gap %q … %q of %d bytes", gap[0], gap[len(gap)-1], len(gap))
		}
		b, err := hex.DecodeString(string(gap[1 : len(gap)-1]))
		if err != nil || !bytes.HasPrefix(b, s.CMS) || len(bytes.Trim(b[len(s.CMS):], "\x00")) > 0 {
			t.Errorf("padding is not zeros at the end: %v", err)
		}
		if !bytes.HasSuffix(out[:s.ByteRange[1]], []byte("/Contents ")) {
			t.Error("the gap is not at /Contents")
		}
	}},
	{"A5", func(t *testing.T, _, out []byte, _ *pdf.File, _ pdf.Dict, s pdfsig.Signature) {
		r := s.ByteRange
		if len(r) != 4 || r[0] != 0 || r[2]+r[3] != int64(len(out)) {
			t.Errorf("ByteRange %d of %d bytes", r, len(out))
		}
	}},
	{"A6", func(t *testing.T, _, out []byte, f *pdf.File, sig pdf.Dict, s pdfsig.Signature) {
		m, err := f.String(sig["M"])
		if err != nil || !regexp.MustCompile(`^D:20260504120000(Z|\+00'00'?)$`).Match(m) {
			t.Errorf("/M %q", m)
		}
		if verifyCMS(t, out, s).Signer.Attribute(cms.OIDSigningTime) != nil {
			t.Error("the CMS has a signing-time")
		}
	}},
	{"A7", func(t *testing.T, _, _ []byte, _ *pdf.File, sig pdf.Dict, _ pdfsig.Signature) {
		if _, ok := sig["Cert"]; ok {
			t.Error("there is a /Cert")
		}
	}},
	{"A8", func(t *testing.T, _, out []byte, _ *pdf.File, _ pdf.Dict, s pdfsig.Signature) {
		si := verifyCMS(t, out, s).Signer
		if si.Attribute(cms.OIDCommitmentType) != nil || si.Attribute(cms.OIDSignaturePolicy) != nil {
			t.Error("/Reason beside a commitment type or a policy")
		}
		if s.Reason != "Prüfung (ok) \\ done" {
			t.Errorf("/Reason %q", s.Reason)
		}
	}},
	{"A9", func(t *testing.T, _, out []byte, _ *pdf.File, _ pdf.Dict, s pdfsig.Signature) {
		if verifyCMS(t, out, s).Signer.Attribute(cms.OIDSignerLocation) != nil {
			t.Error("/Location beside a signer-location")
		}
		if s.Location != "Łódź" || s.Name != "Ada" || s.Contact != "a@example.com" {
			t.Errorf("%q %q %q", s.Location, s.Name, s.Contact)
		}
	}},
	{"A10", func(t *testing.T, _, out []byte, f *pdf.File, sig pdf.Dict, _ pdfsig.Signature) {
		if sig["Type"] != pdf.Object(pdf.Name("Sig")) {
			t.Errorf("/Type %v", sig["Type"])
		}
		if refs := regexp.MustCompile(`\d+ \d+ R`).FindAll(pdf.Append(nil, sig), -1); len(refs) > 0 {
			t.Errorf("indirect values %q", refs)
		}
	}},
	{"A11", func(t *testing.T, in, _ []byte, f *pdf.File, _ pdf.Dict, s pdfsig.Signature) {
		catalog, _ := f.Catalog()
		form := dict(t, f, catalog["AcroForm"])
		if form["SigFlags"] != pdf.Object(pdf.Integer(3)) || form["NeedAppearances"] != nil {
			t.Errorf("form %v", form)
		}
		ref, w := widgetOf(t, f, s.Field)
		page, first, err := f.Page(0)
		if err != nil || w["P"] != pdf.Object(page) {
			t.Errorf("/P %v, first page %v", w["P"], page)
		}
		if !slices.Contains(array(t, f, first["Annots"]), pdf.Object(ref)) {
			t.Errorf("the widget is not in /Annots %v", first["Annots"])
		}
		was := openFile(t, in)
		old, _ := was.Catalog()
		if old["AcroForm"] == nil {
			return
		}
		before := dict(t, was, old["AcroForm"])
		for k, v := range before {
			if k != "Fields" && k != "SigFlags" && string(pdf.Append(nil, v)) != string(pdf.Append(nil, form[k])) {
				t.Errorf("/%s of the form was changed", k)
			}
		}
		fields := array(t, f, form["Fields"])
		for i, o := range array(t, was, before["Fields"]) {
			if fields[i] != o {
				t.Errorf("field %v was moved", o)
			}
		}
	}},
	{"A12", func(t *testing.T, _, _ []byte, f *pdf.File, _ pdf.Dict, s pdfsig.Signature) {
		_, w := widgetOf(t, f, s.Field)
		if w["F"] != pdf.Object(pdf.Integer(132)) || string(pdf.Append(nil, w["Rect"])) != "[0 0 0 0]" {
			t.Errorf("/F %v /Rect %v", w["F"], w["Rect"])
		}
		ap := dict(t, f, w["AP"])
		n, err := f.Stream(ap["N"])
		if err != nil || n == nil || len(ap) != 1 {
			t.Fatalf("/AP %v: %v", ap, err)
		}
		if string(pdf.Append(nil, n.Dict["BBox"])) != "[0 0 0 0]" || n.Dict["Subtype"] != pdf.Object(pdf.Name("Form")) {
			t.Errorf("appearance %v", n.Dict)
		}
	}},
	{"A13", func(t *testing.T, in, out []byte, f *pdf.File, _ pdf.Dict, _ pdfsig.Signature) {
		if !bytes.HasPrefix(out, in) {
			t.Error("earlier bytes were touched")
		}
		was := openFile(t, in)
		a, b := was.Sections()[0], f.Sections()[0]
		if (a.Kind == pdf.XRefStream) != (b.Kind == pdf.XRefStream) {
			t.Errorf("section of kind %v after %v", b.Kind, a.Kind)
		}
		if b.Trailer["XRefStm"] != nil {
			t.Error("the trailer repeats /XRefStm")
		}
		if len(f.Sections()) != len(was.Sections())+1 || b.Trailer["Prev"] != pdf.Object(pdf.Integer(a.Offset)) {
			t.Errorf("/Prev %v, earlier section at %d", b.Trailer["Prev"], a.Offset)
		}
		oldSize, _ := was.Integer(a.Trailer["Size"])
		newSize, _ := f.Integer(b.Trailer["Size"])
		if newSize < oldSize {
			t.Errorf("/Size %d after %d", newSize, oldSize)
		}
		oldID, newID := array(t, was, was.Trailer()["ID"]), array(t, f, f.Trailer()["ID"])
		if len(newID) != 2 || (oldID != nil && string(pdf.Append(nil, oldID[0])) != string(pdf.Append(nil, newID[0]))) {
			t.Errorf("/ID %v after %v", newID, oldID)
		}
		tail := regexp.MustCompile(`startxref\n(\d+)\n%%EOF\n$`).FindSubmatch(out)
		if tail == nil || string(tail[1]) != strconv.FormatInt(b.Offset, 10) {
			t.Errorf("end of file %q", out[len(out)-40:])
		}
	}},
	{"A16", func(t *testing.T, _, _ []byte, _ *pdf.File, sig pdf.Dict, _ pdfsig.Signature) {
		if sig["Reference"] != nil {
			t.Error("a /Reference without a /Lock")
		}
	}},
	{"A18", func(t *testing.T, in, _ []byte, f *pdf.File, _ pdf.Dict, _ pdfsig.Signature) {
		catalog, _ := f.Catalog()
		want := "null"
		if f.Version() == "1.7" {
			want = "<</ESIC<</BaseVersion/1.7/ExtensionLevel 2>>>>"
		}
		got := pdf.Append(nil, pdf.Null{})
		if catalog["Extensions"] != nil {
			got = pdf.Append(nil, catalog["Extensions"])
		}
		if squeeze(got) != squeeze([]byte(want)) {
			t.Errorf("version %s: /Extensions %s", f.Version(), got)
		}
	}},
	{"B8", func(t *testing.T, _, out []byte, _ *pdf.File, _ pdf.Dict, s pdfsig.Signature) {
		if deviations := verifyCMS(t, out, s).Deviations(); len(deviations) > 0 {
			t.Errorf("deviations %v", deviations)
		}
	}},
}

func squeeze(b []byte) string { return strings.Join(strings.Fields(string(b)), "") }

// TestRequirements signs files of every shape, and checks each requirement on each.
func TestRequirements(t *testing.T) {
	opts := options()
	opts.Reason, opts.Location, opts.Name, opts.ContactInfo = "Prüfung (ok) \\ done", "Łódź", "Ada", "a@example.com"
	for name, in := range shapes() {
		out := sign(t, in, opts)
		f := openFile(t, out)
		s := last(t, out)
		_, w := widgetOf(t, f, s.Field)
		ref, ok := w["V"].(pdf.Ref)
		if !ok || f.InObjectStream(ref) {
			t.Fatalf("%s: the signature dictionary is no indirect object of its own", name)
		}
		for _, r := range requirements {
			t.Run(r.number+"/"+name, func(t *testing.T) { r.check(t, in, out, f, dict(t, f, ref), s) })
		}
	}
}

// TestByteRangeWidth signs a file that is said to be larger than 10 GB: all of it but its end are zeros.
func TestByteRangeWidth(t *testing.T) {
	const size = 12_000_000_000
	in := pdftest.Classic()
	// The original's structure stands at its beginning; startxref must be near the end.
	i := bytes.LastIndex(in, []byte("startxref"))
	r := sparse{head: in[:i], tail: in[i:], size: size}
	h := newSHA256(t)
	d, err := pdfsig.Open(r, size, &pdfsig.OpenOptions{Digest: h})
	if err != nil {
		t.Fatal(err)
	}
	s := newService(t)
	p, err := d.Prepare(s.Certificates(), options())
	if err != nil {
		t.Fatal(err)
	}
	m := regexp.MustCompile(`/ByteRange \[0 (\d+) (\d+) (\d+)\] *\n/Contents <`).FindSubmatch(p.Revision)
	if m == nil {
		t.Fatalf("no ByteRange in %q", p.Revision[:200])
	}
	a, _ := strconv.ParseInt(string(m[1]), 10, 64)
	if a != size+p.ContentsOffset {
		t.Errorf("the range ends at %d, /Contents is at %d", a, size+p.ContentsOffset)
	}
}

// sparse is a large file: its head, nothing, and its tail.
type sparse struct {
	head, tail []byte
	size       int64
}

func (s sparse) ReadAt(b []byte, off int64) (int, error) {
	clear(b)
	copyAt(b, off, s.head, 0)
	copyAt(b, off, s.tail, s.size-int64(len(s.tail)))
	return int(min(int64(len(b)), s.size-off)), nil
}

// copyAt copies the part of part, which stands at offset at, that falls into b, which stands at offset off.
func copyAt(b []byte, off int64, part []byte, at int64) {
	if from := at - off; from >= 0 && from < int64(len(b)) {
		copy(b[from:], part)
	} else if from < 0 && -from < int64(len(part)) {
		copy(b, part[-from:])
	}
}
