// SPDX-License-Identifier: Apache-2.0

package pdfsig_test

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"gsign/internal/testenv"
	"gsign/pkg/pdfsig"
)

// TestCorpus prepares every tenth file that was found in the world: each is signed, refused, or called malformed, and
// what is signed reads back as a whole signature.
func TestCorpus(t *testing.T) {
	chain := newService(t).Certificates()
	files, count := 0, map[string]int{}
	err := filepath.WalkDir(filepath.Join(testenv.Shared(t), "corpus"), func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || filepath.Ext(path) != ".pdf" {
			return err
		}
		files++
		if files%10 != 0 {
			return nil
		}
		in, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		p, err := prepare(in, chain)
		var refused *pdfsig.RefusedError
		var bad *pdfsig.MalformedError
		switch {
		case errors.As(err, &refused):
			count["refused"]++
			return nil
		case errors.As(err, &bad):
			count["malformed"]++
			return nil
		case err != nil:
			t.Errorf("%s: %v", path, err)
			return nil
		}
		count["signed"]++
		sigs, err := open(t, append(bytes.Clone(in), p.Revision...)).Signatures()
		if err != nil || len(sigs) == 0 || !sigs[len(sigs)-1].Whole || sigs[len(sigs)-1].Field != p.Field {
			t.Errorf("%s: field %q is not found: %v", path, p.Field, err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Log(count)
	if count["signed"] < 90 {
		t.Errorf("only %v", count)
	}
}
