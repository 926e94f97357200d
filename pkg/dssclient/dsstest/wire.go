// SPDX-License-Identifier: Apache-2.0

package dsstest

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// A problem is an answer that is not 200.
type problem struct {
	status      int
	description string
	errors      map[string]string
	withID      bool
}

func (p *problem) Error() string { return fmt.Sprintf("%d %s", p.status, p.description) }

// descriptions are the texts the service's reference has for each status.
var descriptions = map[int]string{
	http.StatusBadRequest:           "Bad Request",
	http.StatusUnauthorized:         "Unauthorized",
	http.StatusPaymentRequired:      "Quota Reached",
	http.StatusNotFound:             "Not found",
	http.StatusLengthRequired:       "Content-Length required",
	http.StatusUnsupportedMediaType: "Bad Content-Type",
	http.StatusTooManyRequests:      "Rate Limit Reached",
	http.StatusServiceUnavailable:   "Service busy, please retry later",
}

func refuse(status int) *problem {
	text, ok := descriptions[status]
	if !ok {
		text = http.StatusText(status)
	}
	return &problem{status: status, description: text}
}

const (
	jsonType    = "application/json;charset=utf-8"
	problemType = "application/problem+json;charset=utf-8"
)

// base62 identifiers of 27 digits look like those of the service's sister API.
func newID() string {
	const digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	b := make([]byte, 27)
	_, _ = rand.Read(b)
	for i, c := range b {
		b[i] = digits[int(c)%len(digits)]
	}
	return string(b)
}

func (s *Server) writeProblem(w http.ResponseWriter, p *problem) {
	body := map[string]any{"description": p.description}
	if p.withID {
		body["id"] = newID()
	}
	if len(p.errors) > 0 {
		body["errors"] = p.errors
	}
	if s.set.retryAfter > 0 && (p.status == http.StatusTooManyRequests || p.status == http.StatusServiceUnavailable) {
		value := strconv.Itoa(int(s.set.retryAfter.Seconds()))
		if s.set.retryAfterDate {
			value = s.now().Add(s.set.retryAfter).UTC().Format(http.TimeFormat)
		}
		w.Header().Set("Retry-After", value)
	}
	b, err := json.Marshal(body)
	if err != nil {
		b = []byte(`{"description":"Internal Server Error"}`)
	}
	writeBody(w, p.status, problemType, b)
}

func writeBody(w http.ResponseWriter, status int, contentType string, body []byte) {
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body)
}

// early plays the faults that strike before any work; true means the request has had its answer.
func (s *Server) early(w http.ResponseWriter, r *http.Request, op Op, h hits) bool {
	s.pause(s.set.latency[op])
	if f, ok := h[Latency]; ok {
		s.pause(f.Delay)
	}
	switch {
	case h.has(ResetBeforeCount):
		reset(r)
	case h.has(Status):
		s.writeProblem(w, refuse(h[Status].Status))
	case h.has(ServiceBusy):
		p := refuse(http.StatusServiceUnavailable)
		p.withID = true
		s.writeProblem(w, p)
	case h.has(HTMLError):
		writeBody(w, http.StatusInternalServerError, "text/html; charset=utf-8",
			[]byte("<html><head><title>500</title></head><body><h1>Internal Server Error</h1></body></html>\n"))
	case h.has(Redirect):
		w.Header().Set("Location", "https://elsewhere.invalid"+r.URL.EscapedPath())
		writeBody(w, http.StatusFound, "text/plain", nil)
	default:
		return false
	}
	return true
}

// finish sends the answer of work that was done, or what the faults make of it.
func (s *Server) finish(w http.ResponseWriter, r *http.Request, h hits, contentType string, body []byte) {
	switch {
	case h.has(ResetAfterCount):
		reset(r)
	case h.has(Hang):
		select {
		case <-r.Context().Done():
		case <-s.closing:
		}
		panic(http.ErrAbortHandler)
	case h.has(Accepted):
		writeBody(w, http.StatusAccepted, contentType, []byte("{}"))
	case h.has(EmptyBody):
		writeBody(w, http.StatusOK, contentType, nil)
	case h.has(MissingMember):
		writeBody(w, http.StatusOK, contentType, []byte("{}"))
	case h.has(MalformedJSON):
		writeBody(w, http.StatusOK, contentType, append([]byte(`{"`), body...))
	case h.has(TruncatedBody):
		w.Header().Set("Content-Type", contentType)
		w.Header().Set("Content-Length", strconv.Itoa(len(body)))
		_, _ = w.Write(body[:len(body)/2])
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	case h.has(HugeBody):
		writeHuge(w, contentType, body)
	default:
		writeBody(w, http.StatusOK, contentType, body)
	}
}

// hugeBody is far above what any answer of the service needs.
const hugeBody = 64 << 20

func writeHuge(w http.ResponseWriter, contentType string, body []byte) {
	w.Header().Set("Content-Type", contentType)
	spaces := bytes.Repeat([]byte(" "), 1<<16)
	for range hugeBody / len(spaces) {
		if _, err := w.Write(spaces); err != nil {
			return
		}
	}
	_, _ = w.Write(body)
}

// pause delays an answer. It does not end when the client gives up: a slow service goes on to do, and bill, the work.
func (s *Server) pause(d time.Duration) {
	if d <= 0 {
		return
	}
	select {
	case <-s.set.after(d):
	case <-s.closing:
	}
}

type connKey struct{}

// rememberConn lets a handler reach the connection below TLS and HTTP/2.
func rememberConn(ctx context.Context, c net.Conn) context.Context {
	return context.WithValue(ctx, connKey{}, c)
}

// reset cuts the request's TCP connection, whatever HTTP version runs on it, and ends the handler.
func reset(r *http.Request) {
	c, _ := r.Context().Value(connKey{}).(net.Conn)
	if t, ok := c.(*tls.Conn); ok {
		c = t.NetConn()
	}
	if t, ok := c.(*net.TCPConn); ok {
		_ = t.SetLinger(0) // RST instead of FIN
	}
	if c != nil {
		_ = c.Close()
	}
	panic(http.ErrAbortHandler)
}

// maxBody bounds what a client may send.
const maxBody = 1 << 20

// readBody does the header checks of a POST, in the order of the sister API: 411, 415, 400.
func (s *Server) readBody(r *http.Request) ([]byte, *problem) {
	if r.ContentLength < 1 {
		return nil, refuse(http.StatusLengthRequired)
	}
	if !s.acceptable(r.Header.Get("Content-Type")) {
		return nil, refuse(http.StatusUnsupportedMediaType)
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody))
	if err != nil || !json.Valid(body) {
		return nil, refuse(http.StatusBadRequest)
	}
	return body, nil
}

// acceptable takes every spelling of JSON in UTF-8 that clients in the field send.
func (s *Server) acceptable(contentType string) bool {
	if s.set.strictContentType {
		return contentType == jsonType
	}
	t, params, found := strings.Cut(contentType, ";")
	if !found || !strings.EqualFold(strings.TrimSpace(t), "application/json") {
		return false
	}
	name, value, _ := strings.Cut(strings.TrimSpace(params), "=")
	return strings.EqualFold(strings.TrimSpace(name), "charset") &&
		strings.EqualFold(strings.Trim(strings.TrimSpace(value), `"`), "utf-8")
}
