// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"fmt"
	"strings"

	"gsign/internal/limits"
)

// picture shows the file from its first byte to its last: above the revisions, below a row for each signature, with what
// it covers and what came after. Places and widths are parts of the page's width, so that texts keep their size.
type picture struct {
	Height    int
	Segments  []segment
	Rows      []pictureRow
	Left      int // signatures that are not pictured
	Text      string
	Revisions []revisionRow
}

// segment is a piece of the file. Its class is drawn with a colour and a shape.
type segment struct {
	X, Middle, Width percent
	Class            string
	Label            string // where there is room
	Title            string
}

type pictureRow struct {
	Y      int
	State  string
	Word   string
	Name   string
	Covers []segment
	Later  []segment
}

// revisionRow is a revision as the table has it.
type revisionRow struct {
	revisionResult

	Seen string // the worst verdict on it by a signature before it, empty without any
}

type percent float64

func (p percent) String() string { return fmt.Sprintf("%.2f%%", float64(p)) }

const (
	axisHeight = 68 // the file itself with its scale, in pixels
	rowHeight  = 56
)

func newPicture(r *fileResult) *picture {
	s := newScale(r)
	if s == nil {
		return nil
	}
	p, verdicts := &picture{}, seen(r)
	for i, rev := range r.Revisions {
		part := s.segment(rev.Start, rev.End, "revision", fmt.Sprintf("revision %d, bytes %d to %d", rev.Number, rev.Start, rev.End))
		if part.Width >= 5 {
			part.Label = fmt.Sprint(rev.Number)
		}
		p.Segments = append(p.Segments, part)
		if i < limits.ReportLines {
			p.Revisions = append(p.Revisions, revisionRow{rev, verdicts[rev.Number]})
		}
	}
	if end := r.Revisions[len(r.Revisions)-1].End; end < r.Bytes {
		p.Segments = append(p.Segments, s.segment(end, r.Bytes, "rest", fmt.Sprintf("bytes %d to %d, of no revision", end, r.Bytes)))
	}
	n := min(len(r.Signatures), limits.ReportRows)
	p.Left = len(r.Signatures) - n
	for i := range r.Signatures[:n] {
		p.Rows = append(p.Rows, s.row(r, &r.Signatures[i], axisHeight+i*rowHeight))
	}
	p.Height = axisHeight + n*rowHeight
	p.Text = p.describe(r)
	return p
}

// verdictsOn are the worst verdicts on the revisions after a signature; a revision that changed nothing has none.
func verdictsOn(c *changesResult) map[int]string {
	worst := map[int]string{}
	if c == nil || c.SignedRevision == 0 {
		return worst
	}
	for i := range c.Changes {
		if ch := &c.Changes[i]; gravity(ch.Verdict) > gravity(worst[ch.Revision]) {
			worst[ch.Revision] = ch.Verdict
		}
	}
	return worst
}

// seen are the worst verdicts on each revision by the signatures before it, by its number.
func seen(r *fileResult) map[int]string {
	worst := map[int]string{}
	for i := range r.Signatures {
		c := r.Signatures[i].Changes
		if c == nil || c.SignedRevision == 0 {
			continue
		}
		verdicts := verdictsOn(c)
		for _, rev := range r.Revisions[:min(len(r.Revisions), limits.ReportLines)] {
			v := cmp.Or(verdicts[rev.Number], "allowed")
			if rev.Number > c.SignedRevision && gravity(v) > gravity(worst[rev.Number]) {
				worst[rev.Number] = v
			}
		}
	}
	return worst
}

