// SPDX-License-Identifier: Apache-2.0

// Package pdfcrypt is the standard security handler of PDF (ISO 32000-2, 7.6): from a password to the file's key, the
// permissions, and the bytes of strings and streams. It knows nothing of objects: who it works for says which object
// bytes belong to, and which bytes are encrypted at all.
//
// RC4 and MD5 are no protection any more. They are here because files exist that use them.
package pdfcrypt

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
)

// Method says how bytes are encrypted.
type Method uint8

// The methods (ISO 32000-2, table 25, /CFM).
const (
	None  Method = iota // not at all: Identity
	RC4                 // V2
	AESV2               // AES-128 in CBC, a key for each object
	AESV3               // AES-256 in CBC, one key
)

// A Filter is one entry of /CF.
type Filter struct {
	CFM    string
	Length int64 // in bytes or, by many writers, in bits; 0 where absent
}

// A Dict is an encryption dictionary, its values resolved.
type Dict struct {
	Filter              string
	V, R                int64
	Length              int64 // in bits; 0 where absent
	P                   int64
	O, U, OE, UE, Perms []byte
	CF                  map[string]Filter
	StmF, StrF, EFF     string // "" where absent
	EncryptMetadata     bool   // true where absent
	ID                  []byte // first element of the trailer's /ID
}

// A Password as the file's revision may want it.
type Password struct {
	Text []byte // UTF-8, as typed
	Doc  []byte // in PDFDocEncoding; nil where that has not all characters
}

// ErrPassword says that no password given opens the file. The empty one is always tried.
var ErrPassword = errors.New("no password opens the file")

// An UnsupportedError says that the file is encrypted in a way that is not for passwords, or not known here.
type UnsupportedError struct{ What string }

func (e *UnsupportedError) Error() string { return e.What }

// Handler decrypts and encrypts for one file. It may be used by several goroutines.
type Handler struct {
	key         []byte // nil where nothing but named filters needs one
	owner       bool
	permissions uint32
	revision    int64
	streams     Method
	strings     Method
	files       Method
	named       map[string]Method
	metadata    bool
	damage      string
}

// Open finds the file's key: with the empty password and with the one given, each as the owner's and as the user's. A
// password that is neither is no error where the empty one opens the file. Where none does, the error is [ErrPassword],
// unless all strings and streams are in the clear and only what names a filter of its own, such as attached files, is not.
func Open(d *Dict, p *Password) (*Handler, error) {
	h, err := newHandler(d)
	if err != nil {
		return nil, err
	}
	var tries [][]byte
	if p != nil {
		tries = d.spellings(p)
	}
	for _, pw := range append(tries, nil) {
		if key := d.ownerKey(pw); key != nil {
			h.key, h.owner = key, true
			break
		}
	}
	for _, pw := range append([][]byte{nil}, tries...) {
		if h.key == nil {
			h.key = d.userKey(pw)
		}
	}
	if h.key == nil && (h.streams != None || h.strings != None) {
		return nil, ErrPassword
	}
	if n := len(h.key); d.V == 4 && n > 0 && n < 16 {
		// Crypt filters of the standard handler have keys of 128 bits. Acrobat fills a shorter one up with zeros once the
		// password is checked (no standard says so), and writers of such files follow it.
		h.key = append(h.key, make([]byte, 16-n)...)
	}
	h.permissions = uint32(d.P)
	if d.V == 5 && h.key != nil {
		sealed, damage := d.perms(h.key)
		h.permissions &= sealed
		h.damage = damage
	}
	return h, nil
}

// Owner reports whether the owner's password was given.
func (h *Handler) Owner() bool { return h.owner }

// Damage says what contradicts itself in the encryption dictionary and stops no reader but strict ones: "" for nothing.
func (h *Handler) Damage() string { return h.damage }

// Same reports whether both read every string and stream alike, and permit the same.
func (h *Handler) Same(other *Handler) bool {
	return bytes.Equal(h.key, other.key) && h.streams == other.streams && h.strings == other.strings && h.files == other.files &&
		h.metadata == other.metadata && h.permissions == other.permissions && maps.Equal(h.named, other.named)
}

// EncryptsMetadata reports whether streams of metadata are encrypted as others are.
func (h *Handler) EncryptsMetadata() bool { return h.metadata }

// Bits of /P (ISO 32000-2, table 22).
const (
	bitModify   = 1 << 3
	bitAnnotate = 1 << 5
	bitFill     = 1 << 8
)

