// SPDX-License-Identifier: Apache-2.0

package changes

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"slices"

	"gsign/internal/pdf"
)

// structure looks at the file itself: the revision must be one that every reader finds in the same way, on top of all that
// was there.
func (st *step) structure() error {
	a, b := st.was.Sections(), st.file.Sections()
	wrong := func(verdict Verdict, format string, args ...any) {
		st.tell(0, Structure, verdict, free, clauseUpdate, format, args...)
	}
	if st.file.Recovered() {
		// What the search found is judged as ever; that others find the same is not known.
		wrong(Suspicious, "the revision is damaged, and readers repair it in different ways")
		return nil
	}
	if len(b) < len(a) || !slices.EqualFunc(a, b[len(b)-len(a):], func(x, y pdf.Section) bool { return x.Offset == y.Offset }) {
		wrong(Forbidden, "the revision's cross-reference does not lead to all that was there before")
		return nil
	}
	fresh := b[:len(b)-len(a)]
	if len(fresh) == 0 {
		wrong(Suspicious, "%d bytes belong to no revision", st.rev.End-st.rev.Start)
	}
	for _, sec := range fresh {
		if sec.Offset < st.rev.Start || sec.Offset >= st.rev.End {
			wrong(Forbidden, "a cross-reference of the revision stands elsewhere, at offset %d", sec.Offset)
		}
		if sec.Kind == pdf.Hybrid && !slices.ContainsFunc(a, func(x pdf.Section) bool { return x.Kind != pdf.Table }) {
			wrong(Suspicious, "the revision has two cross-references, of which readers use one or both")
		}
	}
	if n, ok := st.was.Beyond(); ok {
		wrong(Forbidden, "object %d was not among the bytes signed", n)
	}
	known := map[pdf.Damage]bool{}
	for _, d := range st.was.Damage() {
		known[d] = true
	}
	for _, d := range st.file.Damage() {
		if !known[d] {
			wrong(Suspicious, "the revision is damaged: %s", d.What)
		}
	}
	return st.between(fresh)
}

type span struct{ start, end int64 }

// between looks at what stands between the objects of a revision and its cross-reference: white space and comments are
// nothing; all else would be found by readers that search for objects.
func (st *step) between(fresh []pdf.Section) error {
	var spans []span
	for _, num := range st.file.Changed(st.was) {
		at := st.file.Place(num)
		if at < st.rev.Start || at >= st.rev.End {
			if at >= 0 && at < st.rev.Start {
				st.tell(num, Structure, Forbidden, free, clauseUpdate, "object %d is one again that stands in an older revision, at offset %d", num, at)
			}
			continue
		}
		ref, _ := st.file.Reference(num)
		start, end, err := st.file.Extent(ref)
		if err != nil {
			if !pdf.IsMalformed(err) {
				return err
			}
			st.tell(num, Structure, Suspicious, free, clauseUpdate, "object %d cannot be read: %v", num, err)
			continue
		}
		spans = append(spans, span{start, end})
	}
	for _, sec := range fresh {
		end := sec.End
		if end == 0 {
			end = st.rev.End
			st.tell(0, Structure, Suspicious, free, clauseUpdate, "the revision does not end in startxref and the end-of-file marker")
		}
		spans = append(spans, span{sec.Offset, end})
	}
	slices.SortFunc(spans, func(a, b span) int { return cmp.Compare(a.start, b.start) })
	at := st.rev.Start
	for _, sp := range append(spans, span{st.rev.End, st.rev.End}) {
		if sp.start > at {
			err := st.gap(at, sp.start)
			if err != nil {
				return err
			}
		}
		at = max(at, sp.end)
	}
	return nil
}

// gap judges bytes that belong to nothing.
func (st *step) gap(from, to int64) error {
	b := make([]byte, min(to-from, 64<<10))
	n, err := st.reader.ReadAt(b, from)
	if n < len(b) {
		if err == nil || err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		return fmt.Errorf("reading the document at offset %d: %w", from, err)
	}
	what := ""
	for len(b) > 0 && what == "" {
		b = bytes.TrimLeft(b, "\x00\t\n\f\r ")
		if len(b) == 0 {
			break
		}
		if b[0] != '%' {
			what = "bytes"
			break
		}
		line := b
		if i := bytes.IndexAny(b, "\r\n"); i >= 0 {
			line = b[:i]
		}
		for _, word := range []string{"%%EOF", "startxref", "trailer", "xref", " obj", "%PDF-"} {
			if bytes.Contains(line, []byte(word)) {
				what = word + " in a comment"
			}
		}
		b = b[len(line):]
	}
	switch {
	case what == "" && to-from > 64<<10:
		what = "much white space"
	case what == "":
		return nil
	}
	st.tell(0, Structure, Suspicious, free, clauseUpdate, "%d bytes at offset %d belong to no object of the revision: %s", to-from, from, what)
	return nil
}
