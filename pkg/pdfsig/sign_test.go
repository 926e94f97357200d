// SPDX-License-Identifier: Apache-2.0

package pdfsig_test

import (
	"bytes"
	"crypto"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gsign/internal/cms"
	"gsign/internal/pdf/pdftest"
	"gsign/pkg/pdfsig"
)

// shapes are files of every container shape.
func shapes() map[string][]byte {
	return map[string][]byte{
		"Classic": pdftest.Classic(), "NoID": pdftest.NoID(), "NoFinalEOL": pdftest.NoFinalEOL(),
		"XRefStream": pdftest.XRefStream(), "Hybrid": pdftest.Hybrid(), "WithForm": pdftest.WithForm(),
		"ObjectStreamForm": pdftest.ObjectStreamForm(), "DirectForm": pdftest.DirectForm(),
		"Inherited": pdftest.Inherited(), "Updated": pdftest.Updated(), "UpdatedMixed": pdftest.UpdatedMixed(),
		"UpdatedPacked": pdftest.UpdatedPacked(),
	}
}

// verifyCMS checks the newest signature's CMS over its ByteRange, with code that shares nothing with Prepare.
func verifyCMS(t *testing.T, b []byte, s pdfsig.Signature) *cms.SignedData {
	t.Helper()
	sd, err := cms.Parse(s.CMS)
	if err != nil {
		t.Fatal(err)
	}
	r := s.ByteRange
	err = sd.Verify(func(h crypto.Hash) ([]byte, error) {
		d := h.New()
		d.Write(b[r[0] : r[0]+r[1]])
		d.Write(b[r[2] : r[2]+r[3]])
		return d.Sum(nil), nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return sd
}

func TestSignEveryShape(t *testing.T) {
	for name, in := range shapes() {
		t.Run(name, func(t *testing.T) {
			out := sign(t, in, options())
			if !bytes.HasPrefix(out, in) {
				t.Error("A13: the original's bytes are not the first")
			}
			s := last(t, out)
			if !s.Whole || s.RevisionEnd() != int64(len(out)) {
				t.Errorf("A5: ByteRange %d does not cover the file of %d bytes", s.ByteRange, len(out))
			}
			sd := verifyCMS(t, out, s)
			if len(sd.Signer.TimestampTokens) != 1 {
				t.Errorf("C1: %d timestamps", len(sd.Signer.TimestampTokens))
			}
			if got := s.Page; got != 0 {
				t.Errorf("widget on page %d", got)
			}
		})
	}
}

func TestSignTwice(t *testing.T) {
	for name, in := range shapes() {
		t.Run(name, func(t *testing.T) {
			out := sign(t, sign(t, in, options()), options())
			sigs := signatures(t, out)
			if len(sigs) != 2 || sigs[0].Whole || !sigs[1].Whole {
				t.Fatalf("signatures found: %d", len(sigs))
			}
			if diff := cmp.Diff([]string{"Signature1", "Signature2"}, []string{sigs[0].Field, sigs[1].Field}); diff != "" {
				t.Error(diff)
			}
			for _, s := range sigs {
				verifyCMS(t, out, s)
			}
		})
	}
}

// TestSignNeverReadsTwice gives the digest of the original, and takes the original's bytes away.
func TestSignNeverReadsTwice(t *testing.T) {
	in := page1(pdftest.Table, "", "/Contents 4 0 R", "4 "+pdftest.StreamBody("", strings.Repeat(" ", 3<<20)))
	counted := &countingReader{r: bytes.NewReader(in)}
	h := sha256.New()
	h.Write(in)
	before := h.Sum(nil)
	d, err := pdfsig.Open(counted, int64(len(in)), &pdfsig.OpenOptions{Digest: h})
	if err != nil {
		t.Fatal(err)
	}
	s := newService(t)
	_, err = pdfsig.Sign(t.Context(), d, s, s, options())
	if err != nil {
		t.Fatal(err)
	}
	if counted.n > 1<<20 {
		t.Errorf("%d bytes read though the digest was given", counted.n)
	}
	if !bytes.Equal(before, h.Sum(nil)) {
		t.Error("the digest state given was changed")
	}
	counted.n = 0
	d, err = pdfsig.Open(counted, int64(len(in)), nil)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		_, err = d.Prepare(s.Certificates(), options())
		if err != nil {
			t.Fatal(err)
		}
	}
	if counted.n > int64(len(in))+1<<20 {
		t.Errorf("%d bytes read of a file of %d", counted.n, len(in))
	}
}

type countingReader struct {
	r *bytes.Reader
	n int64
}

func (c *countingReader) ReadAt(b []byte, off int64) (int, error) {
	n, err := c.r.ReadAt(b, off)
	c.n += int64(n)
	return n, err
}

func TestDigestStateMustBeSHA256(t *testing.T) {
	d := open(t, pdftest.Classic())
	if err := d.SetDigest(crypto.SHA384.New()); err == nil {
		t.Error("a SHA-384 state was taken")
	}
}

// TestTwoMachines stores a prepared signature as JSON and completes it elsewhere.
func TestTwoMachines(t *testing.T) {
	in := pdftest.WithForm()
	s := newService(t)
	here, err := open(t, in).Prepare(s.Certificates(), options())
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(here.SHA256, sum(in)) || here.Size != int64(len(in)) {
		t.Error("the original is not described")
	}
	stored, err := json.Marshal(here)
	if err != nil {
		t.Fatal(err)
	}
	var there pdfsig.Prepared
	err = json.Unmarshal(stored, &there)
	if err != nil {
		t.Fatal(err)
	}
	sigs, err := s.SignDigests(t.Context(), crypto.SHA256, [][]byte{there.Digest()})
	if err != nil {
		t.Fatal(err)
	}
	var suffixes [][]byte
	for _, p := range []*pdfsig.Prepared{here, &there} {
		signed, err := p.Complete(sigs[0])
		if err != nil {
			t.Fatal(err)
		}
		suffix, err := signed.Suffix()
		if err != nil {
			t.Fatal(err)
		}
		suffixes = append(suffixes, suffix)
	}
	if !bytes.Equal(suffixes[0], suffixes[1]) {
		t.Error("the two halves differ")
	}
	out := append(bytes.Clone(in), suffixes[1]...)
	verifyCMS(t, out, last(t, out))
}

func TestPrepareIsDeterministic(t *testing.T) {
	for name, in := range shapes() {
		chain := newService(t).Certificates()
		a, err := open(t, in).Prepare(chain, options())
		if err != nil {
			t.Fatal(err)
		}
		b, err := open(t, in).Prepare(chain, options())
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(a, b); diff != "" {
			t.Errorf("%s: two preparations differ: %s", name, diff)
		}
	}
}

func TestPreparedFromABadFile(t *testing.T) {
	s := newService(t)
	good, err := open(t, pdftest.Classic()).Prepare(s.Certificates(), options())
	if err != nil {
		t.Fatal(err)
	}
	for name, spoil := range map[string]func(*pdfsig.Prepared){
		"offset":       func(p *pdfsig.Prepared) { p.ContentsOffset++ },
		"negative":     func(p *pdfsig.Prepared) { p.ContentsOffset = -1 },
		"length":       func(p *pdfsig.Prepared) { p.ContentsLength = 1 << 62 },
		"odd":          func(p *pdfsig.Prepared) { p.ContentsLength-- },
		"revision":     func(p *pdfsig.Prepared) { p.Revision = nil },
		"certificates": func(p *pdfsig.Prepared) { p.Certificates = nil },
		"certificate":  func(p *pdfsig.Prepared) { p.Certificates = [][]byte{{1, 2, 3}} },
		"attributes":   func(p *pdfsig.Prepared) { p.SignedAttributes = nil },
	} {
		p := *good
		sigs, err := s.SignDigests(t.Context(), crypto.SHA256, [][]byte{p.Digest()})
		if err != nil {
			t.Fatal(err)
		}
		spoil(&p)
		if _, err := p.Complete(sigs[0]); err == nil {
			t.Errorf("%s: completed", name)
		}
	}
}

func TestSignatureReturnedIsChecked(t *testing.T) {
	for name, spoil := range map[string]func([]byte) []byte{
		"flipped": func(b []byte) []byte { b[10] ^= 1; return b },
		"short":   func(b []byte) []byte { return b[1:] },
		"empty":   func([]byte) []byte { return nil },
	} {
		s := newService(t)
		s.spoilSign = spoil
		_, err := pdfsig.Sign(t.Context(), open(t, pdftest.Classic()), s, s, options())
		var wrong *pdfsig.SignatureError
		if !errors.As(err, &wrong) {
			t.Errorf("B14, %s: %v", name, err)
		}
		if s.stamps != 0 {
			t.Errorf("B14, %s: a timestamp was bought for a bad signature", name)
		}
	}
}

func TestExpiredCertificateIsNotUsed(t *testing.T) {
	s := newService(t)
	opts := options()
	opts.Now = func() time.Time { return noon.Add(11 * time.Minute) }
	_, err := pdfsig.Sign(t.Context(), open(t, pdftest.Classic()), s, s, opts)
	if err == nil || s.signs != 0 {
		t.Errorf("%d signatures bought: %v", s.signs, err)
	}
}

func TestFileVanishes(t *testing.T) {
	in := &failingReader{Reader: bytes.NewReader(pdftest.Classic())}
	d, err := pdfsig.Open(in, in.Size(), nil)
	if err != nil {
		t.Fatal(err)
	}
	err = d.Check(options())
	if err != nil {
		t.Fatal(err)
	}
	in.broken = true
	_, err = d.Prepare(newService(t).Certificates(), options())
	var bad *pdfsig.MalformedError
	if !errors.Is(err, errDisk) || errors.As(err, &bad) {
		t.Errorf("a broken disk gives %v", err)
	}
}

var errDisk = errors.New("broken disk")

// failingReader is a file whose disk breaks.
type failingReader struct {
	*bytes.Reader
	broken bool
}

func (f *failingReader) ReadAt(b []byte, off int64) (int, error) {
	if f.broken {
		return 0, errDisk
	}
	return f.Reader.ReadAt(b, off)
}
