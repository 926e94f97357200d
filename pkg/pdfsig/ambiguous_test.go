// SPDX-License-Identifier: Apache-2.0

package pdfsig_test

import (
	"bytes"
	"errors"
	"fmt"
	"testing"

	"gsign/internal/pdf/pdftest"
	"gsign/pkg/pdfsig"
)

// TestCheckAmbiguous refuses a file that two readers understand differently: behind the end-of-file marker stands
// another startxref, of a revision with another page tree and no marker of its own.
func TestCheckAmbiguous(t *testing.T) {
	b := pdftest.Classic()
	previous := bytes.LastIndex(b, []byte("\nxref\n")) + 1
	pages := len(b)
	b = append(b, "2 0 obj\n<< /Type /Pages /Kids [3 0 R 3 0 R 3 0 R] /Count 3 >>\nendobj\n"...)
	section := len(b)
	b = fmt.Appendf(b, "xref\n2 1\n%010d 00000 n \ntrailer\n<< /Size 6 /Root 1 0 R /Prev %d >>\nstartxref\n%d\n", pages, previous, section)

	d, err := pdfsig.Open(bytes.NewReader(b), int64(len(b)), nil)
	if err == nil {
		err = d.Check(nil)
	}
	var malformed *pdfsig.MalformedError
	if !errors.As(err, &malformed) {
		t.Errorf("got %v", err)
	}
	t.Log(err)
}
