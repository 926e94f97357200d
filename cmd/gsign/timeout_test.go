// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"strings"
	"testing"
	"time"

	"gsign/pkg/dssclient/dsstest"
)

// timeUp is a context whose deadline passes when the channel is closed.
type timeUp struct {
	context.Context
	done chan struct{}
}

func (c timeUp) Done() <-chan struct{} { return c.done }

func (c timeUp) Err() error {
	select {
	case <-c.done:
		return context.DeadlineExceeded
	default:
		return c.Context.Err()
	}
}

// When the time of --timeout is up before the money it is unreachable, after it the outcome is unknown.
func TestTimeUp(t *testing.T) {
	defer func() { testOnlyWithTimeout = context.WithTimeout }()
	for op, want := range map[dsstest.Op]struct {
		code int
		text []string
	}{
		dsstest.OpIdentity:  {codeUnreachable, []string{"nothing was charged"}},
		dsstest.OpSign:      {codeUnknown, []string{"may have been charged: 1 signature", "hint: do not repeat it blindly"}},
		dsstest.OpTimestamp: {codeUnknown, []string{"may have been charged: 1 timestamp", "note: charged: 1 signature"}},
	} {
		t.Run(string(op), func(t *testing.T) {
			b := newBench(t, dsstest.WithFaults(dsstest.Fault{Op: op, Kind: dsstest.Hang, Times: dsstest.Always}))
			testOnlyWithTimeout = func(ctx context.Context, _ time.Duration) (context.Context, context.CancelFunc) {
				up := timeUp{ctx, make(chan struct{})}
				go func() {
					arrived(b.Server, op)
					close(up.done)
				}()
				return up, func() {}
			}
			code, _, stderr := b.sign("--timeout", "3s")
			if code != want.code {
				t.Errorf("exit code %d, want %d", code, want.code)
			}
			for _, text := range append(want.text, "gave up after 3s (--timeout)") {
				if !strings.Contains(stderr, text) {
					t.Errorf("standard error lacks %q:\n%s", text, stderr)
				}
			}
			if left := b.left(); left != "" {
				t.Errorf("left behind: %q", left)
			}
		})
	}
}
