// SPDX-License-Identifier: Apache-2.0

package dssclient

import (
	"slices"
	"testing"
)

// policyJSON has the documented shapes, the shapes that other clients believe in, and members nobody knows.
const policyJSON = `{
	"validity": {"secondsmin": 1}, "public_key": {"key_type": "RSA"},
	"subject_dn": {
		"common_name": {"presence": "REQUIRED", "format": "^[A-Z].+$"},
		"organization": {"presence": "STATIC", "format": "TEST org"},
		"country": {"presence": "FORBIDDEN", "format": ""},
		"email": {"presence": "OPTIONAL", "format": "(?!lookahead)"},
		"state": "REQUIRED",
		"locality": 7,
		"organizational_unit": {"static": false, "list": ["^a", "^b"], "mincount": 0, "maxcount": 2},
		"extra_attributes": {"2.5.4.12": {"static": false, "value_type": "UTF8STRING", "value_format": "^Dr$", "mincount": 1, "maxcount": 1}},
		"unheard_of": {"presence": "REQUIRED"}
	},
	"subject_da": {"date_of_birth": "REQUIRED", "country_of_residence": {"presence": "FORBIDDEN", "format": ""}},
	"san": {"emails": {"static": true, "list": ["a@b"]}, "dns_names": {"list": []}, "other_names": "none"},
	"key_usages": {"digital_signature": "STATIC_TRUE", "crl_sign": {"presence": "FORBIDDEN", "format": ""}},
	"extended_key_usages": {"ekus": {"static": false, "list": [], "mincount": 0, "maxcount": 0}, "critical": false}
}`

func TestPolicyCheck(t *testing.T) {
	p, err := parsePolicy([]byte(policyJSON))
	if err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		request *IdentityRequest
		want    []string
	}{
		"nothing": {nil, []string{
			"subject_dn.state missing", "subject_dn.common_name missing", "subject_dn.extra_attributes[2.5.4.12] missing",
			"subject_da.date_of_birth missing",
		}},
		"good": {&IdentityRequest{
			SubjectDN: &SubjectDN{
				CommonName: "Ann", State: "x", Locality: "anything", Email: "anything",
				OrganizationalUnit: []string{"a", "b"}, ExtraAttributes: []TypeValue{{"2.5.4.12", "Dr"}},
			},
			SubjectDA: &SubjectDA{DateOfBirth: "2000-01-01"},
			SAN:       &SAN{DNSNames: []string{"x"}},
		}, nil},
		"bad": {&IdentityRequest{
			SubjectDN: &SubjectDN{
				CommonName: "ann", State: "x", Organization: "Mine", Country: "DE",
				OrganizationalUnit: []string{"c"}, ExtraAttributes: []TypeValue{{"2.5.4.12", "Mr"}},
			},
			SubjectDA:         &SubjectDA{DateOfBirth: "2000-01-01", CountryOfResidence: []string{"DE"}},
			SAN:               &SAN{Emails: []string{"x@y"}},
			ExtendedKeyUsages: []string{"1.2"},
			KeyUsages:         map[string]bool{"digital_signature": true, "crl_sign": true},
		}, []string{
			"subject_dn.country not allowed", "subject_dn.organization not allowed",
			"subject_dn.organizational_unit does not match", "subject_dn.common_name does not match",
			"subject_dn.extra_attributes[2.5.4.12] does not match", "subject_da.country_of_residence not allowed",
			"san.emails not allowed", "extended_key_usages not allowed",
			"key_usages.crl_sign not allowed", "key_usages.digital_signature not allowed",
		}},
		"too many": {&IdentityRequest{
			SubjectDN: &SubjectDN{
				CommonName: "Ann", State: "x", OrganizationalUnit: []string{"a", "a", "a"},
				ExtraAttributes: []TypeValue{{"2.5.4.12", "Dr"}},
			},
			SubjectDA: &SubjectDA{DateOfBirth: "2000-01-01"},
		}, []string{"subject_dn.organizational_unit does not match"}},
	} {
		var got []string
		for _, problem := range p.Check(tc.request) {
			got = append(got, problem.Member+" "+string(problem.Kind))
		}
		if !slices.Equal(got, tc.want) {
			t.Errorf("%s:\ngot  %q\nwant %q", name, got, tc.want)
		}
	}
	if got := new(ValidationPolicy).Check(&IdentityRequest{SubjectDN: &SubjectDN{CommonName: "x"}}); got != nil {
		t.Errorf("a policy that says nothing finds %v", got)
	}
}
