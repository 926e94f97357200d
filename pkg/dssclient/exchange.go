// SPDX-License-Identifier: Apache-2.0

package dssclient

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// A request is one call of the service, before it is sent.
type request struct {
	op      Op
	method  string
	path    string // escaped, below the base URL
	shown   string // for people
	body    []byte // nil: none
	timeout time.Duration
	limit   int64 // of an answer of success
}

// call makes a call and returns the body of its 200: with a token, once more with a new one after a 401 (nothing was
// done), and again as far as retry allows.
func (c *Client) call(ctx context.Context, r *request) ([]byte, error) {
	renewed := false
	for try := 1; ; {
		if ctx.Err() != nil { // a cancelled context starts nothing, not even a login
			return nil, &UnreachableError{Op: r.op, Err: contextError(ctx)}
		}
		var used Secret
		if r.op != OpLogin {
			var err error
			if used, err = c.accessToken(ctx); err != nil {
				return nil, err
			}
		}
		body, stale, err := c.exchange(ctx, r, used, try)
		if err == nil {
			return body, nil
		}
		if r.op != OpLogin && !renewed && hasStatus(err, http.StatusUnauthorized) {
			renewed = true
			c.dropToken(used)
			continue
		}
		wait, again := c.retry(ctx, r, try, stale, err)
		if !again {
			return nil, err
		}
		if err := sleep(ctx, wait, err); err != nil {
			return nil, &UnreachableError{Op: r.op, Err: err}
		}
		try++
	}
}

// retry decides whether a failed call may be made again, and when.
//
//   - Any call that provably was not sent because its kept-open connection had died: at once, one time.
//   - Login and reads: when the service was not reached, is busy or its gateway failed; when it limits the rate, only if
//     it says for how long. Without that, another try counts against the same limit.
//   - An identity: when it provably was not sent, or the service answered that it is busy.
//   - Sign and timestamp: never.
func (c *Client) retry(ctx context.Context, r *request, try int, stale bool, err error) (time.Duration, bool) {
	if try >= c.tries || ctx.Err() != nil || hopeless(err) || errors.Is(err, context.DeadlineExceeded) {
		return 0, false
	}
	var unsent *unsentError
	if errors.As(err, &unsent) && stale {
		return 0, try == 1
	}
	if r.op.Billed() {
		return 0, false
	}
	wait := c.retryWait << (try - 1)
	var api *APIError
	if errors.As(err, &api) {
		return c.retryAnswer(r, api, wait)
	}
	var unreachable *UnreachableError
	return wait, errors.As(err, &unreachable) && (r.op != OpIdentity || unsent != nil)
}

func (c *Client) retryAnswer(r *request, api *APIError, wait time.Duration) (time.Duration, bool) {
	busy := api.StatusCode == http.StatusServiceUnavailable
	gateway := api.StatusCode == http.StatusBadGateway || api.StatusCode == http.StatusGatewayTimeout
	limited := api.StatusCode == http.StatusTooManyRequests && api.RetryAfter > 0
	if api.RetryAfter > MaxRetryAfter {
		return 0, false
	}
	wait = max(wait, api.RetryAfter)
	if r.op == OpIdentity {
		return wait, (busy || limited) && api.Description != ""
	}
	return wait, busy || gateway || limited
}

// sleep waits; a cancelled context ends it with both reasons.
func sleep(ctx context.Context, d time.Duration, why error) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("%w while waiting to try again after: %w", contextError(ctx), why)
	}
}

// contextError says that a context has ended, and why when there is more to say.
func contextError(ctx context.Context) error {
	err, cause := ctx.Err(), context.Cause(ctx)
	if errors.Is(cause, err) {
		return cause
	}
	return fmt.Errorf("%w: %w", err, cause)
}

// unsentError marks an error of net/http after which nothing can have left.
type unsentError struct{ err error }

func (e *unsentError) Error() string { return e.err.Error() }
func (e *unsentError) Unwrap() error { return e.err }

// exchange makes one try. stale says that it used a connection that had been kept open.
func (c *Client) exchange(ctx context.Context, r *request, used Secret, try int) (body []byte, stale bool, err error) {
	call := &Call{Op: r.op, Method: r.method, Path: r.shown, Try: try, Started: c.now(), Charge: NotCharged}
	ctx, cancel := context.WithTimeout(ctx, r.timeout)
	defer cancel()
	var t tracker
	req, err := c.newRequest(t.trace(ctx), r, used)
	if err != nil {
		return nil, false, fmt.Errorf("%s: %w", r.op, err)
	}
	start := time.Now()
	resp, err := c.http.Do(req)
	if err != nil {
		err = c.failed(ctx, r, call, &t, err)
	} else {
		c.readClock(resp.Header.Get("Date"), call.Started, c.now())
		call.Sent, call.Status = true, resp.StatusCode
		body, err = c.answer(r, call, resp)
		_ = resp.Body.Close()
	}
	call.Duration, call.Err = time.Since(start), err
	c.ledger.add(call)
	if c.observe != nil {
		c.observe(*call)
	}
	return body, t.stale(), err
}

func (c *Client) newRequest(ctx context.Context, r *request, used Secret) (*http.Request, error) {
	var body io.Reader
	if r.body != nil {
		body = bytes.NewReader(r.body)
	}
	req, err := http.NewRequestWithContext(ctx, r.method, c.base+r.path, body)
	if err != nil {
		return nil, errors.New("request cannot be built") // the reason would quote the path
	}
	if r.body != nil {
		req.Header.Set("Content-Type", "application/json;charset=utf-8")
	}
	if r.op == OpIdentity {
		req.GetBody = nil // net/http must not send it again by itself
	}
	if r.op.Billed() {
		req.Body = onceBody{}
	}
	if used != "" {
		req.Header.Set("Authorization", "Bearer "+string(used))
	}
	req.Header.Set("Accept", "application/json, application/problem+json")
	req.Header.Set("User-Agent", c.userAgent)
	return req, nil
}

