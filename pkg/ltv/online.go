// SPDX-License-Identifier: Apache-2.0

package ltv

import (
	"context"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"gsign/internal/limits"
	"gsign/internal/pkix"
)

// Online asks the places that certificates name: OCSP responders first, CRL distribution points when no responder
// serves, caIssuers for missing issuers. Several addresses are tried in the certificate's order.
//
// One Online is meant to be shared by all documents of a process, and by any number of goroutines: each address is asked
// once for each certificate as long as the answer is in date, and those who want the same answer wait for one
// download. Failures are remembered for a while too. The zero value is ready to use; do not copy it.
type Online struct {
	Client *http.Client     // OPTIONAL: timeouts, proxy; default as in internal/pkix
	Now    func() time.Time // OPTIONAL: default time.Now

	once    sync.Once
	fetcher *pkix.Fetcher
	ocsps   cache[*pkix.OCSPResponse] // by address and certificate
	crls    cache[[]byte]             // by address
	checks  cache[*pkix.CRL]          // by address and certificate: large lists are parsed once
	issuers cache[[]*x509.Certificate]
	fetches atomic.Int64
	bytes   atomic.Int64
}

// An address that failed is left alone for ten times as long as the failure took, within these bounds: a batch does not
// wait for the same timeout with every document, and a responder that hiccuped is asked again at once.
const (
	minFailureMemory = time.Second
	maxFailureMemory = time.Minute
)

// evidenceMemory bounds how long an answer is remembered that says it is good for longer: a revocation has to be
// noticed by a process that runs for days.
const evidenceMemory = time.Hour

// issuerMemory is how long a downloaded issuer is remembered; they do not change.
const issuerMemory = 24 * time.Hour

var (
	_ Source       = (*Online)(nil)
	_ IssuerSource = (*Online)(nil)
	_ ListSource   = (*Online)(nil)
	_ Refresher    = (*Online)(nil)
)

// Stats returns how many downloads were made, failed ones included, and how many bytes they brought.
func (o *Online) Stats() (fetches int, bytes int64) {
	return int(o.fetches.Load()), o.bytes.Load()
}

// Evidence implements [Source].
func (o *Online) Evidence(ctx context.Context, cert, issuer *x509.Certificate) (Evidence, error) {
	e, err := o.responders(ctx, cert, issuer, anyTime)
	if err == nil || !isIncomplete(err) {
		return e, err
	}
	list, err := o.Lists(ctx, cert, issuer)
	list.Tries = append(e.Tries, list.Tries...)
	if isIncomplete(err) {
		err = incomplete(cert, list.Tries)
	}
	return list, err
}

// Refresh implements [Refresher].
func (o *Online) Refresh(ctx context.Context, cert, issuer *x509.Certificate, after time.Time) (Evidence, error) {
	return o.responders(ctx, cert, issuer, func(r *pkix.OCSPResponse) bool { return r.ThisUpdate.After(after) })
}

func anyTime(*pkix.OCSPResponse) bool { return true }

// responders asks each responder until one serves; remembered answers have to please accept.
func (o *Online) responders(ctx context.Context, cert, issuer *x509.Certificate, accept func(*pkix.OCSPResponse) bool) (Evidence, error) {
	var e Evidence
	for _, url := range places(cert.OCSPServer) {
		r, try := o.ocsp(ctx, url, cert, issuer, accept)
		e.Tries = append(e.Tries, try)
		if try.Err == nil {
			e.OCSPResponses = [][]byte{r.Raw}
			return e, nil
		}
		if err := fatal(ctx, try); err != nil {
			if r != nil {
				e.OCSPResponses = [][]byte{r.Raw} // that says so
			}
			return e, err
		}
	}
	return e, incomplete(cert, e.Tries)
}

