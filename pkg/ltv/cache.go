// SPDX-License-Identifier: Apache-2.0

package ltv

import (
	"context"
	"sync"
	"time"
)

// cache remembers answers by key, and lets goroutines that want the same one wait for a single download.
type cache[T any] struct {
	mu      sync.Mutex
	entries map[string]*entry[T]
}

type entry[T any] struct {
	done  chan struct{} // closed when the rest is set
	value T
	err   error
	until time.Time // remembered until then
	lost  bool      // the one who downloaded gave up: somebody else has to
}

// answer is what a download gives: for how long it may be remembered is the caller's to say, failures included.
type answer[T any] struct {
	value T
	err   error
	until time.Time
}

// get returns the remembered answer that accept takes, or downloads one; cached tells which. When the goroutine that
// downloads is cancelled, one of those that wait takes over.
func (c *cache[T]) get(ctx context.Context, key string, now func() time.Time, accept func(T, error) bool, download func() answer[T]) (value T, cached bool, err error) {
	for {
		if err := ctx.Err(); err != nil {
			return value, false, err
		}
		c.mu.Lock()
		e := c.entries[key]
		if e == nil || e.stale(now(), accept) {
			e = &entry[T]{done: make(chan struct{})}
			if c.entries == nil {
				c.entries = map[string]*entry[T]{}
			}
			c.entries[key] = e
			c.mu.Unlock()
			return c.fill(ctx, e, download)
		}
		c.mu.Unlock()
		select {
		case <-ctx.Done():
			return value, false, ctx.Err()
		case <-e.done:
		}
		if !e.stale(now(), accept) {
			return e.value, true, e.err
		}
	}
}

func (c *cache[T]) fill(ctx context.Context, e *entry[T], download func() answer[T]) (T, bool, error) {
	e.lost = true
	defer close(e.done)
	a := download()
	e.value, e.err, e.until = a.value, a.err, a.until
	e.lost = ctx.Err() != nil && a.err != nil
	return a.value, false, a.err
}

// stale reports whether the entry is finished and of no use. One that is not finished is waited for.
func (e *entry[T]) stale(now time.Time, accept func(T, error) bool) bool {
	select {
	case <-e.done:
		return e.lost || now.After(e.until) || !accept(e.value, e.err)
	default:
		return false
	}
}
