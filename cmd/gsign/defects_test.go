// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"
	"time"

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
