// SPDX-License-Identifier: Apache-2.0

package pdf

import (
	"bytes"
	"math"
	"slices"

	"gsign/internal/limits"
)

const whiteSpace = "\x00\t\n\f\r "

const (
	scanChunk  = 256 << 10
	scanBehind = 256 // what is kept of the chunk before: enough for "1234567890 12345 " and the line before it
	scanAhead  = 16  // what must follow a keyword before it is looked at
)

// A scan goes through the whole file once and notes where objects begin, which trailers there are, and which objects lie
// where only some readers look: in the data of streams.
type scan struct {
	f    *File
	main entries // the last definition of each object outside streams

	// What readers that search line by line, streams included, take instead: where it differs.
	inside map[uint32]entry
	// An earlier definition of an object with another generation.
	older map[uint32]entry

	trailers []foundTrailer
	packed   []uint32 // object streams, in the order of their definitions
	catalogs []Ref    // objects with the name /Catalog in them
	handlers []Ref    // objects with the name /Standard in them, that of a security handler
	short    []Ref    // streams that do not end where /Length says, as far as that can be told here
	signed   bool     // the name /ByteRange is in it
	encrypt  int64    // where the name /Encrypt stands outside streams, or −1

	object  Ref        // the object being in, or zero
	body    int64      // where its body begins
	until   int64      // the data of a stream reaches to here
	crowded bool       // there was more of something than is remembered
	ends    []foundEnd // the next ones, in their order
	endless int64      // from here on there is none, where not zero
	seeking int64      // bytes read in search of the ends of streams
	words   int64      // obj that is no object's, not yet counted as work
	line    int64      // the place lately asked about, and whether that is in a comment
	comment bool
}

// A foundTrailer is what a trailer or the dictionary of a cross-reference stream says of the document.
type foundTrailer struct {
	at     int64
	dict   Dict // of trailerKeys alone
	inside bool // in the data of a stream
	stream bool
}

// trailerKeys are what is of use of a trailer when the cross-reference is not.
var trailerKeys = []Name{"Root", "Info", "ID", "Encrypt"}

// keywords are what a scan stops at.
var scanKeywords = [...][]byte{[]byte("obj"), []byte("stream"), []byte("trailer"), []byte("/Catalog"), []byte("/Standard"), []byte("/Encrypt"), []byte("/ByteRange")}

// keywordWork is what finding a keyword counts as; of streams and trailers the larger part counts where they are read.
var keywordWork = [...]int64{limits.PDFWordWork, 2 * limits.PDFWordWork, 2 * limits.PDFWordWork, limits.PDFNameWork, limits.PDFNameWork, limits.PDFNameWork, limits.PDFNameWork}

// scanFile searches the whole file. What stands before the header is no part of it: qpdf, poppler, pdf.js, PDFium and MuPDF
// begin there.
func (f *File) scanFile() (*scan, error) {
	s := &scan{f: f, inside: map[uint32]entry{}, older: map[uint32]entry{}, until: f.header, encrypt: -1}
	buf := make([]byte, 0, scanBehind+scanChunk+scanAhead)
	var off int64 // of buf[0]
	from := 0     // in buf: what is before has been looked at
	for {
		end := off + int64(len(buf))
		n := int(min(int64(cap(buf)-len(buf)), f.src.size-end))
		buf = buf[:len(buf)+n]
		if err := f.src.readFull(buf[len(buf)-n:], end); err != nil {
			return nil, err
		}
		last := end+int64(n) == f.src.size
		limit := len(buf)
		if !last {
			limit -= scanAhead
		}
		if err := s.chunk(buf, off, from, limit); err != nil {
			return nil, err
		}
		if last {
			return s, nil
		}
		keep := max(0, limit-scanBehind)
		from = limit - keep
		copy(buf, buf[keep:])
		buf = buf[:len(buf)-keep]
		off += int64(keep)
	}
}

