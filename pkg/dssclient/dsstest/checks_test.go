// SPDX-License-Identifier: Apache-2.0

package dsstest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

type wireProblem struct {
	Description string            `json:"description"`
	ID          string            `json:"id"`
	Errors      map[string]string `json:"errors"`
}

func TestHeaderChecksInOrder(t *testing.T) {
	srv := startServer(t)
	c := newWire(t, srv)
	for _, tc := range []struct {
		name, path, body string
		headers          []string
		status           int
		description      string
	}{
		{"no body", "/identity", "", nil, 411, "Content-Length required"},
		{"no body, bad type", "/identity", "", []string{"Content-Type: text/plain"}, 411, "Content-Length required"},
		{"no charset", "/identity", "{", []string{"Content-Type: application/json"}, 415, "Bad Content-Type"},
		{"other charset", "/identity", "{", []string{"Content-Type: application/json;charset=latin1"}, 415, "Bad Content-Type"},
		{"form", "/login", "a=b", []string{"Content-Type: application/x-www-form-urlencoded"}, 415, "Bad Content-Type"},
		{"no JSON", "/identity", "{", nil, 400, "Bad Request"},
		{"no token", "/identity", `{"unknown":1}`, nil, 401, "Unauthorized"},
		{"wrong token", "/identity", `{}`, []string{"Authorization: Bearer abc"}, 401, "Unauthorized"},
		{"other scheme", "/identity", `{}`, []string{"Authorization: Basic abc"}, 401, "Unauthorized"},
		{"malformed key", "/login", `{"api_key":"anything","api_secret":"but valid"}`, nil, 400, "Bad Request"},
		{"empty login", "/login", `null`, nil, 400, "Bad Request"},
		{"wrong secret", "/login", `{"api_key":"0000000000000000","api_secret":"` + strings.Repeat("0", 40) + `"}`, nil, 401, "Unauthorized"},
		{"unknown path", "/nothing", `{}`, nil, 404, "Not found"},
		{"wrong method", "/trustchain", `{}`, nil, 405, "Method Not Allowed"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c.t = t
			var p wireProblem
			resp := c.want(tc.status, "POST", tc.path, tc.body, &p, tc.headers...)
			if p.Description != tc.description {
				t.Errorf("description %q, want %q", p.Description, tc.description)
			}
			if got := resp.Header.Get("Content-Type"); got != "application/problem+json;charset=utf-8" {
				t.Errorf("content type %q", got)
			}
			if resp.Header.Get("Retry-After") != "" {
				t.Error("Retry-After without being asked for")
			}
		})
	}
	if n := srv.Counters(); n.Logins != 0 || n.Identities != 0 || n.Requests[OpIdentity] != 8 {
		t.Errorf("counters after refusals: %+v", n)
	}
}

func TestContentTypesOfClientsInTheField(t *testing.T) {
	lenient, strict := startServer(t), startServer(t, WithStrictContentType())
	for _, ct := range []string{
		"application/json;charset=utf-8", "application/json; charset=UTF-8", "application/json;charset=UTF-8", "application/json; charset=utf-8",
	} {
		c := newWire(t, lenient)
		c.want(200, "POST", "/login", c.credentials(), nil, "Content-Type: "+ct)
		status := 415
		if ct == "application/json;charset=utf-8" {
			status = 200
		}
		c = newWire(t, strict)
		c.want(status, "POST", "/login", c.credentials(), nil, "Content-Type: "+ct)
	}
}

