// SPDX-License-Identifier: Apache-2.0

package pdfsig

import (
	"fmt"
	"testing"
)

func TestNameSet(t *testing.T) {
	var n nameSet
	if n.has("") || n.has("a") {
		t.Error("the empty set has names")
	}
	for i := range 1000 {
		n.add(fmt.Sprint("field ", i))
	}
	for i := range 2000 {
		if name := fmt.Sprint("field ", i); n.has(name) != (i < 1000) {
			t.Errorf("%q: %v", name, n.has(name))
		}
	}
	seen := numbers{}
	for _, num := range []uint32{0, 63, 64, 1 << 31, 1<<32 - 1} {
		if seen.has(num) {
			t.Errorf("%d is there already", num)
		}
		seen.add(num)
		if !seen.has(num) || seen.has(num^1) {
			t.Errorf("%d", num)
		}
	}
}
