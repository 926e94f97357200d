// SPDX-License-Identifier: Apache-2.0

package verify_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	later "gsign/internal/changes"
	"gsign/internal/changes/attacks"
	"gsign/pkg/verify"
)

// TestAttacks verifies every attack file and every honest one as the command does: no attack may be called good, nothing
// honest bad. What must be said of each is in the test of package changes.
func TestAttacks(t *testing.T) {
	all, roots := attacks.All(t)
	for _, c := range all {
		bad, said := judgedBad(t, c, &verify.Options{Roots: roots, Changes: true, Time: attacks.Noon.Add(time.Hour)})
		if bad == (c.Want == attacks.Good) {
			t.Errorf("%s (%s): bad is %v: %s", c.Name, c.Want, bad, said)
		}
	}
}

// judgedBad reports whether something speaks against a file. They carry evidence about everybody: where what followed a signature
// is the attack, the signatures are sound.
func judgedBad(t *testing.T, c attacks.Case, opts *verify.Options) (bad bool, said string) {
	t.Helper()
	report, err := verify.Verify(t.Context(), bytes.NewReader(c.Bytes), int64(len(c.Bytes)), opts)
	if err != nil {
		if c.Want == attacks.Suspicious || c.Want == attacks.Forbidden {
			t.Errorf("%s (%s): %v", c.Name, c.Want, err)
		}
		return true, err.Error()
	}
	var texts []string
	for i := range report.Signatures {
		cmp := report.Signatures[i].Comparison
		bad = bad || cmp.Verdict() != later.Allowed
		for _, ch := range cmp.Changes {
			texts = append(texts, ch.String())
		}
	}
	return bad, strings.Join(texts, "\n")
}

// TestWholeDocumentCompared demands that nothing but evidence and timestamps follow: with a comparison and without one.
func TestWholeDocumentCompared(t *testing.T) {
	all, _ := attacks.All(t)
	for _, c := range all {
		want, quick := false, false
		switch strings.TrimSuffix(c.Name, "-stream") {
		case "honest-alone", "honest-timestamp", "honest-certified-1-timestamp", "honest-second", "honest-second-after-store",
			"honest-second-visible", "honest-existing-field", "honest-existing-field-look", "honest-existing-field-look-indirect", "honest-certified-2-second", "honest-certified-2-existing-field",
			"honest-certified-3-all", "honest-store", "honest-certified-1-store", "honest-prolonged", "honest-locked-all-second", "honest-locked-others-second", "honest-many", "honest-broken-between":
			want, quick = true, true // the newest signature has nothing after it, or a security store
		case "honest-written-again", "honest-left-behind":
			want = true
		}
		if c.Want == attacks.Broken || strings.HasPrefix(c.Name, "ssa") {
			continue
		}
		for _, compare := range []bool{true, false} {
			_, err := verify.Verify(t.Context(), bytes.NewReader(c.Bytes), int64(len(c.Bytes)), &verify.Options{
				AnyRoot: true, Changes: compare, RequireWholeDocument: true, Time: attacks.Noon.Add(time.Hour),
			})
			met := err == nil
			var unmet *verify.DemandError
			if err != nil && !errors.As(err, &unmet) && c.Want == attacks.Good {
				t.Errorf("%s: %v", c.Name, err)
			}
			if c.Want == attacks.Good && met != (compare && want || quick) {
				t.Errorf("%s, compared: %v: met is %v, %v", c.Name, compare, met, err)
			}
		}
	}
}
