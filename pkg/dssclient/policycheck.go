// SPDX-License-Identifier: Apache-2.0

package dssclient

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// PolicyProblem is one member of an identity request that the policy does not allow as it is.
type PolicyProblem struct {
	Member string // "subject_dn.common_name"
	Kind   PolicyProblemKind
	Detail string // OPTIONAL
}

func (p PolicyProblem) String() string {
	if p.Detail == "" {
		return p.Member + ": " + string(p.Kind)
	}
	return p.Member + ": " + string(p.Kind) + ": " + p.Detail
}

// PolicyProblemKind says what is wrong with a member.
type PolicyProblemKind string

// The kinds of problems.
const (
	Missing    PolicyProblemKind = "missing"
	NotAllowed PolicyProblemKind = "not allowed" // FORBIDDEN, or fixed by the account (STATIC)
	Mismatch   PolicyProblemKind = "does not match"
)

// Check compares a request with the policy before it is sent, in the order of the policy's members. No problem is no
// promise, since the service decides. An expression that Go cannot compile is not held against a value.
func (p *ValidationPolicy) Check(r *IdentityRequest) []PolicyProblem {
	if r == nil {
		r = &IdentityRequest{}
	}
	var k checker
	k.subjectDN(p.SubjectDN, deref(r.SubjectDN))
	k.subjectDA(p.SubjectDA, deref(r.SubjectDA))
	k.san(p.SAN, deref(r.SAN))
	if p.ExtendedKeyUsages != nil {
		k.list("extended_key_usages", &p.ExtendedKeyUsages.EKUs, r.ExtendedKeyUsages)
	}
	for _, name := range sortedKeys(p.KeyUsages) {
		_, given := r.KeyUsages[name]
		k.presence("key_usages."+name, p.KeyUsages[name], given)
	}
	return k.problems
}

type checker struct{ problems []PolicyProblem }

func (k *checker) add(member string, kind PolicyProblemKind, detail string) {
	k.problems = append(k.problems, PolicyProblem{member, kind, detail})
}

func (k *checker) subjectDN(p *SubjectDNPolicy, r SubjectDN) {
	if p == nil {
		return
	}
	const in = "subject_dn."
	k.text(in+"country", p.Country, r.Country)
	k.text(in+"state", p.State, r.State)
	k.text(in+"locality", p.Locality, r.Locality)
	k.text(in+"street_address", p.StreetAddress, r.StreetAddress)
	k.text(in+"postal_code", p.PostalCode, r.PostalCode)
	k.text(in+"organization", p.Organization, r.Organization)
	k.list(in+"organizational_unit", p.OrganizationalUnit, r.OrganizationalUnit)
	k.text(in+"organization_identifier", p.OrganizationIdentifier, r.OrganizationIdentifier)
	k.text(in+"common_name", p.CommonName, r.CommonName)
	k.text(in+"given_name", p.GivenName, r.GivenName)
	k.text(in+"surname", p.Surname, r.Surname)
	k.text(in+"serial_number", p.SerialNumber, r.SerialNumber)
	k.text(in+"email", p.Email, r.Email)
	const jurisdiction = in + "jurisdiction_of_incorporation_"
	k.text(jurisdiction+"locality_name", p.JurisdictionLocality, r.JurisdictionLocality)
	k.text(jurisdiction+"state_or_province_name", p.JurisdictionState, r.JurisdictionState)
	k.text(jurisdiction+"country_name", p.JurisdictionCountry, r.JurisdictionCountry)
	k.text(in+"business_category", p.BusinessCategory, r.BusinessCategory)
	k.values(in+"extra_attributes", p.ExtraAttributes, r.ExtraAttributes)
}

func (k *checker) subjectDA(p *SubjectDAPolicy, r SubjectDA) {
	if p == nil {
		return
	}
	const in = "subject_da."
	k.text(in+"gender", p.Gender, r.Gender)
	k.presence(in+"date_of_birth", p.DateOfBirth, r.DateOfBirth != "")
	k.text(in+"place_of_birth", p.PlaceOfBirth, r.PlaceOfBirth)
	k.list(in+"country_of_citizenship", p.CountryOfCitizenship, r.CountryOfCitizenship)
	k.list(in+"country_of_residence", p.CountryOfResidence, r.CountryOfResidence)
	k.values(in+"extra_attributes", p.ExtraAttributes, r.ExtraAttributes)
}

func (k *checker) san(p *SANPolicy, r SAN) {
	if p == nil {
		return
	}
	k.list("san.dns_names", p.DNSNames, r.DNSNames)
	k.list("san.emails", p.Emails, r.Emails)
	k.list("san.ip_addresses", p.IPAddresses, r.IPAddresses)
	k.list("san.uris", p.URIs, r.URIs)
	k.values("san.other_names", p.OtherNames, r.OtherNames)
}

// presence reports a member that must or must not be there, and returns whether its value remains to be looked at.
func (k *checker) presence(member string, p Presence, given bool) bool {
	switch {
	case given && p == Forbidden:
		k.add(member, NotAllowed, "the policy forbids it")
	case given && (p == Static || strings.HasPrefix(string(p), string(Static)+"_")): // STATIC_TRUE, STATIC_FALSE
		k.add(member, NotAllowed, "the account sets it itself, leave it out")
	case !given && p == Required:
		k.add(member, Missing, "")
	default:
		return given
	}
	return false
}

