// SPDX-License-Identifier: Apache-2.0

package dsstest

import (
	"bytes"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/digitorus/timestamp"
	"golang.org/x/crypto/ocsp"
)

// strike arms one fault, makes one call, and checks that the fault struck once and is used up.
func strike(t *testing.T, c *wire, f Fault, method, path, body string) (*http.Response, []byte, error) {
	t.Helper()
	in := c.srv.Inject(f)
	resp, b, err := c.do(method, path, body)
	if in.Hits() != 1 {
		t.Errorf("%s at %s: %d hits", f.Kind, f.Op, in.Hits())
	}
	return resp, b, err
}

func TestResetsAndCounts(t *testing.T) {
	for name, opts := range map[string][]Option{"HTTP/2": nil, "HTTP/1.1": {WithoutHTTP2()}} {
		t.Run(name, func(t *testing.T) {
			srv := startServer(t, opts...)
			c := newWire(t, srv)
			c.login()
			id := c.identity("{}")
			path := "/identity/" + id.ID + "/sign/" + hexDigest("x")
			for kind, counted := range map[Kind]int{ResetBeforeCount: 0, ResetAfterCount: 1} {
				c.want(200, "GET", "/trustchain", "", nil) // warms the connection
				srv.ResetCounters()
				// net/http may repeat a GET on a warm connection that died; Always catches the repetition too.
				in := srv.Inject(Fault{Op: OpSign, Kind: kind, Times: Always})
				resp, _, err := c.do("GET", path, "")
				if err == nil {
					t.Errorf("%s: got %s", kind, resp.Status)
				}
				if n := srv.Counters(); n.Signs != counted*in.Hits() || in.Hits() < 1 || n.Requests[OpSign] != in.Hits() {
					t.Errorf("%s: %d signs after %d hits", kind, n.Signs, in.Hits())
				}
				in.Clear()
			}
			c.sign(id, hexDigest("x"))
		})
	}
}

func TestTransportFaults(t *testing.T) {
	srv := startServer(t)
	c := newWire(t, srv)
	c.login()
	get := func(f Fault) (*http.Response, []byte, error) {
		f.Op = OpTrustChain
		return strike(t, c, f, "GET", "/trustchain", "")
	}
	status := map[Kind]int{
		Status: 418, ServiceBusy: 503, HTMLError: 500, Unauthorized: 401, Redirect: 302, EmptyBody: 200,
		MalformedJSON: 200, MissingMember: 200, Accepted: 202,
	}
	for kind, want := range status {
		resp, body, err := get(Fault{Kind: kind, Status: 418})
		if err != nil || resp.StatusCode != want {
			t.Errorf("%s: %v, %v, want %d", kind, resp, err, want)
			continue
		}
		var p wireProblem
		isJSON := json.Unmarshal(body, &p) == nil
		switch kind {
		case ServiceBusy:
			if p.ID == "" || len(p.ID) != 27 || p.Description != "Service busy, please retry later" {
				t.Errorf("%s: %+v", kind, p)
			}
		case HTMLError, EmptyBody, MalformedJSON:
			if isJSON {
				t.Errorf("%s: is JSON: %s", kind, body)
			}
		case Unauthorized:
			c.want(401, "GET", "/trustchain", "", nil) // the token is gone for good
			c.login()
		}
	}
}

func TestSlowAndBrokenBodies(t *testing.T) {
	srv := startServer(t)
	c := newWire(t, srv)
	c.login()
	get := func(f Fault) (*http.Response, []byte, error) {
		f.Op = OpTrustChain
		return strike(t, c, f, "GET", "/trustchain", "")
	}
	if _, body, err := get(Fault{Kind: TruncatedBody}); err == nil {
		t.Errorf("truncated: %d bytes and %v", len(body), err)
	}
	if _, body, err := get(Fault{Kind: HugeBody}); err != nil || len(body) < hugeBody {
		t.Errorf("huge: %d bytes, %v", len(body), err)
	}
	start := time.Now()
	if _, _, err := get(Fault{Kind: Latency, Delay: 60 * time.Millisecond}); err != nil || time.Since(start) < 60*time.Millisecond {
		t.Errorf("latency: %v, %v", time.Since(start), err)
	}
	in := srv.Inject(Fault{Op: OpTrustChain, Kind: Hang})
	if c.leaveWhen("/trustchain", func() bool { return in.Hits() == 1 && srv.Counters().TrustChains > 0 }) == nil {
		t.Error("hang: an answer")
	}
}

