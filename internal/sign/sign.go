// SPDX-License-Identifier: Apache-2.0

// Package sign takes one document its whole way: open, refuse early, copy, sign, stamp, collect evidence, verify,
// publish. It adds files, identities and temporary names to what pdfsig, ltv and verify do, and nothing else.
//
// Most callers need one [Service] for a run and [Service.Run] for each document.
package sign

import (
	"bytes"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"sync/atomic"
	"time"

	"gsign/pkg/dssclient"
	"gsign/pkg/ltv"
	"gsign/pkg/pdfsig"
	"gsign/pkg/verify"
)

// Service is what the documents of one run share: token, identity and trust chain in the client, downloaded evidence in
// the source.
type Service struct {
	Client   *dssclient.Client          // REQUIRED
	Identity *dssclient.IdentityRequest // OPTIONAL: who signs; nil for accounts with a fixed subject
	Evidence ltv.Source                 // REQUIRED for B-LT: usually an *ltv.Online
}

// Job is one document to sign.
type Job struct {
	In, Out      string              // REQUIRED: paths, or "-" for Stdin and Stdout
	Stdin        io.Reader           // REQUIRED when In is "-"
	Stdout       io.Writer           // REQUIRED when Out is "-"
	InPlace      bool                // OPTIONAL: replace In; then Out is empty
	Force        bool                // OPTIONAL: replace Out
	Level        verify.Level        // REQUIRED: BB, BT or BLT
	PDF          pdfsig.Options      // OPTIONAL
	Roots        []*x509.Certificate // OPTIONAL: pinned anchors
	ExtraCerts   []*x509.Certificate // OPTIONAL: certificates that chains may need
	RequireFresh bool                // OPTIONAL: demand revocation evidence from after the timestamp
	FreshWait    time.Duration       // OPTIONAL: how long that is waited for, see ltv.Options; negative: nothing waits
	Sum          bool                // OPTIONAL: the result has the SHA-256 of the whole output
	Reread       bool                // OPTIONAL: before publishing, read the finished output back from the disk
	DryRun       bool                // OPTIONAL: everything but identity, signature and output
	Strict       bool                // OPTIONAL: refuse a damaged document instead of recovering it
	Password     []byte              // OPTIONAL: of an encrypted document: the user's or the owner's
	AskPassword  AskFunc             // OPTIONAL: asks somebody, where Password is empty and needed
	Progress     *Progress           // OPTIONAL: says where the document is
}

// AskFunc asks for the password of an encrypted document; again says that the last answer was wrong. An empty answer
// gives up.
type AskFunc func(ctx context.Context, again bool) ([]byte, error)

// passwordTries is how often a password is asked for.
const passwordTries = 3

// Check reports what can be told from the file names alone, so that a caller need not look for credentials first.
func (j *Job) Check() error {
	if _, err := planOutput(j); err != nil {
		if usage, ok := errors.AsType[*UsageError](err); ok {
			return usage
		}
		return &Error{Name: j.In, Err: err}
	}
	if j.In == "-" {
		return nil
	}
	if _, err := os.Stat(j.In); err != nil { // not opened: it may be a pipe that can be read once
		err = notOpened(err)
		if usage, ok := errors.AsType[*UsageError](err); ok {
			return usage
		}
		return &Error{Name: j.In, Err: err}
	}
	return nil
}

// document is one job on its way.
type document struct {
	*Service
	job    *Job
	result *Result
	meter  meter

	in       *input
	out      *output
	pdf      *pdfsig.Document
	password []byte // of an encrypted document
	session  *dssclient.Session
	prefix   hash.Hash // SHA-256 after the output's first bytes, which are the input's
	size     int64     // of the output so far
	image    image     // of the output, where the input is small enough; else nil
	intents  []*pdfsig.Intent
	signed   *pdfsig.Document // the output before the security store
}

