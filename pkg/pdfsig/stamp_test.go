// SPDX-License-Identifier: Apache-2.0

package pdfsig_test

import (
	"bytes"
	"crypto"
	"encoding/asn1"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"gsign/internal/cms"
	"gsign/internal/pdf/pdftest"
	"gsign/internal/pkix/pkixtest"
	"gsign/pkg/pdfsig"
)

func TestStampIsChecked(t *testing.T) {
	p := pki(t)
	other := p.CA.Leaf(t, "TEST no authority", pkixtest.ECKey(t, "TEST no authority"), noon.Add(-time.Hour), noon.Add(time.Hour))
	for name, tt := range map[string]struct {
		check string
		spoil func(*service)
	}{
		"imprint of another signature": {"C2", func(s *service) {
			s.spoilToken = func([]byte) []byte { return p.Token(t, crypto.SHA256, sum(nil), s.genTime) }
		}},
		"not a token":       {"C1", func(s *service) { s.spoilToken = func([]byte) []byte { return []byte("no") } }},
		"cut":               {"C1", func(s *service) { s.spoilToken = func(b []byte) []byte { return b[:len(b)/2] } }},
		"after notAfter":    {"C6", func(s *service) { s.genTime = noon.Add(11 * time.Minute) }},
		"before notBefore":  {"C6", func(s *service) { s.genTime = noon.Add(-time.Second) }},
		"local clock wrong": {"C7", func(s *service) { s.genTime = noon.Add(8 * time.Minute) }},
		"not an authority": {"C5", func(s *service) {
			s.spoilToken = func(good []byte) []byte {
				token, err := cms.ParseToken(good)
				if err != nil {
					t.Fatal(err)
				}
				return pkixtest.Token{TSA: other, Hash: crypto.SHA256, Imprint: token.Imprint, GenTime: s.genTime}.Marshal(t)
			}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			s := newService(t)
			tt.spoil(s)
			_, err := pdfsig.Sign(t.Context(), open(t, pdftest.Classic()), s, s, options())
			var stamp *pdfsig.StampError
			if !errors.As(err, &stamp) || !strings.Contains(stamp.Check, tt.check) || !stamp.Stamped {
				t.Errorf("want a StampError of %s, got %v", tt.check, err)
			}
		})
	}
}

func TestTimestampServiceDown(t *testing.T) {
	s := newService(t)
	s.stampErr = errors.New("no route")
	_, err := pdfsig.Sign(t.Context(), open(t, pdftest.Classic()), s, s, options())
	var stamp *pdfsig.StampError
	if !errors.As(err, &stamp) || stamp.Stamped || !errors.Is(err, s.stampErr) {
		t.Errorf("got %v", err)
	}
	if s.stamps != 1 {
		t.Errorf("asked %d times", s.stamps)
	}
}

// TestTokenInBER gets a token whose outermost element has no definite length: it is kept, in DER.
func TestTokenInBER(t *testing.T) {
	s := newService(t)
	s.spoilToken = func(der []byte) []byte {
		var outer asn1.RawValue
		if _, err := asn1.Unmarshal(der, &outer); err != nil {
			t.Fatal(err)
		}
		return slices.Concat([]byte{0x30, 0x80}, outer.Bytes, []byte{0, 0})
	}
	in := pdftest.Classic()
	signed, err := pdfsig.Sign(t.Context(), open(t, in), s, s, options())
	if err != nil {
		t.Fatal(err)
	}
	suffix, err := signed.Suffix()
	if err != nil {
		t.Fatal(err)
	}
	out := append(bytes.Clone(in), suffix...)
	sd := verifyCMS(t, out, last(t, out))
	if !sd.IsDER || len(sd.Signer.TimestampTokens) != 1 {
		t.Errorf("DER %v, %d timestamps", sd.IsDER, len(sd.Signer.TimestampTokens))
	}
}

func TestSkew(t *testing.T) {
	s := newService(t)
	s.genTime = noon.Add(9 * time.Minute)
	opts := options()
	opts.MaxSkew = -1
	signed, err := pdfsig.Sign(t.Context(), open(t, pdftest.Classic()), s, s, opts)
	if err != nil {
		t.Fatal(err)
	}
	if signed.Skew != -8*time.Minute || !signed.Time.Equal(s.genTime) {
		t.Errorf("skew %v, time %v", signed.Skew, signed.Time)
	}
}

func TestPlaceholder(t *testing.T) {
	in := pdftest.Classic()
	s := newService(t)
	small, err := open(t, in).Prepare(s.Certificates(), options())
	if err != nil {
		t.Fatal(err)
	}
	opts := options()
	opts.Reserve = 40_000
	large, err := open(t, in).Prepare(s.Certificates(), opts)
	if err != nil {
		t.Fatal(err)
	}
	if got := (large.ContentsLength - small.ContentsLength) / 2; got < 40_000-pdfsig.TokenAllowance {
		t.Errorf("Reserve adds %d bytes", got)
	}
	opts.Reserve = 1
	least, err := open(t, in).Prepare(s.Certificates(), opts)
	if err != nil {
		t.Fatal(err)
	}
	if least.ContentsLength != small.ContentsLength {
		t.Error("Reserve lowers the allowance")
	}
	opts.Reserve = 1 << 30
	if _, err = open(t, in).Prepare(s.Certificates(), opts); err == nil {
		t.Error("a gigabyte was reserved")
	}
}

// TestOverflow stamps with a token that has grown beyond all allowance: an error, and nothing cut off.
func TestOverflow(t *testing.T) {
	p := pki(t)
	big := pkixtest.Extension([]int{1, 2, 3, 4}, false, bytes.Repeat([]byte{4, 0}, 14_000))
	tsa := p.TSACA.TSA(t, "TEST big authority", pkixtest.ECKey(t, "TEST big authority"), noon.Add(-time.Hour), noon.Add(time.Hour), big)
	s := newService(t)
	var imprint []byte
	s.spoilToken = func([]byte) []byte {
		return pkixtest.Token{TSA: tsa, Hash: crypto.SHA256, Imprint: imprint, GenTime: s.genTime}.Marshal(t)
	}
	prepared, err := open(t, pdftest.Classic()).Prepare(s.Certificates(), options())
	if err != nil {
		t.Fatal(err)
	}
	sigs, err := s.SignDigests(t.Context(), crypto.SHA256, [][]byte{prepared.Digest()})
	if err != nil {
		t.Fatal(err)
	}
	imprint = sum(sigs[0])
	signed, err := prepared.Complete(sigs[0])
	if err != nil {
		t.Fatal(err)
	}
	err = signed.Stamp(t.Context(), s, &pdfsig.StampOptions{Now: func() time.Time { return s.genTime }})
	var large *pdfsig.TooLargeError
	var stamp *pdfsig.StampError
	if !errors.As(err, &large) || !errors.As(err, &stamp) || large.Need <= large.Reserved {
		t.Fatalf("got %v", err)
	}
	if signed.Token != nil {
		t.Error("the token was kept")
	}
	signed.Token = s.spoilToken(nil)
	if _, err := signed.Suffix(); !errors.As(err, &large) {
		t.Errorf("Suffix: %v", err)
	}
}
