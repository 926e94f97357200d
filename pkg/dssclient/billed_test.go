// SPDX-License-Identifier: Apache-2.0

package dssclient

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

var quietLog = log.New(io.Discard, "", 0)

// warm opens a connection and leaves it for the next call.
func warm(t *testing.T, c *Client) {
	t.Helper()
	if _, err := c.Quota(t.Context(), Signatures); err != nil {
		t.Fatal(err)
	}
}

// TestResetAfterCounting: the connection breaks after a billed request was counted. On a warm connection net/http would
// send a GET again by itself.
func TestResetAfterCounting(t *testing.T) {
	for op, call := range billed {
		for _, http2 := range []bool{false, true} {
			for _, isWarm := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s/http2=%v/warm=%v", op, http2, isWarm), func(t *testing.T) {
					s := startService(t, http2)
					s.handle(op, cut)
					c := s.client(func(cfg *Config) { cfg.HTTP2 = http2 })
					warm(t, c)
					if !isWarm {
						c.CloseIdleConnections()
					}
					err := call(t.Context(), c)
					var unknown *OutcomeUnknownError
					if !errors.As(err, &unknown) || unknown.Op != op || !IsOutcomeUnknown(err) || IsUnavailable(err) {
						t.Errorf("error is %v, want an unknown outcome", err)
					}
					s.wantCount(op, 1)
					if got := c.Calls(); got.Unknown.Total() != 1 || got.Charged.Total() != 0 {
						t.Errorf("calls are %+v, want one unknown", got)
					}
				})
			}
		}
	}
}

// TestPlainGETIsResent shows the trap that the tests above guard against: an ordinary GET on a warm connection goes out
// twice without anybody asking. If this fails, net/http has changed.
func TestPlainGETIsResent(t *testing.T) {
	s := startService(t, false)
	c := s.client(func(cfg *Config) { cfg.Tries = 1 })
	warm(t, c)
	s.handle(OpCounter, cut)
	if _, err := c.Counter(t.Context(), Signatures); err == nil {
		t.Fatal("no error")
	}
	if n := s.count(OpCounter); n < 2 {
		t.Errorf("plain GET was sent %d times, expected net/http to resend it", n)
	}
}

// TestHTTP2Refusals: the server counts a billed request and then denies having processed it. A client may believe that
// by the standard, and net/http would; a wrong server makes it pay twice.
func TestHTTP2Refusals(t *testing.T) {
	for _, refusal := range []string{"refused-stream", "protocol-error", "goaway", "goaway-late", "cancel", "reset"} {
		for op, call := range billed {
			t.Run(refusal+"/"+string(op), func(t *testing.T) {
				s := startRawHTTP2(t, refusal)
				c := s.client(t)
				warm(t, c)
				err := call(t.Context(), c)
				if !IsOutcomeUnknown(err) {
					t.Errorf("error is %v, want an unknown outcome", err)
				}
				if n := s.billed.Load(); n != 1 {
					t.Errorf("service counted %d billed requests, want 1", n)
				}
			})
		}
	}
	t.Run("plain GET is resent", func(t *testing.T) {
		s := startRawHTTP2(t, "refused-stream")
		c := s.client(t)
		warm(t, c)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		s.again = cancel // it would go on for longer than anybody waits
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.base+"/timestamp/AA", nil)
		if err != nil {
			t.Fatal(err)
		}
		if resp, err := c.http.Do(req); err == nil {
			_ = resp.Body.Close()
		}
		if n := s.billed.Load(); n < 2 {
			t.Errorf("plain GET was sent %d times, expected net/http to resend it", n)
		}
	})
}

// TestBilledWireForm: the trick against resending must not show on the wire.
func TestBilledWireForm(t *testing.T) {
	t.Run("HTTP/1.1", func(t *testing.T) {
		head, after := captureHTTP1(t)
		line, fields, _ := strings.Cut(head, "\r\n")
		if line != "GET /v2/identity/a%2Fb/sign/"+strings.Repeat("0", 63)+"A HTTP/1.1" {
			t.Errorf("request line is %q", line)
		}
		for _, forbidden := range []string{"content-length", "transfer-encoding", "content-type", "accept-encoding", "expect"} {
			if strings.Contains(strings.ToLower(fields), forbidden) {
				t.Errorf("header has %s:\n%s", forbidden, fields)
			}
		}
		if after != "" {
			t.Errorf("%q follows the header", after)
		}
	})
	t.Run("HTTP/2", func(t *testing.T) {
		s := startService(t, true)
		var body []byte
		s.handle(OpTimestamp, func(w http.ResponseWriter, r *http.Request) {
			body, _ = io.ReadAll(r.Body)
			s.answer(w, r, OpTimestamp, time.Now())
		})
		c := s.client(func(cfg *Config) { cfg.HTTP2 = true })
		if _, err := c.Timestamp(t.Context(), digestOf(1)); err != nil {
			t.Fatal(err)
		}
		r := s.requests[len(s.requests)-1]
		if r.ProtoMajor != 2 || r.Header.Get("Content-Length") != "" || len(r.TransferEncoding) != 0 || len(body) != 0 {
			t.Errorf("got %s with header %v, transfer encoding %v, body %q", r.Proto, r.Header, r.TransferEncoding, body)
		}
	})
}

