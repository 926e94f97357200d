// SPDX-License-Identifier: Apache-2.0

package pdfsig

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"gsign/internal/pdf"
)

// MismatchError says that a finished file does not read as it was meant to: an error of this module, or of the disk.
type MismatchError = pdf.MismatchError

// Intent is what a revision is meant to say, for Reread. It is plain data too.
type Intent struct {
	Revision *pdf.Intent `json:"revision"`
	// The rest is of a revision with a signature.
	Field     string  `json:"field,omitempty"`      // fully qualified name
	Signature pdf.Ref `json:"signature,omitzero"`   // the signature dictionary
	ByteRange []int64 `json:"byte_range,omitempty"` // its /ByteRange
	Contents  []byte  `json:"contents,omitempty"`   // SHA-256 of its /Contents

	// CMS is what is in /Contents before the padding, and Reserved the length of /Contents, where they are at hand: then
	// Contents is summed up when this becomes JSON.
	CMS      []byte `json:"-"`
	Reserved int    `json:"-"`
}

// MarshalJSON sums /Contents up where that was not done yet.
func (in Intent) MarshalJSON() ([]byte, error) {
	type plain Intent
	if in.Contents == nil && in.CMS != nil {
		h := sha256.New()
		h.Write(in.CMS)
		h.Write(make([]byte, in.Reserved-len(in.CMS)))
		in.Contents = h.Sum(nil)
	}
	return json.Marshal(plain(in))
}

// contains reports whether these are the contents that were meant.
func (in *Intent) contains(contents []byte) bool {
	if in.CMS == nil {
		sum := sha256.Sum256(contents)
		return bytes.Equal(sum[:], in.Contents)
	}
	rest, ok := bytes.CutPrefix(contents, in.CMS)
	return ok && len(contents) == in.Reserved && len(bytes.Trim(rest, "\x00")) == 0
}

// Reread reads a finished file back, as a stranger would, and compares it with what was meant: catalog, page count, trailer, every
// object that was written, every other one's place, and each signature's field. Before is the original, after the
// finished file, opened for this; the intents are those of all revisions appended, in their order: of Signed.Intent and
// the report of ltv.Extend. That the file still begins with the original's bytes is for whoever copied them to
// prove. What differs is a *MismatchError.
func Reread(before, after *Document, intents ...*Intent) error {
	var revisions []*pdf.Intent
	for _, in := range intents {
		if in != nil {
			revisions = append(revisions, in.Revision)
		}
	}
	err := pdf.Reread(before.file, after.file, revisions...)
	if err != nil {
		return err
	}
	for _, in := range intents {
		if in == nil || in.Field == "" {
			continue
		}
		err := after.rereadField(in)
		if err != nil {
			return err
		}
	}
	return nil
}

// rereadField finds the signature by the name of its field.
func (d *Document) rereadField(in *Intent) error {
	wrong := func(format string, args ...any) error {
		return &MismatchError{What: fmt.Sprintf("field %q: ", in.Field) + fmt.Sprintf(format, args...)}
	}
	fm, err := d.form()
	if err != nil {
		return err
	}
	f := fm.field(in.Field)
	if f == nil {
		return wrong("it is not in the form")
	}
	dict, ref, err := d.signature(f)
	if err != nil {
		return err
	}
	if dict == nil || ref != in.Signature {
		return wrong("its value is not the signature %v", in.Signature)
	}
	s, err := d.readSignature(f, dict, ref)
	if err != nil {
		return err
	}
	if !slices.Equal(s.ByteRange, in.ByteRange) {
		return wrong("its /ByteRange is %v instead of %v", s.ByteRange, in.ByteRange)
	}
	if s.ContentsStart != in.ByteRange[1] || s.ContentsEnd != in.ByteRange[2] || s.RevisionEnd() != in.Revision.End {
		return wrong("its /ByteRange is not what surrounds its /Contents")
	}
	if !in.contains(s.Contents) {
		return wrong("its /Contents are not the signature's")
	}
	return nil
}

// Intent returns what the signature's revision is meant to say.
func (s *Signed) Intent() (*Intent, error) {
	_, in, err := s.Finish()
	return in, err
}

// Finish returns what Suffix and Intent do, at the cost of one.
func (s *Signed) Finish() (suffix []byte, intent *Intent, err error) {
	in := s.Prepared.Intent
	if in == nil || in.Revision == nil {
		return nil, nil, errors.New("reading a prepared signature: what it is meant to say is not there")
	}
	suffix, der, err := s.finished()
	if err != nil {
		return nil, nil, err
	}
	return suffix, s.Prepared.intend(suffix, der), nil
}

// intend says what the revision means once its placeholder holds the CMS.
func (p *Prepared) intend(suffix, der []byte) *Intent {
	in := *p.Intent
	in.Revision, in.Contents = p.Intent.Revision.Sealed(suffix), nil
	in.CMS, in.Reserved = der, int(p.ContentsLength-2)/2
	return &in
}

// rehearse reads the file with a revision whose signature is still to come, before anything is spent.
func (d *Document) rehearse(rev *pdf.Revision) error {
	joined, size := pdf.Joined(d.r, d.size, rev.Bytes)
	after, err := pdf.OpenWith(joined, size, &pdf.Options{Password: d.password, Original: d.file})
	if err != nil {
		if pdf.IsMalformed(err) {
			return &MismatchError{What: err.Error()}
		}
		return err
	}
	return pdf.Rehearse(d.file, after, rev.Intent)
}
