// SPDX-License-Identifier: Apache-2.0

package ltv

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"gsign/internal/limits"
	"gsign/internal/pkix/pkixtest"
)

// ocspAbout makes an answer about the signer with one thing changed.
func ocspAbout(w *world, change func(*pkixtest.OCSP)) []byte {
	now := time.Now()
	o := pkixtest.OCSP{
		Singles:      []pkixtest.Single{{Certificate: w.Leaf.Certificate, Issuer: w.PKI.CA.Certificate, ThisUpdate: now, NextUpdate: now.Add(time.Hour)}},
		Responder:    w.Responder,
		ProducedAt:   now,
		Certificates: []*x509.Certificate{w.Responder.Certificate},
	}
	change(&o)
	return o.Marshal(panicTB{})
}

func crlOf(w *world, change func(*pkixtest.CRL)) []byte {
	c := pkixtest.CRL{Issuer: w.PKI.CA, ThisUpdate: time.Now(), NextUpdate: time.Now().Add(time.Hour)}
	change(&c)
	return c.Marshal(panicTB{})
}

func huge(n int) http.HandlerFunc {
	return func(rw http.ResponseWriter, _ *http.Request) {
		chunk := make([]byte, 1<<20)
		for left := n; left > 0; left -= len(chunk) {
			if _, err := rw.Write(chunk[:min(left, len(chunk))]); err != nil {
				return
			}
		}
	}
}

func loop(rw http.ResponseWriter, r *http.Request) {
	http.Redirect(rw, r, r.URL.Path, http.StatusFound)
}

// Each way in which a responder fails leads to the CRL, and the reason is kept. Where the CRL fails as well, the error
// names the certificate and both.
func TestResponderFails(t *testing.T) {
	w := newWorld(t, time.Now(), shape{nocheck: true})
	stranger := w.Root.CA(t, "TEST other CA", w.Now.Add(-day), w.Now.Add(day))
	alien := stranger.Responder(t, "TEST alien responder", true, w.Now.Add(-day), w.Now.Add(day))
	for _, tt := range []struct {
		name    string
		handler http.HandlerFunc
		want    string // in the reason
	}{
		{"status 500", status(500), "500"},
		{"empty", status(200), "empty"},
		{"malformed", body([]byte("<html>busy</html>")), "F1"},
		{"tryLater", body(pkixtest.OCSP{ResponseStatus: 3}.Marshal(t)), "F1"},
		{"about another certificate", body(w.PKI.OCSP(t, w.PKI.Responder, w.Now)), "F1"},
		{"broken signature", body(ocspAbout(w, func(o *pkixtest.OCSP) { o.BreakSignature = true })), "F1"},
		{"status unknown", body(ocspAbout(w, func(o *pkixtest.OCSP) { o.Singles[0].Status = pkixtest.Unknown })), "F1"},
		{"responder of another CA", body(ocspAbout(w, func(o *pkixtest.OCSP) {
			o.Responder, o.Certificates = alien, []*x509.Certificate{alien.Certificate}
		})), "F2"},
		{"responder without a certificate", body(ocspAbout(w, func(o *pkixtest.OCSP) { o.Certificates = nil })), "F"},
		{"stale", body(ocspAbout(w, func(o *pkixtest.OCSP) { o.Singles[0].NextUpdate = w.Now.Add(-time.Hour) })), "F5"},
		{"without nextUpdate", body(ocspAbout(w, func(o *pkixtest.OCSP) { o.Singles[0].NextUpdate = time.Time{} })), "F5"},
		{"from the future", body(ocspAbout(w, func(o *pkixtest.OCSP) { o.Singles[0].ThisUpdate = w.Now.Add(30 * time.Minute) })), "F5"},
		{"older than the certificate", body(ocspAbout(w, func(o *pkixtest.OCSP) { o.Singles[0].ThisUpdate = w.Now.Add(-time.Minute) })), "F6"},
		{"huge", huge(limits.MaxOCSPResponse + 1), "more than"},
		{"redirect loop", loop, "redirects"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := w.copy(t)
			w.set("/ocsp/signca", tt.handler)
			e, err := (&Online{Client: w.client}).Evidence(t.Context(), w.Leaf.Certificate, w.PKI.CA.Certificate)
			if err != nil {
				t.Fatal(err)
			}
			if len(e.CRLs) != 1 || len(e.OCSPResponses) != 0 || len(e.Tries) != 2 {
				t.Fatalf("got %d CRLs, %d OCSP responses, %d tries, want 1, 0, 2", len(e.CRLs), len(e.OCSPResponses), len(e.Tries))
			}
			if try := e.Tries[0]; try.Err == nil || !strings.Contains(try.Err.Error(), tt.want) || !strings.HasSuffix(try.URL, "/ocsp/signca") {
				t.Errorf("first try %s, want a reason with %q", try, tt.want)
			}
			if try := e.Tries[1]; try.Err != nil || try.Method != MethodCRL || try.Bytes == 0 {
				t.Errorf("second try %s of %d bytes, want a CRL", try, try.Bytes)
			}
			w.set("/crl/signca", status(503))
			_, err = (&Online{Client: w.client}).Evidence(t.Context(), w.Leaf.Certificate, w.PKI.CA.Certificate)
			checkIncompleteOrRevoked(t, err, "CN=TEST signer")
			checkIncompleteOrRevoked(t, err, tt.want)
			checkIncompleteOrRevoked(t, err, "503")
		})
	}
}

