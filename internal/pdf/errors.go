// SPDX-License-Identifier: Apache-2.0

package pdf

import (
	"errors"
	"fmt"
	"strings"
)

// A MalformedError says that the file is bad. Every other error of this package says that the machine is: the file could
// not be read.
type MalformedError struct {
	Offset int64  // where in the file; -1 where unknown
	What   string // what is wrong, lower case
	Err    error  // the reason below, or nil
}

// Error gives one offset: that of the innermost reason, which is nearest to what is wrong.
func (e *MalformedError) Error() string {
	s := e.begin() + e.What
	if e.Err == nil {
		return s
	}
	below := e.Err.Error()
	if inner, ok := errors.AsType[*MalformedError](e.Err); ok { // that it is malformed, and where, is said
		below = strings.Replace(below, inner.begin(), "", 1)
	}
	return s + ": " + below
}

func (e *MalformedError) begin() string {
	off := int64(-1)
	for m, ok := e, true; ok; m, ok = errors.AsType[*MalformedError](m.Err) {
		if m.Offset >= 0 {
			off = m.Offset
		}
	}
	if off < 0 {
		return "malformed PDF: "
	}
	return fmt.Sprintf("malformed PDF at offset %d: ", off)
}

func (e *MalformedError) Unwrap() error { return e.Err }

// IsMalformed reports whether err says that the file is bad, rather than the machine.
func IsMalformed(err error) bool {
	var m *MalformedError
	return errors.As(err, &m)
}

// OfMachine gives err where the machine is to blame, and nil where the file is: it is bad or locked, or a stream of it is of a
// kind that is not decoded here.
func OfMachine(err error) error {
	if err == nil || IsMalformed(err) || IsLocked(err) || isUnsupported(err) {
		return nil
	}
	return err
}

func malformed(off int64, format string, args ...any) error {
	return &MalformedError{Offset: off, What: fmt.Sprintf(format, args...)}
}

// malformedBy wraps the reason below. What is not the file's fault is returned as it is.
func malformedBy(off int64, err error, format string, args ...any) error {
	var machine *readError
	if errors.As(err, &machine) || errors.Is(err, errLocked) || IsLocked(err) {
		return err
	}
	return &MalformedError{Offset: off, What: fmt.Sprintf(format, args...), Err: err}
}

// A readError is what the machine said when the file was to be read.
type readError struct {
	off int64
	err error
}

func (e *readError) Error() string { return fmt.Sprintf("reading PDF at offset %d: %v", e.off, e.err) }
func (e *readError) Unwrap() error { return e.err }
