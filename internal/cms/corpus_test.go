// SPDX-License-Identifier: Apache-2.0

package cms_test

import (
	"bytes"
	"crypto"
	"encoding/asn1"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gsign/internal/cms"
	"gsign/internal/pkix"
	"gsign/internal/testenv"
)

var (
	contentsPattern  = regexp.MustCompile(`/Contents\s*<([0-9A-Fa-f\s]{200,})>`)
	byteRangePattern = regexp.MustCompile(`/ByteRange\s*\[\s*(\d+)\s+(\d+)\s+(\d+)\s+(\d+)\s*\]`)
)

// found is a signature found in a PDF by searching its bytes.
type found struct {
	contents []byte
	signed   []byte // the bytes of the /ByteRange whose gap the contents fill, nil when there is none
}

func signaturesIn(tb testing.TB, path string) []found {
	tb.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		tb.Fatal(err)
	}
	ranges := map[int][]byte{} // by the start of the gap
	for _, m := range byteRangePattern.FindAllSubmatch(b, -1) {
		var n [4]int
		for i := range n {
			n[i], _ = strconv.Atoi(string(m[i+1]))
		}
		if n[0] == 0 && n[1] <= n[2] && n[2]+n[3] <= len(b) {
			ranges[n[1]] = append(bytes.Clone(b[:n[1]]), b[n[2]:n[2]+n[3]]...)
		}
	}
	var out []found
	for _, m := range contentsPattern.FindAllSubmatchIndex(b, -1) {
		digits := bytes.Join(bytes.Fields(b[m[2]:m[3]]), nil)
		der, err := hex.DecodeString(string(digits[:len(digits)&^1]))
		if err != nil {
			tb.Fatal(err)
		}
		out = append(out, found{der, ranges[m[2]-1]})
	}
	return out
}

// The signatures that the real service made verify, and so do the timestamps in them.
func TestGlobalSign(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(testenv.Shared(t), "corpus-signed", "globalsign", "*.pdf"))
	if err != nil || len(files) != 5 {
		t.Fatalf("found %d files: %v", len(files), err)
	}
	tokens := 0
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			found := signaturesIn(t, file)
			if len(found) == 0 {
				t.Fatal("no signature")
			}
			for _, f := range found {
				tokens += checkReal(t, f)
			}
		})
	}
	if tokens != 1 {
		t.Errorf("%d timestamps in all files instead of 1", tokens)
	}
}

// The OCSP answers that the real service handed out, found in Adobe's attribute, pass every check at that time and
// fail when the leaf has ended.
func TestGlobalSignOCSP(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(testenv.Shared(t), "corpus-signed", "globalsign", "*.pdf"))
	if err != nil {
		t.Fatal(err)
	}
	answers := 0
	for _, file := range files {
		for _, f := range signaturesIn(t, file) {
			der, err := cms.TrimPadding(f.contents)
			if err != nil {
				t.Fatal(err)
			}
			sd, err := cms.Parse(der)
			if err != nil {
				t.Fatal(err)
			}
			leaf := sd.Signer.Certificate
			chain, err := pkix.BuildChain(leaf, sd.Certificates)
			if err != nil || !chain.Complete || len(chain.Certificates) != 2 {
				t.Fatalf("%s: %v, %v", file, chain.Problem, err)
			}
			var archive struct {
				CRLs  asn1.RawValue   `asn1:"explicit,tag:0,optional"`
				OCSPs []asn1.RawValue `asn1:"explicit,tag:1,optional"`
			}
			for _, v := range sd.Signer.Attribute(asn1.ObjectIdentifier{1, 2, 840, 113583, 1, 1, 8}) {
				if _, err := asn1.Unmarshal(v, &archive); err != nil {
					t.Fatal(err)
				}
			}
			for _, o := range archive.OCSPs {
				answers++
				r, err := pkix.CheckOCSP(o.FullBytes, leaf, chain.Certificates[1], nil, leaf.NotBefore)
				if strings.Contains(file, "non-ltv") {
					// the responder's signature does not verify: openssl ocsp says so too
					var e *pkix.EvidenceError
					if !errors.As(err, &e) || e.Check != "F1" {
						t.Errorf("%s: got %v, want F1", file, err)
					}
					continue
				}
				if err != nil {
					t.Fatalf("%s: %v", file, err)
				}
				if !r.Delegated || !r.NoCheck || !r.ThisUpdate.Equal(leaf.NotBefore) || !r.NextUpdate.Equal(leaf.NotAfter) {
					t.Errorf("%s: %+v", file, r)
				}
				if _, err := pkix.CheckOCSP(o.FullBytes, leaf, chain.Certificates[1], nil, leaf.NotAfter.Add(time.Hour)); err == nil {
					t.Error("accepted an hour after its end")
				}
			}
		}
	}
	if answers != 5 {
		t.Errorf("%d OCSP answers instead of 5", answers)
	}
}