func TestLogin(t *testing.T) {
	clock := time.Now()
	srv := startServer(t, WithLongToken(), WithNow(func() time.Time { return clock }), WithMalformedLoginStatus(422),
		WithCredentials("00112233aAbBcCdD", strings.Repeat("aF", 20)))
	c := newWire(t, srv)
	var p wireProblem
	c.want(422, "POST", "/login", `{"api_key":"x","api_secret":"y"}`, &p)
	if p.Description != "Invalid login request" {
		t.Errorf("description %q", p.Description)
	}
	var out struct {
		Token string `json:"access_token"`
	}
	resp := c.want(200, "POST", "/login", c.credentials(), &out)
	if got := resp.Header.Get("Authorization"); got != "Bearer "+out.Token {
		t.Errorf("Authorization header %q", got)
	}
	if len(out.Token) < 1024 {
		t.Errorf("long token has %d bytes", len(out.Token))
	}
	c.login()
	if c.token == out.Token {
		t.Error("the same token twice")
	}
	clock = clock.Add(9*time.Minute + 59*time.Second)
	c.want(200, "GET", "/trustchain", "", nil)
	c.want(200, "GET", "/trustchain", "", nil, "Authorization: Bearer "+out.Token) // several live at once
	clock = clock.Add(2 * time.Second)
	c.want(401, "GET", "/trustchain", "", nil)
	c.login()
	srv.ExpireTokens()
	c.want(401, "GET", "/trustchain", "", nil)
}

func TestClientCertificates(t *testing.T) {
	srv := startServer(t)
	other, err := srv.ClientCertificate("TEST other")
	if err != nil {
		t.Fatal(err)
	}
	expired, err := srv.ExpiredClientCertificate()
	if err != nil {
		t.Fatal(err)
	}
	foreign, err := startServer(t).ClientCertificate("TEST foreign")
	if err != nil {
		t.Fatal(err)
	}
	right := newWire(t, srv)
	right.login()

	c := newWire(t, srv, func(tr *http.Transport) { tr.TLSClientConfig.Certificates[0] = other })
	c.want(401, "POST", "/login", c.credentials(), nil)
	c.token = right.token
	c.want(401, "GET", "/trustchain", "", nil) // a token belongs to its certificate

	for name, f := range map[string]func(*http.Transport){
		"none":    func(tr *http.Transport) { tr.TLSClientConfig.Certificates = nil },
		"expired": func(tr *http.Transport) { tr.TLSClientConfig.Certificates[0] = expired },
		"foreign": func(tr *http.Transport) { tr.TLSClientConfig.Certificates[0] = foreign },
	} {
		c := newWire(t, srv, f)
		if resp, _, err := c.do("POST", "/login", c.credentials()); err == nil {
			t.Errorf("%s: got %s, want a failed handshake", name, resp.Status)
		}
	}
}

