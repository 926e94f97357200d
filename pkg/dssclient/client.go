// SPDX-License-Identifier: Apache-2.0

package dssclient

import (
	"context"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

// Client calls the service. It is safe for concurrent use, and keeps a token, identities and the trust chain between
// calls.
type Client struct {
	base           string
	apiKey         string
	apiSecret      Secret
	http           *http.Client
	transportOurs  bool // the transport reports its connections
	timeouts       Timeouts
	tries          int
	retryWait      time.Duration
	identityMargin time.Duration
	userAgent      string
	now            func() time.Time
	observe        func(Call)
	ledger         ledger

	logins     flights[Secret]
	creations  flights[*Identity]
	chainReads flights[*TrustChain]
	pathReads  flights[[]*x509.Certificate]

	mu         sync.Mutex
	token      token
	tokens     []Secret             // the latest ones, to keep them out of errors
	identities map[string]*Identity // by canonical request
	known      map[string]*Identity // by id, to check signatures
	chain      cached[*TrustChain]
	path       cached[[]*x509.Certificate]
	clock      clockReading
}

type token struct {
	value Secret
	until time.Time
}

// cached is a value that is good until a moment.
type cached[T any] struct {
	value T
	until time.Time
}

// String shows no credentials.
func (c *Client) String() string { return "dssclient.Client{" + c.base + "}" }

// GoString is String.
func (c *Client) GoString() string { return c.String() }

// New makes a client; nothing is sent.
func New(cfg *Config) (*Client, error) {
	base, err := canonicalBaseURL(cfg.BaseURL)
	if err != nil {
		return nil, err
	}
	if cfg.APIKey == "" || cfg.APISecret == "" {
		return nil, errors.New("API key and API secret are both needed")
	}
	c := &Client{
		base: base, apiKey: cfg.APIKey, apiSecret: cfg.APISecret,
		timeouts: Timeouts{
			Login:     or(cfg.Timeouts.Login, LoginTimeout),
			Identity:  or(cfg.Timeouts.Identity, IdentityTimeout),
			Sign:      or(cfg.Timeouts.Sign, BilledTimeout),
			Timestamp: or(cfg.Timeouts.Timestamp, BilledTimeout),
			Read:      or(cfg.Timeouts.Read, ReadTimeout),
		},
		tries: or(cfg.Tries, MaxTries), retryWait: or(cfg.RetryWait, RetryWait),
		identityMargin: or(cfg.IdentityMargin, IdentityMargin),
		userAgent:      cfg.UserAgent, now: cfg.Now, observe: cfg.Observe,
		identities: map[string]*Identity{}, known: map[string]*Identity{},
	}
	if c.userAgent == "" {
		c.userAgent = "gsign"
	}
	if c.now == nil {
		c.now = time.Now
	}
	return c, c.connect(cfg)
}

func (c *Client) connect(cfg *Config) error {
	own := http.Client{}
	if cfg.HTTPClient != nil {
		own = *cfg.HTTPClient
		_, c.transportOurs = own.Transport.(*http.Transport)
	} else {
		t, err := NewTransport(cfg)
		if err != nil {
			return err
		}
		own.Transport, c.transportOurs = t, true
	}
	// The service never redirects; following one would carry the token, or a billed request, somewhere else.
	own.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	c.http = &own
	return nil
}

func or[T int | time.Duration](v, fallback T) T {
	if v <= 0 {
		return fallback
	}
	return v
}

// BaseURL returns the service's address in its canonical form, with /v2.
func (c *Client) BaseURL() string { return c.base }

// Calls returns the counts so far.
func (c *Client) Calls() Calls { return c.ledger.snapshot() }

// CloseIdleConnections closes what the client keeps open between calls.
func (c *Client) CloseIdleConnections() { c.http.CloseIdleConnections() }

// Skew estimates how far the server's clock is ahead of ours, from the Date headers of its answers. It is 0 when the
// clocks agree within what such a header can tell: half a second and half the time the exchange took.
func (c *Client) Skew() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.skewLocked()
}

func (c *Client) skewLocked() time.Duration {
	if c.clock.skew.Abs() <= c.clock.uncertainty {
		return 0
	}
	return c.clock.skew
}

// serverNow is the time on the server's clock, which is the one that made the certificates.
func (c *Client) serverNow() time.Time {
	return c.now().Round(0).Add(c.Skew())
}

