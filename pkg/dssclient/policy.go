// SPDX-License-Identifier: Apache-2.0

package dssclient

// ValidationPolicy is the answer to GET /validationpolicy: what /identity may carry. A member that the account's policy
// does not mention is nil; members this package does not know are ignored.
type ValidationPolicy struct {
	SubjectDN         *SubjectDNPolicy       `json:"subject_dn,omitempty"`
	SubjectDA         *SubjectDAPolicy       `json:"subject_da,omitempty"`
	SAN               *SANPolicy             `json:"san,omitempty"`
	ExtendedKeyUsages *EKUPolicy             `json:"extended_key_usages,omitempty"`
	KeyUsages         map[string]Presence    `json:"key_usages,omitempty"`
	CustomExtensions  map[string]ValuePolicy `json:"custom_extensions,omitempty"` // by OID
}

// SubjectDNPolicy is about SubjectDN.
type SubjectDNPolicy struct {
	Country                *StringPolicy          `json:"country,omitempty"`
	State                  *StringPolicy          `json:"state,omitempty"`
	Locality               *StringPolicy          `json:"locality,omitempty"`
	StreetAddress          *StringPolicy          `json:"street_address,omitempty"`
	PostalCode             *StringPolicy          `json:"postal_code,omitempty"`
	Organization           *StringPolicy          `json:"organization,omitempty"`
	OrganizationalUnit     *ListPolicy            `json:"organizational_unit,omitempty"`
	OrganizationIdentifier *StringPolicy          `json:"organization_identifier,omitempty"`
	CommonName             *StringPolicy          `json:"common_name,omitempty"`
	GivenName              *StringPolicy          `json:"given_name,omitempty"`
	Surname                *StringPolicy          `json:"surname,omitempty"`
	SerialNumber           *StringPolicy          `json:"serial_number,omitempty"`
	Email                  *StringPolicy          `json:"email,omitempty"`
	JurisdictionLocality   *StringPolicy          `json:"jurisdiction_of_incorporation_locality_name,omitempty"`
	JurisdictionState      *StringPolicy          `json:"jurisdiction_of_incorporation_state_or_province_name,omitempty"`
	JurisdictionCountry    *StringPolicy          `json:"jurisdiction_of_incorporation_country_name,omitempty"`
	BusinessCategory       *StringPolicy          `json:"business_category,omitempty"`
	ExtraAttributes        map[string]ValuePolicy `json:"extra_attributes,omitempty"` // by OID
}

// SubjectDAPolicy is about SubjectDA.
type SubjectDAPolicy struct {
	Gender               *StringPolicy          `json:"gender,omitempty"`
	DateOfBirth          Presence               `json:"date_of_birth,omitempty"`
	PlaceOfBirth         *StringPolicy          `json:"place_of_birth,omitempty"`
	CountryOfCitizenship *ListPolicy            `json:"country_of_citizenship,omitempty"`
	CountryOfResidence   *ListPolicy            `json:"country_of_residence,omitempty"`
	ExtraAttributes      map[string]ValuePolicy `json:"extra_attributes,omitempty"` // by OID
}

// SANPolicy is about SAN.
type SANPolicy struct {
	DNSNames    *ListPolicy            `json:"dns_names,omitempty"`
	Emails      *ListPolicy            `json:"emails,omitempty"`
	IPAddresses *ListPolicy            `json:"ip_addresses,omitempty"`
	URIs        *ListPolicy            `json:"uris,omitempty"`
	OtherNames  map[string]ValuePolicy `json:"other_names,omitempty"` // by OID
}

// EKUPolicy is about extended key usages.
type EKUPolicy struct {
	EKUs     ListPolicy `json:"ekus"`
	Critical bool       `json:"critical"`
}

// Presence says whether a member may or must be sent.
type Presence string

// The presences. STATIC and FORBIDDEN members must be left out of the request.
const (
	Optional  Presence = "OPTIONAL"
	Required  Presence = "REQUIRED"
	Forbidden Presence = "FORBIDDEN"
	Static    Presence = "STATIC"
)

// StringPolicy is about a string. Format is a regular expression, or the value itself when Presence is Static.
type StringPolicy struct {
	Presence Presence `json:"presence"`
	Format   string   `json:"format"`
}

// ListPolicy is about an array of strings: each must match one expression of List, or List is the value when Static.
type ListPolicy struct {
	Static   bool     `json:"static"`
	List     []string `json:"list"`
	MinCount int      `json:"mincount"`
	MaxCount int      `json:"maxcount"`
}

// ValuePolicy is about the values of one OID.
type ValuePolicy struct {
	Static      bool   `json:"static"`
	ValueType   string `json:"value_type"` // IA5STRING, PRINTABLESTRING, UTF8STRING, INTEGER, DER, NIL
	ValueFormat string `json:"value_format"`
	MinCount    int    `json:"mincount"`
	MaxCount    int    `json:"maxcount"`
}
