// SPDX-License-Identifier: Apache-2.0

package verify_test

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"gsign/internal/testenv"
	"gsign/pkg/verify"
)

// TestCorpusSigned judges every file that other products signed: most are sound, all give an answer.
func TestCorpusSigned(t *testing.T) {
	dir := filepath.Join(testenv.Shared(t), "corpus-signed")
	count := map[string]int{}
	levels := map[verify.Level]int{}
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || filepath.Ext(path) != ".pdf" {
			return err
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		report, err := verify.Verify(t.Context(), bytes.NewReader(b), int64(len(b)), &verify.Options{AnyRoot: true})
		name, _ := filepath.Rel(dir, path)
		var wrong *verify.Error
		switch {
		case err == nil:
			count["sound"]++
		case errors.Is(err, verify.ErrNoSignature):
			count["unsigned"]++
		case errors.As(err, &wrong) && wrong.Undecided():
			count["undecided"]++
			t.Logf("%s: undecided: %v", name, err)
		case errors.As(err, &wrong):
			count["wrong"]++
			t.Logf("%s: wrong: %v", name, err)
		default:
			count["unreadable"]++
			t.Logf("%s: unreadable: %v", name, err)
		}
		if report == nil {
			return nil
		}
		untrusted, _ := verify.Verify(t.Context(), bytes.NewReader(b), int64(len(b)), nil)
		for i, s := range report.Signatures {
			if u := untrusted.Signatures[i]; u.Indication < verify.Indeterminate || u.SubIndication == "" || len(u.Findings) == 0 {
				t.Errorf("%s: %q passes without an anchor: %v %s", name, s.Signature.Field, u.Indication, u.SubIndication)
			}
			levels[s.Level]++
			if len(s.Missing) > 0 {
				t.Logf("%s: %q is %v: %v", name, s.Signature.Field, s.Level, s.Missing)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Log(count, levels)
	if count["sound"] < 120 || levels[verify.BLTA] < 5 || levels[verify.BT] < 40 {
		t.Errorf("judged %v, levels %v", count, levels)
	}
}
