// SPDX-License-Identifier: Apache-2.0

package pdf

import (
	"os"
	"path/filepath"
	"testing"

	"gsign/internal/pdf/pdftest"
	"gsign/internal/testenv"
)

func TestLinearized(t *testing.T) {
	for name, want := range map[string]bool{
		"qpdf-linearized.pdf": true, "qpdf-linearized-objstm.pdf": true, "qpdf-objstm.pdf": false, "line-ends-cr.pdf": false,
	} {
		b, err := os.ReadFile(filepath.Join(testenv.Root(t), "testdata", "pdfs", name))
		if err != nil {
			t.Fatal(err)
		}
		for _, grown := range []bool{false, true} {
			if grown { // an update has taken it away
				b = append(b, "\n"...)
			}
			f, err := openBytes(b)
			if err != nil {
				t.Fatal(name, err)
			}
			got, err := f.Linearized()
			if got != (want && !grown) || err != nil {
				t.Errorf("%s grown %v: %v %v", name, grown, got, err)
			}
		}
	}
	f, err := openBytes(pdftest.Classic())
	if err != nil {
		t.Fatal(err)
	}
	if got, err := f.Linearized(); got || err != nil {
		t.Error(got, err)
	}
}
