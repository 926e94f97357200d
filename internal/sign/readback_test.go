// SPDX-License-Identifier: Apache-2.0

package sign

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gsign/pkg/pdfsig"
	"gsign/pkg/verify"
)

// Whatever happens to what is appended is found before anything is published, and the error says what was spent.
func TestSpoiledRevisions(t *testing.T) {
	at := func(b []byte, text string, n int) []byte {
		i := bytes.LastIndex(b, []byte(text))
		if i < 0 {
			panic("no " + text)
		}
		b = bytes.Clone(b)
		b[i+n] ^= 1
		return b
	}
	for name, spoil := range map[string]func([]byte) []byte{
		"first byte":         func(b []byte) []byte { return append([]byte{b[0] ^ 1}, b[1:]...) },
		"last byte":          func(b []byte) []byte { return append(b[:len(b)-1:len(b)-1], ' ') },
		"last byte missing":  func(b []byte) []byte { return b[:len(b)-1] },
		"half missing":       func(b []byte) []byte { return b[:len(b)/2] },
		"all missing":        func([]byte) []byte { return nil },
		"all zero":           func(b []byte) []byte { return make([]byte, len(b)) },
		"something follows":  func(b []byte) []byte { return append(bytes.Clone(b), "%\n"...) },
		"twice":              func(b []byte) []byte { return append(bytes.Clone(b), b...) },
		"startxref":          func(b []byte) []byte { return at(b, "startxref\n", 12) },
		"end of file":        func(b []byte) []byte { return at(b, "%%EOF", 3) },
		"/Prev":              func(b []byte) []byte { return at(b, "/Prev ", 7) },
		"/Root":              func(b []byte) []byte { return at(b, "/Root ", 6) },
		"/ID":                func(b []byte) []byte { return at(b, "/ID [", 6) },
		"cross-reference":    func(b []byte) []byte { return at(b, " 00000 n", -1) },
		"number of an entry": func(b []byte) []byte { return at(b, "xref\n", -8) },
		"catalog":            func(b []byte) []byte { return at(b, "/Type /Catalog", 8) },
		"an endobj":          func(b []byte) []byte { return at(b, "endobj", 2) },
	} {
		first := 2 // the store's revision; the signature itself protects its own
		if strings.Contains(name, "startxref") || strings.Contains(name, "missing") {
			first = 1
		}
		for revision := first; revision <= 2; revision++ {
			t.Run(fmt.Sprintf("%s of revision %d", name, revision), func(t *testing.T) {
				s := newService(t)
				dir, in := folder(t)
				testOnlySpoil = func(n int, b []byte) []byte {
					if n == revision {
						return spoil(b)
					}
					return b
				}
				defer func() { testOnlySpoil = func(_ int, b []byte) []byte { return b } }()
				_, err := s.Run(t.Context(), &Job{In: in, Out: filepath.Join(dir, "out.pdf"), Level: verify.BLT})
				e, ok := errors.AsType[*Error](err)
				if !ok || e.Bill != (Bill{Signatures: 1, Timestamps: 1}) {
					t.Fatalf("%v", err)
				}
				if _, ok := errors.AsType[*SelfCheckError](err); !ok && revision == 2 {
					t.Errorf("%v", err)
				}
				onlyThese(t, dir, "in.pdf")
			})
		}
	}
}

// The finished file is compared with the intents of both revisions, by name and in any program.
func TestRereadNeedsBothIntents(t *testing.T) {
	s := newService(t)
	dir, in := folder(t)
	out := filepath.Join(dir, "out.pdf")
	if _, err := s.Run(t.Context(), &Job{In: in, Out: out, Level: verify.BLT}); err != nil {
		t.Fatal(err)
	}
	before, after := openDocument(t, in), openDocument(t, out)
	err := pdfsig.Reread(before, after, nil)
	if _, ok := errors.AsType[*pdfsig.MismatchError](err); !ok {
		t.Errorf("%v", err)
	}
}

func openDocument(tb testing.TB, path string) *pdfsig.Document {
	tb.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		tb.Fatal(err)
	}
	d, err := pdfsig.Open(bytes.NewReader(b), int64(len(b)), nil)
	if err != nil {
		tb.Fatal(err)
	}
	return d
}
