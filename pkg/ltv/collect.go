// SPDX-License-Identifier: Apache-2.0

package ltv

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"gsign/internal/limits"
	"gsign/internal/pkix"
)

// collector finds the evidence for one signature.
type collector struct {
	opts *Options
	sig  *signature
	base *pool // what is at hand: the signature's certificates, Options', the store's
	hand []candidate
}

// candidate is an OCSP response or a CRL that was at hand.
type candidate struct {
	origin Origin
	method string
	der    []byte
}

// item is one certificate and the evidence found for it.
type item struct {
	cert   *x509.Certificate
	report CertificateReport
	proofs []proof
}

// proof is one piece of evidence that passed every check. The last one of an item is the one that counts.
type proof struct {
	ocsp      *pkix.OCSPResponse // one of the two
	crl       *pkix.CRL
	signer    *x509.Certificate // who signed it
	responder *item             // with the evidence about a responder that needs its own; else nil
	report    EvidenceReport
}

func newItem(cert *x509.Certificate, origin Origin) *item {
	return &item{cert: cert, report: CertificateReport{
		Subject:   pkix.Name(cert),
		Serial:    fmt.Sprintf("%x", cert.SerialNumber.Bytes()),
		NotBefore: cert.NotBefore,
		NotAfter:  cert.NotAfter,
		Origin:    origin,
	}}
}

func newCollector(opts *Options, sig *signature, old *store) *collector {
	c := &collector{opts: opts, sig: sig, base: &pool{origins: map[identity]Origin{}}}
	c.base.add(FromSignature, sig.cms.Certificates...)
	for _, t := range sig.tokens {
		c.base.add(FromSignature, t.Certificates...)
	}
	c.base.add(Given, opts.Certificates...)
	c.base.add(Given, opts.Roots...)
	for _, der := range old.data(keyCerts) {
		if cert, err := pkix.ParseCertificate(der); err == nil {
			c.base.add(Stored, cert)
		}
	}
	for _, der := range opts.OCSPResponses {
		c.hand = append(c.hand, candidate{Given, MethodOCSP, der})
	}
	for _, der := range old.data(keyOCSPs) {
		c.hand = append(c.hand, candidate{Stored, MethodOCSP, der})
	}
	for _, der := range old.data(keyCRLs) {
		c.hand = append(c.hand, candidate{Stored, MethodCRL, der})
	}
	return c
}

// newPool gives a chain's goroutine a pool of its own.
func (c *collector) newPool() *pool {
	p := &pool{origins: map[identity]Origin{}}
	for _, cert := range c.base.certs {
		p.add(c.base.origins[identify(cert.Raw)], cert)
	}
	return p
}

