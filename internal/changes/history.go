// SPDX-License-Identifier: Apache-2.0

package changes

import (
	"context"

	"gsign/pkg/pdfsig"
)

// History is a file as the sequence of its revisions. It is not safe for concurrent use.
type History struct {
	doc  *pdfsig.Document
	sigs []pdfsig.Signature
}

// Open finds the revisions of a file. Nothing is compared yet.
func Open(_ context.Context, doc *pdfsig.Document, all []pdfsig.Signature) (*History, error) {
	return &History{doc: doc, sigs: all}, nil
}

// Since compares the revision that a signature covers with those that follow.
func (h *History) Since(_ context.Context, sig *pdfsig.Signature) (*Comparison, error) {
	end := sig.RevisionEnd()
	c := &Comparison{Signed: 1, Revisions: []Revision{{Number: 1, End: end, Field: sig.Field, Timestamp: sig.Timestamp}}}
	if end < h.doc.Size() {
		c.Revisions = append(c.Revisions, Revision{Number: 2, Start: end, End: h.doc.Size()})
		c.Changes = append(c.Changes, Change{Revision: 2, Page: -1, Kind: Structure, Verdict: Suspicious,
			Text: "something was appended after the signature", Clause: "ISO 32000-2 12.8.1"})
	}
	return c, nil
}
