// SPDX-License-Identifier: Apache-2.0

package sign

import (
	"cmp"
	"context"
	"errors"
)

// copy makes the temporary file and, while the original is copied into it, logs in and gets the identity. When it
// returns, the copy is on the disk and proven equal, there is room for the rest, and nothing has been charged.
func (d *document) copy(ctx context.Context) error {
	if err := d.out.create(d.in.size + d.tail()); err != nil {
		return err
	}
	d.size = d.in.size
	c := &copier{src: d.in.file, dst: d.out.tmp.f, size: d.in.size}
	d.job.Progress.copying(c)
	err := d.copyAndLogIn(ctx, c)
	if errors.Is(err, errShrunk) || errors.Is(err, errDiffers) {
		err = errors.Join(d.in.unchanged(), err) // somebody wrote to it, or a disk is broken
	}
	if d.out.tmp.spool && full(err) {
		err = temporary(err)
	}
	if err != nil {
		return err
	}
	if err := d.in.unchanged(); err != nil {
		return err
	}
	d.result.Input.SHA256 = sum(d.prefix) // every byte was compared
	d.result.Output.PrefixBytes, d.result.Output.PrefixSHA256 = d.in.size, sum(d.prefix)
	if err := reserve(d.out.tmp.f, d.size, d.tail()); err != nil {
		return err
	}
	return d.pdf.SetDigest(d.prefix)
}

// copyAndLogIn does both side by side; the first error ends the other.
func (d *document) copyAndLogIn(ctx context.Context, c *copier) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	in := make(chan error, 1)
	go func() {
		var err error
		if d.session, err = d.Client.Session(ctx, d.Identity); err != nil {
			cancel(err)
		}
		in <- err
	}()
	var err error
	if d.in.image != nil {
		d.prefix, d.image, err = c.copyImage(ctx, d.in.image)
	} else {
		d.prefix, err = c.run(ctx)
	}
	if err != nil {
		cancel(err)
	}
	loggedIn := <-in
	if cause := context.Cause(ctx); cause != nil && (err != nil || loggedIn != nil) {
		return cause
	}
	return cmp.Or(err, loggedIn)
}

// tail is the room made sure of for what is appended. The token stands there in hexadecimal.
func (d *document) tail() int64 { return tailReserve + 2*int64(d.job.PDF.Reserve) }
