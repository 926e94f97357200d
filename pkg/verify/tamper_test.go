// SPDX-License-Identifier: Apache-2.0

package verify_test

import (
	"bytes"
	"crypto"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"gsign/internal/cms"
	"gsign/internal/pdf/pdftest"
	"gsign/pkg/pdfsig"
	"gsign/pkg/verify"
)

// TestTamper changes single bytes all over a B-LT file. Each change must be found, in whatever region it is.
func TestTamper(t *testing.T) {
	w := newWorld(t)
	b := files(w)[verify.BLT]
	opts := verify.Options{Require: verify.BLT, Roots: roots(t), RequireWholeDocument: true}
	sigs, err := w.open(b).Signatures()
	if err != nil {
		t.Fatal(err)
	}
	s := sigs[0]
	padding := s.ContentsStart + int64(2*len(s.CMS))
	for at := 0; at < len(b); at += 47 {
		if int64(at) > padding+100 && int64(at) < s.ContentsEnd-100 {
			at += 2000 // zeros, all alike
		}
		region := "store"
		switch {
		case int64(at) < s.ByteRange[1]:
			region = "before"
		case int64(at) < s.ByteRange[2]:
			region = "contents"
		case int64(at) < s.RevisionEnd():
			region = "after"
		}
		spoiled := bytes.Clone(b)
		spoiled[at] ^= 1
		o := opts
		_, err := check(t, spoiled, &o)
		if err == nil && region != "store" && !harmless(t, w, b, spoiled) {
			t.Errorf("a change at %d, in region %s, was not found: %q", at, region, b[max(0, at-20):min(len(b), at+20)])
		}
		var wrong *verify.Error
		if (region == "before" || region == "after") && err != nil && errors.As(err, &wrong) && wrong.Undecided() &&
			wrong.Findings[0].Check != "A2" { // the sub-filter itself
			t.Errorf("a change at %d in what is signed leaves it undecided: %v", at, err)
		}
	}
}

// harmless reports whether a changed byte of /Contents is in something that nothing protects and that nobody needs: a
// second copy of a root, versions, the sets of digest algorithms. Then all that counts is as it was.
func harmless(t *testing.T, w *world, good, spoiled []byte) bool {
	t.Helper()
	a, b := essence(t, w, good), essence(t, w, spoiled)
	return a != "" && a == b
}

// essence returns what is signed by the signer, and by the timestamp authority.
func essence(t *testing.T, w *world, file []byte) string {
	t.Helper()
	sigs, err := w.open(file).Signatures()
	if err != nil || len(sigs) != 1 || len(sigs[0].Problems) > 0 {
		return ""
	}
	sd, err := cms.Parse(sigs[0].CMS)
	if err != nil || sd.Signer.Certificate == nil || len(sd.Signer.TimestampTokens) != 1 {
		return ""
	}
	token, err := cms.ParseToken(sd.Signer.TimestampTokens[0])
	if err != nil || token.Signer.Certificate == nil {
		return ""
	}
	one := func(sd *cms.SignedData) string {
		return fmt.Sprintf("%x %x %x %x", sd.Signer.Certificate.Raw, sd.Signer.SignedAttributes, sd.Signer.Signature, sd.EContent)
	}
	return one(sd) + one(token.SignedData)
}

type wrongCase struct {
	check     string
	undecided bool
	make      func() *pdfsig.Signed
}

// prepareClassic prepares a signature of in by the PKI's leaf.
func prepareClassic(t *testing.T, w *world, in []byte) *pdfsig.Prepared {
	t.Helper()
	prepared, err := w.open(in).Prepare(pki(t).Chain(), &pdfsig.Options{Time: noon})
	if err != nil {
		t.Fatal(err)
	}
	return prepared
}

// rawSignature signs what was prepared.
func rawSignature(t *testing.T, w *world, prepared *pdfsig.Prepared) []byte {
	t.Helper()
	sigs, err := w.SignDigests(t.Context(), crypto.SHA256, [][]byte{prepared.Digest()})
	if err != nil {
		t.Fatal(err)
	}
	return sigs[0]
}

