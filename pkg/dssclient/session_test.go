// SPDX-License-Identifier: Apache-2.0

package dssclient

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// The shapes of pdfsig.Signer and pdfsig.Timestamper, which this package must not import.
var (
	_ interface {
		Certificates() []*x509.Certificate
		MaxDigests() int
		SignDigests(ctx context.Context, h crypto.Hash, digests [][]byte) ([][]byte, error)
	} = (*Session)(nil)
	_ interface {
		Timestamp(ctx context.Context, h crypto.Hash, digest []byte) ([]byte, error)
	} = (*Session)(nil)
)

// A clock that goes only when tests turn it.
type clock struct {
	start  time.Time
	offset atomic.Int64
}

func newClock() *clock { return &clock{start: time.Now()} }

func (c *clock) now() time.Time          { return c.start.Add(time.Duration(c.offset.Load())) }
func (c *clock) advance(d time.Duration) { c.offset.Add(int64(d)) }

// together runs f in n goroutines and fails on the first error.
func together(t *testing.T, n int, f func() error) {
	t.Helper()
	var wg sync.WaitGroup
	errs := make(chan error, n)
	for range n {
		wg.Go(func() { errs <- f() })
	}
	wg.Wait()
	close(errs)
	for err := range errs {
		if err != nil {
			t.Fatal(err)
		}
	}
}

func TestSessionCallEconomy(t *testing.T) {
	s := startService(t, false)
	c := s.client()
	const documents = 20
	together(t, documents, func() error {
		session, err := c.Session(t.Context(), &IdentityRequest{SubjectDN: &SubjectDN{CommonName: "A"}})
		if err != nil {
			return err
		}
		signatures, err := session.SignDigests(t.Context(), crypto.SHA256, [][]byte{digestOf(3)})
		if err != nil {
			return err
		}
		if err := rsa.VerifyPKCS1v15(&s.pki.rsaKey.PublicKey, crypto.SHA256, digestOf(3), signatures[0]); err != nil {
			return err
		}
		token, err := session.Timestamp(t.Context(), crypto.SHA256, digestOf(4))
		if err == nil && !bytes.Equal(token, tokenDER(t, digestOf(4))) {
			err = errors.New("another token came back")
		}
		return err
	})
	want := Calls{
		Login: 1, Identity: 1, Sign: documents, Timestamp: documents, TrustChain: 1,
		Charged: Charges{documents, documents},
	}
	if got := c.Calls(); got != want {
		t.Errorf("calls are %+v, want %+v", got, want)
	}
	for op, n := range map[Op]int{OpLogin: 1, OpIdentity: 1, OpSign: documents, OpTimestamp: documents, OpTrustChain: 1} {
		s.wantCount(op, n)
	}
}

