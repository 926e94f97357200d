// SPDX-License-Identifier: Apache-2.0

package pdfcrypt

import (
	"bytes"
	"crypto/md5"
	"crypto/rc4"
	"encoding/binary"
	"slices"
)

// padding fills passwords up to 32 bytes (ISO 32000-2, algorithm 2 a).
const padding = "\x28\xBF\x4E\x5E\x4E\x75\x8A\x41\x64\x00\x4E\x56\xFF\xFA\x01\x08\x2E\x2E\x00\xB6\xD0\x68\x3E\x80\x2F\x0C\xA9\xFE\x64\x53\x69\x7A"

func pad(pw []byte) []byte { return append(bytes.Clone(pw), padding...)[:32] }

// lengths gives the lengths that the file's key may have, in bytes, the likeliest first. Writers differ in what they
// call bits and bytes, and whether they mean the number at all; the check of the password tells which it is.
func (d *Dict) lengths() []int {
	var all []int
	add := func(n int64) {
		if n >= 40 {
			n /= 8
		}
		if n >= 5 && n <= 16 && !slices.Contains(all, int(n)) {
			all = append(all, int(n))
		}
	}
	switch {
	case d.R == 2:
		add(5)
	case d.V == 4:
		add(16)
		add(d.CF[d.StmF].Length)
		add(d.CF[d.StrF].Length)
		add(d.Length)
	case d.V == 1:
		add(5)
		add(d.Length)
	default:
		add(d.Length)
	}
	add(5)
	add(16)
	return all
}

// fileKey makes a key of a padded user password (algorithm 2).
func (d *Dict) fileKey(padded []byte, n int) []byte {
	h := md5.New()
	h.Write(padded)
	h.Write(d.O[:32])
	h.Write(binary.LittleEndian.AppendUint32(nil, uint32(d.P)))
	h.Write(d.ID)
	if d.R >= 4 && !d.EncryptMetadata {
		h.Write([]byte{0xff, 0xff, 0xff, 0xff})
	}
	key := h.Sum(nil)
	if d.R >= 3 {
		for range 50 {
			sum := md5.Sum(key[:n])
			key = sum[:]
		}
	}
	return key[:n]
}

// userKeyMD5 compares with /U (algorithms 4, 5 and 6).
func (d *Dict) userKeyMD5(pw []byte) []byte {
	for _, n := range d.lengths() {
		key := d.fileKey(pad(pw), n)
		if d.R == 2 {
			if bytes.Equal(rounds(key, []byte(padding), 1, false), d.U[:32]) {
				return key
			}
			continue
		}
		sum := md5.Sum(append([]byte(padding), d.ID...))
		if bytes.Equal(rounds(key, sum[:], 20, false), d.U[:16]) {
			return key
		}
	}
	return nil
}

// ownerKeyMD5 takes the user's password out of /O (algorithm 7).
func (d *Dict) ownerKeyMD5(pw []byte) []byte {
	for _, n := range d.lengths() {
		sum := md5.Sum(pad(pw))
		key := sum[:]
		if d.R >= 3 {
			for range 50 {
				sum := md5.Sum(key)
				key = sum[:]
			}
		}
		count := 20
		if d.R == 2 {
			count = 1
		}
		if key := d.userKeyMD5(rounds(key[:n], d.O[:32], count, true)); key != nil {
			return key
		}
	}
	return nil
}

// rounds applies RC4 count times, each with the key and a number from 0 up, or down to 0.
func rounds(key, data []byte, count int, down bool) []byte {
	out := bytes.Clone(data)
	k := make([]byte, len(key))
	for i := range count {
		x := byte(i)
		if down {
			x = byte(count - 1 - i)
		}
		for j := range key {
			k[j] = key[j] ^ x
		}
		c, err := rc4.NewCipher(k)
		if err != nil {
			return nil // keys have 5 to 16 bytes
		}
		c.XORKeyStream(out, out)
	}
	return out
}
