// SPDX-License-Identifier: Apache-2.0

package sign

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"

	"gsign/pkg/pdfsig"
)

// UsageError is a combination of files that cannot be meant. Nothing was read and nothing was sent.
type UsageError struct {
	Problem string
	Hint    string
}

func (e *UsageError) Error() string { return e.Problem }

// Error is a failure on a document's way. No output was published and the input is as it was.
type Error struct {
	Name string // the document
	Bill Bill   // what its calls have cost
	Err  error
}

func (e *Error) Error() string { return "sign " + e.Name + ": " + e.Err.Error() }
func (e *Error) Unwrap() error { return e.Err }

// ChangedError says that somebody wrote to the input while it was being signed.
type ChangedError struct{ Name string }

func (e *ChangedError) Error() string { return e.Name + " changed while it was being signed" }

// errShrunk is a file that ended before the length it had when it was opened.
var errShrunk = errors.New("the file became shorter while it was read")

// SpaceError says that the disk cannot hold the output.
type SpaceError struct{ Need, Free int64 }

func (e *SpaceError) Error() string {
	return fmt.Sprintf("not enough room for the output: %s needed, %s free", size(e.Need), size(e.Free))
}

// size is a number of bytes as people say it, in powers of 1024.
func size(n int64) string {
	f, unit := float64(n)/1024, "KiB"
	for _, next := range []string{"MiB", "GiB", "TiB"} {
		if f >= 1024 {
			f, unit = f/1024, next
		}
	}
	return fmt.Sprintf("%.1f %s", f, unit)
}

// FolderError says that a folder could not take a file: that of the output, or the one for temporary files, which a
// stream needs on its way in or out.
type FolderError struct {
	Dir       string
	Temporary bool
	Err       error
}

func (e *FolderError) Error() string {
	if e.Temporary {
		return fmt.Sprintf("temporary folder %s: %v", e.Dir, e.Err)
	}
	return fmt.Sprintf("create the output in %s: %v", e.Dir, e.Err)
}

func (e *FolderError) Unwrap() error { return e.Err }

// temporary names the temporary folder in an error.
func temporary(err error) error {
	if err == nil {
		return nil
	}
	return &FolderError{Dir: os.TempDir(), Temporary: true, Err: err}
}

// full says whether a disk is.
func full(err error) bool {
	_, space := errors.AsType[*SpaceError](err)
	return space || errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT)
}

// NotPDFError says that the input is something else than a PDF, which no repair helps.
type NotPDFError struct {
	Problem string
	Err     error // the *pdfsig.MalformedError
}

func (e *NotPDFError) Error() string { return e.Problem }
func (e *NotPDFError) Unwrap() error { return e.Err }

// unreadable finds out whether a malformed input is a PDF at all: its header begins in the first 1024 bytes.
func unreadable(in *input, err error) error {
	if _, ok := errors.AsType[*pdfsig.MalformedError](err); !ok {
		return err
	}
	if in.size == 0 {
		return &NotPDFError{"the input is empty", err}
	}
	head := make([]byte, min(in.size, 1024))
	if _, readErr := in.file.ReadAt(head, 0); readErr == nil && !bytes.Contains(head, []byte("%PDF-")) {
		return &NotPDFError{"the input is not a PDF", err}
	}
	return err
}

// StrictError says that the input is refused for its damage only because of Job.Strict: without it, it would be signed.
type StrictError struct{ Err error }

func (e *StrictError) Error() string { return e.Err.Error() }
func (e *StrictError) Unwrap() error { return e.Err }

// notOpened is an input that cannot be; one that is not there was misspelt.
func notOpened(err error) error {
	err = fmt.Errorf("open the PDF: %w", err)
	if errors.Is(err, fs.ErrNotExist) {
		return &UsageError{Problem: err.Error(), Hint: "is the name right?"}
	}
	return err
}

// SelfCheckError says that the finished file did not pass our own verification, so it was not published.
type SelfCheckError struct{ Err error }

func (e *SelfCheckError) Error() string { return "check the signed document: " + e.Err.Error() }
func (e *SelfCheckError) Unwrap() error { return e.Err }