// Run signs one document. The result is there even when the error is not nil, and then says how far it came. A
// *UsageError comes before anything was read or sent; every other failure is an *Error that says what was charged.
func (s *Service) Run(ctx context.Context, job *Job) (*Result, error) {
	if s.Identity == nil {
		s = &Service{Client: s.Client, Identity: &dssclient.IdentityRequest{}, Evidence: s.Evidence}
	}
	d := &document{Service: s, job: job, result: &Result{Status: StatusFailed, Input: File{Path: job.In}}}
	before := s.Client.Calls()
	err := d.run(ctx)
	d.close()
	d.result.Calls = callsSince(before, s.Client.Calls())
	d.result.Billed = d.meter.bill
	if err == nil {
		return d.result, nil
	}
	if usage, ok := errors.AsType[*UsageError](err); ok {
		return d.result, usage
	}
	return d.result, &Error{Name: job.In, Bill: d.meter.bill, Err: err}
}

func (d *document) run(ctx context.Context) error {
	if err := d.open(ctx); err != nil {
		return err
	}
	if d.job.DryRun {
		return d.rehearse(ctx)
	}
	for _, step := range []func(context.Context) error{d.copy, d.sign, d.extend, d.verify, d.publish} {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err := step(ctx); err != nil {
			return err
		}
	}
	d.result.Status = StatusSigned
	return nil
}

func (d *document) close() {
	if d.out != nil {
		d.out.discard()
	}
	if d.in != nil {
		d.in.close()
	}
}

// sign spends the money: one signature and, above B-B, one timestamp.
func (d *document) sign(ctx context.Context) (err error) {
	// Copying may have taken long: the same identity again, or a new one when too little of its life is left.
	if d.session, err = d.Client.Session(ctx, d.Identity); err != nil {
		return err
	}
	if err := d.checkAnchor(); err != nil {
		return err
	}
	if err := ltv.CheckRevoked(d.session.Certificates(), d.session.OCSPResponses()); err != nil {
		return err
	}
	d.job.Progress.stage("signing")
	d.meter.session = d.session
	var tsa pdfsig.Timestamper
	if d.job.Level >= verify.BT {
		tsa = &d.meter
	}
	signed, err := pdfsig.Sign(ctx, d.pdf, &d.meter, tsa, &d.job.PDF)
	if err != nil {
		return err
	}
	suffix, intent, err := signed.Finish()
	if err != nil {
		return err
	}
	d.intents = append(d.intents, intent)
	d.result.Field = signed.Prepared.Field
	d.result.Signer = describe(d.session.Certificates()[0])
	if len(signed.Token) > 0 {
		d.result.Time = signed.Time.UTC()
		d.result.ClockSkew = signed.Skew.Milliseconds()
		if signed.Skew.Abs() > skewWorthSaying {
			d.warn("the timestamp differs from this machine's clock by %s", signed.Skew.Round(time.Second))
		}
	}
	return d.append(suffix)
}

// skewWorthSaying is a clock difference that no network delay explains.
const skewWorthSaying = 30 * time.Second

func (d *document) warn(format string, args ...any) {
	d.result.Warnings = append(d.result.Warnings, fmt.Sprintf(format, args...))
}

// append writes a revision behind what the output has so far.
func (d *document) append(suffix []byte) error {
	err := testOnlyWriteFault("suffix")
	suffix = testOnlySpoil(len(d.intents), suffix)
	if err == nil {
		_, err = d.out.tmp.f.WriteAt(suffix, d.size)
	}
	if err != nil {
		return fmt.Errorf("write the signature: %w", err)
	}
	d.size += int64(len(suffix))
	return nil
}

// extend collects the evidence and appends the security store.
func (d *document) extend(ctx context.Context) error {
	if d.job.Level < verify.BLT {
		return nil
	}
	d.job.Progress.stage("collecting evidence")
	certs := append([]*x509.Certificate(nil), d.session.Certificates()...)
	out, err := d.written(d.in.size)
	if err != nil {
		return err
	}
	signed, err := pdfsig.Open(out, d.size, &pdfsig.OpenOptions{Password: d.password, Original: d.pdf})
	if err != nil {
		return err
	}
	d.signed = signed
	suffix, report, err := ltv.Extend(ctx, out, d.size, &ltv.Options{
		Source:        d.Evidence,
		Document:      signed,
		Field:         d.result.Field,
		CMS:           d.intents[0].CMS,
		Certificates:  append(certs, d.job.ExtraCerts...),
		OCSPResponses: d.session.OCSPResponses(),
		Roots:         d.job.Roots,
		RequireFresh:  d.job.RequireFresh,
		FreshWait:     d.job.FreshWait,
		Password:      d.password,
	})
	if err != nil {
		return err
	}
	d.intents = append(d.intents, report.Intent())
	d.result.Evidence = report
	d.result.Embedded = &Embedded{report.Certificates, report.OCSPs, report.CRLs}
	d.result.Revocation, d.result.Anchor = report.Revocation, report.Anchor
	d.result.ValidatesUntil = report.ValidatesUntil.UTC()
	return d.append(suffix)
}

