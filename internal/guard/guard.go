// SPDX-License-Identifier: Apache-2.0

// Package guard makes an HTTP client for addresses that come from files: a PDF must not make this machine call the inside of
// somebody's network. Most callers need [Transport] only.
//
// Where a name leads is judged after it was resolved, for the very address that is dialled, and again for each redirect. A
// proxy hides where a name leads: there, only names that look public are let through, and no IP address.
package guard

import (
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"syscall"
	"time"

	"gsign/internal/limits"
)

// RefusedError says that an address was not called.
type RefusedError struct {
	Address string
	Reason  string // "a loopback address"
}

func (e *RefusedError) Error() string {
	return fmt.Sprintf("%s is %s, and what a file names may not lead there (--allow-private allows it)", e.Address, e.Reason)
}

// Options say what a transport lets through. Nil is allowed.
type Options struct {
	AllowPrivate bool                                  // OPTIONAL: any address will do
	Proxy        func(*http.Request) (*url.URL, error) // OPTIONAL: default http.ProxyFromEnvironment

	refuse func(netip.Addr) string // for tests: default reason
}

// transport chooses between the way through a proxy and the guarded one.
type transport struct {
	opts            Options
	direct, proxied http.RoundTripper
}

// Transport returns a transport that goes to public addresses only, by http and https. It is safe for concurrent use.
func Transport(opts *Options) http.RoundTripper {
	t := &transport{}
	if opts != nil {
		t.opts = *opts
	}
	if t.opts.Proxy == nil {
		t.opts.Proxy = http.ProxyFromEnvironment
	}
	if t.opts.refuse == nil {
		t.opts.refuse = reason
	}
	t.direct = base(&net.Dialer{Timeout: limits.FetchTimeout, Control: t.control}, nil)
	t.proxied = base(&net.Dialer{Timeout: limits.FetchTimeout}, t.opts.Proxy)
	return t
}

const maxHeaders = 64 << 10

func base(d *net.Dialer, proxy func(*http.Request) (*url.URL, error)) *http.Transport {
	return &http.Transport{
		Proxy: proxy, DialContext: d.DialContext, TLSHandshakeTimeout: limits.FetchTimeout, ResponseHeaderTimeout: limits.FetchTimeout,
		IdleConnTimeout: 10 * time.Second, MaxIdleConnsPerHost: 1, MaxResponseHeaderBytes: maxHeaders, DisableCompression: true,
		ForceAttemptHTTP2: true,
	}
}

// RoundTrip implements [http.RoundTripper].
func (t *transport) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Scheme != "http" && r.URL.Scheme != "https" {
		return nil, fmt.Errorf("scheme %q is not http or https", r.URL.Scheme)
	}
	proxy, err := t.opts.Proxy(r)
	if err != nil {
		return nil, err
	}
	if proxy == nil {
		return t.direct.RoundTrip(r)
	}
	if why := hidden(r.URL.Hostname()); why != "" && !t.opts.AllowPrivate {
		return nil, &RefusedError{r.URL.Host, why + ", asked for through a proxy"}
	}
	return t.proxied.RoundTrip(r)
}

// control is called with the address that a name was resolved to, right before it is dialled.
func (t *transport) control(network, address string, _ syscall.RawConn) error {
	if t.opts.AllowPrivate {
		return nil
	}
	to, err := netip.ParseAddrPort(address)
	if err != nil {
		return &RefusedError{address, "no IP address (" + network + ")"}
	}
	if why := t.opts.refuse(to.Addr()); why != "" {
		return &RefusedError{address, why}
	}
	return nil
}

// nets are what the registries of special-purpose addresses (RFC 6890 and its successors at IANA) keep from the public internet,
// beyond what net/netip has names for.
var nets = []struct {
	prefix netip.Prefix
	reason string
}{
	{netip.MustParsePrefix("0.0.0.0/8"), "an address of this network"},
	{netip.MustParsePrefix("100.64.0.0/10"), "an address shared behind a provider's NAT"},
	{netip.MustParsePrefix("192.0.0.0/24"), "an address kept for protocols"},
	{netip.MustParsePrefix("192.0.2.0/24"), "an address for documentation"},
	{netip.MustParsePrefix("192.88.99.0/24"), "an address of 6to4 relays"},
	{netip.MustParsePrefix("198.18.0.0/15"), "an address for benchmarks"},
	{netip.MustParsePrefix("198.51.100.0/24"), "an address for documentation"},
	{netip.MustParsePrefix("203.0.113.0/24"), "an address for documentation"},
	{netip.MustParsePrefix("240.0.0.0/4"), "a reserved address"},
	{netip.MustParsePrefix("2001::/23"), "an address kept for protocols"}, // Teredo too
	{netip.MustParsePrefix("2001:db8::/32"), "an address for documentation"},
	{netip.MustParsePrefix("2002::/16"), "a 6to4 address"},
	{netip.MustParsePrefix("3fff::/20"), "an address for documentation"},
}

var (
	global = netip.MustParsePrefix("2000::/3")     // all that is given out of IPv6
	nat64  = netip.MustParsePrefix("64:ff9b::/96") // RFC 6052: an IPv4 address is in the last four bytes
)

// reason says why an address is not of the public internet; empty for one that is.
func reason(a netip.Addr) string {
	if a.Is4In6() {
		return "an IPv4 address mapped into IPv6"
	}
	switch {
	case a.IsLoopback():
		return "a loopback address"
	case a.IsUnspecified():
		return "the unspecified address"
	case a.IsPrivate():
		return "a private address"
	case a.IsLinkLocalUnicast(), a.Zone() != "":
		return "a link-local address"
	case a.IsMulticast():
		return "a multicast address"
	}
	if nat64.Contains(a) {
		b := a.As16()
		return reason(netip.AddrFrom4([4]byte(b[12:])))
	}
	for _, n := range nets {
		if n.prefix.Contains(a) {
			return n.reason
		}
	}
	if a.Is6() && !global.Contains(a) {
		return "a reserved address"
	}
	return ""
}

// hidden says why a host may not be asked for through a proxy, which resolves it where we cannot see it.
func hidden(host string) string {
	host = strings.TrimSuffix(strings.ToLower(host), ".")
	if _, err := netip.ParseAddr(host); err == nil {
		return "an IP address"
	}
	labels := strings.Split(host, ".")
	last := labels[len(labels)-1]
	switch {
	case last == "" || strings.Trim(last, "0123456789") == "" || strings.HasPrefix(last, "0x"):
		return "an IP address" // 127.1, 0x7f000001: resolvers take them for one
	case len(labels) == 1:
		return "a name without a domain"
	case last == "localhost", last == "local", last == "internal", last == "lan", last == "intranet", last == "home", last == "corp",
		strings.HasSuffix(host, ".home.arpa"):
		return "a name of a private network"
	}
	return ""
}
