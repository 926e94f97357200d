// SPDX-License-Identifier: Apache-2.0

package dsstest

import (
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestKnobs(t *testing.T) {
	srv := startServer(t, WithProfile(Production), WithStrictDigest(), WithLowerCaseSignature(), WithMalformedDigestStatus(400),
		WithUnknownIdentityStatus(410), WithWholeCertificatePath(), WithLeafValidity(5*time.Minute), WithTokenTTL(time.Hour))
	c := newWire(t, srv)
	c.login()
	id := c.identity("{}")
	if id.leaf.NotAfter.Sub(id.leaf.NotBefore) != 5*time.Minute {
		t.Error("leaf validity ignored")
	}
	c.want(400, "GET", "/timestamp/"+strings.ToLower(hexDigest("x")), "", nil)
	c.want(410, "GET", "/identity/nobody/sign/"+hexDigest("x"), "", nil)
	_, body, err := c.do("GET", "/identity/"+id.ID+"/sign/"+hexDigest("x"), "")
	if err != nil || !regexp.MustCompile(`^\{"signature":"[0-9a-f]{512}"\}$`).Match(body) {
		t.Errorf("signature %s: %v", body, err)
	}
	var path struct{ Path string }
	c.want(200, "GET", "/certificate_path", "", &path)
	if n := strings.Count(path.Path, "BEGIN CERTIFICATE"); n != 3 {
		t.Errorf("%d certificates in the whole path", n)
	}
	for _, addr := range []string{"0.0.0.0:0", "192.0.2.1:0", ":0", "nonsense"} {
		if srv, err := NewServer(WithAddr(addr)); err == nil {
			srv.Close()
			t.Errorf("listens on %q", addr)
		}
	}
}

func TestQuotasAndRates(t *testing.T) {
	clock := time.Now()
	srv := startServer(t, WithNow(func() time.Time { return clock }), WithQuota(2, 1), WithRetryAfter(90*time.Second, false),
		WithRateLimit(OpIdentity, Rate{Burst: 2, Every: 10 * time.Second}))
	c := newWire(t, srv)
	c.login()
	id := c.identity("{}")
	c.identity("{}")
	var p wireProblem
	if resp := c.want(429, "POST", "/identity", "{}", &p); resp.Header.Get("Retry-After") != "90" || p.Description != "Rate Limit Reached" {
		t.Errorf("429: %+v, Retry-After %q", p, resp.Header.Get("Retry-After"))
	}
	clock = clock.Add(10 * time.Second)
	c.identity("{}")
	c.want(429, "POST", "/identity", "{}", nil)
	c.sign(id, hexDigest("1"))
	c.stamp(hexDigest("1"))
	value := func(path string) int {
		var v struct{ Value int }
		c.want(200, "GET", path, "", &v)
		return v.Value
	}
	got := map[string]int{}
	for _, path := range []string{"/quotas/signatures", "/quotas/timestamps", "/counters/signatures", "/counters/timestamps", "/counters/identities"} {
		got[path] = value(path)
	}
	want := map[string]int{"/quotas/signatures": 1, "/quotas/timestamps": 0, "/counters/signatures": 1, "/counters/timestamps": 1, "/counters/identities": 3}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	c.want(402, "GET", "/timestamp/"+hexDigest("2"), "", &p)
	if p.Description != "Quota Reached" {
		t.Errorf("402: %+v", p)
	}
	over := newWire(t, startServer(t, WithQuota(0, 0), WithOverage(), WithRetryAfter(time.Minute, true),
		WithRateLimit(OpTimestamp, Rate{Burst: 1})))
	over.login()
	over.stamp(hexDigest("1"))
	resp := over.want(429, "GET", "/timestamp/"+hexDigest("1"), "", nil)
	if _, err := http.ParseTime(resp.Header.Get("Retry-After")); err != nil {
		t.Errorf("Retry-After as date: %v", err)
	}
}

func TestClockSkew(t *testing.T) {
	srv := startServer(t, WithClockOffset(-time.Hour))
	c := newWire(t, srv)
	c.login()
	srv.SetClockOffset(42 * time.Minute)
	c.login()
	id := c.identity("{}")
	resp := c.want(200, "GET", "/trustchain", "", nil)
	date, err := http.ParseTime(resp.Header.Get("Date"))
	if err != nil {
		t.Fatal(err)
	}
	for name, got := range map[string]time.Time{"Date": date, "notBefore": id.leaf.NotBefore} {
		if skew := time.Until(got); skew < 41*time.Minute || skew > 43*time.Minute {
			t.Errorf("%s runs %v ahead", name, skew)
		}
	}
}

func TestTimesOfLife(t *testing.T) {
	clock := time.Now()
	srv := startServer(t, WithNow(func() time.Time { return clock }), WithIdentityTTL(time.Minute), WithTokenTTL(time.Hour))
	c := newWire(t, srv)
	c.login()
	id := c.identity("{}")
	c.sign(id, hexDigest("x"))
	clock = clock.Add(time.Minute)
	c.want(404, "GET", "/identity/"+id.ID+"/sign/"+hexDigest("x"), "", nil)
	id = c.identity("{}")
	srv.ExpireIdentities()
	c.want(404, "GET", "/identity/"+id.ID+"/sign/"+hexDigest("x"), "", nil)
	clock = clock.Add(58 * time.Minute)
	c.want(200, "GET", "/trustchain", "", nil)
}

func TestLiveOCSPWindow(t *testing.T) {
	clock := time.Now().Truncate(time.Second)
	srv := startServer(t, WithNow(func() time.Time { return clock }))
	c := newWire(t, srv)
	c.login()
	leaf := c.identity("{}").leaf
	for _, tc := range []struct {
		at   time.Time // when asked
		want time.Time // end of the answer
	}{
		{leaf.NotBefore, leaf.NotAfter.Add(-leafOCSPMargin)},
		{leaf.NotAfter.Add(-leafOCSPMargin), leaf.NotAfter},
		{leaf.NotAfter, leaf.NotAfter.Add(time.Minute)},
	} {
		if got := srv.pki.chain[0].live(leaf.SerialNumber, tc.at); !got.nextUpdate.Equal(tc.want) || !got.thisUpdate.Equal(tc.at) {
			t.Errorf("asked at %v: from %v to %v, want %v", tc.at, got.thisUpdate, got.nextUpdate, tc.want)
		}
	}
}

func TestLatencyGoesOnWithoutTheClient(t *testing.T) {
	over := make(chan time.Time)
	srv := startServer(t, WithLatency(OpTimestamp, time.Hour), func(s *settings) {
		s.after = func(time.Duration) <-chan time.Time { return over }
	})
	c := newWire(t, srv)
	c.login()
	left := c.leaveWhen("/timestamp/"+hexDigest("x"), func() bool { return srv.Counters().Requests[OpTimestamp] == 1 })
	if left == nil || srv.Counters().Timestamps != 0 {
		t.Error("an answer before its time")
	}
	close(over)
	eventually(t, "a slow timestamp was not made after the client left", func() bool { return srv.Counters().Timestamps == 1 })
}

func TestTLSVersions(t *testing.T) {
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		c := newWire(t, startServer(t, WithTLSVersions(version, version)))
		if resp := c.want(200, "POST", "/login", c.credentials(), nil); resp.TLS.Version != version {
			t.Errorf("version %x, want %x", resp.TLS.Version, version)
		}
		c = newWire(t, c.srv, func(tr *http.Transport) {
			tr.TLSClientConfig.MinVersion, tr.TLSClientConfig.MaxVersion = tls.VersionTLS10, tls.VersionTLS11
		})
		if _, _, err := c.do("POST", "/login", c.credentials()); err == nil {
			t.Error("TLS 1.1 accepted")
		}
	}
}

