// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gsign/internal/changes/attacks"
	"gsign/internal/defects"
	"gsign/internal/term"
)

// TestVerifyDefects holds the exit code, and the reason that is given first, against the headers of the files with one defect.
func TestVerifyDefects(t *testing.T) {
	dir := filepath.Join("..", "..", "testdata", "defects")
	all, _, err := defects.Read(dir)
	if err != nil || len(all) < 100 {
		t.Fatalf("%d files: %v", len(all), err)
	}
	for _, c := range all {
		var out, errOut bytes.Buffer
		code := run(t.Context(), []string{
			"verify", "--trust", filepath.Join(dir, defects.Trust), "--at", c.Time.Format(time.RFC3339), filepath.Join(dir, c.Name+".pdf"),
		}, &term.Streams{Out: &out, Err: &errOut})
		if code != c.Exit || code != 0 && !strings.Contains(errOut.String(), c.SubIndication) || code != 0 && !strings.Contains(errOut.String(), c.Finding) {
			t.Errorf("%s: exit code %d, want %d because of %q:\n%s%s", c.Name, code, c.Exit, c.Finding, out.String(), errOut.String())
		}
	}
}

// TestVerifyAttacks holds the exit code against what must be said of the attack files: the honest ones pass, with what they carry.
func TestVerifyAttacks(t *testing.T) {
	all, roots := attacks.All(t)
	dir := t.TempDir()
	trust, file := filepath.Join(dir, "roots.der"), filepath.Join(dir, "attack.pdf")
	var ders []byte
	for _, c := range roots {
		ders = append(ders, c.Raw...)
	}
	if err := os.WriteFile(trust, ders, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range all {
		if err := os.WriteFile(file, c.Bytes, 0o600); err != nil {
			t.Fatal(err)
		}
		var out, errOut bytes.Buffer
		code := run(t.Context(), []string{"verify", "--trust", trust, "--at", attacks.Noon.Add(time.Hour).Format(time.RFC3339), file}, &term.Streams{Out: &out, Err: &errOut})
		want, known := map[attacks.Outcome]int{attacks.Good: 0, attacks.Suspicious: 11, attacks.Forbidden: 10}[c.Want]
		if known && code != want || !known && code == 0 {
			t.Errorf("%s (%s): exit code %d, want %d:\n%s%s", c.Name, c.Want, code, want, out.String(), errOut.String())
		}
	}
}
