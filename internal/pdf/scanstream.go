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
	first, ok, err := s.nextEndstream(st.start)
	if err != nil {
		return 0, false, err
	}
	if !ok {
		return st.start, false, nil // none: objects may follow nevertheless
	}
	ref, indirect := st.Dict["Length"].(Ref)
	if !indirect {
		return first, false, nil
	}
	at := first
	for range limits.PDFEndstreams {
		n, found, err := s.lengthAfter(at, ref)
		if err != nil {
			return 0, false, err
		}
		if found {
			if d := at - st.start - n; d >= 0 && d <= 2 { // the end of line before the keyword
				return at, true, nil
			}
			return first, false, nil
		}
		at, ok, err = s.nextEndstream(at + int64(len(endstream)))
		if err != nil {
			return 0, false, err
		}
		if !ok {
			break
		}
	}
	return first, false, nil
}

// nextEndstream gives the offset of the keyword. All searches together read a bounded number of bytes.
func (s *scan) nextEndstream(off int64) (int64, bool, error) {
	return s.f.src.find(off, endstream, func(n int64) error {
		return s.f.src.work.spend(&s.seeking, n, limits.PDFScan+s.f.src.size, "bytes searched for the ends of streams")
	})
}

// lengthAfter reads "endstream endobj n g obj integer" at off.
func (s *scan) lengthAfter(off int64, ref Ref) (int64, bool, error) {
	p := parser{lexer: newLexer(&s.f.src, off)}
	for _, word := range []string{"endstream", "endobj"} {
		t, err := p.token()
		if err != nil || !t.is(word) {
			return 0, false, onlyMachine(err)
		}
	}
	got, _, err := p.header()
	if err != nil || got != ref {
		return 0, false, onlyMachine(err)
	}
	t, err := p.token()
	if err != nil || t.kind != tokenInteger {
		return 0, false, onlyMachine(err)
	}
	return t.num, true, nil
}

// onlyMachine drops errors that say that the file is bad.
func onlyMachine(err error) error {
	if err != nil && IsMalformed(err) {
		return nil
	}
	return err
}
