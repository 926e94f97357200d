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
