// SPDX-License-Identifier: Apache-2.0

package ltv

import (
	"crypto/x509"
	"net/http"
	"net/http/httptest"
	"path"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"gsign/internal/cms"
	"gsign/internal/pkix/pkixtest"
)

const day = 24 * time.Hour

// world is two hierarchies behind one small HTTP server. Every certificate but the roots names /ocsp/NAME, /crl/NAME
// and /ca/NAME of its issuer, where NAME is one of signroot, signca, timeroot, timeca. Tests replace single answers.
type world struct {
	*pkixtest.PKI
	url    string
	client *http.Client

	mu      sync.Mutex
	replace map[string]http.HandlerFunc // by path
	hits    map[string]int              // by path
}

// shape changes the world before it is made.
type shape struct {
	leaf      []pkixtest.Option // after the addresses
	signCA    []pkixtest.Option
	tsa       []pkixtest.Option
	nocheck   bool          // of the responder of the signing CA
	age       time.Duration // of the leaf
	responder []pkixtest.Option
}

func newWorld(t testing.TB, now time.Time, s shape) *world {
	t.Helper()
	if s.age == 0 {
		s.age = 5 * time.Second // lists are made a second ago, timestamps too
	}
	w := &world{replace: map[string]http.HandlerFunc{}, hits: map[string]int{}}
	server := httptest.NewServer(w)
	t.Cleanup(server.Close)
	w.url, w.client = server.URL, server.Client()
	w.PKI = makePKI(t, now, w.url, s)
	return w
}

// makePKI is pkixtest.New with addresses in every certificate.
func makePKI(t testing.TB, now time.Time, url string, s shape) *pkixtest.PKI {
	t.Helper()
	now = now.UTC().Truncate(time.Second)
	from, to := now.Add(-365*day), now.Add(3650*day)
	urls := func(name string, more []pkixtest.Option) []pkixtest.Option {
		return append([]pkixtest.Option{pkixtest.URLs(url+"/ocsp/"+name, url+"/crl/"+name, url+"/ca/"+name)}, more...)
	}
	p := &pkixtest.PKI{Now: now}
	p.Root = pkixtest.Root(t, "TEST signing root", from, to)
	p.CA = p.Root.CA(t, "TEST signing CA", from, to, urls("signroot", s.signCA)...)
	p.Leaf = p.CA.Leaf(t, "TEST signer", pkixtest.ECKey(t, "TEST signer"), now.Add(-s.age), now.Add(10*time.Minute-s.age), urls("signca", s.leaf)...)
	p.Responder = p.CA.Responder(t, "TEST signing responder", s.nocheck, now.Add(-7*day), now.Add(30*day), urls("signca", s.responder)...)
	p.RootResponder = p.Root.Responder(t, "TEST signing root responder", true, now.Add(-7*day), now.Add(31*day))
	p.TSARoot = pkixtest.Root(t, "TEST time root", from, to)
	p.TSACA = p.TSARoot.CA(t, "TEST time CA", from, to, urls("timeroot", nil)...)
	p.TSA = p.TSACA.TSA(t, "TEST time authority", pkixtest.ECKey(t, "TEST time authority"), now.Add(-30*day), now.Add(365*day), urls("timeca", s.tsa)...)
	p.TSAResponder = p.TSACA.Responder(t, "TEST time responder", true, now.Add(-7*day), now.Add(32*day))
	p.TSARootResponder = p.TSARoot.Responder(t, "TEST time root responder", true, now.Add(-7*day), now.Add(33*day))
	return p
}

// issuers are the CAs by the name in their addresses.
func issuers(p *pkixtest.PKI) map[string]*pkixtest.Entity {
	return map[string]*pkixtest.Entity{"signroot": p.Root, "signca": p.CA, "timeroot": p.TSARoot, "timeca": p.TSACA}
}

// entities are those that evidence is asked for.
func entities(p *pkixtest.PKI) []*pkixtest.Entity {
	return []*pkixtest.Entity{p.Leaf, p.CA, p.TSA, p.TSACA, p.Responder}
}

