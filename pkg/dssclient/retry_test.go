// SPDX-License-Identifier: Apache-2.0

package dssclient

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// A script is a RoundTripper that answers from a list, for tests in a bubble where no network may be.
type script struct {
	op    Op // the others are answered well
	steps []func() (*http.Response, error)
	sent  int
	times []time.Time
}

func (s *script) RoundTrip(r *http.Request) (*http.Response, error) {
	if opOf(r.URL.Path) != s.op {
		return canned(200, `{"access_token":"t","value":1}`)(), nil
	}
	s.times = append(s.times, time.Now())
	step := s.steps[min(s.sent, len(s.steps)-1)]
	s.sent++
	return step()
}

func canned(status int, body string, header ...string) func() *http.Response {
	return func() *http.Response {
		h := http.Header{}
		for i := 0; i < len(header); i += 2 {
			h.Set(header[i], header[i+1])
		}
		return &http.Response{StatusCode: status, Header: h, Body: io.NopCloser(strings.NewReader(body))}
	}
}

func answering(f func() *http.Response) func() (*http.Response, error) {
	return func() (*http.Response, error) { return f(), nil }
}

func failing(err error) func() (*http.Response, error) {
	return func() (*http.Response, error) { return nil, err }
}

func (s *script) client(t *testing.T) *Client {
	c, err := New(&Config{APIKey: testKey, APISecret: testSecret, HTTPClient: &http.Client{Transport: s}})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

var calls = map[Op]func(context.Context, *Client) error{
	OpLogin:     func(ctx context.Context, c *Client) error { return c.Login(ctx) },
	OpQuota:     func(ctx context.Context, c *Client) error { _, err := c.Quota(ctx, Signatures); return err },
	OpIdentity:  func(ctx context.Context, c *Client) error { _, err := c.Identity(ctx, nil); return err },
	OpSign:      billed[OpSign],
	OpTimestamp: billed[OpTimestamp],
}

func TestRetries(t *testing.T) {
	const body = `{"description":"words"}`
	refused := &net.OpError{Op: "dial", Err: errors.New("connection refused")}
	for name, tc := range map[string]struct {
		step func() (*http.Response, error)
		want map[Op]int
		wait time.Duration // of login, all together
	}{
		"busy": {
			answering(canned(503, body)),
			map[Op]int{OpLogin: 3, OpQuota: 3, OpIdentity: 3, OpSign: 1, OpTimestamp: 1},
			1500 * time.Millisecond,
		},
		"gateway": {
			answering(canned(502, "<html>")),
			map[Op]int{OpLogin: 3, OpQuota: 3, OpIdentity: 1, OpSign: 1, OpTimestamp: 1},
			1500 * time.Millisecond,
		},
		"busy, says when": {
			answering(canned(503, body, "Retry-After", "4")), map[Op]int{OpLogin: 3, OpIdentity: 3, OpSign: 1}, 8 * time.Second,
		},
		"limited, says when": {
			answering(canned(429, body, "Retry-After", "4")), map[Op]int{OpLogin: 3, OpIdentity: 3, OpTimestamp: 1}, 8 * time.Second,
		},
		"limited, says a date": {
			answering(canned(429, body, "Date", "Sat, 01 Jan 2000 00:00:00 GMT", "Retry-After", "Sat, 01 Jan 2000 00:00:04 GMT")),
			map[Op]int{OpLogin: 3},
			8 * time.Second,
		},
		"limited":         {answering(canned(429, body)), map[Op]int{OpLogin: 1, OpQuota: 1, OpIdentity: 1, OpSign: 1}, 0},
		"limited, long":   {answering(canned(429, body, "Retry-After", "21")), map[Op]int{OpLogin: 1, OpQuota: 1}, 0},
		"busy, long":      {answering(canned(503, body, "Retry-After", "3600")), map[Op]int{OpLogin: 1, OpQuota: 1}, 0},
		"quota":           {answering(canned(402, body)), map[Op]int{OpQuota: 1, OpIdentity: 1, OpSign: 1}, 0},
		"bad request":     {answering(canned(400, body)), map[Op]int{OpLogin: 1, OpQuota: 1, OpIdentity: 1, OpSign: 1}, 0},
		"refused":         {failing(refused), map[Op]int{OpLogin: 3, OpQuota: 3, OpIdentity: 3, OpSign: 1}, 1500 * time.Millisecond},
		"connection lost": {failing(io.ErrUnexpectedEOF), map[Op]int{OpLogin: 3, OpQuota: 3, OpIdentity: 1, OpSign: 1}, 1500 * time.Millisecond},
	} {
		for op, want := range tc.want {
			t.Run(name+"/"+string(op), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					s := &script{op: op, steps: []func() (*http.Response, error){tc.step}}
					start := time.Now()
					if err := calls[op](t.Context(), s.client(t)); err == nil {
						t.Error("no error")
					}
					if s.sent != want {
						t.Errorf("sent %d times, want %d", s.sent, want)
					}
					if got := time.Since(start); op == OpLogin && got != tc.wait {
						t.Errorf("waited %v, want %v", got, tc.wait)
					}
				})
			})
		}
	}
}

