// SPDX-License-Identifier: Apache-2.0

package verify_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"errors"
	"hash/fnv"
	"io"
	"maps"
	"os"
	"path/filepath"
	"runtime/metrics"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"gsign/internal/pdf"
	"gsign/internal/pdf/pdftest"
	"gsign/internal/pkix/pkixtest"
	"gsign/internal/testenv"
	"gsign/pkg/pdfsig"
	"gsign/pkg/verify"
)

// fieldNames are the fields asked for: none, one that form files of the seeds have, one that is taken in many.
var fieldNames = [...]string{"", "Approval", "Signature1"}

// FuzzSign asks of any bytes that they give an error, or a signed file that begins with them, that our strict reader
// opens with as many pages as before (or with no more damage), whose signature verifies, and that qpdf likes no less. Work is
// bounded by counts: of bytes read and of bytes allocated.
//
// qpdf takes longer than all the rest: of the inputs that could be signed it is shown one in GSIGN_FUZZ_QPDF (none
// without).
func FuzzSign(f *testing.F) {
	for _, data := range seeds(f) {
		f.Add(data, byte(0))
		f.Add(data, byte(1))
	}
	every := judgeEvery(f)
	f.Fuzz(func(t *testing.T, data []byte, mode byte) {
		before := allocated()
		out, r := signAny(t, data, fieldNames[int(mode)%len(fieldNames)])
		if n := allocated() - before; n > allocationBound(len(data)) {
			t.Errorf("%d bytes allocated for a file of %d", n, len(data))
		}
		if n := r.bytes.Load(); n > readBound(len(data)) {
			t.Errorf("%d bytes read of a file of %d", n, len(data))
		}
		if out != nil && every > 0 && digest(data)%every == 0 {
			judge(t, data, out)
		}
	})
}

func allocationBound(size int) uint64 { return 512<<20 + 512*uint64(size) }
func readBound(size int) int64        { return 64<<20 + 512*int64(size) }

// signAny signs and checks the result; nil where the input was refused.
func signAny(t *testing.T, data []byte, field string) ([]byte, *meteredReader) {
	t.Helper()
	r := &meteredReader{r: bytes.NewReader(data)}
	doc, err := pdfsig.Open(r, int64(len(data)), nil)
	if err != nil {
		mustBlameFile(t, "open", err)
		return nil, r
	}
	pages, err := doc.File().PageCount()
	if err != nil {
		mustBlameFile(t, "count pages", err)
		return nil, r
	}
	options := &pdfsig.Options{Field: field, Time: noon, Now: nowStamped}
	if err := doc.Check(options); err != nil {
		mustBlameFile(t, "check", err)
		return nil, r
	}
	// What was found good may not fail any more: from here on it costs money.
	signed, err := pdfsig.Sign(t.Context(), doc, quickSigner(t), nil, options)
	if err != nil {
		t.Fatalf("passed the check and is not signed: %v", err)
	}
	suffix, err := signed.Suffix()
	if err != nil {
		t.Fatalf("signed, and not embedded: %v", err)
	}
	out := append(bytes.Clone(data), suffix...)
	size := int64(len(out))
	r.r = bytes.NewReader(out)
	report, err := verify.Verify(t.Context(), r, size, &verify.Options{
		AnyRoot: true,
		Field:   signed.Prepared.Field, Require: verify.BB, RequireWholeDocument: true, Time: stamped,
	})
	if err != nil || len(report.Signatures) != 1 {
		t.Fatalf("does not verify: %v", err)
	}
	again, err := pdf.OpenWith(r, size, &pdf.Options{Strict: true})
	if err == nil {
		_, err = again.PageCount()
	}
	if before := doc.File().Damage(); err != nil && len(before) > 0 {
		// Not all damage can be undone by what is appended: a missing header, wrong entries for what nobody needs.
		again, err = pdf.Open(r, size)
		if err == nil && len(again.Damage()) > len(before) {
			t.Fatalf("damage %v became %v", before, again.Damage())
		}
	}
	if err != nil {
		t.Fatalf("does not open strictly: %v", err)
	}
	if n, err := again.PageCount(); err != nil || n != pages {
		t.Fatalf("has %d pages instead of %d: %v", n, pages, err)
	}
	return out, r
}

// fastSigner has an elliptic key: the signature takes less time than the rest.
type fastSigner struct {
	key   crypto.Signer
	chain []*x509.Certificate
}

