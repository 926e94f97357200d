// SPDX-License-Identifier: Apache-2.0

package pdf

import (
	"bufio"
	"compress/flate"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"

	"gsign/internal/limits"
)

// An UnsupportedError says that a stream needs a filter that is not for structure, such as one for images.
type UnsupportedError struct{ Filter Name }

func (e *UnsupportedError) Error() string {
	return fmt.Sprintf("filter %s is not decoded here", string(e.Filter))
}

// filterPiece is how much of a stream is read from the file at a time.
const filterPiece = 64 << 10

// decoder gives a reader of the stream's decoded data. No filter of the chain may produce much more than limit bytes.
func (f *File) decoder(s *Stream, limit int64) (io.Reader, error) {
	limit = min(limit, maxOffset)
	n, err := f.streamLength(s)
	if err != nil {
		return nil, err
	}
	if s.Dict["F"] != nil {
		return nil, malformed(s.start, "stream's data is in another file (/F)")
	}
	filters, params, err := f.filters(s.Dict)
	if err != nil {
		return nil, err
	}
	r, err := f.plainReader(s, n)
	if err != nil {
		return nil, err
	}
	if len(filters) > 0 {
		r = &metered{r, &f.src.work}
	}
	piece := int(min(max(n, 512), filterPiece)) // what is read of the file at a time
	for i, name := range filters {
		if name == "Crypt" && !s.owner.IsZero() {
			continue // undone by plainReader
		}
		r, err = filter(name, params[i], bufio.NewReaderSize(r, piece))
		if err != nil {
			return nil, err
		}
		r, piece = &metered{r, &f.src.work}, 4<<10
		if i < len(filters)-1 {
			// What a later filter drops, such as white space in hexadecimal digits, never reaches the caller's limit.
			r = &capped{r: r, left: 4*limit + 4096}
		}
	}
	return r, nil
}

// filters gives the names of the stream's filters and the resolved parameters of each.
func (f *File) filters(d Dict) (names []Name, params []Dict, err error) {
	o, err := f.Resolve(d["Filter"])
	if err != nil {
		return nil, nil, err
	}
	list, isArray := o.(Array)
	if name, ok := o.(Name); ok {
		list = Array{name}
	} else if _, null := o.(Null); !isArray && !null {
		return nil, nil, malformed(-1, "stream /Filter is neither name nor array")
	}
	if len(list) > limits.PDFFilters {
		return nil, nil, malformed(-1, "stream with more than %d filters", limits.PDFFilters)
	}
	p, err := f.Resolve(firstOf(d["DecodeParms"], d["DP"]))
	if err != nil {
		return nil, nil, err
	}
	plist, ok := p.(Array)
	if !ok {
		plist = Array{p}
	}
	for i, o := range list {
		name, err := f.Name(o)
		if err != nil {
			return nil, nil, err
		}
		var param Dict
		if i < len(plist) {
			param, err = f.params(plist[i])
			if err != nil {
				return nil, nil, err
			}
		}
		names, params = append(names, name), append(params, param)
	}
	return names, params, nil
}

func firstOf(a, b Object) Object {
	if a != nil {
		return a
	}
	return b
}

