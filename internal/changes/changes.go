// SPDX-License-Identifier: Apache-2.0

// Package changes tells what later revisions of a PDF file changed after a signature, and whether that is allowed.
//
// Revisions are compared by meaning: not which numbers were written anew, but what a reader reaches from the catalog.
// [Compare] judges one signature. For all signatures of a file take [Open] once and [History.Since] for each, which share
// what was found.
package changes

import (
	"context"
	"fmt"

	"gsign/pkg/pdfsig"
)

// Verdict says whether a change is allowed. Of several the greatest counts.
type Verdict int

// The verdicts, the best first. The zero value is none.
const (
	// Allowed is what the standard lets others do to a signed document, and what the signature's author permits.
	Allowed Verdict = iota + 1
	// Suspicious is what may be honest and may make viewers show something that was not signed.
	Suspicious
	// Forbidden is what no honest addition does, or what the signature's author does not permit.
	Forbidden
)

// String returns "allowed", "suspicious", "forbidden", and "none" for the zero value.
func (v Verdict) String() string {
	switch v {
	case Allowed:
		return "allowed"
	case Suspicious:
		return "suspicious"
	case Forbidden:
		return "forbidden"
	}
	return "none"
}

// Kind says what a change is.
type Kind string

// The kinds of changes.
const (
	SecurityStore Kind = "security store"     // /DSS and what belongs to it (ISO 32000-2 12.8.4.3)
	Timestamp     Kind = "document timestamp" // a DocTimeStamp with its field (12.8.5)
	Signature     Kind = "signature"          // a further signature, in a new field or an empty one
	FormFill      Kind = "form fill"          // value and appearance of a form field
	Annotation    Kind = "annotation"         // added, changed or removed
	Metadata      Kind = "metadata"           // /Metadata and /Info
	Bookkeeping   Kind = "bookkeeping"        // /Extensions, /Version, /Tabs, resources of the form, a field made read-only
	Form          Kind = "form"               // the form itself: fields added or removed, their kinds, names, flags and scripts
	Content       Kind = "content"            // what pages show: contents, resources, fonts, the page tree
	Document      Kind = "document"           // other entries of the catalog and what is below them
	Signed        Kind = "signed object"      // a signature that was there: its dictionary, field or appearance
	Unused        Kind = "unused object"      // nothing reaches it
	Structure     Kind = "structure"          // the file itself: revisions, cross-references, bytes between objects
)

// Change is one difference between two revisions.
type Change struct {
	Revision   int    // number of the revision that made it, as in Comparison.Revisions
	Object     uint32 // number of the object; 0 where there is none
	Generation uint16
	Page       int    // index of the page, -1 where it is on none
	Field      string // fully qualified name of the form field, empty where it is of none
	Kind       Kind
	Verdict    Verdict
	Text       string // what is different
	Clause     string // "ISO 32000-2 12.8.2.2"
}

func (c Change) String() string {
	s := fmt.Sprintf("revision %d, %s, %v: %s (%s)", c.Revision, c.Kind, c.Verdict, c.Text, c.Clause)
	if c.Object != 0 {
		s += fmt.Sprintf(", object %d %d", c.Object, c.Generation)
	}
	return s
}

// Revision is one revision of the file: what was appended at one time.
type Revision struct {
	Number     int   // counted from 1, the original
	Start, End int64 // offsets in the file
	// Field is the signature whose ByteRange ends where the revision does, empty where there is none.
	Field     string
	Timestamp bool // that is a document timestamp
}

// Comparison is what was found out about all that came after one signature.
type Comparison struct {
	Signed    int        // number of the revision that the signature covers
	Revisions []Revision // all of the file, the oldest first
	Changes   []Change   // in their order; none when nothing follows the signature; shared with other comparisons: not to be changed
	// DocMDP is what the certification in force permits: 1 nothing, 2 filling in and signing, 3 annotating too; 0 when the
	// document is not certified. Then filling in, signing and annotating are allowed, as with 3.
	DocMDP int
	// Locks are the names of the signatures in force that lock fields (FieldMDP, or /Lock of their field).
	Locks []string
}

// Verdict is the worst of all changes: Allowed where there is none.
func (c *Comparison) Verdict() Verdict {
	worst := Allowed
	for i := range c.Changes {
		worst = max(worst, c.Changes[i].Verdict)
	}
	return worst
}

// Only reports whether all changes are allowed and of these kinds.
func (c *Comparison) Only(kinds ...Kind) bool {
	for i := range c.Changes {
		if c.Changes[i].Verdict != Allowed {
			return false
		}
		found := false
		for _, k := range kinds {
			found = found || c.Changes[i].Kind == k
		}
		if !found {
			return false
		}
	}
	return true
}

// Compare compares the revision that a signature covers with those that follow. The signatures are those of the
// document, as it gives them. An error says that the file could not be read; what is wrong with it is a change.
func Compare(ctx context.Context, doc *pdfsig.Document, sig *pdfsig.Signature, all []pdfsig.Signature) (*Comparison, error) {
	h, err := Open(ctx, doc, all)
	if err != nil {
		return nil, err
	}
	return h.Since(ctx, sig)
}
