// SPDX-License-Identifier: Apache-2.0

package dssclient

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// What an answer to a billed call means for money.
const notCharged, unknown, charged = "not charged", "unknown", "charged"

func fromGateway(status int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = fmt.Fprint(w, "<html>gateway</html>")
	}
}

func fromService(status int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { problem(w, status, "words") }
}

func withBody(body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprint(w, body) }
}

var billedOutcomes = map[string]struct {
	answer http.HandlerFunc
	want   string
}{
	"400":              {fromService(400), notCharged},
	"402":              {fromService(402), notCharged},
	"404 without body": {fromGateway(404), notCharged},
	"422":              {fromService(422), notCharged},
	"429":              {fromService(429), notCharged},
	"429 without body": {fromGateway(429), notCharged},
	"302": {func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/v2/quotas/signatures", http.StatusFound)
	}, notCharged},
	"500":              {fromService(500), notCharged},
	"503":              {fromService(503), notCharged},
	"500 from gateway": {fromGateway(500), unknown},
	"502 from gateway": {fromGateway(502), unknown},
	"503 from gateway": {fromGateway(503), unknown},
	"504 from gateway": {fromGateway(504), unknown},
	"502 in JSON":      {fromService(502), unknown},
	"body cut off": {func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "1000")
		_, _ = fmt.Fprint(w, `{"sig`)
	}, unknown},
	"empty":      {withBody(""), charged},
	"HTML":       {withBody("<html>"), charged},
	"array":      {withBody("[]"), charged},
	"no member":  {withBody("{}"), charged},
	"wrong type": {withBody(`{"signature":1,"token":1}`), charged},
	"trailing":   {withBody(`{"signature":"AA","token":"AA"}{}`), charged},
	"too long":   {withBody(`{"x":"` + strings.Repeat("a", maxAnswer) + `"}`), charged},
	"202":        {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusAccepted) }, charged},
}

func TestBilledOutcomes(t *testing.T) {
	for name, tc := range billedOutcomes {
		for op, call := range billed {
			t.Run(name+"/"+string(op), func(t *testing.T) {
				s := startService(t, false)
				s.handle(op, tc.answer)
				c := s.client()
				wantOutcome(t, call(t.Context(), c), c.Calls(), tc.want)
				s.wantCount(op, 1)
				s.wantCount(OpQuota, 0) // the redirect's target
			})
		}
	}
}

func wantOutcome(t *testing.T, err error, got Calls, want string) {
	t.Helper()
	var api *APIError
	var answer *AnswerError
	switch want {
	case notCharged:
		if !errors.As(err, &api) || IsOutcomeUnknown(err) || got.Charged.Total()+got.Unknown.Total() != 0 {
			t.Errorf("error is %v with %+v, want an answer that cost nothing", err, got)
		}
	case unknown:
		if !IsOutcomeUnknown(err) || got.Unknown.Total() != 1 || got.Charged.Total() != 0 {
			t.Errorf("error is %v with %+v, want an unknown outcome", err, got)
		}
	case charged:
		if !errors.As(err, &answer) || !answer.Charged || got.Charged.Total() != 1 || got.Unknown.Total() != 0 {
			t.Errorf("error is %v with %+v, want a charged answer", err, got)
		}
	}
}

func TestCredentialsRefused(t *testing.T) {
	for _, status := range []int{400, 401, 422} {
		s := startService(t, false)
		s.handle(OpLogin, func(w http.ResponseWriter, _ *http.Request) { problem(w, status, "Invalid login request") })
		err := billed[OpTimestamp](t.Context(), s.client())
		if !IsCredentials(err) || !errors.Is(err, ErrCredentials) || IsUnavailable(err) {
			t.Errorf("%d: error is %v, want refused credentials", status, err)
		}
		s.wantCount(OpLogin, 1)
	}
	s := startService(t, false)
	s.handle(OpIdentity, func(w http.ResponseWriter, _ *http.Request) { problem(w, 422, "policy") })
	if _, err := s.client().Identity(t.Context(), nil); !hasStatus(err, 422) || IsCredentials(err) {
		t.Errorf("error is %v, want a 422 that is not about credentials", err)
	}
}

func TestAPIErrorKeepsWhatTheServiceSaid(t *testing.T) {
	s := startService(t, false)
	s.handle(OpSign, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "7")
		w.WriteHeader(429)
		_, _ = fmt.Fprintf(w, `{"description":"Rate Limit \u001b[31mReached","id":"abc","errors":{"b":"2","a":3},"more":[]}`)
	})
	_, err := s.client().Sign(t.Context(), "0123456789abcdef", digestOf(0xAB))
	var api *APIError
	if !errors.As(err, &api) || !IsRateLimit(err) || IsQuota(err) {
		t.Fatalf("error is %v", err)
	}
	if api.Op != OpSign || api.ID != "abc" || api.Errors["a"] != "3" || api.Errors["b"] != "2" || api.RetryAfter != 7*time.Second {
		t.Errorf("got %+v", api)
	}
	if want := s.url + "/v2/identity/01234567…/sign/00000000…"; api.URL != want {
		t.Errorf("URL is %s, want %s", api.URL, want)
	}
	if want := `sign: service answered 429 "Rate Limit  [31mReached", a: "3", b: "2" (error id "abc")`; err.Error() != want {
		t.Errorf("text is %s, want %s", err, want)
	}
}

