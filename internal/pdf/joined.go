// SPDX-License-Identifier: Apache-2.0

package pdf

import (
	"errors"
	"io"
	"slices"
)

// Joined reads a file and what is appended to it as one. It returns the size of the whole too. The suffixes are copied.
func Joined(r io.ReaderAt, size int64, suffix ...[]byte) (io.ReaderAt, int64) {
	m, _ := r.(memory)
	j := &joined{r: r, size: size, suffix: slices.Concat(suffix...), memory: m}
	return j, size + int64(len(j.suffix))
}

type joined struct {
	r      io.ReaderAt
	size   int64
	suffix []byte
	memory memory // r, where it is one
}

// Part gives what lies in one of the two.
func (j *joined) Part(off, n int64) []byte {
	if at := off - j.size; at >= 0 {
		return j.suffix[at : at+n : at+n]
	}
	if j.memory == nil || off >= j.size {
		return nil
	}
	return j.memory.Part(off, min(n, j.size-off))
}

func (j *joined) ReadAt(p []byte, off int64) (int, error) {
	if off < 0 {
		return 0, errors.New("negative offset")
	}
	n := 0
	if off < j.size {
		want := p[:min(int64(len(p)), j.size-off)]
		var err error
		n, err = j.r.ReadAt(want, off)
		if n < len(want) {
			if err == nil || errors.Is(err, io.EOF) {
				err = io.ErrUnexpectedEOF // the file became shorter
			}
			return n, err
		}
	}
	if at := off + int64(n) - j.size; n < len(p) && at < int64(len(j.suffix)) {
		n += copy(p[n:], j.suffix[at:])
	}
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}