// row draws what a signature covers, and the revisions after it.
func (s *scale) row(r *fileResult, sig *signatureResult, y int) pictureRow {
	row := pictureRow{Y: y, State: stateOf(sig.Indication), Word: sig.Indication.String(), Name: sig.Field}
	var last int64
	for i := 0; i+1 < min(len(sig.ranges), 2*limits.ReportRows); i += 2 {
		from, n := sig.ranges[i], sig.ranges[i+1]
		if from < last || n <= 0 || n > r.Bytes-from {
			continue // the findings say what is wrong with it
		}
		if i > 0 && from > last {
			row.Covers = append(row.Covers, s.segment(last, from, "value", fmt.Sprintf("bytes %d to %d: the signature itself", last, from)))
		}
		last = from + n
		row.Covers = append(row.Covers, s.segment(from, last, "covered "+row.State, fmt.Sprintf("covers bytes %d to %d", from, last)))
	}
	c := sig.Changes
	if c == nil || c.SignedRevision == 0 {
		return row
	}
	verdicts := verdictsOn(c)
	for _, rev := range r.Revisions {
		if rev.Number <= c.SignedRevision {
			continue
		}
		verdict := cmp.Or(verdicts[rev.Number], "allowed")
		part := s.segment(rev.Start, rev.End, "later "+stateOf(verdict), fmt.Sprintf("revision %d, added later: %s", rev.Number, verdict))
		if n := len(row.Later); n > 0 && len(r.Revisions) > limits.ReportRows && row.Later[n-1].Class == part.Class {
			row.Later[n-1].Width += part.Width // too many to be told apart
			row.Later[n-1].Title = "several revisions, added later: " + verdict
			continue
		}
		if part.Width >= 5 {
			part.Label = stateOf(verdict)
		}
		row.Later = append(row.Later, part)
	}
	return row
}

// describe says what the picture shows, for who does not see it.
func (p *picture) describe(r *fileResult) string {
	var b strings.Builder
	fmt.Fprintf(&b, "The file has %s in %s.", plural(len(r.Revisions), "revision"), plural(int(r.Bytes), "byte"))
	for i, row := range p.Rows {
		c := r.Signatures[i].Changes
		fmt.Fprintf(&b, " %s: %s, ", shown(row.Name), row.Word)
		switch after := len(row.Later); {
		case c == nil || len(row.Covers) == 0:
			b.WriteString("it cannot be said what it covers.")
		case after == 0:
			b.WriteString("covers the file to its end.")
		default:
			fmt.Fprintf(&b, "covers the first %d bytes; what was added later is %s.", r.Signatures[i].Covers, shown(c.Verdict))
		}
	}
	return b.String()
}

// scale says where on the page an offset is. Revisions are as wide as they have bytes, but none so narrow that it cannot be seen.
type scale struct {
	ends []int64
	x    []float64
}

func newScale(r *fileResult) *scale {
	s := &scale{[]int64{0}, []float64{0}}
	for _, rev := range r.Revisions {
		if rev.End > s.ends[len(s.ends)-1] {
			s.ends = append(s.ends, rev.End)
		}
	}
	if r.Bytes > s.ends[len(s.ends)-1] {
		s.ends = append(s.ends, r.Bytes)
	}
	n := len(s.ends) - 1
	if len(r.Revisions) == 0 || n == 0 {
		return nil
	}
	least := min(8, 60/float64(n))
	for i := range n {
		share := float64(s.ends[i+1]-s.ends[i]) / float64(s.ends[n])
		s.x = append(s.x, s.x[i]+least+(100-float64(n)*least)*share)
	}
	return s
}

func (s *scale) of(offset int64) percent {
	for i := 1; i < len(s.ends); i++ {
		if offset <= s.ends[i] {
			part := float64(max(0, offset)-s.ends[i-1]) / float64(s.ends[i]-s.ends[i-1])
			return percent(s.x[i-1] + part*(s.x[i]-s.x[i-1]))
		}
	}
	return 100
}

func (s *scale) segment(from, to int64, class, title string) segment {
	x, end := s.of(from), s.of(to)
	return segment{X: x, Middle: (x + end) / 2, Width: max(0, end-x), Class: class, Title: title}
}
