// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"path/filepath"
	"testing"

	"gsign/internal/sign"
)

// A result that cannot be written leaves the old one, and no piece of a new one.
func TestReportIsWholeOrAbsent(t *testing.T) {
	dir := t.TempDir()
	for name, old := range map[string]string{"new.json": "", "old.json": "the old one"} {
		path := filepath.Join(dir, name)
		if old != "" {
			if err := os.WriteFile(path, []byte(old), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		file, err := openReport(&signFlags{json: path})
		if err != nil {
			t.Fatal(err)
		}
		_ = file.Close() // as a full disk: nothing can be written
		if err := file.write(&sign.Result{}); err == nil {
			t.Error("no error")
		}
		if b, _ := os.ReadFile(path); string(b) != old {
			t.Errorf("%s holds %q", name, b)
		}
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 1 {
		t.Errorf("left behind: %v", entries)
	}
}
