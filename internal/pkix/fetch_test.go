// SPDX-License-Identifier: Apache-2.0

package pkix_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"golang.org/x/crypto/ocsp"

	"gsign/internal/limits"
	"gsign/internal/pkix"
	"gsign/internal/pkix/pkixtest"
)

// world serves what CAs serve, and what they should not.
func world(t *testing.T, p *pkixtest.PKI) *httptest.Server {
	t.Helper()
	answer := p.OCSP(t, p.Leaf, now)
	list := p.CRL(t, p.CA, now)
	mux := http.NewServeMux()
	mux.HandleFunc("POST /ocsp", func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		if r.Header.Get("Content-Type") != "application/ocsp-request" || !about(p, b) {
			http.Error(w, "odd request", http.StatusBadRequest)
			return
		}
		_, _ = w.Write(answer)
	})
	mux.HandleFunc("POST /get-only/", func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no", http.StatusMethodNotAllowed) })
	mux.HandleFunc("GET /get-only/{request}", func(w http.ResponseWriter, r *http.Request) {
		b, err := base64.StdEncoding.DecodeString(r.PathValue("request"))
		if err != nil || !about(p, b) {
			http.Error(w, "odd request", http.StatusBadRequest)
			return
		}
		_, _ = w.Write(answer)
	})
	serve := func(path string, b []byte) {
		mux.HandleFunc("GET "+path, func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Cookie") != "" {
				http.Error(w, "cookie", http.StatusBadRequest)
				return
			}
			w.Header().Set("Content-Type", "text/html") // as some do, whatever it is
			_, _ = w.Write(b)
		})
	}
	serve("/crl.der", list)
	serve("/crl.pem", pemOf("X509 CRL", list))
	serve("/ca.der", p.CA.Certificate.Raw)
	serve("/ca.pem", pemOf("CERTIFICATE", p.CA.Certificate.Raw))
	serve("/ca.p7c", certsOnly(t, p.CA.Certificate, p.Root.Certificate))
	serve("/empty", nil)
	serve("/large", make([]byte, limits.MaxCertificateBundle+1))
	serve("/html", []byte("<html>sorry</html>"))
	for n, path := range []string{"/crl.der", "/r0", "/r1", "/r2", "/r3"} {
		mux.Handle("GET /r"+string(rune('0'+n)), http.RedirectHandler(path, http.StatusFound))
	}
	mux.Handle("GET /to-file", http.RedirectHandler("file:///etc/passwd", http.StatusFound))
	mux.HandleFunc("GET /hang", func(_ http.ResponseWriter, r *http.Request) {
		<-r.Context().Done()
		panic(http.ErrAbortHandler) // an empty answer could arrive before the client has left
	})
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s
}

// about reports whether the request is about the leaf.
func about(p *pkixtest.PKI, request []byte) bool {
	r, err := ocsp.ParseRequest(request)
	return err == nil && r.SerialNumber.Cmp(p.Leaf.Certificate.SerialNumber) == 0
}

func TestFetcher(t *testing.T) {
	p := pkixtest.New(t, now)
	s := world(t, p)
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	jar.SetCookies(u, []*http.Cookie{{Name: "secret", Value: "x"}})
	f := &pkix.Fetcher{Client: &http.Client{Jar: jar}}
	ctx := t.Context()
	for _, path := range []string{"/ocsp", "/get-only", "/get-only/"} {
		b, err := f.OCSP(ctx, s.URL+path, p.Leaf.Certificate, p.CA.Certificate)
		if err != nil {
			t.Errorf("%s: %v", path, err)
			continue
		}
		if _, err := pkix.CheckOCSP(b, p.Leaf.Certificate, p.CA.Certificate, nil, now); err != nil {
			t.Errorf("%s: %v", path, err)
		}
	}
	for _, path := range []string{"/crl.der", "/crl.pem", "/r0", "/r2"} {
		b, err := f.CRL(ctx, s.URL+path)
		if err != nil {
			t.Errorf("%s: %v", path, err)
			continue
		}
		if _, err := pkix.CheckCRL(b, p.Leaf.Certificate, p.CA.Certificate, now); err != nil {
			t.Errorf("%s: %v", path, err)
		}
	}
	for path, n := range map[string]int{"/ca.der": 1, "/ca.pem": 1, "/ca.p7c": 2} {
		certs, err := f.Certificates(ctx, s.URL+path)
		if err != nil || len(certs) != n {
			t.Errorf("%s: %d certificates, %v", path, len(certs), err)
		}
	}
	if f.Fetches() != 12 { // the two at /get-only asked twice
		t.Errorf("%d fetches counted", f.Fetches())
	}
}

func TestFetcherRefuses(t *testing.T) {
	p := pkixtest.New(t, now)
	s := world(t, p)
	closed := httptest.NewServer(http.NotFoundHandler())
	closed.Close()
	for _, tt := range []struct{ name, address, want string }{
		{"not found", s.URL + "/nowhere", "HTTP status 404"},
		{"empty", s.URL + "/empty", "empty answer"},
		{"too large", s.URL + "/large", "more than"},
		{"not a certificate", s.URL + "/html", "neither a certificate nor PEM"},
		{"too many redirects", s.URL + "/r3", "more than 3 redirects"},
		{"redirect to a file", s.URL + "/to-file", `scheme "file" is not http or https`},
		{"nobody there", closed.URL, "refused"},
		{"file", "file:///etc/passwd", `scheme "file" is not http or https`},
		{"ldap", "ldap://ldap.example/cn=x", `scheme "ldap" is not http or https`},
		{"no host", "http:///ca.der", "without a host"},
		{"user name", "http://jo:hush@" + strings.TrimPrefix(s.URL, "http://") + "/ca.der", "user name"},
		{"no address", "http://a b/", "invalid character"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := new(pkix.Fetcher).Certificates(t.Context(), tt.address)
			var e *pkix.FetchError
			if !errors.As(err, &e) || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "hush") {
				t.Fatalf("got %v, want %q", err, tt.want)
			}
			if e.Method != http.MethodGet || !strings.HasPrefix(err.Error(), "fetching "+e.URL+": ") || strings.Count(err.Error(), e.URL) != 1 {
				t.Errorf("%+v: %v", e, err)
			}
		})
	}
}

func TestFetcherCancelled(t *testing.T) {
	s := world(t, pkixtest.New(t, now))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	f := &pkix.Fetcher{}
	if _, err := f.CRL(ctx, s.URL+"/hang"); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

// A CRL in PEM may be a third longer than one in DER, and no more.
func TestFetcherBoundsCRL(t *testing.T) {
	for size, want := range map[int]string{limits.MaxCRL: "", limits.MaxCRL + 1: "more than"} {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write(pemOf("X509 CRL", bytes.Repeat([]byte{1}, size)))
		}))
		_, err := new(pkix.Fetcher).CRL(t.Context(), s.URL)
		s.Close()
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%d bytes: %v", size, err)
		}
	}
}
