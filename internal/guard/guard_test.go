// SPDX-License-Identifier: Apache-2.0

package guard

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"
)

func noProxy(*http.Request) (*url.URL, error) { return nil, nil }

// get asks for an address, and returns what was answered.
func get(t *testing.T, rt http.RoundTripper, address string) (string, error) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := (&http.Client{Transport: rt}).Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	return string(b), err
}

func server(t *testing.T, h http.HandlerFunc) *httptest.Server {
	t.Helper()
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	return srv
}

func refused(err error) bool {
	var r *RefusedError
	return errors.As(err, &r)
}

func TestReason(t *testing.T) {
	for _, address := range []string{
		"127.0.0.1", "127.8.9.1", "::1", "0.0.0.0", "::", "0.1.2.3", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "fd00::1",
		"169.254.169.254", "fe80::1", "fe80::1%eth0", "100.64.0.1", "100.127.255.255", "224.0.0.1", "239.1.2.3", "ff02::1", "ff0e::1",
		"::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:8.8.8.8", "::127.0.0.1", "64:ff9b::10.0.0.1", "64:ff9b:1::1", "2002:7f00:1::1",
		"2001::1", "2001:db8::1", "192.0.0.8", "192.0.2.1", "198.18.0.1", "198.51.100.1", "203.0.113.1", "240.0.0.1", "255.255.255.255",
		"192.88.99.1", "3fff::1", "fec0::1", "5f00::1", "100::1",
	} {
		if reason(netip.MustParseAddr(address)) == "" {
			t.Errorf("%s is let through", address)
		}
	}
	for _, address := range []string{
		"8.8.8.8", "1.1.1.1", "172.15.0.1", "172.32.0.1", "100.63.0.1", "100.128.0.1", "2606:4700::1111", "2a00:1450:4001::1", "64:ff9b::8.8.8.8", "192.0.1.1",
	} {
		if why := reason(netip.MustParseAddr(address)); why != "" {
			t.Errorf("%s is refused as %s", address, why)
		}
	}
}

// TestResolved refuses by what a name leads to, however it is written.
func TestResolved(t *testing.T) {
	srv := server(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "inside") })
	u, err := url.Parse(srv.URL)
	if err != nil {
		t.Fatal(err)
	}
	guarded, open := Transport(&Options{Proxy: noProxy}), Transport(&Options{Proxy: noProxy, AllowPrivate: true})
	for _, host := range []string{"127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "0.0.0.0", "127.0.0.2"} {
		_, err := get(t, guarded, "http://"+host+":"+u.Port()+"/")
		if !refused(err) {
			t.Errorf("%s: %v", host, err)
		}
	}
	body, err := get(t, open, srv.URL)
	if err != nil || body != "inside" {
		t.Errorf("with AllowPrivate: %q, %v", body, err)
	}
	for _, rt := range []http.RoundTripper{guarded, open} {
		_, err = get(t, rt, "file:///etc/passwd")
		if err == nil || !strings.Contains(err.Error(), "not http or https") {
			t.Errorf("a file: %v", err)
		}
	}
}

// TestRedirect refuses where an address that is let through leads to one that is not.
func TestRedirect(t *testing.T) {
	inside := server(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "inside") })
	outside := server(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, strings.Replace(inside.URL, "127.0.0.1", "localhost", 1), http.StatusFound)
	})
	u, err := url.Parse(outside.URL)
	if err != nil {
		t.Fatal(err)
	}
	calls := 0
	rt := Transport(&Options{Proxy: noProxy, refuse: func(a netip.Addr) string {
		calls++
		if calls == 1 { // the server that stands for one outside
			return ""
		}
		return reason(a)
	}})
	body, err := get(t, rt, "http://127.0.0.1:"+u.Port())
	if !refused(err) || calls < 2 {
		t.Errorf("%q, %v, after %d calls", body, err, calls)
	}
}

// TestProxy lets only names that look public through a proxy, which may itself be inside.
func TestProxy(t *testing.T) {
	proxy := server(t, func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, "proxied "+r.URL.Host) })
	way := func(*http.Request) (*url.URL, error) { return url.Parse(proxy.URL) }
	rt := Transport(&Options{Proxy: way})
	for _, host := range []string{
		"8.8.8.8", "10.0.0.1", "[::1]", "[::ffff:10.0.0.1]", "127.1", "2130706433", "0x7f000001", "0x7f.0.0.1", "127.0.0.1.", "localhost",
		"a.localhost", "printer", "printer.local", "x.internal", "router.lan", "nas.home.arpa", "LOCALHOST.",
	} {
		_, err := get(t, rt, "http://"+host+"/")
		if !refused(err) {
			t.Errorf("%s: %v", host, err)
		}
	}
	body, err := get(t, rt, "http://ocsp.example.com/")
	if err != nil || body != "proxied ocsp.example.com" {
		t.Errorf("%q, %v", body, err)
	}
	body, err = get(t, Transport(&Options{Proxy: way, AllowPrivate: true}), "http://10.0.0.1/")
	if err != nil || body != "proxied 10.0.0.1" {
		t.Errorf("with AllowPrivate: %q, %v", body, err)
	}
}

// TestBounded ends with the context, and does not read headers without end.
func TestBounded(t *testing.T) {
	long := server(t, func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("X", strings.Repeat("x", 2*maxHeaders)) })
	_, err := get(t, Transport(&Options{Proxy: noProxy, AllowPrivate: true}), long.URL)
	if err == nil {
		t.Error("long headers were read")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, long.URL, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := Transport(&Options{Proxy: noProxy, AllowPrivate: true}).RoundTrip(req)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	if resp != nil {
		_ = resp.Body.Close()
	}
}