// A responder that does not answer costs the client's patience and leads to the CRL.
func TestSlowResponder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &world{
			PKI:     makePKI(t, time.Now(), "http://responder.test", shape{nocheck: true, age: 5 * time.Second}),
			replace: map[string]http.HandlerFunc{}, hits: map[string]int{},
		}
		w.set("/ocsp/signca", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
		client := &http.Client{Transport: direct{w}, Timeout: 17 * time.Second}
		start := time.Now()
		e, err := (&Online{Client: client}).Evidence(t.Context(), w.Leaf.Certificate, w.PKI.CA.Certificate)
		if err != nil {
			t.Fatal(err)
		}
		if len(e.CRLs) != 1 || len(e.OCSPResponses) != 0 || len(e.Tries) != 2 {
			t.Fatalf("got %d CRLs, %d OCSP responses, %d tries, want 1, 0, 2", len(e.CRLs), len(e.OCSPResponses), len(e.Tries))
		}
		if try := e.Tries[0]; try.Err == nil || !strings.Contains(try.Err.Error(), "exceeded") || time.Since(start) != client.Timeout {
			t.Errorf("first try %s after %v, want given up after %v", try, time.Since(start), client.Timeout)
		}
		w.set("/crl/signca", status(503))
		_, err = (&Online{Client: client}).Evidence(t.Context(), w.Leaf.Certificate, w.PKI.CA.Certificate)
		checkIncompleteOrRevoked(t, err, "exceeded")
		checkIncompleteOrRevoked(t, err, "503")
	})
}

// direct lets a handler answer without a network.
type direct struct{ http.Handler }

func (d direct) RoundTrip(r *http.Request) (*http.Response, error) {
	rec := httptest.NewRecorder()
	d.ServeHTTP(rec, r)
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	return rec.Result(), nil
}

// copy is the same hierarchy behind another server, at which the certificates do not point; its client goes there.
func (w *world) copy(t *testing.T) *world {
	t.Helper()
	c := newWorld(t, w.Now, shape{nocheck: true})
	c.PKI = w.PKI
	host := strings.TrimPrefix(c.url, "http://")
	c.client = &http.Client{Transport: rehost{host, http.DefaultTransport}}
	return c
}

type rehost struct {
	host string
	next http.RoundTripper
}

func (r rehost) RoundTrip(req *http.Request) (*http.Response, error) {
	req = req.Clone(req.Context())
	req.URL.Host = r.host
	return r.next.RoundTrip(req)
}

