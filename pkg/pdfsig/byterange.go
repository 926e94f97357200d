// SPDX-License-Identifier: Apache-2.0

package pdfsig

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"io"

	"gsign/internal/limits"
	"gsign/internal/pdf"
)

// locate finds where /Contents stands in the file.
func (d *Document) locate(s *Signature, f *field, ref pdf.Ref) error {
	direct := ref.IsZero()
	if direct {
		ref = f.ref
		s.problem("A10", "ISO 32000-2 12.8.1", "the signature dictionary is not an indirect object")
	}
	if ref.IsZero() {
		return nil
	}
	if d.file.InObjectStream(ref) {
		s.problem("A4", "ISO 32000-2 12.8.1", "the signature dictionary is in an object stream, so no ByteRange can leave out its /Contents")
		return nil
	}
	if direct {
		return nil // the gap's bytes are compared with /Contents, but their place cannot be
	}
	extents, err := d.file.ValueExtents(ref)
	if err != nil {
		if pdf.IsMalformed(err) {
			s.problem("A4", "ISO 32000-2 12.8.1", "the place of /Contents cannot be found: %v", err)
			return nil
		}
		return err
	}
	if e, ok := extents["Contents"]; ok {
		s.ContentsStart, s.ContentsEnd = e[0], e[1]
	}
	return nil
}

// rangeSane reports whether a ByteRange is [0 a b c] with one gap, and no number overflows.
func rangeSane(r []int64) bool {
	return len(r) == 4 && r[0] == 0 && r[1] > 0 && r[2] > r[1] && r[3] > 0 && r[2]+r[3] > 0
}

// checkRange checks the ByteRange against the file: where it begins, how many gaps it has, where it ends (A5).
func (d *Document) checkRange(s *Signature) error {
	const clause = "ISO 32000-2 12.8.1"
	if s.ByteRange == nil {
		return nil
	}
	switch r := s.ByteRange; {
	case len(r) != 4:
		s.problem("A5", clause, "/ByteRange has %d entries, not four: one gap", len(r))
		return nil
	case r[0] != 0:
		s.problem("A5", clause, "/ByteRange begins at %d, not at the start of the file", r[0])
		return nil
	case !rangeSane(r):
		s.problem("A5", clause, "/ByteRange %d is not two ranges with a gap between them", r)
		return nil
	}
	end := s.RevisionEnd()
	switch {
	case end > d.size:
		s.problem("A5", clause, "/ByteRange ends at %d, after the end of the file at %d", end, d.size)
	case end == d.size:
		s.Whole = true
	default:
		return d.checkRevisionEnd(s, end)
	}
	return nil
}

// checkRevisionEnd checks that a range which is not the whole file ends where a revision does, and that all bytes
// after it belong to later revisions.
func (d *Document) checkRevisionEnd(s *Signature, end int64) error {
	const clause = "ISO 32000-2 12.8.1, 7.5.6"
	before, err := d.read(max(0, end-64), end)
	if err != nil {
		return err
	}
	if !bytes.HasSuffix(bytes.TrimRight(before, whiteSpace), eof) {
		s.problem("A5", clause, "/ByteRange ends at %d, which is not the end of a revision", end)
		return nil
	}
	last, err := d.lastRevisionEnd()
	if err != nil {
		return err
	}
	tail := max(last, end)
	after, err := d.read(tail, min(d.size, tail+1024))
	if err != nil {
		return err
	}
	if last > 0 && len(bytes.Trim(after, whiteSpace)) > 0 {
		s.problem("A5", clause, "%d bytes at the end of the file belong to no revision", d.size-tail)
	}
	return nil
}

const whiteSpace = "\r\n\t\f \x00"

var eof = []byte("%%EOF")

// lastRevisionEnd returns the offset after the %%EOF of the last revision in the file, 0 when it cannot be found.
func (d *Document) lastRevisionEnd() (int64, error) {
	var last pdf.Section
	for _, sec := range d.file.Sections() {
		if sec.Offset >= last.Offset {
			last = sec
		}
	}
	if last.End > 0 {
		return last.End, nil
	}
	// Between the section and its %%EOF stands something unusual, such as a comment of the producer.
	b, err := d.read(last.Offset, min(d.size, last.Offset+limits.ReadBlock))
	if err != nil {
		return 0, err
	}
	i := bytes.Index(b, []byte("startxref"))
	if i < 0 {
		return 0, nil
	}
	j := bytes.Index(b[i:], eof)
	if j < 0 {
		return 0, nil
	}
	return last.Offset + int64(i+j+len(eof)), nil
}

// read returns the bytes [from, to) of the file.
func (d *Document) read(from, to int64) ([]byte, error) {
	b := make([]byte, max(0, to-from))
	err := d.readAt(b, from)
	if err != nil {
		return nil, err
	}
	return b, nil
}

// readAt fills b.
func (d *Document) readAt(b []byte, from int64) error {
	n, err := d.r.ReadAt(b, from)
	if n == len(b) {
		return nil
	}
	if err == nil || errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return fmt.Errorf("reading the document at offset %d: %w", from, err)
}

// checkGap checks that the gap of the ByteRange is the hex string of /Contents and nothing else (A4).
func (d *Document) checkGap(s *Signature) error {
	const clause = "ISO 32000-2 12.8.1, 12.8.3.3.1"
	if !rangeSane(s.ByteRange) || s.RevisionEnd() > d.size {
		return nil
	}
	start, end := s.ByteRange[1], s.ByteRange[2]
	if end-start > 2*limits.MaxSignedData {
		s.problem("A4", clause, "the gap of /ByteRange has %d bytes", end-start)
		return nil
	}
	ends, err := d.bracketed(start, end)
	if err != nil {
		return err
	}
	if !ends {
		s.problem("A4", clause, "the gap of /ByteRange is not a hex string with its brackets")
		return nil
	}
	if s.ContentsStart >= 0 && (s.ContentsStart != start || s.ContentsEnd != end) {
		s.problem("A4", clause, "the gap of /ByteRange is %d to %d, but /Contents is %d to %d",
			start, end, s.ContentsStart, s.ContentsEnd)
		return nil
	}
	digits, same, err := d.compareHex(start+1, end-1, s.Contents)
	if err != nil {
		return err
	}
	if !digits {
		s.problem("A4", clause, "the gap of /ByteRange is not an even number of hex digits")
	} else if !same {
		s.problem("A4", clause, "the gap of /ByteRange is not /Contents")
	}
	return nil
}

// bracketed reports whether the bytes [start, end) begin with "<" and end with ">".
func (d *Document) bracketed(start, end int64) (bool, error) {
	first, err := d.read(start, start+1)
	if err != nil {
		return false, err
	}
	last, err := d.read(end-1, end)
	return err == nil && first[0] == '<' && last[0] == '>', err
}

// compareHex reports whether the bytes [from, to) are pairs of hex digits, and whether these say want.
func (d *Document) compareHex(from, to int64, want []byte) (digits, same bool, err error) {
	if (to-from)%2 != 0 {
		return false, false, nil
	}
	same = (to-from)/2 == int64(len(want))
	piece := make([]byte, min(to-from, 4<<10))
	for from < to {
		piece = piece[:min(int64(len(piece)), to-from)]
		err := d.readAt(piece, from)
		if err != nil {
			return false, false, err
		}
		n, err := hex.Decode(piece, piece)
		if err != nil {
			return false, false, nil //nolint:nilerr // what is wrong is the file's
		}
		if same {
			same = bytes.Equal(piece[:n], want[:n])
			want = want[n:]
		}
		from += int64(len(piece))
	}
	return true, same, nil
}
