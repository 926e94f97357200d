// SPDX-License-Identifier: Apache-2.0

package pdf

import (
	"cmp"
	"io"

	"gsign/internal/limits"
)

// work counts what reading an open file has cost, over its whole life: each step may be small, and a hostile file can
// ask for the same one again and again. Counts, not time, so that a file is refused everywhere or nowhere.
type work struct {
	lexed   int64 // bytes of tokens; white space and comments count an eighth
	decoded int64 // bytes that went into and came out of filters
	kids    int64 // entries of /Kids seen in the page tree
	texts   int64 // bytes of the trailers that are kept
	size    int64 // of the file
	err     error // the first bound that was passed: it is passed for good
}

const skippedWeight = 8

func (w *work) spend(count *int64, n, limit int64, what string) error {
	if w == nil {
		return nil
	}
	*count += n
	if w.err == nil && *count > limit {
		w.err = malformed(-1, "too much work for its size: more than %d %s", limit, what)
	}
	return w.err
}

func (w *work) token(skipped, taken int64) error {
	if w == nil {
		return nil
	}
	return w.spend(&w.lexed, taken+skipped/skippedWeight, limits.PDFLexed+limits.PDFLexedTimes*w.size, "bytes of objects read")
}

func (w *work) kid() error {
	return w.spend(&w.kids, 1, limits.PDFPageKids, "entries of page tree nodes")
}

func (w *work) trailer(n int64) error {
	return w.spend(&w.texts, n, limits.PDFTrailerBytes, "bytes of trailers")
}

// Exhausted says that reading stopped at a bound on the work for one file, or that an object was asked for which the
// cross-reference misplaces and which could not be recovered. What was passed over as broken before may then be sound:
// whoever passes over anything has to ask.
func (f *File) Exhausted() error { return cmp.Or(f.src.work.err, f.fault) }

// A metered reader counts what one filter takes or gives.
type metered struct {
	r io.Reader
	w *work
}

func (m *metered) Read(p []byte) (int, error) {
	n, err := m.r.Read(p)
	if e := m.w.spend(&m.w.decoded, int64(n), limits.PDFDecoded+limits.PDFDecodedTimes*m.w.size, "bytes through filters"); e != nil {
		return n, e
	}
	return n, err
}