func TestIdentityBodies(t *testing.T) {
	srv := startServer(t)
	c := newWire(t, srv)
	c.login()
	for _, body := range []string{`{}`, `null`, `{"subject_dn":{}}`, `{"subject_dn":[]}`, `{"subject_dn":null}`} {
		if cn := c.identity(body).leaf.Subject.CommonName; cn != defaultSubject["common_name"] {
			t.Errorf("%s: common name %q", body, cn)
		}
	}
	full := c.identity(`{"subject_dn":{"country":"DE","state":"Süd","locality":"L","organization":"Acme","organizational_unit":["A","B"],
		"common_name":"Alice","email":"a@b.invalid","extra_attributes":[{"type":"2.5.4.12","value":"Dr."}]},
		"subject_da":{"gender":"F","date_of_birth":"1990-02-03","place_of_birth":"X","country_of_citizenship":["DE"]},
		"san":{"emails":["a@b.invalid"],"dns_names":["b.invalid"],"uris":["https://b.invalid/x"]}}`).leaf
	types := []string{}
	for _, n := range full.Subject.Names {
		types = append(types, n.Type.String())
	}
	order := []string{"2.5.4.6", "2.5.4.8", "2.5.4.7", "2.5.4.10", "2.5.4.11", "2.5.4.11", "2.5.4.3", "1.2.840.113549.1.9.1", "2.5.4.12", "2.5.4.11"}
	if d := cmp.Diff(order, types); d != "" {
		t.Errorf("order of the subject: %s", d)
	}
	if d := cmp.Diff([]string{"A", "B", "FOR TESTING PURPOSE ONLY"}, full.Subject.OrganizationalUnit); d != "" {
		t.Errorf("organizational units: %s", d)
	}
	if len(full.EmailAddresses) != 1 || len(full.DNSNames) != 1 || len(full.URIs) != 1 {
		t.Errorf("alternative names: %v %v %v", full.EmailAddresses, full.DNSNames, full.URIs)
	}
	for body, member := range map[string]string{
		`{"testing":123}`: "testing",
		`"text"`:          "body",
		`[1]`:             "body",
		`{"subject_dn":{"organization_unit":"X"}}`:                              "subject_dn.organization_unit",
		`{"subject_dn":{"organizational_unit":"X"}}`:                            "subject_dn.organizational_unit",
		`{"subject_dn":{"organizational_unit":["1","2","3","4"]}}`:              "subject_dn.organizational_unit",
		`{"subject_dn":{"common_name":7}}`:                                      "subject_dn.common_name",
		`{"subject_dn":{"country":"de"}}`:                                       "subject_dn.country",
		`{"subject_dn":{"country":""}}`:                                         "subject_dn.country",
		`{"subject_dn":{"extra_attributes":[{"type":"2.5.4.12","name":"x"}]}}`:  "subject_dn.extra_attributes",
		`{"subject_dn":{"extra_attributes":[{"type":"2.5.4.99","value":"x"}]}}`: "subject_dn.extra_attributes",
		`{"subject_da":{"date_of_birth":"3.2.1990"}}`:                           "subject_da.date_of_birth",
		`{"san":{"ip_addresses":["127.0.0.1"]}}`:                                "san.ip_addresses",
		`{"extended_key_usages":["1.2.3"]}`:                                     "extended_key_usages",
		`{"key_usages":{"digital_signature":true}}`:                             "key_usages.digital_signature",
		`{"subject_dn":{"common_name":"` + strings.Repeat("x", 65) + `"}}`:      "subject_dn.common_name",
		`{"subject_dn":"text"}`:                                                 "subject_dn",
	} {
		var p wireProblem
		c.want(422, "POST", "/identity", body, &p)
		if p.Errors[member] == "" || p.Description == "" {
			t.Errorf("%s: no complaint about %s in %+v", body, member, p)
		}
	}
}

func TestPolicyPresences(t *testing.T) {
	srv := startServer(t, WithPolicy(&Policy{
		SubjectDN: ListFields{
			Fields: map[string]FieldPolicy{
				"country": {Presence: Static, Format: "BE"}, "common_name": {Presence: Required, Format: "TEST [A-Z][a-z]+"},
				"organization": {Presence: Static, Format: "TEST org"}, "email": {Presence: Forbidden}, "locality": {Presence: Optional, Format: "[A-Z]+"},
			},
			Lists: map[string]ListPolicy{"organizational_unit": {Static: true, List: []string{"one", "two"}}},
			Typed: map[string]map[string]TypeValuePolicy{"extra_attributes": {"2.5.4.12": {Static: true, ValueFormat: "Dr."}}},
		},
		ExtendedKeyUsages: &EKUPolicy{EKUs: ListPolicy{List: []string{"1[.]2[.]3"}, MaxCount: 1}},
	}))
	c := newWire(t, srv)
	c.login()
	leaf := c.identity(`{"subject_dn":{"common_name":"TEST Alice"},"extended_key_usages":["1.2.3"]}`).leaf
	if got := leaf.Subject.String(); !strings.Contains(got, "2.5.4.12=") {
		t.Errorf("no static extra attribute in %s", got)
	}
	if d := cmp.Diff([]string{"one", "two"}, leaf.Subject.OrganizationalUnit); d != "" || leaf.Subject.Country[0] != "BE" {
		t.Errorf("static fields: %v, %s", leaf.Subject, d)
	}
	if len(leaf.UnknownExtKeyUsage) != 2 {
		t.Errorf("extended key usages: %v", leaf.UnknownExtKeyUsage)
	}
	for body, member := range map[string]string{
		`{}`:                                     "subject_dn.common_name",
		`{"subject_dn":{"common_name":"Alice"}}`: "subject_dn.common_name",
		`{"subject_dn":{"common_name":"TEST Alice","country":"BE"}}`:              "subject_dn.country",
		`{"subject_dn":{"common_name":"TEST Alice","email":"a@b"}}`:               "subject_dn.email",
		`{"subject_dn":{"common_name":"TEST Alice","surname":"X"}}`:               "subject_dn.surname",
		`{"subject_dn":{"common_name":"TEST Alice","organizational_unit":["x"]}}`: "subject_dn.organizational_unit",
		`{"subject_dn":{"common_name":"TEST Alice","locality":"x"}}`:              "subject_dn.locality",
	} {
		var p wireProblem
		c.want(422, "POST", "/identity", body, &p)
		if p.Errors[member] == "" || len(p.Errors) != 1 {
			t.Errorf("%s: %+v, want a complaint about %s only", body, p.Errors, member)
		}
	}
	var policy map[string]map[string]json.RawMessage
	c.want(200, "GET", "/validationpolicy", "", &policy)
	if got := string(policy["subject_dn"]["common_name"]); got != `{"presence":"REQUIRED","format":"TEST [A-Z][a-z]+"}` {
		t.Errorf("policy of common_name: %s", got)
	}
	if got := string(policy["subject_dn"]["organizational_unit"]); got != `{"static":true,"list":["one","two"],"mincount":0,"maxcount":0}` {
		t.Errorf("policy of organizational_unit: %s", got)
	}
	static := newWire(t, startServer(t, WithPolicy(StaticPolicy())))
	static.login()
	static.identity(`{}`)
	static.want(422, "POST", "/identity", `{"subject_dn":{"common_name":"x"}}`, nil)
}

