// SPDX-License-Identifier: Apache-2.0

package dssclient

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"
)

// A pipes is a network of net.Pipe, for tests in a bubble: what waits there for time to pass waits for nothing else, so a
// busy machine changes nothing. It is the service's listener and dials for clients.
type pipes struct {
	conns chan net.Conn
	done  chan struct{}
	once  sync.Once
}

// pipedService is a service that nobody serves yet, and its network.
func pipedService(t *testing.T) (*service, *pipes) {
	t.Helper()
	s := newService(t)
	s.url = "https://example.com"
	n := &pipes{conns: make(chan net.Conn), done: make(chan struct{})}
	t.Cleanup(func() { _ = n.Close() })
	return s, n
}

func (n *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-n.conns:
		return c, nil
	case <-n.done:
		return nil, net.ErrClosed
	}
}

func (n *pipes) Close() error {
	n.once.Do(func() { close(n.done) })
	return nil
}

func (n *pipes) Addr() net.Addr { return &net.TCPAddr{} }

func (n *pipes) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	client, server := net.Pipe()
	select {
	case n.conns <- server:
		return &countedConn{Conn: client}, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// serve answers as the service does.
func (n *pipes) serve(s *service) {
	server := &http.Server{Handler: s, ErrorLog: quietLog}
	go func() { _ = server.Serve(tls.NewListener(n, s.tls())) }()
	s.t.Cleanup(func() { _ = server.Close() })
}

// client is the service's client, whose connections go here. In a bubble it is the year 2000.
func (n *pipes) client(s *service, change ...func(*Config)) *Client {
	s.t.Helper()
	c := s.client(change...)
	transport := c.http.Transport.(*http.Transport)
	transport.DialContext, transport.Proxy = n.dial, nil
	transport.TLSClientConfig.Time = s.pki.now
	return c
}

// tls is the configuration of a server at any time.
func (s *service) tls() *tls.Config {
	return &tls.Config{Certificates: []tls.Certificate{s.pki.server}, ClientAuth: tls.RequireAnyClientCert, Time: s.pki.now}
}

// now is a time at which all certificates are good.
func (p *testPKI) now() time.Time { return p.root.cert.NotBefore.Add(time.Hour) }

// untilGone reads the request and waits for the client to leave. It aborts: a TLS client reads on until its goodbye is
// sent, and nothing may arrive in between.
func untilGone(_ http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body) // only then the server notices that the client has gone
	<-r.Context().Done()
	panic(http.ErrAbortHandler)
}
