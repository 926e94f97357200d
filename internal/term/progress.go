// SPDX-License-Identifier: Apache-2.0

package term

import (
	"fmt"
	"sync"
	"time"
)

// rate is how often the status line is looked at: 10 times a second is calm and feels immediate.
const rate = 100 * time.Millisecond

// quietFor is how long nothing is shown: what is done by then needs no progress.
const quietFor = 300 * time.Millisecond

// Watch shows what text returns until the function it returns is called. Text is pulled, so that work is never held up
// by a terminal.
func (s *Streams) Watch(text func() string) (stop func()) {
	if !s.ErrTerminal || s.Quiet {
		return func() {}
	}
	done := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		t := time.NewTicker(rate)
		defer t.Stop()
		start := time.Now()
		for {
			select {
			case <-done:
				s.Status("")
				return
			case <-t.C:
				if time.Since(start) >= quietFor {
					s.Status(text())
				}
			}
		}
	})
	var once sync.Once
	return func() {
		once.Do(func() { close(done) })
		wg.Wait()
	}
}

// Bytes writes a size as people say it, in powers of 1024.
func Bytes(n int64) string {
	if n < 1024 {
		return fmt.Sprintf("%d B", n)
	}
	f, units := float64(n)/1024, []string{"KiB", "MiB", "GiB", "TiB"}
	for len(units) > 1 && f >= 1024 {
		f, units = f/1024, units[1:]
	}
	if f < 10 {
		return fmt.Sprintf("%.1f %s", f, units[0])
	}
	return fmt.Sprintf("%.0f %s", f, units[0])
}
