// SPDX-License-Identifier: Apache-2.0

package dsstest

import (
	"crypto"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// dnOIDs are the attribute types of the request's string fields.
var dnOIDs = map[string]asn1.ObjectIdentifier{
	"country": oidCountry, "state": oidState, "locality": oidLocality, "organization": oidOrganization,
	"common_name": oidCommonName, "email": oidEmail,
	"street_address": {2, 5, 4, 9}, "postal_code": {2, 5, 4, 17}, "business_category": {2, 5, 4, 15},
	"serial_number": {2, 5, 4, 5}, "given_name": {2, 5, 4, 42}, "surname": {2, 5, 4, 4},
	"organization_identifier":                              {2, 5, 4, 97},
	"jurisdiction_of_incorporation_locality_name":          {1, 3, 6, 1, 4, 1, 311, 60, 2, 1, 1},
	"jurisdiction_of_incorporation_state_or_province_name": {1, 3, 6, 1, 4, 1, 311, 60, 2, 1, 2},
	"jurisdiction_of_incorporation_country_name":           {1, 3, 6, 1, 4, 1, 311, 60, 2, 1, 3},
}

// subject encodes the request's names: countries and serial numbers printable, e-mail IA5, all else UTF-8.
func (r *identityRequest) subject() ([]byte, error) {
	var attrs []attribute
	for _, field := range dnOrder {
		switch field {
		case "organizational_unit":
			for _, ou := range r.dn.many[field] {
				attrs = append(attrs, utf8(oidUnit, ou))
			}
		case "extra_attributes":
			for _, tv := range r.dn.typed[field] {
				oid, err := parseOID(tv.Type)
				if err != nil {
					return nil, err
				}
				attrs = append(attrs, utf8(oid, tv.Value))
			}
		default:
			value, ok := r.dn.one[field]
			if !ok {
				continue
			}
			attrs = append(attrs, attribute{dnOIDs[field], stringType(field), value})
		}
	}
	if !slices.ContainsFunc(attrs, func(a attribute) bool { return strings.Contains(a.value, "TEST") }) {
		// Nothing made here may be mistaken for a real certificate.
		attrs = append(attrs, utf8(oidUnit, "FOR TESTING PURPOSE ONLY"))
	}
	return distinguishedName(attrs...), nil
}

func stringType(field string) casn1.Tag {
	switch field {
	case "country", "jurisdiction_of_incorporation_country_name", "serial_number":
		return casn1.PrintableString
	case "email":
		return casn1.IA5String
	default:
		return casn1.UTF8String
	}
}

func parseOID(s string) (asn1.ObjectIdentifier, error) {
	var oid asn1.ObjectIdentifier
	for part := range strings.SplitSeq(s, ".") {
		n, err := strconv.Atoi(part)
		if err != nil || n < 0 {
			return nil, fmt.Errorf("read object identifier %q", s)
		}
		oid = append(oid, n)
	}
	if len(oid) < 2 {
		return nil, fmt.Errorf("read object identifier %q", s)
	}
	return oid, nil
}

// issueLeaf makes a signing certificate that starts this second: nothing is dated back.
func (a *authority) issueLeaf(pub crypto.PublicKey, r *identityRequest, now time.Time, life time.Duration) (*x509.Certificate, error) {
	subject, err := r.subject()
	if err != nil {
		return nil, err
	}
	id, err := keyID(pub)
	if err != nil {
		return nil, err
	}
	ekus := []asn1.ObjectIdentifier{oidAdobeAuthDocs}
	for _, s := range r.ekus {
		oid, err := parseOID(s)
		if err != nil {
			return nil, err
		}
		if !oid.Equal(oidAdobeAuthDocs) {
			ekus = append(ekus, oid)
		}
	}
	now = now.Truncate(time.Second)
	spec := &certSpec{
		subject: subject, serial: newSerial(16, 0x01), notBefore: now, notAfter: now.Add(life), leaf: true,
		extensions: []pkix.Extension{
			keyUsage(usageDigitalSignature | usageNonRepudiation), extKeyUsage(false, ekus...), subjectKeyID(id),
			certificatePolicy(oidLeafPolicy), basicConstraints(true, false), infoAccess("", a.urls.ocsp),
			authorityKeyID(a.cert.SubjectKeyId), crlDistributionPoint(a.urls.crl),
		},
	}
	for _, ext := range []*pkix.Extension{r.alternativeNames(), r.directoryAttributes()} {
		if ext != nil {
			spec.extensions = append(spec.extensions, *ext)
		}
	}
	return a.issue(pub, spec)
}

// alternativeNames encodes san as the GeneralNames of RFC 5280 section 4.2.1.6.
func (r *identityRequest) alternativeNames() *pkix.Extension {
	empty := true
	ext := extension(oidSubjectAltName, false, func(b *cryptobyte.Builder) {
		sequence(b, func(b *cryptobyte.Builder) {
			for _, kind := range []struct {
				field string
				tag   uint8
			}{{"emails", 1}, {"dns_names", 2}, {"uris", 6}, {"ip_addresses", 7}} {
				for _, v := range r.san.many[kind.field] {
					value := []byte(v)
					if ip, err := netip.ParseAddr(v); kind.tag == 7 && err == nil {
						value = ip.AsSlice()
					}
					empty = false
					b.AddASN1(contextTag(kind.tag), add(value))
				}
			}
		})
	})
	if empty {
		return nil
	}
	return &ext
}

// directoryAttributes encodes subject_da as RFC 3739 section 3.2.2 has it.
func (r *identityRequest) directoryAttributes() *pkix.Extension {
	empty := true
	ext := extension(oidSubjectDirectoryAttributes, false, func(b *cryptobyte.Builder) {
		sequence(b, func(b *cryptobyte.Builder) {
			attr := func(n int, tag casn1.Tag, values ...string) {
				if len(values) == 0 {
					return
				}
				empty = false
				sequence(b, func(b *cryptobyte.Builder) {
					b.AddASN1ObjectIdentifier(asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 9, n})
					b.AddASN1(casn1.SET, func(b *cryptobyte.Builder) {
						for _, v := range values {
							b.AddASN1(tag, add([]byte(v)))
						}
					})
				})
			}
			if dob, err := time.Parse(time.DateOnly, r.da.one["date_of_birth"]); err == nil {
				attr(1, casn1.GeneralizedTime, dob.Add(12*time.Hour).Format("20060102150405Z"))
			}
			if v, ok := r.da.one["place_of_birth"]; ok {
				attr(2, casn1.UTF8String, v)
			}
			if v, ok := r.da.one["gender"]; ok {
				attr(3, casn1.PrintableString, v)
			}
			attr(4, casn1.PrintableString, slices.Sorted(slices.Values(r.da.many["country_of_citizenship"]))...)
			attr(5, casn1.PrintableString, slices.Sorted(slices.Values(r.da.many["country_of_residence"]))...)
		})
	})
	if empty {
		return nil
	}
	return &ext
}
