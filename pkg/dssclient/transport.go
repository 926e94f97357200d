// SPDX-License-Identifier: Apache-2.0

package dssclient

import (
	"context"
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"reflect"
	"sync"
	"sync/atomic"
	"time"
)

// NewTransport makes the transport that New would use, for a caller who wraps it.
func NewTransport(cfg *Config) (*http.Transport, error) {
	if err := checkCertificate(&cfg.Certificate); err != nil {
		return nil, err
	}
	certificate := cfg.Certificate
	proxy := cfg.Proxy
	if proxy == nil {
		proxy = http.ProxyFromEnvironment
	}
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	protocols.SetHTTP2(cfg.HTTP2)
	dialer := &net.Dialer{Timeout: dialTimeout}
	return &http.Transport{
		Proxy: quietProxy(proxy),
		DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
			conn, err := dialer.DialContext(ctx, network, addr)
			if err != nil {
				return nil, err
			}
			return &countedConn{Conn: testOnlyWrapConn(conn)}, nil
		},
		TLSClientConfig: &tls.Config{
			MinVersion: tls.VersionTLS12,
			RootCAs:    cfg.RootCAs,
			// Not Certificates: crypto/tls would send an empty list when the issuer is not among the CA names the
			// server hints at, and gateways often hint at a root only, or at something outdated. Whether the certificate
			// is good is the server's to say, in words that name it.
			GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
				return &certificate, nil
			},
		},
		TLSHandshakeTimeout:    handshakeTimeout,
		IdleConnTimeout:        idleTimeout,
		MaxIdleConnsPerHost:    idleConnections,
		MaxResponseHeaderBytes: maxHeader,
		DisableCompression:     true, // size limits count what is on the wire
		Protocols:              protocols,
	}, nil
}

// testOnlyWrapConn lets tests break connections below TLS.
var testOnlyWrapConn = func(c net.Conn) net.Conn { return c }

// checkCertificate finds a missing or foreign key before the handshake does, in clearer words.
func checkCertificate(c *tls.Certificate) error {
	if len(c.Certificate) == 0 {
		return errors.New("client certificate is missing")
	}
	leaf, err := x509.ParseCertificate(c.Certificate[0])
	if err != nil {
		return fmt.Errorf("read client certificate: %w", err)
	}
	signer, ok := c.PrivateKey.(crypto.Signer)
	if !ok {
		return errors.New("client certificate has no private key that can sign")
	}
	pub, ok := signer.Public().(interface{ Equal(crypto.PublicKey) bool })
	if !ok || !pub.Equal(leaf.PublicKey) {
		return errors.New("private key does not belong to the client certificate")
	}
	return nil
}

// quietProxy keeps the proxy's address, which may hold a password, out of errors.
func quietProxy(find func(*http.Request) (*url.URL, error)) func(*http.Request) (*url.URL, error) {
	return func(r *http.Request) (*url.URL, error) {
		u, err := find(r)
		if err != nil {
			return nil, errors.New("proxy setting is not a URL")
		}
		return u, nil
	}
}

// A onceBody is the empty body of a billed GET. net/http sends a GET again when a reused connection breaks, unless it
// has a body that cannot be had twice: not nil, not http.NoBody, and no GetBody. Over HTTP/1.1 the request still goes
// out as a plain GET, since net/http looks into the body first and finds nothing; over HTTP/2 it is HEADERS and an empty
// DATA frame. TestBilledWireForm holds both.
type onceBody struct{}

func (onceBody) Read([]byte) (int, error) { return 0, io.EOF }
func (onceBody) Close() error             { return nil }

// A countedConn counts what is written to the network.
type countedConn struct {
	net.Conn
	written atomic.Int64
	writing atomic.Int64
}

func (c *countedConn) Write(b []byte) (int, error) {
	c.writing.Add(1)
	n, err := c.Conn.Write(b)
	c.written.Add(int64(n))
	c.writing.Add(-1)
	return n, err
}

// A tracker follows one request through net/http and knows whether any of it can have left.
type tracker struct {
	mu   sync.Mutex
	uses []use
}

