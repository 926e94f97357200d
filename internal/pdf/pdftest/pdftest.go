// SPDX-License-Identifier: Apache-2.0

package pdftest

import (
	"bytes"
	"fmt"
)

const content = "BT /F1 24 Tf 72 720 Td (Hello) Tj ET"

const id = "/ID [<00112233445566778899AABBCCDDEEFF> <00112233445566778899AABBCCDDEEFF>]"

// objects is a document of one page: 1 catalog, 2 page tree, 3 page, 4 content, 5 font, 6 information.
func objects(catalog string) []Object {
	return []Object{
		{1, "<< /Type /Catalog /Pages 2 0 R " + catalog + ">>", true},
		{2, "<< /Type /Pages /Kids [3 0 R] /Count 1 >>", true},
		{3, "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>", true},
		{4, StreamBody("", content), false},
		{5, "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>", true},
		{6, "<< /Producer (pdftest) /Title (An example) >>", true},
	}
}

// form is an interactive form with one text field on the page and one empty signature field without a widget's size:
// 7 the form, 8 the text field with its widget, 9 the signature field.
func form(objs []Object) []Object {
	for i, o := range objs {
		if o.Num == 3 {
			objs[i].Body = o.Body[:len(o.Body)-2] + "/Annots [8 0 R 9 0 R] >>"
		}
	}
	return append(
		objs,
		Object{7, "<< /Fields [8 0 R 9 0 R] /DA (/Helv 0 Tf 0 g) >>", true},
		Object{8, "<< /FT /Tx /T (name) /V (Ada) /Type /Annot /Subtype /Widget /Rect [72 600 272 620] /P 3 0 R /F 4 >>", true},
		Object{9, "<< /FT /Sig /T (approval) /Type /Annot /Subtype /Widget /Rect [0 0 0 0] /P 3 0 R /F 132 >>", true},
	)
}

func write(f File) []byte {
	if f.Trailer == "" {
		f.Trailer = "/Info 6 0 R " + id
	}
	b, _ := f.Bytes()
	return b
}

// Classic has a cross-reference table and no form.
func Classic() []byte { return write(File{Version: "1.4", Objects: objects("")}) }

// NoID is Classic without an /ID in its trailer.
func NoID() []byte { return write(File{Version: "1.4", Objects: objects(""), Trailer: "/Info 6 0 R"}) }

// NoFinalEOL is Classic without the end of line after %%EOF.
func NoFinalEOL() []byte { return bytes.TrimSuffix(Classic(), []byte("\n")) }

// XRefStream has a cross-reference stream, and all that may be in an object stream is in one.
func XRefStream() []byte { return write(File{Version: "1.5", Kind: Stream, Objects: objects("")}) }

// Hybrid has a table for old readers, which see catalog and pages, and an /XRefStm for new ones, which see the
// information dictionary and the form too. The table calls hidden objects free, as in the example of ISO 32000-2,
// 7.5.8.4; poppler reconstructs such a file, [HybridWord] it reads.
func Hybrid() []byte { return hybrid(HybridTable) }

// HybridWord is Hybrid as Microsoft Word writes it, in two sections.
func HybridWord() []byte { return hybrid(WordTable) }

func hybrid(kind Kind) []byte {
	objs := form(objects("/AcroForm 7 0 R "))
	for i := range objs {
		objs[i].Packed = objs[i].Num >= 6
	}
	return write(File{Version: "1.5", Kind: kind, Objects: objs})
}

// WithForm has a table and a form: a text field "name" and an empty signature field "approval".
func WithForm() []byte {
	return write(File{Version: "1.6", Objects: form(objects("/AcroForm 7 0 R "))})
}

// XFA is WithForm with an XFA part beside the AcroForm.
func XFA() []byte {
	objs := form(objects("/AcroForm 7 0 R "))
	for i, o := range objs {
		if o.Num == 7 {
			objs[i].Body = o.Body[:len(o.Body)-2] + "/XFA [(template) 10 0 R] >>"
		}
	}
	return write(File{Version: "1.7", Objects: append(objs, Object{10, StreamBody("", "<template xmlns='http://www.xfa.org/schema/xfa-template/3.3/'/>"), false})})
}

// ObjectStreamForm is WithForm with a cross-reference stream, the form and its fields inside an object stream.
func ObjectStreamForm() []byte {
	return write(File{Version: "1.6", Kind: Stream, Objects: form(objects("/AcroForm 7 0 R "))})
}

// DirectForm has its form as a direct object of the catalog.
func DirectForm() []byte {
	return write(File{Version: "1.6", Objects: form(objects("/AcroForm << /Fields [8 0 R 9 0 R] /DA (/Helv 0 Tf 0 g) >> "))})
}

