// SPDX-License-Identifier: Apache-2.0

package pkix

import (
	"context"
	"crypto"
	"crypto/x509"
	"errors"
	"math/big"
	"net/http"
	"time"
)

var errTODO = errors.New("not implemented")

// OCSPResponse is a checked response.
type OCSPResponse struct {
	Raw           []byte
	ProducedAt    time.Time
	ThisUpdate    time.Time
	NextUpdate    time.Time
	ArchiveCutoff time.Time
	Hash          crypto.Hash
	Responder     *x509.Certificate
	Delegated     bool
	NoCheck       bool
	Certificates  []*x509.Certificate
}

// NeedsRevocation reports whether the responder's certificate needs evidence of its own.
func (r *OCSPResponse) NeedsRevocation() bool { return false }

// Fresh reports genTime < thisUpdate <= notAfter.
func Fresh(thisUpdate, genTime, notAfter time.Time) bool { return false }

// CheckOCSP checks F1, F2, F5, F6, F7. A zero now skips the comparison with the clock (reading old evidence).
func CheckOCSP(der []byte, cert, issuer *x509.Certificate, extra []*x509.Certificate, now time.Time) (*OCSPResponse, error) {
	return nil, errTODO
}

// CRL is a checked list.
type CRL struct {
	Raw        []byte
	ThisUpdate time.Time
	NextUpdate time.Time
	Number     *big.Int
}

// CheckCRL checks F11, F6, F7. A zero now skips the comparison with the clock.
func CheckCRL(der []byte, cert, issuer *x509.Certificate, now time.Time) (*CRL, error) {
	return nil, errTODO
}

// FetchError names the URL and the reason.
type FetchError struct {
	Method     string
	URL        string
	StatusCode int
	Reason     string
	Err        error
}

func (e *FetchError) Error() string { return e.Reason }
func (e *FetchError) Unwrap() error { return e.Err }

// Fetcher downloads within bounds.
type Fetcher struct {
	Client *http.Client
	Now    func() time.Time
}

// Fetches counts requests sent.
func (f *Fetcher) Fetches() int { return 0 }

// OCSP asks a responder.
func (f *Fetcher) OCSP(ctx context.Context, url string, cert, issuer *x509.Certificate) ([]byte, error) {
	return nil, errTODO
}

// CRL downloads a CRL.
func (f *Fetcher) CRL(ctx context.Context, url string) ([]byte, error) { return nil, errTODO }

// Certificates downloads caIssuers.
func (f *Fetcher) Certificates(ctx context.Context, url string) ([]*x509.Certificate, error) {
	return nil, errTODO
}