type use struct {
	conn   *countedConn // nil: not ours, or shared with other requests (HTTP/2)
	from   int64
	reused bool
}

func (t *tracker) trace(ctx context.Context) context.Context {
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: t.gotConn})
}

func (t *tracker) gotConn(info httptrace.GotConnInfo) {
	u := use{conn: counted(info.Conn), reused: info.Reused}
	if u.conn != nil {
		u.from = u.conn.written.Load()
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.uses = append(t.uses, u)
}

// counted finds our connection below TLS. A shared HTTP/2 connection is nobody's: what is written to it, and when,
// cannot be told from outside.
func counted(c net.Conn) *countedConn {
	for {
		switch x := c.(type) {
		case *countedConn:
			return x
		case *tls.Conn:
			if x.ConnectionState().NegotiatedProtocol == "h2" {
				return nil
			}
			c = x.NetConn()
		default:
			return nil
		}
	}
}

// sent reports whether any of the request may have left. Without a connection nothing has, provided that the transport
// reports connections at all: one that is not ours is believed only about a failed dial or a
// server certificate that is not trusted.
func (t *tracker) sent(transportIsOurs bool, err error) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.uses) == 0 {
		var op *net.OpError
		var verify *tls.CertificateVerificationError
		dial := errors.As(err, &op) && op.Op == "dial" || errors.As(err, &verify)
		return !transportIsOurs && !dial
	}
	fresh := true
	for _, u := range t.uses {
		fresh = fresh && !u.reused
	}
	// In TLS 1.3 the client may write before the server has judged its certificate; a server that refuses it has read
	// nothing.
	if fresh && certificateAlert(err) {
		return false
	}
	for _, u := range t.uses {
		if u.conn == nil || u.conn.writing.Load() != 0 || u.conn.written.Load() != u.from {
			return true
		}
	}
	return false
}

// stale reports whether the request was given a connection that had served others before.
func (t *tracker) stale() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.uses) != 0 && t.uses[len(t.uses)-1].reused
}

// certificateAlert reports whether the server ended the handshake with an alert about the client certificate. crypto/tls
// gives the alert as *net.OpError with an unexported integer type (RFC 8446 section 6.2 has the numbers).
func certificateAlert(err error) bool {
	var op *net.OpError
	if !errors.As(err, &op) || op.Op != "remote error" {
		return false
	}
	v := reflect.ValueOf(op.Err)
	if v.Kind() != reflect.Uint8 {
		return false
	}
	switch v.Uint() {
	case 42, 43, 44, 45, 46, // bad, unsupported, revoked, expired, unknown certificate
		48, 49, 116: // unknown CA, access denied, certificate required
		return true
	}
	return false
}

// hopeless reports whether a failed connection would fail again at once.
func hopeless(err error) bool {
	var verify *tls.CertificateVerificationError
	var record tls.RecordHeaderError
	return errors.As(err, &verify) || errors.As(err, &record) || errors.Is(err, ErrClientCertificate)
}

// A clockReading is an estimate of the server's clock.
type clockReading struct {
	skew, uncertainty time.Duration
	at                time.Time
}

// readClock compares a Date header with our clock before and after the exchange. The header is cut to whole seconds, so
// the server's clock was somewhere in the second that follows.
func readClock(date string, before, after time.Time) (clockReading, bool) {
	server, err := http.ParseTime(date)
	if err != nil {
		return clockReading{}, false
	}
	half := after.Sub(before) / 2
	middle := before.Add(half)
	return clockReading{
		skew:        server.Add(time.Second / 2).Sub(middle.Round(0)),
		uncertainty: half + time.Second/2,
		at:          after,
	}, true
}

// better reports whether next should replace r: it is more exact, r is old, or both cannot be true.
func (r clockReading) better(next clockReading) bool {
	return r.at.IsZero() || next.uncertainty <= r.uncertainty || next.at.Sub(r.at).Abs() > TokenLifetime ||
		(next.skew-r.skew).Abs() > next.uncertainty+r.uncertainty
}
