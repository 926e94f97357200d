// SPDX-License-Identifier: Apache-2.0

package sign

import (
	"context"
	"errors"
	"fmt"
	"io"

	"gsign/internal/limits"
	"gsign/pkg/pdfsig"
)

// Reading is a PDF that is read and not signed: a file, or a stream that was spooled.
type Reading struct {
	Document *pdfsig.Document
	Password []byte // that opened it
	in       *input
}

// ReadOptions say how a PDF is opened for reading. Nil is allowed.
type ReadOptions struct {
	Stdin       io.Reader // REQUIRED for the path "-"
	Password    []byte    // OPTIONAL
	AskPassword func(ctx context.Context, again bool) ([]byte, error)
}

// OpenReading opens the PDF at path, "-" for standard input. What is wrong with the file comes as for signing.
func OpenReading(ctx context.Context, path string, opts *ReadOptions) (*Reading, error) {
	if opts == nil {
		opts = &ReadOptions{}
	}
	var stdin io.Reader
	if opts.Stdin != nil {
		stdin = &bounded{r: opts.Stdin, left: limits.Stream}
	}
	in, err := openInput(ctx, path, stdin)
	if err != nil {
		return nil, err
	}
	r := &Reading{in: in}
	err = r.open(ctx, opts)
	if err != nil {
		err = unreadable(in, err)
		in.close()
		if refused, ok := errors.AsType[*pdfsig.RefusedError](err); ok {
			err = &NotReadError{refused}
		}
		return nil, err
	}
	return r, nil
}

func (r *Reading) open(ctx context.Context, opts *ReadOptions) error {
	d := &document{job: &Job{Password: opts.Password, AskPassword: opts.AskPassword}, in: r.in}
	err := d.openPDF(ctx)
	r.Document, r.Password = d.pdf, d.password
	return err
}

// ReaderAt returns the bytes.
func (r *Reading) ReaderAt() io.ReaderAt { return r.in.file }

// Size returns the length of the file when it was opened.
func (r *Reading) Size() int64 { return r.in.size }

// Unchanged says whether the file is still the one that was opened.
func (r *Reading) Unchanged() error {
	err := r.in.unchanged()
	if _, ok := errors.AsType[*ChangedError](err); ok {
		return fmt.Errorf("%s changed while it was being read", r.in.name)
	}
	return err
}

// Blame tells a file that is no PDF from one that is damaged.
func (r *Reading) Blame(err error) error { return unreadable(r.in, err) }

// Close gives the file back.
func (r *Reading) Close() { r.in.close() }

// bounded ends a stream that is longer than it may be with an error: half a file must not be taken for the whole.
type bounded struct {
	r    io.Reader
	left int64
}

func (b *bounded) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, fmt.Errorf("the stream is longer than %s", size(limits.Stream))
	}
	n, err := b.r.Read(p[:min(int64(len(p)), b.left)])
	b.left -= int64(n)
	return n, err
}

// NotReadError says why a well-formed PDF cannot be read: it is encrypted.
type NotReadError struct{ Err *pdfsig.RefusedError }

func (e *NotReadError) Error() string { return "cannot be read: " + e.Err.Reason }
func (e *NotReadError) Unwrap() error { return e.Err }