func entityOf(p *pkixtest.PKI, c *x509.Certificate) *pkixtest.Entity {
	all := entities(p)
	i := slices.IndexFunc(all, func(e *pkixtest.Entity) bool { return e.Certificate.Equal(c) })
	if i < 0 {
		return nil
	}
	return all[i]
}

func (w *world) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	w.mu.Lock()
	w.hits[r.URL.Path]++
	handler := w.replace[r.URL.Path]
	w.mu.Unlock()
	if handler != nil {
		handler(rw, r)
		return
	}
	w.serve(rw, r)
}

// serve answers the way a good service does: now.
func (w *world) serve(rw http.ResponseWriter, r *http.Request) {
	kind, name := path.Split(r.URL.Path)
	issuer := issuers(w.PKI)[name]
	if issuer == nil {
		http.NotFound(rw, r)
		return
	}
	switch kind {
	case "/ocsp/":
		rw.Header().Set("Content-Type", "application/ocsp-response")
		_, _ = rw.Write(w.answerOf(issuer, r))
	case "/crl/":
		_, _ = rw.Write(w.crl(issuer))
	case "/ca/":
		_, _ = rw.Write(issuer.Certificate.Raw)
	}
}

// answerOf answers about the one certificate of the issuer whose serial number the request holds.
func (w *world) answerOf(issuer *pkixtest.Entity, r *http.Request) []byte {
	body := readAll(r)
	for _, e := range entities(w.PKI) {
		if e.Issuer == issuer && strings.Contains(body, string(e.Certificate.SerialNumber.Bytes())) {
			return w.ocsp(e, time.Now())
		}
	}
	return pkixtest.OCSP{ResponseStatus: 6}.Marshal(panicTB{})
}

func readAll(r *http.Request) string {
	var b strings.Builder
	_ = r.Write(&b)
	return b.String()
}

// panicTB is for helpers that run on the server's goroutine, where a test must not be failed.
type panicTB struct{ testing.TB }

func (panicTB) Helper()                      {}
func (panicTB) Fatal(args ...any)            { panic(args) }
func (panicTB) Fatalf(f string, args ...any) { panic(args) }
func (panicTB) Errorf(f string, args ...any) { panic(args) }
func (w *world) ocsp(e *pkixtest.Entity, at time.Time) []byte {
	return w.PKI.OCSP(panicTB{}, e, at)
}

func (w *world) crl(issuer *pkixtest.Entity) []byte {
	return w.CRL(panicTB{}, issuer, time.Now().Add(-time.Second))
}

// set replaces the answer at a path.
func (w *world) set(path string, h http.HandlerFunc) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.replace[path] = h
}

func (w *world) count(path string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.hits[path]
}

func (w *world) total() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := 0
	for _, h := range w.hits {
		n += h
	}
	return n
}

// body answers with fixed bytes.
func body(b []byte) http.HandlerFunc {
	return func(rw http.ResponseWriter, _ *http.Request) { _, _ = rw.Write(b) }
}

func status(code int) http.HandlerFunc {
	return func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(code) }
}

// signed is a B-T signature as readSignature would give it: the signer's certificate and CA are in the CMS, the
// authority's certificate alone is in the token.
func signed(p *pkixtest.PKI, genTime time.Time) *signature {
	token := &cms.Token{
		SignedData: &cms.SignedData{Certificates: []*x509.Certificate{p.TSA.Certificate}},
		GenTime:    genTime.UTC().Truncate(time.Second),
		TSA:        p.TSA.Certificate,
	}
	return &signature{
		field:    "Signature1",
		contents: []byte("contents"),
		cms:      &cms.SignedData{Certificates: []*x509.Certificate{p.Leaf.Certificate, p.CA.Certificate}},
		signer:   p.Leaf.Certificate,
		tokens:   []*cms.Token{token},
		genTime:  token.GenTime,
	}
}

// emptyStore is the store of a document without one.
func emptyStore() *store { return &store{} }

// collectFor runs everything but reading and writing the PDF.
func collectFor(t testing.TB, sig *signature, opts *Options) ([]*chain, *Report, error) {
	t.Helper()
	chains, err := newCollector(opts, sig, emptyStore()).collect(t.Context())
	if err != nil {
		return nil, nil, err
	}
	return chains, newReport(sig, chains), nil
}
