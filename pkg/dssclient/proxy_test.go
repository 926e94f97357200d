// SPDX-License-Identifier: Apache-2.0

package dssclient

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// startProxy is an HTTP proxy that tunnels, or refuses to with a status, and returns what it was asked to reach.
func startProxy(t *testing.T, refuse int) (*url.URL, func() []string) {
	t.Helper()
	asked := make(chan string, 16)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked <- r.Method + " " + r.Host + " " + r.Header.Get("Authorization")
		if refuse != 0 {
			w.WriteHeader(refuse)
			return
		}
		out, err := net.Dial("tcp", r.Host)
		if err != nil {
			t.Error(err)
			return
		}
		in, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		t.Cleanup(func() { _, _ = in.Close(), out.Close() })
		_, _ = io.WriteString(in, "HTTP/1.1 200 Connection established\r\n\r\n")
		go func() { _, _ = io.Copy(out, in) }()
		go func() { _, _ = io.Copy(in, out) }()
	}))
	t.Cleanup(server.Close)
	u, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	u.User = url.UserPassword("user", "geheim")
	return u, func() []string {
		var all []string
		for len(asked) > 0 {
			all = append(all, <-asked)
		}
		return all
	}
}

// TestProxyTunnel: every call goes through the tunnel of a proxy, which sees no more than host and port.
func TestProxyTunnel(t *testing.T) {
	s := startService(t, false)
	proxy, asked := startProxy(t, 0)
	c := s.client(func(cfg *Config) { cfg.Proxy = http.ProxyURL(proxy) })
	if err := billed[OpSign](t.Context(), c); err != nil {
		t.Fatal(err)
	}
	want := "CONNECT " + strings.TrimPrefix(s.url, "https://") + " "
	if got := asked(); len(got) != 1 || got[0] != want {
		t.Errorf("proxy was asked for %q, want once %q", got, want)
	}
}

// TestProxyRefuses: what a proxy refuses has not been sent; its password is in no error.
func TestProxyRefuses(t *testing.T) {
	for _, status := range []int{http.StatusProxyAuthRequired, http.StatusBadGateway, http.StatusForbidden} {
		for op, call := range billed {
			s := startService(t, false)
			proxy, _ := startProxy(t, status)
			c := s.client(func(cfg *Config) { cfg.Proxy = http.ProxyURL(proxy) })
			c.keepToken(token{"t", time.Now().Add(time.Hour)})
			err := call(t.Context(), c)
			wantUnreachable(t, err, c, op)
			if err != nil && strings.Contains(err.Error(), "geheim") {
				t.Errorf("error shows the password: %v", err)
			}
			s.wantCount(op, 0)
		}
	}
}

// TestTimeouts: each operation has its own; those of the billed ones are in TestUnsent.
func TestTimeouts(t *testing.T) {
	const long = 17 * time.Second
	for op, limit := range map[Op]func(*Timeouts){
		OpLogin:    func(t *Timeouts) { t.Login = long },
		OpIdentity: func(t *Timeouts) { t.Identity = long },
		OpQuota:    func(t *Timeouts) { t.Read = long },
	} {
		synctest.Test(t, func(t *testing.T) {
			s, network := pipedService(t)
			network.serve(s)
			s.handle(op, untilGone)
			c := network.client(s, func(cfg *Config) { limit(&cfg.Timeouts) })
			start := time.Now()
			err := calls[op](t.Context(), c)
			var unreachable *UnreachableError
			if !errors.As(err, &unreachable) || !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != long {
				t.Errorf("%s: error is %v after %v, want its timeout", op, err, time.Since(start))
			}
			s.wantCount(op, 1) // not made again although the time was up
		})
	}
}