var (
	fastOnce sync.Once
	fastBuf  fastSigner
)

func quickSigner(tb testing.TB) fastSigner {
	tb.Helper()
	fastOnce.Do(func() {
		key := pkixtest.ECKey(tb, "fuzz")
		leaf := pki(tb).CA.Leaf(tb, "TEST fuzz", key, noon, noon.Add(time.Hour))
		chain := append([]*x509.Certificate{leaf.Certificate}, pki(tb).Chain()[1:]...)
		fastBuf = fastSigner{key, chain}
	})
	return fastBuf
}

func (s fastSigner) Certificates() []*x509.Certificate { return s.chain }
func (s fastSigner) MaxDigests() int                   { return 1 }

func (s fastSigner) SignDigests(_ context.Context, h crypto.Hash, digests [][]byte) ([][]byte, error) {
	sig, err := s.key.Sign(rand.Reader, digests[0], h)
	return [][]byte{sig}, err
}

// mustBlameFile accepts the errors that say what is wrong with the file. Here is no machine to blame.
func mustBlameFile(t *testing.T, what string, err error) {
	t.Helper()
	_, refused := errors.AsType[*pdfsig.RefusedError](err)
	_, unsupported := errors.AsType[*pdf.UnsupportedError](err)
	if !refused && !unsupported && !pdf.IsMalformed(err) && !pdf.IsLocked(err) {
		t.Fatalf("%s: neither bad nor refused: %v", what, err)
	}
}

type meteredReader struct {
	r     io.ReaderAt
	bytes atomic.Int64
}

func (c *meteredReader) ReadAt(p []byte, off int64) (int, error) {
	c.bytes.Add(int64(len(p)))
	return c.r.ReadAt(p, off)
}

// allocated is how many bytes the process has allocated so far.
func allocated() uint64 {
	sample := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}

func digest(data []byte) uint64 {
	h := fnv.New64a()
	h.Write(data)
	return h.Sum64()
}

// seeds are the files of testdata/pdfs, all shapes that pdftest writes, and those with one thing changed in each.
func seeds(f *testing.F) [][]byte {
	var all [][]byte
	dir := filepath.Join(testenv.Root(f), "testdata", "pdfs")
	names, err := filepath.Glob(filepath.Join(dir, "*.pdf"))
	if err != nil || len(names) == 0 {
		f.Fatalf("no seeds in %s: %v", dir, err)
	}
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		all = append(all, data)
	}
	shapes := pdftest.Shapes()
	for _, name := range slices.Sorted(maps.Keys(shapes)) {
		data := shapes[name]
		all = append(all, data)
		for _, c := range changes {
			if b := bytes.Replace(data, []byte(c[0]), []byte(c[1]), 1); !bytes.Equal(b, data) {
				all = append(all, b)
			}
		}
	}
	return append(all, pdftest.Encrypted())
}

// changes are what writers get wrong. The offsets after them become wrong too, which is part of it.
var changes = [][2]string{
	{"startxref\n", "startxref\n1"},
	{"/Type /Catalog", ""},
	{"/Type /Pages", "/Type /Page"},
	{"/Type /Page ", "/Kids [2 0 R] "},
	{"/Count ", "/Count -"},
	{"/Kids [", "/Kids [null 2 0 R "},
	{"/Length ", "/Length 9"},
	{"/Size ", "/Size 1"},
	{"/Root 1 0 R", "/Root 1 0 R /Prev 0"},
	{"/Pages 2 0 R", "/Pages 2 0 R /AcroForm 2 0 R /DSS 1 0 R"},
	{"/Parent 2 0 R", "/Parent 3 0 R /Annots 2 0 R"},
	{"/Fields [", "/Fields [7 0 R "},
	{"/T (", "/T <> /TU ("},
	{"endobj\n", "\n"},
	{"endstream", "endstrea"},
	{"xref\n0 ", "xref\n1 "},
	{"/Extends ", "/Extends 1"},
	{"%PDF-", "junk\n%PDF-"},
}

// judgeEvery is how many signed files there are for each one that qpdf is shown; 0 for never.
func judgeEvery(f *testing.F) uint64 {
	v := os.Getenv("GSIGN_FUZZ_QPDF")
	if v == "" {
		return 0
	}
	n, err := strconv.ParseUint(v, 10, 32)
	if err != nil || n == 0 {
		f.Fatalf("GSIGN_FUZZ_QPDF=%s: not a number above 0", v)
	}
	return n
}
