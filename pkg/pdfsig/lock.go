// SPDX-License-Identifier: Apache-2.0

package pdfsig

import "gsign/internal/pdf"

// FieldLock says which fields may not change any more (ISO 32000-2 Tables 236 and 259).
type FieldLock struct {
	Action pdf.Name        // All, Include or Exclude; any other locks as All does
	Fields map[string]bool // fully qualified names, for Include and Exclude
}

// Covers reports whether a field is locked, itself or by a group it is in.
func (l *FieldLock) Covers(name string) bool {
	listed := l.Fields[name]
	for i, c := range name {
		listed = listed || c == '.' && l.Fields[name[:i]]
	}
	switch l.Action {
	case "Include":
		return listed
	case "Exclude":
		return !listed
	}
	return true
}
