// SPDX-License-Identifier: Apache-2.0

// Package ltv makes a timestamped signature last: it builds the chains of the signer and of the timestamp authority,
// collects the revocation evidence for every certificate in them, and writes all of it into the PDF's security store
// (the catalog's /DSS of ISO 32000-2 section 12.8.4), which turns PAdES B-T into B-LT.
//
// Most callers need two things: one [Online] for the whole process, and [Extend] for each document.
//
// Completeness is not trust: every chain has to close at a self-signed certificate and everything below that has to
// have evidence, but whether the root is the right one is decided only where [Options.Roots] pins it.
package ltv

import (
	"context"
	"crypto/x509"
	"time"

	"gsign/pkg/pdfsig"
)

// Evidence is what proves, long after, that certificates were good: issuers, OCSP responses and CRLs.
type Evidence struct {
	Certificates  []*x509.Certificate
	OCSPResponses [][]byte // each a full OCSPResponse, DER
	CRLs          [][]byte // each a CertificateList, DER

	Tries []Try // OPTIONAL: where it was looked for, in order; for the report
}

// Source finds the revocation evidence for one certificate. An answer holds at least one OCSP response or CRL that the
// source believes to be about cert; [Extend] checks it all the same. An error says that nothing usable was found: an
// [*IncompleteError] where the places tried are known, a [*RevokedError], with the answer that says so, where the certificate is revoked. A Source is
// used by several goroutines at once and retries on its own, if at all.
//
// More abilities are found by type assertion: [IssuerSource], [ListSource], [Refresher]. [Online] has them all.
type Source interface {
	Evidence(ctx context.Context, cert, issuer *x509.Certificate) (Evidence, error)
}

// IssuerSource is a [Source] that finds missing issuers too. The answer's Certificates hold at least one that signed
// cert.
type IssuerSource interface {
	Issuers(ctx context.Context, cert *x509.Certificate) (Evidence, error)
}

// ListSource is a [Source] that can be asked for a CRL alone: where the OCSP responder's own certificate cannot be
// shown to be unrevoked, a CRL is the way out.
type ListSource interface {
	Lists(ctx context.Context, cert, issuer *x509.Certificate) (Evidence, error)
}

// Refresher is a [Source] that may answer from memory, and that can be told not to: Refresh asks once more unless it
// remembers an OCSP response whose thisUpdate lies after the given time. What comes back may still be older.
type Refresher interface {
	Refresh(ctx context.Context, cert, issuer *x509.Certificate, after time.Time) (Evidence, error)
}

// Options says where evidence comes from and how much of it is demanded.
type Options struct {
	Source        Source              // REQUIRED: usually an *Online shared by all documents
	Document      *pdfsig.Document    // OPTIONAL: the file, opened already
	Original      *pdfsig.Document    // OPTIONAL: the document before it was signed; see pdfsig.OpenOptions
	Field         string              // OPTIONAL: full name of the signature's field; default the newest signature
	CMS           []byte              // OPTIONAL: what the signature of Field holds, where it is at hand: then it is not read from the document
	Certificates  []*x509.Certificate // OPTIONAL: intermediates and roots that the signature does not carry
	OCSPResponses [][]byte            // OPTIONAL: answers at hand; used before going online where they pass every check
	Roots         []*x509.Certificate // OPTIONAL: pinned anchors; a chain that ends elsewhere is an *IncompleteError
	RequireFresh  bool                // OPTIONAL: an answer of the signer's responder from before the timestamp is not enough
	FreshWait     time.Duration       // OPTIONAL: how long RequireFresh waits for one; default 75 s, as many responders work by the minute; negative: nothing waits, each question is asked once
	Password      []byte              // OPTIONAL: of an encrypted document: the user's or the owner's
	VRI           bool                // OPTIONAL: write per-signature entries, which EN 319 142-1 advises against
	Now           func() time.Time    // OPTIONAL: the clock that evidence is checked against; default time.Now
}

// defaultFreshWait covers a responder that renews its answers once a minute, and a slow request.
const defaultFreshWait = 75 * time.Second

func (o *Options) now() time.Time {
	if o.Now != nil {
		return o.Now()
	}
	return time.Now() //nolint:forbidigo // the default of Now
}

func (o *Options) freshWait() time.Duration {
	if o.FreshWait == 0 {
		return defaultFreshWait
	}
	return max(o.FreshWait, 0)
}
