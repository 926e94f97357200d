// SPDX-License-Identifier: Apache-2.0

package dssclient

import (
	"context"
	"sync"
)

// flights lets callers that want the same thing at the same time share one call. The call belongs to all of them: it is
// cancelled when the last one has gone, not when the first one goes.
type flights[T any] struct {
	mu sync.Mutex
	m  map[string]*flight[T]
}

type flight[T any] struct {
	done    chan struct{}
	cancel  context.CancelFunc
	waiters int
	value   T
	err     error
}

// do makes the call or joins the one under way. A caller whose context ends stops waiting.
func (f *flights[T]) do(ctx context.Context, op Op, key string, call func(context.Context) (T, error)) (T, error) {
	var zero T
	if ctx.Err() != nil {
		return zero, &UnreachableError{Op: op, Err: contextError(ctx)}
	}
	fl := f.join(ctx, key, call)
	select {
	case <-fl.done:
		return fl.value, fl.err
	case <-ctx.Done():
		f.leave(key, fl)
		return zero, &UnreachableError{Op: op, Err: contextError(ctx)}
	}
}

func (f *flights[T]) join(ctx context.Context, key string, call func(context.Context) (T, error)) *flight[T] {
	f.mu.Lock()
	defer f.mu.Unlock()
	if fl, ok := f.m[key]; ok {
		fl.waiters++
		return fl
	}
	shared, cancel := context.WithCancel(context.WithoutCancel(ctx))
	fl := &flight[T]{done: make(chan struct{}), cancel: cancel, waiters: 1}
	if f.m == nil {
		f.m = map[string]*flight[T]{}
	}
	f.m[key] = fl
	go func() {
		fl.value, fl.err = call(shared)
		f.forget(key, fl)
		cancel()
		close(fl.done)
	}()
	return fl
}

// leave gives up waiting; the last one out cancels the call, which nobody can join any more.
func (f *flights[T]) leave(key string, fl *flight[T]) {
	f.mu.Lock()
	defer f.mu.Unlock()
	fl.waiters--
	if fl.waiters > 0 {
		return
	}
	if f.m[key] == fl {
		delete(f.m, key)
	}
	fl.cancel()
}

func (f *flights[T]) forget(key string, fl *flight[T]) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.m[key] == fl {
		delete(f.m, key)
	}
}
