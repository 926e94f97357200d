// SPDX-License-Identifier: Apache-2.0

package sign

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
)

func TestImage(t *testing.T) {
	m := image("0123456789")
	if b, err := io.ReadAll(io.NewSectionReader(m, 2, 100)); err != nil || string(b) != "23456789" {
		t.Errorf("%q, %v", b, err)
	}
	var p [4]byte
	for off, want := range map[int64]int{-1: 0, 10: 0, 11: 0, 8: 2} {
		if n, err := m.ReadAt(p[:], off); n != want || err == nil {
			t.Errorf("at %d: %d, %v", off, n, err)
		}
	}
	if b := m.Part(3, 2); string(b) != "34" || cap(b) != 2 {
		t.Errorf("part %q of %d", b, cap(b))
	}
}

// The copy of an image is what the file holds, not what was written to it.
func TestCopyImageReadsBack(t *testing.T) {
	in := image(bytes.Repeat([]byte("0123456789"), 1000))
	dst, err := os.Create(filepath.Join(t.TempDir(), "dst"))
	if err != nil {
		t.Fatal(err)
	}
	defer dst.Close()
	c := &copier{dst: dst, size: int64(len(in))}
	sum, out, err := c.copyImage(context.Background(), in)
	if err != nil || !bytes.Equal(in, out) || c.fraction() != 1 {
		t.Fatalf("%v, %d bytes, %v done", err, len(out), c.fraction())
	}
	if want := sha256.Sum256(in); !bytes.Equal(sum.Sum(nil), want[:]) {
		t.Error("another sum")
	}
	old := testOnlyWriteFault
	defer func() { testOnlyWriteFault = old }()
	testOnlyWriteFault = func(string) error {
		_, err := dst.WriteAt([]byte("x"), 9999)
		return err
	}
	if _, _, err := c.copyImage(context.Background(), in); !errors.Is(err, errDiffers) {
		t.Errorf("the file holds something else: %v", err)
	}
	testOnlyWriteFault = func(string) error { return dst.Truncate(5000) }
	if _, _, err := c.copyImage(context.Background(), in); !errors.Is(err, errShrunk) {
		t.Errorf("the file is shorter: %v", err)
	}
}

// What is verified is read from the file, also where all of it was in memory.
func TestWrittenReadsTheFile(t *testing.T) {
	f, err := os.Create(filepath.Join(t.TempDir(), "out"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteString("original, suffix"); err != nil {
		t.Fatal(err)
	}
	d := &document{out: &output{tmp: &tempFile{f: f}}, image: image("ORIGINAL"), size: 16}
	for from, want := range map[int64]string{8: "ORIGINAL, suffix", 0: "original, suffix"} {
		d.image = image("ORIGINAL")
		r, err := d.written(from)
		if err != nil {
			t.Fatal(err)
		}
		if b, err := io.ReadAll(io.NewSectionReader(r, 0, 100)); err != nil || string(b) != want {
			t.Errorf("from %d: %q, %v", from, b, err)
		}
	}
	d.size = 17
	if _, err := d.written(0); !errors.Is(err, errShrunk) {
		t.Errorf("a file that is too short: %v", err)
	}
	d.image = nil
	if r, err := d.written(0); err != nil || r != f {
		t.Errorf("a large one: %v, %v", r, err)
	}
}
