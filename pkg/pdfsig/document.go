// SPDX-License-Identifier: Apache-2.0

package pdfsig

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"

	"gsign/internal/limits"
	"gsign/internal/pdf"
)

// MalformedError says that the file is not a well-formed PDF. Every other error of Open says that it could not be read.
type MalformedError = pdf.MalformedError

// RefusedError says why a well-formed PDF cannot be signed.
type RefusedError struct {
	Reason string // "the document is encrypted"
	Hint   string // what to do about it; empty when there is nothing to do
	Err    error  // the cause, such as a *PasswordError, or nil
	// DropXFA says that Options.DropXFA would remove the reason.
	DropXFA bool
	// Reserve says that a smaller Options.Reserve would.
	Reserve bool
}

func (e *RefusedError) Error() string { return "cannot be signed: " + e.Reason }

func (e *RefusedError) Unwrap() error { return e.Err }

// PasswordError says that the document is encrypted and that the password is missing or wrong. It comes within a
// *RefusedError.
type PasswordError = pdf.PasswordError

func refuse(hint, format string, args ...any) error {
	return &RefusedError{Reason: fmt.Sprintf(format, args...), Hint: hint}
}

// OpenOptions are the options of Open. Nil is allowed.
type OpenOptions struct {
	// Digest is the state of a SHA-256 that has read all bytes of the file. It is cloned, never changed. OPTIONAL:
	// without it the file is read once, when the digest is first needed. See also Document.SetDigest.
	Digest hash.Hash

	// Strict refuses a damaged file instead of recovering what can be read in one way only.
	Strict bool

	// Password opens an encrypted file: the user's or the owner's. The empty user password is tried first. OPTIONAL.
	Password []byte

	// Original is the document that this one begins with, byte for byte, opened before; that it does so is for the caller to
	// know. The file is read from its end as any other, but where its chain of cross-references leads to that of the original,
	// what the original's said is not read a second time: with millions of objects that is nearly all. OPTIONAL
	Original *Document

	// Revisions are other documents that this one begins with, opened before: see Document.Revision. OPTIONAL
	Revisions []*Document
}

// Document is a PDF file opened for signing or for reading its signatures. It is not safe for concurrent use.
type Document struct {
	file   *pdf.File
	r      io.ReaderAt
	size   int64
	digest hash.Cloner // SHA-256 after all bytes of the file; nil until known

	password []byte
	original *Document
	earlier  []*Document
	fields   *form // once it was read

	searched bool // what is kept below was read after the file had been recovered

	checked *Options               // with which it can be signed
	agreed  bool                   // a second reader was asked and did not disagree
	found   map[pdf.Ref]*Signature // as they were read, by signature dictionary
}

// Open reads the structure of a PDF file. A file that is not a well-formed PDF gives a *MalformedError, an encrypted one
// that the password does not open a *RefusedError around a *PasswordError.
func Open(r io.ReaderAt, size int64, opts *OpenOptions) (*Document, error) {
	if opts == nil {
		opts = &OpenOptions{}
	}
	o := &pdf.Options{Strict: opts.Strict, Password: opts.Password}
	if opts.Original != nil {
		o.Original = opts.Original.file
	}
	file, err := pdf.OpenWith(r, size, o)
	if err != nil {
		return nil, refuseLocked(err)
	}
	d := &Document{
		file: file, r: r, size: size, searched: file.Recovered(),
		password: opts.Password, original: opts.Original, earlier: opts.Revisions,
	}
	if opts.Digest != nil {
		err := d.SetDigest(opts.Digest)
		if err != nil {
			return nil, err
		}
	}
	return d, nil
}

// Damage is something that was wrong with the file and has been recovered.
type Damage = pdf.Damage

// Damage returns what was wrong with the file and has been recovered: nothing for a sound one.
func (d *Document) Damage() []Damage { return d.file.Damage() }

// Linearized reports whether the file is arranged for fast web view. Signing takes that away: the arrangement is of the
// whole file, and something is appended. The file stays valid.
func (d *Document) Linearized() (bool, error) { return d.file.Linearized() }

// Size returns the length of the file.
func (d *Document) Size() int64 { return d.size }

// ReaderAt returns the file's bytes.
func (d *Document) ReaderAt() io.ReaderAt { return d.r }

// File returns the container, for the packages of this module.
func (d *Document) File() *pdf.File { return d.file }

