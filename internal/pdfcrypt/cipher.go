// SPDX-License-Identifier: Apache-2.0

package pdfcrypt

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/md5"
	"crypto/rand"
	"crypto/rc4"
	"errors"
	"io"
)

// objectKey gives the key for the strings and streams of one object (ISO 32000-2, algorithms 1 and 1.A).
func (h *Handler) objectKey(m Method, num uint32, gen uint16) ([]byte, error) {
	if h.key == nil {
		return nil, ErrPassword
	}
	if m == AESV3 {
		if len(h.key) != 32 {
			return nil, errors.New("AES-256 in a file whose key is shorter")
		}
		return h.key, nil
	}
	b := append(bytes.Clone(h.key), byte(num), byte(num>>8), byte(num>>16), byte(gen), byte(gen>>8))
	if m == AESV2 {
		b = append(b, "sAlT"...)
	}
	sum := md5.Sum(b)
	return sum[:min(len(h.key)+5, 16)], nil
}

// objectCipher gives RC4 or AES for one object: one of the two, the other nil.
func (h *Handler) objectCipher(m Method, num uint32, gen uint16) (cipher.Stream, cipher.Block, error) {
	key, err := h.objectKey(m, num, gen)
	if err != nil {
		return nil, nil, err
	}
	if m == RC4 {
		c, err := rc4.NewCipher(key)
		if err != nil {
			return nil, nil, err
		}
		return c, nil, nil
	}
	block, err := aes.NewCipher(key)
	return nil, block, err
}

// Decrypt gives the plain bytes of an object's string or stream. What is too short or of a wrong length to be encrypted is
// returned as it is: writers forget some strings.
func (h *Handler) Decrypt(m Method, num uint32, gen uint16, data []byte) ([]byte, error) {
	if m == None {
		return data, nil
	}
	if m != RC4 && (len(data)%aes.BlockSize != 0 || len(data) == 0) {
		if _, err := h.objectKey(m, num, gen); err != nil {
			return nil, err
		}
		return data, nil
	}
	r, err := h.Reader(m, num, gen, bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	plain := make([]byte, len(data)) // never longer than what is encrypted
	n, err := io.ReadFull(r, plain)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = nil
	}
	return plain[:n], err
}

// Reader decrypts while it is read. Missing or wrong padding at the end of AES is not minded.
func (h *Handler) Reader(m Method, num uint32, gen uint16, r io.Reader) (io.Reader, error) {
	if m == None {
		return r, nil
	}
	stream, block, err := h.objectCipher(m, num, gen)
	if err != nil {
		return nil, err
	}
	if stream != nil {
		return cipher.StreamReader{S: stream, R: r}, nil
	}
	return &cbcReader{r: r, block: block}, nil
}

// Encrypt encrypts the bytes of an object's string or stream, with a random initialization vector where there is one.
func (h *Handler) Encrypt(m Method, num uint32, gen uint16, data []byte) ([]byte, error) {
	if m == None {
		return data, nil
	}
	stream, block, err := h.objectCipher(m, num, gen)
	if err != nil {
		return nil, err
	}
	if stream != nil {
		out := make([]byte, len(data))
		stream.XORKeyStream(out, data)
		return out, nil
	}
	n := aes.BlockSize - len(data)%aes.BlockSize
	out := make([]byte, aes.BlockSize, aes.BlockSize+len(data)+n)
	if _, err := rand.Read(out); err != nil {
		return nil, err
	}
	out = append(out, data...)
	out = append(out, bytes.Repeat([]byte{byte(n)}, n)...)
	cipher.NewCBCEncrypter(block, out[:aes.BlockSize]).CryptBlocks(out[aes.BlockSize:], out[aes.BlockSize:])
	return out, nil
}

// A cbcReader decrypts CBC and takes the padding off (RFC 8018, 6.1.1), for which it holds the last block back.
type cbcReader struct {
	r     io.Reader
	block cipher.Block
	mode  cipher.BlockMode
	buf   [4096 + aes.BlockSize]byte
	plain []byte // decrypted and not read yet
	held  []byte // the last block, decrypted
	err   error
}

func (c *cbcReader) Read(p []byte) (int, error) {
	for len(c.plain) == 0 {
		if c.err != nil {
			return 0, c.err
		}
		c.fill()
	}
	n := copy(p, c.plain)
	c.plain = c.plain[n:]
	return n, nil
}

func (c *cbcReader) fill() {
	if c.mode == nil {
		var iv [aes.BlockSize]byte
		if _, err := io.ReadFull(c.r, iv[:]); err != nil {
			c.err = end(err)
			return
		}
		c.mode = cipher.NewCBCDecrypter(c.block, iv[:])
	}
	at := copy(c.buf[:], c.held)
	n, err := io.ReadFull(c.r, c.buf[at:at+4096-aes.BlockSize])
	n -= n % aes.BlockSize // what is left of a block cannot be decrypted
	c.mode.CryptBlocks(c.buf[at:at+n], c.buf[at:at+n])
	b := c.buf[:at+n]
	if err != nil {
		c.err = end(err)
		c.plain = unpad(b)
		return
	}
	c.plain = b[:len(b)-aes.BlockSize]
	c.held = append(c.held[:0], b[len(b)-aes.BlockSize:]...)
}

// end makes a short read the end.
func end(err error) error {
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return io.EOF
	}
	return err
}

func unpad(b []byte) []byte {
	if len(b) == 0 {
		return b
	}
	n := int(b[len(b)-1])
	if n == 0 || n > aes.BlockSize || n > len(b) {
		return b
	}
	for _, c := range b[len(b)-n:] {
		if int(c) != n {
			return b
		}
	}
	return b[:len(b)-n]
}
