// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"gsign/internal/term"
	"gsign/pkg/verify"
)

// print tells the result of one file: one of several on one line.
func (v *verifier) print(r *fileResult, several bool) error {
	if v.flags.json {
		e := json.NewEncoder(v.Out)
		e.SetEscapeHTML(false)
		return e.Encode(r)
	}
	for _, d := range r.Damage {
		v.Warnf("%s is damaged, and was read in the one way it can be: %s", named(r.File), d.What)
		if !v.flags.verbose {
			break
		}
	}
	if v.flags.quiet || !several && r.Verdict == verdictUnread {
		return nil
	}
	var b strings.Builder
	if several && !v.flags.verbose {
		fmt.Fprintf(&b, "%s %s: %s\n", v.mark(r.Verdict), term.Clean(named(r.File)), term.Clean(oneLine(r)))
	} else {
		v.text(&b, r)
	}
	_, err := io.WriteString(v.Out, b.String())
	return err
}

// mark is the verdict as one sign; the words beside it say so too.
func (v *verifier) mark(verdict string) string {
	switch verdict {
	case verdictPassed:
		return v.Green("✓")
	case verdictFailed:
		return "✗"
	case verdictUnsigned:
		return "–"
	case verdictUnread:
		return "!"
	}
	return "?"
}

// oneLine says what there is to say of a file among many.
func oneLine(r *fileResult) string {
	if r.Verdict == verdictUnread {
		return strings.TrimPrefix(r.Reasons[0], "verify "+r.File+": ")
	}
	if r.Verdict == verdictPassed {
		var parts []string
		for i := range r.Signatures {
			s := &r.Signatures[i]
			if s.Signer != nil {
				parts = append(parts, fmt.Sprintf("%s by %s", s.Level, s.Signer.Name))
			}
		}
		return "passed: " + strings.Join(parts, ", ")
	}
	text := verdictWords[r.Verdict] + ": " + r.Reasons[0]
	if n := len(r.Reasons) - 1; n > 0 {
		text += fmt.Sprintf(" (and %d more)", n)
	}
	return text
}

var headlines = map[string]string{
	verdictPassed: "every signature is good", verdictFailed: "not good",
	verdictIndeterminate: "it cannot be said that it is good", verdictUnsigned: "not signed",
	verdictUnread: "not verified",
}

// text writes the result of one file for people.
func (v *verifier) text(b *strings.Builder, r *fileResult) {
	fmt.Fprintf(b, "%s %s\n\n", v.mark(r.Verdict), v.Bold(term.Clean(named(r.File)+": "+headlines[r.Verdict])))
	var list lines
	for i, reason := range r.Reasons {
		list.add(first(i, "because"), reason)
	}
	if r.Verdict == verdictUnread {
		list.write(b, v.Streams, "  ")
		return
	}
	if len(r.Trust) == 0 {
		list.add("trusted", "nothing: no anchors are given")
	}
	for i, source := range r.Trust {
		list.add(first(i, "trusted"), source)
	}
	evidence := "only what is in the file"
	if r.Online {
		evidence = "what is in the file, and what was asked for online"
	}
	list.add("evidence", evidence)
	list.add("judged as of", moment(r.Time))
	list.write(b, v.Streams, "  ")
	for i := range r.Signatures {
		v.signature(b, r, &r.Signatures[i])
	}
}

