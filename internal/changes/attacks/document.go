// SPDX-License-Identifier: Apache-2.0

package attacks

import (
	"gsign/internal/pdf"
	"gsign/internal/pdf/pdftest"
)

// Numbers of the objects of the document.
const (
	objContent   = 4
	objFont      = 5
	objForm      = 7
	objName      = 8  // text field "name", with its widget
	objApproval  = 9  // empty signature field "approval"
	objOther     = 11 // text field "other"
	objNote      = 12 // a note on the first page
	objCover     = 13 // an annotation that covers what is below
	objPicture   = 14 // a form XObject that the page shows
	objHidden    = 15 // a form XObject that nothing uses
	objHidden2   = 16 // a page that nothing uses
	objNameLook  = 17 // the appearance of "name"
	objMetadata  = 18
	objSecond    = 19 // the second page
	objSplit     = 20 // text field "split", whose widget is an object of its own
	objWidget    = 21
	objStructure = 23  // the structure tree
	objMissing   = 900 // what the page refers to and the document has not, where it is prepared for that
)

func ref(num uint32) pdf.Ref { return pdf.Ref{Num: num} }

// prepared is document with a page that refers to an object that is not there.
func prepared(kind pdftest.Kind) []byte { return made(kind, "[4 0 R 900 0 R]") }

func document(kind pdftest.Kind) []byte { return made(kind, "4 0 R") }

// made is what gets signed: two pages, text, a form, annotations, and what those prepare who want to change it later.
func made(kind pdftest.Kind, contents string) []byte {
	stream := pdftest.StreamBody
	xobject := "/Type /XObject /Subtype /Form /BBox [0 0 200 40] /Resources << /Font << /F1 5 0 R >> >>"
	objs := []pdftest.Object{
		{Num: 1, Body: "<< /Type /Catalog /Pages 2 0 R /AcroForm 7 0 R /Metadata 18 0 R /StructTreeRoot 23 0 R >>", Packed: true},
		{Num: 2, Body: "<< /Type /Pages /Kids [3 0 R 19 0 R] /Count 2 >>", Packed: true},
		{Num: 3, Body: "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents " + contents + " /Resources << " +
			"/Font << /F1 5 0 R >> /XObject << /X 14 0 R >> >> /Annots [8 0 R 9 0 R 11 0 R 12 0 R 13 0 R 21 0 R] >>", Packed: true},
		{Num: objContent, Body: stream("", "BT /F1 24 Tf 72 720 Td (Pay 100 EUR) Tj ET /X Do")},
		{Num: objFont, Body: "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>", Packed: true},
		{Num: 6, Body: "<< /Producer (gsign tests) /Title (An order) >>", Packed: true},
		{Num: objForm, Body: "<< /Fields [8 0 R 9 0 R 11 0 R 20 0 R] /DA (/F1 0 Tf 0 g) /DR << /Font << /F1 5 0 R >> >> /SigFlags 0 >>", Packed: true},
		{Num: objName, Body: "<< /FT /Tx /T (name) /V (Ada) /Type /Annot /Subtype /Widget /Rect [72 600 272 620] /P 3 0 R /F 4 /AP << /N 17 0 R >> >>", Packed: true},
		{Num: objApproval, Body: "<< /FT /Sig /T (approval) /Type /Annot /Subtype /Widget /Rect [72 100 272 140] /P 3 0 R /F 132 >>", Packed: true},
		{Num: objOther, Body: "<< /FT /Tx /T (other) /Type /Annot /Subtype /Widget /Rect [72 560 272 580] /P 3 0 R /F 4 >>", Packed: true},
		{Num: objNote, Body: "<< /Type /Annot /Subtype /Text /Rect [500 700 520 720] /Contents (looks right) /P 3 0 R >>", Packed: true},
		{Num: objCover, Body: "<< /Type /Annot /Subtype /Square /Rect [72 500 272 540] /IC [1 1 1] /C [1 1 1] /F 4 /P 3 0 R >>", Packed: true},
		{Num: objPicture, Body: stream(xobject, "BT /F1 12 Tf 72 650 Td (thank you) Tj ET")},
		{Num: objHidden, Body: stream(xobject, "BT /F1 24 Tf 0 0 Td (Pay 9999 EUR) Tj ET")},
		{Num: objHidden2, Body: "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 15 0 R /Resources << /Font << /F1 5 0 R >> >> >>", Packed: true},
		{Num: objNameLook, Body: stream(xobject, "BT /F1 12 Tf 2 4 Td (Ada) Tj ET")},
		{Num: objSplit, Body: "<< /FT /Tx /T (split) /V (Ada) /Kids [21 0 R] >>", Packed: true},
		{Num: objWidget, Body: "<< /Type /Annot /Subtype /Widget /Parent 20 0 R /Rect [72 400 272 420] /P 3 0 R /F 4 /AP << /N 22 0 R >> >>", Packed: true},
		{Num: objWidget + 1, Body: stream(xobject, "BT /F1 12 Tf 2 4 Td (Ada) Tj ET")},
		{Num: objStructure, Body: "<< /Type /StructTreeRoot /K [24 0 R] >>", Packed: true},
		{Num: objStructure + 1, Body: "<< /Type /StructElem /S /P /P 23 0 R /Pg 3 0 R /K 0 >>", Packed: true},
		{Num: objMetadata, Body: stream("/Type /Metadata /Subtype /XML", "<x:xmpmeta xmlns:x='adobe:ns:meta/'/>")},
		{Num: objSecond, Body: "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> /XObject << /X 14 0 R >> >> >>", Packed: true},
	}
	b, _ := pdftest.File{Version: "1.7", Kind: kind, Objects: objs, Trailer: "/Info 6 0 R " +
		"/ID [<00112233445566778899AABBCCDDEEFF> <00112233445566778899AABBCCDDEEFF>]"}.Bytes()
	return b
}
