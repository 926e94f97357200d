// SPDX-License-Identifier: Apache-2.0

package pdf

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"

	"gsign/internal/limits"
)

// closeEnds supersedes the objects that nothing in the file ends: readers would go on into what is appended, and take
// it for a part of them. A stream without endstream keeps the data that /Length says or, where that cannot be, all up to
// the end of its object or of the file. What is no object for want of an end stays none.
func (u *Update) closeEnds() error {
	f := u.f
	open, last, err := f.openEnds()
	if err != nil {
		return err
	}
	for _, ref := range open {
		o, err := f.Object(ref)
		if err != nil {
			if err := onlyMachine(err); err != nil {
				return err
			}
			continue
		}
		s, ok := o.(*Stream)
		if _, set := u.objects[ref]; !ok || set {
			continue
		}
		n, err := f.openLength(s)
		if err != nil {
			return err
		}
		if n >= 0 {
			if f.opts.Strict {
				return malformed(s.start, "stream %v without endstream", ref)
			}
			ended := *s // the file's own stays open for the updates to come: the first may be a trial
			ended.length = n
			f.noteOnce(s.start, fmt.Sprintf("stream %v without endstream; it is written anew", ref))
			u.Set(ref, &ended)
		}
	}
	if _, set := u.objects[last]; set || last.IsZero() {
		return nil
	}
	p := parser{lexer: newLexer(&f.src, f.entries.get(last.Num).offset()), file: f}
	if _, _, err = p.header(); err == nil {
		_, err = p.body(f)
	}
	if err == nil || onlyMachine(err) != nil || p.pos() < f.src.size {
		return onlyMachine(err)
	}
	if f.opts.Strict {
		return malformedBy(f.entries.get(last.Num).offset(), err, "object %v has no end", last)
	}
	f.noteOnce(f.entries.get(last.Num).offset(), fmt.Sprintf("object %v has no end; it is written anew, as nothing", last))
	u.Set(last, Null{})
	return nil
}

// shorten supersedes the streams of a recovered file that are shorter than their /Length. Readers that search the file see
// them end where they do; those that believe a cross-reference, as there is one now, go on into what follows.
func (u *Update) shorten() error {
	f := u.f
	left := int64(limits.PDFShortBytes)
	for _, ref := range f.short {
		o, err := f.Object(ref)
		if err != nil {
			if err := onlyMachine(err); err != nil && !isUnsupported(err) {
				return err
			}
			continue
		}
		s, ok := o.(*Stream)
		if _, set := u.objects[ref]; !ok || set || s.Dict["Type"] == Object(Name("XRef")) {
			continue
		}
		said, err := f.Integer(s.Dict["Length"])
		if err := onlyMachine(err); err != nil {
			return err
		}
		n, err := f.streamLength(s)
		if err != nil {
			if err := onlyMachine(err); err != nil {
				return err
			}
			continue
		}
		if int64(said) <= n+2 { // an end of line may follow the data
			continue
		}
		if left -= n; left < 0 {
			return nil
		}
		f.noteOnce(s.start, fmt.Sprintf("stream %v is shorter than its /Length; it is written anew", ref))
		u.Set(ref, s)
	}
	return nil
}

// openLength gives the length of a stream's data when nothing in the file ends it, or -1. /Length is right where the file
// goes on after so many bytes with what can follow an object. Where it does not, readers that search the file go on to the
// end of the object or of the file, and others believe /Length.
func (f *File) openLength(s *Stream) (int64, error) {
	n, ended, err := f.declaredLength(s)
	if err != nil || ended {
		return -1, err
	}
	if _, err := f.scanLength(s.start); err == nil || onlyMachine(err) != nil {
		return -1, onlyMachine(err)
	}
	if n > 0 {
		if ok, err := f.objectEnds(s.start + n); err != nil || ok {
			return n, err
		}
	}
	end, after, err := f.dataEnd(s.start)
	if err != nil {
		return 0, err
	}
	if n > 0 && !f.Recovered() && (s.start+n < end || s.start+n > after) {
		return 0, ambiguous(s.start, "a stream without endstream has %d bytes or %d", n, end-s.start)
	}
	return end - s.start, nil
}

