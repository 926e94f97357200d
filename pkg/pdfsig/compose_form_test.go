// SPDX-License-Identifier: Apache-2.0

package pdfsig_test

import (
	"errors"
	"slices"
	"testing"

	"gsign/internal/pdf"
	"gsign/internal/pdf/pdftest"
	"gsign/pkg/pdfsig"
)

// /XFA goes away, and nothing else of the form does.
func TestDropXFA(t *testing.T) {
	field := "4 << /FT /Tx /T (a) /V (kept) >>"
	for name, in := range map[string][]byte{
		"form in the catalog":   page1(pdftest.Table, "/AcroForm << /Fields [4 0 R] /DA (/Helv 0 Tf) /XFA 5 0 R >>", "", field, xdp),
		"form of its own":       page1(pdftest.Table, "/AcroForm 6 0 R", "", field, xdp, "6 << /Fields [4 0 R] /DA (/Helv 0 Tf) /XFA [(x) 5 0 R] >>"),
		"form in a stream":      page1(pdftest.Stream, "/AcroForm 6 0 R", "", field, xdp, "6 << /Fields [4 0 R] /DA (/Helv 0 Tf) /XFA [(x) 5 0 R] >>"),
		"XFA that is not there": page1(pdftest.Table, "/AcroForm << /Fields [4 0 R] /DA (/Helv 0 Tf) /XFA null >>", "", field),
	} {
		t.Run(name, func(t *testing.T) {
			opts := options()
			opts.DropXFA = true
			out := sign(t, in, opts)
			last(t, out)
			f := openFile(t, out)
			form := dict(t, f, catalogOf(t, f)["AcroForm"])
			if form["XFA"] != nil {
				t.Errorf("the form has /XFA still: %v", form["XFA"])
			}
			if s, err := f.String(form["DA"]); err != nil || s.Text() != "/Helv 0 Tf" {
				t.Errorf("/DA is %v, %v", s, err)
			}
			_, a := widgetOf(t, f, "a")
			if s, err := f.String(a["V"]); err != nil || s.Text() != "kept" {
				t.Errorf("the value of the field is %v, %v", s, err)
			}
		})
	}
}

// A new field joins the group of its name, and inherits neither its kind nor its flags; also where an author permits to
// sign and no more.
func TestJoinGroup(t *testing.T) {
	group := []string{"4 << /T (a) /FT /Tx /Ff 3 /Kids [5 0 R] >>", "5 << /T (b) /Parent 4 0 R >>"}
	for name, in := range map[string][]byte{
		"plain":           page1(pdftest.Table, "/AcroForm << /Fields [4 0 R] >>", "", group...),
		"object streams":  page1(pdftest.Stream, "/AcroForm << /Fields [4 0 R] >>", "", group...),
		"kids of its own": page1(pdftest.Table, "/AcroForm << /Fields [4 0 R] >>", "", "4 << /T (a) /FT /Tx /Ff 3 /Kids 6 0 R >>", group[1], "6 [5 0 R]"),
	} {
		for field, depth := range map[string]int{"a.sig": 1, "a.new.sig": 2} {
			t.Run(name+" "+field, func(t *testing.T) {
				opts := options()
				opts.Field = field
				f := openFile(t, sign(t, in, opts))
				a := pdf.Ref{Num: 4}
				kids := array(t, f, dict(t, f, a)["Kids"])
				if len(kids) != 2 || kids[0] != pdf.Object(pdf.Ref{Num: 5}) {
					t.Fatalf("the kids of the group are %v", kids)
				}
				above, ref := pdf.Object(a), kids[1]
				for range depth - 1 {
					d := dict(t, f, ref)
					if d["Parent"] != above || d["FT"] != nil {
						t.Fatalf("the new group is %v", d)
					}
					above, ref = ref, array(t, f, d["Kids"])[0]
				}
				d := dict(t, f, ref)
				if d["Parent"] != above || d["FT"] != pdf.Object(pdf.Name("Sig")) || d["Ff"] != pdf.Object(pdf.Integer(0)) {
					t.Errorf("the new field is %v", d)
				}
				page := dict(t, f, pdf.Ref{Num: 3})
				if !slices.Contains(array(t, f, page["Annots"]), ref) {
					t.Errorf("the field %v is not among the annotations %v", ref, page["Annots"])
				}
			})
		}
	}
}

// One array may be the fields and the page's annotations at once. A new group is one of the first, its field of the second.
func TestFieldsAreAnnotationsToo(t *testing.T) {
	in := page1(pdftest.Table, "/AcroForm << /Fields 5 0 R >>", "/Annots 5 0 R",
		"4 << /Type /Annot /Subtype /Widget /FT /Tx /T (a) /Rect [0 0 9 9] /P 3 0 R >>", "5 [4 0 R]")
	for _, field := range []string{"sig", "new.sig"} {
		opts := options()
		opts.Field = field
		out := sign(t, in, opts)
		if s := last(t, out); s.Field != field || s.Page != 0 {
			t.Errorf("signed field %q on page %d, want %q on the first", s.Field, s.Page, field)
		}
		f := openFile(t, out)
		for _, o := range array(t, f, dict(t, f, pdf.Ref{Num: 3})["Annots"]) {
			if dict(t, f, o)["Subtype"] != pdf.Object(pdf.Name("Widget")) {
				t.Errorf("%s: %v is among the annotations and is none", field, o)
			}
		}
		if fields := array(t, f, dict(t, f, catalogOf(t, f)["AcroForm"])["Fields"]); len(fields) != 2 {
			t.Errorf("%s: the fields are %v", field, fields)
		}
	}
}

// A new field below a group changes the group or the form's list of groups: pyHanko calls that more than form filling in
// what an earlier signature covers, so it is refused. A field at the root, and a name that is there, are not.
func TestNoGroupAfterSignature(t *testing.T) {
	group := []string{"4 << /T (a) /FT /Tx /Ff 3 /Kids [5 0 R] >>", "5 << /T (b) /Parent 4 0 R >>"}
	certified := append([]string{
		"6 << /Type /Annot /Subtype /Widget /FT /Sig /T (Author) /Rect [0 0 0 0] /F 132 /P 3 0 R /V 7 0 R >>",
		"7 << " + sigValue + " " + docMDP("/P 2") + " >>",
	}, group...)
	in := page1(pdftest.Table, "/AcroForm << /Fields [4 0 R 6 0 R] /SigFlags 3 >> /Perms << /DocMDP 7 0 R >>", "/Annots [6 0 R]", certified...)
	for field, refused := range map[string]bool{"a.sig": true, "new.sig": true, "sig": false} {
		opts := options()
		opts.Field = field
		var r *pdfsig.RefusedError
		if err := open(t, in).Check(opts); errors.As(err, &r) != refused || !refused && err != nil {
			t.Errorf("%s: error is %v, refused should be %v", field, err, refused)
		}
	}
}
