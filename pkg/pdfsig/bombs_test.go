// SPDX-License-Identifier: Apache-2.0

package pdfsig_test

import (
	"errors"
	"io"
	"runtime"
	"sync/atomic"
	"testing"

	"gsign/internal/pdf/pdftest/bombs"
	"gsign/pkg/pdfsig"
)

// Bounds on the work for any bomb, whatever its size. They count what is done, not how long that takes.
const (
	bombAllocates = 1500 << 20
	bombHolds     = 192 << 20
	bombReads     = 8 << 30
)

type bombReader struct {
	io.ReaderAt
	bytes atomic.Int64
}

func (b *bombReader) ReadAt(p []byte, off int64) (int, error) {
	b.bytes.Add(int64(len(p)))
	return b.ReaderAt.ReadAt(p, off)
}

// TestBombs opens and checks every hostile file but the largest and asks for an answer at a bounded cost: of bytes
// allocated, held and read.
func TestBombs(t *testing.T) {
	for _, b := range bombs.All() {
		if b.Slow() {
			continue // scripts/bench/bombs
		}
		t.Run(b.Name, func(t *testing.T) {
			file := b.Make()
			r := &bombReader{ReaderAt: file}
			var before, after runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&before)
			doc, err := pdfsig.Open(r, file.Size(), nil)
			if err == nil {
				err = doc.Check(nil)
			}
			runtime.ReadMemStats(&after)
			runtime.KeepAlive(doc)
			if n := after.TotalAlloc - before.TotalAlloc; n > bombAllocates {
				t.Errorf("%d MiB allocated", n>>20)
			}
			if n := int64(after.HeapAlloc) - int64(before.HeapAlloc); n > bombHolds {
				t.Errorf("%d MiB held", n>>20)
			}
			if n := r.bytes.Load(); n > bombReads {
				t.Errorf("%d MiB read", n>>20)
			}
			_, malformed := errors.AsType[*pdfsig.MalformedError](err)
			_, refused := errors.AsType[*pdfsig.RefusedError](err)
			if err != nil && !malformed && !refused {
				t.Errorf("not the file's fault: %v", err)
			}
		})
	}
}
