// SPDX-License-Identifier: Apache-2.0

package sign

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// input is the document to sign: a regular file, or one that a stream was spooled into, because a PDF is read from its
// end.
type input struct {
	file    *os.File
	image   image // all of a small one, else nil
	size    int64
	name    string      // for messages: the path, or "standard input"
	before  os.FileInfo // of the file when it was opened
	path    string      // empty for a stream: nobody else can change the spool
	spooled bool
}

// openInput opens path, or spools the stream.
func openInput(ctx context.Context, path string, stdin io.Reader) (*input, error) {
	if path == "-" {
		if stdin == nil {
			return nil, &UsageError{Problem: "there is no standard input to read the PDF from"}
		}
		return spool(ctx, "standard input", stdin)
	}
	fi, err := os.Stat(path)
	if err != nil {
		return nil, notOpened(err)
	}
	if fi.IsDir() {
		return nil, &UsageError{Problem: fmt.Sprintf("%s is a directory", path), Hint: "name one PDF file"}
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, notOpened(err)
	}
	if !fi.Mode().IsRegular() { // a pipe, or a shell's <(…)
		defer f.Close()
		return spool(ctx, path, f)
	}
	in := &input{file: f, name: path, path: path}
	if in.before, err = f.Stat(); err != nil {
		return nil, errors.Join(fmt.Errorf("open the PDF: %w", err), f.Close())
	}
	in.size = in.before.Size()
	return in, nil
}

func spool(ctx context.Context, name string, r io.Reader) (*input, error) {
	f, err := spoolFile()
	if err != nil {
		return nil, fmt.Errorf("spool %s: %w", name, temporary(err))
	}
	in := &input{file: f, name: name, spooled: true}
	if in.size, err = io.Copy(f, contextReader{ctx, r}); err == nil {
		in.before, err = f.Stat()
	}
	if err == nil {
		_, err = f.Seek(0, io.SeekStart)
	}
	if err != nil {
		in.close()
		if full(err) {
			err = temporary(err)
		}
		return nil, fmt.Errorf("spool %s: %w", name, err)
	}
	return in, nil
}

// spoolFile returns a private temporary file that has no name any more, where the system allows that.
func spoolFile() (*os.File, error) {
	f, err := os.CreateTemp("", ".gsign-*.pdf")
	if err != nil {
		return nil, err
	}
	_ = os.Remove(f.Name()) // Windows refuses while the file is open; close removes it there
	return f, nil
}

func closeSpool(f *os.File) {
	_ = f.Close()
	_ = os.Remove(f.Name())
}

func (in *input) close() {
	if in.spooled {
		closeSpool(in.file)
		return
	}
	_ = in.file.Close()
}

// unchanged says whether the input is still the file that was opened: a document that somebody writes to while it is
// signed is signed in a state that nobody chose.
func (in *input) unchanged() error {
	now, err := in.file.Stat()
	if err != nil {
		return fmt.Errorf("look at %s again: %w", in.name, err)
	}
	if now.Size() != in.before.Size() || !now.ModTime().Equal(in.before.ModTime()) {
		return &ChangedError{Name: in.name}
	}
	if in.path == "" {
		return nil
	}
	named, err := os.Stat(in.path)
	if errors.Is(err, fs.ErrNotExist) || err == nil && !os.SameFile(named, now) {
		return &ChangedError{Name: in.name}
	}
	return err
}

// contextReader stops between reads when the context ends. A read that waits for ever on a terminal or pipe is left to
// the operating system: the program is about to exit.
type contextReader struct {
	ctx context.Context
	r   io.Reader
}

func (c contextReader) Read(p []byte) (int, error) {
	if c.ctx.Err() != nil {
		return 0, context.Cause(c.ctx)
	}
	type result struct {
		n   int
		err error
	}
	buf := make([]byte, min(len(p), piece))
	done := make(chan result, 1)
	go func() {
		n, err := c.r.Read(buf)
		done <- result{n, err}
	}()
	select {
	case <-c.ctx.Done():
		return 0, context.Cause(c.ctx)
	case r := <-done:
		return copy(p, buf[:r.n]), r.err
	}
}
