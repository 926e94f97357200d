// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"cmp"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"html/template"
	"io"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"

	"gsign/internal/limits"
	"gsign/internal/term"
	"gsign/pkg/verify"
)

//go:embed report.html
var reportPage string

//go:embed report.css
var reportStyle string

// reportTemplate is the page of --report html. Everything from files goes through html/template, which escapes it, and through
// shown. It is parsed when it is wanted: every other command would pay for it.
var reportTemplate = sync.OnceValue(func() *template.Template {
	return template.Must(template.New("report").Funcs(template.FuncMap{
		"shown": shown, "moment": moment, "named": named, "plural": plural, "state": stateOf,
		"day":      func(t time.Time) string { return t.UTC().Format(time.DateOnly) },
		"word":     func(verdict string) string { return verdictWords[verdict] },
		"headline": func(verdict string) string { return headlines[verdict] },
		"cite":     func(f findingResult) string { return cite(&f) },
		"where":    func(c changeResult) string { return strings.Join(whereabouts(&c), ", ") },
	}).Parse(reportPage))
})

// shown is a text of a file as the page has it: without what turns the reading order, cut where it is long, and with no
// pile of marks on one letter that would cover the lines above.
func shown(text string) string {
	cut := text
	if len(cut) > limits.ReportText*utf8.UTFMax {
		cut = cut[:limits.ReportText*utf8.UTFMax]
	}
	cut = term.Clean(cut)
	var b strings.Builder
	n, marks := 0, 0
	for _, r := range cut {
		if marks++; !unicode.In(r, unicode.Mn, unicode.Me) {
			marks = 0
		}
		if marks > limits.ReportMarks {
			continue
		}
		if n++; n > limits.ReportText {
			break
		}
		b.WriteRune(r)
	}
	if n > limits.ReportText || len(text) > limits.ReportText*utf8.UTFMax {
		b.WriteString(" … (cut)")
	}
	return b.String()
}

// stateOf is the class and sign of an indication, or of a change's verdict: those of the verdicts on files.
func stateOf(v any) string {
	switch v {
	case verify.TotalPassed, "allowed":
		return verdictPassed
	case verify.TotalFailed, "forbidden":
		return verdictFailed
	case "":
		return verdictUnsigned
	}
	return verdictIndeterminate
}

// reportView is what the template is executed with.
type reportView struct {
	Style  template.CSS
	Policy string // Content-Security-Policy: nothing is fetched or run, and the one style is known by its hash
	Counts []verdictCount
	First  *fileResult // trust, time and evidence are the same for all
	Files  []fileView
}

type verdictCount struct {
	Verdict string
	N       int
}

type fileView struct {
	*fileResult

	N       int      // from 1
	Hints   []string // what to do next
	Picture *picture
	Parts   []signatureView
}

type signatureView struct {
	*signatureResult

	Headline string // its indication
	Coverage string
	Chains   []chainView
	Found    []findingResult
	Changed  []changeResult // the worst first
	Left     int            // changes that the page leaves out
}

func newReportView(results []*fileResult) *reportView {
	sum := sha256.Sum256([]byte(reportStyle))
	v := &reportView{
		Style: template.CSS(reportStyle), //nolint:gosec // our own file
		Policy: "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) +
			"'; base-uri 'none'; form-action 'none'",
		First: results[0],
	}
	counts := map[string]int{}
	for i, r := range results {
		counts[r.Verdict]++
		f := fileView{fileResult: r, N: i + 1, Hints: r.hints, Picture: newPicture(r)}
		for j := range r.Signatures {
			f.Parts = append(f.Parts, newSignatureView(r, &r.Signatures[j]))
		}
		v.Files = append(v.Files, f)
	}
	for _, verdict := range append([]string{verdictPassed}, verdictOrder...) {
		if n := counts[verdict]; n > 0 {
			v.Counts = append(v.Counts, verdictCount{verdict, n})
		}
	}
	return v
}

func newSignatureView(r *fileResult, s *signatureResult) signatureView {
	v := signatureView{
		signatureResult: s, Headline: indication(s), Coverage: coverage(r, s), Chains: newChains(r, s),
		Found: s.Findings[:min(len(s.Findings), limits.ReportLines)],
	}
	if s.Changes == nil {
		return v
	}
	changed := slices.Clone(s.Changes.Changes)
	slices.SortStableFunc(changed, func(a, b changeResult) int { return cmp.Compare(gravity(b.Verdict), gravity(a.Verdict)) })
	bad := slices.IndexFunc(changed, func(c changeResult) bool { return c.Verdict == "allowed" })
	if bad < 0 {
		bad = len(changed)
	}
	n := min(len(changed), max(bad, shownChanges), limits.ReportLines)
	v.Changed, v.Left = changed[:n], len(changed)-n
	return v
}

// gravity orders the verdicts on changes.
func gravity(verdict string) int {
	return slices.Index([]string{"allowed", "suspicious", "forbidden"}, verdict)
}

// writeReport writes one self-contained page about all files.
func writeReport(w io.Writer, results []*fileResult) error {
	b := bufio.NewWriter(w)
	err := reportTemplate().Execute(b, newReportView(results))
	if err != nil {
		return err
	}
	return b.Flush()
}
