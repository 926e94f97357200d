// SPDX-License-Identifier: Apache-2.0

package changes_test

import (
	"bytes"
	"sync/atomic"
	"testing"

	"gsign/internal/changes"
	"gsign/internal/changes/attacks"
	"gsign/pkg/pdfsig"
)

// counter counts the bytes that are read.
type counter struct {
	*bytes.Reader
	n atomic.Int64
}

func (c *counter) ReadAt(p []byte, off int64) (int, error) {
	c.n.Add(int64(len(p)))
	return c.Reader.ReadAt(p, off)
}

// TestCost compares all signatures of a file: with four times as many of them no more than five times as much may be read.
func TestCost(t *testing.T) {
	read := func(signatures int) int64 {
		b := attacks.Signed(t, signatures)
		r := &counter{Reader: bytes.NewReader(b)}
		d, err := pdfsig.Open(r, int64(len(b)), nil)
		if err != nil {
			t.Fatal(err)
		}
		sigs, err := d.Signatures()
		if err != nil {
			t.Fatal(err)
		}
		if len(sigs) != signatures {
			t.Fatalf("%d signatures", len(sigs))
		}
		h, err := changes.Open(t.Context(), d, sigs)
		if err != nil {
			t.Fatal(err)
		}
		r.n.Store(0)
		for i := range sigs {
			c, err := h.Since(t.Context(), &sigs[i])
			if err != nil {
				t.Fatal(err)
			}
			if c.Verdict() != changes.Allowed || len(c.Changes) != signatures-1-i {
				t.Fatalf("signature %d: %v", i, c.Changes)
			}
		}
		return r.n.Load()
	}
	few, many := read(10), read(40)
	t.Logf("%d and %d bytes", few, many)
	if many > 5*few {
		t.Errorf("10 signatures cost %d bytes, 40 cost %d", few, many)
	}
}

// TestCostOfStore compares files in which each signature adds to the security store: what is in it is read when it comes, and
// not again with each revision. Allocations are counted, which depend on no machine.
func TestCostOfStore(t *testing.T) {
	cost := func(signatures int) float64 {
		b := attacks.Kept(t, signatures)
		return testing.AllocsPerRun(1, func() {
			d, err := pdfsig.Open(bytes.NewReader(b), int64(len(b)), nil)
			if err != nil {
				t.Fatal(err)
			}
			sigs, err := d.Signatures()
			if err != nil {
				t.Fatal(err)
			}
			c, err := changes.Compare(t.Context(), d, &sigs[0], sigs)
			if err != nil {
				t.Fatal(err)
			}
			if c.Verdict() != changes.Allowed || len(c.Changes) != 2*signatures-1 {
				t.Fatalf("%d signatures: %v", signatures, c.Changes)
			}
		})
	}
	few, many := cost(8), cost(32)
	t.Logf("%.0f and %.0f allocations", few, many)
	if many > 6*few {
		t.Errorf("%.0f allocations for 8 signatures, %.0f for 32", few, many)
	}
}
