// SPDX-License-Identifier: Apache-2.0

package pdfsig_test

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"gsign/internal/testenv"
	"gsign/pkg/pdfsig"
)

// TestCorpusSignedAgain adds a signature to each file that has some: those are as they were, and the revision that each
// covers still opens. A file is refused for a reason, never for damage that this signer could not cope with.
func TestCorpusSignedAgain(t *testing.T) {
	files, signed, refused, malformed := 0, 0, 0, 0
	err := filepath.WalkDir(filepath.Join(testenv.Shared(t), "corpus-signed"), func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || filepath.Ext(path) != ".pdf" {
			return err
		}
		files++
		in, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		name := filepath.Base(path)
		err = addSignature(t, name, in)
		var no *pdfsig.RefusedError
		var bad *pdfsig.MalformedError
		switch {
		case err == nil:
			signed++
		case errors.As(err, &no):
			refused++
			t.Logf("%s: %v", name, err)
		case errors.As(err, &bad):
			malformed++
			t.Logf("%s: %v", name, err)
		default:
			t.Errorf("%s: %v", name, err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d files: %d signed, %d refused, %d malformed", files, signed, refused, malformed)
	if signed < 200 || malformed > 1 {
		t.Errorf("%d of %d were signed, %d taken for malformed", signed, files, malformed)
	}
}

func addSignature(t *testing.T, name string, in []byte) error {
	t.Helper()
	d, err := pdfsig.Open(newReader(in), int64(len(in)), nil)
	if err != nil {
		return err
	}
	earlier, err := d.Signatures()
	if err != nil {
		return err
	}
	p, err := d.Prepare(newService(t).Certificates(), options())
	if err != nil {
		return err
	}
	out := append(bytes.Clone(in), p.Revision...)
	after := open(t, out)
	now, err := after.Signatures()
	if err != nil {
		return err
	}
	for _, was := range earlier {
		i := slices.IndexFunc(now, func(s pdfsig.Signature) bool {
			return s.Field == was.Field && slices.Equal(s.ByteRange, was.ByteRange) && bytes.Equal(s.Contents, was.Contents)
		})
		if i < 0 {
			t.Errorf("%s: signature %q is not what it was", name, was.Field)
			continue
		}
		if len(was.Problems) == 0 && len(now[i].Problems) > 0 { // a range beyond the end of the file may end within it now
			t.Errorf("%s: signature %q has problems now: %v", name, was.Field, now[i].Problems)
		}
		end := was.RevisionEnd()
		if end <= 0 || end > int64(len(in)) || len(was.Problems) > 0 {
			continue
		}
		if _, err := pdfsig.Open(newReader(out[:end]), end, nil); err != nil {
			t.Errorf("%s: the revision of %q does not open: %v", name, was.Field, err)
		}
	}
	i := slices.IndexFunc(now, func(s pdfsig.Signature) bool { return s.Field == p.Field && s.Whole })
	if i < 0 || len(now) != len(earlier)+1 {
		t.Errorf("%s: %d signatures and one more are %d; the new one is not found: %v", name, len(earlier), len(now), i < 0)
	}
	return nil
}
