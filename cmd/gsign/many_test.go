// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"strings"
	"testing"

	"gsign/pkg/verify"
)

// TestManyChanges shows that signatures one after the other share their lists of changes, and that people are not told of
// each allowed change after each of them.
func TestManyChanges(t *testing.T) {
	all := make([]verify.Change, 100)
	for i := range all {
		all[i] = verify.Change{Revision: i + 2, Page: -1, Kind: "signature", Verdict: 1, Text: fmt.Sprintf("change %d", i)}
	}
	all[90].Verdict = 3
	var lists changeLists
	var results []*changesResult
	for i := range all {
		results = append(results, lists.result(&verify.Comparison{Changes: all[i:]}))
	}
	for i, r := range results {
		if len(r.Changes) != len(all)-i || r.Changes[0].Text != all[i].Text || &r.Changes[0] != &results[0].Changes[i] {
			t.Fatalf("after signature %d: %d changes, the first %v", i, len(r.Changes), r.Changes[0])
		}
	}
	other := lists.result(&verify.Comparison{Changes: []verify.Change{{Text: "another"}}})
	if len(other.Changes) != 1 || other.Changes[0].Text != "another" {
		t.Errorf("%v", other.Changes)
	}
	if none := lists.result(&verify.Comparison{}); none.Changes == nil || len(none.Changes) != 0 {
		t.Errorf("%v", none.Changes)
	}
	for _, verbose := range []bool{false, true} {
		v := &verifier{flags: &verifyFlags{verbose: verbose}}
		var list lines
		v.changes(&list, results[0].Changes)
		text := fmt.Sprint(list)
		if want := map[bool]int{false: shownChanges + 2, true: len(all)}[verbose]; len(list) != want {
			t.Errorf("verbose %t: %d lines", verbose, len(list))
		}
		if !strings.Contains(text, "change 90 ") || strings.Contains(text, "and 79 more") == verbose {
			t.Errorf("verbose %t: %s", verbose, text)
		}
	}
}
