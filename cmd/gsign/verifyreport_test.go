// SPDX-License-Identifier: Apache-2.0

package main

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/xml"
	"errors"
	"html"
	"io"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"gsign/internal/limits"
	"gsign/pkg/verify"
)

// hostileResult has a text in every place that a file decides.
func hostileResult(evil string) *fileResult {
	c := &certificateResult{Subject: evil, Name: evil, Issuer: evil + "s", Serial: evil, Key: evil}
	change := changeResult{Revision: 2, Verdict: "forbidden", Kind: evil, Text: evil, Field: evil, Clause: evil}
	return &fileResult{
		File: evil, Bytes: 20, Verdict: verdictFailed, Reasons: []string{evil}, Trust: []string{evil}, hints: []string{evil},
		Revisions: []revisionResult{{Number: 1, End: 10, Field: evil}, {Number: 2, Start: 10, End: 20}},
		Signatures: []signatureResult{{
			Field: evil, Kind: "signature", Indication: verify.TotalFailed, SubIndication: verify.SubIndication(evil), Level: evil, Form: evil + "+",
			Chain: []*certificateResult{c, c}, Anchor: &anchorResult{evil, evil, nil}, BestTimeBy: evil, Reason: evil, Location: evil, ClaimedName: evil,
			Findings: []findingResult{{Text: evil, Clause: evil, Check: evil}}, Missing: []findingResult{{Text: evil}},
			Evidence: []evidenceResult{{Kind: evil, Certificate: evil, Verdict: evil, Source: evil, Used: true}},
			LTV:      ltvResult{Because: evil}, ranges: []int64{0, 4, 6, 4},
			Changes: &changesResult{SignedRevision: 1, Verdict: evil, Changes: []changeResult{change}},
		}},
	}
}