// captureHTTP1 returns what the client writes for a signature: the header, and what follows before it gives up.
func captureHTTP1(t *testing.T) (head, after string) {
	synctest.Test(t, func(t *testing.T) {
		s, network := pipedService(t)
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			conn, err := tls.NewListener(network, s.tls()).Accept()
			if err != nil {
				t.Error(err)
				return
			}
			defer func() { _ = conn.Close() }()
			r := bufio.NewReader(conn)
			_ = readHead(r)
			_, _ = io.ReadFull(r, make([]byte, len(`{"api_key":"","api_secret":""}`)+len(testKey)+len(testSecret)))
			answer := `{"access_token":"t"}`
			_, _ = fmt.Fprintf(conn, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(answer), answer)
			head = readHead(r)
			rest, _ := io.ReadAll(r)
			after = string(rest)
		}()
		_, _ = network.client(s).Sign(t.Context(), "a/b", digestOf(10))
		<-ended
	})
	return head, after
}

func readHead(r *bufio.Reader) string {
	var b strings.Builder
	for !strings.HasSuffix(b.String(), "\r\n\r\n") {
		c, err := r.ReadByte()
		if err != nil {
			break
		}
		b.WriteByte(c)
	}
	return b.String()
}

// A failingConn is a connection that has died unnoticed: from some write on, nothing leaves.
type failingConn struct {
	net.Conn
	dead *atomic.Bool
}

func (c failingConn) Write(b []byte) (int, error) {
	if c.dead.Load() {
		return 0, errors.New("broken pipe")
	}
	return c.Conn.Write(b)
}

// TestDeadConnection: a billed request that was given a kept-open connection on which nothing can be written was not
// sent, so it goes out on a new one, once.
func TestDeadConnection(t *testing.T) {
	for op, call := range billed {
		t.Run(string(op), func(t *testing.T) {
			var first atomic.Bool
			var conns atomic.Int32
			testOnlyWrapConn = func(c net.Conn) net.Conn {
				if conns.Add(1) == 1 {
					return failingConn{c, &first}
				}
				return c
			}
			t.Cleanup(func() { testOnlyWrapConn = func(c net.Conn) net.Conn { return c } })
			s := startService(t, false)
			c := s.client()
			warm(t, c)
			first.Store(true)
			if err := call(t.Context(), c); err != nil {
				t.Errorf("error is %v, want the call made on a new connection", err)
			}
			s.wantCount(op, 1)
			if got := c.Calls(); got.Charged.Total() != 1 || *got.of(op) != 1 {
				t.Errorf("calls are %+v", got)
			}
		})
	}
}

// TestUnsent: what cannot have left costs nothing and says so.
func TestUnsent(t *testing.T) {
	for op, call := range billed {
		t.Run("no listener/"+string(op), func(t *testing.T) {
			s := startService(t, false)
			c := s.client()
			c.keepToken(token{"t", time.Now().Add(time.Hour)})
			c.base = "https://127.0.0.1:1/v2"
			wantUnreachable(t, call(t.Context(), c), c, op)
		})
		t.Run("server not trusted/"+string(op), func(t *testing.T) {
			s := startService(t, false)
			c := s.client(func(cfg *Config) { cfg.RootCAs = nil })
			c.keepToken(token{"t", time.Now().Add(time.Hour)})
			wantUnreachable(t, call(t.Context(), c), c, op)
			s.wantCount(op, 0)
		})
		t.Run("cancelled before/"+string(op), func(t *testing.T) {
			s := startService(t, false)
			c := s.client()
			c.keepToken(token{"t", time.Now().Add(time.Hour)})
			ctx, cancel := context.WithCancelCause(t.Context())
			cancel(errors.New("interrupted"))
			err := call(ctx, c)
			wantUnreachable(t, err, c, op)
			if !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "interrupted") {
				t.Errorf("error is %v, want cancellation and its cause", err)
			}
			s.wantCount(op, 0)
		})
		t.Run("cancelled after/"+string(op), func(t *testing.T) {
			s := startService(t, false)
			c := s.client()
			ctx, cancel := context.WithCancel(t.Context())
			s.handle(op, func(w http.ResponseWriter, r *http.Request) { cancel(); untilGone(w, r) })
			if err := call(ctx, c); !IsOutcomeUnknown(err) || !errors.Is(err, context.Canceled) {
				t.Errorf("error is %v, want an unknown outcome", err)
			}
			s.wantCount(op, 1)
		})
		t.Run("timeout/"+string(op), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, network := pipedService(t)
				network.serve(s)
				c := network.client(s, func(cfg *Config) {
					cfg.Timeouts.Sign, cfg.Timeouts.Timestamp = 17*time.Second, 17*time.Second
				})
				s.handle(op, untilGone)
				start := time.Now()
				err := call(t.Context(), c)
				if took := time.Since(start); !IsOutcomeUnknown(err) || !errors.Is(err, context.DeadlineExceeded) || took != 17*time.Second {
					t.Errorf("error is %v after %v, want an unknown outcome after 17s", err, took)
				}
				s.wantCount(op, 1)
			})
		})
	}
}

func wantUnreachable(t *testing.T, err error, c *Client, op Op) {
	t.Helper()
	var unreachable *UnreachableError
	if !errors.As(err, &unreachable) || unreachable.Op != op || IsOutcomeUnknown(err) {
		t.Errorf("error is %v, want not reached", err)
	}
	if got := c.Calls(); got.Unknown.Total() != 0 || *got.of(op) != 0 {
		t.Errorf("calls are %+v, want none", got)
	}
}
