// SPDX-License-Identifier: Apache-2.0

package changes_test

import (
	"bytes"
	"strings"
	"testing"

	"gsign/internal/changes"
	"gsign/internal/changes/attacks"
	"gsign/pkg/pdfsig"
)

// judge gives the worst that is said of any signature of a file, and all that is said.
func judge(tb testing.TB, b []byte) (attacks.Outcome, string) {
	tb.Helper()
	d, err := pdfsig.Open(bytes.NewReader(b), int64(len(b)), nil)
	if err != nil {
		return attacks.Broken, err.Error()
	}
	sigs, err := d.Signatures()
	if err != nil {
		return attacks.Broken, err.Error()
	}
	var said []string
	worst := changes.Allowed
	broken := len(sigs) == 0
	for i := range sigs {
		for _, p := range sigs[i].Problems {
			broken = true
			said = append(said, p.Check+" "+p.Text)
		}
		if sigs[i].CMS == nil {
			broken = true
		}
		c, err := changes.Compare(tb.Context(), d, &sigs[i], sigs)
		if err != nil {
			tb.Fatal(err)
		}
		worst = max(worst, c.Verdict())
		for _, ch := range c.Changes {
			said = append(said, sigs[i].Field+": "+ch.String())
		}
	}
	out := map[changes.Verdict]attacks.Outcome{
		changes.Allowed: attacks.Good, changes.Suspicious: attacks.Suspicious, changes.Forbidden: attacks.Forbidden,
	}[worst]
	if broken {
		out = attacks.Broken
	}
	return out, strings.Join(said, "\n  ")
}

// TestAttacks holds every attack file and every honest one against what must be said of it. What a signature's value
// would tell is not asked here: those files are in the test of package verify.
func TestAttacks(t *testing.T) {
	all, _ := attacks.All(t)
	if len(all) < 150 {
		t.Errorf("%d files", len(all))
	}
	for _, c := range all {
		if c.Value {
			continue
		}
		got, said := judge(t, c.Bytes)
		if got != c.Want || !strings.Contains(said, c.Reason) {
			t.Errorf("%s is %s, want %s (%s):\n  %s", c.Name, got, c.Want, c.Reason, said)
		}
	}
}
