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

// noteOnce records what may be found several times.
func (f *File) noteOnce(off int64, what string) {
	if !slices.Contains(f.damage, Damage{Offset: off, What: what}) {
		f.note(off, "%s", what)
	}
}
