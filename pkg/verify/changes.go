// SPDX-License-Identifier: Apache-2.0

package verify

import (
	"context"
	"fmt"

	"gsign/internal/changes"
	"gsign/pkg/pdfsig"
)

// Comparison is what later revisions changed after a signature, and whether that is allowed. It is apart from the
// signature's own indication, as the standard demands: a signature may be good for a document that was changed since.
type Comparison = changes.Comparison

// Change is one thing that a later revision changed.
type Change = changes.Change

// compareRevisions compares each signature's revision with those that follow, when that is asked for.
func (v *validator) compareRevisions(ctx context.Context, all []pdfsig.Signature) error {
	if !v.opts.Changes {
		return nil
	}
	h, err := changes.Open(ctx, v.doc, all)
	if err != nil {
		return err
	}
	for _, j := range v.sigs {
		j.Comparison, err = h.Since(ctx, &j.Signature)
		if err != nil {
			return err
		}
	}
	return nil
}

// wholeDocument holds the newest signature against the demand that nothing but the security store and timestamps follow it.
// Without a comparison nothing but objects of the security store may follow: that is quick, and it is what our own
// output must meet.
func (v *validator) wholeDocument(newest *SignatureReport) *Finding {
	s := &newest.Signature
	if !v.opts.RequireWholeDocument || s.Whole {
		return nil
	}
	var reason string
	if newest.Comparison != nil {
		reason = changed(newest.Comparison)
	} else {
		var err error
		reason, err = v.changedAfter(s.RevisionEnd())
		if err != nil {
			reason = err.Error()
		}
	}
	if reason == "" {
		return nil
	}
	f := finding("A5", "ISO 32000-2 12.8.1", "the document was changed after it was signed: %s", reason)
	f.Field = s.Field
	return &f
}

// changed names the first change that is more than evidence and timestamps; empty when there is none.
func changed(c *Comparison) string {
	for i := range c.Changes {
		ch := &c.Changes[i]
		switch ch.Kind {
		case changes.SecurityStore, changes.Timestamp, changes.Bookkeeping, changes.Unused:
			if ch.Verdict == changes.Allowed {
				continue
			}
		}
		return fmt.Sprintf("%s (%s)", ch.Text, ch.Kind)
	}
	return ""
}