// wrongCases make signatures that package pdfsig would not make.
func wrongCases(t *testing.T, w *world, in []byte) map[string]wrongCase {
	t.Helper()
	p := pki(t)
	prepare := func() *pdfsig.Prepared { return prepareClassic(t, w, in) }
	signature := func(prepared *pdfsig.Prepared) []byte { return rawSignature(t, w, prepared) }
	token := func(sig []byte, at time.Time) []byte {
		sum := sha256.Sum256(sig)
		return p.Token(t, crypto.SHA256, sum[:], at)
	}
	return map[string]wrongCase{
		"signature of another document": {"B14", false, func() *pdfsig.Signed {
			mine := prepare()
			sig := signature(mine)
			return &pdfsig.Signed{Prepared: mine, Signature: sig, Token: token(sig, stamped)}
		}},
		"signed attributes of another document": {"B3", false, func() *pdfsig.Signed {
			mine := prepare()
			mine.SignedAttributes = prepareClassic(t, w, pdftest.XRefStream()).SignedAttributes
			sig := signature(mine)
			return &pdfsig.Signed{Prepared: mine, Signature: sig, Token: token(sig, stamped)}
		}},
		"timestamp of another signature": {"C2", true, func() *pdfsig.Signed {
			mine := prepare()
			return &pdfsig.Signed{Prepared: mine, Signature: signature(mine), Token: token(nil, stamped)}
		}},
		"timestamp after notAfter": {"C6", true, func() *pdfsig.Signed {
			mine := prepare()
			sig := signature(mine)
			return &pdfsig.Signed{Prepared: mine, Signature: sig, Token: token(sig, noon.Add(11*time.Minute))}
		}},
		"timestamp before notBefore": {"C6", false, func() *pdfsig.Signed {
			mine := prepare()
			sig := signature(mine)
			return &pdfsig.Signed{Prepared: mine, Signature: sig, Token: token(sig, noon.Add(-time.Minute))}
		}},
		"no timestamp, and expired": {"C6", true, func() *pdfsig.Signed {
			mine := prepare()
			return &pdfsig.Signed{Prepared: mine, Signature: signature(mine)}
		}},
	}
}

func TestWrongSignatures(t *testing.T) {
	w := newWorld(t)
	in := pdftest.Classic()
	for name, tt := range wrongCases(t, w, in) {
		t.Run(name, func(t *testing.T) {
			b := w.join(in, tt.make())
			if tt.check == "B14" {
				b = withAnotherSignature(t, b, rawSignature(t, w, prepareClassic(t, w, in)))
			}
			b = w.store(b, w.entities()...)
			report, err := check(t, b, nil)
			var wrong *verify.Error
			if !errors.As(err, &wrong) || wrong.Findings[0].Check != tt.check || wrong.Undecided() != tt.undecided {
				t.Fatalf("want %s, got %v", tt.check, err)
			}
			if (report.Signatures[0].Level == verify.None) != (report.Signatures[0].Indication == verify.TotalFailed) {
				t.Errorf("level %v of what is %v", report.Signatures[0].Level, report.Signatures[0].Indication)
			}
			if wrong.Findings[0].Field != "Signature1" || !strings.Contains(err.Error(), tt.check) {
				t.Errorf("error does not say where: %v", err)
			}
		})
	}
}

// withAnotherSignature puts another signature value where the signature's own is.
func withAnotherSignature(t *testing.T, b, other []byte) []byte {
	t.Helper()
	d, err := pdfsig.Open(bytes.NewReader(b), int64(len(b)), nil)
	if err != nil {
		t.Fatal(err)
	}
	sigs, err := d.Signatures()
	if err != nil {
		t.Fatal(err)
	}
	sd, err := cms.Parse(sigs[0].CMS)
	if err != nil {
		t.Fatal(err)
	}
	other = bytes.Clone(other)
	other[20] ^= 1
	return bytes.Replace(b, []byte(hex.EncodeToString(sd.Signer.Signature)), []byte(hex.EncodeToString(other)), 1)
}
