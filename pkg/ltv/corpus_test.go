// SPDX-License-Identifier: Apache-2.0

package ltv

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gsign/internal/testenv"
	"gsign/pkg/pdfsig"
)

// Security stores of other producers are read, and their /VRI keys are made as ours are (D8): decoded /Contents with
// the padding.
func TestCorpus(t *testing.T) {
	root := filepath.Join(testenv.Shared(t), "corpus-signed")
	stores, keys, matched := 0, 0, 0
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(strings.ToLower(path), ".pdf") {
			return err
		}
		info, err := d.Info()
		if err != nil || info.Size() > 4<<20 {
			return err
		}
		file, err := os.Open(path)
		if err != nil {
			return err
		}
		defer file.Close()
		doc, err := pdfsig.Open(file, info.Size(), nil)
		if err != nil {
			return nil //nolint:nilerr // the corpus holds broken files
		}
		s, err := readStore(doc.File())
		if err != nil || s.dict == nil {
			return nil //nolint:nilerr // the same
		}
		stores++
		if len(s.data(keyCerts))+len(s.data(keyOCSPs))+len(s.data(keyCRLs)) == 0 {
			t.Logf("%s: an empty store", filepath.Base(path))
		}
		sigs, err := doc.Signatures()
		if err != nil {
			return nil //nolint:nilerr // the same
		}
		for _, sig := range sigs {
			if _, ok := s.vri[vriKey(sig.Contents)]; ok {
				matched++
			}
		}
		keys += len(s.vri)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d stores, %d /VRI entries, %d of them named after a signature's /Contents", stores, keys, matched)
	if stores < 10 || matched < 10 {
		t.Errorf("%d stores and %d matching /VRI keys, want more: the samples have them", stores, matched)
	}
}
