// SPDX-License-Identifier: Apache-2.0

package ltv

import (
	"context"
	"crypto/x509"
	"fmt"
	"slices"
	"time"

	"gsign/internal/pkix"
)

// Times of asking the signer's responder again. By default there is one more question, after at most the sum of
// stampSecond and retryWait: 2.2 s. With RequireFresh the waits are 1.1, 2.2, 4.4, 5, 5, … s, FreshWait together.
const (
	stampSecond  = time.Second + 20*time.Millisecond // genTime has whole seconds: an answer of the same second is not after it
	retryWait    = 1100 * time.Millisecond           // into the responder's next second
	maxRetryWait = 5 * time.Second
	// liveLag is how far behind genTime an answer may be and yet come from a responder that answers by the second. One
	// that is further behind works by the minute or makes its answers in advance, and a short wait changes nothing.
	liveLag = 2 * time.Second
)

// proveSigner finds the evidence for the signer's certificate. An answer at hand, usually the one handed out with the
// certificate, predates the timestamp: the responder is asked again, and both are kept.
func (c *collector) proveSigner(ctx context.Context, it *item, issuer *x509.Certificate) (Revocation, error) {
	if it.exempt() {
		return NotNeeded, nil
	}
	if err := c.takeAtHand(ctx, it, issuer); err != nil {
		return "", err
	}
	if !c.isFresh(it) {
		if err := c.askAgain(ctx, it, issuer); err != nil {
			return "", err
		}
	}
	if len(it.proofs) == 0 {
		if err := c.lastResort(ctx, it, issuer); err != nil {
			return "", err
		}
	}
	sortProofs(it)
	if c.isFresh(it) {
		return AfterStamp, nil
	}
	if c.opts.RequireFresh {
		return "", c.notFresh(it)
	}
	return AtIssuance, nil
}

// takeAtHand keeps every good answer at hand: the oldest and the newest are both worth keeping, and there are one or two.
// An answer counts if it was in date at the time of the timestamp, the certificate itself may have ended since.
func (c *collector) takeAtHand(ctx context.Context, it *item, issuer *x509.Certificate) error {
	for _, h := range c.atHand(it.cert, issuer) {
		at := c.opts.now()
		if at.After(it.cert.NotAfter) {
			at = it.cert.NotAfter
		}
		tries := it.report.Tries
		p, err := c.check(ctx, it, issuer, h, "", at, nil)
		if p == nil && c.stop(ctx, err, "") == nil {
			it.report.Tries = tries // one reason is enough
			p, err = c.check(ctx, it, issuer, h, "", c.sig.genTime, nil)
		}
		if err := c.stop(ctx, err, ""); err != nil {
			return err
		}
		if p != nil {
			it.keep(p)
		}
	}
	return nil
}

// keep adds a proof unless one of the same moment is there.
func (it *item) keep(p *proof) {
	same := func(q proof) bool { return q.report.ThisUpdate.Equal(p.report.ThisUpdate) }
	if !slices.ContainsFunc(it.proofs, same) {
		it.proofs = append(it.proofs, *p)
	}
}

func (p *proof) raw() []byte {
	if p.crl != nil {
		return p.crl.Raw
	}
	return p.ocsp.Raw
}

// sortProofs puts the newest last, where it counts.
func sortProofs(it *item) {
	slices.SortStableFunc(it.proofs, func(a, b proof) int { return a.report.ThisUpdate.Compare(b.report.ThisUpdate) })
}

func (c *collector) isFresh(it *item) bool {
	return slices.ContainsFunc(it.proofs, func(p proof) bool { return c.fresh(it, &p) })
}

func (c *collector) fresh(it *item, p *proof) bool {
	return pkix.Fresh(p.report.ThisUpdate, c.sig.genTime, it.cert.NotAfter)
}