func (o *Online) ocsp(ctx context.Context, url string, cert, issuer *x509.Certificate, accept func(*pkix.OCSPResponse) bool) (*pkix.OCSPResponse, Try) {
	try := Try{Method: MethodOCSP, URL: url}
	remembered := func(r *pkix.OCSPResponse, err error) bool { return err != nil || accept(r) }
	r, cached, err := o.ocsps.get(ctx, place(url, cert), o.now, remembered, func() answer[*pkix.OCSPResponse] {
		der, err := o.fetch(&try, func() ([]byte, error) { return o.downloads().OCSP(ctx, url, cert, issuer) })
		if err != nil {
			return answer[*pkix.OCSPResponse]{err: err, until: o.failureUntil(try)}
		}
		r, err := pkix.CheckOCSP(der, cert, issuer, nil, o.now())
		if err == nil && r.Responder.Equal(cert) {
			err = errSelfVouching
		}
		if err != nil {
			return answer[*pkix.OCSPResponse]{value: r, err: err, until: o.failureUntil(try)}
		}
		return answer[*pkix.OCSPResponse]{value: r, until: o.goodUntil(r.NextUpdate)}
	})
	try.Cached, try.Err, try.At = cached, err, o.now()
	return r, try
}

var errSelfVouching = errors.New("the responder answers for its own certificate, which proves nothing")

// Lists implements [ListSource].
func (o *Online) Lists(ctx context.Context, cert, issuer *x509.Certificate) (Evidence, error) {
	var e Evidence
	for _, url := range places(cert.CRLDistributionPoints) {
		crl, try := o.crl(ctx, url, cert, issuer)
		e.Tries = append(e.Tries, try)
		if try.Err == nil {
			e.CRLs = [][]byte{crl.Raw}
			return e, nil
		}
		if err := fatal(ctx, try); err != nil {
			if crl != nil {
				e.CRLs = [][]byte{crl.Raw} // that says so
			}
			return e, err
		}
	}
	return e, incomplete(cert, e.Tries)
}

func (o *Online) crl(ctx context.Context, url string, cert, issuer *x509.Certificate) (*pkix.CRL, Try) {
	try := Try{Method: MethodCRL, URL: url}
	always := func([]byte, error) bool { return true }
	der, cached, err := o.crls.get(ctx, url, o.now, always, func() answer[[]byte] {
		der, err := o.fetch(&try, func() ([]byte, error) { return o.downloads().CRL(ctx, url) })
		if err != nil {
			return answer[[]byte]{err: err, until: o.failureUntil(try)}
		}
		list, err := x509.ParseRevocationList(der)
		if err != nil {
			return answer[[]byte]{err: fmt.Errorf("parsing the CRL: %w", err), until: o.failureUntil(try)}
		}
		return answer[[]byte]{value: der, until: o.goodUntil(list.NextUpdate)}
	})
	try.Cached, try.Err = cached, err
	if err != nil {
		try.At = o.now()
		return nil, try
	}
	same := func(c *pkix.CRL, err error) bool { return err != nil || &c.Raw[0] == &der[0] }
	crl, _, err := o.checks.get(ctx, place(url, cert), o.now, same, func() answer[*pkix.CRL] {
		crl, err := pkix.CheckCRL(der, cert, issuer, o.now())
		if err != nil {
			return answer[*pkix.CRL]{value: crl, err: err, until: o.failureUntil(try)}
		}
		crl.Raw = der // the same bytes, so that a list downloaded later is told from this one
		return answer[*pkix.CRL]{value: crl, until: o.goodUntil(crl.NextUpdate)}
	})
	try.Err, try.At = err, o.now()
	return crl, try
}

// Issuers implements [IssuerSource].
func (o *Online) Issuers(ctx context.Context, cert *x509.Certificate) (Evidence, error) {
	var e Evidence
	for _, url := range places(cert.IssuingCertificateURL) {
		certs, try := o.caIssuers(ctx, url, cert)
		e.Tries = append(e.Tries, try)
		if try.Err == nil {
			e.Certificates = certs
			return e, nil
		}
		if err := fatal(ctx, try); err != nil {
			return e, err
		}
	}
	err := incomplete(cert, e.Tries)
	err.Reason = "its issuer is missing and " + err.Reason
	if len(e.Tries) == 0 {
		err.Reason = "its issuer is missing and it names no address for it"
	}
	return e, err
}

