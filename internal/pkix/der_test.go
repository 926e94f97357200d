// SPDX-License-Identifier: Apache-2.0

package pkix

import (
	"bytes"
	"testing"
)

// The quick way gives what the slow one gives.
func TestIsDER(t *testing.T) {
	for name, b := range map[string][]byte{
		"short": {0x30, 3, 2, 1, 7}, "nested": {0x30, 5, 0x31, 3, 2, 1, 7}, "empty": {0x30, 0},
		"long length for 3": {0x30, 0x81, 3, 2, 1, 7}, "inside": {0x30, 4, 2, 0x81, 1, 7}, "padded": append([]byte{4, 0x82, 0, 0x80}, make([]byte, 128)...),
		"indefinite": {0x30, 0x80, 2, 1, 7, 0, 0}, "joined": {0x24, 3, 4, 1, 9}, "joined inside": {0x30, 5, 0x24, 3, 4, 1, 9},
		"128": append([]byte{4, 0x81, 0x80}, make([]byte, 128)...), "256": append([]byte{4, 0x82, 1, 0}, make([]byte, 256)...),
	} {
		slow, rest, err := appendDER(nil, b, 0)
		if err != nil || len(rest) > 0 {
			t.Fatalf("%s: %v", name, err)
		}
		if got := isDER(b, 0); got != bytes.Equal(slow, b) {
			t.Errorf("%s: %v", name, got)
		}
	}
}
