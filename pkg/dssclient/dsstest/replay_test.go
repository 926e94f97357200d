// SPDX-License-Identifier: Apache-2.0

package dsstest

import (
	"crypto/tls"
	"net/http"
	"strings"
	"testing"
)

// A publicClient is how one family of clients in the field speaks to the service: what of its requests differs from
// what the documentation shows.
type publicClient struct {
	name         string
	loginHeaders []string
	postType     string
	identityBody string
	getHeaders   []string
	getBody      string // sent with GET, by clients that marshal their empty parameters
	lower        bool   // digests in lower case
	tls          func(*http.Transport)
	first        []string // calls between login and identity
	chain        string   // where it gets the issuer from
}

var publicClients = []publicClient{
	{
		name: "PHP component: null identity, lower-case digests, no content type on GET", postType: "application/json;charset=utf-8",
		identityBody: "null", lower: true, chain: "/trustchain",
		first: []string{"/quotas/signatures", "/quotas/timestamps", "/counters/signatures", "/counters/timestamps", "/counters/identities"},
	},
	{
		name: "Go SDK: suites with RSA certificates, big curves, JSON type on GET", postType: "application/json;charset=utf-8",
		identityBody: `{"subject_dn":{}}` + "\n", getHeaders: []string{"Content-Type: application/json;charset=utf-8"},
		chain: "/certificate_path",
		tls: func(tr *http.Transport) {
			tr.ForceAttemptHTTP2 = false
			tr.TLSClientConfig.MaxVersion = tls.VersionTLS12
			tr.TLSClientConfig.CurvePreferences = []tls.CurveID{tls.CurveP521, tls.CurveP384, tls.CurveP256}
			tr.TLSClientConfig.CipherSuites = []uint16{tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384, tls.TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA}
		},
	},
	{
		name: "older Go SDK: empty object as body of GET", postType: "application/json;charset=utf-8",
		identityBody: `{"subject_dn":{"common_name":"TEST Ülrike"}}`, getHeaders: []string{"Content-Type: application/json;charset=utf-8"},
		getBody: "{}\n", chain: "/certificate_path",
	},
	{
		name: ".NET samples: empty bearer on login, space before charset", postType: "application/json; charset=utf-8",
		loginHeaders: []string{"Authorization: Bearer "}, identityBody: "{}", lower: true, chain: "/trustchain",
		first: []string{"/validationpolicy"},
	},
	{
		name: "JavaScript samples: upper-case charset", postType: "application/json;charset=UTF-8",
		identityBody: `{"subject_dn":{"organizational_unit":["TEST unit"],"common_name":"TEST Alice"}}`,
		getHeaders:   []string{"Content-Type: application/json;charset=UTF-8"}, chain: "/trustchain",
	},
	{
		name: "Python library: no Accept-Encoding", postType: "application/json; charset=utf-8",
		loginHeaders: []string{"Accept-Encoding: "}, identityBody: `{"subject_dn":{"common_name":"TEST Alice"}}`, chain: "/certificate_path",
	},
	{
		name: "sample that names its certificate in a header", postType: "application/json;charset=utf-8",
		loginHeaders: []string{"X-SSL-Client-Serial: 01AB"}, identityBody: "{}", lower: true, chain: "/certificate_path",
	},
	{
		name: "vendor SDK: no caching, trust chain before signing", postType: "application/json;charset=utf-8",
		identityBody: `{"subject_dn":{"common_name":"TEST Alice"}}`, getHeaders: []string{"Cache-Control: no-cache", "Pragma: no-cache"},
		lower: true, chain: "/trustchain",
		tls: func(tr *http.Transport) { tr.ForceAttemptHTTP2 = false },
	},
}

// TestReplayOfPublicClients sends the requests of clients in the field, each as far as signature, timestamp and issuer.
func TestReplayOfPublicClients(t *testing.T) {
	srv := startServer(t)
	for i, p := range publicClients {
		t.Run(p.name, func(t *testing.T) {
			alter := p.tls
			if alter == nil {
				alter = func(*http.Transport) {}
			}
			c := newWire(t, srv, alter)
			post := []string{"Content-Type: " + p.postType}
			var login struct {
				Token string `json:"access_token"`
			}
			c.want(200, "POST", "/login", c.credentials()+"\n", &login, append(post, p.loginHeaders...)...)
			c.token = login.Token
			get := func(path string) {
				t.Helper()
				c.getBody = p.getBody
				c.want(200, "GET", path, "", nil, p.getHeaders...)
			}
			for _, path := range p.first {
				get(path)
			}
			var id wireIdentity
			c.want(200, "POST", "/identity", p.identityBody, &id, post...)
			digits := hexDigest(p.name)
			if p.lower {
				digits = strings.ToLower(digits)
			}
			get(p.chain)
			get("/identity/" + id.ID + "/sign/" + digits)
			get("/timestamp/" + digits)
			if n := srv.Counters(); n.Signs != i+1 || n.Timestamps != i+1 {
				t.Errorf("counters: %+v", n)
			}
		})
	}
}
