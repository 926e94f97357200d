// SPDX-License-Identifier: Apache-2.0

package pdfsig_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf16"

	"gsign/internal/pdf/pdftest"
	"gsign/internal/testenv"
	"gsign/pkg/pdfsig"
)

// declaring gives a document whose metadata are xmp.
func declaring(xmp, catalog, page string, objects ...string) []byte {
	metadata := "9 " + pdftest.StreamBody("/Type /Metadata /Subtype /XML", xmp)
	return page1(pdftest.Table, "/Metadata 9 0 R "+catalog, page, append([]string{metadata}, objects...)...)
}

func xmp(part int) string {
	return fmt.Sprintf(`<rdf:Description xmlns:pdfaid="http://www.aiim.org/pdfa/ns/id/" pdfaid:part="%d" pdfaid:conformance="B"/>`, part)
}

// TestDeclaredPDFA: what would end the conformity that a document declares is refused before anything is signed.
func TestDeclaredPDFA(t *testing.T) {
	var wide strings.Builder
	for _, u := range utf16.Encode([]rune(xmp(2))) {
		wide.WriteByte(byte(u >> 8))
		wide.WriteByte(byte(u))
	}
	const other = `<x:Description xmlns:a='http://www.aiim.org/pdfa/ns/id/' xmlns:b="http://example.org/"><b:part>4</b:part><a:part>3</a:part>`
	for name, c := range map[string]struct {
		xmp     string
		reserve int
		want    string
	}{
		"A-1":                    {xmp(1), 40000, ""},
		"A-1, more":              {xmp(1), 66000, "PDF/A-1, which permits strings of 65535 bytes"},
		"A-2":                    {xmp(2), 0, ""},
		"A-2, at the bound":      {xmp(2), 32767, ""},
		"A-2, more":              {xmp(2), 32768, "PDF/A-2, which permits strings of 32767 bytes"},
		"A-3, more":              {xmp(3), 40000, "PDF/A-3"},
		"A-4 has no bound":       {xmp(4), 100000, ""},
		"of UTF-16":              {wide.String(), 40000, "PDF/A-2"},
		"elements, other prefix": {other, 40000, "PDF/A-3"},
		"nothing declared":       {"<rdf:Description/>", 100000, ""},
		"another's part":         {`<rdf:Description xmlns:pdfaid="http://www.aiim.org/pdfa/ns/id/" xmlns:q="urn:q" q:part="2"/>`, 100000, ""},
	} {
		err := open(t, declaring(c.xmp, "", "")).Check(&pdfsig.Options{Reserve: c.reserve})
		refused, ok := errors.AsType[*pdfsig.RefusedError](err)
		switch {
		case c.want == "" && err != nil:
			t.Errorf("%s: %v", name, err)
		case c.want != "" && (!ok || !refused.Reserve || !strings.Contains(err.Error(), c.want)):
			t.Errorf("%s: %v", name, err)
		}
	}
	err := open(t, declaring(xmp(2), "", "")).Check(&pdfsig.Options{Reason: strings.Repeat("x", 33000)})
	if err == nil || !strings.Contains(err.Error(), "PDF/A-2") {
		t.Errorf("a long text: %v", err)
	}
}

// TestDeclaredSamples: the writers whose files are in testdata declare as is expected.
func TestDeclaredSamples(t *testing.T) {
	for name, part := range map[string]int{
		"libreoffice-pdfa-1b.pdf": 1, "libreoffice-pdfa-2b.pdf": 2, "libreoffice-pdfa-3b.pdf": 3, "weasyprint-pdfa-1a-form.pdf": 1,
		"weasyprint-pdfa-2u.pdf": 2, "weasyprint-pdfa-3b.pdf": 3, "weasyprint-pdfa-4.pdf": 0, "pyhanko-pdfa-2a-ua.pdf": 2, "libreoffice.pdf": 0,
	} {
		b, err := os.ReadFile(filepath.Join(testenv.Root(t), "testdata", "pdfs", name))
		if err != nil {
			t.Fatal(err)
		}
		err = open(t, b).Check(&pdfsig.Options{Reserve: 70000})
		if part == 0 && err != nil || part > 0 && (err == nil || !strings.Contains(err.Error(), fmt.Sprintf("PDF/A-%d,", part))) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestPrepareDeclared: the room that the chain needs counts too, and what a chain alone needs no other reserve helps.
func TestPrepareDeclared(t *testing.T) {
	opts := options()
	opts.Reserve = 32000
	doc := open(t, declaring(xmp(2), "", ""))
	err := doc.Check(opts)
	if err != nil {
		t.Fatal(err)
	}
	_, err = doc.Prepare(newService(t).Certificates(), opts)
	refused, ok := errors.AsType[*pdfsig.RefusedError](err)
	if !ok || !refused.Reserve {
		t.Errorf("%v", err)
	}
}

// TestFullArrays: an array that PDF/A-1 lets grow no more gets no widget and no field.
func TestFullArrays(t *testing.T) {
	annots := "[" + strings.Repeat("8 0 R ", 8191) + "]"
	const annot = "8 << /Type /Annot /Subtype /Text /Rect [0 0 9 9] /Contents (x) /F 4 >>"
	for name, c := range map[string]struct {
		part int
		list string
		page bool
	}{
		"A-1, full":      {1, annots, false},
		"A-1, not full":  {1, "[8 0 R]", true},
		"A-1, more yet":  {1, "[8 0 R " + annots[1:], true},
		"A-2 has no end": {2, annots, true},
	} {
		b := declaring(xmp(c.part), "", "/Annots 10 0 R", annot, "10 "+c.list)
		signed := string(sign(t, b, options()))
		if got := strings.Contains(signed[len(b):], "/P 3 0 R"); got != c.page {
			t.Errorf("%s: the widget is on the page: %v", name, got)
		}
	}
	fields := declaring(xmp(1), "/AcroForm << /Fields 10 0 R >>", "", "8 << /FT /Tx /T (a) >>", "10 "+annots)
	err := open(t, fields).Check(nil)
	if err == nil || !strings.Contains(err.Error(), "/Fields has the 8191 elements") {
		t.Errorf("a full form: %v", err)
	}
}