func TestRetrySucceeds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &script{op: OpQuota, steps: []func() (*http.Response, error){
			answering(canned(503, `{"description":"busy"}`)), failing(io.EOF), answering(canned(200, `{"value":7}`)),
		}}
		if n, err := s.client(t).Quota(t.Context(), Signatures); err != nil || n != 7 {
			t.Errorf("got %d, %v", n, err)
		}
	})
}

// TestCancelWhileWaiting: a cancelled context ends the wait and starts nothing.
func TestCancelWhileWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &script{op: OpQuota, steps: []func() (*http.Response, error){answering(canned(503, `{"description":"b"}`, "Retry-After", "20"))}}
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		start := time.Now()
		_, err := s.client(t).Quota(ctx, Signatures)
		if !errors.Is(err, context.DeadlineExceeded) || !hasStatus(err, 503) || time.Since(start) != 3*time.Second || s.sent != 1 {
			t.Errorf("after %v and %d requests: %v", time.Since(start), s.sent, err)
		}
	})
}

// TestFlightOutlivesItsFirstCaller: the one who started a shared login goes away, the other still gets its token; when
// both go, the login is cancelled.
func TestFlightOutlivesItsFirstCaller(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var f flights[int]
		started, ended := 0, 0
		call := func(ctx context.Context) (int, error) {
			started++
			defer func() { ended++ }()
			select {
			case <-time.After(time.Minute):
				return 7, nil
			case <-ctx.Done():
				return 0, ctx.Err()
			}
		}
		first, cancelFirst := context.WithCancel(t.Context())
		errs := make(chan error, 2)
		go func() { _, err := f.do(first, OpLogin, "", call); errs <- err }()
		synctest.Wait()
		second, cancelSecond := context.WithCancel(t.Context())
		defer cancelSecond()
		values := make(chan int, 1)
		go func() { v, err := f.do(second, OpLogin, "", call); values <- v; errs <- err }()
		synctest.Wait()
		cancelFirst()
		if err := <-errs; !errors.Is(err, context.Canceled) {
			t.Errorf("first got %v", err)
		}
		if v, err := <-values, <-errs; v != 7 || err != nil || started != 1 {
			t.Errorf("second got %d, %v after %d calls", v, err, started)
		}
		third, cancelThird := context.WithCancel(t.Context())
		go func() { _, err := f.do(third, OpLogin, "", call); errs <- err }()
		synctest.Wait()
		cancelThird()
		<-errs
		synctest.Wait()
		if started != 2 || ended != 2 {
			t.Errorf("%d calls started, %d ended", started, ended)
		}
	})
}

func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for value, want := range map[string]time.Duration{
		"": 0, "0": 0, "3": 3 * time.Second, " 3 ": 3 * time.Second, "-3": 0, "1.5": 0, "soon": 0,
		"99999999999999999999999": 0, "9999999999": 30 * 24 * time.Hour,
		"Fri, 02 Jan 2026 03:04:15 GMT": 10 * time.Second, "Fri, 02 Jan 2026 03:04:00 GMT": 0,
		"Friday, 02-Jan-26 03:04:06 GMT": time.Second,
	} {
		if got := retryAfter(http.Header{"Retry-After": {value}}, now); got != want {
			t.Errorf("%q gives %v, want %v", value, got, want)
		}
	}
}
