// SPDX-License-Identifier: Apache-2.0

package pdf

// usual are names that most files have, made once: a name as an object is otherwise allocated twice, and they are a good part of
// what reading many pages costs.
var usual = func() map[string]Object {
	m := map[string]Object{}
	for _, n := range []Name{
		"A", "AP", "Annot", "Annots", "Border", "Btn", "CA", "CS", "Catalog", "Cert", "Colors", "ColorSpace", "Columns", "Contents", "Count", "CropBox", "DA",
		"DecodeParms", "Dest", "DeviceRGB", "DeviceGray", "Encoding", "ExtGState", "F", "FT", "Ff", "Filter", "First", "FlateDecode", "Font", "FontDescriptor",
		"Form", "Group", "H", "Height", "I", "Image", "ImageC", "K", "Kids", "Length", "Length1", "Limits", "Link", "MK", "MediaBox", "N", "Names", "Next", "Nums",
		"ObjStm", "P", "PDF", "Page", "Pages", "Parent", "Pg", "Predictor", "Prev", "ProcSet", "Rect", "Resources", "Root", "Rotate", "S", "Sig", "Size", "StructElem",
		"StructParents", "Subtype", "T", "Tabs", "Text", "ToUnicode", "Transparency", "Tx", "Type", "V", "W", "Widget", "Width", "Widths", "XObject", "XRef",
	} {
		m[string(n)] = n
	}
	return m
}()

// named makes an object of a name's bytes.
func named(text []byte) Object {
	if o, ok := usual[string(text)]; ok {
		return o
	}
	return Name(text)
}
