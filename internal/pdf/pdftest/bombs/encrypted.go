// SPDX-License-Identifier: Apache-2.0

package bombs

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/md5"
	"crypto/rc4"
	"encoding/binary"
	"fmt"
	"strings"
)

// pad fills up passwords (ISO 32000-1, algorithm 2).
const pad = "\x28\xbf\x4e\x5e\x4e\x75\x8a\x41\x64\x00\x4e\x56\xff\xfa\x01\x08\x2e\x2e\x00\xb6\xd0\x68\x3e\x80\x2f\x0c\xa9\xfe\x64\x53\x69\x7a"

var owner = strings.Repeat("o", 32)

// oldKey is the key of a file of the revisions 2 and 4 whose user password and /ID are empty, with all permissions.
func oldKey(revision int) []byte {
	k := md5.Sum([]byte(pad + owner + "\xfc\xff\xff\xff"))
	if revision == 2 {
		return k[:5]
	}
	for range 50 {
		k = md5.Sum(k[:])
	}
	return k[:]
}

// oldUser is /U of such a file (algorithms 4 and 5).
func oldUser(revision int) []byte {
	key, u := oldKey(revision), []byte(pad)
	if revision == 2 {
		crypt(key, u)
		return u
	}
	sum := md5.Sum([]byte(pad))
	u = sum[:]
	for i := range 20 {
		k := bytes.Clone(key)
		for j := range k {
			k[j] ^= byte(i)
		}
		crypt(k, u)
	}
	return append(u, make([]byte, 16)...)
}

func crypt(key, data []byte) {
	if c, err := rc4.NewCipher(key); err == nil {
		c.XORKeyStream(data, data)
	}
}

// aesStream encrypts the data of object num (algorithm 1), with a vector of zeros.
func aesStream(num int, data []byte) []byte {
	k := binary.LittleEndian.AppendUint32(oldKey(4), uint32(num))[:19]
	sum := md5.Sum(append(k, 0, 0, 's', 'A', 'l', 'T'))
	block, err := aes.NewCipher(sum[:])
	if err != nil {
		return nil
	}
	n := 16 - len(data)%16
	out := append(make([]byte, 16, 32+len(data)), data...)
	out = append(out, bytes.Repeat([]byte{byte(n)}, n)...)
	cipher.NewCBCEncrypter(block, out[:16]).CryptBlocks(out[16:], out[16:])
	return out
}

const aesFilter = "/CF << /StdCF << /CFM /AESV2 /Length 16 >> >> /StmF /StdCF /StrF /StdCF"

func encrypted() []Bomb {
	dict := func(v, r int, more string) string {
		return fmt.Sprintf("/ID [<> <>] /Encrypt << /Filter /Standard /V %d /R %d /P -4 /O (%s) /U <%x> %s >>", v, r, owner, oldUser(r), more)
	}
	// Nobody knows the password of these: it is the search for it that has to end.
	newest := func(more string) string {
		return "/ID [<> <>] /Encrypt << /Filter /Standard /V 5 /R 6 /Length 256 /P -4 /StmF /StdCF /StrF /StdCF " + more + " >>"
	}
	const newKeys = "/OE <%064d> /UE <%064d> /Perms <%032d>"
	keys := fmt.Sprintf("/O <%096d> /U <%096d> "+newKeys, 1, 2, 3, 4, 5)
	const newFilter = "/CF << /StdCF << /CFM /AESV3 /Length 32 >> >>"
	long := func() string { return strings.Repeat("00", 15<<20) }
	simple := func(trailer string) func() *File {
		return func() *File {
			f := newFile()
			f.page1("", "")
			return f.table(trailer)
		}
	}
	return []Bomb{
		{"encrypted: R6, the most rounds", func() *File { return simple(newest(newFilter + keys))() }},
		{"encrypted: R6, 200,000 crypt filters", func() *File {
			return simple(newest("/CF << /StdCF << /CFM /AESV3 /Length 32 >> " + manyFilters(200_000) + " >> " + keys))()
		}},
		{"encrypted: R6, keys of 15 MiB", func() *File {
			return simple(newest(newFilter + fmt.Sprintf("/O <%s> /U <%s> "+newKeys, long(), long(), 3, 4, 5)))()
		}},
		{"encrypted: R4, /ID of 15 MiB", func() *File {
			return simple(strings.Replace(dict(4, 4, aesFilter), "[<> <>]", "[<"+long()+"> <>]", 1))()
		}},
		{"encrypted: a dictionary in circles", func() *File {
			f := newFile()
			f.page1("", "")
			f.object(4, "<< /Filter /Standard /V 5 /R 6 /CF 4 0 R /StdCF 4 0 R /StmF /StdCF /O 4 0 R /U 5 0 R >>")
			f.object(5, "5 0 R")
			return f.table("/Encrypt 4 0 R")
		}},
		{"encrypted: R2, half a million fields", fieldsWith(dict(1, 2, ""), 500_000, always("<< /FT /Tx /T (abcdefgh) /Subtype /Widget >>"))},
		{"encrypted: R4, object stream of 1 GiB", func() *File {
			f := newFile()
			f.object(2, "<< /Type /Pages /Kids [3 0 R] /Count 1 >>")
			f.object(3, "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] >>")
			f.stream(4, "/Type /ObjStm /N 1 /First 4 /Filter /FlateDecode", aesStream(4, deflated(packedCatalog, gib/len(packedCatalog))))
			f.packed[1] = [2]int64{4, 0}
			return f.xrefStream(5, dict(4, 4, aesFilter))
		}},
	}
}

func manyFilters(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "/F%d << /CFM /AESV3 /Length 32 >> ", i)
	}
	return b.String()
}