// chunk looks at the keywords that begin in buf[from:limit], in their order.
func (s *scan) chunk(buf []byte, off int64, from, limit int) error {
	var next [len(scanKeywords)]int
	for i := range next {
		next[i] = s.keyword(buf, i, from)
	}
	for {
		k := 0
		for i := range next {
			if next[i] < next[k] {
				k = i
			}
		}
		at := next[k]
		if at >= limit {
			words := s.words
			s.words = 0
			return s.f.src.work.token(0, words*limits.PDFWordWork)
		}
		next[k] = s.keyword(buf, k, at+1)
		if err := s.f.src.work.token(0, keywordWork[k]); err != nil {
			return err
		}
		after := at + len(scanKeywords[k])
		if after < len(buf) && isRegular(int(buf[after])) {
			continue
		}
		var err error
		switch k {
		case 0:
			err = s.foundObject(buf, off, at)
		case 1:
			err = s.foundStream(buf, off, at)
		case 2:
			err = s.foundTrailer(buf, off, at)
		case 3:
			s.catalogs = s.mentioned(s.catalogs, off+int64(at))
		case 4:
			s.handlers = s.mentioned(s.handlers, off+int64(at))
		case 5:
			if pos := off + int64(at); pos >= s.until && s.encrypt < 0 {
				s.encrypt = pos
			}
		case 6:
			s.signed = true
		}
		if err != nil {
			return err
		}
	}
}

// keyword gives the next place of keyword k; of obj, the next one after white space and a digit.
func (s *scan) keyword(buf []byte, k, from int) int {
	for {
		i := findFrom(buf, scanKeywords[k], from)
		if k > 0 || i == math.MaxInt {
			return i
		}
		j := i
		for j > 0 && classes[buf[j-1]] == classSpace {
			j--
		}
		if j > 0 && j < i && buf[j-1] >= '0' && buf[j-1] <= '9' {
			return i
		}
		s.words++
		from = i + len(scanKeywords[k])
	}
}

// findFrom looks at some bytes one by one first: where a word is dense, calling for each takes longer than that.
func findFrom(buf, word []byte, from int) int {
	near := min(from+32, len(buf)-len(word)+1)
	for ; from < near; from++ {
		if buf[from] == word[0] && bytes.Equal(buf[from:from+len(word)], word) {
			return from
		}
	}
	if i := bytes.Index(buf[min(from, len(buf)):], word); i >= 0 {
		return from + i
	}
	return math.MaxInt
}

// foundObject looks at what stands before the keyword obj. Numbers that no reader takes are none.
func (s *scan) foundObject(buf []byte, off int64, at int) error {
	gen, i, ok := numberBefore(buf, at)
	if !ok || gen > math.MaxUint16 {
		return nil
	}
	num, i, ok := numberBefore(buf, i)
	if !ok || num > limits.PDFObjectNumber || num == 0 || i > 0 && classes[buf[i-1]] == classRegular || i == 0 && off > 0 {
		return nil
	}
	ref := Ref{uint32(num), uint16(gen)}
	if err := s.f.src.work.token(0, limits.PDFObjectWork); err != nil {
		return err
	}
	if s.commented(buf[:i], off) || off+int64(i) < s.f.header {
		return nil
	}
	e := offsetEntry(off+int64(i), ref.Gen)
	// No cross-reference can say that an object begins at offset 0: that is free.
	if off+int64(at) < s.until || e.offset() == s.f.header {
		if beginsLine(buf[:i]) {
			s.note(s.inside, ref.Num, e)
		}
		return nil
	}
	s.object, s.body = ref, off+int64(at)+3
	if was := s.main.get(ref.Num); was.kind() == entryOffset && was.gen() != ref.Gen {
		s.note(s.older, ref.Num, was)
	}
	delete(s.inside, ref.Num)
	return s.main.set(ref.Num, e)
}

func (s *scan) note(m map[uint32]entry, num uint32, e entry) {
	if _, ok := m[num]; !ok && len(m) >= limits.PDFConflicts {
		s.crowded = true
		return
	}
	m[num] = e
}

// numberBefore reads digits backwards, after white space, which must be there unless a keyword follows that is obj.
func numberBefore(buf []byte, end int) (n int64, start int, ok bool) {
	i := end
	for i > 0 && classes[buf[i-1]] == classSpace {
		i--
	}
	if i == end {
		return 0, 0, false
	}
	for end = i; i > 0 && end-i <= 10 && buf[i-1] >= '0' && buf[i-1] <= '9'; {
		i--
	}
	if i == end || end-i > 10 {
		return 0, 0, false
	}
	for _, c := range buf[i:end] {
		n = n*10 + int64(c-'0')
	}
	return n, i, true
}

// beginsLine reports whether nothing but blanks stands before on the same line.
func beginsLine(before []byte) bool {
	b := bytes.TrimRight(before, " \t\x00\f")
	return len(b) == 0 || b[len(b)-1] == '\n' || b[len(b)-1] == '\r'
}

// commented reports whether a comment has begun before on the same line. It is asked for one place after the other, and
// looks at no byte twice.
func (s *scan) commented(before []byte, off int64) bool {
	end := off + int64(len(before))
	known, comment := int(max(0, s.line-off)), s.comment && s.line >= off
	for i := len(before) - 1; i >= known; i-- {
		if c := before[i]; c == '%' || c == '\n' || c == '\r' {
			comment = c == '%'
			break
		}
	}
	s.line, s.comment = end, comment
	return comment
}