// Each way in which a CRL can be bad (F11).
func TestListFails(t *testing.T) {
	w := newWorld(t, time.Now(), shape{nocheck: true})
	forger := pkixtest.Root(t, "TEST forger", w.Now.Add(-day), w.Now.Add(day))
	for _, tt := range []struct {
		name    string
		handler http.HandlerFunc
		want    string
	}{
		{"status 404", status(404), "404"},
		{"malformed", body([]byte("nothing")), "CRL"},
		{"of another CA", body(pkixtest.CRL{Issuer: forger, ThisUpdate: w.Now, NextUpdate: w.Now.Add(day)}.Marshal(t)), "F11"},
		{"stale", body(crlOf(w, func(c *pkixtest.CRL) {
			c.ThisUpdate, c.NextUpdate = w.Now.Add(-2*day), w.Now.Add(-day)
		})), "F"},
		{"delta", body(crlOf(w, func(c *pkixtest.CRL) {
			c.Extensions = append(c.Extensions, pkixExtension("2.5.29.27", true, []byte{2, 1, 1}))
		})), "F11"},
		{"only CAs", body(crlOf(w, func(c *pkixtest.CRL) {
			c.Extensions = append(c.Extensions, pkixExtension("2.5.29.28", true, []byte{0x30, 3, 0x82, 1, 0xff}))
		})), "F11"},
		{"huge", huge(limits.MaxCRL * 2), "more than"},
		{"redirect loop", loop, "redirects"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := w.copy(t)
			w.set("/ocsp/signca", status(500))
			w.set("/crl/signca", tt.handler)
			_, err := (&Online{Client: w.client}).Evidence(t.Context(), w.Leaf.Certificate, w.PKI.CA.Certificate)
			checkIncompleteOrRevoked(t, err, tt.want)
		})
	}
	t.Run("PEM is taken", func(t *testing.T) {
		w := w.copy(t)
		w.set("/ocsp/signca", status(500))
		der := crlOf(w, func(*pkixtest.CRL) {})
		w.set("/crl/signca", body(pem.EncodeToMemory(&pem.Block{Type: "X509 CRL", Bytes: der})))
		e, err := (&Online{Client: w.client}).Evidence(t.Context(), w.Leaf.Certificate, w.PKI.CA.Certificate)
		if err != nil || len(e.CRLs) != 1 || !bytes.Equal(e.CRLs[0], der) {
			t.Errorf("got %d CRLs, error %v, want the list as DER", len(e.CRLs), err)
		}
	})
}

// A revoked certificate is its own error, said by whichever answers, and no other place is asked for a better opinion.
func TestRevoked(t *testing.T) {
	w := newWorld(t, time.Now(), shape{nocheck: true})
	at := w.Now.Add(time.Second)
	revoked := ocspAbout(w, func(o *pkixtest.OCSP) {
		o.Singles[0].Status, o.Singles[0].RevokedAt, o.Singles[0].Reason = pkixtest.Revoked, at, 1
	})
	listed := crlOf(w, func(c *pkixtest.CRL) {
		c.Revoked = []x509.RevocationListEntry{{SerialNumber: w.Leaf.Certificate.SerialNumber, RevocationTime: at, ReasonCode: 1}}
	})
	for _, method := range []string{MethodOCSP, MethodCRL} {
		t.Run(method, func(t *testing.T) {
			w := w.copy(t)
			if method == MethodOCSP {
				w.set("/ocsp/signca", body(revoked))
			} else {
				w.set("/ocsp/signca", status(500))
				w.set("/crl/signca", body(listed))
			}
			_, _, err := collectFor(t, signed(w.PKI, w.Now), &Options{Source: &Online{Client: w.client}})
			var e *RevokedError
			if !errors.As(err, &e) {
				t.Fatalf("error %v, want a *RevokedError", err)
			}
			if e.Method != method || e.Reason != 1 || !e.At.Equal(at) || !strings.Contains(e.Certificate, "TEST signer") || e.URL == "" {
				t.Errorf("got %+v", e)
			}
			if method == MethodOCSP && w.count("/crl/signca") != 0 {
				t.Error("a revoked certificate's CRL was asked for")
			}
		})
	}
	t.Run("at hand", func(t *testing.T) {
		w := w.copy(t)
		_, _, err := collectFor(t, signed(w.PKI, w.Now), &Options{Source: &Online{Client: w.client}, OCSPResponses: [][]byte{revoked}})
		checkIncompleteOrRevoked(t, err, "was revoked at")
	})
}

// Several addresses are tried in the certificate's order, addresses nobody speaks are passed over.
func TestSeveralAddresses(t *testing.T) {
	w := newWorld(t, time.Now(), shape{nocheck: true})
	more := func(c *x509.Certificate) {
		c.OCSPServer = []string{"ldap://x/", w.url + "/ocsp/dead", w.url + "/ocsp/signca", w.url + "/ocsp/spare"}
	}
	leaf := w.PKI.CA.Leaf(t, "TEST signer", w.Leaf.Key, w.Now, w.Now.Add(10*time.Minute), more)
	w.Leaf = leaf
	online := &Online{Client: w.client}
	e, err := online.Evidence(t.Context(), leaf.Certificate, w.PKI.CA.Certificate)
	if err != nil {
		t.Fatal(err)
	}
	if len(e.Tries) != 2 || e.Tries[0].Err == nil || e.Tries[1].Err != nil || w.count("/ocsp/spare") != 0 {
		t.Errorf("tries %v, spare asked %d times", e.Tries, w.count("/ocsp/spare"))
	}
	many := func(c *x509.Certificate) {
		for i := range 50 {
			c.OCSPServer = append(c.OCSPServer, fmt.Sprintf("%s/ocsp/dead%d", w.url, i))
		}
	}
	leaf = w.PKI.CA.Leaf(t, "TEST signer", w.Leaf.Key, w.Now, w.Now.Add(10*time.Minute), many)
	e, err = online.Evidence(t.Context(), leaf.Certificate, w.PKI.CA.Certificate)
	if err == nil || len(e.Tries) != limits.URLsPerCertificate {
		t.Errorf("%d tries, error %v, want %d tries and an error", len(e.Tries), err, limits.URLsPerCertificate)
	}
}