// checkReal returns how many timestamps were verified.
func checkReal(t *testing.T, f found) int {
	t.Helper()
	der, err := cms.TrimPadding(f.contents)
	if err != nil {
		t.Fatal(err)
	}
	sd, err := cms.Parse(der)
	if err != nil {
		t.Fatal(err)
	}
	err = sd.Verify(func(h crypto.Hash) ([]byte, error) {
		if f.signed == nil {
			return nil, errors.New("no ByteRange")
		}
		d := h.New()
		d.Write(f.signed)
		return d.Sum(nil), nil
	})
	if err != nil && !fails(err, "B4") { // the older ones are plain CMS
		t.Error(err)
	}
	for _, token := range sd.Signer.TimestampTokens {
		tk, err := cms.ParseToken(token)
		if err != nil {
			t.Fatal(err)
		}
		h := tk.Hash.New()
		h.Write(sd.Signer.Signature)
		if err := tk.Verify(tk.Hash, h.Sum(nil), nil); err != nil {
			t.Error(err)
		}
		if tk.Signer.Attribute(cms.OIDSigningCertificate) == nil {
			t.Error("the real tokens carry signing-certificate version 1")
		}
	}
	return len(sd.Signer.TimestampTokens)
}

func fails(err error, check string) bool {
	var e *cms.Error
	return errors.As(err, &e) && e.Check == check
}

// Everything in the corpus is read or refused without a panic. The counts are those that openssl cms -verify confirms, but for
// eight signatures over attributes that are not in the order of DER: openssl takes them as they are written, and EU DSS refuses
// them as RFC 5652 section 5.4 wants it.
func TestCorpus(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(testenv.Shared(t), "corpus-signed", "*", "*.pdf"))
	if err != nil {
		t.Fatal(err)
	}
	outcome := map[string]int{}
	altered := map[string]bool{}
	for _, file := range files {
		for _, f := range signaturesIn(t, file) {
			if f.signed == nil {
				continue // not the contents that a ByteRange goes around
			}
			result := read(f)
			outcome[result]++
			if result == "verify B3" {
				altered[filepath.Base(file)[:6]] = true
			}
		}
	}
	t.Log(outcome)
	// B15: they verify, with SHA-1 or too short a key
	if outcome["verify good"] < 211 || outcome["verify B14"] > 12 || outcome["verify B15"] < 4 || outcome["token good"] < 43 {
		t.Errorf("too few verify: %v", outcome)
	}
	want := map[string]bool{"1a67cb": true, "76ff85": true, "d98f5b": true} // bytes changed after signing, on purpose
	if diff := cmp.Diff(want, altered); diff != "" {
		t.Errorf("files with another content than signed (-want +got):\n%s", diff)
	}
}

func read(f found) string {
	der, err := cms.TrimPadding(f.contents)
	if err != nil {
		return "padding " + verdict(err)
	}
	if tk, err := cms.ParseToken(der); err == nil {
		return "token " + verdict(tk.Verify(tk.Hash, digestOf(tk.Hash, f.signed), nil))
	}
	sd, err := cms.Parse(der)
	if err != nil {
		return "parse " + verdict(err)
	}
	return "verify " + verdict(sd.Verify(func(h crypto.Hash) ([]byte, error) { return digestOf(h, f.signed), nil }))
}

func digestOf(h crypto.Hash, b []byte) []byte {
	d := h.New()
	d.Write(b)
	return d.Sum(nil)
}

func verdict(err error) string {
	var e *cms.Error
	switch {
	case err == nil:
		return "good"
	case errors.As(err, &e):
		return e.Check
	}
	return "other"
}