// signature writes all that people want to know about one signature.
func (v *verifier) signature(b *strings.Builder, r *fileResult, s *signatureResult) {
	fmt.Fprintf(b, "\n  %s\n", v.Bold(term.Clean(fmt.Sprintf("%s %s: %s", s.Kind, s.Field, indication(s)))))
	var list lines
	for i, f := range s.Findings {
		list.add(first(i, "found"), cite(&f))
	}
	if s.Signer != nil {
		list.add("signer", s.Signer.Subject)
	}
	if s.TSA != nil {
		list.add("timestamp by", s.TSA.Subject)
	}
	v.level(&list, s)
	switch {
	case s.BestTime.IsZero():
	case s.BestTimeBy == "":
		list.add("time", "not proved by anything: judged as of the time of validation")
	default:
		list.add("time", moment(s.BestTime)+", proved by "+s.BestTimeBy)
	}
	if !s.ClaimedTime.IsZero() {
		list.add("claimed", moment(s.ClaimedTime))
	}
	list.add("reason", s.Reason)
	list.add("location", s.Location)
	if s.Anchor != nil {
		list.add("anchor", s.Anchor.Subject+", trusted by "+s.Anchor.Source)
	} else {
		list.add("anchor", "none")
	}
	if a := s.TSAAnchor; a != nil && (s.Anchor == nil || a.Source != s.Anchor.Source) {
		list.add("its timestamp's", a.Subject+", trusted by "+a.Source)
	}
	v.since(&list, r, s)
	v.evidence(&list, s)
	ltv := "no"
	if s.LTV.Enabled {
		ltv = "yes"
	}
	if s.Kind == "signature" {
		list.add("Adobe LTV enabled", ltv+", because "+s.LTV.Because)
	}
	if v.flags.verbose {
		details(&list, s)
	}
	list.write(b, v.Streams, "    ")
}

func indication(s *signatureResult) string {
	if s.SubIndication == "" {
		return s.Indication.String()
	}
	return fmt.Sprintf("%s, %s", s.Indication, s.SubIndication)
}

// cite is a finding with the clause it rests on.
func cite(f *findingResult) string {
	var parts []string
	if f.Check != "" {
		parts = append(parts, f.Check)
	}
	if f.Clause != "" {
		parts = append(parts, f.Clause)
	}
	if len(parts) == 0 {
		return f.Text
	}
	return fmt.Sprintf("%s (%s)", f.Text, strings.Join(parts, ", "))
}

func (v *verifier) level(list *lines, s *signatureResult) {
	if s.Kind != "signature" {
		return
	}
	text := s.Level
	if s.Form != s.Level && s.Form != verify.None.String() {
		text += ", built as " + s.Form
	}
	list.add("level", text)
	for i, f := range s.Missing {
		list.add(first(i, "for the next"), cite(&f))
	}
}

// since tells what changed after a signature.
func (v *verifier) since(list *lines, r *fileResult, s *signatureResult) {
	c := s.Changes
	if c == nil {
		return
	}
	list.add("covers", coverage(r, s))
	switch c.DocMDP {
	case 1:
		list.add("certified", "no changes are permitted")
	case 2:
		list.add("certified", "filling in and signing are permitted")
	case 3:
		list.add("certified", "filling in, signing and annotating are permitted")
	}
	v.changes(list, c.Changes)
	if len(c.Changes) == 0 && c.SignedRevision > 0 {
		list.add("changed since", "nothing")
	}
}

// shownChanges is how many allowed changes are told of each signature: with many signatures each has many, mostly the same.
const shownChanges = 20

// changes names what changed: all that is not allowed, and with --verbose all.
func (v *verifier) changes(list *lines, all []changeResult) {
	shown, more := 0, 0
	for i := range all {
		c := &all[i]
		if c.Verdict == "allowed" {
			if more > 0 || shown >= shownChanges && !v.flags.verbose {
				more++
				continue
			}
		}
		list.add(first(shown, "changed since"), changeText(c))
		shown++
	}
	if more > 0 {
		list.add("", fmt.Sprintf("and %d more that are allowed: --verbose names them", more))
	}
}

// coverage says which part of the file a signature covers.
func coverage(r *fileResult, s *signatureResult) string {
	switch {
	case s.Changes == nil:
		return ""
	case s.Changes.SignedRevision == 0:
		return "no revision of the file"
	case s.WholeFile:
		return "the whole file"
	}
	return fmt.Sprintf("revision %d of %d, the first %d of %d bytes", s.Changes.SignedRevision, len(r.Revisions), s.Covers, r.Bytes)
}