// readBack opens the finished file from its end and compares it with what was meant. It shares nothing with what wrote it;
// where the chain of cross-references reaches the original's, which the copy was proven to begin with, and that is a very large one, it
// goes on with what was read there.
func (d *document) readBack(out io.ReaderAt) (*pdfsig.Document, error) {
	finished, err := pdfsig.Open(out, d.size, &pdfsig.OpenOptions{
		Password: d.password, Original: d.pdf, Revisions: []*pdfsig.Document{d.signed},
	})
	if err != nil {
		return nil, err
	}
	return finished, pdfsig.Reread(d.pdf, finished, d.intents...)
}

// verify checks the finished bytes: that they read as was meant, and with the demands that were made.
func (d *document) verify(ctx context.Context) error {
	d.job.Progress.stage("verifying")
	if err := d.out.tmp.f.Truncate(d.size); err != nil { // gives back what was reserved and not needed
		return fmt.Errorf("write the signature: %w", err)
	}
	roots := d.job.Roots
	if d.job.Level < verify.BLT {
		roots = nil // the timestamp's chain is not in the file; the signer's was checked before
	}
	out, err := d.written(0) // all of it once more
	if err != nil {
		return err
	}
	if !bytes.HasPrefix(d.image, d.in.image) {
		return &SelfCheckError{Err: errDiffers}
	}
	finished, err := d.readBack(out)
	if err != nil {
		return &SelfCheckError{Err: err}
	}
	report, err := verify.Verify(ctx, out, d.size, &verify.Options{
		Document:             finished,
		Roots:                roots,
		AnyRoot:              len(roots) == 0, // completeness is not trust, and all that can be asked without roots
		Field:                d.result.Field,
		Require:              d.job.Level,
		RequireWholeDocument: true,
		RequireFresh:         d.job.RequireFresh,
		Digest:               d.prefix,
		DigestSize:           d.in.size,
		Password:             d.password,
	})
	if err == nil && len(report.Signatures) != 1 {
		err = fmt.Errorf("the field %q is signed %d times", d.result.Field, len(report.Signatures))
	}
	if err != nil {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		return &SelfCheckError{Err: err}
	}
	d.result.Level = report.Signatures[0].Level.String()
	return d.in.unchanged()
}

func (d *document) publish(ctx context.Context) error {
	d.job.Progress.stage("writing")
	whole := ""
	if d.job.Sum || d.job.Reread {
		var err error
		if whole, err = d.sumWhole(ctx); err != nil {
			return err
		}
	}
	if d.job.Reread {
		if err := d.reread(ctx, whole); err != nil {
			return err
		}
	}
	if err := d.out.publish(ctx, d.size); err != nil {
		return err
	}
	d.result.Output.Bytes, d.result.Output.SHA256 = d.size, whole
	return nil
}

// sumWhole continues the sum of the output's first bytes over the rest.
func (d *document) sumWhole(ctx context.Context) (string, error) {
	prefix, ok := d.prefix.(hash.Cloner)
	if !ok {
		return "", errors.New("sum the output: the sum of its first bytes cannot be continued")
	}
	h, err := prefix.Clone()
	if err != nil {
		return "", fmt.Errorf("sum the output: %w", err)
	}
	if d.image != nil { // what was verified
		h.Write(d.image[d.in.size:])
		return sum(h), nil
	}
	var progress atomic.Int64
	if err := hashRange(ctx, h, d.out.tmp.f, d.in.size, d.size, &progress); err != nil {
		return "", fmt.Errorf("sum the output: %w", err)
	}
	return sum(h), nil
}
