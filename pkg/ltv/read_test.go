// SPDX-License-Identifier: Apache-2.0

package ltv

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"gsign/internal/pdf"
	"gsign/internal/pdf/pdftest"
	"gsign/internal/pkix/pkixtest"
	"gsign/pkg/pdfsig"
)

// scattered is a file with a security store whose parts are far from each other: one certificate in the array, one in a /VRI
// entry alone, and a stream that only programs for images can decode.
func scattered(t *testing.T) []byte {
	t.Helper()
	p := pkixtest.New(t, time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC))
	in := pdftest.Classic()
	f := openPDF(t, in)
	u := f.NewUpdate()
	far := func() { u.SetStream(u.Alloc(), pdf.Dict{}, []byte(strings.Repeat("far\n", 20<<10))) }
	cert := func(der []byte, dict pdf.Dict) pdf.Ref {
		far()
		ref := u.Alloc()
		u.SetStream(ref, dict, der)
		return ref
	}
	alone, foreign := cert(p.Leaf.Certificate.Raw, pdf.Dict{}), cert([]byte{1}, pdf.Dict{"Filter": pdf.Name("DCTDecode")})
	other := cert(p.CA.Certificate.Raw, pdf.Dict{})
	far()
	list, entry := u.Alloc(), u.Alloc()
	u.Set(list, pdf.Array{other})
	far()
	u.Set(entry, pdf.Dict{"Cert": list})
	far()
	catalog, err := f.Catalog()
	if err != nil {
		t.Fatal(err)
	}
	catalog["DSS"] = pdf.Dict{"Certs": pdf.Array{foreign, alone}, "VRI": pdf.Dict{pdf.Name(strings.Repeat("A", 40)): entry}}
	u.Set(f.Root(), catalog)
	rev, err := u.Build()
	if err != nil {
		t.Fatal(err)
	}
	return append(bytes.Clone(in), rev.Bytes...)
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

// A disk that breaks is never taken for a store that holds less; a stream of another kind hides nothing.
func TestReadStoreErrors(t *testing.T) {
	file := scattered(t)
	for n := 0; ; n++ {
		r := &brittle{Reader: bytes.NewReader(file), left: 1 << 20}
		doc, err := pdfsig.Open(r, int64(len(file)), nil)
		if err != nil {
			t.Fatal(err)
		}
		r.left = n
		e, err := ReadStore(doc)
		switch {
		case r.left < 0 && !errors.Is(err, errDisk):
			t.Errorf("the disk broke after %d reads: %d certificates, %v", n, len(e.Certificates), err)
		case r.left >= 0 && (err != nil || len(e.Certificates) != 2):
			t.Errorf("%d certificates, %v", len(e.Certificates), err)
		}
		if r.left >= 0 {
			if n < 4 {
				t.Errorf("the store is read with %d reads", n)
			}
			return
		}
	}
}
