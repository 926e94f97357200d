// SPDX-License-Identifier: Apache-2.0

package pdfcrypt

import (
	"bytes"
	"encoding/hex"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// rc4Dict is of a file that qpdf made: user password empty, owner's "owner".
func rc4Dict(t testing.TB) *Dict {
	return &Dict{
		Filter: "Standard", V: 2, R: 3, Length: 128, P: -4, EncryptMetadata: true,
		O:  unhex(t, "566fa873ee33c797cd3b904fdadf814afa34df9a38f6ed41b984e2c6da2aa6f5"),
		U:  unhex(t, "72c4820b3e146f7b1c50aeee985385220122456a91bae5134273a6db134c87c4"),
		ID: unhex(t, "caa8d181983013754af102b7b4bebd16"),
	}
}

func TestOpen(t *testing.T) {
	d := rc4Dict(t)
	for _, c := range []struct {
		password string
		owner    bool
	}{{"", false}, {"owner", true}, {"wrong", false}} {
		h, err := Open(d, &Password{Text: []byte(c.password), Doc: []byte(c.password)})
		if err != nil || h.Owner() != c.owner || len(h.key) != 16 {
			t.Errorf("%q: %v, %v", c.password, h, err)
		}
	}
	d.U = bytes.Repeat([]byte{1}, 32)
	if _, err := Open(d, nil); !errors.Is(err, ErrPassword) {
		t.Errorf("another /U: %v", err)
	}
	d = rc4Dict(t)
	for _, length := range []int64{0, 16, 40, 64, 1 << 40} { // what writers get wrong, the check of the password tells
		d.Length = length
		if h, err := Open(d, nil); err != nil || len(h.key) != 16 {
			t.Errorf("/Length %d: %v", length, err)
		}
	}
}

// A key that is shorter than crypt filters have it is filled up once the password is checked.
func TestShortKeyOfCryptFilter(t *testing.T) {
	d := rc4Dict(t)
	d.V, d.R, d.Length, d.EncryptMetadata, d.StmF, d.StrF = 4, 4, 40, false, "StdCF", "StdCF"
	d.CF = map[string]Filter{"StdCF": {CFM: "V2", Length: 5}}
	d.U = unhex(t, "75b6c1099318ff81ae9841619683ae9500000000000000000000000000000000")
	h, err := Open(d, nil)
	if err != nil {
		t.Fatal(err)
	}
	got, err := h.Decrypt(h.Streams(), 7, 0, unhex(t, "ba802bcdf59554855dae33698f5dbb8c807258"))
	if err != nil || string(got) != "as Acrobat reads it" {
		t.Errorf("%q, %v", got, err)
	}
}

// Some writers name AES by the other key's length, or leave out that a filter does nothing.
func TestMethodOf(t *testing.T) {
	for _, c := range []struct {
		cfm  string
		v    int64
		want Method
	}{{"AESV2", 4, AESV2}, {"AESV2", 5, AESV3}, {"AESV3", 5, AESV3}, {"V2", 4, RC4}, {"", 4, None}, {"None", 5, None}} {
		if m, ok := methodOf(c.cfm, c.v); !ok || m != c.want {
			t.Errorf("/CFM %q in /V %d: %v, %v", c.cfm, c.v, m, ok)
		}
	}
}

func TestUnsupported(t *testing.T) {
	for name, change := range map[string]func(*Dict){
		"handler": func(d *Dict) { d.Filter = "Adobe.PubSec" },
		"V 3":     func(d *Dict) { d.V = 3 },
		"R 7":     func(d *Dict) { d.V, d.R = 6, 7 },
		"method": func(d *Dict) {
			d.V, d.R, d.StmF, d.StrF = 4, 4, "StdCF", "StdCF"
			d.CF = map[string]Filter{"StdCF": {CFM: "AESV9"}}
		},
	} {
		d := rc4Dict(t)
		change(d)
		if _, err := Open(d, nil); err == nil {
			t.Errorf("%s: opened", name)
		} else if _, ok := errors.AsType[*UnsupportedError](err); !ok {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, change := range map[string]func(*Dict){
		"short O": func(d *Dict) { d.O = d.O[:31] },
		"no U":    func(d *Dict) { d.U = nil },
		"no such filter": func(d *Dict) {
			d.V, d.R, d.StmF = 4, 4, "Lost"
		},
	} {
		d := rc4Dict(t)
		change(d)
		_, err := Open(d, nil)
		if _, ok := errors.AsType[*UnsupportedError](err); ok || err == nil || errors.Is(err, ErrPassword) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Bits of the permissions (ISO 32000-2, table 22).
func TestPermissions(t *testing.T) {
	for _, c := range []struct {
		h         Handler
		fill, add bool
	}{
		{Handler{revision: 3}, false, false},
		{Handler{revision: 3, owner: true}, true, true},
		{Handler{revision: 3, permissions: 1 << 8}, true, false},
		{Handler{revision: 2, permissions: 1 << 8}, false, false},
		{Handler{revision: 3, permissions: 1 << 5}, true, false},
		{Handler{revision: 2, permissions: 1<<5 | 1<<3}, true, true},
		{Handler{revision: 6, permissions: 1 << 3}, false, false},
	} {
		if c.h.MayFill() != c.fill || c.h.MayAddFields() != c.add {
			t.Errorf("R %d, %b: fill %v, add %v", c.h.revision, c.h.permissions, c.h.MayFill(), c.h.MayAddFields())
		}
	}
}

// The examples of RFC 4013, section 3, as far as they are not about what is forbidden; and that both what is typed and
// what it means are tried.
func TestSpellings(t *testing.T) {
	for in, want := range map[string]string{
		"I\u00adX": "IX", "user": "user", "USER": "USER", "\u00aa": "a", "\u2168": "IX", "a\u00a0b": "a b", "\u3000": " ", "\ufeffx": "x",
	} {
		if got := prepare(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
	aes := &Dict{V: 5}
	if got := aes.spellings(&Password{Text: []byte("\u2168")}); len(got) != 2 || string(got[0]) != "IX" || string(got[1]) != "\u2168" {
		t.Errorf("%q", got)
	}
	if got := aes.spellings(&Password{Text: []byte("\xff")}); len(got) != 1 || string(got[0]) != "\xff" {
		t.Errorf("%q", got)
	}
	old := &Dict{V: 2}
	if got := old.spellings(&Password{Text: []byte("é"), Doc: []byte("\xe9")}); len(got) != 2 || string(got[0]) != "\xe9" {
		t.Errorf("%q", got)
	}
}

// handlers gives one for each method.
func handlers() map[Method]*Handler {
	key := []byte("0123456789abcdef0123456789abcdef")
	return map[Method]*Handler{None: {}, RC4: {key: key[:5]}, AESV2: {key: key[:16]}, AESV3: {key: key}}
}

func TestRoundTrip(t *testing.T) {
	for m, h := range handlers() {
		for _, n := range []int{0, 1, 15, 16, 17, 4079, 4080, 4081, 4096, 4112, 10000} {
			plain := bytes.Repeat([]byte{byte(n), 1, 16}, n)[:n]
			sealed, err := h.Encrypt(m, 7, 1, plain)
			if err != nil {
				t.Fatal(err)
			}
			if m != None && n > 0 && bytes.Equal(sealed, plain) {
				t.Errorf("method %d: not encrypted", m)
			}
			back, err := h.Decrypt(m, 7, 1, sealed)
			if err != nil || !bytes.Equal(back, plain) {
				t.Errorf("method %d, %d bytes: %d came back, %v", m, n, len(back), err)
			}
			r, err := h.Reader(m, 7, 1, iotest.OneByteReader(bytes.NewReader(sealed)))
			if err != nil {
				t.Fatal(err)
			}
			if back, err := io.ReadAll(iotest.HalfReader(r)); err != nil || !bytes.Equal(back, plain) {
				t.Errorf("method %d, %d bytes in small pieces: %d came back, %v", m, n, len(back), err)
			}
		}
	}
	again, _ := handlers()[AESV3].Encrypt(AESV3, 1, 0, []byte("x"))
	if other, _ := handlers()[AESV3].Encrypt(AESV3, 1, 0, []byte("x")); bytes.Equal(again, other) {
		t.Error("the same initialization vector twice")
	}
}

// What is damaged is not an error: there are writers that forget to encrypt or to pad. The machine's errors are.
func TestDamagedData(t *testing.T) {
	h := handlers()[AESV2]
	for _, s := range []string{"", "plain", "no block of bytes at all"} {
		if b, err := h.Decrypt(AESV2, 1, 0, []byte(s)); err != nil || string(b) != s {
			t.Errorf("%q: %q, %v", s, b, err)
		}
	}
	sealed, err := h.Encrypt(AESV2, 1, 0, []byte("fifteen letters"))
	if err != nil {
		t.Fatal(err)
	}
	r, err := h.Reader(AESV2, 1, 0, io.MultiReader(bytes.NewReader(sealed), strings.NewReader("rest")))
	if err != nil {
		t.Fatal(err)
	}
	if b, err := io.ReadAll(r); err != nil || string(b) != "fifteen letters" {
		t.Errorf("%q, %v", b, err)
	}
	broken := errors.New("broken disk")
	r, err = h.Reader(AESV2, 1, 0, io.MultiReader(bytes.NewReader(sealed), iotest.ErrReader(broken)))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadAll(r); !errors.Is(err, broken) {
		t.Errorf("%v", err)
	}
	locked := &Handler{}
	if _, err := locked.Decrypt(AESV3, 1, 0, []byte("x")); !errors.Is(err, ErrPassword) {
		t.Errorf("without a key: %v", err)
	}
	if _, err := handlers()[RC4].Encrypt(AESV3, 1, 0, nil); err == nil {
		t.Error("AES-256 with a key of 5 bytes")
	}
}

// FuzzOpen asks that no dictionary and no password hang or panic, and that what opens can encrypt what it decrypts.
func FuzzOpen(f *testing.F) {
	d := rc4Dict(f)
	f.Add(int64(2), int64(3), int64(128), int64(-4), d.O, d.U, []byte{}, []byte{}, d.ID, "", "V2", []byte("owner"))
	f.Add(int64(5), int64(6), int64(256), int64(-4), bytes.Repeat([]byte{1}, 48), bytes.Repeat([]byte{2}, 48), bytes.Repeat([]byte{3}, 32),
		bytes.Repeat([]byte{4}, 32), []byte{}, "StdCF", "AESV3", []byte("pass"))
	f.Add(int64(4), int64(4), int64(128), int64(-4), d.O, d.U, []byte{}, []byte{}, d.ID, "StdCF", "AESV2", []byte("\xe9"))
	f.Fuzz(func(t *testing.T, v, r, length, p int64, o, u, oe, ue, id []byte, filter, method string, password []byte) {
		d := &Dict{
			Filter: "Standard", V: v, R: r, Length: length, P: p, O: o, U: u, OE: oe, UE: ue, Perms: oe, ID: id,
			StmF: filter, StrF: filter, CF: map[string]Filter{filter: {CFM: method, Length: length}},
		}
		h, err := Open(d, &Password{Text: password, Doc: password})
		if err != nil {
			return
		}
		sealed, err := h.Encrypt(h.Streams(), 3, 0, password)
		if err != nil {
			return
		}
		if back, err := h.Decrypt(h.Streams(), 3, 0, sealed); err != nil || !bytes.Equal(back, password) {
			t.Fatalf("%q became %q, %v", password, back, err)
		}
	})
}

// FuzzDecrypt asks that any bytes come back, however they are cut.
func FuzzDecrypt(f *testing.F) {
	f.Add(uint8(AESV2), []byte("0123456789abcdef0123456789abcdef"))
	f.Add(uint8(RC4), []byte("x"))
	f.Fuzz(func(t *testing.T, method uint8, data []byte) {
		m := Method(method % 4)
		h := handlers()[m]
		whole, err := h.Decrypt(m, 1, 2, data)
		if err != nil {
			t.Fatal(err)
		}
		r, err := h.Reader(m, 1, 2, iotest.OneByteReader(bytes.NewReader(data)))
		if err != nil {
			t.Fatal(err)
		}
		pieces, err := io.ReadAll(r)
		if err != nil || len(data)%16 == 0 && !bytes.Equal(pieces, whole) {
			t.Fatalf("%d bytes, or %d: %v", len(whole), len(pieces), err)
		}
	})
}