func TestDigestsAndIdentities(t *testing.T) {
	clock := time.Now()
	srv := startServer(t, WithNow(func() time.Time { return clock }), WithIdentityIDs(func() string { return "a/b c%2F?#" }))
	c := newWire(t, srv)
	c.login()
	id := c.identity("{}")
	if life := id.leaf.NotAfter.Sub(id.leaf.NotBefore); life != 600*time.Second || !id.leaf.NotBefore.Equal(clock.Truncate(time.Second).UTC()) {
		t.Errorf("leaf from %v for %v, issued at %v", id.leaf.NotBefore, life, clock)
	}
	id.ID = "a%2Fb%20c%252F%3F%23"
	c.sign(id, hexDigest("x"))
	c.sign(id, strings.ToLower(hexDigest("x")))
	for _, digits := range []string{"abc", hexDigest("x")[1:], hexDigest("x") + "00", strings.Repeat("G", 64)} {
		for _, path := range []string{"/identity/" + id.ID + "/sign/", "/timestamp/"} {
			var p wireProblem
			c.want(422, "GET", path+digits, "", &p)
			if p.Description != "Malformed digest" {
				t.Errorf("%s: %q", path, p.Description)
			}
		}
	}
	c.want(404, "GET", "/identity/nobody/sign/"+hexDigest("x"), "", nil)
	clock = clock.Add(9 * time.Minute)
	c.login()
	c.sign(id, hexDigest("x"))
	clock = clock.Add(time.Minute)
	c.want(404, "GET", "/identity/"+id.ID+"/sign/"+hexDigest("x"), "", nil)
	if n := srv.Counters(); n.Signs != 3 || n.Timestamps != 0 {
		t.Errorf("counters: %+v", n)
	}
}

func TestTrustChain(t *testing.T) {
	type chain struct {
		Certs []string `json:"trustchain"`
		OCSP  []string `json:"ocsp_revocation_info"`
	}
	for profile, want := range map[Profile][2]int{Trial: {1, 0}, Production: {3, 2}} {
		c := newWire(t, startServer(t, WithProfile(profile)))
		c.login()
		_, body, err := c.do("GET", "/trustchain", "")
		if err != nil {
			t.Fatal(err)
		}
		var got chain
		if err := json.Unmarshal(body, &got); err != nil {
			t.Fatal(err)
		}
		if fmt.Sprint([2]int{len(got.Certs), len(got.OCSP)}) != fmt.Sprint(want) || strings.Contains(string(body), "null") {
			t.Errorf("profile %d: %d certificates, %d OCSP answers, want %v", profile, len(got.Certs), len(got.OCSP), want)
		}
	}
}
