// SPDX-License-Identifier: Apache-2.0

package sign

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// output is where the signed document goes: a file that appears whole or not at all, or a stream.
type output struct {
	name    string      // for messages and the report
	path    string      // of the file, links resolved; empty for a stream
	old     os.FileInfo // of the file that is replaced, nil when there is none
	stream  io.Writer   // for "-"
	device  string      // a pipe or device to write to at the end
	tmp     *tempFile
	mode    fs.FileMode
	already bool // published
}

// planOutput decides where the output goes and refuses what cannot be, before anything is read or spent.
func planOutput(job *Job) (*output, error) {
	if job.InPlace {
		return planInPlace(job)
	}
	if job.Out == "-" {
		if job.Stdout == nil {
			return nil, &UsageError{Problem: "there is no standard output to write the PDF to"}
		}
		return &output{name: "standard output", stream: job.Stdout}, nil
	}
	fi, err := os.Stat(job.Out)
	switch {
	case errors.Is(err, fs.ErrNotExist) && filepath.Clean(job.In) == filepath.Clean(job.Out):
		return nil, notOpened(err)
	case errors.Is(err, fs.ErrNotExist):
		if _, err := os.Lstat(job.Out); err == nil {
			return nil, &UsageError{Problem: fmt.Sprintf("%s is a symbolic link to nothing", job.Out), Hint: "remove the link, or name the file it should lead to"}
		}
		return newOutput(job.Out)
	case err != nil:
		return nil, fmt.Errorf("look at the output: %w", err)
	case fi.IsDir():
		return nil, &UsageError{Problem: fmt.Sprintf("%s is a directory", job.Out), Hint: "name the output file, like " + filepath.Join(job.Out, baseName(job.In))}
	case !fi.Mode().IsRegular():
		return &output{name: job.Out, device: job.Out}, nil
	}
	if job.In != "-" {
		if in, err := os.Stat(job.In); err == nil && os.SameFile(in, fi) {
			return nil, &UsageError{Problem: fmt.Sprintf("%s and %s are the same file", job.In, job.Out), Hint: "gsign sign --in-place " + job.In + " replaces it"}
		}
	}
	if !job.Force {
		return nil, &UsageError{Problem: job.Out + " exists", Hint: "--force replaces it"}
	}
	path, err := filepath.EvalSymlinks(job.Out)
	if err != nil {
		return nil, fmt.Errorf("look at the output: %w", err)
	}
	return &output{name: job.Out, path: path, old: fi}, nil
}

func newOutput(path string) (*output, error) {
	if os.IsPathSeparator(path[len(path)-1]) {
		return nil, &UsageError{Problem: path + " names a directory that is not there", Hint: "name the output file"}
	}
	dir := filepath.Dir(path)
	fi, err := os.Stat(dir)
	if err != nil || !fi.IsDir() {
		return nil, &UsageError{Problem: fmt.Sprintf("the folder %s for the output is not there", dir), Hint: "mkdir -p " + dir}
	}
	return &output{name: path, path: path}, nil
}

func planInPlace(job *Job) (*output, error) {
	if job.In == "-" {
		return nil, &UsageError{Problem: "standard input cannot be signed in place", Hint: "name an output, or - for standard output"}
	}
	fi, err := os.Stat(job.In)
	if err != nil {
		return nil, notOpened(err)
	}
	if job.Out != "" {
		out, err := os.Stat(job.Out)
		if err != nil || !os.SameFile(fi, out) {
			return nil, &UsageError{Problem: "--in-place replaces IN, and OUT is another file", Hint: "leave out OUT, or leave out --in-place"}
		}
	}
	if fi.IsDir() {
		return nil, &UsageError{Problem: job.In + " is a directory", Hint: "name one PDF file"}
	}
	if !fi.Mode().IsRegular() {
		return nil, &UsageError{Problem: job.In + " is not a regular file and cannot be replaced"}
	}
	path, err := filepath.EvalSymlinks(job.In)
	if err != nil {
		return nil, fmt.Errorf("open the PDF: %w", err)
	}
	return &output{name: job.In, path: path, old: fi}, nil
}

func baseName(path string) string {
	if path == "-" {
		return "signed.pdf"
	}
	return filepath.Base(path)
}

// reported is the path for the report.
func (o *output) reported() string {
	if o.stream != nil {
		return "-"
	}
	return o.name
}

// create makes the temporary file: beside the output, so that a rename can publish it. The disk must have room for need bytes.
func (o *output) create(need int64) error {
	if o.path == "" {
		f, err := spoolFile()
		if err != nil {
			return temporary(err)
		}
		o.tmp = &tempFile{f: f, spool: true}
		return temporary(checkSpace(f, need))
	}
	t, err := createTemp(filepath.Dir(o.path))
	if err != nil {
		return &FolderError{Dir: filepath.Dir(o.path), Err: err}
	}
	o.tmp = t
	// The file was created with what the umask allows; that is its mode when it replaces nothing. Until it is
	// published it is nobody else's to read.
	fi, err := t.f.Stat()
	if err != nil {
		return fmt.Errorf("create the output: %w", err)
	}
	o.mode = fi.Mode().Perm()
	if o.old != nil {
		o.mode = o.old.Mode().Perm()
	}
	if err := t.f.Chmod(0o600); err != nil {
		return fmt.Errorf("create the output: %w", err)
	}
	return checkSpace(t.f, need)
}

// publish makes the finished file appear.
func (o *output) publish(ctx context.Context, size int64) error {
	switch {
	case o.stream != nil:
		return o.send(ctx, o.stream, size)
	case o.device != "":
		f, err := os.OpenFile(o.device, os.O_WRONLY, 0)
		if err != nil {
			return fmt.Errorf("open the output: %w", err)
		}
		return errors.Join(o.send(ctx, f, size), f.Close())
	}
	f := o.tmp.f
	if o.old != nil {
		o.mode = keepOwner(f, o.old, o.mode)
	}
	if err := f.Chmod(o.mode); err != nil {
		return fmt.Errorf("write the output: %w", err)
	}
	err := testOnlyWriteFault("sync")
	if err == nil {
		err = f.Sync()
	}
	if err != nil {
		return fmt.Errorf("write the output to the disk: %w", err)
	}
	if ctx.Err() != nil { // the last moment to change one's mind
		return context.Cause(ctx)
	}
	if err := o.tmp.publish(o.path, o.old != nil); err != nil {
		if errors.Is(err, fs.ErrExist) {
			return fmt.Errorf("%s appeared while the document was being signed, and is not replaced", o.name)
		}
		return fmt.Errorf("publish the output: %w", err)
	}
	o.already = true
	syncFolder(filepath.Dir(o.path))
	return nil
}

func (o *output) send(ctx context.Context, w io.Writer, size int64) error {
	if _, err := io.Copy(w, contextReader{ctx, io.NewSectionReader(o.tmp.f, 0, size)}); err != nil {
		return fmt.Errorf("write to %s: %w", o.name, err)
	}
	o.already = true
	return nil
}

// discard removes whatever was not published.
func (o *output) discard() {
	if o.tmp != nil {
		o.tmp.discard()
	}
}