func TestTimesAndAfter(t *testing.T) {
	srv := startServer(t)
	c := newWire(t, srv)
	c.login()
	in := srv.Inject(Fault{Op: OpTrustChain, Kind: ServiceBusy, After: 1, Times: 2})
	for _, want := range []int{200, 503, 503, 200} {
		c.want(want, "GET", "/trustchain", "", nil)
	}
	if in.Hits() != 2 {
		t.Errorf("%d hits", in.Hits())
	}
	srv.Inject(Fault{Op: OpTrustChain, Kind: ServiceBusy, Times: Always})
	c.want(503, "GET", "/trustchain", "", nil)
	srv.ClearFaults()
	c.want(200, "GET", "/trustchain", "", nil)
}

func TestIdentityFaults(t *testing.T) {
	srv := startServer(t)
	c := newWire(t, srv)
	c.login()
	root := srv.pki.root().cert
	for kind, status := range map[Kind]int{
		OCSPRevoked: ocsp.Revoked, OCSPUnknown: ocsp.Unknown, OCSPExpired: ocsp.Good, OCSPFloored: ocsp.Good,
		OCSPLagging: ocsp.Good, OCSPWithoutNextUpdate: ocsp.Good,
	} {
		srv.Inject(Fault{Op: OpIdentity, Kind: kind, Delay: time.Hour})
		id := c.identity("{}")
		resp, err := ocsp.ParseResponseForCert(id.der, id.leaf, root)
		if err != nil || resp.Status != status {
			t.Errorf("%s: %+v, %v", kind, resp, err)
			continue
		}
		ok := true
		switch kind {
		case OCSPExpired:
			ok = resp.NextUpdate.Before(time.Now())
		case OCSPFloored:
			ok = resp.ThisUpdate.Second() == 0 && resp.ProducedAt.Second() == 0
		case OCSPLagging:
			ok = id.leaf.NotBefore.Sub(resp.ThisUpdate) == time.Hour
		case OCSPWithoutNextUpdate:
			ok = resp.NextUpdate.IsZero()
		}
		if !ok {
			t.Errorf("%s: %+v", kind, resp)
		}
	}
	for _, kind := range []Kind{OCSPWrongResponder, OCSPBadSignature, OCSPWrongCertificate, OCSPTryLater, OCSPWithoutResponder} {
		srv.Inject(Fault{Op: OpIdentity, Kind: kind})
		id := c.identity("{}")
		if resp, err := ocsp.ParseResponseForCert(id.der, id.leaf, root); err == nil {
			t.Errorf("%s: accepted: %+v", kind, resp)
		}
	}
	sum := sha256.Sum256([]byte("x"))
	for _, kind := range []Kind{WrongCertificate, ForeignKey} {
		srv.Inject(Fault{Op: OpIdentity, Kind: kind})
		id := c.identity("{}")
		sig := c.sign(id, hexDigest("x"))
		if rsa.VerifyPKCS1v15(id.leaf.PublicKey.(*rsa.PublicKey), crypto.SHA256, sum[:], sig) == nil {
			t.Errorf("%s: the certificate fits the signature", kind)
		}
	}
	srv.Inject(Fault{Op: OpIdentity, Kind: IdentityExpires})
	id := c.identity("{}")
	c.want(404, "GET", "/identity/"+id.ID+"/sign/"+hexDigest("x"), "", nil)
}