func TestSessionChain(t *testing.T) {
	s := startService(t, false)
	c := s.client()
	session, err := c.Session(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	leaf := session.Identity().Certificate
	want := []*x509.Certificate{leaf, s.pki.issuing.cert, s.pki.root.cert} // the service sends root first
	if !slices.EqualFunc(session.Certificates(), want, (*x509.Certificate).Equal) {
		t.Error("chain is not leaf, issuing CA, root")
	}
	if got := session.OCSPResponses(); len(got) != 1 || !bytes.Equal(got[0], ocspDER(t, 0)) {
		t.Errorf("%d OCSP responses, want the identity's", len(got))
	}
	s.wantCount(OpCertificatePath, 0)
	if got := s.bodies; len(got) != 1 || got[0] != "{}" {
		t.Errorf("identity requests are %q, want {}", got)
	}
}

func TestSessionAsksForThePath(t *testing.T) {
	for name, chain := range map[string]http.HandlerFunc{
		"lacks the issuer": func(w http.ResponseWriter, _ *http.Request) {
			reply(w, TrustChainResponse{TrustChain: []string{pemOf(sharedPKI(t).root.cert), pemOf(sharedPKI(t).other.cert)}})
		},
		"not offered": func(w http.ResponseWriter, _ *http.Request) { problem(w, 404, "Not found") },
	} {
		t.Run(name, func(t *testing.T) {
			s := startService(t, false)
			s.handle(OpTrustChain, chain)
			c := s.client()
			for range 2 {
				session, err := c.Session(t.Context(), nil)
				if err != nil {
					t.Fatal(err)
				}
				if got := session.Certificates(); len(got) < 2 || !got[1].Equal(s.pki.issuing.cert) {
					t.Errorf("chain has %d certificates and not the issuing CA", len(got))
				}
			}
			s.wantCount(OpCertificatePath, 1)
		})
	}
}

func TestSessionRefusesBeforeSending(t *testing.T) {
	s := startService(t, false)
	c := s.client()
	session, err := c.Session(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, call := range map[string]func() error{
		"two digests": func() error {
			_, err := session.SignDigests(t.Context(), crypto.SHA256, [][]byte{digestOf(1), digestOf(2)})
			return err
		},
		"SHA-512": func() error {
			_, err := session.SignDigests(t.Context(), crypto.SHA512, [][]byte{make([]byte, 64)})
			return err
		},
		"short digest": func() error {
			_, err := session.SignDigests(t.Context(), crypto.SHA256, [][]byte{make([]byte, 31)})
			return err
		},
		"stamp SHA-384": func() error { _, err := session.Timestamp(t.Context(), crypto.SHA384, digestOf(1)); return err },
		"stamp short":   func() error { _, err := session.Timestamp(t.Context(), crypto.SHA256, nil); return err },
		"no id":         func() error { _, err := c.Sign(t.Context(), "", digestOf(1)); return err },
		"dots":          func() error { _, err := c.Sign(t.Context(), "..", digestOf(1)); return err },
	} {
		if call() == nil {
			t.Errorf("%s: no error", name)
		}
	}
	s.wantCount(OpSign, 0)
	s.wantCount(OpTimestamp, 0)
}

func TestIdentityReuse(t *testing.T) {
	k := newClock()
	s := startService(t, false)
	s.now = k.now
	c := s.client(func(cfg *Config) { cfg.Now = k.now })
	get := func(cn string) *Session {
		t.Helper()
		session, err := c.Session(t.Context(), &IdentityRequest{SubjectDN: &SubjectDN{CommonName: cn}})
		if err != nil {
			t.Fatal(err)
		}
		return session
	}
	first := get("A")
	if get("A").Identity() != first.Identity() {
		t.Error("same request, another identity")
	}
	if get("B").Identity() == first.Identity() {
		t.Error("another request, same identity")
	}
	k.advance(10*time.Minute - IdentityMargin - 5*time.Second)
	if get("A").Identity() != first.Identity() {
		t.Error("enough time left, another identity")
	}
	k.advance(10 * time.Second)
	second := get("A")
	if second.Identity() == first.Identity() {
		t.Error("less than the margin left, same identity")
	}
	if _, err := first.SignDigests(t.Context(), crypto.SHA256, [][]byte{digestOf(1)}); err != nil {
		t.Errorf("an identity with two minutes left must sign: %v", err)
	}
	k.advance(IdentityMargin - SignMargin + time.Second)
	if _, err := first.SignDigests(t.Context(), crypto.SHA256, [][]byte{digestOf(1)}); !errors.Is(err, ErrIdentityExpired) {
		t.Errorf("error is %v, want an expired identity", err)
	}
	s.wantCount(OpSign, 1)
	s.wantCount(OpIdentity, 3)
	k.advance(10 * time.Minute)
	get("C")
	if len(c.identities) != 1 || len(c.known) != 1 {
		t.Errorf("%d and %d identities kept, want the one that lives", len(c.identities), len(c.known))
	}
}

// TestSkew: the server's clock decides how much of an identity is left.
func TestSkew(t *testing.T) {
	k := newClock()
	s := startService(t, false)
	s.now = newClock().now
	k.advance(-15 * time.Minute) // ours is slow
	c := s.client(func(cfg *Config) { cfg.Now = k.now })
	session, err := c.Session(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if d := (c.Skew() - 15*time.Minute).Abs(); d > 2*time.Second {
		t.Errorf("skew is %v, want 15 min", c.Skew())
	}
	if left := c.left(session.Identity()); left > 10*time.Minute || left < 9*time.Minute {
		t.Errorf("%v left by the server's clock, want 10 min", left)
	}
	straight := s.client(func(cfg *Config) { cfg.Now = s.now })
	if err := straight.Login(t.Context()); err != nil || straight.Skew() != 0 {
		t.Errorf("skew is %v between equal clocks (%v)", straight.Skew(), err)
	}
}

func TestRefusedIdentityIsForgotten(t *testing.T) {
	s := startService(t, false)
	c := s.client()
	session, err := c.Session(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	s.handle(OpSign, func(w http.ResponseWriter, _ *http.Request) { problem(w, 404, "Not found") })
	if _, err := session.SignDigests(t.Context(), crypto.SHA256, [][]byte{digestOf(1)}); !hasStatus(err, 404) {
		t.Errorf("error is %v, want 404", err)
	}
	if _, err := c.Session(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	s.wantCount(OpIdentity, 2)
}

func TestSignatureIsVerified(t *testing.T) {
	for name, signature := range map[string]string{
		"too short":   "AABB",
		"other bytes": string(bytes.Repeat([]byte("7F"), 256)),
		"not hex":     "xyz",
		"empty":       "",
	} {
		t.Run(name, func(t *testing.T) {
			s := startService(t, false)
			s.handle(OpSign, func(w http.ResponseWriter, _ *http.Request) { reply(w, SignResponse{signature}) })
			c := s.client()
			session, err := c.Session(t.Context(), nil)
			if err != nil {
				t.Fatal(err)
			}
			_, err = session.SignDigests(t.Context(), crypto.SHA256, [][]byte{digestOf(1)})
			var answer *AnswerError
			if !errors.As(err, &answer) || !answer.Charged || !IsCharged(err) {
				t.Errorf("error is %v, want an unusable answer that was charged", err)
			}
			if got := c.Calls().Charged; got.Signatures != 1 {
				t.Errorf("charged %+v, want one signature", got)
			}
		})
	}
}

func TestTokenLife(t *testing.T) {
	k := newClock()
	s := startService(t, false)
	s.now = k.now
	c := s.client(func(cfg *Config) { cfg.Now = k.now })
	warm(t, c)
	k.advance(TokenLifetime - time.Second)
	warm(t, c)
	s.wantCount(OpLogin, 1)
	k.advance(2 * time.Second)
	warm(t, c)
	s.wantCount(OpLogin, 2)
}

func TestTokenRefused(t *testing.T) {
	for op, call := range billed {
		t.Run(string(op), func(t *testing.T) {
			s := startService(t, false)
			c := s.client()
			warm(t, c)
			s.mu.Lock()
			s.good = "token-2"
			s.mu.Unlock()
			together(t, 12, func() error { return call(t.Context(), c) })
			s.wantCount(OpLogin, 2)
			if got := c.Calls().Charged.Total(); got != 12 {
				t.Errorf("%d charged, want 12", got)
			}
		})
	}
	t.Run("again and again", func(t *testing.T) {
		s := startService(t, false)
		s.good = "never"
		c := s.client()
		err := billed[OpTimestamp](t.Context(), c)
		if !hasStatus(err, 401) || IsCredentials(err) {
			t.Errorf("error is %v, want a 401 that is not about the credentials", err)
		}
		s.wantCount(OpTimestamp, 2)
		s.wantCount(OpLogin, 2)
	})
}

func TestIdentityRequestJSON(t *testing.T) {
	r := IdentityRequest{
		SubjectDN: &SubjectDN{
			CommonName: "Zoë <x>", OrganizationalUnit: []string{"a", "b"}, ExtraAttributes: []TypeValue{{"2.5.4.12", "Dr"}},
		},
		Extra: json.RawMessage(`{"z": 12345678901234567890, "a": {"c":1,"b":2}}`),
	}
	got, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"a":{"b":2,"c":1},"subject_dn":{"common_name":"Zoë \u003cx\u003e","extra_attributes":` +
		`[{"type":"2.5.4.12","value":"Dr"}],"organizational_unit":["a","b"]},"z":12345678901234567890}`
	if string(got) != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	var back IdentityRequest
	if err := json.Unmarshal(got, &back); err != nil {
		t.Fatal(err)
	}
	if again, err := json.Marshal(back); err != nil || string(again) != want {
		t.Errorf("round trip gives %s (%v)", again, err)
	}
	for _, extra := range []string{`[]`, `{"subject_dn":{}}`, `{`, `{} {}`} {
		if _, err := identityBody(&IdentityRequest{SubjectDN: &SubjectDN{}, Extra: json.RawMessage(extra)}); err == nil {
			t.Errorf("extra %s: no error", extra)
		}
	}
}
