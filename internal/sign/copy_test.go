// SPDX-License-Identifier: Apache-2.0

package sign

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"
)

var farPast = time.Unix(0, 0)

func TestCopier(t *testing.T) {
	for _, size := range []int{0, 1, piece - 1, piece, piece + 1, 3*piece + 7, stretch + 5} {
		b := make([]byte, size)
		_, _ = rand.NewChaCha8([32]byte{}).Read(b)
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "in"), b, 0o600); err != nil {
			t.Fatal(err)
		}
		src, dst := open(t, filepath.Join(dir, "in")), create(t, filepath.Join(dir, "out"))
		c := &copier{src: src, dst: dst, size: int64(size)}
		sum, err := c.run(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		want := sha256.Sum256(b)
		if !bytes.Equal(sum.Sum(nil), want[:]) || c.fraction() != 1 {
			t.Errorf("%d bytes: the sum is wrong, or %v done", size, c.fraction())
		}
		if got, _ := os.ReadFile(filepath.Join(dir, "out")); !bytes.Equal(got, b) {
			t.Errorf("%d bytes: the copy differs", size)
		}
	}
}

// What the output holds is compared with the input, and the sum is of what the output holds.
func TestCopierReadsBack(t *testing.T) {
	dir := t.TempDir()
	b := bytes.Repeat([]byte("0123456789abcdef"), 4*piece/16)
	if err := os.WriteFile(filepath.Join(dir, "in"), b, 0o600); err != nil {
		t.Fatal(err)
	}
	src, dst := open(t, filepath.Join(dir, "in")), create(t, filepath.Join(dir, "out"))
	c := &copier{src: src, dst: dst, size: int64(len(b))}
	if _, err := c.run(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, pos := range []int{0, 3*piece - 1, 3 * piece, len(b) - 1} {
		if _, err := dst.WriteAt([]byte{b[pos] ^ 1}, int64(pos)); err != nil {
			t.Fatal(err)
		}
		if err := c.compare(t.Context()); !errors.Is(err, errDiffers) {
			t.Errorf("a bit changed at %d: %v", pos, err)
		}
		out := sha256.New()
		if err := c.hash(t.Context(), out); err != nil {
			t.Fatal(err)
		}
		if want := sha256.Sum256(b); bytes.Equal(out.Sum(nil), want[:]) {
			t.Error("a changed output has the input's sum")
		}
		if _, err := dst.WriteAt(b[pos:pos+1], int64(pos)); err != nil {
			t.Fatal(err)
		}
	}
}

func TestCopierStops(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "in"), make([]byte, 10), 0o600); err != nil {
		t.Fatal(err)
	}
	src, dst := open(t, filepath.Join(dir, "in")), create(t, filepath.Join(dir, "out"))
	c := &copier{src: src, dst: dst, size: 11}
	if _, err := c.run(t.Context()); !errors.Is(err, errShrunk) {
		t.Errorf("a file that shrank: %v", err)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errDisk)
	c = &copier{src: src, dst: dst, size: 10}
	if _, err := c.run(ctx); !errors.Is(err, errDisk) {
		t.Errorf("a cancelled context: %v", err)
	}
}

func open(t *testing.T, path string) *os.File {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	return f
}

func create(t *testing.T, path string) *os.File {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	return f
}