// foundStream reads the object whose dictionary ends before the keyword stream, and goes past its data.
func (s *scan) foundStream(buf []byte, off int64, at int) error {
	pos := off + int64(at)
	if pos < s.until || s.object.IsZero() || at > 0 && classes[buf[at-1]] == classRegular {
		return nil
	}
	if before := bytes.TrimRight(buf[:at], whiteSpace); !bytes.HasSuffix(before, []byte(">>")) && len(before) > 0 {
		return nil
	}
	if err := s.f.src.work.token(0, limits.PDFStreamWork); err != nil {
		return err
	}
	p := parser{lexer: newLexer(&s.f.src, s.body)}
	o, err := p.body(s.f)
	if err != nil && !IsMalformed(err) {
		return err
	}
	st, ok := o.(*Stream)
	if err != nil || !ok {
		st = &Stream{Dict: Dict{}, file: s.f, start: pos + int64(len("stream"))}
	}
	if st.start < pos || st.start > pos+int64(scanAhead) {
		return nil // the word stands in the dictionary
	}
	ref := s.object
	s.object = Ref{}
	end, sure, err := s.streamEnd(st)
	if err != nil {
		return err
	}
	s.until = end
	if !sure {
		if err := s.f.src.work.token(0, limits.PDFStreamWork); err != nil { // as much again
			return err
		}
		if len(s.short) < limits.PDFShortStreams {
			s.short = append(s.short, ref)
		}
	}
	switch st.Dict["Type"] {
	case Object(Name("ObjStm")):
		if err := s.f.src.work.token(0, limits.PDFTrailerWork); err != nil {
			return err
		}
		if len(s.packed) < limits.PDFEntries/16 {
			s.packed = append(s.packed, ref.Num)
		}
	case Object(Name("XRef")):
		if err := s.f.src.work.token(0, limits.PDFTrailerWork); err != nil {
			return err
		}
		s.trailer(foundTrailer{at: s.main.get(ref.Num).offset(), dict: st.Dict, stream: true})
	}
	return nil
}

// foundTrailer reads the dictionary after the keyword.
func (s *scan) foundTrailer(buf []byte, off int64, at int) error {
	if at > 0 && classes[buf[at-1]] == classRegular {
		return nil
	}
	pos := off + int64(at)
	inside := pos < s.until
	if pos < s.f.header || inside && !beginsLine(buf[:at]) {
		return nil
	}
	if err := s.f.src.work.token(0, limits.PDFTrailerWork); err != nil {
		return err
	}
	p := parser{lexer: newLexer(&s.f.src, pos+int64(len("trailer")))}
	o, err := p.object()
	if err != nil && !IsMalformed(err) {
		return err
	}
	if d, ok := o.(Dict); ok && err == nil {
		s.trailer(foundTrailer{at: pos, dict: d, inside: inside})
	}
	if !inside {
		s.object = Ref{}
	}
	return nil
}

// trailer keeps what a trailer says: of the first ones, and of the last. A value with a word that is none of PDF is left
// out: where it is written anew, a trailer that has it is none.
func (s *scan) trailer(t foundTrailer) {
	d := Dict{}
	for _, key := range trailerKeys {
		if o := t.dict[key]; o != nil && !hasWord(o) && len(Append(nil, o)) <= limits.PDFTrailerValue {
			d[key] = o
		}
	}
	if d["Root"] == nil {
		return
	}
	t.dict = d
	if len(s.trailers) == limits.PDFTrailers {
		half := len(s.trailers) / 2
		copy(s.trailers[half:], s.trailers[half+1:])
		s.trailers = s.trailers[:len(s.trailers)-1]
	}
	s.trailers = append(s.trailers, t)
}

// onlyCatalog reports whether no other object outside streams looks like a catalog.
func (s *scan) onlyCatalog(ref Ref) bool {
	return !slices.ContainsFunc(s.catalogs, func(r Ref) bool { return r != ref })
}

// mentioned adds the object being in to the last ones of a list, unless pos is in the data of a stream.
func (s *scan) mentioned(list []Ref, pos int64) []Ref {
	if pos < s.until || s.object.IsZero() {
		return list
	}
	if n := len(list); n > 0 && list[n-1] == s.object {
		return list
	}
	if len(list) == limits.PDFTrailers {
		list = list[1:]
	}
	return append(list, s.object)
}
