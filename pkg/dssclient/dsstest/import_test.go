// SPDX-License-Identifier: Apache-2.0

package dsstest

import (
	gobuild "go/build"
	"strings"
	"testing"
)

// TestImports keeps the arrow: of this module only the client's types, so that the sandbox is no copy of our own code.
func TestImports(t *testing.T) {
	pkg, err := gobuild.ImportDir(".", 0)
	if err != nil {
		t.Fatal(err)
	}
	if len(pkg.Imports) == 0 {
		t.Fatal("no imports read")
	}
	for _, path := range pkg.Imports {
		if strings.HasPrefix(path, "gsign/") && path != "gsign/pkg/dssclient" {
			t.Errorf("imports %s", path)
		}
	}
}