func (o *Online) caIssuers(ctx context.Context, url string, cert *x509.Certificate) ([]*x509.Certificate, Try) {
	try := Try{Method: MethodCAIssuers, URL: url}
	always := func([]*x509.Certificate, error) bool { return true }
	certs, cached, err := o.issuers.get(ctx, url, o.now, always, func() answer[[]*x509.Certificate] {
		var certs []*x509.Certificate
		_, err := o.fetch(&try, func() (raw []byte, err error) {
			certs, err = o.downloads().Certificates(ctx, url)
			for _, c := range certs {
				raw = append(raw, c.Raw...)
			}
			return raw, err
		})
		if err != nil {
			return answer[[]*x509.Certificate]{err: err, until: o.failureUntil(try)}
		}
		return answer[[]*x509.Certificate]{value: certs, until: o.now().Add(issuerMemory)}
	})
	if err == nil && !slices.ContainsFunc(certs, func(c *x509.Certificate) bool { return pkix.IssuedBy(cert, c) == nil }) {
		err = errors.New("the certificates there did not issue it")
	}
	try.Cached, try.Err, try.At = cached, err, o.now()
	return certs, try
}

// fetch times and counts one download.
func (o *Online) fetch(try *Try, download func() ([]byte, error)) ([]byte, error) {
	start := time.Now() //nolint:forbidigo // measures how long it takes, nothing is dated by it
	o.fetches.Add(1)
	der, err := download()
	try.Duration, try.Bytes = time.Since(start), int64(len(der))
	o.bytes.Add(try.Bytes)
	return der, err
}

func (o *Online) failureUntil(try Try) time.Time {
	return o.now().Add(min(max(10*try.Duration, minFailureMemory), maxFailureMemory))
}

func (o *Online) goodUntil(nextUpdate time.Time) time.Time {
	if limit := o.now().Add(evidenceMemory); nextUpdate.After(limit) {
		return limit
	}
	return nextUpdate
}

func (o *Online) downloads() *pkix.Fetcher {
	o.once.Do(func() { o.fetcher = &pkix.Fetcher{Client: o.Client, Now: o.Now} })
	return o.fetcher
}

func (o *Online) now() time.Time {
	if o.Now != nil {
		return o.Now()
	}
	return time.Now() //nolint:forbidigo // the default of Now
}

// places leaves out what a certificate names but nobody here speaks (ldap), and more addresses than are worth a try.
func places(urls []string) []string {
	var usable []string
	for _, u := range urls {
		scheme, _, _ := strings.Cut(strings.ToLower(u), ":")
		if (scheme == "http" || scheme == "https") && !slices.Contains(usable, u) {
			usable = append(usable, u)
		}
	}
	return usable[:min(len(usable), limits.URLsPerCertificate)]
}

func place(url string, cert *x509.Certificate) string {
	digest := sha256.Sum256(cert.Raw)
	return url + "\x00" + string(digest[:])
}

// fatal gives the error that ends the search: the certificate is revoked, or the caller gave up.
func fatal(ctx context.Context, try Try) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return revoked(try.Err, try.URL)
}

// revoked translates the error of the room below, nil when err is another.
func revoked(err error, url string) error {
	var r *pkix.RevokedError
	if !errors.As(err, &r) {
		return nil
	}
	return &RevokedError{Certificate: r.Certificate, At: r.At, Reason: r.Reason, Method: r.Source, URL: url}
}

func isIncomplete(err error) bool {
	var i *IncompleteError
	return errors.As(err, &i)
}

func incomplete(cert *x509.Certificate, tries []Try) *IncompleteError {
	reason := "no source gave usable evidence"
	if len(tries) == 0 {
		reason = "it names no responder and no CRL that can be asked"
	}
	return &IncompleteError{Certificate: pkix.Name(cert), Tries: tries, Reason: reason}
}
