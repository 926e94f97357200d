// SPDX-License-Identifier: Apache-2.0

package verify_test

import (
	"bytes"
	"crypto/x509"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	later "gsign/internal/changes"
	"gsign/internal/defects"
	"gsign/pkg/verify"
)

// TestDefects holds every file with one defect, and every honest one, against what its header says: as they are stored, and as
// they are made anew with other keys.
func TestDefects(t *testing.T) {
	stored, roots, err := defects.Read(filepath.Join("..", "..", "testdata", "defects"))
	if err != nil {
		t.Fatal(err)
	}
	made, madeRoots := defects.All(t)
	if len(stored) < 100 || len(stored) != len(made) {
		t.Errorf("%d files stored, %d made: go run ./scripts/gen-defects testdata/defects", len(stored), len(made))
	}
	headers := map[string]defects.Case{}
	for _, c := range stored {
		judgeDefect(t, "stored", c, roots)
		c.Bytes = nil
		headers[c.Name] = c
	}
	for _, c := range made {
		judgeDefect(t, "made", c, madeRoots)
		c.Bytes = nil
		was := headers[c.Name]
		if !c.Time.Equal(was.Time) || c.Indication != was.Indication || c.SubIndication != was.SubIndication || c.Level != was.Level || c.Exit != was.Exit ||
			c.Defect != was.Defect || c.Clause != was.Clause || c.Finding != was.Finding {
			t.Errorf("%s: made %+v, the header says %+v", c.Name, c, was)
		}
	}
}

// judgeDefect verifies one file. What is wrong with the file is in the worst of its signatures.
func judgeDefect(t *testing.T, how string, c defects.Case, roots []*x509.Certificate) {
	t.Helper()
	report, err := verify.Verify(t.Context(), bytes.NewReader(c.Bytes), int64(len(c.Bytes)), &verify.Options{Roots: roots, Time: c.Time, Changes: true})
	var wrong *verify.Error
	if err != nil && !errors.As(err, &wrong) {
		t.Errorf("%s (%s): %v", c.Name, how, err)
		return
	}
	if len(report.Signatures) == 0 {
		t.Errorf("%s (%s): no signature", c.Name, how)
		return
	}
	var worst, signature *verify.SignatureReport
	for i := range report.Signatures {
		s := &report.Signatures[i]
		if worst == nil || s.Indication > worst.Indication {
			worst = s
		}
		if signature == nil && !s.Signature.Timestamp {
			signature = s
		}
		if s.Comparison.Verdict() != later.Allowed {
			t.Errorf("%s (%s): changes are not allowed: %v", c.Name, how, s.Comparison.Changes)
		}
	}
	if signature == nil {
		signature = worst
	}
	var texts []string
	for _, f := range append(worst.Findings, worst.Missing...) {
		texts = append(texts, f.String())
	}
	said := strings.Join(texts, "\n  ")
	if worst.Indication.String() != c.Indication || string(worst.SubIndication) != c.SubIndication || signature.Level.String() != c.Level {
		t.Errorf("%s (%s): %v %s %v, want %s %s %s:\n  %s", c.Name, how, worst.Indication, worst.SubIndication, signature.Level, c.Indication, c.SubIndication, c.Level, said)
		return
	}
	if c.Finding != "" && (len(texts) == 0 || !strings.Contains(texts[0], c.Finding)) {
		t.Errorf("%s (%s): want %q:\n  %s", c.Name, how, c.Finding, said)
	}
}

// TestSubIndications wants a file for each sub-indication that there is.
func TestSubIndications(t *testing.T) {
	source, err := os.ReadFile("indication.go")
	if err != nil {
		t.Fatal(err)
	}
	all, _, err := defects.Read(filepath.Join("..", "..", "testdata", "defects"))
	if err != nil {
		t.Fatal(err)
	}
	names := regexp.MustCompile(`SubIndication = "([A-Z_]+)"`).FindAllSubmatch(source, -1)
	if len(names) < 20 {
		t.Errorf("%d sub-indications", len(names))
	}
	for _, name := range names {
		if string(name[1]) == string(verify.NoCertificateChainFoundNoPOE) {
			continue // no file shows it: it is about anchors that are not trusted any more, which TestAnchors has
		}
		if !slices.ContainsFunc(all, func(c defects.Case) bool { return c.SubIndication == string(name[1]) }) {
			t.Errorf("no file is %s", name[1])
		}
	}
}