// failed judges a try without an answer.
func (c *Client) failed(ctx context.Context, r *request, call *Call, t *tracker, err error) error {
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		err = wrapped.Err // without the URL, which holds the identity and the digest
	}
	if ctx.Err() != nil && !errors.Is(err, ctx.Err()) {
		err = fmt.Errorf("%w: %w", ctx.Err(), err) // net/http may give the cause alone
	}
	call.Sent = t.sent(c.transportOurs, err)
	if certificateAlert(err) {
		err = fmt.Errorf("%w (%w): %w", ErrClientCertificate, ErrCredentials, err)
	}
	if !call.Sent {
		return &UnreachableError{Op: r.op, Err: &unsentError{err}}
	}
	return c.lost(r, call, err)
}

// lost is a request that may have arrived and whose answer did not.
func (c *Client) lost(r *request, call *Call, err error) error {
	if r.op.Billed() {
		call.Charge = ChargeUnknown
		return &OutcomeUnknownError{Op: r.op, Err: err}
	}
	return &UnreachableError{Op: r.op, Err: err}
}

// answer judges a try by its answer. Exactly 200 is success.
func (c *Client) answer(r *request, call *Call, resp *http.Response) ([]byte, error) {
	if resp.StatusCode/100 == 2 {
		return c.success(r, call, resp)
	}
	var body []byte
	var readErr error
	// What follows a 101 is an open connection, which our context would not end.
	informational := resp.StatusCode < 200
	if !informational {
		body, readErr = io.ReadAll(io.LimitReader(resp.Body, maxSmallAnswer))
	}
	api := c.apiError(r, resp, body)
	if !r.op.Billed() || resp.StatusCode < 500 && !informational {
		return nil, api
	}
	// A gateway answers 502 and 504 when it lost the service's answer, and its 500 and 503 say nothing about the service
	// either. With the service's own error body nothing was done.
	gateway := resp.StatusCode == http.StatusBadGateway || resp.StatusCode == http.StatusGatewayTimeout
	if !gateway && api.Description != "" && readErr == nil {
		return nil, api
	}
	return nil, c.lost(r, call, api)
}

func (c *Client) success(r *request, call *Call, resp *http.Response) ([]byte, error) {
	body, err := io.ReadAll(io.LimitReader(resp.Body, r.limit+1))
	switch {
	case err != nil:
		return nil, c.lost(r, call, fmt.Errorf("read answer: %w", err))
	case resp.StatusCode != http.StatusOK:
		err = fmt.Errorf("status %d instead of 200", resp.StatusCode)
	case int64(len(body)) > r.limit:
		err = fmt.Errorf("answer is longer than %d bytes", r.limit)
	}
	if r.op.Billed() {
		call.Charge = Charged
	}
	if err != nil {
		return nil, &AnswerError{Op: r.op, Charged: r.op.Billed(), Err: err}
	}
	return body, nil
}

func (c *Client) apiError(r *request, resp *http.Response, body []byte) *APIError {
	e := &APIError{
		Op: r.op, StatusCode: resp.StatusCode, Method: r.method, URL: c.base + r.shown,
		RetryAfter: retryAfter(resp.Header, c.serverNow()),
	}
	problem, ok := parseErrorBody(body)
	if !ok {
		e.Body = c.clean(string(body))
		return e
	}
	e.Description, e.ID = c.clean(problem.Description), c.clean(problem.ID)
	for k, v := range problem.Errors {
		if len(e.Errors) == maxErrorDetails {
			break
		}
		if e.Errors == nil {
			e.Errors = map[string]string{}
		}
		e.Errors[c.clean(k)] = c.clean(v)
	}
	return e
}

// clean makes the other side's text fit for an error: without our credentials, should it repeat them, printable, short.
func (c *Client) clean(s string) string {
	c.mu.Lock()
	secrets := append([]Secret{c.apiSecret, Secret(c.apiKey)}, c.tokens...)
	c.mu.Unlock()
	for _, secret := range secrets {
		s = strings.ReplaceAll(s, string(secret), redacted)
	}
	s = printable(s)
	if r := []rune(s); len(r) > maxErrorText {
		s = string(r[:maxErrorText]) + "…"
	}
	return s
}

// printable keeps control characters, terminal escapes among them, out of errors and logs.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if !strconv.IsPrint(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(strings.TrimSpace(s), "?"))
}

// retryAfter reads RFC 9110 section 10.2.3 in both forms; 0 when absent, unreadable or past.
func retryAfter(h http.Header, now time.Time) time.Duration {
	const longest = 30 * 24 * time.Hour
	v := strings.TrimSpace(h.Get("Retry-After"))
	if v == "" {
		return 0
	}
	if n, err := strconv.ParseUint(v, 10, 64); err == nil {
		if n > uint64(longest/time.Second) {
			return longest
		}
		return time.Duration(n) * time.Second
	}
	at, err := http.ParseTime(v)
	if err != nil {
		return 0
	}
	if date, err := http.ParseTime(h.Get("Date")); err == nil {
		now = date // both by the same clock
	}
	return min(max(at.Sub(now), 0), longest)
}
