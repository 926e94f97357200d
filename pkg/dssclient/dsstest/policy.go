// SPDX-License-Identifier: Apache-2.0

package dsstest

import (
	"encoding/json"
	"maps"

	"gsign/pkg/dssclient"
)

// The rules of a validation policy, as they go over the wire.
type (
	Presence        = dssclient.Presence
	FieldPolicy     = dssclient.StringPolicy // for a string field
	ListPolicy      = dssclient.ListPolicy   // for a field of many strings
	TypeValuePolicy = dssclient.ValuePolicy  // for one object identifier of extra_attributes or other_names
)

// The presences. STATIC fields have the policy's value and must be left out of requests.
const (
	Optional  = dssclient.Optional
	Required  = dssclient.Required
	Forbidden = dssclient.Forbidden
	Static    = dssclient.Static
)

// ListFields are rules for string fields, list fields and typed fields of one object of the request. A field that is in
// none of them is forbidden.
type ListFields struct {
	Fields map[string]FieldPolicy
	Lists  map[string]ListPolicy
	Typed  map[string]map[string]TypeValuePolicy // "extra_attributes" or "other_names", then object identifier
}

// MarshalJSON writes the three kinds of rule as members of one object, as the service does.
func (f ListFields) MarshalJSON() ([]byte, error) {
	out := map[string]any{}
	for k, v := range f.Fields {
		if k == "date_of_birth" {
			out[k] = v.Presence // the one field whose rule is a bare presence
			continue
		}
		out[k] = v
	}
	for k, v := range f.Lists {
		out[k] = v
	}
	for k, v := range f.Typed {
		out[k] = v
	}
	return json.Marshal(out)
}

// Policy is an account's validation policy.
type Policy struct {
	SubjectDN         ListFields  `json:"subject_dn"`
	SubjectDA         *ListFields `json:"subject_da,omitempty"`
	SAN               *ListFields `json:"san,omitempty"`
	ExtendedKeyUsages *EKUPolicy  `json:"extended_key_usages,omitempty"`
	KeyUsages         ListFields  `json:"key_usages,omitzero"`

	// Defaults are the values of optional subject fields that a request leaves out.
	Defaults map[string]string `json:"-"`
}

// EKUPolicy is the rule for extended key usages.
type EKUPolicy struct {
	EKUs     ListPolicy `json:"ekus"`
	Critical bool       `json:"critical"`
}

// dnOrder is the order of the fields in a certificate's subject: C, ST, L, O, OU, CN as in real certificates, the others
// between them.
var dnOrder = []string{
	"country", "state", "locality", "street_address", "postal_code",
	"organization", "organization_identifier", "organizational_unit", "business_category",
	"jurisdiction_of_incorporation_locality_name", "jurisdiction_of_incorporation_state_or_province_name",
	"jurisdiction_of_incorporation_country_name",
	"serial_number", "given_name", "surname", "common_name", "email", "extra_attributes",
}

// defaultSubject is what an empty request gets: it says TEST wherever it can, as trial accounts' certificates do.
var defaultSubject = map[string]string{
	"country": "GB", "state": "TEST STATE - FOR TESTING PURPOSE ONLY", "locality": "TEST LOCALITY - FOR TESTING PURPOSE ONLY",
	"organization": "TEST ORGANIZATION - FOR TESTING PURPOSE ONLY", "common_name": "TEST SIGNER - FOR TESTING PURPOSE ONLY",
}

// emailFormat keeps to the characters of an IA5String.
const emailFormat = "[!-?A-~]+@[!-?A-~]+"

// DynamicPolicy allows every field of the subject and requires none: {} gets a default subject.
func DynamicPolicy() *Policy {
	// The upper bounds are those of X.520: 64 characters for names, 128 for places.
	name, place := FieldPolicy{Presence: Optional, Format: ".{1,64}"}, FieldPolicy{Presence: Optional, Format: ".{1,128}"}
	country := FieldPolicy{Presence: Optional, Format: "[A-Z]{2}"}
	return &Policy{
		SubjectDN: ListFields{
			Fields: map[string]FieldPolicy{
				"country": country, "state": place, "locality": place, "street_address": place, "postal_code": name,
				"organization": name, "organization_identifier": name, "business_category": name,
				"jurisdiction_of_incorporation_locality_name":          place,
				"jurisdiction_of_incorporation_state_or_province_name": place,
				"jurisdiction_of_incorporation_country_name":           country,
				"serial_number": {Presence: Optional, Format: "[A-Za-z0-9 '()+,./:=?-]{1,64}"}, // PrintableString
				"given_name":    name, "surname": name, "common_name": name,
				"email": {Presence: Optional, Format: emailFormat},
			},
			Lists: map[string]ListPolicy{"organizational_unit": {List: []string{".{1,64}"}, MaxCount: 3}},
			Typed: map[string]map[string]TypeValuePolicy{"extra_attributes": {
				"2.5.4.12": {ValueType: "UTF8STRING", ValueFormat: ".{1,64}", MaxCount: 1},      // title
				"2.5.4.65": {ValueType: "UTF8STRING", ValueFormat: ".{1,128}", MaxCount: 1},     // pseudonym
				"2.5.4.13": {ValueType: "PRINTABLESTRING", ValueFormat: ".{1,64}", MaxCount: 1}, // description
			}},
		},
		SubjectDA: &ListFields{
			Fields: map[string]FieldPolicy{
				"gender": {Presence: Optional, Format: "[MF]"}, "date_of_birth": {Presence: Optional}, "place_of_birth": place,
			},
			Lists: map[string]ListPolicy{
				"country_of_citizenship": {List: []string{"[A-Z]{2}"}, MaxCount: 2},
				"country_of_residence":   {List: []string{"[A-Z]{2}"}, MaxCount: 2},
			},
		},
		SAN: &ListFields{Lists: map[string]ListPolicy{
			"emails":    {List: []string{emailFormat}, MaxCount: 3},
			"dns_names": {List: []string{"[a-z0-9-]+([.][a-z0-9-]+)*"}, MaxCount: 3},
			"uris":      {List: []string{"https?://[a-z0-9-]+([.][a-z0-9-]+)*(/[A-Za-z0-9._/-]*)?"}, MaxCount: 3},
		}},
		Defaults: maps.Clone(defaultSubject),
	}
}

// StaticPolicy fixes the whole subject: {} is the only good request.
func StaticPolicy() *Policy {
	p := &Policy{SubjectDN: ListFields{Fields: map[string]FieldPolicy{}}}
	for k, v := range defaultSubject {
		p.SubjectDN.Fields[k] = FieldPolicy{Presence: Static, Format: v}
	}
	return p
}
