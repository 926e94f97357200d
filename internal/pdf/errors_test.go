// SPDX-License-Identifier: Apache-2.0

package pdf

import (
	"errors"
	"fmt"
	"testing"
)

// That a file is malformed is said once, and the nearest place; a place that is not known is not said.
func TestMalformedErrorText(t *testing.T) {
	for want, err := range map[string]error{
		"malformed PDF at offset 9: section: number instead of name":                                                   malformedBy(9, malformed(9, "number instead of name"), "section"),
		"malformed PDF at offset 12: section: number":                                                                  malformedBy(9, malformed(12, "number"), "section"),
		"malformed PDF at offset 9: section: number":                                                                   malformedBy(9, malformed(-1, "number"), "section"),
		"malformed PDF: object 3: other":                                                                               malformedBy(-1, errors.New("other"), "object 3"),
		"malformed PDF at offset 12: section: bad entry: no integer":                                                   malformedBy(9, malformedBy(9, malformed(12, "no integer"), "bad entry"), "section"),
		"malformed PDF at offset 12: section: (a hint) no integer":                                                     malformedBy(9, fmt.Errorf("(a hint) %w", malformed(12, "no integer")), "section"),
		"malformed PDF: cross-reference section at a negative offset":                                                  (&File{}).readSections(-1),
		"malformed PDF at offset 12: the file can be read in more than one way: object 3 is not there for all readers": (&File{}).twice(3, offsetEntry(12, 0)),
	} {
		if err.Error() != want {
			t.Errorf("%q, want %q", err, want)
		}
	}
}
