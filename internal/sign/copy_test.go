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
		in, out, err := c.run(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		want := sha256.Sum256(b)
		if !bytes.Equal(in.Sum(nil), want[:]) || !bytes.Equal(out.Sum(nil), want[:]) || c.fraction() != 1 {
			t.Errorf("%d bytes: sums differ, or %v done", size, c.fraction())
		}
		if got, _ := os.ReadFile(filepath.Join(dir, "out")); !bytes.Equal(got, b) {
			t.Errorf("%d bytes: the copy differs", size)
		}
	}
}

// The second sum is of what is in the output, whatever was in the input.
func TestCopierReadsBack(t *testing.T) {
	dir := t.TempDir()
	b := bytes.Repeat([]byte("0123456789abcdef"), 4*piece/16)
	if err := os.WriteFile(filepath.Join(dir, "in"), b, 0o600); err != nil {
		t.Fatal(err)
	}
	src, dst := open(t, filepath.Join(dir, "in")), create(t, filepath.Join(dir, "out"))
	c := &copier{src: src, dst: dst, size: int64(len(b))}
	if _, _, err := c.run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := dst.WriteAt([]byte("!"), 3*piece); err != nil {
		t.Fatal(err)
	}
	out := sha256.New()
	c.available, c.oneDone = c.size, true
	if err := c.check(t.Context(), out); err != nil {
		t.Fatal(err)
	}
	if want := sha256.Sum256(b); bytes.Equal(out.Sum(nil), want[:]) {
		t.Error("a changed output has the input's sum")
	}
}

func TestCopierStops(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "in"), make([]byte, 10), 0o600); err != nil {
		t.Fatal(err)
	}
	src, dst := open(t, filepath.Join(dir, "in")), create(t, filepath.Join(dir, "out"))
	c := &copier{src: src, dst: dst, size: 11}
	if _, _, err := c.run(t.Context()); !errors.Is(err, errShrunk) {
		t.Errorf("a file that shrank: %v", err)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errDisk)
	c = &copier{src: src, dst: dst, size: 10}
	if _, _, err := c.run(ctx); !errors.Is(err, errDisk) {
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
