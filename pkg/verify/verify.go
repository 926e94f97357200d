// SPDX-License-Identifier: Apache-2.0

// Package verify tells whether the signatures of a PDF file are good, for whom, at which time, and which PAdES level
// they reach. Most programs need [Verify] only.
//
// It goes in the order of EN 319 102-1: format, signing certificate, cryptography, path, revocation with freshness,
// timestamps, and where the present does not suffice the past by proofs of existence; algorithms are judged by date. Evidence is
// what the file holds, and what [Options].Source finds. Trust is what [Options].Roots and Anchors say: without them nothing is
// trusted, unless AnyRoot makes do with chains that close.
package verify

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"hash"
	"io"
	"slices"
	"time"

	"gsign/pkg/ltv"
	"gsign/pkg/pdfsig"
)

// Level is a PAdES baseline level (EN 319 142-1 clause 6).
type Level int

// The levels in their order. None is a signature that does not reach B-B.
const (
	None Level = iota
	BB
	BT
	BLT
	BLTA
)

// String returns "B-B", "B-T", "B-LT" or "B-LTA", and "none".
func (l Level) String() string {
	return [...]string{"none", "B-B", "B-T", "B-LT", "B-LTA"}[max(None, min(l, BLTA))]
}

// Options say what is demanded. Nil is allowed and demands soundness alone.
type Options struct {
	Roots                []*x509.Certificate // OPTIONAL: pinned anchors; a chain that ends elsewhere is a finding
	Anchors              []Anchor            // OPTIONAL: more anchors, each with the time for which it is trusted
	AnchorSet            *AnchorSet          // OPTIONAL: in place of Anchors, where many files are verified
	AnyRoot              bool                // OPTIONAL: without anchors, a chain that closes at any self-signed certificate will do
	Source               ltv.Source          // OPTIONAL: where evidence is looked for that the file does not hold; nil: offline
	Field                string              // OPTIONAL: only this signature
	Require              Level               // OPTIONAL: the level that each signature must reach
	RequireWholeDocument bool                // OPTIONAL: nothing but the security store and timestamps after the newest signature
	Changes              bool                // OPTIONAL: compare each later revision with the signed one: SignatureReport.Comparison
	RequireFresh         bool                // OPTIONAL: evidence about each signer that is younger than the timestamp
	Time                 time.Time           // OPTIONAL: time of validation; time.Now
	Digest               hash.Hash           // OPTIONAL: SHA-256 state after the first DigestSize bytes; cloned, never changed
	DigestSize           int64               // OPTIONAL: see Digest
	Document             *pdfsig.Document    // OPTIONAL: the file, opened already
	Password             []byte              // OPTIONAL: of an encrypted document: the user's or the owner's
}

// SignatureReport is what was found out about one signature or document timestamp.
type SignatureReport struct {
	Signature  pdfsig.Signature
	Level      Level               // by what holds; None for a document timestamp, and for a signature that failed
	Form       Level               // by what is there, whether it holds or not
	Chain      []*x509.Certificate // of the signer, as far as it could be built
	TSAChain   []*x509.Certificate // of the timestamp authority
	Anchor     *Anchor             // that the signer's chain ends at; of Roots, it has no source; nil where it is not trusted
	TSAAnchor  *Anchor             // that the chain of the timestamp authority ends at
	Time       time.Time           // the time proved by the oldest timestamp; zero without one
	ThisUpdate time.Time           // of the youngest evidence about the signer; zero without any
	Fresh      bool                // ThisUpdate is after Time, and within the signer's life
	Findings   []Finding           // what is wrong; none means sound
	Missing    []Finding           // why not the next level

	Indication    Indication
	SubIndication SubIndication
	BestTime      time.Time // the earliest time at which the signature is known to have existed; of validation where nothing proves one
	BestTimeBy    string    // what proves it: "signature timestamp", "document timestamp \"Timestamp1\""; empty for nothing
	Proofs        []Proof
	Evidence      []Evidence
	Algorithms    []Algorithm
	LTV           AdobeLTV
	Comparison    *Comparison // what later revisions changed; nil unless Options.Changes asks for it
}

// Signer returns the signing certificate, nil when it is not known.
func (r *SignatureReport) Signer() *x509.Certificate { return first(r.Chain) }

// TSA returns the certificate of the timestamp authority, nil when there is none.
func (r *SignatureReport) TSA() *x509.Certificate { return first(r.TSAChain) }

func first(chain []*x509.Certificate) *x509.Certificate {
	if len(chain) == 0 {
		return nil
	}
	return chain[0]
}

// Report is what was found out about a file.
type Report struct {
	Size       int64
	Signatures []SignatureReport // in the order in which they were made
}

// ErrNoSignature says that the file, or the field asked for, is not signed.
var ErrNoSignature = errors.New("no signature")

// validator holds what the judgement of all signatures of one file shares.
type validator struct {
	ctx        context.Context //nolint:containedctx // lives no longer than one Verify
	opts       Options
	doc        *pdfsig.Document
	hasher     *hasher
	material   *material
	stored     bool               // there is a security store
	history    bool               // those of earlier revisions were read
	roots      map[string]*Anchor // by the certificate's DER
	set        *AnchorSet
	sigs       []*judged
	stamps     []*judged // the sound document timestamps, in their order
	paths      map[pathKey]*path
	answered   map[pairKey][]*answer
	unanswered map[string]error // what the source of evidence said, by certificate
	asking     map[string]bool  // certificates whose status is being judged
	within     int64            // evidence beyond this offset does not count
	proofs     []covering       // the widest first
}