// Many documents that share one Online download every answer once, apart from the signer's, which has to be younger
// than each timestamp.
func TestOneDownload(t *testing.T) {
	w := newWorld(t, time.Now(), shape{nocheck: true})
	online := &Online{Client: w.client}
	sig := signed(w.PKI, time.Now().Add(-2*time.Second))
	var wg sync.WaitGroup
	for range 30 {
		wg.Go(func() {
			_, report, err := collectFor(t, sig, &Options{Source: online})
			if err != nil {
				t.Error(err)
			} else if report.Revocation != AfterStamp {
				t.Errorf("revocation %s", report.Revocation)
			}
		})
	}
	wg.Wait()
	for _, path := range []string{"/ocsp/signca", "/ocsp/signroot", "/ocsp/timeca", "/ocsp/timeroot", "/ca/signroot", "/ca/timeca", "/ca/timeroot"} {
		if n := w.count(path); n != 1 {
			t.Errorf("%s was asked %d times, want 1", path, n)
		}
	}
	if n := w.total(); n != 7 {
		t.Errorf("%d requests, want 7", n)
	}
	if fetches, size := online.Stats(); fetches != 7 || size == 0 {
		t.Errorf("%d fetches of %d bytes counted, want 7", fetches, size)
	}
}

// An answer that ran out is asked for again, and so is one that failed, a while later.
func TestForgets(t *testing.T) {
	w := newWorld(t, time.Now(), shape{nocheck: true})
	now := time.Now()
	online := &Online{Client: w.client, Now: func() time.Time { return now }}
	ask := func() (Evidence, error) {
		return online.Evidence(t.Context(), w.PKI.CA.Certificate, w.Root.Certificate)
	}
	w.set("/ocsp/signroot", status(500))
	w.set("/crl/signroot", status(500))
	for range 2 {
		if _, err := ask(); err == nil {
			t.Fatal("no error")
		}
	}
	if n := w.count("/ocsp/signroot"); n != 1 {
		t.Errorf("a failing responder was asked %d times at once, want 1", n)
	}
	w.set("/ocsp/signroot", nil)
	now = now.Add(maxFailureMemory + time.Second)
	for range 2 {
		if _, err := ask(); err != nil {
			t.Fatal(err)
		}
	}
	if n := w.count("/ocsp/signroot"); n != 2 {
		t.Errorf("after the failure the responder was asked %d times in all, want 2", n)
	}
	now = now.Add(evidenceMemory + time.Second)
	_, _ = ask() // the server's clock did not move, its answer may be out of date by now
	if n := w.count("/ocsp/signroot"); n != 3 {
		t.Errorf("an old answer was not asked for again: %d requests in all, want 3", n)
	}
}

// One caller who gives up does not take the others with him.
func TestGivenUp(t *testing.T) {
	w := newWorld(t, time.Now(), shape{nocheck: true})
	arrived := make(chan struct{}, 2)
	var once sync.Once
	w.set("/ocsp/signroot", func(rw http.ResponseWriter, r *http.Request) {
		arrived <- struct{}{}
		waits := false
		once.Do(func() { waits = true })
		if waits {
			readAll(r)
			<-r.Context().Done()
			panic(http.ErrAbortHandler)
		}
		w.serve(rw, r)
	})
	online := &Online{Client: w.client}
	ctx, cancel := context.WithCancel(t.Context())
	first := make(chan error)
	go func() {
		_, err := online.Evidence(ctx, w.PKI.CA.Certificate, w.Root.Certificate)
		first <- err
	}()
	<-arrived
	second := make(chan error)
	go func() {
		_, err := online.Evidence(t.Context(), w.PKI.CA.Certificate, w.Root.Certificate)
		second <- err
	}()
	cancel()
	if err := <-first; !errors.Is(err, context.Canceled) {
		t.Errorf("the one who gave up got %v", err)
	}
	if err := <-second; err != nil {
		t.Errorf("the other got %v", err)
	}
}
