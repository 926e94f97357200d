// SPDX-License-Identifier: Apache-2.0

package pdf

import "gsign/internal/limits"

// Linearized reports whether the file is arranged for fast web view (ISO 32000-2, Annex F) and has not been updated
// since: the first object says so, with the length that the file then had. An update takes it away, the file stays valid.
func (f *File) Linearized() (bool, error) {
	p := parser{lexer: newLexer(&f.src, f.header)}
	_, start, err := p.header()
	if err == nil && start-f.header <= limits.PDFHeader {
		var o Object
		o, err = p.object()
		if d, ok := o.(Dict); ok && err == nil && d["Linearized"] != nil {
			return d["L"] == Object(Integer(f.src.size-f.base)), nil
		}
	}
	if err != nil && !IsMalformed(err) {
		return false, err
	}
	return false, nil
}
