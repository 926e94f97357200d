// SPDX-License-Identifier: Apache-2.0

package verify_test

import (
	"bytes"
	"testing"

	"gsign/internal/pdf/pdftest"
	"gsign/pkg/verify"
)

// TestMany verifies a file with many signatures. Its bytes are read a few times however many there are, and looking at each signature costs about as
// much as looking at the first: allocations are counted, which depend on no machine.
func TestMany(t *testing.T) {
	w := newWorld(t)
	cost := func(n int) float64 {
		b := pdftest.WithForm()
		for range n {
			b = w.sign(b, verify.BT)
		}
		b = w.store(b, w.entities()...)
		r := &countingReader{Reader: bytes.NewReader(b)}
		report, err := verify.Verify(t.Context(), r, int64(len(b)), &verify.Options{Roots: roots(t), Time: judged})
		if err != nil || len(report.Signatures) != n {
			t.Fatalf("%d signatures: %v", len(report.Signatures), err)
		}
		if r.n > 8*int64(len(b)) {
			t.Errorf("%d bytes read of a file of %d with %d signatures", r.n, len(b), n)
		}
		return testing.AllocsPerRun(1, func() {
			_, _ = verify.Verify(t.Context(), bytes.NewReader(b), int64(len(b)), &verify.Options{Roots: roots(t), Time: judged})
		})
	}
	few, many := cost(4), cost(32)
	if many > 12*few {
		t.Errorf("%.0f allocations for 4 signatures, %.0f for 32", few, many)
	}
}