func (k *checker) text(member string, p *StringPolicy, value string) {
	if p == nil || !k.presence(member, p.Presence, value != "") {
		return
	}
	if p.Format != "" && !matches(p.Format, value) {
		k.add(member, Mismatch, fmt.Sprintf("%q does not match %s", value, p.Format))
	}
}

func (k *checker) list(member string, p *ListPolicy, values []string) {
	if p == nil || !k.count(member, p.Static, p.MinCount, p.MaxCount, len(values)) || len(p.List) == 0 {
		return
	}
	for _, v := range values {
		if !slices.ContainsFunc(p.List, func(format string) bool { return matches(format, v) }) {
			k.add(member, Mismatch, fmt.Sprintf("%q matches none of %s", v, strings.Join(p.List, " ")))
		}
	}
}

func (k *checker) values(member string, p map[string]ValuePolicy, given []TypeValue) {
	for _, oid := range sortedKeys(p) {
		rule := p[oid]
		var values []string
		for _, v := range given {
			if v.Type == oid {
				values = append(values, v.Value)
			}
		}
		name := member + "[" + oid + "]"
		if !k.count(name, rule.Static, rule.MinCount, rule.MaxCount, len(values)) || rule.ValueFormat == "" {
			continue
		}
		for _, v := range values {
			if !matches(rule.ValueFormat, v) {
				k.add(name, Mismatch, fmt.Sprintf("%q does not match %s", v, rule.ValueFormat))
			}
		}
	}
}

// count reports a wrong number of values. A maximum of 0 forbids the member.
func (k *checker) count(member string, static bool, lowest, highest, n int) bool {
	switch {
	case static:
		return k.presence(member, Static, n > 0)
	case n == 0 && lowest > 0:
		return k.presence(member, Required, false)
	case n > 0 && highest <= 0:
		return k.presence(member, Forbidden, true)
	case n < lowest || n > highest:
		k.add(member, Mismatch, fmt.Sprintf("%d values, the policy wants %d to %d", n, lowest, highest))
		return false
	}
	return n > 0
}

// matches is generous: whether the service anchors its expressions is not documented.
func matches(format, value string) bool {
	re, err := regexp.Compile(format)
	return err != nil || re.MatchString(value)
}

// The policy's documents disagree about some members' shapes, and one account's policy must not make another's
// unreadable: a member in a shape that is not known is read as one that demands nothing.

// UnmarshalJSON accepts the word alone, or an object that has it as presence.
func (p *Presence) UnmarshalJSON(b []byte) error {
	var word string
	if json.Unmarshal(b, &word) == nil {
		*p = Presence(word)
		return nil
	}
	var o struct{ Presence string }
	if json.Unmarshal(b, &o) == nil {
		*p = Presence(o.Presence)
	}
	return nil
}

// UnmarshalJSON accepts an object, or its presence alone.
func (p *StringPolicy) UnmarshalJSON(b []byte) error {
	type plain StringPolicy
	var o plain
	if json.Unmarshal(b, &o) != nil {
		o = plain{}
		_ = o.Presence.UnmarshalJSON(b)
	}
	*p = StringPolicy(o)
	return nil
}

// UnmarshalJSON accepts the list shape, and the shape of a string's policy for as much as it says about a list.
func (p *ListPolicy) UnmarshalJSON(b []byte) error {
	type plain ListPolicy
	var o struct {
		plain
		MaxCount *int `json:"maxcount"`
		Presence Presence
		Format   string
	}
	// A shape that does not fit leaves some of o unset; anything is allowed then.
	bad := json.Unmarshal(b, &o) != nil
	*p = ListPolicy(o.plain)
	p.MaxCount = maxValues
	if o.MaxCount != nil {
		p.MaxCount = *o.MaxCount
	}
	if o.Presence == "" && !bad {
		return nil
	}
	p.Static, p.MinCount, p.MaxCount, p.List = o.Presence == Static, 0, maxValues, nil
	switch o.Presence {
	case Required:
		p.MinCount = 1
	case Forbidden:
		p.MaxCount = 0
	}
	if o.Format != "" {
		p.List = []string{o.Format}
	}
	return nil
}

// maxValues stands for "as many as you like" where a policy gives no number.
const maxValues = 1 << 20

// UnmarshalJSON accepts the documented object; another shape allows anything.
func (p *ValuePolicy) UnmarshalJSON(b []byte) error {
	type plain ValuePolicy
	var o struct {
		plain
		MaxCount *int `json:"maxcount"`
	}
	if json.Unmarshal(b, &o) != nil {
		o.plain, o.MaxCount = plain{}, nil
	}
	*p = ValuePolicy(o.plain)
	p.MaxCount = maxValues
	if o.MaxCount != nil {
		p.MaxCount = *o.MaxCount
	}
	return nil
}

func deref[T any](p *T) T {
	var zero T
	if p == nil {
		return zero
	}
	return *p
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
