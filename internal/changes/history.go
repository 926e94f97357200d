// SPDX-License-Identifier: Apache-2.0

package changes

import (
	"cmp"
	"context"
	"slices"

	"gsign/internal/limits"
	"gsign/internal/pdf"
	"gsign/pkg/pdfsig"
)

// History is a file as the sequence of its revisions. It is not safe for concurrent use.
type History struct {
	doc       *pdfsig.Document
	revisions []Revision
	first     int        // index of the oldest revision that a signature covers; -1 where there is none
	steps     [][]change // of each revision after it, what it changed
	found     []change   // what is wrong with the first signed revision itself
	policies  []policy
	compared  bool
	judged    judged // for the signature that was asked about last
}

// judged are the changes of all steps under the same policies. Signatures one after the other mostly have the same, and share
// them: with hundreds of signatures each of which has hundreds of later revisions that matters.
type judged struct {
	level, docMDP, locks int
	all                  []Change
	from                 []int // where each step's begin, and where the last one's end
}

// Open finds the revisions of a file. Nothing is compared yet.
func Open(_ context.Context, doc *pdfsig.Document, all []pdfsig.Signature) (*History, error) {
	h := &History{doc: doc, first: -1}
	covers := map[int64]*pdfsig.Signature{}
	for i := range all {
		end := all[i].RevisionEnd()
		if end > 0 && end <= doc.Size() {
			covers[end] = &all[i]
		}
	}
	start := int64(0)
	for _, end := range boundaries(doc, covers) {
		r := Revision{Number: len(h.revisions) + 1, Start: start, End: end}
		if s := covers[end]; s != nil {
			r.Field, r.Timestamp = s.Field, s.Timestamp
			if h.first < 0 {
				h.first = len(h.revisions)
			}
		}
		h.revisions = append(h.revisions, r)
		start = end
	}
	return h, nil
}

// boundaries gives the ends of all revisions: of the signed ones as the signatures say, of the others as the chain of
// cross-references does. White space after an end belongs to it.
func boundaries(doc *pdfsig.Document, covers map[int64]*pdfsig.Signature) []int64 {
	const slack = 4 // an end of line, and one more
	var ends []int64
	for end := range covers {
		ends = append(ends, end)
	}
	signed := slices.Clone(ends)
	slices.Sort(signed)
	last := int64(-1)
	sections := doc.File().Sections()
	for i := len(sections) - 1; i >= 0; i-- {
		sec := sections[i]
		if sec.Offset < last {
			continue // the first section of a linearized file stands before the second
		}
		last = sec.Offset
		at, _ := slices.BinarySearch(signed, sec.End)
		if sec.End == 0 || at < len(signed) && signed[at]-sec.End <= slack {
			continue
		}
		ends = append(ends, sec.End)
	}
	slices.Sort(ends)
	ends = slices.Compact(ends)
	if n := len(ends); n > 0 && doc.Size()-ends[n-1] <= slack && covers[ends[n-1]] == nil {
		ends[n-1] = doc.Size()
	}
	if n := len(ends); n == 0 || ends[n-1] < doc.Size() {
		ends = append(ends, doc.Size())
	}
	return ends
}

// Since compares the revision that a signature covers with those that follow. A signature whose ByteRange is none, or is
// not of this file, covers nothing: then nothing can be said.
func (h *History) Since(ctx context.Context, sig *pdfsig.Signature) (*Comparison, error) {
	at := slices.IndexFunc(h.revisions, func(r Revision) bool { return r.End == sig.RevisionEnd() })
	c := &Comparison{Revisions: h.revisions}
	if at < 0 {
		c.Changes = []Change{{
			Revision: len(h.revisions), Page: -1, Field: sig.Field, Kind: Structure, Verdict: Forbidden,
			Text: "no revision of the file is what the signature covers", Clause: clauseRange,
		}}
		return c, nil
	}
	c.Signed = at + 1
	if sig.RevisionEnd() == h.doc.Size() {
		return c, nil
	}
	err := h.compare(ctx)
	if err != nil {
		return nil, err
	}
	level, docMDP, locks := inForce(h.policies, at)
	c.DocMDP = docMDP
	for i := range locks {
		c.Locks = append(c.Locks, locks[i].field)
	}
	for i := range h.found {
		c.Changes = append(c.Changes, h.found[i].judge(0, 0, nil))
	}
	later := h.under(level, docMDP, locks)
	later = later[h.judged.from[at-h.first]:]
	if c.Changes == nil {
		c.Changes = slices.Clip(later)
	} else {
		c.Changes = append(c.Changes, later...)
	}
	return c, nil
}

