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
	"os"
	"sync"
	"sync/atomic"

	"golang.org/x/sync/errgroup"
)

const (
	// piece is the size of one read for hashing: large enough that the system call does not count, small enough for the
	// second-level cache.
	piece = 256 << 10
	// stretch is how much is copied between two looks at the context: some milliseconds in memory.
	stretch = 8 << 20
	// ahead is how far the copying may be ahead of hashing and comparing: little enough to be in the system's memory still,
	// so that a file larger than that memory is read from the disk once.
	ahead = 128 << 20
)

// copier carries the original into the output. One goroutine copies inside the kernel where it can, and has the system
// begin to write; a second follows it closely and hashes what the output holds, for that is what gets signed; a third
// follows too, reads input and output side by side and compares every byte. So two processors and the disk are busy, the
// original is read from the disk once, the sum is of the output's own bytes, and it is the input's too because they
// are equal: a comparison proves that as well as a second sum, at a tenth of its cost. The copy is on the disk before any
// money is spent.
type copier struct {
	src, dst *os.File
	size     int64
	copied   atomic.Int64
	hashed   atomic.Int64
	compared atomic.Int64

	mu        sync.Mutex
	cond      *sync.Cond
	available int64 // how far the output may be read
	stopped   bool
}

// errDiffers says that the output does not hold what the input does.
var errDiffers = errors.New("the copy differs from the original")

// run returns the hash state after the copy, which is then known to equal the input.
func (c *copier) run(ctx context.Context) (hash.Hash, error) {
	c.cond = sync.NewCond(&c.mu)
	sum := sha256.New()
	g, ctx := errgroup.WithContext(ctx)
	stop := context.AfterFunc(ctx, func() { c.update(func() { c.stopped = true }) })
	defer stop()
	g.Go(func() error { return c.copy(ctx) })
	g.Go(func() error { return c.hash(ctx, sum) })
	g.Go(func() error { return c.compare(ctx) })
	if err := g.Wait(); err != nil {
		return nil, err
	}
	return sum, nil
}

func (c *copier) update(f func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	f()
	c.cond.Broadcast()
}

func (c *copier) copy(ctx context.Context) error {
	for done := int64(0); done < c.size; {
		if err := c.followed(ctx, done-ahead); err != nil {
			return err
		}
		n, err := io.CopyN(c.dst, c.src, min(stretch, c.size-done)) // copy_file_range(2) on Linux
		if c.size > stretch {
			writeSoon(c.dst, done, n)
		}
		done += n
		c.copied.Store(done)
		c.update(func() { c.available = done })
		if errors.Is(err, io.EOF) {
			return errShrunk
		}
		if err != nil {
			return fmt.Errorf("copy the original: %w", err)
		}
	}
	return c.synced()
}

// synced brings the copy to the disk.
func (c *copier) synced() error {
	if err := testOnlyWriteFault("copy"); err != nil {
		return fmt.Errorf("copy the original: %w", err)
	}
	if err := c.dst.Sync(); err != nil {
		return fmt.Errorf("write the copy of the original to the disk: %w", err)
	}
	return nil
}

// followed waits until all up to pos is hashed and compared.
func (c *copier) followed(ctx context.Context, pos int64) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	for !c.stopped && min(c.hashed.Load(), c.compared.Load()) < pos {
		c.cond.Wait()
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return nil
}

// wait returns how far the output may be read once that is more than pos.
func (c *copier) wait(ctx context.Context, pos int64) (int64, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for !c.stopped && c.available <= pos {
		c.cond.Wait()
	}
	if c.available > pos {
		return c.available, nil
	}
	return 0, context.Cause(ctx)
}

// hash follows the copying.
func (c *copier) hash(ctx context.Context, h hash.Hash) error {
	for pos := int64(0); pos < c.size; {
		to, err := c.wait(ctx, pos)
		if err != nil {
			return err
		}
		to = min(to, pos+stretch)
		if err := hashRange(ctx, h, c.dst, pos, to, &c.hashed); err != nil {
			return fmt.Errorf("read the copy of the original: %w", err)
		}
		pos = to
		c.update(func() {})
	}
	return nil
}

// buffers are kept for the next document: a small one would cost little else.
var buffers = sync.Pool{New: func() any { return new([piece]byte) }}

// small is a buffer for what takes no more than a few of them: a large one would be made anew for each small document
// that follows a garbage collection.
const small = 32 << 10

var smallBuffers = sync.Pool{New: func() any { return new([small]byte) }}

// buffer gives a buffer for n bytes, of one piece at most, until done.
func buffer(n int64) (buf []byte, done func()) {
	if n <= piece {
		b, _ := smallBuffers.Get().(*[small]byte)
		return b[:], func() { smallBuffers.Put(b) }
	}
	b, _ := buffers.Get().(*[piece]byte)
	return b[:], func() { buffers.Put(b) }
}

func hashRange(ctx context.Context, h hash.Hash, f io.ReaderAt, from, to int64, progress *atomic.Int64) error {
	buf, done := buffer(to - from)
	defer done()
	for from < to {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		b := buf[:min(int64(len(buf)), to-from)]
		if err := readFull(f, b, from); err != nil {
			return err
		}
		h.Write(b)
		from += int64(len(b))
		progress.Store(from)
	}
	return nil
}

// compare follows the copying too and reads both files.
func (c *copier) compare(ctx context.Context) error {
	in, inDone := buffer(c.size)
	defer inDone()
	out, outDone := buffer(c.size)
	defer outDone()
	for pos := int64(0); pos < c.size; {
		to, err := c.wait(ctx, pos)
		if err != nil {
			return err
		}
		to = min(to, pos+stretch)
		if err := c.compareRange(ctx, in, out, pos, to); err != nil {
			return err
		}
		pos = to
		c.update(func() {})
	}
	return nil
}

func (c *copier) compareRange(ctx context.Context, in, out []byte, pos, to int64) error {
	step := int64(len(in))
	for ; pos < to; pos += step {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		n := min(step, to-pos)
		if err := readFull(c.src, in[:n], pos); err != nil {
			return fmt.Errorf("read the original again: %w", err)
		}
		if err := readFull(c.dst, out[:n], pos); err != nil {
			return fmt.Errorf("read the copy of the original: %w", err)
		}
		if !bytes.Equal(in[:n], out[:n]) {
			return errDiffers
		}
		c.compared.Store(pos + n)
	}
	return nil
}

// readFull fills b; a file that ends before is errShrunk.
func readFull(f io.ReaderAt, b []byte, pos int64) error {
	n, err := f.ReadAt(b, pos)
	switch {
	case n == len(b):
		return nil
	case errors.Is(err, io.EOF):
		return errShrunk
	}
	return err
}

// fraction says how much of the work is done, for progress.
func (c *copier) fraction() float64 {
	if c.size == 0 {
		return 1
	}
	return float64(c.copied.Load()+c.hashed.Load()+c.compared.Load()) / float64(3*c.size)
}
