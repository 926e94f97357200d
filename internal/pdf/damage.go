// SPDX-License-Identifier: Apache-2.0

package pdf

import (
	"fmt"
	"slices"

	"gsign/internal/limits"
)

// Recovered reports whether the cross-reference could not be used and the objects were found by searching the file. An
// [Update] of such a file carries a complete cross-reference of its own, without /Prev.
func (f *File) Recovered() bool { return f.recovered }

// note records something that is wrong and can be helped.
func (f *File) note(off int64, format string, args ...any) {
	if len(f.damage) < limits.PDFDamage {
		f.damage = append(f.damage, Damage{Offset: off, What: fmt.Sprintf(format, args...)})
	}
}

// noteWord records a word read as null. It is kept apart: what is written anew keeps it.
func (f *File) noteWord(off int64, what string) {
	if d := (Damage{Offset: off, What: what}); len(f.words) < limits.PDFDamage && !slices.Contains(f.words, d) {
		f.words = append(f.words, d)
	}
}

// noteOnce records what may be found several times.
func (f *File) noteOnce(off int64, what string) {
	if !slices.Contains(f.damage, Damage{Offset: off, What: what}) {
		f.note(off, "%s", what)
	}
}

// hasWord reports whether a word that is none of PDF is in an object as it stands.
func hasWord(o Object) bool {
	switch v := o.(type) {
	case Word:
		return true
	case Array:
		return slices.ContainsFunc(v, hasWord)
	case Dict:
		for _, e := range v {
			if hasWord(e) {
				return true
			}
		}
	}
	return false
}
