// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"gsign/internal/sign"
	"gsign/internal/term"
)

// reportError says that the result could not be written, although the document is signed. It does not unwrap: what
// failed is not the document, and no rule for the document's errors fits.
type reportError struct {
	output string
	bill   sign.Bill
	err    error
}

func (e *reportError) Error() string {
	return fmt.Sprintf("%s is signed and complete, but the result was not written: %v", e.output, e.err)
}

// reportFile is where --json=FILE goes. A regular file appears whole or not at all, whatever else is written to.
type reportFile struct {
	*os.File
	path string // to publish at; empty for a device or pipe
}

// openReport opens the file of --json=FILE before anything is spent, nil for none.
func openReport(f *signFlags) (*reportFile, error) {
	if f.json == "" || f.json == "-" {
		return nil, nil
	}
	for _, other := range []string{f.in, f.out} {
		if same(f.json, other) {
			return nil, &usageError{fmt.Sprintf("the result cannot go to %s: that is the document", f.json), "name another file after --json="}
		}
	}
	file, err := createReport(f.json)
	if err != nil {
		return nil, &usageError{fmt.Sprintf("write the result: %v", err), ""}
	}
	return file, nil
}

func createReport(path string) (*reportFile, error) {
	mode := fs.FileMode(0o666)
	switch fi, err := os.Stat(path); {
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return nil, err
	case err == nil && !fi.Mode().IsRegular():
		file, err := os.OpenFile(path, os.O_WRONLY, 0)
		return &reportFile{File: file}, err
	case err == nil:
		mode = fi.Mode().Perm()
		if path, err = filepath.EvalSymlinks(path); err != nil {
			return nil, err
		}
	}
	name := filepath.Join(filepath.Dir(path), fmt.Sprintf(".gsign-%d-%s.tmp", os.Getpid(), filepath.Base(path)))
	file, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, mode)
	return &reportFile{File: file, path: path}, err
}

// write publishes the result, or leaves nothing.
func (r *reportFile) write(result *sign.Result) error {
	err := errors.Join(printJSON(r, result), r.Close())
	if r.path == "" {
		return err
	}
	if err == nil {
		err = os.Rename(r.Name(), r.path)
	}
	if err != nil {
		_ = os.Remove(r.Name())
	}
	return err
}

// report prints the result: JSON where it was asked for, else text when all went well. The summary for people is a
// courtesy once a document is signed: who takes its loss for a failure and repeats the command pays twice.
func (a *app) report(f *signFlags, file *reportFile, r *sign.Result) error {
	if file != nil {
		if err := file.write(r); err != nil {
			return lost(r, err)
		}
	}
	if f.json == "-" && f.out != "-" {
		return lost(r, printJSON(a.Out, r))
	}
	if r.Status == sign.StatusFailed || f.quiet {
		return nil
	}
	var err error
	if f.out == "-" {
		err = printText(a.Err, plain(a.Streams), r)
	} else {
		err = printText(a.Out, a.Streams, r)
	}
	if err != nil && r.Status == sign.StatusSigned {
		a.Warnf("%s is signed and complete, but its summary was not printed: %v", outputName(r), err)
		return nil
	}
	return err
}

// lost tells a result that was not written from a document that was not signed.
func lost(r *sign.Result, err error) error {
	if err == nil || r.Status != sign.StatusSigned {
		return err
	}
	return &reportError{outputName(r), r.Billed, err}
}

// plain are streams whose text has no colour, for a summary that goes to Err.
func plain(s *term.Streams) *term.Streams {
	return &term.Streams{OutColour: s.ErrColour}
}
