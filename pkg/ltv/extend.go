// SPDX-License-Identifier: Apache-2.0

package ltv

import (
	"context"
	"errors"
	"fmt"
	"io"

	"gsign/pkg/pdfsig"
)

// Extend carries a B-T document to B-LT: it reads the newest signature (or the one of Options.Field) with its
// timestamps, builds their chains, collects the evidence, and returns the revision to append, which writes the security
// store. The document is not held in memory. Where the store has everything already, the suffix is empty.
//
// The signer's responder is asked again after the timestamp, as the answer handed out with the certificate predates
// the signature; Report.Revocation tells whether that succeeded. A level that cannot be reached is an
// [*IncompleteError], a revoked certificate a [*RevokedError], a bad file a *pdfsig.MalformedError. The signature over
// the document's bytes is not verified here: that is the business of package verify.
func Extend(ctx context.Context, r io.ReaderAt, size int64, opts *Options) (suffix []byte, report *Report, err error) {
	if opts == nil || opts.Source == nil {
		return nil, nil, errors.New("extending to B-LT: no source of evidence given")
	}
	doc := opts.Document
	if doc == nil {
		doc, err = pdfsig.Open(r, size, &pdfsig.OpenOptions{Password: opts.Password, Original: opts.Original})
	} else if doc.Size() != size {
		err = fmt.Errorf("extending to B-LT: the document has %d bytes and not %d", doc.Size(), size)
	}
	if err != nil {
		return nil, nil, err
	}
	sig, err := readSignature(doc, opts)
	if err != nil {
		return nil, nil, err
	}
	old, err := readStore(doc.File())
	if err != nil {
		return nil, nil, err
	}
	chains, err := newCollector(opts, sig, old).collect(ctx)
	if err != nil {
		return nil, nil, err
	}
	report = newReport(sig, chains)
	suffix, err = writeStore(doc.File(), old, sig, chains, opts.VRI, report)
	if err != nil {
		return nil, nil, err
	}
	return suffix, report, nil
}
