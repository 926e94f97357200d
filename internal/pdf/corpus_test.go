// SPDX-License-Identifier: Apache-2.0

package pdf

import (
	"bufio"
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gsign/internal/testenv"
)

// patience tells a file that takes for ever from a machine that is busy: the slowest takes 0.1 s.
const patience = 3 * time.Minute

// TestCorpus reads and updates third-party files. Those that qpdf finds clean must be read; the others too, or be refused
// as malformed.
func TestCorpus(t *testing.T) {
	dir := testenv.Shared(t)
	clean := cleanFiles(t, filepath.Join(dir, "corpus"))
	count := map[string]int{}
	for _, folder := range []string{"corpus", "corpus-signed"} {
		err := filepath.WalkDir(filepath.Join(dir, folder), func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || filepath.Ext(path) != ".pdf" {
				return err
			}
			b, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			start := time.Now()
			result, err := readAndUpdate(b)
			if took := time.Since(start); took > patience {
				t.Errorf("%s takes %v", path, took)
			}
			rel, _ := filepath.Rel(filepath.Join(dir, "corpus"), path)
			if err != nil && (!IsMalformed(err) || clean[rel]) {
				t.Errorf("%s: %v", path, err)
			}
			count[result]++
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("%v", count)
	if count["updated"] < 1000 {
		t.Errorf("only %d files could be updated", count["updated"])
	}
}

// cleanFiles reads from the manifest which files qpdf finds clean.
func cleanFiles(t *testing.T, dir string) map[string]bool {
	t.Helper()
	f, err := os.Open(filepath.Join(dir, "MANIFEST.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	clean := map[string]bool{}
	for s := bufio.NewScanner(f); s.Scan(); {
		fields := strings.Split(s.Text(), "\t")
		if len(fields) > 3 && fields[3] == "clean" {
			clean[filepath.FromSlash(fields[0])] = true
		}
	}
	if len(clean) < 500 {
		t.Fatalf("manifest with %d clean files", len(clean))
	}
	return clean
}

// readAndUpdate gives "locked", "updated", or "refused" with the reason.
func readAndUpdate(b []byte) (string, error) {
	f, err := openBytes(b)
	if IsLocked(err) {
		return "locked", nil
	}
	if err != nil {
		return "refused", err
	}
	pages, err := f.CountPages()
	if err != nil {
		return "refused", err
	}
	catalog, err := f.Catalog()
	if err != nil {
		return "refused", err
	}
	u := f.NewUpdate()
	ref := u.Alloc()
	u.SetStream(ref, nil, []byte("data"))
	catalog["GsignTest"] = ref
	u.Set(f.Root(), catalog)
	rev, err := u.Build()
	if err != nil {
		return "not updated", err
	}
	g, err := Open(Joined(bytes.NewReader(b), int64(len(b)), rev.Bytes))
	if err != nil {
		return "broken", broken(err)
	}
	if n, err := g.CountPages(); n != pages || err != nil {
		return "broken", broken(err)
	}
	s, err := g.Stream(ref)
	if err != nil || s == nil {
		return "broken", broken(err)
	}
	data, err := g.StreamData(s, 10)
	if string(data) != "data" || err != nil {
		return "broken", broken(err)
	}
	return "updated", nil
}

// brokenError keeps a broken update from passing as a malformed file.
type brokenError struct{ reason string }

func (e brokenError) Error() string { return "broken by the update: " + e.reason }

func broken(err error) error {
	if err == nil {
		return brokenError{"something is not there"}
	}
	return brokenError{err.Error()}
}
