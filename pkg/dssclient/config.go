// SPDX-License-Identifier: Apache-2.0

package dssclient

import (
	"crypto/tls"
	"crypto/x509"
	"log/slog"
	"net/http"
	"net/url"
	"time"
)

// DefaultBaseURL is the service's European address.
const DefaultBaseURL = "https://emea.api.dss.globalsign.com:8443/v2"

// Times. Those with a field in Config or Timeouts are defaults.
const (
	// TokenLifetime is what a token is used for: the sister API's reference says ten minutes, its clients use nine.
	TokenLifetime = 9 * time.Minute

	// IdentityMargin is how much of its ten minutes an identity must have left to be used for one more document. Before
	// the certificate ends, the document must be prepared, signed and stamped (each billed call takes about a second), and
	// its OCSP responder asked again after the timestamp, which may take 75 s when a fresh answer is demanded. That leaves
	// some 40 s for preparation and for a clock that is wrong by seconds.
	IdentityMargin = 2 * time.Minute

	// SignMargin is what must be left when the digest goes out. The timestamp has to fall before the certificate's end,
	// or the signature can never be valid and both calls were paid for nothing.
	SignMargin = 10 * time.Second

	// TrustChainLifetime is how long a client keeps the answer of /trustchain. Its OCSP responses live for days.
	TrustChainLifetime = time.Hour

	LoginTimeout    = 30 * time.Second
	IdentityTimeout = 90 * time.Second // a key pair is made in an HSM, requests may queue
	BilledTimeout   = 60 * time.Second // giving up on a billed call leaves its outcome unknown: patience is cheaper
	ReadTimeout     = 30 * time.Second
)

// Retries of what may be repeated: login and reads, and an identity request that did not arrive. Two waits of 0.5 s and
// 1 s, so an outage costs 1.5 s more than its own answers. Billed calls are never repeated.
const (
	MaxTries      = 3
	RetryWait     = 500 * time.Millisecond // doubled after each try
	MaxRetryAfter = 20 * time.Second       // a longer Retry-After is left to the caller
)

// Config says where the service is and who calls. The zero value of an OPTIONAL field is its default.
type Config struct {
	BaseURL   string // OPTIONAL: with or without /v2; default DefaultBaseURL
	APIKey    string // REQUIRED
	APISecret Secret // REQUIRED

	// Certificate is the client certificate with its issuing chain and private key. REQUIRED unless HTTPClient is given.
	Certificate tls.Certificate
	// RootCAs verify the server. OPTIONAL: default the system's.
	RootCAs *x509.CertPool
	// Proxy finds the proxy of a request. OPTIONAL: default http.ProxyFromEnvironment.
	Proxy func(*http.Request) (*url.URL, error)
	// HTTP2 offers HTTP/2 too. The default is HTTP/1.1 alone: on one shared HTTP/2 connection a single reset leaves the
	// outcome of every billed call in flight unknown, and multiplexing gains nothing over a pool of connections here.
	HTTP2 bool
	// HTTPClient replaces the client built from the fields above, which are then not looked at. OPTIONAL. Its Transport
	// must not repeat requests; build it with NewTransport so that a call that was not sent is known as such.
	HTTPClient *http.Client

	Timeouts       Timeouts
	Tries          int           // OPTIONAL: default MaxTries; 1 repeats nothing
	RetryWait      time.Duration // OPTIONAL: default RetryWait
	IdentityMargin time.Duration // OPTIONAL: default IdentityMargin

	UserAgent string           // OPTIONAL
	Now       func() time.Time // OPTIONAL: default time.Now
	// Observe is called after each exchange with the service, each try on its own, from the goroutine that made it. OPTIONAL.
	Observe func(Call)
}

// Timeouts limit one try of a call, from dialling to the last byte of the answer. Zero is the default.
type Timeouts struct {
	Login     time.Duration // OPTIONAL: default LoginTimeout
	Identity  time.Duration // OPTIONAL: default IdentityTimeout
	Sign      time.Duration // OPTIONAL: default BilledTimeout
	Timestamp time.Duration // OPTIONAL: default BilledTimeout
	Read      time.Duration // OPTIONAL: default ReadTimeout; everything else
}

// String shows no credentials, not even those that do not belong into a base URL.
func (c Config) String() string {
	u, err := url.Parse(c.BaseURL)
	if err != nil {
		return "dssclient.Config{}"
	}
	u.User = nil
	return "dssclient.Config{" + u.String() + "}"
}

// GoString is String.
func (c Config) GoString() string { return c.String() }

// LogValue is String for log/slog.
func (c Config) LogValue() slog.Value { return slog.StringValue(c.String()) }

// MarshalText is String: a configuration is not serialised by marshalling it.
func (c Config) MarshalText() ([]byte, error) { return []byte(c.String()), nil }
