// SPDX-License-Identifier: Apache-2.0

package sign

import (
	"errors"
	"fmt"
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
	return fmt.Sprintf("not enough room for the output: %d bytes needed, %d free", e.Need, e.Free)
}

// SelfCheckError says that the finished file did not pass our own verification, so it was not published.
type SelfCheckError struct{ Err error }

func (e *SelfCheckError) Error() string { return "check the signed document: " + e.Err.Error() }
func (e *SelfCheckError) Unwrap() error { return e.Err }