// Inherited has four pages in a tree of two levels; resources, boxes and rotation are inherited from its nodes.
func Inherited() []byte {
	objs := []Object{
		{1, "<< /Type /Catalog /Pages 2 0 R >>", true},
		{2, "<< /Type /Pages /Kids [3 0 R 7 0 R 8 0 R] /Count 4 /MediaBox [0 0 612 792] /Resources << /Font << /F1 5 0 R >> >> >>", true},
		{3, "<< /Type /Pages /Parent 2 0 R /Kids [9 0 R 10 0 R] /Count 2 /Rotate 90 /CropBox [10 10 600 780] >>", true},
		{4, StreamBody("", content), false},
		{5, "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>", true},
		{6, "<< /Producer (pdftest) >>", true},
		{7, "<< /Type /Page /Parent 2 0 R /Contents 4 0 R /MediaBox [0 0 300 300] >>", true},
		{8, "<< /Type /Page /Parent 2 0 R /Contents [4 0 R] >>", true},
		{9, "<< /Type /Page /Parent 3 0 R /Contents 4 0 R >>", true},
		{10, "<< /Type /Page /Parent 3 0 R /Contents 4 0 R /Rotate 0 >>", true},
	}
	return write(File{Version: "1.7", Objects: objs})
}

// Updated is Classic with a revision that replaces the information dictionary and adds an object 7.
func Updated() []byte {
	first := File{Version: "1.4", Objects: objects(""), Trailer: "/Info 6 0 R " + id}
	before, at := first.Bytes()
	return write(File{Before: before, Prev: at, Objects: []Object{
		{6, "<< /Producer (pdftest) /Title (Changed) >>", false},
		{7, "[1 2 3]", false},
	}})
}

// UpdatedMixed is Classic with a revision whose cross-reference is a stream: the chain of sections is mixed.
func UpdatedMixed() []byte {
	first := File{Version: "1.5", Objects: objects(""), Trailer: "/Info 6 0 R " + id}
	before, at := first.Bytes()
	return write(File{Before: before, Prev: at, Kind: Stream, Objects: []Object{
		{6, "<< /Producer (pdftest) /Title (Changed) >>", true},
		{7, "[1 2 3]", true},
	}})
}

// UpdatedPacked is XRefStream with a second stream revision in which the page, packed before, is superseded.
func UpdatedPacked() []byte {
	first := File{Version: "1.5", Kind: Stream, Objects: objects(""), Trailer: "/Info 6 0 R " + id}
	before, at := first.Bytes()
	return write(File{Before: before, Prev: at, Kind: Stream, Objects: []Object{
		{3, "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 200 200] /Contents 4 0 R /Resources << >> >>", false},
		{10, "(new)", true},
	}})
}

// Encrypted declares a standard security handler. Its strings are not really encrypted: it is for those who refuse.
func Encrypted() []byte {
	objs := append(objects(""), Object{7, "<< /Filter /Standard /V 1 /R 2 /O <" + zeros + "> /U <" + zeros + "> /P -4 >>", false})
	return write(File{Version: "1.4", Objects: objs, Trailer: "/Info 6 0 R /Encrypt 7 0 R " + id})
}

const zeros = "0000000000000000000000000000000000000000000000000000000000000000"

// Pages has n pages in one flat tree.
func Pages(n int) []byte {
	var kids bytes.Buffer
	objs := objects("")[:2]
	objs = append(objs, Object{3, StreamBody("", content), false}, Object{4, "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>", true})
	for i := range n {
		fmt.Fprintf(&kids, "%d 0 R ", 5+i)
		objs = append(objs, Object{5 + i, "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 3 0 R /Resources << /Font << /F1 4 0 R >> >> >>", true})
	}
	objs[1].Body = fmt.Sprintf("<< /Type /Pages /Kids [%s] /Count %d >>", kids.String(), n)
	return write(File{Version: "1.4", Objects: objs, Trailer: id})
}

// Shapes holds one file of each shape that can be signed, by name: seeds for fuzzing and rows for tables.
func Shapes() map[string][]byte {
	return map[string][]byte{
		"classic": Classic(), "no id": NoID(), "no final eol": NoFinalEOL(), "xref stream": XRefStream(),
		"hybrid": Hybrid(), "hybrid word": HybridWord(), "form": WithForm(), "object stream form": ObjectStreamForm(), "direct form": DirectForm(),
		"inherited": Inherited(), "updated": Updated(), "updated mixed": UpdatedMixed(),
		"updated packed": UpdatedPacked(), "pages": Pages(12),
	}
}
