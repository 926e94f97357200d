// SPDX-License-Identifier: Apache-2.0

package pdf

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync/atomic"

	second "github.com/digitorus/pdf"

	"gsign/internal/limits"
)

// An Opinion is what another, independent reader sees in the file.
type Opinion struct {
	Root      Ref
	PageCount int
	Skipped   string // why there is none, or ""
}

// SecondOpinion reads the file with github.com/digitorus/pdf too and gives what that sees. Where the two readers disagree
// about catalog or page count the file is ambiguous, which is a *MalformedError. A file that the other cannot read, or
// should not be asked about, gives an opinion that says so.
func (f *File) SecondOpinion(ctx context.Context) (*Opinion, error) {
	if f.recovered {
		// What it would read has not been read here, and so not been bounded: numbers that cost it gigabytes.
		return &Opinion{Skipped: "its cross-reference is broken"}, nil
	}
	if f.header != 0 {
		return &Opinion{Skipped: "header is not at the beginning"}, nil
	}
	for _, s := range f.sections {
		if s.Kind != f.sections[0].Kind {
			return &Opinion{Skipped: "cross-reference tables and streams are mixed, which it does not read"}, nil
		}
	}
	if f.oddRows {
		// It would print a line for each, and standard output is not its own.
		return &Opinion{Skipped: "cross-reference entries are of unknown types"}, nil
	}
	if n := f.entries.highest; n > limits.PDFOpinionObjects {
		return &Opinion{Skipped: fmt.Sprintf("%d objects are more than it is asked about", n)}, nil
	}
	root, err := f.pageRoot()
	if err != nil {
		return nil, err
	}
	pages, err := f.Dict(root)
	if err != nil {
		return nil, err
	}
	count, declared := f.subtree(pages)
	guard := &guardedReader{r: f.src.r, ctx: ctx}
	guard.left.Store(limits.PDFOpinionReads*f.src.size + 1<<24)
	type answer struct {
		opinion *Opinion
		err     error
	}
	answers := make(chan answer, 1)
	go func() {
		o, err := readSecond(guard, f.src.size, string(f.opts.Password))
		answers <- answer{o, err}
	}()
	select {
	case <-ctx.Done():
		return nil, fmt.Errorf("asking a second reader: %w", ctx.Err())
	case a := <-answers:
		if err := ctx.Err(); err != nil {
			return nil, fmt.Errorf("asking a second reader: %w", err)
		}
		if a.err != nil {
			return &Opinion{Skipped: "it cannot read the file: " + a.err.Error()}, nil
		}
		if a.opinion.Root.IsZero() {
			// Among others where /Size is too small: it then ignores what is beyond.
			return &Opinion{Skipped: "it does not find the catalog"}, nil
		}
		if a.opinion.PageCount < 0 {
			a.opinion.Skipped = "it does not find the page tree"
			declared = false
		}
		// Where the page tree's root declares nothing of use, the other does not count.
		if a.opinion.Root != f.root || declared && a.opinion.PageCount != count {
			return a.opinion, malformed(-1, "two readers disagree: catalog %v and %d pages, or catalog %v and %d pages",
				f.root, count, a.opinion.Root, a.opinion.PageCount)
		}
		return a.opinion, nil
	}
}

func readSecond(r io.ReaderAt, size int64, password string) (o *Opinion, err error) {
	defer func() {
		if p := recover(); p != nil {
			o, err = nil, fmt.Errorf("it failed: %v", p)
		}
	}()
	reader, err := second.NewReaderEncrypted(r, size, func() string {
		given := password
		password = "" // it asks again and again otherwise
		return given
	})
	if err != nil {
		return nil, err
	}
	root := reader.Trailer().Key("Root")
	ptr := root.GetPtr()
	o = &Opinion{Root: Ref{Num: ptr.GetID(), Gen: ptr.GetGen()}, PageCount: -1}
	if root.Key("Pages").Key("Count").Kind() == second.Integer {
		o.PageCount = reader.NumPage() // 0 pages for a tree that it does not find
	}
	return o, nil
}

// A guardedReader ends a reader that is not needed any more, or that reads the same again and again.
type guardedReader struct {
	r    io.ReaderAt
	ctx  context.Context //nolint:containedctx // io.ReaderAt has no other way to end a reading in progress
	left atomic.Int64
}

func (g *guardedReader) ReadAt(p []byte, off int64) (int, error) {
	if err := g.ctx.Err(); err != nil {
		return 0, err
	}
	if g.left.Add(-int64(len(p))) < 0 {
		return 0, errors.New("too much was read")
	}
	return g.r.ReadAt(p, off)
}