// TestNoSecrets: a hostile service repeats all it was told, and every form of every error, observation and value is
// searched for it.
func TestNoSecrets(t *testing.T) {
	const secretToken = "tokentokentokentoken"
	s := startService(t, false)
	var observed []any
	c := s.client(func(cfg *Config) { cfg.Observe = func(call Call) { observed = append(observed, call, call.Err) } })
	echo := func(status int, form string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(status)
			all := testKey + " " + testSecret + " " + secretToken + " " + r.Header.Get("Authorization")
			_, _ = fmt.Fprintf(w, form, all, all)
		}
	}
	things := []any{c, *s.config(), s.config(), Secret(testSecret), struct{ S Secret }{testSecret}}
	for _, form := range []string{
		`{"description":"%s","errors":{"x":"%s"}}`, `<html>%s %s`, `{"signature":"%s","token":"%s"}`, `{"x%s":%s}`, `"%s%s"`,
	} {
		for _, status := range []int{200, 400, 401, 429, 500, 502} {
			for _, op := range []Op{OpLogin, OpIdentity, OpSign, OpTimestamp, OpTrustChain, OpValidationPolicy, OpQuota} {
				c.keepToken(token{secretToken, time.Now().Add(time.Hour)})
				s.handle(op, echo(status, form))
			}
			things = append(things, c.Login(t.Context()))
			for _, call := range []func() error{
				func() error { _, err := c.Identity(t.Context(), nil); return err },
				func() error { return billed[OpSign](t.Context(), c) },
				func() error { return billed[OpTimestamp](t.Context(), c) },
				func() error { _, err := c.TrustChain(t.Context()); return err },
				func() error { _, err := c.ValidationPolicy(t.Context()); return err },
				func() error { _, err := c.Quota(t.Context(), Signatures); return err },
			} {
				c.keepToken(token{secretToken, time.Now().Add(time.Hour)})
				things = append(things, call())
			}
		}
	}
	for _, x := range append(things, observed...) {
		asJSON, _ := json.Marshal(x)
		var log strings.Builder
		slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "x", x)
		text := fmt.Sprintf("%v %+v %#v %s %q %x", x, x, x, x, x, x) + string(asJSON) + log.String()
		for err, ok := x.(error); ok && err != nil; err = errors.Unwrap(err) {
			text += fmt.Sprintf("%v %+v %#v", err, err, err)
		}
		for _, secret := range []string{testSecret, secretToken, testKey, fmt.Sprintf("%x", testSecret)} {
			if strings.Contains(text, secret) {
				t.Fatalf("%T shows %q: %s", x, secret, text)
			}
		}
	}
}

func TestObserve(t *testing.T) {
	s := startService(t, false)
	var calls []Call
	c := s.client(func(cfg *Config) { cfg.Observe = func(call Call) { calls = append(calls, call) } })
	if err := billed[OpSign](t.Context(), c); err != nil {
		t.Fatal(err)
	}
	if len(calls) != 2 {
		t.Fatalf("%d calls observed, want 2", len(calls))
	}
	login, sign := calls[0], calls[1]
	if login.Op != OpLogin || login.Method != "POST" || login.Path != "/login" || login.Status != 200 || login.Charge != NotCharged {
		t.Errorf("login is %+v", login)
	}
	if sign.Path != "/identity/some-ide…/sign/00000000…" || sign.Charge != Charged || !sign.Sent || sign.Duration <= 0 || sign.Err != nil {
		t.Errorf("sign is %+v", sign)
	}
}

// TestSwitchingProtocols: after a 101 net/http leaves the connection to its caller, whose context ends nothing any more.
func TestSwitchingProtocols(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, network := pipedService(t)
		network.serve(s)
		s.handle(OpQuota, func(w http.ResponseWriter, r *http.Request) {
			conn, _, err := http.NewResponseController(w).Hijack()
			if err != nil {
				t.Error(err)
				return
			}
			t.Cleanup(func() { _ = conn.Close() })
			go func() { _, _ = io.Copy(io.Discard, conn) }() // a pipe has no buffer for the client's goodbye
			_, _ = fmt.Fprint(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n")
		})
		s.handle(OpSign, s.handlers[OpQuota])
		c := network.client(s)
		start := time.Now()
		if _, err := c.Quota(t.Context(), Signatures); !hasStatus(err, http.StatusSwitchingProtocols) {
			t.Errorf("error is %v, want the status told", err)
		}
		if err := billed[OpSign](t.Context(), c); !IsOutcomeUnknown(err) {
			t.Errorf("error is %v, want an unknown outcome", err)
		}
		if took := time.Since(start); took != 0 {
			t.Errorf("waited %v for the end of a connection that its server keeps open", took)
		}
	})
}
