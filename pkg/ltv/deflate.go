// SPDX-License-Identifier: Apache-2.0

package ltv

import (
	"bytes"
	"compress/zlib"
	"sync"

	"gsign/internal/limits"
)

// deflated keeps the newest compressed pieces: the certificates and most responses are those of the document before, and
// compressing them again would be a good part of what a small document costs.
var deflated compressed

type compressed struct {
	mu       sync.Mutex
	now, old map[string][]byte // a full one becomes the old one; nil is a piece that does not shrink
}

// of compresses a piece; nil when that does not help: certificates shrink, short OCSP responses may not. The result must
// not be changed.
func (c *compressed) of(der []byte) []byte {
	if len(der) > limits.PieceRemembered {
		return deflate(der)
	}
	c.mu.Lock()
	data, ok := c.now[string(der)]
	if !ok {
		data, ok = c.old[string(der)]
	}
	c.mu.Unlock()
	if !ok {
		data = deflate(der)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, ok := c.now[string(der)]; ok {
		return data
	}
	if len(c.now) >= limits.PiecesRemembered {
		c.old, c.now = c.now, nil
	}
	if c.now == nil {
		c.now = map[string][]byte{}
	}
	c.now[string(der)] = data
	return data
}

// compressors are kept: one takes more memory than a whole document.
var compressors = sync.Pool{New: func() any { return zlib.NewWriter(nil) }}

func deflate(der []byte) []byte {
	var b bytes.Buffer
	z := compressors.Get().(*zlib.Writer)
	defer compressors.Put(z)
	z.Reset(&b)
	_, err := z.Write(der)
	if err == nil {
		err = z.Close()
	}
	if err != nil || b.Len() >= len(der) {
		return nil
	}
	return bytes.Clone(b.Bytes())
}
