// SPDX-License-Identifier: Apache-2.0

package pkix

import (
	"bytes"
	"cmp"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"time"

	"gsign/internal/limits"
)

// Chain is a path from a certificate towards a root, every signature and constraint on it checked. Times are not:
// see [Chain.ValidAt].
type Chain struct {
	Certificates []*x509.Certificate // leaf first
	Complete     bool                // it ends at a self-signed certificate, or at an anchor where anchors were named
	Problem      error               // why it is not complete, *EvidenceError
}

// ChainOptions steers [BuildChainWith].
type ChainOptions struct {
	At      time.Time           // OPTIONAL: paths whose certificates are all valid at this time are preferred
	Anchors []*x509.Certificate // OPTIONAL: only a path that reaches one of these is complete; they also serve as pool
}

// BuildChain finds a path from leaf to a self-signed certificate among pool, which may hold anything in any order:
// duplicates, strangers, cross-certificates and loops. Where there is none, the chain is not Complete, goes as far as
// it can and tells the Problem. An error means that the search itself could not be done.
func BuildChain(leaf *x509.Certificate, pool []*x509.Certificate) (*Chain, error) {
	return BuildChainWith(leaf, pool, nil)
}

// BuildChainWith is [BuildChain] with a moment and anchors.
func BuildChainWith(leaf *x509.Certificate, pool []*x509.Certificate, opts *ChainOptions) (*Chain, error) {
	if leaf == nil {
		return nil, errors.New("building a chain: no certificate")
	}
	if opts == nil {
		opts = &ChainOptions{}
	}
	s := &search{opts: opts, checked: map[[2]*x509.Certificate]error{}}
	for _, c := range slices.Concat(opts.Anchors, pool) {
		if c != nil && !slices.ContainsFunc(s.pool, c.Equal) {
			s.pool = append(s.pool, c)
		}
	}
	if !opts.At.IsZero() {
		s.timely = true
		if err := s.from([]*x509.Certificate{leaf}); err != nil {
			return nil, err
		}
	}
	if s.timely && s.found == nil {
		s.timely, s.best, s.problem = false, nil, nil
	}
	if s.found == nil {
		if err := s.from([]*x509.Certificate{leaf}); err != nil {
			return nil, err
		}
	}
	if s.found != nil {
		return &Chain{Certificates: s.found, Complete: true}, nil
	}
	return &Chain{Certificates: s.best, Problem: s.problem}, nil
}

// ValidAt reports the first certificate of the chain that is not valid at t.
func (c *Chain) ValidAt(t time.Time) error {
	for _, cert := range c.Certificates {
		if err := validAt(cert, t); err != nil {
			return err
		}
	}
	return nil
}

func validAt(c *x509.Certificate, t time.Time) error {
	if t.Before(c.NotBefore) || t.After(c.NotAfter) {
		return &EvidenceError{Check: "F9", Certificate: Name(c), Reason: fmt.Sprintf("not valid at %s, only from %s to %s",
			rfc3339(t), rfc3339(c.NotBefore), rfc3339(c.NotAfter))}
	}
	return nil
}

