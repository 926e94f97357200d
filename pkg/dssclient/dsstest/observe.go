// SPDX-License-Identifier: Apache-2.0

package dsstest

import "net/http"

// A Request is one that was answered, as an observer sees it.
type Request struct {
	Method string
	Path   string // with the service's version; identity ids and digests as sent
	Proto  string
	Header http.Header // the Authorization header's value is replaced
	Status int         // 0: the connection was cut
}

// observed wraps a handler so that the observer hears of each request, cut connections too.
func (s *Server) observed(h http.HandlerFunc) http.Handler {
	if s.set.observe == nil {
		return h
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rec := &statusRecorder{ResponseWriter: w}
		defer func() {
			header := r.Header.Clone()
			if header.Get("Authorization") != "" {
				header.Set("Authorization", "[redacted]")
			}
			s.set.observe(Request{
				Method: r.Method, Path: r.URL.EscapedPath(), Proto: r.Proto, Header: header, Status: rec.status,
			})
		}()
		h(rec, r)
	})
}

type statusRecorder struct {
	http.ResponseWriter
	status int
}

func (r *statusRecorder) WriteHeader(status int) {
	r.status = status
	r.ResponseWriter.WriteHeader(status)
}

func (r *statusRecorder) Write(b []byte) (int, error) {
	if r.status == 0 {
		r.status = http.StatusOK
	}
	return r.ResponseWriter.Write(b)
}

// Unwrap lets http.ResponseController reach the real writer.
func (r *statusRecorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }
