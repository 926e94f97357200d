// SPDX-License-Identifier: Apache-2.0

package pdfsig_test

import (
	"testing"

	"gsign/internal/pdf"
	"gsign/internal/pdf/pdftest"
)

const marked = "/MarkInfo << /Marked true >>"

// boxed is a document of one page, with boxes of the page and of the page tree above it.
func boxed(catalog, page, pages string) []byte {
	in, _ := pdftest.File{Objects: []pdftest.Object{
		{Num: 1, Body: "<< /Type /Catalog /Pages 2 0 R " + catalog + " >>"},
		{Num: 2, Body: "<< /Type /Pages /Kids [3 0 R] /Count 1 " + pages + " >>"},
		{Num: 3, Body: "<< /Type /Page /Parent 2 0 R /Resources << >> " + page + " >>"},
	}}.Bytes()
	return in
}

// TestRect checks where an invisible widget lies: where it need not be tagged.
func TestRect(t *testing.T) {
	for name, tt := range map[string]struct{ catalog, page, pages, want string }{
		"untagged":              {"", "/MediaBox [0 0 99 99]", "", "[0 0 0 0]"},
		"untagged around":       {"", "/MediaBox [-9 -9 99 99]", "", "[0 0 0 0]"},
		"tagged":                {marked, "/MediaBox [0 0 99 99]", "", "[-1 -1 -1 -1]"},
		"around":                {marked, "/MediaBox [-9 -20 99 99]", "", "[-10 -21 -10 -21]"},
		"away":                  {marked, "/MediaBox [10 10 99 99]", "", "[0 0 0 0]"},
		"crop box":              {marked, "/MediaBox [0 0 99 99] /CropBox [-5.5 2 90 90]", "", "[-7 -1 -7 -1]"},
		"corners the other way": {marked, "/MediaBox [99 99 -9 -9]", "", "[-10 -10 -10 -10]"},
		"inherited":             {marked, "", "/MediaBox [-9 -9 99 99] /CropBox [-3 -3 9 9]", "[-10 -10 -10 -10]"},
		"odd crop box":          {marked, "/MediaBox [-9 -9 99 99] /CropBox /Foo", "", "[-10 -10 -10 -10]"},
		"odd corner":            {marked, "/MediaBox [-9 -9 99 (x)]", "", "[0 0 0 0]"},
		"huge":                  {marked, "/MediaBox [-99999999999 0 99 99]", "", "[-2147483648 -1 -2147483648 -1]"},
	} {
		f := openFile(t, sign(t, boxed(tt.catalog, tt.page, tt.pages), options()))
		_, w := widgetOf(t, f, "Signature1")
		if got := string(pdf.Append(nil, w["Rect"])); got != tt.want {
			t.Errorf("%s: /Rect %s, want %s", name, got, tt.want)
		}
		if w["F"] != pdf.Object(pdf.Integer(4|128)) || w["StructParent"] != nil {
			t.Errorf("%s: widget %v", name, w)
		}
	}
}

// TestPageOfSecondWidget signs documents that are signed on their second page: the first may not be given a tab order
// any more, and PDF/UA wants one on each page with an annotation.
func TestPageOfSecondWidget(t *testing.T) {
	for name, tt := range map[string]struct {
		catalog, first, second string
		want                   uint32 // object number of the page
	}{
		"untagged":            {"", "", "/Annots [5 0 R]", 3},
		"order on none":       {marked, "", "/Annots [5 0 R]", 4},
		"order on second":     {marked, "", "/Annots [5 0 R] /Tabs /S", 4},
		"order on first":      {marked, "/Tabs /S", "/Annots [5 0 R] /Tabs /S", 3},
		"annotations on both": {marked, "/Annots [<< /Type /Annot >>]", "/Annots [5 0 R] /Tabs /S", 3},
		"no annotations":      {marked, "", "", 3},
	} {
		in, _ := pdftest.File{Objects: []pdftest.Object{
			{Num: 1, Body: "<< /Type /Catalog /Pages 2 0 R /AcroForm << /Fields [5 0 R] /SigFlags 3 >> " + tt.catalog + " >>"},
			{Num: 2, Body: "<< /Type /Pages /Kids [3 0 R 4 0 R] /Count 2 /MediaBox [0 0 9 9] >>"},
			{Num: 3, Body: "<< /Type /Page /Parent 2 0 R " + tt.first + " >>"},
			{Num: 4, Body: "<< /Type /Page /Parent 2 0 R " + tt.second + " >>"},
			{Num: 5, Body: "<< /Type /Annot /Subtype /Widget /FT /Sig /T (Author) /Rect [0 0 0 0] /F 132 /P 4 0 R /V 6 0 R >>"},
			{Num: 6, Body: "<< " + sigValue + " >>"},
		}}.Bytes()
		was, f := openFile(t, in), openFile(t, sign(t, in, options()))
		ref, w := widgetOf(t, f, "Signature1")
		if w["P"] != pdf.Object(pdf.Ref{Num: tt.want}) {
			t.Errorf("%s: the widget is on page %v", name, w["P"])
		}
		for i, n := range []uint32{3, 4} {
			_, before, errA := was.Page(i)
			_, page, errB := f.Page(i)
			if errA != nil || errB != nil {
				t.Fatal(errA, errB)
			}
			found := false
			for _, o := range array(t, f, page["Annots"]) {
				found = found || o == pdf.Object(ref)
			}
			if found != (n == tt.want) || page["Tabs"] != before["Tabs"] {
				t.Errorf("%s: page %d: %v", name, n, page)
			}
		}
	}
}

// TestOddAppearance signs fields whose appearance is of another type than it should be: an empty one takes its place.
func TestOddAppearance(t *testing.T) {
	opts := options()
	opts.Field = "Approval"
	for _, ap := range []string{"/AP 5", "/AP << /N 9 0 R >>", "/AP << /N /Foo >>", "/AP << /D 7 0 R >>", "/AP null"} {
		f := openFile(t, sign(t, emptyField(ap, "7 "+pdftest.StreamBody("/Subtype /Form /BBox [0 0 1 1]", "")), opts))
		_, w := widgetOf(t, f, "Approval")
		n, err := f.Stream(dict(t, f, w["AP"])["N"])
		if err != nil || n == nil || len(dict(t, f, w["AP"])) != 1 {
			t.Errorf("%s became %v: %v", ap, w["AP"], err)
		}
	}
}