// dataEnd gives the end of data that no endstream ends, and what comes after the keyword that ends its object. Without that
// both are the end of the file.
func (f *File) dataEnd(start int64) (end, after int64, err error) {
	at, ok, err := f.src.find(start, []byte("endobj"), func(n int64) error {
		return f.src.work.spend(&f.scanned, n, limits.PDFScan, "bytes searched for the ends of streams")
	})
	if err != nil || !ok {
		return f.src.size, f.src.size, err
	}
	end, err = f.beforeLine(start, at)
	return end, at + int64(len("endobj")), err
}

// afterObject is what can follow the data of a stream, white space aside, whose endstream is missing. At the end of the
// file it may be a part of that.
var afterObject = regexp.MustCompile(`^(?:$|endobj|xref|startxref|trailer|%%EOF|[0-9]{1,10}[\x00\t\n\f\r ]+[0-9]{1,5}[\x00\t\n\f\r ]+obj)`)

func (f *File) objectEnds(at int64) (bool, error) {
	tail := make([]byte, min(64, f.src.size-at))
	if err := f.src.readFull(tail, at); err != nil {
		return false, err
	}
	tail = bytes.TrimLeft(tail, whiteSpace)
	return afterObject.Match(tail) || bytes.HasPrefix(endstream, tail), nil
}

// openEnds gives the objects in which the keyword stream stands with no endstream after it in the file, and the object
// that stands last in it.
func (f *File) openEnds() (open []Ref, last Ref, err error) {
	words, err := f.openStreams()
	if err != nil {
		return nil, Ref{}, err
	}
	if e := f.entries.get(f.entries.farNum); len(words) == 0 && e.kind() == entryOffset && e.offset() == f.entries.far && e.offset() < f.src.size {
		return nil, Ref{f.entries.farNum, e.gen()}, nil
	}
	owners, begin := make([]Ref, len(words)), make([]int64, len(words))
	end := int64(-1)
	for first, b := range f.entries.blocks {
		for i, e := range b {
			at := e.offset()
			if e.kind() != entryOffset || at >= f.src.size {
				continue
			}
			ref := Ref{first*entryBlock + uint32(i), e.gen()}
			if at > end {
				last, end = ref, at
			}
			if k, _ := slices.BinarySearch(words, at); k < len(words) && at > begin[k] {
				owners[k], begin[k] = ref, at
			}
		}
	}
	for _, ref := range owners {
		if !ref.IsZero() && !slices.Contains(open, ref) {
			open = append(open, ref)
		}
	}
	return open, last, nil
}

// openStreams gives the offsets of the keyword stream, after a dictionary, that have no endstream after them.
func (f *File) openStreams() ([]int64, error) {
	const around = 64 // bytes after a chunk and before: what begins in it must be seen whole
	var found []int64
	var room []byte
	chunk := int64(4 << 10)
	for end := f.src.size; end > 0 && f.src.size-end < limits.PDFOpenEnd; chunk = 256 << 10 {
		start := max(0, end-chunk)
		from := max(0, start-around)
		n := min(end+around, f.src.size) - from
		room = slices.Grow(room[:0], int(n))
		buf := room[:n]
		if err := f.src.readFull(buf, from); err != nil {
			return nil, err
		}
		stop := lastIndex(buf, endstream)
		found = append(openIn(buf[:min(end-from+around/2, int64(len(buf)))], from, stop+1, start, end), found...)
		if len(found) > limits.PDFOpenStreams {
			return nil, malformed(found[0], "more than %d streams without endstream", limits.PDFOpenStreams)
		}
		if stop >= 0 {
			return found, nil
		}
		end = start
	}
	return found, nil
}

// lastIndex is what bytes.LastIndex is, which takes ten times as long where the word is rare.
func lastIndex(b, word []byte) int {
	last := -1
	for i := 0; ; {
		j := bytes.Index(b[i:], word)
		if j < 0 {
			return last
		}
		last = i + j
		i = last + len(word)
	}
}

// openIn gives the offsets in start to end of the keyword stream after >>, from buf[i] on; buf begins at the offset off.
func openIn(buf []byte, off int64, i int, start, end int64) []int64 {
	word := endstream[len("end"):]
	var found []int64
	for {
		j := bytes.Index(buf[i:], word)
		if j < 0 {
			return found
		}
		at := off + int64(i+j)
		if at >= start && at < end && bytes.HasSuffix(bytes.TrimRight(buf[:i+j], whiteSpace), []byte(">>")) {
			found = append(found, at)
		}
		i += j + len(word)
	}
}
