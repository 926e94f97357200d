// SPDX-License-Identifier: Apache-2.0

package dssclient

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
)

// IdentityRequest is the body of POST /identity. What is allowed and what is required depends on the account's
// validation policy; an account with a static identity takes the zero value, which is sent as {}.
type IdentityRequest struct {
	SubjectDN         *SubjectDN      `json:"subject_dn,omitempty"`
	SubjectDA         *SubjectDA      `json:"subject_da,omitempty"`
	SAN               *SAN            `json:"san,omitempty"`
	ExtendedKeyUsages []string        `json:"extended_key_usages,omitempty"` // dotted OIDs
	KeyUsages         map[string]bool `json:"key_usages,omitempty"`

	// Extra holds further top-level members as one JSON object, for whatever an account allows beyond these fields.
	// A member that is also set by a field is an error.
	Extra json.RawMessage `json:"-"`
}

// SubjectDN is the subject's distinguished name.
type SubjectDN struct {
	Country                string      `json:"country,omitempty"` // two upper-case letters
	State                  string      `json:"state,omitempty"`
	Locality               string      `json:"locality,omitempty"`
	StreetAddress          string      `json:"street_address,omitempty"`
	PostalCode             string      `json:"postal_code,omitempty"`
	Organization           string      `json:"organization,omitempty"`
	OrganizationalUnit     []string    `json:"organizational_unit,omitempty"`
	OrganizationIdentifier string      `json:"organization_identifier,omitempty"`
	CommonName             string      `json:"common_name,omitempty"`
	GivenName              string      `json:"given_name,omitempty"`
	Surname                string      `json:"surname,omitempty"`
	SerialNumber           string      `json:"serial_number,omitempty"`
	Email                  string      `json:"email,omitempty"`
	JurisdictionLocality   string      `json:"jurisdiction_of_incorporation_locality_name,omitempty"`
	JurisdictionState      string      `json:"jurisdiction_of_incorporation_state_or_province_name,omitempty"`
	JurisdictionCountry    string      `json:"jurisdiction_of_incorporation_country_name,omitempty"`
	BusinessCategory       string      `json:"business_category,omitempty"`
	ExtraAttributes        []TypeValue `json:"extra_attributes,omitempty"`
}

// SubjectDA holds the subject directory attributes.
type SubjectDA struct {
	Gender               string      `json:"gender,omitempty"`
	DateOfBirth          string      `json:"date_of_birth,omitempty"` // YYYY-MM-DD
	PlaceOfBirth         string      `json:"place_of_birth,omitempty"`
	CountryOfCitizenship []string    `json:"country_of_citizenship,omitempty"`
	CountryOfResidence   []string    `json:"country_of_residence,omitempty"`
	ExtraAttributes      []TypeValue `json:"extra_attributes,omitempty"`
}

// SAN holds the subject alternative names.
type SAN struct {
	DNSNames    []string    `json:"dns_names,omitempty"`
	Emails      []string    `json:"emails,omitempty"`
	IPAddresses []string    `json:"ip_addresses,omitempty"`
	URIs        []string    `json:"uris,omitempty"`
	OtherNames  []TypeValue `json:"other_names,omitempty"`
}

// TypeValue is an attribute named by its dotted OID.
type TypeValue struct {
	Type  string `json:"type"`
	Value string `json:"value"`
}

// MarshalJSON writes the request in one canonical form, members sorted: equal requests give equal bytes.
func (r IdentityRequest) MarshalJSON() ([]byte, error) {
	type fields IdentityRequest
	b, err := json.Marshal(fields(r))
	if err != nil {
		return nil, err
	}
	members, err := object(b)
	if err != nil {
		return nil, err
	}
	if len(r.Extra) != 0 {
		extra, err := object(r.Extra)
		if err != nil {
			return nil, fmt.Errorf("extra members of the identity request: %w", err)
		}
		for name, value := range extra {
			if _, taken := members[name]; taken {
				return nil, fmt.Errorf("extra members of the identity request: %q is also set by a field", name)
			}
			members[name] = value
		}
	}
	return json.Marshal(members)
}

// UnmarshalJSON reads a request, for instance from a file; members without a field go to Extra.
func (r *IdentityRequest) UnmarshalJSON(b []byte) error {
	type fields IdentityRequest
	var f fields
	if err := json.Unmarshal(b, &f); err != nil {
		return err
	}
	members, err := object(b)
	if err != nil {
		return err
	}
	for _, known := range []string{"subject_dn", "subject_da", "san", "extended_key_usages", "key_usages"} {
		delete(members, known)
	}
	if len(members) != 0 {
		if f.Extra, err = json.Marshal(members); err != nil {
			return err
		}
	}
	*r = IdentityRequest(f)
	return nil
}

// object decodes exactly one JSON object; numbers keep their digits. A null is an empty object.
func object(b []byte) (map[string]any, error) {
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	var m map[string]any
	if err := d.Decode(&m); err != nil {
		return nil, err
	}
	if d.More() {
		return nil, errors.New("data after the JSON object")
	}
	if m == nil {
		m = map[string]any{}
	}
	return m, nil
}