func rfc3339(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// ConstraintError says that a certificate may not stand where it stands in a path, whatever its signature says: the path is
// there, and is not valid (RFC 5280 section 6.1).
type ConstraintError struct{ Err error }

func (e *ConstraintError) Error() string { return e.Err.Error() }
func (e *ConstraintError) Unwrap() error { return e.Err }

func constrained(err error) error {
	if err == nil {
		return nil
	}
	return &ConstraintError{err}
}

type search struct {
	opts    *ChainOptions
	pool    []*x509.Certificate
	timely  bool // take only certificates valid at opts.At
	steps   int
	checked map[[2]*x509.Certificate]error // child and parent

	found, best []*x509.Certificate
	problem     error
}

// from goes on from path, depth first; the first complete path wins.
func (s *search) from(path []*x509.Certificate) error {
	last := path[len(path)-1]
	if done, problem := s.end(last); done {
		if err := checkPolicies(path); err != nil {
			s.note(path, evidence("F9", path[0], "path to "+Name(last), constrained(err)))
			return nil
		}
		s.found = slices.Clone(path)
		return nil
	} else if problem != nil {
		s.note(path, problem)
	}
	if len(path) == limits.MaxChain {
		s.note(path, evidence("F9", last, fmt.Sprintf("path longer than %d certificates", limits.MaxChain), nil))
		return nil
	}
	tried := false
	for _, issuer := range s.issuers(last) {
		if repeated(path, issuer) || s.timely && validAt(issuer, s.opts.At) != nil {
			continue
		}
		tried = true
		if s.steps++; s.steps > limits.MaxChainSteps {
			return fmt.Errorf("building a chain for %s: more than %d steps", Name(path[0]), limits.MaxChainSteps)
		}
		if err := s.check(path, issuer); err != nil {
			s.note(path, evidence("F9", last, "issued by "+Name(issuer)+" by name, but", err))
			continue
		}
		if err := s.from(append(slices.Clip(path), issuer)); err != nil || s.found != nil {
			return err
		}
	}
	if !tried {
		s.note(path, evidence("F9", last, "no certificate of its issuer "+nameText(last.RawIssuer, &last.Issuer).text, nil))
	}
	return nil
}

func evidence(check string, c *x509.Certificate, reason string, err error) *EvidenceError {
	return &EvidenceError{Check: check, Certificate: Name(c), Reason: reason, Err: err}
}

// note keeps the longest path seen and the first problem met at its end.
func (s *search) note(path []*x509.Certificate, problem error) {
	if len(path) > len(s.best) {
		s.best, s.problem = slices.Clone(path), problem
	}
}

func (s *search) end(c *x509.Certificate) (done bool, problem error) {
	if len(s.opts.Anchors) == 0 {
		return SelfSigned(c), nil
	}
	if slices.ContainsFunc(s.opts.Anchors, c.Equal) {
		return true, nil
	}
	if SelfSigned(c) {
		return false, evidence("F9", c, "self-signed, but none of the pinned anchors", nil)
	}
	return false, nil
}

// issuers returns the certificates whose subject is the issuer of c, the likeliest first, in an order that does not
// depend on the pool's.
func (s *search) issuers(c *x509.Certificate) []*x509.Certificate {
	var out []*x509.Certificate
	for _, p := range s.pool {
		if SameName(p.RawSubject, c.RawIssuer) {
			out = append(out, p)
		}
	}
	rank := func(p *x509.Certificate) int {
		switch {
		case len(c.AuthorityKeyId) == 0 || len(p.SubjectKeyId) == 0:
			return 1
		case bytes.Equal(c.AuthorityKeyId, p.SubjectKeyId):
			return 0
		}
		return 2 // a hint only: the signature decides
	}
	loose := func(p *x509.Certificate) int {
		if bytes.Equal(p.RawSubject, p.RawIssuer) {
			return 0
		}
		return 1
	}
	slices.SortFunc(out, func(a, b *x509.Certificate) int {
		return cmp.Or(rank(a)-rank(b), loose(a)-loose(b), b.NotAfter.Compare(a.NotAfter), bytes.Compare(a.Raw, b.Raw))
	})
	return out
}

// repeated reports whether the path already holds that subject with that key (RFC 4158 section 5.2): a loop.
func repeated(path []*x509.Certificate, c *x509.Certificate) bool {
	return slices.ContainsFunc(path, func(p *x509.Certificate) bool {
		return bytes.Equal(p.RawSubject, c.RawSubject) && bytes.Equal(p.RawSubjectPublicKeyInfo, c.RawSubjectPublicKeyInfo)
	})
}

// check tells whether issuer may stand above path (F9).
func (s *search) check(path []*x509.Certificate, issuer *x509.Certificate) error {
	last := path[len(path)-1]
	if issuer.Version < 3 && !SelfSigned(issuer) && !slices.ContainsFunc(s.opts.Anchors, issuer.Equal) {
		return constrained(errors.New("a certificate without extensions is no CA")) // RFC 5280 section 6.1.4 k
	}
	pair := [2]*x509.Certificate{last, issuer}
	err, known := s.checked[pair]
	if !known {
		err = checkIssued(last, issuer)
		s.checked[pair] = err
	}
	if err != nil {
		return err
	}
	if err := unhandled(last); err != nil {
		return constrained(err)
	}
	if n := intermediates(path); issuer.MaxPathLen >= 0 && (issuer.MaxPathLen > 0 || issuer.MaxPathLenZero) && n > issuer.MaxPathLen {
		return constrained(fmt.Errorf("%d CAs below it, its path length allows %d", n, issuer.MaxPathLen))
	}
	for i, c := range path {
		if i > 0 && bytes.Equal(c.RawSubject, c.RawIssuer) {
			continue // self-issued certificates are exempt (RFC 5280 section 6.1.3 b)
		}
		if err := checkNames(issuer, c); err != nil {
			return constrained(fmt.Errorf("%s: %w", Name(c), err))
		}
	}
	return nil
}

// checkIssued checks signature, basicConstraints, keyCertSign and unknown critical extensions of the issuer.
func checkIssued(c, issuer *x509.Certificate) error {
	if issuer.Version >= 3 && !(issuer.BasicConstraintsValid && issuer.IsCA) {
		return constrained(errors.New("that is not a CA"))
	}
	if issuer.KeyUsage != 0 && issuer.KeyUsage&x509.KeyUsageCertSign == 0 {
		return constrained(errors.New("its key may not sign certificates"))
	}
	if err := unhandled(issuer); err != nil {
		return constrained(err)
	}
	return IssuedBy(c, issuer)
}

func unhandled(c *x509.Certificate) error {
	for _, id := range c.UnhandledCriticalExtensions {
		if !id.Equal(oidNameConstraints) { // crypto/x509 leaves directory names to us
			return fmt.Errorf("%s has an unknown critical extension %v", Name(c), id)
		}
	}
	return nil
}

// intermediates counts the CAs of path that are not self-issued.
func intermediates(path []*x509.Certificate) int {
	n := 0
	for _, c := range path[1:] {
		if !bytes.Equal(c.RawSubject, c.RawIssuer) {
			n++
		}
	}
	return n
}