func (c *Client) readClock(date string, before, after time.Time) {
	next, ok := readClock(date, before, after)
	if !ok {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.clock.better(next) {
		c.clock = next
	}
}

// Sign signs a SHA-256 digest, of a document's signed attributes for instance, and returns the raw signature value.
// Each success is billed, so nothing is repeated: see OutcomeUnknownError. For an identity that this client made, the
// signature is verified with the certificate's key; for another one only its form is checked.
func (c *Client) Sign(ctx context.Context, identityID string, digest []byte) ([]byte, error) {
	id := c.knownIdentity(identityID)
	if id == nil {
		id = &Identity{ID: identityID}
	}
	return c.sign(ctx, id, digest)
}

func (c *Client) sign(ctx context.Context, id *Identity, digest []byte) ([]byte, error) {
	if err := checkDigest(OpSign, digest); err != nil {
		return nil, err
	}
	if err := checkIdentityID(id.ID); err != nil {
		return nil, fmt.Errorf("%s: %w", OpSign, err)
	}
	hexed := upperHex(digest)
	body, err := c.call(ctx, &request{
		op: OpSign, method: http.MethodGet, timeout: c.timeouts.Sign, limit: maxSmallAnswer,
		path:  "/identity/" + url.PathEscape(id.ID) + "/sign/" + hexed,
		shown: "/identity/" + shorten(id.ID) + "/sign/" + shorten(hexed),
	})
	if err != nil {
		c.forgetRefused(id.ID, err)
		return nil, err
	}
	signature, err := parseSignature(body, id.Certificate, digest)
	if err != nil {
		c.forgetIdentity(id.ID)
		return nil, &AnswerError{Op: OpSign, Charged: true, Err: err}
	}
	return signature, nil
}

// Timestamp returns a DER TimeStampToken over a SHA-256 digest. Each success is billed, so nothing is repeated: see
// OutcomeUnknownError.
func (c *Client) Timestamp(ctx context.Context, digest []byte) ([]byte, error) {
	if err := checkDigest(OpTimestamp, digest); err != nil {
		return nil, err
	}
	hexed := upperHex(digest)
	body, err := c.call(ctx, &request{
		op: OpTimestamp, method: http.MethodGet, timeout: c.timeouts.Timestamp, limit: maxAnswer,
		path: "/timestamp/" + hexed, shown: "/timestamp/" + shorten(hexed),
	})
	if err != nil {
		return nil, err
	}
	der, err := parseTimestamp(body, digest)
	if err != nil {
		return nil, &AnswerError{Op: OpTimestamp, Charged: true, Err: err}
	}
	return der, nil
}

// ValidationPolicy returns what the account allows in an identity request.
func (c *Client) ValidationPolicy(ctx context.Context) (*ValidationPolicy, error) {
	body, err := c.read(ctx, OpValidationPolicy, "/validationpolicy", maxAnswer)
	if err != nil {
		return nil, err
	}
	policy, err := parsePolicy(body)
	if err != nil {
		return nil, &AnswerError{Op: OpValidationPolicy, Err: err}
	}
	return policy, nil
}

// What Quota and Counter count.
const (
	Signatures = "signatures"
	Timestamps = "timestamps"
	Identities = "identities" // Counter only
)

// Quota returns how many Signatures or Timestamps are left. Zero need not stop an account: some are billed for more.
func (c *Client) Quota(ctx context.Context, of string) (int64, error) {
	if of != Signatures && of != Timestamps {
		return 0, fmt.Errorf("%s: no quota of %q", OpQuota, of)
	}
	return c.value(ctx, OpQuota, "/quotas/"+of)
}

// Counter returns how many Signatures, Timestamps or Identities were used so far.
func (c *Client) Counter(ctx context.Context, of string) (int64, error) {
	if of != Signatures && of != Timestamps && of != Identities {
		return 0, fmt.Errorf("%s: no counter of %q", OpCounter, of)
	}
	return c.value(ctx, OpCounter, "/counters/"+of)
}

func (c *Client) value(ctx context.Context, op Op, path string) (int64, error) {
	body, err := c.read(ctx, op, path, maxSmallAnswer)
	if err != nil {
		return 0, err
	}
	n, err := parseValue(body)
	if err != nil {
		return 0, &AnswerError{Op: op, Err: err}
	}
	return n, nil
}

func (c *Client) read(ctx context.Context, op Op, path string, limit int64) ([]byte, error) {
	return c.call(ctx, &request{
		op: op, method: http.MethodGet, path: path, shown: path, timeout: c.timeouts.Read, limit: limit,
	})
}

// checkDigest comes before anything is sent: the service takes SHA-256 and nothing else.
func checkDigest(op Op, digest []byte) error {
	if len(digest) != 32 {
		return fmt.Errorf("%s: digest has %d bytes, SHA-256 has 32", op, len(digest))
	}
	return nil
}

// upperHex keeps leading zeros: always two digits a byte. GlobalSign's guide asks for upper case.
func upperHex(b []byte) string { return strings.ToUpper(hex.EncodeToString(b)) }

// shorten makes an identity or a digest recognisable in a log, and no more than that.
func shorten(s string) string {
	const keep = 8
	s = printable(s)
	if r := []rune(s); len(r) > keep {
		return string(r[:keep]) + "…"
	}
	return s
}

func jsonBody(v any) ([]byte, error) {
	b, err := json.Marshal(v)
	if err != nil {
		var m *json.MarshalerError
		if errors.As(err, &m) {
			err = m.Err
		}
		return nil, err
	}
	return b, nil
}
