// SPDX-License-Identifier: Apache-2.0

package sign

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
)

// inMemory is the longest document that is read into memory once, instead of again and again in pieces; larger ones are
// never held. Sixteen such documents at once take less than what one large one may.
const inMemory = 1 << 20

// image is a file that was read into memory. Nobody changes it while it is in use.
type image []byte

// ReadAt copies a part of it.
func (m image) ReadAt(p []byte, off int64) (int, error) {
	if off < 0 {
		return 0, errors.New("negative offset")
	}
	if off >= int64(len(m)) {
		return 0, io.EOF
	}
	n := copy(p, m[off:])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

// Part gives a part of it without copying: see pdf.Open.
func (m image) Part(off, n int64) []byte { return m[off : off+n : off+n] }

// reader is what is read of the input.
func (in *input) reader() io.ReaderAt {
	if in.image != nil {
		return in.image
	}
	return in.file
}

// load reads a small input into memory.
func (in *input) load() error {
	if in.size > inMemory {
		return nil
	}
	m := make(image, in.size)
	if err := readFull(in.file, m, 0); err != nil {
		return errors.Join(in.unchanged(), fmt.Errorf("read the PDF: %w", err))
	}
	in.image = m
	return nil
}

// copyImage writes an input that is in memory, brings it to the disk, and reads back what the output holds: that is
// compared with the input and hashed. It returns the hash state and the output, with room for what is appended.
func (c *copier) copyImage(ctx context.Context, in image) (hash.Hash, image, error) {
	if _, err := c.dst.WriteAt(in, 0); err != nil {
		return nil, nil, fmt.Errorf("copy the original: %w", err)
	}
	c.copied.Store(c.size)
	if err := c.synced(); err != nil {
		return nil, nil, err
	}
	out := make(image, len(in), len(in)+usualTail)
	if err := readFull(c.dst, out, 0); err != nil {
		return nil, nil, fmt.Errorf("read the copy of the original: %w", err)
	}
	if !bytes.Equal(in, out) {
		return nil, nil, errDiffers
	}
	c.compared.Store(c.size)
	if ctx.Err() != nil {
		return nil, nil, context.Cause(ctx)
	}
	sum := sha256.New()
	sum.Write(out)
	c.hashed.Store(c.size)
	return sum, out, nil
}

// usualTail is what a signature and a security store seldom exceed.
const usualTail = 80 << 10

// written returns the output, for reading what it holds from the byte from on; what comes before was read earlier. Of a small one
// that is read from the file now, in one piece.
func (d *document) written(from int64) (io.ReaderAt, error) {
	if d.image == nil {
		return d.out.tmp.f, nil
	}
	if d.size > int64(cap(d.image)) {
		d.image = append(make(image, 0, d.size), d.image...)
	}
	d.image = d.image[:d.size]
	if err := readFull(d.out.tmp.f, d.image[from:], from); err != nil {
		return nil, fmt.Errorf("read what was written: %w", err)
	}
	return d.image, nil
}