func TestEncodingFaults(t *testing.T) {
	srv := startServer(t, WithProfile(Production))
	c := newWire(t, srv)
	c.login()
	member := func(f Fault, method, path, body, name string) string {
		t.Helper()
		_, b, err := strike(t, c, f, method, path, body)
		if err != nil {
			t.Fatal(err)
		}
		var m map[string]any
		if err := json.Unmarshal(b, &m); err != nil {
			t.Fatal(err)
		}
		if l, ok := m[name].([]any); ok {
			m[name] = l[0]
		}
		s, _ := m[name].(string)
		return s
	}
	for _, at := range []struct {
		op                 Op
		method, path, body string
		pem, base64        string
	}{
		{OpIdentity, "POST", "/identity", "{}", "signing_cert", "ocsp_response"},
		{OpTrustChain, "GET", "/trustchain", "", "trustchain", "ocsp_revocation_info"},
		{OpTimestamp, "GET", "/timestamp/" + hexDigest("x"), "", "", "token"},
	} {
		if _, err := base64.StdEncoding.DecodeString(member(Fault{Op: at.op, Kind: MalformedBase64}, at.method, at.path, at.body, at.base64)); err == nil {
			t.Errorf("%s: malformed base64 decodes", at.op)
		}
		if at.pem == "" {
			continue
		}
		if b, _ := pem.Decode([]byte(member(Fault{Op: at.op, Kind: MalformedPEM}, at.method, at.path, at.body, at.pem))); b != nil {
			t.Errorf("%s: malformed PEM decodes", at.op)
		}
		if s := member(Fault{Op: at.op, Kind: PEMWithCRLF}, at.method, at.path, at.body, at.pem); strings.Count(s, "\r\n") != strings.Count(s, "\n") || !strings.Contains(s, "\r\n") {
			t.Errorf("%s: no CRLF in %q", at.op, s)
		}
		if s := member(Fault{Op: at.op, Kind: PEMWithLiteralNewlines}, at.method, at.path, at.body, at.pem); strings.Contains(s, "\n") || !strings.Contains(s, `\n`) {
			t.Errorf("%s: no literal newlines in %q", at.op, s)
		}
	}
}

func TestTrustChainFaults(t *testing.T) {
	srv := startServer(t, WithProfile(Production))
	c := newWire(t, srv)
	c.login()
	type chain struct {
		Certs []string `json:"trustchain"`
		OCSP  []string `json:"ocsp_revocation_info"`
	}
	plain := chain{}
	c.want(200, "GET", "/trustchain", "", &plain)
	c.identity("{}")
	for kind, check := range map[Kind]func(chain) bool{
		ChainReversed:    func(g chain) bool { return g.Certs[0] == plain.Certs[2] && g.Certs[2] == plain.Certs[0] },
		ChainDuplicated:  func(g chain) bool { return len(g.Certs) == 6 && len(g.OCSP) == 4 },
		ChainWithLeaf:    func(g chain) bool { return len(g.Certs) == 4 && g.Certs[1] == plain.Certs[0] },
		ChainWithoutRoot: func(g chain) bool { return len(g.Certs) == 2 && g.Certs[1] == plain.Certs[1] },
		ChainEmpty:       func(g chain) bool { return g.Certs != nil && len(g.Certs) == 0 },
	} {
		srv.Inject(Fault{Op: OpTrustChain, Kind: kind})
		var got chain
		if c.want(200, "GET", "/trustchain", "", &got); !check(got) {
			t.Errorf("%s: %d certificates", kind, len(got.Certs))
		}
	}
}

func TestSignatureFaults(t *testing.T) {
	srv := startServer(t)
	c := newWire(t, srv)
	c.login()
	id := c.identity("{}")
	sum := sha256.Sum256([]byte("x"))
	for kind, check := range map[Kind]func(string, []byte, error) bool{
		SignatureOverOther:   func(_ string, sig []byte, err error) bool { return err == nil && len(sig) == 256 },
		SignatureWrongLength: func(_ string, sig []byte, err error) bool { return err == nil && len(sig) == 255 },
		SignatureLowerCase:   func(s string, sig []byte, err error) bool { return err == nil && s == strings.ToLower(s) },
		SignatureNotHex:      func(_ string, _ []byte, err error) bool { return err != nil },
	} {
		srv.Inject(Fault{Op: OpSign, Kind: kind})
		var out struct{ Signature string }
		c.want(200, "GET", "/identity/"+id.ID+"/sign/"+hexDigest("x"), "", &out)
		sig, err := hex.DecodeString(out.Signature)
		if !check(out.Signature, sig, err) {
			t.Errorf("%s: %s", kind, out.Signature)
		}
		good := rsa.VerifyPKCS1v15(id.leaf.PublicKey.(*rsa.PublicKey), crypto.SHA256, sum[:], sig) == nil
		if good != (kind == SignatureLowerCase) {
			t.Errorf("%s: signature verifies: %v", kind, good)
		}
	}
	if n := srv.Counters(); n.Signs != 4 {
		t.Errorf("%d signs counted", n.Signs)
	}
}

