// SPDX-License-Identifier: Apache-2.0

package pdfsig_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gsign/internal/pdf"
	"gsign/internal/pdf/pdftest"
)

func catalogOf(t *testing.T, f *pdf.File) pdf.Dict {
	t.Helper()
	c, err := f.Catalog()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestFreeName(t *testing.T) {
	for name, tt := range map[string]struct{ fields, more, want string }{
		"none":             {"", "", "Signature1"},
		"taken by text":    {"4 0 R", "4 << /FT /Tx /T (Signature1) >>", "Signature2"},
		"taken by a group": {"4 0 R", "4 << /T (Signature1) /Kids [<< /T (x) >>] >>", "Signature2"},
		"taken in UTF-16":  {"4 0 R", "4 << /FT /Sig /T <FEFF005300690067006E006100740075007200650031> >>", "Signature2"},
		"other full name":  {"4 0 R", "4 << /T (a) /Kids [<< /T (Signature1) >>] >>", "Signature1"},
	} {
		var more []string
		if tt.more != "" {
			more = []string{tt.more}
		}
		out := sign(t, page1(pdftest.Table, "/AcroForm << /Fields ["+tt.fields+"] >>", "", more...), options())
		if got := last(t, out).Field; got != tt.want {
			t.Errorf("%s: field %q, want %q", name, got, tt.want)
		}
	}
}

func TestNewFieldByName(t *testing.T) {
	opts := options()
	opts.Field = "Unterschrift Käufer"
	if got := last(t, sign(t, pdftest.XRefStream(), opts)).Field; got != opts.Field {
		t.Errorf("field %q", got)
	}
}

// TestAnnots signs pages whose /Annots stand in each place.
func TestAnnots(t *testing.T) {
	link := "<< /Type /Annot /Subtype /Link /Rect [0 0 9 9] >>"
	for name, tt := range map[string]struct {
		page     string
		more     []string
		want     int  // annotations afterwards
		pageKept bool // the page object itself is not written anew
	}{
		"absent":             {"", nil, 1, false},
		"direct":             {"/Annots [4 0 R]", []string{"4 " + link}, 2, false},
		"indirect":           {"/Annots 5 0 R", []string{"4 " + link, "5 [4 0 R]"}, 2, true},
		"indirect, empty":    {"/Annots 5 0 R", []string{"5 []"}, 1, false},
		"indirect, missing":  {"/Annots 9 0 R", nil, 1, false},
		"no array":           {"/Annots 5", nil, 1, false},
		"indirect, no array": {"/Annots 4 0 R", []string{"4 " + link}, 1, false},
	} {
		for _, kind := range []pdftest.Kind{pdftest.Table, pdftest.Stream} {
			out := sign(t, page1(kind, "", tt.page, tt.more...), options())
			f := openFile(t, out)
			_, page, err := f.Page(0)
			if err != nil {
				t.Fatal(err)
			}
			ref, _ := widgetOf(t, f, "Signature1")
			annots := array(t, f, page["Annots"])
			if len(annots) != tt.want || !slices.Contains(annots, pdf.Object(ref)) {
				t.Errorf("%s: /Annots %v", name, annots)
			}
			if _, indirect := page["Annots"].(pdf.Ref); indirect != tt.pageKept {
				t.Errorf("%s: /Annots of the page is %v", name, page["Annots"])
			}
		}
	}
}

// TestSharedAnnots signs the first of two pages with one list of annotations: the widget is on the first page alone.
func TestSharedAnnots(t *testing.T) {
	in, _ := pdftest.File{Objects: []pdftest.Object{
		{Num: 1, Body: "<< /Type /Catalog /Pages 2 0 R >>"},
		{Num: 2, Body: "<< /Type /Pages /Kids [3 0 R 4 0 R] /Count 2 >>"},
		{Num: 3, Body: "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] /Annots 5 0 R >>"},
		{Num: 4, Body: "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] /Annots 5 0 R >>"},
		{Num: 5, Body: "[6 0 R]"},
		{Num: 6, Body: "<< /Type /Annot /Subtype /Link /Rect [0 0 9 9] >>"},
	}}.Bytes()
	f := openFile(t, sign(t, in, options()))
	for i, want := range []int{2, 1} {
		_, page, err := f.Page(i)
		if err != nil {
			t.Fatal(err)
		}
		if got := array(t, f, page["Annots"]); len(got) != want {
			t.Errorf("page %d has annotations %v", i, got)
		}
	}
}

func TestTabs(t *testing.T) {
	for name, tt := range map[string]struct {
		in   []byte
		want pdf.Object
	}{
		"untagged":       {page1(pdftest.Table, "", ""), nil},
		"tagged":         {page1(pdftest.Table, "/MarkInfo << /Marked true >>", ""), pdf.Name("S")},
		"structure tree": {page1(pdftest.Table, "/StructTreeRoot << /Type /StructTreeRoot >>", ""), pdf.Name("S")},
		"not marked":     {page1(pdftest.Table, "/MarkInfo << /Marked false >>", ""), nil},
		"has one":        {page1(pdftest.Table, "/MarkInfo << /Marked true >>", "/Tabs /R /Annots [4 0 R]", "4 << /Type /Annot >>"), pdf.Name("R")},
		"has one unused": {page1(pdftest.Table, "/MarkInfo << /Marked true >>", "/Tabs /R /Annots []"), pdf.Name("S")},
		"odd mark":       {page1(pdftest.Table, "/MarkInfo [true]", ""), nil},
		"signed already": {signedField("", "", "/MarkInfo << /Marked true >>"), nil},
	} {
		_, page, err := openFile(t, sign(t, tt.in, options())).Page(0)
		if err != nil {
			t.Fatal(err)
		}
		if page["Tabs"] != tt.want {
			t.Errorf("%s: /Tabs %v, want %v", name, page["Tabs"], tt.want)
		}
	}
}

func TestExtensions(t *testing.T) {
	esic := func(level string) string {
		return "/Extensions << /ESIC << /BaseVersion /1.7 /ExtensionLevel " + level + " >> >>"
	}
	for name, tt := range map[string]struct {
		in   []byte
		want string
	}{
		"1.7":            {page1(pdftest.Table, "", ""), "2"},
		"1.4 and 1.7":    {page1(pdftest.Table, "/Version /1.4", ""), "2"},
		"2.0":            {page1(pdftest.Table, "/Version /2.0", ""), ""},
		"higher":         {page1(pdftest.Table, esic("5"), ""), "5"},
		"lower":          {page1(pdftest.Table, esic("1"), ""), "1"},
		"signed already": {signedField("", "", ""), ""},
		"no dictionary":  {page1(pdftest.Table, "/Extensions 3", ""), "none"},
		"1.4":            {pdftest.Classic(), ""},
	} {
		f := openFile(t, sign(t, tt.in, options()))
		got := ""
		ext := catalogOf(t, f)["Extensions"]
		if ext == pdf.Object(pdf.Integer(3)) {
			got = "none"
		} else if ext != nil {
			got = string(pdf.Append(nil, dict(t, f, dict(t, f, ext)["ESIC"])["ExtensionLevel"]))
		}
		if got != tt.want {
			t.Errorf("%s: ESIC level %q, want %q", name, got, tt.want)
		}
	}
	adbe := openFile(t, sign(t, page1(pdftest.Table, "/Extensions << /ADBE << /BaseVersion /1.7 /ExtensionLevel 8 >> >>", ""), options()))
	if ext := dict(t, adbe, catalogOf(t, adbe)["Extensions"]); ext["ADBE"] == nil || ext["ESIC"] == nil {
		t.Errorf("extensions %v", ext)
	}
}

func TestNeedAppearancesIsLeftAlone(t *testing.T) {
	in := page1(pdftest.Table, "/AcroForm << /Fields [] /NeedAppearances false /DR << /Font << >> >> /DA (/F 0 Tf) >>", "")
	f := openFile(t, sign(t, in, options()))
	form := dict(t, f, catalogOf(t, f)["AcroForm"])
	if form["NeedAppearances"] != pdf.Object(pdf.Bool(false)) || form["DR"] == nil || form["DA"] == nil {
		t.Errorf("form %v", form)
	}
}

// TestSignInPlace signs an empty field where it stands.
func TestSignInPlace(t *testing.T) {
	opts := options()
	opts.Field = "Approval"
	for name, tt := range map[string]struct{ in []byte }{
		"without appearance": {emptyField("")},
		"with appearance":    {emptyField("/AP << /N 7 0 R >>", "7 "+pdftest.StreamBody("/Type /XObject /Subtype /Form /BBox [0 0 1 1]", "q Q"))},
	} {
		was := openFile(t, tt.in)
		f := openFile(t, sign(t, tt.in, opts))
		refBefore, before := widgetOf(t, was, "Approval")
		ref, w := widgetOf(t, f, "Approval")
		if ref != refBefore {
			t.Errorf("%s: the field moved from %v to %v", name, refBefore, ref)
		}
		for k, v := range before {
			if string(pdf.Append(nil, v)) != string(pdf.Append(nil, w[k])) {
				t.Errorf("%s: /%s was changed to %v", name, k, w[k])
			}
		}
		n, err := f.Stream(dict(t, f, w["AP"])["N"])
		if err != nil || n == nil {
			t.Fatalf("%s: no appearance: %v", name, err)
		}
		if before["AP"] == nil && string(pdf.Append(nil, n.Dict["BBox"])) != "[0 0 101 50]" {
			t.Errorf("%s: /BBox %v", name, n.Dict["BBox"])
		}
		_, page, err := f.Page(0)
		if err != nil || len(array(t, f, page["Annots"])) != 1 {
			t.Errorf("%s: /Annots %v", name, page["Annots"])
		}
		form := dict(t, f, catalogOf(t, f)["AcroForm"])
		if form["SigFlags"] != pdf.Object(pdf.Integer(3)) || len(array(t, f, form["Fields"])) != 1 {
			t.Errorf("%s: form %v", name, form)
		}
	}
}

// TestSignInPlaceKids signs a field whose widgets are kids of their own.
func TestSignInPlaceKids(t *testing.T) {
	in := page1(pdftest.Stream, "/AcroForm 4 0 R", "/Annots [6 0 R]",
		"4 << /Fields [5 0 R] >>", "5 << /FT /Sig /T (a) /Kids [7 0 R] >>", "7 << /T (b.c) /Parent 5 0 R /Kids [6 0 R] >>",
		"6 << /Type /Annot /Subtype /Widget /Parent 7 0 R /Rect [0 0 9 9] /P 3 0 R >>")
	opts := options()
	opts.Field = "a.b.c"
	out := sign(t, in, opts)
	s := last(t, out)
	if s.Field != "a.b.c" || s.Page != 0 || !s.Whole {
		t.Errorf("%q on page %d", s.Field, s.Page)
	}
	f := openFile(t, out)
	w := dict(t, f, pdf.Ref{Num: 6})
	if w["V"] != nil || w["AP"] == nil {
		t.Errorf("widget %v", w)
	}
}

// TestLockBecomesFieldMDP checks A16.
func TestLockBecomesFieldMDP(t *testing.T) {
	opts := options()
	opts.Field = "Approval"
	for lock, want := range map[string]string{
		"<< /Type /SigFieldLock /Action /All >>":      "/Action /All",
		"<< /Action /Include /Fields [(a) (b.c)] >>":  "/Action /Include /Fields [(a) (b.c)]",
		"<< /Action /Exclude /Fields 8 0 R >>":        "/Action /Exclude /Fields [(x)]",
		"<< /Action /Include /Fields [<FEFF00E4>] >>": "/Action /Include /Fields [(\xfe\xff\x00\xe4)]",
	} {
		out := sign(t, emptyField("/Lock 7 0 R", "7 "+lock, "8 [(x)]"), opts)
		f := openFile(t, out)
		_, w := widgetOf(t, f, "Approval")
		if w["Lock"] != pdf.Object(pdf.Ref{Num: 7}) {
			t.Errorf("/Lock %v", w["Lock"])
		}
		refs, ok := dict(t, f, w["V"])["Reference"].(pdf.Array)
		if !ok || len(refs) != 1 {
			t.Fatalf("/Reference %v", dict(t, f, w["V"])["Reference"])
		}
		ref, ok := refs[0].(pdf.Dict)
		if !ok || ref["TransformMethod"] != pdf.Object(pdf.Name("FieldMDP")) || ref["Data"] != pdf.Object(f.Root()) || ref["DigestMethod"] != nil {
			t.Errorf("reference %v", refs[0])
		}
		params, ok := ref["TransformParams"].(pdf.Dict)
		if !ok || params["V"] != pdf.Object(pdf.Name("1.2")) || params["Type"] != pdf.Object(pdf.Name("TransformParams")) {
			t.Errorf("parameters %v", ref["TransformParams"])
		}
		got := "/Action /" + string(params["Action"].(pdf.Name))
		if fields, ok := params["Fields"].(pdf.Array); ok {
			var texts []string
			for _, o := range fields {
				texts = append(texts, "("+string(o.(pdf.String))+")")
			}
			got += " /Fields [" + strings.Join(texts, " ") + "]"
		}
		if got != want {
			t.Errorf("%s became %s", lock, got)
		}
		verifyCMS(t, out, last(t, out))
	}
}

// TestLeavesTheRestAlone signs a document with metadata that are no XML, and with entries that nobody knows: signing
// neither reads nor changes them.
func TestLeavesTheRestAlone(t *testing.T) {
	const odd = "/Lang (x) /ViewerPreferences << /Foo#20Bar 1.50 >> /PieceInfo 5 0 R /X#00Y <00FF> /OpenAction [3 0 R /Fit] "
	in := page1(pdftest.Table, odd+"/Metadata 4 0 R", "/Rotate 90 /UserUnit 1.0 /Contents 6 0 R /AA << >> /Q#23 null",
		"4 "+pdftest.StreamBody("/Type /Metadata /Subtype /XML", "<not <<xml"), "5 << /Later [1 2.0 (a)] >>", "6 "+pdftest.StreamBody("", "q Q"))
	out := sign(t, in, options())
	was, is := openFile(t, in), openFile(t, out)
	same := func(what string, a, b pdf.Dict, but ...pdf.Name) {
		for _, key := range but {
			delete(a, key)
			delete(b, key)
		}
		if diff := cmp.Diff(string(pdf.Append(nil, a)), string(pdf.Append(nil, b))); diff != "" {
			t.Errorf("%s: %s", what, diff)
		}
	}
	a, errA := was.Catalog()
	b, errB := is.Catalog()
	if errA != nil || errB != nil {
		t.Fatal(errA, errB)
	}
	same("catalog", a, b, "AcroForm", "Extensions")
	_, pageA, errA := was.Page(0)
	_, pageB, errB := is.Page(0)
	if errA != nil || errB != nil {
		t.Fatal(errA, errB)
	}
	same("page", pageA, pageB, "Annots")
	for _, n := range []string{"\n2 0 obj", "\n4 0 obj", "\n5 0 obj", "\n6 0 obj"} {
		if bytes.Contains(out[len(in)-1:], []byte(n)) {
			t.Errorf("%q was written again", n)
		}
	}
}
