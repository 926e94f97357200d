// SPDX-License-Identifier: Apache-2.0

package verify

import (
	"reflect"
	"strings"
	"testing"
)

func TestTableRanges(t *testing.T) {
	for _, tt := range []struct {
		in   string
		want [][2]int64 // nil: an error
	}{
		{"xref\n0 1\n0000000000 65535 f \n7 2\n0000000009 00000 n \n0000000010 00000 n \ntrailer\n<<>>", [][2]int64{{0, 1}, {7, 2}}},
		{"xref\r0 1\r0000000000 65535 f\r\ntrailer<</Size 1>>", [][2]int64{{0, 1}}},
		{"xref 3 0 trailer", [][2]int64{{3, 0}}},
		{"7 0 obj", nil},
		{"", nil},
		{"xref\n0 x\ntrailer", nil},
		{"xref\n0", nil},
		{"xref\n0 9999999999\n", nil},
		{"xref\n0 2\n0000000000 65535 f \n", nil},
	} {
		got, err := tableRanges(strings.NewReader(tt.in))
		if (err == nil) != (tt.want != nil) || err == nil && !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%q: %v, %v", tt.in, got, err)
		}
	}
}