func TestRSA4096(t *testing.T) {
	if testing.Short() {
		t.Skip("makes RSA-4096 keys")
	}
	srv := startServer(t, WithRSA4096(), WithRSA4096TSA(), WithTSA(TSAUnderSigningRoot))
	c := newWire(t, srv)
	c.login()
	leaf, root := c.identity("{}").leaf, srv.Roots()[0]
	if leaf.SignatureAlgorithm != x509.SHA384WithRSA || leaf.PublicKey.(*rsa.PublicKey).N.BitLen() != 2048 {
		t.Errorf("leaf: %v", leaf.SignatureAlgorithm)
	}
	if root.PublicKey.(*rsa.PublicKey).N.BitLen() != 4096 {
		t.Error("root is not RSA-4096")
	}
	if n := len(c.stamp(hexDigest("x"))); n < 2600 { // 2.1 kB with RSA-2048
		t.Errorf("token of an RSA-4096 TSA has %d bytes", n)
	}
}

func TestObserver(t *testing.T) {
	var mu sync.Mutex
	var seen []Request
	srv := startServer(t, WithObserver(func(r Request) {
		mu.Lock()
		defer mu.Unlock()
		seen = append(seen, r)
	}))
	c := newWire(t, srv)
	c.login()
	c.want(200, "GET", "/trustchain", "", nil)
	srv.Inject(Fault{Op: OpTrustChain, Kind: ResetBeforeCount})
	if _, _, err := c.do("GET", "/trustchain", ""); err != nil {
		t.Logf("cut: %v", err) // net/http repeats this GET by itself when the connection was warm
	}
	eventually(t, "the cut request was not seen", func() bool {
		mu.Lock()
		defer mu.Unlock()
		return len(seen) >= 3
	})
	srv.Close()
	mu.Lock()
	defer mu.Unlock()
	if len(seen) < 3 || seen[0].Path != "/v2/login" || seen[1].Status != 200 || seen[2].Status != 0 {
		t.Errorf("seen: %+v", seen)
	}
	for _, r := range seen {
		if strings.Contains(strings.Join(r.Header["Authorization"], ""), c.token) {
			t.Error("a token was shown")
		}
	}
}
