// SPDX-License-Identifier: Apache-2.0

package pdfsig

import (
	"errors"

	"gsign/internal/pdf"
)

// refuseLocked turns what an encrypted document says to those who cannot read it into a *RefusedError.
func refuseLocked(err error) error {
	if e, ok := errors.AsType[*pdf.PasswordError](err); ok {
		return &RefusedError{Reason: e.Error(), Hint: "give the password for opening the document, or its owner's", Err: e}
	}
	if e, ok := errors.AsType[*pdf.EncryptionError](err); ok {
		return &RefusedError{Reason: e.Error(), Hint: "sign a copy without encryption", Err: e}
	}
	return err
}

// OwnerError says that an encrypted document permits what is needed to its owner only. It comes within a *RefusedError.
type OwnerError struct{}

func (e *OwnerError) Error() string { return "the owner's password was not given" }

// refuseRights honours the permissions of an encrypted document (ISO 32000-2 Table 22), unless the owner's password was
// given. An existing signature field may be signed where form fields may be filled in (bit 9) or annotations made
// (bit 6); a new field may be made where annotations may be and the document may be changed (bits 6 and 4). The evidence
// that later makes the signature last is part of signing it.
func (d *Document) refuseRights(pl *plan) error {
	a := d.file.Authority()
	if a.Sealed {
		return &RefusedError{
			Reason: "a message authentication code protects the encrypted document (ISO/TS 32004), and any addition would break it",
			Hint:   "sign a copy without encryption, or without the code",
		}
	}
	if pl.field == nil && a.AddFields || pl.field != nil && a.Fill {
		return nil
	}
	reason, hint := "the document's permissions forbid to fill in and sign its form fields", "give the owner's password"
	if pl.field == nil {
		reason = "the document's permissions forbid to add a signature field"
		if names, err := d.EmptyFields(); a.Fill && err == nil && len(names) > 0 {
			hint += ", or sign an empty signature field that is there: " + names[0]
		}
	}
	return &RefusedError{Reason: reason, Hint: hint, Err: &OwnerError{}}
}