// params resolves one filter's parameters and their numbers.
func (f *File) params(o Object) (Dict, error) {
	d, err := f.Dict(o)
	if err != nil {
		return nil, err
	}
	out := make(Dict, len(d))
	for k, v := range d {
		out[k], err = f.Resolve(v)
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

func filter(name Name, params Dict, r *bufio.Reader) (io.Reader, error) {
	switch name {
	case "FlateDecode", "Fl":
		z, err := newFlate(r)
		if err != nil {
			return nil, err
		}
		return predictor(z, params)
	case "LZWDecode", "LZW":
		return predictor(newLZW(r, params["EarlyChange"] != Object(Integer(0))), params)
	case "ASCIIHexDecode", "AHx":
		return &pull{next: hexFilter(r)}, nil
	case "ASCII85Decode", "A85":
		return &pull{next: ascii85Filter(r)}, nil
	case "RunLengthDecode", "RL":
		return &pull{next: runLengthFilter(r)}, nil
	case "Crypt":
		if n, ok := params["Name"]; !ok || n == Object(Name("Identity")) {
			return r, nil
		}
	}
	return nil, &UnsupportedError{Filter: name}
}

// newFlate reads zlib data (RFC 1950) without asking for its checksum: writers leave it out or get it wrong, and no
// other reader minds.
func newFlate(r *bufio.Reader) (io.Reader, error) {
	var head [2]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return nil, malformedBy(-1, err, "zlib header")
	}
	if head[0]&0x0f != 8 || head[1]&0x20 != 0 || (int(head[0])<<8|int(head[1]))%31 != 0 {
		return nil, malformed(-1, "bad zlib header")
	}
	z, ok := inflaters.Get().(io.ReadCloser)
	if !ok {
		return &inflater{z: flate.NewReader(r)}, nil
	}
	if reset, ok := z.(flate.Resetter); ok {
		if err := reset.Reset(r, nil); err != nil {
			return nil, err
		}
	}
	return &inflater{z: z}, nil
}

// inflaters are kept: each has a window of 32 KiB and more, and most streams of structure are short.
var inflaters sync.Pool

// An inflater gives its decompressor back when that has come to an end, good or bad.
type inflater struct {
	z   io.ReadCloser
	err error
}

func (i *inflater) Read(p []byte) (int, error) {
	if i.err != nil {
		return 0, i.err
	}
	n, err := i.z.Read(p)
	if err != nil {
		if reset, ok := i.z.(flate.Resetter); ok && reset.Reset(strings.NewReader(""), nil) == nil { // lets go of the file
			inflaters.Put(i.z)
		}
		i.z, i.err = nil, err
	}
	return n, err
}

var errCapped = errors.New("filter's output is too long for its stream")

type capped struct {
	r    io.Reader
	left int64
}

func (c *capped) Read(p []byte) (int, error) {
	if c.left <= 0 {
		return 0, errCapped
	}
	n, err := c.r.Read(p[:min(int64(len(p)), c.left)])
	c.left -= int64(n)
	return n, err
}

// A pull turns a function that gives one piece after the other into a reader.
type pull struct {
	next func() ([]byte, error)
	rest []byte
	err  error
}

func (p *pull) Read(b []byte) (int, error) {
	for len(p.rest) == 0 {
		if p.err != nil {
			return 0, p.err
		}
		p.rest, p.err = p.next()
	}
	n := copy(b, p.rest)
	p.rest = p.rest[n:]
	return n, nil
}

// hexFilter decodes ASCIIHex (ISO 32000-2, 7.4.2). A missing end mark is not minded.
func hexFilter(r *bufio.Reader) func() ([]byte, error) {
	return func() ([]byte, error) {
		out := make([]byte, 0, 512)
		half := -1
		for len(out) < 512 {
			c, err := r.ReadByte()
			if err != nil && !errors.Is(err, io.EOF) {
				return nil, err
			}
			if err != nil || c == '>' {
				if half >= 0 {
					out = append(out, byte(half<<4))
				}
				return out, io.EOF
			}
			v := unhex(int(c))
			switch {
			case isSpace(int(c)):
			case v < 0:
				return out, malformed(-1, "%q in ASCIIHex data", rune(c))
			case half < 0:
				half = v
			default:
				out = append(out, byte(half<<4|v))
				half = -1
			}
		}
		return out, nil
	}
}

// ascii85Filter decodes ASCII85 (ISO 32000-2, 7.4.3), one group at a time.
func ascii85Filter(r *bufio.Reader) func() ([]byte, error) {
	return func() ([]byte, error) {
		var v uint64
		for n := 0; n < 5; {
			c, err := r.ReadByte()
			if err != nil && !errors.Is(err, io.EOF) {
				return nil, err
			}
			switch {
			case err != nil || c == '~':
				return lastGroup(v, n)
			case isSpace(int(c)):
			case c == 'z' && n == 0:
				return []byte{0, 0, 0, 0}, nil
			case c < '!' || c > 'u':
				return nil, malformed(-1, "%q in ASCII85 data", rune(c))
			default:
				v = v*85 + uint64(c-'!')
				n++
			}
		}
		if v > 0xffffffff {
			return nil, malformed(-1, "ASCII85 group too large")
		}
		return []byte{byte(v >> 24), byte(v >> 16), byte(v >> 8), byte(v)}, nil
	}
}

func lastGroup(v uint64, n int) ([]byte, error) {
	if n == 1 {
		return nil, malformed(-1, "ASCII85 data ends in half a byte")
	}
	if n == 0 {
		return nil, io.EOF
	}
	for range 5 - n {
		v = v*85 + 84
	}
	return []byte{byte(v >> 24), byte(v >> 16), byte(v >> 8)}[:n-1], io.EOF
}

// runLengthFilter decodes RunLength (ISO 32000-2, 7.4.5), one run at a time.
func runLengthFilter(r *bufio.Reader) func() ([]byte, error) {
	return func() ([]byte, error) {
		n, err := r.ReadByte()
		if err != nil {
			return nil, err
		}
		switch {
		case n < 128:
			out := make([]byte, int(n)+1)
			_, err := io.ReadFull(r, out)
			return out, err
		case n == 128:
			return nil, io.EOF
		}
		c, err := r.ReadByte()
		if err != nil {
			return nil, io.ErrUnexpectedEOF
		}
		out := make([]byte, 257-int(n))
		for i := range out {
			out[i] = c
		}
		return out, nil
	}
}
