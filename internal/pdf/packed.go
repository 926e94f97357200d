// SPDX-License-Identifier: Apache-2.0

package pdf

import (
	"cmp"
	"io"
	"math"
	"slices"

	"gsign/internal/limits"
)

// A packedStream is a decoded object stream (ISO 32000-2, 7.5.7).
type packedStream struct {
	num     uint32
	data    []byte
	first   int
	index   []packedItem
	order   []int32 // index sorted by number, once an index has been wrong
	extends Object
}

type packedItem struct{ num, off uint32 }

// packedObject reads object num, which e says is in an object stream.
func (f *File) packedObject(num uint32, e entry) (Object, error) {
	stream := e.stream()
	for range limits.PDFExtends {
		s, err := f.objectStream(stream)
		if err != nil {
			return nil, malformedBy(-1, err, "object %d in object stream %d", num, stream)
		}
		if i, ok := s.find(num, e.index()); ok {
			o, size, err := s.object(f, i)
			if err != nil {
				return nil, malformedBy(-1, err, "object %d in object stream %d", num, stream)
			}
			f.cache.put(num, o, size)
			return o, nil
		}
		next, ok := s.extends.(Ref)
		if !ok {
			return nil, malformed(-1, "object %d is not in object stream %d", num, stream)
		}
		stream = next.Num
	}
	return nil, malformed(-1, "object %d: more than %d object streams extend each other", num, limits.PDFExtends)
}

// find gives the place of object num, which should be at index i.
func (s *packedStream) find(num uint32, i int) (int, bool) {
	if i < len(s.index) && s.index[i].num == num {
		return i, true
	}
	if s.order == nil {
		s.order = make([]int32, len(s.index))
		for i := range s.order {
			s.order[i] = int32(i)
		}
		slices.SortStableFunc(s.order, func(a, b int32) int { return cmp.Compare(s.index[a].num, s.index[b].num) })
	}
	at, ok := slices.BinarySearchFunc(s.order, num, func(i int32, num uint32) int { return cmp.Compare(s.index[i].num, num) })
	if !ok {
		return 0, false
	}
	return int(s.order[at]), true
}

func (s *packedStream) object(f *File, i int) (Object, int64, error) {
	at := s.first + int(s.index[i].off)
	if at > len(s.data) {
		return nil, 0, malformed(-1, "offset %d of %d bytes", at, len(s.data))
	}
	p := parser{lexer: memoryLexer(s.data, at, &f.src.work), file: f}
	o, err := p.object()
	return o, p.pos() - int64(at), err
}

// objectStream gives the decoded object stream num, kept from before or read.
func (f *File) objectStream(num uint32) (*packedStream, error) {
	if s := f.packed.get(num); s != nil {
		return s, nil
	}
	if f.locked() {
		return nil, errLocked
	}
	// What a stream's dictionary refers to may lie in an object stream, which may lead back here.
	if f.opening[num] || len(f.opening) >= limits.PDFReferences {
		return nil, malformed(-1, "object streams need each other")
	}
	f.opening[num] = true
	defer delete(f.opening, num)
	e := f.entries.get(num)
	if e.kind() != entryOffset {
		return nil, malformed(-1, "no such stream")
	}
	o, _, _, err := f.objectAt(Ref{num, e.gen()}, e.offset())
	if err != nil {
		return nil, err
	}
	st, ok := o.(*Stream)
	if !ok {
		return nil, malformed(e.offset(), "object %d is no stream", num)
	}
	s := &packedStream{num: num, extends: st.Dict["Extends"]}
	n, err := f.count(st.Dict["N"])
	if err != nil {
		return nil, err
	}
	first, err := f.count(st.Dict["First"])
	if err != nil {
		return nil, err
	}
	s.data, err = f.StreamData(st, limits.PDFObjectStream)
	if err != nil {
		return nil, err
	}
	f.unpacked += int64(len(s.data))
	if first > int64(len(s.data)) || n > (first+1)/4 || n > limits.PDFPackedObjects { // an index entry takes four bytes, the last one three
		return nil, malformed(e.offset(), "/N %d and /First %d in %d bytes", n, first, len(s.data))
	}
	s.first = int(first)
	if err := s.readIndex(int(n), &f.src.work); err != nil {
		return nil, err
	}
	f.packed.put(s)
	return s, nil
}

