// SPDX-License-Identifier: Apache-2.0

package verify

import (
	"bytes"
	"crypto"
	"math/rand/v2"
	"testing"
)

// Ranges that begin alike share the hash of what they have in common, whatever the algorithm; and none takes another's state.
func TestHasherShares(t *testing.T) {
	file := make([]byte, 1<<20)
	random := rand.New(rand.NewPCG(1, 2))
	for i := range file {
		file[i] = byte(random.Uint32())
	}
	algorithms := []crypto.Hash{crypto.SHA1, crypto.SHA256, crypto.SHA384, crypto.SHA512, crypto.SHA3_256}
	h, err := newHasher(t.Context(), bytes.NewReader(file), nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	const signatures, gap, tail = 50, 100, 1000
	for i := range signatures {
		for _, alg := range algorithms {
			a := int64(len(file)/2 + i*8000)
			got, err := h.digest(alg, a, a+gap, tail)
			if err != nil {
				t.Fatal(err)
			}
			want := alg.New()
			want.Write(file[:a])
			want.Write(file[a+gap : a+gap+tail])
			if !bytes.Equal(got, want.Sum(nil)) {
				t.Fatalf("%v of the range that ends at %d is wrong", alg, a)
			}
		}
	}
	if most := int64(len(algorithms) * (len(file) + signatures*tail)); h.read > most {
		t.Errorf("%d bytes were read, and %d are enough", h.read, most)
	}
}
