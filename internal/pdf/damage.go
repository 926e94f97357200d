// SPDX-License-Identifier: Apache-2.0

package pdf

import (
	"fmt"

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
