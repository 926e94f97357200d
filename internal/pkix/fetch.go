// SPDX-License-Identifier: Apache-2.0

package pkix

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/crypto/ocsp"

	"gsign/internal/limits"
)

// FetchError says which download failed and why.
type FetchError struct {
	Method     string // GET or POST
	URL        string
	StatusCode int    // of the HTTP answer, 0 when there was none
	Reason     string // OPTIONAL
	Err        error  // OPTIONAL cause
}

func (e *FetchError) Error() string {
	s := fmt.Sprintf("fetching %s", e.URL)
	if e.StatusCode != 0 && e.StatusCode != http.StatusOK {
		s += fmt.Sprintf(": HTTP status %d", e.StatusCode)
	}
	if e.Reason != "" {
		s += ": " + e.Reason
	}
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

func (e *FetchError) Unwrap() error { return e.Err }

// Fetcher downloads evidence from the addresses that certificates name, which are anybody's: bounded in size, time and
// redirects, by http and https only, without cookies or credentials. What it returns is not checked. It is safe for
// concurrent use and must not be copied once used.
type Fetcher struct {
	Client *http.Client     // OPTIONAL, default http.DefaultClient; its Transport and Timeout are used
	Now    func() time.Time // OPTIONAL, not used by downloads themselves

	fetches atomic.Int64
}

// Fetches returns how many requests were sent, redirects not counted.
func (f *Fetcher) Fetches() int { return int(f.fetches.Load()) }

// OCSP asks the responder at address about cert. It asks by POST, since a GET may be answered by a cache, and that is
// the one thing not wanted after a timestamp; by GET only where the responder refuses the method. The CertID uses
// SHA-1, which every responder knows (RFC 6960 section 4.3); no nonce is sent.
func (f *Fetcher) OCSP(ctx context.Context, address string, cert, issuer *x509.Certificate) ([]byte, error) {
	request, err := ocsp.CreateRequest(cert, issuer, nil)
	if err != nil {
		return nil, &FetchError{Method: http.MethodPost, URL: redact(address), Reason: "making the OCSP request", Err: err}
	}
	b, err := f.fetch(ctx, http.MethodPost, address, request, limits.MaxOCSPResponse)
	var refused *FetchError
	if !errors.As(err, &refused) || refused.StatusCode != http.StatusMethodNotAllowed && refused.StatusCode != http.StatusNotImplemented {
		return b, err
	}
	get := strings.TrimSuffix(address, "/") + "/" + url.QueryEscape(base64.StdEncoding.EncodeToString(request))
	if len(get) > maxGET {
		return nil, err
	}
	return f.fetch(ctx, http.MethodGet, get, nil, limits.MaxOCSPResponse)
}

// maxGET is the length of address up to which RFC 6960 appendix A.1 lets a client ask by GET.
const maxGET = 255

// CRL downloads a revocation list and returns it as DER; some CAs serve PEM.
func (f *Fetcher) CRL(ctx context.Context, address string) ([]byte, error) {
	// PEM is a third longer than DER
	b, err := f.fetch(ctx, http.MethodGet, address, nil, limits.MaxCRL*3/2)
	if err != nil {
		return nil, err
	}
	if block, _ := pem.Decode(b); block != nil && block.Type == "X509 CRL" {
		b = block.Bytes
	}
	if len(b) > limits.MaxCRL {
		return nil, &FetchError{Method: http.MethodGet, URL: redact(address), Reason: fmt.Sprintf("more than %d bytes", limits.MaxCRL)}
	}
	return b, nil
}

// Certificates downloads issuer certificates: DER, PEM or certs-only PKCS #7 (RFC 5280 section 4.2.2.1).
func (f *Fetcher) Certificates(ctx context.Context, address string) ([]*x509.Certificate, error) {
	b, err := f.fetch(ctx, http.MethodGet, address, nil, limits.MaxCertificateBundle)
	if err != nil {
		return nil, err
	}
	certs, err := ParseCertificates(b)
	if err != nil {
		return nil, &FetchError{Method: http.MethodGet, URL: redact(address), Err: err}
	}
	return certs, nil
}

func (f *Fetcher) fetch(ctx context.Context, method, address string, body []byte, limit int) ([]byte, error) {
	fail := func(reason string, err error) error {
		// *url.Error repeats the address
		var ue *url.Error
		if errors.As(err, &ue) {
			err = ue.Err
		}
		return &FetchError{Method: method, URL: redact(address), Reason: reason, Err: err}
	}
	u, err := url.Parse(address)
	if err != nil {
		return nil, fail("", err)
	}
	if err := allowed(u); err != nil {
		return nil, fail("", err)
	}
	ctx, cancel := context.WithTimeout(ctx, limits.FetchTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, u.String(), bytes.NewReader(body))
	if err != nil {
		return nil, fail("", err)
	}
	if method == http.MethodPost {
		req.Header.Set("Content-Type", "application/ocsp-request")
		req.Header.Set("Accept", "application/ocsp-response")
	}
	req.Header.Set("User-Agent", "gsign")
	f.fetches.Add(1)
	resp, err := f.client().Do(req)
	if err != nil {
		return nil, fail("", err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, &FetchError{Method: method, URL: redact(address), StatusCode: resp.StatusCode}
	}
	b, err := io.ReadAll(io.LimitReader(resp.Body, int64(limit)+1))
	if err != nil {
		return nil, fail("reading the answer", err)
	}
	if len(b) > limit {
		return nil, fail(fmt.Sprintf("more than %d bytes", limit), nil)
	}
	if len(b) == 0 {
		return nil, fail("empty answer", nil)
	}
	return b, nil
}

// client returns the caller's client without cookies and with our bound on redirects.
func (f *Fetcher) client() *http.Client {
	c := &http.Client{CheckRedirect: checkRedirect}
	if f.Client != nil {
		c.Transport, c.Timeout = f.Client.Transport, f.Client.Timeout
	}
	return c
}

func checkRedirect(req *http.Request, via []*http.Request) error {
	if len(via) > limits.MaxRedirects {
		return fmt.Errorf("more than %d redirects", limits.MaxRedirects)
	}
	return allowed(req.URL)
}

func allowed(u *url.URL) error {
	switch {
	case u.Scheme != "http" && u.Scheme != "https":
		return fmt.Errorf("scheme %q is not http or https", u.Scheme)
	case u.Host == "":
		return errors.New("address without a host")
	case u.User != nil:
		return errors.New("address with a user name")
	}
	return nil
}

// redact keeps a password in an odd address out of errors.
func redact(address string) string {
	if u, err := url.Parse(address); err == nil && u.User != nil {
		return u.Redacted()
	}
	return strings.ToValidUTF8(address, "?")
}
