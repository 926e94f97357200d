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

func (e *MalformedError) Error() string {
	s := "malformed PDF"
	if e.Offset >= 0 {
		s += fmt.Sprintf(" at offset %d", e.Offset)
	}
	s += ": " + e.What
	if e.Err == nil {
		return s
	}
	below := e.Err.Error()
	if inner, ok := errors.AsType[*MalformedError](e.Err); ok { // that it is malformed is said, and where, when it is the same place
		below = strings.TrimPrefix(below, "malformed PDF")
		if inner.Offset == e.Offset && e.Offset >= 0 {
			below = strings.TrimPrefix(below, fmt.Sprintf(" at offset %d", e.Offset))
		}
		below = strings.TrimPrefix(strings.TrimPrefix(below, ": "), " ")
	}
	return s + ": " + below
}

func (e *MalformedError) Unwrap() error { return e.Err }

// IsMalformed reports whether err says that the file is bad, rather than the machine.
func IsMalformed(err error) bool {
	var m *MalformedError
	return errors.As(err, &m)
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