func TestTokenFaults(t *testing.T) {
	srv := startServer(t)
	c := newWire(t, srv)
	c.login()
	id := c.identity("{}")
	sum := sha256.Sum256([]byte("x"))
	for kind, check := range map[Kind]func([]byte, *timestamp.Timestamp, error) bool{
		TokenAfterExpiry: func(_ []byte, ts *timestamp.Timestamp, err error) bool {
			return err == nil && ts.Time.After(id.leaf.NotAfter)
		},
		TokenBeforeIssue: func(_ []byte, ts *timestamp.Timestamp, err error) bool {
			return err == nil && ts.Time.Before(id.leaf.NotBefore)
		},
		TokenWrongImprint: func(_ []byte, ts *timestamp.Timestamp, err error) bool {
			return err == nil && !bytes.Equal(ts.HashedMessage, sum[:])
		},
		TokenBadSignature: func(_ []byte, _ *timestamp.Timestamp, err error) bool { return err != nil },
		TokenWholeChain: func(_ []byte, ts *timestamp.Timestamp, err error) bool {
			return err == nil && len(ts.Certificates) == 3
		},
		TokenFraction: func(_ []byte, ts *timestamp.Timestamp, err error) bool {
			return err == nil && ts.Time.Nanosecond() == 123e6
		},
		TokenHuge: func(der []byte, _ *timestamp.Timestamp, _ error) bool { return len(der) > 64<<10 },
		TokenWithoutCertificate: func(der []byte, _ *timestamp.Timestamp, _ error) bool {
			return !bytes.Contains(der, srv.TSAChain()[0].Raw)
		},
		TokenAsResponse: func(der []byte, _ *timestamp.Timestamp, _ error) bool {
			ts, err := timestamp.ParseResponse(der)
			return err == nil && bytes.Equal(ts.HashedMessage, sum[:])
		},
	} {
		srv.Inject(Fault{Op: OpTimestamp, Kind: kind})
		der := c.stamp(hexDigest("x"))
		ts, err := timestamp.Parse(der)
		if !check(der, ts, err) {
			t.Errorf("%s: %+v, %v", kind, ts, err)
		}
	}
}

func TestTSAKnobs(t *testing.T) {
	demo := newWire(t, startServer(t, WithTSA(TSAUnderSigningRoot)))
	demo.login()
	ts, err := timestamp.Parse(demo.stamp(hexDigest("x")))
	if err != nil || ts.Accuracy != 0 || !ts.Policy.Equal(oidDemoTSAPolicy) || ts.Certificates[0].CheckSignatureFrom(demo.srv.Roots()[0]) != nil {
		t.Errorf("demo TSA: %+v, %v", ts, err)
	}
	big := newWire(t, startServer(t, WithWholeChainToken()))
	big.login()
	if ts, err := timestamp.Parse(big.stamp(hexDigest("x"))); err != nil || len(ts.Certificates) != 3 {
		t.Errorf("whole chain: %+v, %v", ts, err)
	}
}

func TestFaultsThatNeverStrike(t *testing.T) {
	if srv, err := NewServer(WithFaults(Fault{Op: OpLogin, Kind: CRLRevoked})); err == nil {
		srv.Close()
		t.Error("NewServer armed a fault that never strikes")
	}
	srv := startServer(t, WithFaults(Fault{Op: OpLogin, Kind: ServiceBusy}))
	c := newWire(t, srv)
	c.want(503, "POST", "/login", c.credentials(), nil)
	defer func() {
		if recover() == nil {
			t.Error("Inject armed a fault that never strikes")
		}
	}()
	srv.Inject(Fault{Op: OpSign, Kind: ChainEmpty})
}