// collect builds every chain and finds every piece of evidence, side by side. The signer's chain comes first.
func (c *collector) collect(ctx context.Context) ([]*chain, error) {
	chains := make([]*chain, 1+len(c.sig.tokens))
	g, ctx := errgroup.WithContext(ctx)
	run := func(i int, role string, leaf *x509.Certificate, at time.Time) {
		g.Go(func() error {
			ch, err := c.buildChain(ctx, role, leaf, at)
			if err != nil {
				return err
			}
			chains[i] = ch
			return c.fill(ctx, ch)
		})
	}
	run(0, roleSigner, c.sig.signer, c.sig.genTime)
	for i, token := range c.sig.tokens {
		run(1+i, roleTimestamp, token.TSA, token.GenTime)
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	return chains, nil
}

// fill finds the evidence for every certificate below the root.
func (c *collector) fill(ctx context.Context, ch *chain) error {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(limits.EvidenceAtOnce)
	for i, it := range ch.items[:len(ch.items)-1] {
		issuer := ch.certs[i+1]
		g.Go(func() error {
			if i > 0 || ch.role != roleSigner {
				return c.prove(ctx, it, issuer, nil)
			}
			state, err := c.proveSigner(ctx, it, issuer)
			ch.revocation = state
			return err
		})
	}
	return g.Wait()
}

// prove finds evidence for one certificate: what is at hand first, the source next. Above are the certificates that
// wait for this one: a responder, and whom it answered for.
func (c *collector) prove(ctx context.Context, it *item, issuer *x509.Certificate, above []*x509.Certificate) error {
	if it.exempt() {
		return nil
	}
	if len(above) > limits.ResponderDepth {
		return &IncompleteError{Certificate: it.report.Subject, Reason: "responders of responders are nested too deep"}
	}
	for _, h := range c.atHand(it.cert, issuer) {
		p, err := c.check(ctx, it, issuer, h, "", c.opts.now(), above)
		if err := c.stop(ctx, err, ""); err != nil {
			return err
		}
		if p != nil {
			it.proofs = append(it.proofs, *p)
			return nil
		}
	}
	p, err := c.ask(ctx, it, issuer, above)
	if err != nil {
		return err
	}
	it.proofs = append(it.proofs, *p)
	return nil
}

// atHand returns what may be about the certificate: an OCSP response with its serial number in it, or a CRL with its
// issuer's name. This only saves work, every check follows.
func (c *collector) atHand(cert, issuer *x509.Certificate) []candidate {
	serial, err := asn1.Marshal(cert.SerialNumber)
	if err != nil {
		return nil
	}
	var all []candidate
	for _, h := range c.hand {
		mark := serial
		if h.method == MethodCRL {
			mark = issuer.RawSubject
		}
		if bytes.Contains(h.der, mark) {
			all = append(all, h)
		}
	}
	return all
}

// exempt reports whether no evidence is needed (F8), and notes why.
func (it *item) exempt() bool {
	if !pkix.NoRevocationNeeded(it.cert) {
		return false
	}
	it.report.Exempt = "the certificate says that it needs no revocation evidence (RFC 9608, EN 319 412-1)"
	return true
}

// ask goes to the source, and once more for a CRL where the responder cannot be proved.
func (c *collector) ask(ctx context.Context, it *item, issuer *x509.Certificate, above []*x509.Certificate) (*proof, error) {
	e, err := c.opts.Source.Evidence(ctx, it.cert, issuer)
	p, err := c.take(ctx, it, issuer, e, err, above)
	lists, ok := c.opts.Source.(ListSource)
	if err == nil || !isIncomplete(err) || !ok || tried(it, MethodCRL) {
		return p, err
	}
	e, err2 := lists.Lists(ctx, it.cert, issuer)
	p, err2 = c.take(ctx, it, issuer, e, err2, above)
	if isIncomplete(err2) {
		return nil, err // the first reason says more; the tries of both are in the report and in the error
	}
	return p, err2
}

func tried(it *item, method string) bool {
	return slices.ContainsFunc(it.report.Tries, func(t Try) bool { return t.Method == method })
}

// take checks what a source answered.
func (c *collector) take(ctx context.Context, it *item, issuer *x509.Certificate, e Evidence, err error, above []*x509.Certificate) (*proof, error) {
	it.note(e, err)
	if err != nil {
		return nil, asIncomplete(ctx, it.cert, it.report.Tries, err)
	}
	url := served(e.Tries)
	for _, found := range e.candidates() {
		p, err := c.check(ctx, it, issuer, found, url, c.opts.now(), above)
		if err := c.stop(ctx, err, url); err != nil {
			return nil, err
		}
		if p != nil {
			return p, nil
		}
	}
	return nil, incomplete(it.cert, it.report.Tries)
}

// note keeps the tries, those in an error as well.
func (it *item) note(e Evidence, err error) {
	tries := e.Tries
	var i *IncompleteError
	if len(tries) == 0 && errors.As(err, &i) {
		tries = i.Tries
	}
	it.report.Tries = append(it.report.Tries, tries...)
}

func (e Evidence) candidates() []candidate {
	var all []candidate
	for _, der := range e.OCSPResponses {
		all = append(all, candidate{Fetched, MethodOCSP, der})
	}
	for _, der := range e.CRLs {
		all = append(all, candidate{Fetched, MethodCRL, der})
	}
	return all
}

// served is the address that gave the evidence.
func served(tries []Try) string {
	if len(tries) == 0 || tries[len(tries)-1].Err != nil {
		return ""
	}
	return tries[len(tries)-1].URL
}

// stop passes on the errors that end the search.
func (c *collector) stop(ctx context.Context, err error, url string) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	var r *RevokedError
	if errors.As(err, &r) {
		return err
	}
	return revoked(err, url)
}