// askAgain asks the responder until an answer is younger than the timestamp, for as long as the options allow and the
// certificate lives: an answer from after its end says nothing about it. The last answer is kept if it is newer than
// what was at hand. Only revocation and cancellation are errors.
func (c *collector) askAgain(ctx context.Context, it *item, issuer *x509.Certificate) error {
	start := time.Now() //nolint:forbidigo // measures how long it takes, nothing is dated by it
	if err := pause(ctx, c.restOfSecond()); err != nil {
		return err
	}
	var last *proof
	wait := retryWait
	for first := true; !c.opts.now().After(it.cert.NotAfter); first = false {
		p, err := c.refresh(ctx, it, issuer)
		if err := c.stop(ctx, err, ""); err != nil {
			return err
		}
		if p != nil {
			last = p
		}
		if p != nil && c.fresh(it, p) || !c.worthWaiting(it, p, first, time.Since(start)+wait) {
			break
		}
		if c.opts.now().Add(wait).After(it.cert.NotAfter) {
			break
		}
		if err := pause(ctx, wait); err != nil {
			return err
		}
		wait = min(2*wait, maxRetryWait)
	}
	newer := func(q proof) bool { return !q.report.ThisUpdate.Before(last.report.ThisUpdate) }
	if last != nil && !slices.ContainsFunc(it.proofs, newer) {
		it.keep(last)
	}
	return nil
}

// restOfSecond is how long the second of the timestamp lasts still, where the clock here agrees with the authority's.
func (c *collector) restOfSecond() time.Duration {
	since := c.opts.now().Sub(c.sig.genTime)
	if since < 0 || since >= stampSecond || c.opts.freshWait() == 0 {
		return 0
	}
	return stampSecond - since
}

// worthWaiting decides about another question after a wait that makes the whole time elapsed.
func (c *collector) worthWaiting(it *item, p *proof, first bool, elapsed time.Duration) bool {
	if len(it.cert.OCSPServer) == 0 || c.opts.freshWait() == 0 {
		return false
	}
	if c.opts.RequireFresh {
		return elapsed <= c.opts.freshWait()
	}
	return first && p != nil && c.sig.genTime.Sub(p.report.ThisUpdate) <= liveLag
}

// refresh asks once. The proof is nil where nothing usable came.
func (c *collector) refresh(ctx context.Context, it *item, issuer *x509.Certificate) (*proof, error) {
	var e Evidence
	var err error
	if source, ok := c.opts.Source.(Refresher); ok {
		e, err = source.Refresh(ctx, it.cert, issuer, c.sig.genTime)
	} else {
		e, err = c.opts.Source.Evidence(ctx, it.cert, issuer)
	}
	return c.take(ctx, it, issuer, e, err, nil)
}

// lastResort is for a certificate without any answer: nothing at hand, and nothing from its responder.
func (c *collector) lastResort(ctx context.Context, it *item, issuer *x509.Certificate) error {
	if c.opts.now().After(it.cert.NotAfter) {
		return &IncompleteError{
			Certificate: it.report.Subject, Tries: it.report.Tries,
			Reason: fmt.Sprintf("no evidence is at hand, and it ended at %s: its responder has nothing more to say about it", stamp(it.cert.NotAfter)),
		}
	}
	p, err := c.ask(ctx, it, issuer, nil)
	if err != nil {
		return err
	}
	it.keep(p)
	return nil
}

func (c *collector) notFresh(it *item) error {
	newest := it.proofs[len(it.proofs)-1].report.ThisUpdate
	reason := fmt.Sprintf("no answer is younger than the timestamp of %s, the newest is of %s", stamp(c.sig.genTime), stamp(newest))
	switch {
	case c.opts.now().After(it.cert.NotAfter):
		reason += fmt.Sprintf("; it ended at %s, a later answer would not count", stamp(it.cert.NotAfter))
	case len(it.cert.OCSPServer) == 0:
		reason += "; it names no OCSP responder that could be asked again"
	default:
		reason += fmt.Sprintf("; its responder was asked again for %s", c.opts.freshWait())
	}
	return &IncompleteError{Certificate: it.report.Subject, Tries: it.report.Tries, Reason: reason}
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// pause waits, or gives the context's error.
func pause(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