func pageOf(t *testing.T, results ...*fileResult) string {
	t.Helper()
	var b strings.Builder
	err := writeReport(&b, results)
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestReportEscapes puts script, what turns the reading order, what is no text and what is endless into every text that a file decides.
func TestReportEscapes(t *testing.T) {
	const mark = "MARK"
	for name, test := range map[string]struct {
		text      string
		never     []string
		want      string
		wantTimes int
	}{
		"markup":    {`"'><script>alert(1)</script><img src=x onerror=alert(1)></title></style>`, []string{"<script", "<img", `="'>`, `=""'>`}, "&lt;script&gt;", 25},
		"template":  {`{{.Style}}<!-- ]]>`, []string{"<!--"}, "&lt;!--", 25},
		"direction": {"\u202e" + mark + "\u2066\u200f\u061c", []string{"\u202e", "\u2066", "\u200f", "\u061c"}, `\u202eMARK`, 25},
		"NUL":       {"\x00\x1b[2J\u0085\u2028" + mark, []string{"\x00", "\x1b", "\u0085", "\u2028"}, `\u0000\u001b[2J\u0085\u2028MARK`, 25},
		"not UTF-8": {"\xff\xc3(\xed\xa0\x80" + mark, []string{"\xff"}, "\ufffd", 25},
		"long":      {strings.Repeat("W", 1<<20), []string{strings.Repeat("W", limits.ReportText+1)}, "… (cut)", 25},
		"marks":     {"Z" + strings.Repeat("\u0301", 1000), []string{strings.Repeat("\u0301", limits.ReportMarks+1)}, "Z" + strings.Repeat("\u0301", limits.ReportMarks), 25},
	} {
		page := pageOf(t, hostileResult(test.text), hostileResult(test.text))
		for _, bad := range test.never {
			if strings.Contains(page, bad) {
				t.Errorf("%s: the page has %.20q", name, bad)
			}
		}
		if !utf8.ValidString(page) {
			t.Errorf("%s: the page is no UTF-8", name)
		}
		if n := strings.Count(page, test.want); n < test.wantTimes {
			t.Errorf("%s: %d of the texts are shown", name, n)
		}
		if len(page) > 100_000 {
			t.Errorf("%s: the page has %d bytes", name, len(page))
		}
	}
}

// TestReportTakesNothingFromOutside: the style is the one that the policy names, and there is no address in the page but within it.
func TestReportTakesNothingFromOutside(t *testing.T) {
	page := pageOf(t, hostileResult("name"))
	style := regexp.MustCompile(`(?s)<style>(.*?)</style>`).FindStringSubmatch(page)
	policy := regexp.MustCompile(`http-equiv="Content-Security-Policy" content="([^"]*)"`).FindStringSubmatch(page)
	if style == nil || policy == nil {
		t.Fatal("the page has no style or no policy")
	}
	sum := sha256.Sum256([]byte(style[1]))
	want := "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; base-uri 'none'; form-action 'none'"
	if got := html.UnescapeString(policy[1]); got != want {
		t.Errorf("the policy is %s, not %s", got, want)
	}
	for _, m := range regexp.MustCompile(`(?:href|src|url\()="?([^")]*)`).FindAllStringSubmatch(page, -1) {
		if !strings.HasPrefix(m[1], "#") {
			t.Errorf("the page refers to %q", m[1])
		}
	}
	if m := regexp.MustCompile(`(?i)<(script|iframe|object|link|img|base|form)\b| style=| on[a-z]+=`).FindString(page); m != "" {
		t.Errorf("the page has %s", m)
	}
}

// TestReportPicture: what a signature covers and what came after is where its bytes are, and said in words.
func TestReportPicture(t *testing.T) {
	r := hostileResult("name")
	p := newPicture(r)
	row := p.Rows[0]
	if len(row.Covers) != 3 || row.Covers[1].Class != "value" || row.Covers[2].Class != "covered failed" {
		t.Fatalf("covered: %+v", row.Covers)
	}
	if end := row.Covers[2].X + row.Covers[2].Width; end != 50 || row.Later[0].X != 50 || row.Later[0].Width != 50 || row.Later[0].Class != "later failed" {
		t.Errorf("covered to %v, then %+v", end, row.Later)
	}
	if !strings.Contains(p.Text, "TOTAL-FAILED, covers the first") || p.Revisions[1].Seen != "forbidden" {
		t.Errorf("%s, %+v", p.Text, p.Revisions)
	}
	for name, ranges := range map[string][]int64{
		"none": nil, "odd": {0}, "negative": {-5, 5}, "empty": {0, 0, 5, 0}, "beyond": {0, 21}, "overflow": {1, 1<<63 - 1}, "backwards": {6, 4, 0, 4},
	} {
		r.Signatures[0].ranges = ranges
		for _, s := range newPicture(r).Rows[0].Covers {
			if s.X < 0 || s.Width <= 0 || s.X+s.Width > 100 {
				t.Errorf("%s: %+v", name, s)
			}
		}
	}
}

// TestReportIsBounded: many signatures and changes make a page that a browser can show, and it says what it leaves out.
func TestReportIsBounded(t *testing.T) {
	r := hostileResult("name")
	s := r.Signatures[0]
	s.Changes.Changes = make([]changeResult, 10_000)
	for i := range s.Changes.Changes {
		s.Changes.Changes[i] = changeResult{Revision: 2, Verdict: "allowed", Text: "x"}
	}
	s.Changes.Changes[9999].Verdict = "forbidden"
	r.Signatures, r.Revisions, r.Bytes = nil, nil, 3000
	for range 200 {
		r.Signatures = append(r.Signatures, s)
	}
	for i := range 3000 {
		r.Revisions = append(r.Revisions, revisionResult{Number: i + 1, Start: int64(i), End: int64(i + 1)})
	}
	page := pageOf(t, r)
	if len(page) > 12<<20 {
		t.Errorf("the page has %d bytes", len(page))
	}
	for _, want := range []string{"9980 more changes", "leaves out 176 signatures"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
	if v := newSignatureView(r, &s); v.Changed[0].Verdict != "forbidden" {
		t.Error("the worst change is not the first")
	}
}

// TestReportChains: a chain says where it ends, by whom it is trusted, and where trust is missing.
func TestReportChains(t *testing.T) {
	at := func(year int) time.Time { return time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC) }
	leaf := &certificateResult{Subject: "CN=leaf", Name: "leaf", Issuer: "CN=root", NotBefore: at(2024), NotAfter: at(2026), SHA256: "1"}
	root := &certificateResult{Subject: "CN=root", Name: "root", Issuer: "CN=root", NotBefore: at(2020), NotAfter: at(9999), SHA256: "2"}
	trusted := &anchorResult{Subject: "CN=root", Source: "roots.pem"}
	for _, test := range []struct {
		chain  []*certificateResult
		anchor *anchorResult
		trust  []string
		links  int
		gap    string
	}{
		{[]*certificateResult{leaf, root}, trusted, []string{"roots.pem"}, 2, ""},
		{[]*certificateResult{leaf}, trusted, []string{"roots.pem"}, 2, ""}, // the anchor is not in the chain
		{[]*certificateResult{leaf}, nil, []string{"roots.pem"}, 1, "not known or not trusted: CN=root"},
		{[]*certificateResult{leaf, root}, nil, []string{"roots.pem"}, 2, "nobody who is trusted stands for this"},
		{[]*certificateResult{leaf, root}, nil, nil, 2, "nothing is trusted: no anchors are given"},
		{nil, nil, []string{"roots.pem"}, 0, "it is not known who signed"},
	} {
		v := newChain(&fileResult{Trust: test.trust}, &signatureResult{}, "Signer", test.chain, test.anchor, at(2025))
		if len(v.Links) != test.links || v.Gap != test.gap || test.anchor != nil && v.Links[test.links-1].Anchor == nil {
			t.Errorf("%+v", v)
		}
	}
	s := newSpan(leaf, []*certificateResult{leaf, root}, at(2025))
	if s.X <= 0 || s.Mark <= s.X || s.Mark >= s.X+s.Width || s.X+s.Width >= 50 {
		t.Errorf("span %+v", s)
	}
}

// TestReportIsWellFormed: each element that is opened is closed, in every kind of file.
func TestReportIsWellFormed(t *testing.T) {
	page := pageOf(t, hostileResult("name"), &fileResult{Verdict: verdictUnsigned}, &fileResult{Verdict: verdictUnread, Reasons: []string{"no"}},
		&fileResult{Verdict: verdictIndeterminate, Signatures: []signatureResult{{Kind: "document timestamp"}, {Kind: "signature", ranges: []int64{1}}}})
	page = regexp.MustCompile(`<(meta [^>]*)>`).ReplaceAllString(strings.TrimPrefix(page, "<!doctype html>"), "<$1/>")
	d := xml.NewDecoder(strings.NewReader(page))
	d.Entity = xml.HTMLEntity
	for {
		_, err := d.Token()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
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