// under judges all changes. Locks are those of all policies up to a revision: as many are the same ones.
func (h *History) under(level, docMDP int, locks []policy) []Change {
	j := &h.judged
	if j.from != nil && j.level == level && j.docMDP == docMDP && j.locks == len(locks) {
		return j.all
	}
	*j = judged{level: level, docMDP: docMDP, locks: len(locks)}
	for _, step := range h.steps {
		j.from = append(j.from, len(j.all))
		for _, ch := range step {
			j.all = append(j.all, ch.judge(level, docMDP, locks))
		}
	}
	j.from = append(j.from, len(j.all))
	return j.all
}

// compare compares each revision from the first signed one with the next, once.
func (h *History) compare(ctx context.Context) error {
	if h.compared {
		return nil
	}
	was, err := h.open(h.first, nil)
	var s *state
	if err == nil {
		s, err = survey(ctx, was.File())
	}
	if err != nil {
		if !pdf.IsMalformed(err) {
			return err
		}
		h.giveUp(h.first, "the signed revision cannot be read by itself: "+err.Error())
		return nil
	}
	for i := range s.policies {
		s.policies[i].revision = h.first
	}
	start := h.revisions[h.first].End
	for i := h.first + 1; i < len(h.revisions); i++ {
		var out []change
		is, err := h.open(i, was)
		if h.alone(i, is, was, err) {
			h.steps = append(h.steps, nil)
			continue
		}
		if err == nil {
			rev := h.revisions[i]
			rev.Start = start
			out, err = s.compare(ctx, was, is, rev)
		}
		if err != nil {
			if !pdf.IsMalformed(err) {
				return err
			}
			h.giveUp(i, "revision "+itoa(i+1)+" cannot be read by itself: "+err.Error())
			break
		}
		h.steps = append(h.steps, out)
		for j := range s.policies {
			if s.policies[j].revision < 0 {
				s.policies[j].revision = i
			}
		}
		was, start = is, h.revisions[i].End
	}
	h.found, h.policies, h.compared = mark(s.found, h.first+1), s.policies, true
	return nil
}

// open opens a revision as if it were the whole file.
func (h *History) open(i int, was *pdfsig.Document) (*pdfsig.Document, error) {
	if len(h.revisions)-h.first > limits.RevisionsCompared {
		return nil, &pdf.MalformedError{Offset: -1, What: "more revisions than are compared"}
	}
	return h.doc.RevisionAfter(was, h.revisions[i].End)
}

// alone reports whether a revision that nothing signs makes sense with the next one only. Nobody reads the file up to there:
// it is compared together with that.
func (h *History) alone(i int, is, was *pdfsig.Document, err error) bool {
	if i == len(h.revisions)-1 || h.revisions[i].Field != "" {
		return false
	}
	return pdf.IsMalformed(err) || err == nil && (is.File().Recovered() || len(is.File().Sections()) <= len(was.File().Sections()))
}

// giveUp says of a revision, and of all after it, that they cannot be compared.
func (h *History) giveUp(from int, text string) {
	for i := max(from, h.first+1); i < len(h.revisions); i++ {
		h.steps = append(h.steps, mark([]change{{Change: Change{
			Page: -1, Kind: Structure, Verdict: Forbidden, Text: text, Clause: clauseUpdate,
		}}}, i+1))
	}
	h.compared = true
}

// mark gives changes the number of their revision.
func mark(out []change, number int) []change {
	for i := range out {
		out[i].Revision = number
	}
	slices.SortStableFunc(out, func(a, b change) int {
		if a.Verdict != b.Verdict {
			return cmp.Compare(b.Verdict, a.Verdict)
		}
		return cmp.Compare(a.Object, b.Object)
	})
	return out
}

// Revisions returns all revisions of the file, the oldest first. What they changed is told by [History.Since] alone.
func (h *History) Revisions() []Revision { return slices.Clone(h.revisions) }
