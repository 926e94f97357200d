// SPDX-License-Identifier: Apache-2.0

package dsstest

import (
	"encoding/json"
	"testing"
	"time"
)

// FuzzIdentityRequest: whatever the policy allows can be put into a certificate that parses.
func FuzzIdentityRequest(f *testing.F) {
	for _, body := range []string{
		`{}`, `null`, `{"subject_dn":[]}`, `{"subject_dn":{"common_name":"Alice","organizational_unit":["A"],"email":"a@b"}}`,
		`{"subject_dn":{"country":"DE","serial_number":"1","extra_attributes":[{"type":"2.5.4.12","value":"Dr."}]}}`,
		`{"subject_da":{"gender":"M","date_of_birth":"1990-02-03","country_of_citizenship":["DE","BE"]}}`,
		`{"san":{"emails":["a@b"],"dns_names":["a.b"],"uris":["https://a.b/c"]}}`, `{"x":1}`, `[1]`, `"s"`, `1e9`,
	} {
		f.Add([]byte(body))
	}
	key, err := generateKey(ecdsaP256)
	if err != nil {
		f.Fatal(err)
	}
	now := time.Now()
	ca, err := newAuthority(&caSpec{name: "root", subject: caSubject("TEST"), key: key, from: now.Add(-day), until: now.Add(day)}, "http://127.0.0.1")
	if err != nil {
		f.Fatal(err)
	}
	policy := DynamicPolicy()
	f.Fuzz(func(t *testing.T, body []byte) {
		if !json.Valid(body) {
			return
		}
		req, bad := policy.parseIdentity(body)
		if (req == nil) != (len(bad) > 0) {
			t.Fatalf("request %v with violations %v", req, bad)
		}
		if req == nil {
			return
		}
		if _, err := ca.issueLeaf(key.Public(), req, now, time.Minute); err != nil {
			t.Errorf("%s: %v", body, err)
		}
	})
}
