// SPDX-License-Identifier: Apache-2.0

package dssclient

import (
	"crypto/tls"
	"encoding/binary"
	"io"
	"net"
	"sync/atomic"
	"testing"
)

// A rawHTTP2 is just enough of an HTTP/2 server to misbehave in ways that net/http's cannot. It answers the first two
// requests of the first connection (login and a read) and treats all others as billed: it counts and refuses them.
type rawHTTP2 struct {
	addr    string
	refusal string
	warmups atomic.Int32
	billed  atomic.Int32
	again   func() // called at the second billed request; nil: nothing
}

func startRawHTTP2(t *testing.T, refusal string) *rawHTTP2 {
	t.Helper()
	p := sharedPKI(t)
	l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{
		Certificates: []tls.Certificate{p.server}, ClientAuth: tls.RequireAnyClientCert, NextProtos: []string{"h2"},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	s := &rawHTTP2{addr: l.Addr().String(), refusal: refusal}
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go s.serve(conn.(*tls.Conn))
		}
	}()
	return s
}

func (s *rawHTTP2) client(t *testing.T) *Client {
	t.Helper()
	fake := newService(t)
	fake.url = "https://" + s.addr
	return fake.client(func(cfg *Config) { cfg.HTTP2 = true })
}

// Frame types of RFC 9113 section 6 and error codes of section 7.
const (
	frameData, frameHeaders, frameReset, frameSettings, frameGoAway = 0, 1, 3, 4, 7

	codeProtocol, codeRefused, codeCancel = 1, 7, 8
)

func writeFrame(w io.Writer, kind, flags byte, stream uint32, payload []byte) {
	b := []byte{byte(len(payload) >> 16), byte(len(payload) >> 8), byte(len(payload)), kind, flags}
	b = binary.BigEndian.AppendUint32(b, stream)
	_, _ = w.Write(append(b, payload...))
}

func words(v ...uint32) []byte {
	var b []byte
	for _, x := range v {
		b = binary.BigEndian.AppendUint32(b, x)
	}
	return b
}

func (s *rawHTTP2) serve(conn *tls.Conn) {
	defer func() { _ = conn.Close() }()
	if _, err := io.ReadFull(conn, make([]byte, len("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"))); err != nil {
		return
	}
	writeFrame(conn, frameSettings, 0, 0, nil)
	for {
		head := make([]byte, 9)
		if _, err := io.ReadFull(conn, head); err != nil {
			return
		}
		n := int64(head[0])<<16 | int64(head[1])<<8 | int64(head[2])
		if _, err := io.CopyN(io.Discard, conn, n); err != nil {
			return
		}
		kind, stream := head[3], binary.BigEndian.Uint32(head[5:])&0x7fffffff
		switch {
		case kind == frameSettings && head[4]&1 == 0:
			writeFrame(conn, frameSettings, 1, 0, nil)
		case kind == frameHeaders:
			s.request(conn, stream)
		}
	}
}

func (s *rawHTTP2) request(conn *tls.Conn, stream uint32) {
	const endStream, endHeaders = 1, 4
	if s.warmups.Add(1) <= 2 {
		writeFrame(conn, frameHeaders, endHeaders, stream, []byte{0x88}) // :status 200 of HPACK's static table
		writeFrame(conn, frameData, endStream, stream, []byte(`{"access_token":"t","value":1}`))
		return
	}
	if s.billed.Add(1) == 2 && s.again != nil {
		s.again()
	}
	switch s.refusal {
	case "refused-stream":
		writeFrame(conn, frameReset, 0, stream, words(codeRefused))
	case "protocol-error":
		writeFrame(conn, frameReset, 0, stream, words(codeProtocol))
	case "cancel":
		writeFrame(conn, frameReset, 0, stream, words(codeCancel))
	case "goaway": // the last stream processed is an earlier one
		writeFrame(conn, frameGoAway, 0, 0, words(stream-2, 0))
	case "goaway-late": // the last stream processed is this one, and the connection ends
		writeFrame(conn, frameGoAway, 0, 0, words(stream, 0))
		_ = conn.Close()
	case "reset":
		if tcp, ok := conn.NetConn().(*net.TCPConn); ok {
			_ = tcp.SetLinger(0)
			_ = tcp.Close()
		}
	}
}
