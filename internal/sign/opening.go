// SPDX-License-Identifier: Apache-2.0

package sign

import (
	"context"
	"errors"

	"gsign/pkg/pdfsig"
)

// open reads the structure and refuses what cannot be signed, before anything is sent.
func (d *document) open(ctx context.Context) (err error) {
	d.job.Progress.stage("reading")
	if d.out, err = planOutput(d.job); err != nil {
		return err
	}
	d.result.Output = &Output{Path: d.out.reported()}
	if d.in, err = openInput(ctx, d.job.In, d.job.Stdin); err != nil {
		return err
	}
	if err = d.in.load(); err != nil {
		return err
	}
	d.result.Input.Bytes = d.in.size
	if err = d.openPDF(ctx); err != nil {
		return unreadable(d.in, d.strictly(err))
	}
	err = d.strictly(d.pdf.Check(&d.job.PDF))
	for _, damage := range d.pdf.Damage() {
		d.result.Damage = append(d.result.Damage, Damage(damage))
	}
	if err != nil {
		return err
	}
	d.result.FastWebView, err = d.pdf.Linearized()
	return err
}

// openPDF opens the document, and asks for a password where one is needed and none was given.
func (d *document) openPDF(ctx context.Context) (err error) {
	d.password = d.job.Password
	for range passwordTries {
		d.pdf, err = pdfsig.Open(d.in.reader(), d.in.size, &pdfsig.OpenOptions{Strict: d.job.Strict, Password: d.password})
		locked, ok := errors.AsType[*pdfsig.PasswordError](err)
		if !ok || d.job.AskPassword == nil || len(d.job.Password) > 0 {
			return err
		}
		password, askErr := d.job.AskPassword(ctx, locked.Given)
		if askErr != nil {
			return askErr
		}
		if len(password) == 0 {
			return err
		}
		d.password = password
	}
	return err
}

// strictly finds out whether a malformed document would be signed without Job.Strict.
func (d *document) strictly(err error) error {
	if _, bad := errors.AsType[*pdfsig.MalformedError](err); !bad || !d.job.Strict {
		return err
	}
	lenient, again := pdfsig.Open(d.in.reader(), d.in.size, &pdfsig.OpenOptions{Password: d.password})
	if again == nil {
		again = lenient.Check(&d.job.PDF)
	}
	if again != nil {
		return err // the first reason is the one to tell
	}
	return &StrictError{Err: err}
}
