// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"path/filepath"
	"testing"

	"gsign/internal/pdf"
)

// What is measured is what was meant to be measured: our reader and its second opinion see a sound file.
func TestShapes(t *testing.T) {
	for name, s := range map[string]shape{
		"objects": {objects: 1000}, "packed": {objects: 1000, packed: true}, "pages": {pages: 200},
		"packed pages": {pages: 200, packed: true}, "fields": {fields: 300}, "noise": {noise: 1<<20 + 5},
	} {
		path := filepath.Join(t.TempDir(), "x.pdf")
		if err := s.write(path); err != nil {
			t.Fatal(err)
		}
		f, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		fi, err := f.Stat()
		if err != nil {
			t.Fatal(err)
		}
		p, err := pdf.Open(f, fi.Size())
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if o, err := p.SecondOpinion(t.Context()); err != nil || o.Skipped != "" || len(p.Damage()) > 0 {
			t.Errorf("%s: %v %v %v", name, o, err, p.Damage())
		}
		if n, err := p.CountPages(); err != nil || n != max(1, s.pages) {
			t.Errorf("%s: %d pages, %v", name, n, err)
		}
		_ = f.Close()
	}
}