// asIncomplete gives a source's error the form that names the certificate; revocation and cancellation stay as they are.
func asIncomplete(ctx context.Context, cert *x509.Certificate, tries []Try, err error) error {
	var r *RevokedError
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.As(err, &r):
		return err
	}
	var i *IncompleteError
	if errors.As(err, &i) {
		return &IncompleteError{Certificate: i.Certificate, Tries: tries, Reason: i.Reason}
	}
	return &IncompleteError{Certificate: pkix.Name(cert), Tries: append(tries, Try{Method: "source", Err: err}), Reason: "the source of evidence failed"}
}

// check tells whether a piece of evidence proves the certificate good at a moment, and finds the evidence about its
// responder where that needs some. The proof is nil when it does not; the error then says why, and is noted in the
// report.
func (c *collector) check(ctx context.Context, it *item, issuer *x509.Certificate, from candidate, url string, at time.Time, above []*x509.Certificate) (*proof, error) {
	p := &proof{report: EvidenceReport{Method: from.method, Origin: from.origin, URL: url, Size: len(from.der)}}
	if from.method == MethodCRL {
		crl, err := pkix.CheckCRL(from.der, it.cert, issuer, at)
		if err != nil {
			return nil, it.reject(from, err)
		}
		p.crl, p.signer = crl, issuer
		p.report.ThisUpdate, p.report.NextUpdate = crl.ThisUpdate, crl.NextUpdate
	} else {
		r, err := pkix.CheckOCSP(from.der, it.cert, issuer, c.base.certs, at)
		if err == nil {
			p.responder, err = c.proveResponder(ctx, it, issuer, r, above)
		}
		if err != nil {
			return nil, it.reject(from, err)
		}
		p.ocsp, p.signer = r, r.Responder
		p.report.ProducedAt, p.report.ThisUpdate, p.report.NextUpdate = r.ProducedAt, r.ThisUpdate, r.NextUpdate
	}
	p.report.Responder = pkix.Name(p.signer)
	return p, nil
}

// reject notes why a piece of evidence is of no use.
func (it *item) reject(from candidate, err error) error {
	method := from.method
	if from.origin != Fetched {
		method = fmt.Sprintf("%s (%s)", from.method, from.origin)
	}
	it.report.Tries = append(it.report.Tries, Try{Method: method, Err: err})
	return err
}

// proveResponder finds the evidence about a responder's own certificate (F3).
func (c *collector) proveResponder(ctx context.Context, it *item, issuer *x509.Certificate, r *pkix.OCSPResponse, above []*x509.Certificate) (*item, error) {
	if r.Responder.Equal(it.cert) || slices.ContainsFunc(above, r.Responder.Equal) {
		return nil, errSelfVouching
	}
	if !r.NeedsRevocation() {
		return nil, nil
	}
	origin := FromOCSP
	if !slices.ContainsFunc(r.Certificates, r.Responder.Equal) {
		origin = c.base.origins[identify(r.Responder.Raw)]
	}
	responder := newItem(r.Responder, origin)
	err := c.prove(ctx, responder, issuer, append(slices.Clone(above), it.cert))
	it.report.Tries = append(it.report.Tries, responder.report.Tries...)
	return responder, err
}