func changeText(c *changeResult) string {
	return fmt.Sprintf("%s, %s: %s (%s)", c.Verdict, c.Kind, c.Text, strings.Join(whereabouts(c), ", "))
}

// whereabouts are the place of a change and the clause that judges it.
func whereabouts(c *changeResult) []string {
	at := []string{fmt.Sprintf("revision %d", c.Revision)}
	if c.Page > 0 {
		at = append(at, fmt.Sprintf("page %d", c.Page))
	}
	if c.Field != "" {
		at = append(at, "field "+c.Field)
	}
	if c.Object != 0 {
		at = append(at, fmt.Sprintf("object %d %d", c.Object, c.Generation))
	}
	if c.Clause != "" {
		at = append(at, c.Clause)
	}
	return at
}

// evidence tells the age of what the verdict rests on; with --verbose, of all.
func (v *verifier) evidence(list *lines, s *signatureResult) {
	n := 0
	for i := range s.Evidence {
		e := &s.Evidence[i]
		if !e.Used && !v.flags.verbose {
			continue
		}
		text := fmt.Sprintf("%s about %s, %s, from %s", e.Kind, e.Certificate, e.Verdict, e.Source)
		if e.AgeSeconds != nil {
			text += ", " + age(*e.AgeSeconds)
		}
		if !e.Used && v.flags.verbose {
			text += ", not used"
		}
		list.add(first(n, "evidence"), text)
		n++
	}
}

// age says when evidence was made, seen from the best time.
func age(seconds int64) string {
	d := time.Duration(seconds) * time.Second
	switch {
	case d == 0:
		return "made at that time"
	case d < 0:
		return "made " + span(-d) + " after that time"
	}
	return "made " + span(d) + " before that time"
}

func span(d time.Duration) string {
	switch {
	case d < 2*time.Minute:
		return fmt.Sprintf("%d s", int(d/time.Second))
	case d < 2*time.Hour:
		return fmt.Sprintf("%d min", int(d/time.Minute))
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h", int(d/time.Hour))
	}
	return fmt.Sprintf("%d days", int(d/(24*time.Hour)))
}

// details are what --verbose adds.
func details(list *lines, s *signatureResult) {
	for i, c := range s.Chain {
		list.add(first(i, "chain"), fmt.Sprintf("%s, serial number %s, %s, %s to %s", c.Subject, c.Serial, c.Key, moment(c.NotBefore), moment(c.NotAfter)))
	}
	for i, p := range s.Proofs {
		list.add(first(i, "proved"), fmt.Sprintf("%s: %s, by %s", p.What, moment(p.Time), p.By))
	}
	for i, a := range s.Algorithms {
		end, passed := "no end is known", "reliable"
		if !a.Until.IsZero() {
			end = "until " + a.Until.Format(time.DateOnly)
		}
		if !a.Passed {
			passed = "not reliable"
		}
		list.add(first(i, "algorithms"), fmt.Sprintf("%s: %s, %s at %s, %s", a.Use, a.Name, passed, moment(a.At), end))
	}
	list.add("sub-filter", s.SubFilter)
}

// lines is a table of names and texts, a name empty where it is the same as above.
type lines [][2]string

func (l *lines) add(name, text string) {
	if text != "" {
		*l = append(*l, [2]string{name, text})
	}
}

// first is the name of the first line of several.
func first(i int, name string) string {
	if i == 0 {
		return name
	}
	return ""
}

func (l lines) write(b *strings.Builder, s *term.Streams, indent string) {
	width := 0
	for _, line := range l {
		width = max(width, len(line[0]))
	}
	for _, line := range l {
		name := line[0]
		if name != "" {
			name += ":"
		}
		fmt.Fprintf(b, "%s%s%s %s\n", indent, s.Faint(name), strings.Repeat(" ", width+1-len(name)), term.Clean(line[1]))
	}
}
