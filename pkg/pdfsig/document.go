// SPDX-License-Identifier: Apache-2.0

package pdfsig

import (
	"errors"
	"hash"
	"io"

	"gsign/internal/pdf"
)

// OpenOptions are the options of Open.
type OpenOptions struct {
	// Digest is the state of a SHA-256 that has read all bytes of the file. It is cloned, never changed. OPTIONAL:
	// without it the file is read once when a digest is first needed. See also Document.SetDigest.
	Digest hash.Hash
}

// Document is a PDF file opened for signing or for reading its signatures. It is not safe for concurrent use.
type Document struct {
	file   *pdf.File
	r      io.ReaderAt
	size   int64
	digest hash.Hash
}

// Open reads the structure of a PDF file. A file that is not a well-formed PDF gives a *MalformedError.
func Open(r io.ReaderAt, size int64, opts *OpenOptions) (*Document, error) {
	return nil, errors.New("not implemented")
}

// SetDigest gives the document the state of a SHA-256 that has read all its bytes, so that it need not be read again.
func (d *Document) SetDigest(h hash.Hash) error { return errors.New("not implemented") }

// Size returns the length of the file.
func (d *Document) Size() int64 { return d.size }

// File returns the container, for the packages of this module.
func (d *Document) File() *pdf.File { return d.file }

// ReaderAt returns the file's bytes.
func (d *Document) ReaderAt() io.ReaderAt { return d.r }

// MalformedError says that the file is not a well-formed PDF.
type MalformedError = pdf.MalformedError

// RefusedError says why a well-formed PDF cannot be signed.
type RefusedError struct {
	Reason string // "the document is encrypted"
	Hint   string // what to do about it; empty when there is nothing to do
}

func (e *RefusedError) Error() string { return "cannot be signed: " + e.Reason }

// Check reports everything about the document and the options that can be refused before anything is spent: a
// *RefusedError or a *MalformedError.
func (d *Document) Check(opts *Options) error { return errors.New("not implemented") }
