// SPDX-License-Identifier: Apache-2.0

package pdf

import (
	"gsign/internal/limits"
)

// streamEnd finds where the data of a stream ends while the file is being searched. A direct /Length is believed when
// endstream follows, as everywhere. One that is a reference cannot be looked up yet: the object is looked for right
// after each endstream, where writers put it. sure says that /Length was right.
func (s *scan) streamEnd(st *Stream) (end int64, sure bool, err error) {
	if _, direct := st.Dict["Length"].(Integer); direct {
		n, ok, err := s.f.declaredLength(st)
		if err != nil {
			return 0, false, err
		}
		if ok {
			return st.start + n, true, nil
		}
	}
	for len(s.ends) > 0 && s.ends[0].at < st.start {
		s.ends = s.ends[1:]
	}
	first, ok, err := s.endstream(0, st.start)
	if err != nil {
		return 0, false, err
	}
	if !ok {
		return st.start, false, nil // none: objects may follow nevertheless
	}
	ref, indirect := st.Dict["Length"].(Ref)
	if !indirect || ref.IsZero() {
		return first.at, false, nil
	}
	for i := range limits.PDFEndstreams {
		end, ok, err := s.endstream(i, st.start)
		if err != nil {
			return 0, false, err
		}
		if !ok {
			break
		}
		if end.next == ref {
			if d := end.at - st.start - end.length; d >= 0 && d <= 2 { // the end of line before the keyword
				return end.at, true, nil
			}
			break
		}
	}
	return first.at, false, nil
}

// A foundEnd is the keyword endstream, and the integer that is the object after it.
type foundEnd struct {
	at     int64
	next   Ref // zero where no integer follows
	length int64
}

// endstream gives keyword i at or after off. Those found are kept while streams before them are looked at, so that nothing
// is read twice; all searches together read a bounded number of bytes.
func (s *scan) endstream(i int, off int64) (foundEnd, bool, error) {
	if i < len(s.ends) {
		return s.ends[i], true, nil
	}
	if n := len(s.ends); n > 0 {
		off = s.ends[n-1].at + int64(len(endstream))
	}
	if s.endless > 0 && off >= s.endless {
		return foundEnd{}, false, nil
	}
	at, ok, err := s.f.src.find(off, endstream, func(n int64) error {
		return s.f.src.work.spend(&s.seeking, n, limits.PDFScan+s.f.src.size, "bytes searched for the ends of streams")
	})
	if err != nil {
		return foundEnd{}, false, err
	}
	if !ok {
		s.endless = off
		return foundEnd{}, false, nil
	}
	end := foundEnd{at: at}
	if end.next, end.length, err = s.lengthAfter(at); err != nil {
		return foundEnd{}, false, err
	}
	s.ends = append(s.ends, end)
	return end, true, nil
}

// lengthAfter reads "endstream endobj n g obj integer" at off.
func (s *scan) lengthAfter(off int64) (Ref, int64, error) {
	p := parser{lexer: newLexer(&s.f.src, off)}
	for _, word := range []string{"endstream", "endobj"} {
		t, err := p.token()
		if err != nil || !t.is(word) {
			return Ref{}, 0, onlyMachine(err)
		}
	}
	got, _, err := p.header()
	if err != nil {
		return Ref{}, 0, onlyMachine(err)
	}
	t, err := p.token()
	if err != nil || t.kind != tokenInteger {
		return Ref{}, 0, onlyMachine(err)
	}
	return got, t.num, nil
}

// onlyMachine drops errors that say that the file is bad.
func onlyMachine(err error) error {
	if err != nil && IsMalformed(err) {
		return nil
	}
	return err
}
