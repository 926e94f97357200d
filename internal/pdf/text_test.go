// SPDX-License-Identifier: Apache-2.0

package pdf

import (
	"testing"
	"time"
)

func TestTextString(t *testing.T) {
	for text, want := range map[string]string{
		"":           "",
		"Plain (x)":  "Plain (x)",
		"Ä":          "\xfe\xff\x00\xc4",
		"a\u20ac":    "\xfe\xff\x00a\x20\xac",
		"\U0001F4A3": "\xfe\xff\xd8\x3d\xdc\xa3",
		"\x1b":       "\xfe\xff\x00\x1b",
	} {
		s := TextString(text)
		if string(s) != want {
			t.Errorf("%q: %q", text, s)
		}
		if got := s.Text(); got != text {
			t.Errorf("%q came back as %q", text, got)
		}
	}
}

func TestText(t *testing.T) {
	for in, want := range map[string]string{
		"caf\xe9":                   "café",
		"\x80\x84\xa0\x18":          "•—€˘",
		"\xff\xfea\x00":             "a",
		"\xef\xbb\xbfz\xc3\xbcrich": "zürich",
		"\xfe\xff\x00a\x00":         "a", // half a unit at the end

		"\xfe\xff\x00\x1b\x00e\x00n\x00\x1b\x00x": "x",
	} {
		if got := String(in).Text(); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

func TestDate(t *testing.T) {
	at := time.Date(2026, 1, 2, 4, 4, 5, 999, time.FixedZone("", 3600))
	if got := string(Date(at)); got != "D:20260102030405Z" {
		t.Error(got)
	}
	utc := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for in, want := range map[string]time.Time{
		"D:20260102030405Z":                      utc,
		"D:20260102030405":                       utc,
		"D:20260102030405Z00'00'":                utc,
		"D:20260102040405+01'00'":                utc,
		"D:20260102040405+01'00":                 utc,
		"D:20260102040405+0100":                  utc,
		"D:20260102040405+01":                    utc,
		"D:20260101223405-04'30'":                utc,
		"20260102030405Z":                        utc,
		"D:2026":                                 time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC),
		"D:202602":                               time.Date(2026, 2, 1, 0, 0, 0, 0, time.UTC),
		"\xfe\xff\x00D\x00:\x002\x000\x002\x006": time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC),
	} {
		got, err := ParseDate(String(in))
		if !got.Equal(want) || err != nil {
			t.Errorf("%q: %v, %v", in, got, err)
		}
	}
	for _, in := range []string{
		"", "D:", "x", "D:20", "D:202613", "D:20260230", "D:20260102250405", "D:20260102030405X", "D:20260102030405+99",
		"D:20260102030405Z01'00'", "D:20260102030405+", "D:20260102030460Z", "D:0000",
	} {
		if got, err := ParseDate(String(in)); err == nil {
			t.Errorf("%q: %v", in, got)
		}
	}
}

func FuzzText(f *testing.F) {
	for _, s := range []string{"D:20260102030405+01'00'", "\xfe\xff\x00\x1b\x00e\x00n\x00\x1b\x00x", "\xef\xbb\xbfx", "caf\xe9"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		text := String(b).Text()
		again := TextString(text).Text()
		if third := TextString(again).Text(); third != again {
			t.Fatalf("%q, %q, %q", text, again, third)
		}
		at, err := ParseDate(b)
		if err != nil {
			return
		}
		if back, err := ParseDate(Date(at)); err == nil && !back.Equal(at) {
			t.Fatalf("%v became %v", at, back)
		}
	})
}