// MayFill reports whether existing form fields, signature fields among them, may be filled in: bit 9 or bit 6.
func (h *Handler) MayFill() bool {
	return h.owner || h.permissions&bitAnnotate != 0 || h.revision >= 3 && h.permissions&bitFill != 0
}

// MayAddFields reports whether form fields, signature fields among them, may be created: bits 4 and 6.
func (h *Handler) MayAddFields() bool {
	return h.owner || h.permissions&bitAnnotate != 0 && h.permissions&bitModify != 0
}

// Streams, Strings and Files give the methods of those that name no filter of their own; Files are attached ones.
func (h *Handler) Streams() Method { return h.streams }

// Strings gives the method of strings.
func (h *Handler) Strings() Method { return h.strings }

// Files gives the method of streams of attached files.
func (h *Handler) Files() Method { return h.files }

// Named gives the method of a stream that names its filter.
func (h *Handler) Named(filter string) (Method, error) {
	m, ok := h.named[filter]
	if !ok {
		return None, fmt.Errorf("crypt filter %q is not in the encryption dictionary", filter)
	}
	return m, nil
}

func newHandler(d *Dict) (*Handler, error) {
	if d.Filter != "Standard" {
		return nil, &UnsupportedError{fmt.Sprintf("it is encrypted by the handler %q, which needs something else than a password", d.Filter)}
	}
	if err := d.check(); err != nil {
		return nil, err
	}
	h := &Handler{revision: d.R, metadata: d.EncryptMetadata || d.V < 4, named: map[string]Method{"Identity": None}}
	if d.V < 4 {
		h.streams, h.strings, h.files = RC4, RC4, RC4
		return h, nil
	}
	for name, f := range d.CF {
		m, ok := methodOf(f.CFM, d.V)
		if ok && name != "Identity" {
			h.named[name] = m
		}
	}
	for _, use := range []struct {
		m    *Method
		name string
	}{{&h.streams, d.StmF}, {&h.strings, d.StrF}, {&h.files, d.EFF}} {
		if use.name == "" {
			use.name = "Identity"
			if use.m == &h.files {
				use.name = d.StmF
			}
		}
		m, ok := h.named[use.name]
		if f, there := d.CF[use.name]; there && !ok {
			return nil, &UnsupportedError{fmt.Sprintf("it is encrypted with the method %q, which is not known here", f.CFM)}
		}
		if !ok && use.name != "" {
			return nil, fmt.Errorf("crypt filter %q is not in the encryption dictionary", use.name)
		}
		*use.m = m
	}
	return h, nil
}

// methodOf gives the method of a /CFM, which is None where it is absent. A file whose key has 256 bits has one method for
// AES: writers exist that give it the name of the other.
func methodOf(cfm string, v int64) (Method, bool) {
	switch cfm {
	case "", "None":
		return None, true
	case "V2":
		return RC4, true
	case "AESV2":
		if v == 5 {
			return AESV3, true
		}
		return AESV2, true
	case "AESV3":
		return AESV3, true
	}
	return None, false
}

// check finds out whether the numbers are ones we know and the strings long enough for them.
func (d *Dict) check() error {
	need := map[string]int{}
	switch {
	case (d.V == 1 || d.V == 2) && (d.R == 2 || d.R == 3), d.V == 4 && d.R == 4, (d.V == 1 || d.V == 2) && d.R == 4, d.V == 4 && d.R == 3:
		need["O"], need["U"] = 32, 16
		if d.R == 2 {
			need["U"] = 32
		}
	case d.V == 5 && (d.R == 5 || d.R == 6):
		need["O"], need["U"], need["OE"], need["UE"] = 48, 48, 32, 32
	default:
		return &UnsupportedError{fmt.Sprintf("it is encrypted in a way that is not known here (/V %d /R %d)", d.V, d.R)}
	}
	for _, s := range []struct {
		key   string
		value []byte
	}{{"O", d.O}, {"U", d.U}, {"OE", d.OE}, {"UE", d.UE}} {
		if len(s.value) < need[s.key] {
			return fmt.Errorf("encryption dictionary: /%s has %d bytes, not %d", s.key, len(s.value), need[s.key])
		}
	}
	return nil
}

// ownerKey gives the file's key where pw is the owner's password, or nil.
func (d *Dict) ownerKey(pw []byte) []byte {
	if d.V == 5 {
		return d.ownerKey256(pw)
	}
	return d.ownerKeyMD5(pw)
}

// userKey gives the file's key where pw is the user's password, or nil.
func (d *Dict) userKey(pw []byte) []byte {
	if d.V == 5 {
		return d.userKey256(pw)
	}
	return d.userKeyMD5(pw)
}
