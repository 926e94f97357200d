// SPDX-License-Identifier: Apache-2.0

package pdf

import (
	"bytes"
	"errors"
	"io"
)

const (
	blockSize  = 32 << 10 // one read: large enough for a run of objects, small enough for random access in big files
	blockCount = 4

	smallBlock = 4 << 10 // in a file of less than smallFile: most of it is not looked at
	smallFile  = 1 << 20

	memoryBlock = 64 << 10 // of a file in memory nothing is read: a signature is in one piece
)

// block is how much one read takes.
func (s *source) block() int64 {
	if s.size < smallFile {
		return smallBlock
	}
	return blockSize
}

// A source reads a file through a few blocks that are kept. A slice it hands out is good until the next call, and not
// to be written to.
type source struct {
	r      io.ReaderAt
	size   int64
	memory memory // r, where it is one
	blocks [blockCount]block
	clock  uint64
	strict bool // of what is read from here
	work   work

	lastNear int64
	scratch  []byte
}

// memory is a file that is in memory: Part gives n bytes of it that nobody changes, or some of them, without copying them, or nil.
type memory interface {
	Part(off, n int64) []byte
}

func newSource(r io.ReaderAt, size int64) source {
	m, _ := r.(memory)
	return source{r: r, size: size, memory: m, work: work{size: size}}
}

type block struct {
	off  int64
	data []byte
	used uint64
}

// at returns the bytes from off to the end of their block: at least one, unless off is at the end of the file or outside.
func (s *source) at(off int64) ([]byte, error) {
	if off < 0 || off >= s.size {
		return nil, nil
	}
	if s.memory != nil {
		if part := s.memory.Part(off, min(memoryBlock, s.size-off)); part != nil {
			return part, nil
		}
	}
	size := s.block()
	start := off - off%size
	s.clock++
	oldest := 0
	for i := range s.blocks {
		b := &s.blocks[i]
		if b.used > 0 && b.off == start {
			b.used = s.clock
			return b.data[off-start:], nil
		}
		if b.used < s.blocks[oldest].used {
			oldest = i
		}
	}
	b := &s.blocks[oldest]
	b.used = 0
	if b.data == nil {
		b.data = make([]byte, min(size, s.size))
	}
	b.data = b.data[:min(size, s.size-start)]
	if err := s.readFull(b.data, start); err != nil {
		return nil, err
	}
	b.off, b.used = start, s.clock
	return b.data[off-start:], nil
}

// near returns some bytes at off: n of them, or fewer at the end of a block or of the file. Places that are far from each
// other are read without their blocks.
func (s *source) near(off int64, n int) ([]byte, error) {
	reach := s.block() / 4
	far := off < s.lastNear-reach || off > s.lastNear+reach
	s.lastNear = off
	if !far || off < 0 || off >= s.size {
		return s.at(off)
	}
	for i := range s.blocks {
		if b := &s.blocks[i]; b.used > 0 && off >= b.off && off < b.off+int64(len(b.data)) {
			return b.data[off-b.off:], nil
		}
	}
	if s.scratch == nil {
		s.scratch = make([]byte, headerBytes)
	}
	b := s.scratch[:min(int64(n), int64(len(s.scratch)), s.size-off)]
	return b, s.readFull(b, off)
}

// find gives the place of a word at or after off. spend is told how many bytes are looked at.
func (s *source) find(off int64, word []byte, spend func(int64) error) (at int64, ok bool, err error) {
	var joint []byte // the end of the block before and the beginning of this one
	for off < s.size {
		b, err := s.at(off)
		if err != nil {
			return 0, false, err
		}
		kept := len(joint)
		joint = append(joint, b[:min(len(b), len(word)-1)]...)
		if i := bytes.Index(joint, word); i >= 0 {
			return off - int64(kept) + int64(i), true, nil
		}
		i := bytes.Index(b, word)
		looked := int64(len(b))
		if i >= 0 {
			looked = int64(i + len(word))
		}
		if err := spend(looked); err != nil {
			return 0, false, err
		}
		if i >= 0 {
			return off + int64(i), true, nil
		}
		if len(b) >= len(word) {
			joint = append(joint[:0], b[len(b)-len(word)+1:]...)
		}
		off += int64(len(b))
	}
	return 0, false, nil
}

// readFull fills p. The machine's errors get their own type, so that nobody takes them for a bad file.
func (s *source) readFull(p []byte, off int64) error {
	n, err := s.r.ReadAt(p, off)
	if n == len(p) {
		return nil
	}
	if err == nil || errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return &readError{off: off + int64(n), err: err}
}

// reader reads a part of the file without going through the blocks.
func (s *source) reader(off, n int64) io.Reader {
	return &sourceReader{s: s, off: off, end: off + n}
}

type sourceReader struct {
	s        *source
	off, end int64
}

func (r *sourceReader) Read(p []byte) (int, error) {
	if r.off >= r.end {
		return 0, io.EOF
	}
	p = p[:min(int64(len(p)), r.end-r.off)]
	if err := r.s.readFull(p, r.off); err != nil {
		return 0, err
	}
	r.off += int64(len(p))
	return len(p), nil
}
