// SPDX-License-Identifier: Apache-2.0

package pdf

import (
	"errors"
	"testing"
)

// That a file is malformed is said once, and each place once.
func TestMalformedErrorText(t *testing.T) {
	for want, err := range map[string]error{
		"malformed PDF at offset 9: section: number instead of name":              malformedBy(9, malformed(9, "number instead of name"), "section"),
		"malformed PDF at offset 9: section: at offset 12: number":                malformedBy(9, malformed(12, "number"), "section"),
		"malformed PDF at offset 9: section: number":                              malformedBy(9, malformed(-1, "number"), "section"),
		"malformed PDF: object 3: other":                                          malformedBy(-1, errors.New("other"), "object 3"),
		"malformed PDF at offset 9: section: bad entry: at offset 12: no integer": malformedBy(9, malformedBy(9, malformed(12, "no integer"), "bad entry"), "section"),
	} {
		if err.Error() != want {
			t.Errorf("%q, want %q", err, want)
		}
	}
}
