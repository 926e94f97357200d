// SPDX-License-Identifier: Apache-2.0

package main

import (
	"strings"
	"testing"
	"unicode/utf8"

	"gsign/internal/limits"
	"gsign/pkg/verify"
)

// TestReportEscapes puts script into every text that a file decides.
func TestReportEscapes(t *testing.T) {
	const evil = `"'><script>alert(1)</script><img src=x onerror=alert(1)>`
	c := &certificateResult{Subject: evil, Name: evil, Issuer: evil}
	r := &fileResult{
		File: evil, Bytes: 10, Verdict: verdictFailed, Reasons: []string{evil}, Trust: []string{evil},
		Revisions: []revisionResult{{Number: 1, End: 10, Field: evil}},
		Signatures: []signatureResult{{
			Field: evil, Kind: "signature", Indication: verify.TotalFailed, SubIndication: verify.SubIndication(evil), Level: evil,
			Chain: []*certificateResult{c, c}, Anchor: &anchorResult{evil, evil, nil}, TSAAnchor: &anchorResult{evil, evil, nil}, BestTimeBy: evil, Reason: evil, Location: evil,
			Findings: []findingResult{{Text: evil, Clause: evil, Check: evil}}, Missing: []findingResult{{Text: evil}},
			Evidence: []evidenceResult{{Kind: evil, Certificate: evil, Verdict: evil, Used: true}},
			LTV:      ltvResult{Because: evil},
			Changes:  &changesResult{Changes: []changeResult{{Verdict: evil, Kind: evil, Text: evil, Field: evil, Clause: evil}}},
		}},
	}
	var b strings.Builder
	err := writeReport(&b, []*fileResult{r})
	if err != nil {
		t.Fatal(err)
	}
	page := b.String()
	for _, bad := range []string{"<script", "<img", `="'>`, `=""'>`} {
		if strings.Contains(page, bad) {
			t.Errorf("the page has %s", bad)
		}
	}
	if n := strings.Count(page, "&lt;script&gt;"); n < 20 {
		t.Errorf("%d of the texts are shown", n)
	}
}

// TestReportTexts: what a file says neither turns the reading order, nor fills the page, nor covers what stands above it.
func TestReportTexts(t *testing.T) {
	for text, want := range map[string]string{
		"A plain name":                            "A plain name",
		"a\u202efdp.exe":                          `a\u202efdp.exe`,
		"nul\x00, bell\a":                         `nul\u0000, bell\u0007`,
		"\xff\xfe":                                "",
		"e" + strings.Repeat("\u0301", 50):        "e" + strings.Repeat("\u0301", limits.ReportMarks),
		strings.Repeat("x", limits.ReportText):    strings.Repeat("x", limits.ReportText),
		strings.Repeat("ä", limits.ReportText+1):  strings.Repeat("ä", limits.ReportText) + " … (cut)",
		strings.Repeat("\U0001f512", 1_000_000):   strings.Repeat("\U0001f512", limits.ReportText) + " … (cut)",
		strings.Repeat("\u0301", 1_000_000) + "x": strings.Repeat("\u0301", limits.ReportMarks) + " … (cut)",
	} {
		got := shown(text)
		plain := strings.NewReplacer("\ufffd", "", "�", "").Replace(got)
		if got != want && plain != want || !utf8.ValidString(got) {
			t.Errorf("%.20q is shown as %.40q, want %.40q", text, got, want)
		}
	}
}
