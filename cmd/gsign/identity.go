// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"strings"

	"gsign/pkg/dssclient"
)

// maxIdentityFile bounds the JSON file with an identity request: a subject of the longest names has some kilobytes.
const maxIdentityFile = 1 << 20

// short maps the common short names of subject attributes (RFC 4514, openssl) to the service's names.
var short = map[string]string{
	"c": "country", "st": "state", "s": "state", "l": "locality", "street": "street_address", "o": "organization",
	"ou": "organizational_unit", "cn": "common_name", "e": "email", "emailaddress": "email", "gn": "given_name",
	"givenname": "given_name", "sn": "surname", "serialnumber": "serial_number", "postalcode": "postal_code",
	"businesscategory": "business_category", "organizationidentifier": "organization_identifier",
	// and of the alternative names
	"dns": "dns_names", "ip": "ip_addresses", "uri": "uris",
}

// identityRequest builds what /identity is asked for from a file and flags; a flag adds to the file.
func identityRequest(file string, subject, da, san []string) (*dssclient.IdentityRequest, error) {
	r := &dssclient.IdentityRequest{}
	if file != "" {
		var err error
		if r, err = readIdentity(file); err != nil {
			return nil, err
		}
	}
	for _, part := range []struct {
		flag  string
		pairs []string
		into  any
		oids  string // member for attributes named by object identifier
	}{
		{"--subject", subject, &r.SubjectDN, "extra_attributes"},
		{"--subject-da", da, &r.SubjectDA, "extra_attributes"},
		{"--san", san, &r.SAN, "other_names"},
	} {
		if len(part.pairs) == 0 {
			continue
		}
		if err := mergePairs(part.flag, part.pairs, part.oids, part.into); err != nil {
			return nil, err
		}
	}
	if r.SAN != nil {
		for _, ip := range r.SAN.IPAddresses {
			if _, err := netip.ParseAddr(ip); err != nil {
				return nil, &usageError{fmt.Sprintf("%q is not an IP address", ip), "write it like --san ip=192.0.2.1 or --san ip=2001:db8::1"}
			}
		}
	}
	return r, nil
}

func readIdentity(path string) (*dssclient.IdentityRequest, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read the identity: %w", err)
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxIdentityFile+1))
	if err != nil {
		return nil, fmt.Errorf("read the identity: %w", err)
	}
	bad := func(err error) error {
		return &usageError{fmt.Sprintf("identity %s: %v", path, err), `write it like {"subject_dn": {"common_name": "…"}}`}
	}
	if len(b) > maxIdentityFile {
		return nil, bad(errors.New("larger than a mebibyte"))
	}
	r := &dssclient.IdentityRequest{}
	if err := json.Unmarshal(b, r); err != nil {
		return nil, bad(err)
	}
	// The parts again, strictly: a misspelt attribute would silently never be asked for.
	var parts map[string]json.RawMessage
	if err := json.Unmarshal(b, &parts); err != nil {
		return nil, bad(err)
	}
	for name, into := range map[string]any{"subject_dn": &dssclient.SubjectDN{}, "subject_da": &dssclient.SubjectDA{}, "san": &dssclient.SAN{}} {
		if len(parts[name]) == 0 {
			continue
		}
		if err := strict(parts[name], into); err != nil {
			return nil, bad(fmt.Errorf("%s: %w", name, err))
		}
	}
	return r, nil
}

func strict(b []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	return d.Decode(into)
}

// mergePairs sets key=value pairs in one part of the request. The part's own JSON names are the keys, so there is one
// list of them.
func mergePairs(flag string, pairs []string, oids string, into any) error {
	have, err := json.Marshal(into)
	if err != nil {
		return err
	}
	members := map[string]any{}
	if err := json.Unmarshal(have, &members); err != nil {
		return err
	}
	if members == nil {
		members = map[string]any{}
	}
	given := map[string]bool{}
	for _, pair := range pairs {
		key, value, ok := strings.Cut(pair, "=")
		if !ok || key == "" || value == "" {
			return &usageError{fmt.Sprintf("%s %q is not KEY=VALUE", flag, pair), "write it like " + flag + " 'key=value', once for each"}
		}
		name := strings.TrimSpace(key)
		if long, ok := short[strings.ToLower(name)]; ok {
			name = long
		}
		switch {
		case isOID(name):
			list, _ := members[oids].([]any)
			members[oids] = append(list, map[string]any{"type": name, "value": value})
			continue
		case isList(flag, name):
			if flag == "--san" && name == "email" {
				name = "emails"
			}
			list, _ := members[name].([]any)
			members[name] = append(list, value)
			continue
		case given[name]:
			return &usageError{fmt.Sprintf("%s gives %s twice", flag, name), "keep one of them"}
		}
		given[name] = true
		members[name] = value
	}
	return fill(flag, members, into)
}

func fill(flag string, members map[string]any, into any) error {
	b, err := json.Marshal(members)
	if err != nil {
		return err
	}
	if err := strict(b, into); err != nil {
		// The decoder's words are: json: unknown field "x"
		if _, name, ok := strings.Cut(err.Error(), "unknown field "); ok {
			return &usageError{fmt.Sprintf("%s: there is no attribute %s", flag, name), "gsign sign --help lists the common ones; others go by their object identifier"}
		}
		return &usageError{fmt.Sprintf("%s: %v", flag, err), ""}
	}
	return nil
}

// isList says which attributes hold several values.
func isList(flag, name string) bool {
	switch name {
	case "organizational_unit", "country_of_citizenship", "country_of_residence", "dns_names", "emails", "ip_addresses", "uris":
		return true
	}
	return flag == "--san" && name == "email"
}

func isOID(name string) bool {
	return strings.Contains(name, ".") && strings.Trim(name, "0123456789.") == ""
}