// Verify judges the signatures of a file. The report is there also when the error is an *Error (a signature is not
// sound), a *DemandError (sound, and not what was demanded) or ErrNoSignature. Other errors say that the file could not
// be read; a *pdfsig.MalformedError blames the file.
func Verify(ctx context.Context, r io.ReaderAt, size int64, opts *Options) (*Report, error) {
	v := &validator{
		ctx: ctx, material: newMaterial(), within: never,
		paths: map[pathKey]*path{}, answered: map[pairKey][]*answer{}, unanswered: map[string]error{}, asking: map[string]bool{},
	}
	if opts != nil {
		v.opts = *opts
	}
	if v.opts.Time.IsZero() {
		v.opts.Time = time.Now()
	}
	sigs, err := v.open(ctx, r, size)
	if err != nil {
		return nil, err
	}
	err = v.read(sigs)
	if err != nil {
		return nil, err
	}
	v.judgeStamps() // first: they prove times of signatures
	for _, j := range v.sigs {
		if !j.Signature.Timestamp {
			v.judgeSignature(j)
			v.level(j)
		}
	}
	err = ctx.Err()
	if err != nil {
		return nil, err
	}
	err = v.compareRevisions(ctx, sigs)
	if err != nil {
		return nil, err
	}
	return v.report(size)
}

// open opens the file and finds its signatures and its security store.
func (v *validator) open(ctx context.Context, r io.ReaderAt, size int64) ([]pdfsig.Signature, error) {
	var err error
	v.hasher, err = newHasher(ctx, r, v.opts.Digest, v.opts.DigestSize)
	if err != nil {
		return nil, err
	}
	v.doc = v.opts.Document
	if v.doc == nil {
		v.doc, err = pdfsig.Open(r, size, &pdfsig.OpenOptions{Password: v.opts.Password})
	} else if v.doc.Size() != size {
		err = fmt.Errorf("verifying: the document has %d bytes and not %d", v.doc.Size(), size)
	}
	if err != nil {
		return nil, err
	}
	err = v.doc.Unambiguous(ctx)
	if err != nil {
		return nil, err
	}
	store, err := ltv.ReadStored(v.doc)
	if err != nil {
		return nil, err
	}
	v.material.store(store)
	v.stored = len(store.OCSPResponses)+len(store.CRLs)+len(store.Certificates) > 0
	v.set = v.opts.AnchorSet
	if v.set == nil {
		v.set = NewAnchorSet(v.opts.Anchors)
	}
	v.material.base = v.set.material
	v.roots = map[string]*Anchor{}
	for _, c := range v.opts.Roots {
		v.roots[string(c.Raw)] = &Anchor{Certificate: c}
		v.material.certificate(c, 0)
	}
	sigs, err := v.doc.Signatures()
	if err == nil {
		v.stampedStore(store, sigs)
	}
	return sigs, err
}

// read checks the bytes of all signatures, and gathers what they carry.
func (v *validator) read(sigs []pdfsig.Signature) error {
	for i := range sigs {
		if !v.concerned(sigs, i) {
			continue
		}
		j := &judged{SignatureReport: &SignatureReport{Signature: sigs[i]}}
		v.sigs = append(v.sigs, j)
		err := v.integrity(j)
		if err != nil {
			return err
		}
		if j.token != nil && j.sound() {
			v.stamps = append(v.stamps, j)
		}
	}
	for _, j := range v.sigs {
		v.signatureTimestamps(j)
	}
	return nil
}

// concerned reports whether a signature has to be judged: one that was asked for, or a document timestamp that may
// cover it. The others are not even digested.
func (v *validator) concerned(sigs []pdfsig.Signature, i int) bool {
	if v.opts.Field == "" || sigs[i].Field == v.opts.Field {
		return true
	}
	return sigs[i].Timestamp && slices.ContainsFunc(sigs, func(s pdfsig.Signature) bool {
		return s.Field == v.opts.Field && s.RevisionEnd() < sigs[i].RevisionEnd()
	})
}

// report selects what was asked for and holds it against the demands.
func (v *validator) report(size int64) (*Report, error) {
	report := &Report{Size: size}
	for _, j := range v.sigs {
		if v.opts.Field == "" || v.opts.Field == j.Signature.Field {
			report.Signatures = append(report.Signatures, *j.SignatureReport)
		}
	}
	if len(report.Signatures) == 0 {
		return report, ErrNoSignature
	}
	var wrong []Finding
	for i := range report.Signatures {
		for _, f := range report.Signatures[i].Findings {
			f.Field = report.Signatures[i].Signature.Field
			wrong = append(wrong, f)
		}
	}
	if len(wrong) > 0 {
		return report, &Error{Findings: wrong}
	}
	unmet := v.demands(report)
	if len(unmet) > 0 {
		return report, &DemandError{Findings: unmet}
	}
	return report, nil
}
