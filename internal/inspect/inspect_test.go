// SPDX-License-Identifier: Apache-2.0

package inspect_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gsign/internal/changes/attacks"
	"gsign/internal/inspect"
	"gsign/pkg/pdfsig"
)

func look(t *testing.T, b []byte) (*inspect.Report, error) {
	t.Helper()
	d, err := pdfsig.Open(bytes.NewReader(b), int64(len(b)), nil)
	if err != nil {
		return nil, err
	}
	return inspect.Document(t.Context(), d)
}

// TestAttacks looks into every attack file: the revisions fill the file, and each signature is there.
func TestAttacks(t *testing.T) {
	all, _ := attacks.All(t)
	for _, c := range all {
		r, err := look(t, c.Bytes)
		if err != nil {
			if c.Want != attacks.Broken {
				t.Errorf("%s: %v", c.Name, err)
			}
			continue
		}
		if c.Name == "honest-prolonged" {
			stored(t, r)
		}
		end := int64(0)
		for _, rev := range r.Revisions {
			if rev.Start != end {
				t.Errorf("%s: revision %d begins at %d, the one before ends at %d", c.Name, rev.Number, rev.Start, end)
			}
			end = rev.End
		}
		if end != r.Size || len(r.Signatures) == 0 && c.Want != attacks.Broken {
			t.Errorf("%s: revisions end at %d of %d, %d signatures", c.Name, end, r.Size, len(r.Signatures))
		}
	}
}

func stored(t *testing.T, r *inspect.Report) {
	t.Helper()
	var brought []string
	for _, rev := range r.Revisions {
		brought = append(brought, rev.Brought...)
	}
	said := strings.Join(brought, ", ")
	if !strings.HasPrefix(said, "signature First, ") || !strings.Contains(said, "security store") || !strings.Contains(said, "document timestamp") {
		t.Errorf("brought: %s", said)
	}
	for _, s := range r.Signatures {
		if s.CMS == nil || s.Timestamp != (s.CMS.DocumentStamp != nil) || s.CMS.Signer == nil {
			t.Errorf("%s: %+v", s.Field, s.CMS)
		}
	}
}

// brittle is a disk that breaks after some reads.
type brittle struct {
	*bytes.Reader
	left int
}

var errDisk = errors.New("input/output error")

func (b *brittle) ReadAt(p []byte, off int64) (int, error) {
	b.left--
	if b.left < 0 {
		return 0, errDisk
	}
	return b.Reader.ReadAt(p, off)
}

// A disk that breaks is an error, and not a part of the file that could not be read.
func TestReadErrors(t *testing.T) {
	all, _ := attacks.All(t)
	at := slices.IndexFunc(all, func(c attacks.Case) bool { return c.Name == "honest-prolonged" })
	b := all[at].Bytes
	for n := 0; ; n++ {
		r := &brittle{Reader: bytes.NewReader(b), left: 1 << 20}
		d, err := pdfsig.Open(r, int64(len(b)), nil)
		if err != nil {
			t.Fatal(err)
		}
		r.left = n
		report, err := inspect.Document(t.Context(), d)
		if r.left >= 0 {
			if err != nil || len(report.Problems) > 0 || n < 8 {
				t.Errorf("after %d reads: %v", n, err)
			}
			return
		}
		if !errors.Is(err, errDisk) {
			t.Errorf("the disk broke after %d reads: %v", n, err)
		}
	}
}

// TestConformance finds what the names of the files in testdata say.
func TestConformance(t *testing.T) {
	for name, want := range map[string]string{
		"libreoffice-pdfa-2b.pdf": "PDF/A-2b", "weasyprint-pdfa-2a-ua.pdf": "PDF/A-2a PDF/UA-1", "weasyprint-ua-2.pdf": "PDF/UA-2",
		"weasyprint-pdfa-4.pdf": "PDF/A-4", "fpdf2.pdf": "",
	} {
		b, err := os.ReadFile(filepath.Join("..", "..", "testdata", "pdfs", name))
		if err != nil {
			t.Fatal(err)
		}
		r, err := look(t, b)
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(r.Conformance, " "); got != want {
			t.Errorf("%s claims %q, want %q", name, got, want)
		}
	}
}

func FuzzDocument(f *testing.F) {
	for _, name := range []string{"fpdf2.pdf", "pyhanko-approved.pdf", "three-revisions.pdf", "qpdf-encrypted-aes256.pdf", "field-empty.pdf"} {
		b, err := os.ReadFile(filepath.Join("..", "..", "testdata", "pdfs", name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := look(t, b)
		if err == nil && len(r.Revisions) == 0 {
			t.Error("a file without a revision")
		}
	})
}