// Revision opens the document as it was when its first end bytes were all of it.
func (d *Document) Revision(end int64) (*Document, error) {
	switch {
	case end == d.size:
		return d, nil
	case d.original != nil && end == d.original.size:
		return d.original, nil
	}
	for _, e := range d.earlier {
		if e != nil && e.size == end {
			return e, nil
		}
	}
	return Open(io.NewSectionReader(d.r, 0, end), end, &OpenOptions{Password: d.password, Original: d.original})
}

// RevisionAfter opens the document as it was when its first end bytes were all of it. What an earlier revision, opened before,
// has read is not read again. It may be nil.
func (d *Document) RevisionAfter(earlier *Document, end int64) (*Document, error) {
	if end == d.size {
		return d, nil
	}
	if earlier == nil {
		return d.Revision(end)
	}
	r := io.NewSectionReader(d.r, 0, end)
	file, err := pdf.OpenWith(r, end, &pdf.Options{Password: d.password, Original: earlier.file, Share: true})
	if err != nil {
		return nil, refuseLocked(err)
	}
	return &Document{file: file, r: r, size: end, searched: file.Recovered(), password: d.password}, nil
}

// settled runs what reads the document. A file may turn out to be damaged only then, and is recovered: what was read before
// says nothing about what was found, and all is read once more.
func (d *Document) settled(read func() error) error {
	d.forget()
	was := d.searched
	err := read()
	d.forget()
	if d.searched != was {
		return read()
	}
	return err
}

// forget drops what is kept of an earlier reading, if there was one.
func (d *Document) forget() {
	if d.searched == d.file.Recovered() {
		return
	}
	d.searched = !d.searched
	d.fields, d.checked, d.agreed, d.found = nil, nil, false, nil
}

// Unambiguous asks a second, independent reader for the catalog and the page count. A contradiction is a *MalformedError:
// a signature over a file that two readers understand differently is worthless. A file that the other cannot read is
// no contradiction.
func (d *Document) Unambiguous(ctx context.Context) error {
	if d.agreed {
		return nil
	}
	bounded, cancel := context.WithTimeout(ctx, limits.PDFOpinionTime)
	defer cancel()
	_, err := d.file.SecondOpinion(bounded)
	if bounded.Err() != nil {
		return ctx.Err() // out of time is no opinion
	}
	d.agreed = err == nil
	return err
}

// SetDigest gives the document the state of a SHA-256 that has read all its bytes, so that they need not be read again.
// The state is cloned, never changed.
func (d *Document) SetDigest(h hash.Hash) error {
	c, err := cloneSHA256(h)
	if err != nil {
		return err
	}
	d.digest = c
	return nil
}

// smallBlock is how much of a small file is read at once: a large buffer would cost more than what is read.
const smallBlock = 16 << 10

// Hash reads the file once through SHA-256, unless its digest is known already. Prepare does so by itself; calling Hash
// before makes the reading cancellable.
func (d *Document) Hash(ctx context.Context) error {
	if d.digest != nil {
		return nil
	}
	h := sha256.New()
	buf := make([]byte, min(limits.ReadBlock, d.size, max(smallBlock, d.size/16)))
	for off := int64(0); off < d.size; {
		err := ctx.Err()
		if err != nil {
			return err
		}
		b := buf[:min(int64(len(buf)), d.size-off)]
		n, err := d.r.ReadAt(b, off)
		if n < len(b) {
			if err == nil || errors.Is(err, io.EOF) {
				err = io.ErrUnexpectedEOF
			}
			return fmt.Errorf("hashing the document at offset %d: %w", off+int64(n), err)
		}
		h.Write(b)
		off += int64(n)
	}
	return d.SetDigest(h)
}

// state returns a copy of the SHA-256 after the original, to be continued over what is appended.
func (d *Document) state() (hash.Hash, error) {
	err := d.Hash(context.Background())
	if err != nil {
		return nil, err
	}
	return cloneSHA256(d.digest)
}

func cloneSHA256(h hash.Hash) (hash.Cloner, error) {
	c, ok := h.(hash.Cloner)
	if !ok || h.Size() != sha256.Size {
		return nil, errors.New("digest state is not a SHA-256 that can be cloned")
	}
	clone, err := c.Clone()
	if err != nil {
		return nil, fmt.Errorf("cloning the digest state: %w", err)
	}
	return clone, nil
}
