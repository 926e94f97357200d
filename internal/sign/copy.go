// SPDX-License-Identifier: Apache-2.0

package sign

import (
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
	// stretch is how much is copied between two looks at the context: some 20 ms in memory.
	stretch = 32 << 20
)

// copier carries the original into the output. One goroutine copies inside the kernel where it can, one hashes what the
// input holds, and as soon as either is done a third hashes what the output holds. So two processors are busy all the
// time, and the output's digest owes nothing to the input's. The copy is on the disk before the money is spent.
type copier struct {
	src, dst *os.File
	size     int64
	copied   atomic.Int64
	hashed   atomic.Int64
	checked  atomic.Int64

	mu        sync.Mutex
	cond      *sync.Cond
	available int64 // how far the output's hash may read: 0 until one of the others is done
	oneDone   bool
	failed    bool
}

// run returns the hash states after the input and after the copy of it.
func (c *copier) run(ctx context.Context) (in, out hash.Hash, err error) {
	c.cond = sync.NewCond(&c.mu)
	in, out = sha256.New(), sha256.New()
	g, ctx := errgroup.WithContext(ctx)
	stop := context.AfterFunc(ctx, func() { c.update(func() { c.failed = true }) })
	defer stop()
	g.Go(func() error { return c.copy(ctx) })
	g.Go(func() error {
		err := c.hash(ctx, in, c.src, 0, c.size, &c.hashed)
		c.update(func() { c.oneDone = true })
		return err
	})
	g.Go(func() error { return c.check(ctx, out) })
	if err := g.Wait(); err != nil {
		return nil, nil, err
	}
	return in, out, nil
}

func (c *copier) update(f func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	f()
	c.cond.Broadcast()
}

func (c *copier) copy(ctx context.Context) error {
	for done := int64(0); done < c.size; {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		n, err := io.CopyN(c.dst, c.src, min(stretch, c.size-done)) // copy_file_range(2) on Linux
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
	c.update(func() { c.oneDone = true })
	if err := testOnlyWriteFault("copy"); err != nil {
		return fmt.Errorf("copy the original: %w", err)
	}
	if err := c.dst.Sync(); err != nil {
		return fmt.Errorf("write the copy of the original to the disk: %w", err)
	}
	return nil
}

func (c *copier) hash(ctx context.Context, h hash.Hash, f *os.File, from, to int64, progress *atomic.Int64) error {
	buf := make([]byte, piece)
	for from < to {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		n, err := f.ReadAt(buf[:min(piece, to-from)], from)
		h.Write(buf[:n])
		from += int64(n)
		progress.Store(from)
		if from < to && errors.Is(err, io.EOF) {
			return errShrunk
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return fmt.Errorf("read %s: %w", f.Name(), err)
		}
	}
	return nil
}

// check hashes the output behind the copying.
func (c *copier) check(ctx context.Context, h hash.Hash) error {
	for pos := int64(0); pos < c.size; {
		c.mu.Lock()
		for !c.failed && (!c.oneDone || c.available <= pos) {
			c.cond.Wait()
		}
		to, failed := c.available, c.failed
		c.mu.Unlock()
		if failed {
			return context.Cause(ctx)
		}
		if err := c.hash(ctx, h, c.dst, pos, to, &c.checked); err != nil {
			return err
		}
		pos = to
	}
	return nil
}

// fraction says how much of the work is done, for progress.
func (c *copier) fraction() float64 {
	if c.size == 0 {
		return 1
	}
	return float64(c.copied.Load()+c.hashed.Load()+c.checked.Load()) / float64(3*c.size)
}
