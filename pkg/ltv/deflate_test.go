// SPDX-License-Identifier: Apache-2.0

package ltv

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"io"
	"testing"

	"gsign/internal/limits"
)

func TestCompressed(t *testing.T) {
	var c compressed
	piece := func(i, length int) []byte {
		return append(binary.BigEndian.AppendUint32(nil, uint32(i)), make([]byte, length)...)
	}
	check := func(der []byte) {
		t.Helper()
		z, err := zlib.NewReader(bytes.NewReader(c.of(der)))
		if err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(z); err != nil || !bytes.Equal(got, der) {
			t.Errorf("piece of %d bytes comes back as %d: %v", len(der), len(got), err)
		}
	}
	for range 2 {
		if c.of([]byte{1, 2, 3}) != nil {
			t.Error("three bytes shrink")
		}
		check(piece(1, limits.PieceRemembered-4))
		check(piece(1, limits.PieceRemembered)) // not kept
	}
	if len(c.now) != 2 {
		t.Errorf("%d pieces are kept, want 2", len(c.now))
	}
	for i := range 3 * limits.PiecesRemembered {
		check(piece(i, 100))
		check(piece(7, 100))
	}
	if n := len(c.now) + len(c.old); n > 2*limits.PiecesRemembered {
		t.Errorf("%d pieces are kept", n)
	}
}
