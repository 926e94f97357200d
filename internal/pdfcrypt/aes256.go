// SPDX-License-Identifier: Apache-2.0

package pdfcrypt

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/binary"
)

// maxPassword is how much of a password counts (ISO 32000-2, algorithm 2.A a).
const maxPassword = 127

// userKey256 compares with /U and opens /UE (algorithms 2.A and 11).
func (d *Dict) userKey256(pw []byte) []byte {
	return d.open256(pw, d.U, nil, d.UE)
}

// ownerKey256 compares with /O and opens /OE (algorithms 2.A and 12).
func (d *Dict) ownerKey256(pw []byte) []byte {
	return d.open256(pw, d.O, d.U[:48], d.OE)
}

// open256: of the 48 bytes, 32 are the hash, 8 its salt and 8 the key's salt.
func (d *Dict) open256(pw, check, user, wrapped []byte) []byte {
	pw = pw[:min(len(pw), maxPassword)]
	if !bytes.Equal(d.hash256(pw, check[32:40], user), check[:32]) {
		return nil
	}
	block, err := aes.NewCipher(d.hash256(pw, check[40:48], user))
	if err != nil {
		return nil // the hash has 32 bytes
	}
	key := make([]byte, 32)
	cipher.NewCBCDecrypter(block, make([]byte, 16)).CryptBlocks(key, wrapped[:32])
	return key
}

// hash256 is algorithm 2.B or, for R 5, a plain SHA-256. It ends after 287 rounds at most: then the last byte cannot be
// larger than the round's number less 32.
func (d *Dict) hash256(pw, salt, user []byte) []byte {
	sum := sha256.Sum256(bytes.Join([][]byte{pw, salt, user}, nil))
	k := sum[:]
	if d.R < 6 {
		return k
	}
	for i := 0; ; i++ {
		e := bytes.Repeat(bytes.Join([][]byte{pw, k, user}, nil), 64)
		block, err := aes.NewCipher(k[:16])
		if err != nil {
			return nil // the key has 16 bytes
		}
		cipher.NewCBCEncrypter(block, k[16:32]).CryptBlocks(e, e)
		mod := 0
		for _, b := range e[:16] { // 256 leaves 1 when divided by 3, so the sum of the digits does
			mod += int(b)
		}
		switch mod % 3 {
		case 0:
			s := sha256.Sum256(e)
			k = s[:]
		case 1:
			s := sha512.Sum384(e)
			k = s[:]
		default:
			s := sha512.Sum512(e)
			k = s[:]
		}
		if i >= 63 && int(e[len(e)-1]) <= i+1-32 {
			return k[:32]
		}
	}
}

// perms gives the permissions of /Perms, which nobody can change without the key (algorithm 13), and says what is wrong with
// it. Where it and /P differ, somebody changed one or wrote it wrongly: qpdf warns, poppler and MuPDF read on, pyHanko
// refuses. Both bind then. One that the key does not open says nothing.
func (d *Dict) perms(key []byte) (sealed uint32, damage string) {
	const all = ^uint32(0)
	block, err := aes.NewCipher(key)
	if err != nil || len(d.Perms) < 16 {
		return all, "/Perms is missing or too short"
	}
	var b [16]byte
	block.Decrypt(b[:], d.Perms[:16])
	if string(b[9:12]) != "adb" {
		return all, "/Perms cannot be decrypted"
	}
	sealed = binary.LittleEndian.Uint32(b[:4])
	metadata, known := map[byte]bool{'T': true, 'F': false}[b[8]]
	switch {
	case sealed != uint32(d.P):
		damage = "/P and /Perms permit different things"
	case known && metadata != d.EncryptMetadata:
		damage = "/EncryptMetadata and /Perms differ"
	}
	return sealed, damage
}