// packedIndex reads the index of object stream num, and nothing of its objects. It returns how many bytes that is.
func (f *File) packedIndex(num uint32) ([]packedItem, int64, error) {
	e := f.entries.get(num)
	o, _, _, err := f.objectAt(Ref{num, e.gen()}, e.offset())
	if err != nil {
		return nil, 0, err
	}
	st, ok := o.(*Stream)
	if !ok {
		return nil, 0, malformed(e.offset(), "object %d is no stream", num)
	}
	n, err := f.count(st.Dict["N"])
	if err != nil {
		return nil, 0, err
	}
	first, err := f.count(st.Dict["First"])
	if err != nil {
		return nil, 0, err
	}
	if first > limits.PDFObjectStream || n > (first+1)/4 || n > limits.PDFPackedObjects {
		return nil, 0, malformed(e.offset(), "/N %d and /First %d", n, first)
	}
	if f.locked() {
		return nil, 0, errLocked
	}
	r, err := f.decoder(st, limits.PDFObjectStream)
	if err != nil {
		return nil, 0, err
	}
	s := &packedStream{num: num, data: make([]byte, first), first: int(first)}
	if _, err := io.ReadFull(r, s.data); err != nil {
		return nil, first, malformedBy(st.start, err, "stream")
	}
	err = s.readIndex(int(n), &f.src.work)
	return s.index, first, err
}

func (s *packedStream) readIndex(n int, w *work) error {
	l := memoryLexer(s.data[:s.first], 0, w)
	s.index = make([]packedItem, 0, n)
	for range n {
		num, err := l.token()
		if err != nil {
			return err
		}
		off, err := l.token()
		if err != nil {
			return err
		}
		if num.kind != tokenInteger || off.kind != tokenInteger || num.num < 0 || off.num < 0 ||
			num.num > math.MaxUint32 || off.num > math.MaxInt32 {
			return malformed(-1, "bad index: pair %d of %d", len(s.index), n)
		}
		s.index = append(s.index, packedItem{uint32(num.num), uint32(off.num)})
	}
	return nil
}

// count resolves a number of zero or more.
func (f *File) count(o Object) (int64, error) {
	v, err := f.Resolve(o)
	if err != nil {
		return 0, err
	}
	n, ok := v.(Integer)
	if !ok || n < 0 {
		return 0, malformed(-1, "stream dictionary lacks a number it needs")
	}
	return int64(n), nil
}

// A packedCache keeps decoded object streams: always the last one, and more while they are small. When it turns out to be
// too small, because what it gave up is needed again, it grows.
type packedCache struct {
	streams []*packedStream // the last one used comes last
	bytes   int
	grown   int             // how much more is kept than at first
	gone    map[uint32]bool // given up
}

func (c *packedCache) get(num uint32) *packedStream {
	for i, s := range c.streams {
		if s.num == num {
			copy(c.streams[i:], c.streams[i+1:])
			c.streams[len(c.streams)-1] = s
			return s
		}
	}
	return nil
}

func (c *packedCache) put(s *packedStream) {
	if c.gone[s.num] {
		c.grown = min(c.grown+len(s.data), limits.PDFObjectStreamCacheMost-limits.PDFObjectStreamCache)
	}
	for len(c.streams) > 0 && c.bytes+len(s.data) > limits.PDFObjectStreamCache+c.grown {
		c.drop(c.streams[0])
		c.streams[0] = nil
		c.streams = c.streams[1:]
	}
	c.streams = append(c.streams, s)
	c.bytes += len(s.data)
}

func (c *packedCache) drop(s *packedStream) {
	c.bytes -= len(s.data)
	if c.gone == nil || len(c.gone) >= limits.PDFCacheObjects {
		c.gone = map[uint32]bool{}
	}
	c.gone[s.num] = true
}
