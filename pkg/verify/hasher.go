// SPDX-License-Identifier: Apache-2.0

package verify

import (
	"context"
	"crypto"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"

	"gsign/internal/limits"
)

// hasher digests byte ranges. States of each algorithm at the places where it stopped are kept and continued from, so that a file
// with many signatures is read about once, and not at all as far as the caller has read it.
type hasher struct {
	ctx    context.Context //nolint:containedctx // lives no longer than one Verify
	r      io.ReaderAt
	states []state
	read   int64 // bytes read
}

type state struct {
	alg  crypto.Hash
	at   int64 // bytes digested
	hash hash.Cloner
}

func newHasher(ctx context.Context, r io.ReaderAt, given hash.Hash, size int64) (*hasher, error) {
	h := &hasher{ctx: ctx, r: r}
	if given == nil {
		return h, nil
	}
	c, ok := given.(hash.Cloner)
	if !ok || given.Size() != sha256.Size || size < 0 {
		return nil, errors.New("verifying: digest state is not a SHA-256 that can be cloned")
	}
	c, err := c.Clone()
	if err != nil {
		return nil, fmt.Errorf("verifying: cloning the digest state: %w", err)
	}
	h.states = append(h.states, state{crypto.SHA256, size, c})
	return h, nil
}

// digest returns the digest of the bytes [0, a) and [b, b+c).
func (h *hasher) digest(alg crypto.Hash, a, b, c int64) ([]byte, error) {
	if !alg.Available() {
		return nil, fmt.Errorf("digest algorithm %v is not available", alg)
	}
	first, err := h.prefix(alg, a)
	if err != nil {
		return nil, err
	}
	err = h.copy(first, b, b+c)
	return first.Sum(nil), err
}

// prefix returns the state after the first n bytes; the caller may write to it.
func (h *hasher) prefix(alg crypto.Hash, n int64) (hash.Hash, error) {
	fresh := alg.New()
	start, ok := fresh.(hash.Cloner)
	if !ok {
		return fresh, h.copy(fresh, 0, n)
	}
	best := state{alg, 0, start}
	for _, s := range h.states {
		if s.alg == alg && s.at <= n && s.at > best.at {
			best = s
		}
	}
	next, err := best.hash.Clone()
	if err != nil {
		return nil, err
	}
	err = h.copy(next, best.at, n)
	if err != nil {
		return nil, err
	}
	h.states = append(h.states, state{alg, n, next})
	return next.Clone()
}

// smallBlock is how much of a short range is read at once.
const smallBlock = 16 << 10

// copy writes the bytes [from, to) of the file to w.
func (h *hasher) copy(w io.Writer, from, to int64) error {
	size := int64(limits.ReadBlock)
	if to-from < size {
		size = min(to-from, smallBlock)
	}
	buf := make([]byte, max(0, size))
	for from < to {
		err := h.ctx.Err()
		if err != nil {
			return err
		}
		b := buf[:min(int64(len(buf)), to-from)]
		n, err := h.r.ReadAt(b, from)
		if n < len(b) {
			if err == nil || errors.Is(err, io.EOF) {
				err = io.ErrUnexpectedEOF
			}
			return &readError{fmt.Errorf("verifying: digesting at offset %d: %w", from+int64(n), err)}
		}
		_, err = w.Write(b)
		if err != nil {
			return err
		}
		from += int64(n)
		h.read += int64(n)
	}
	return nil
}

// readError is a fault of the machine: no finding about the file.
type readError struct{ err error }

func (e *readError) Error() string { return e.err.Error() }
func (e *readError) Unwrap() error { return e.err }

// machine reports whether err says nothing about the file.
func machine(err error) bool {
	var r *readError
	return errors.As(err, &r) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}
