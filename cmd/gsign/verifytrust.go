// SPDX-License-Identifier: Apache-2.0

package main

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"encoding/asn1"
	"fmt"
	"slices"
	"strings"
	"time"

	"gsign/internal/config"
	"gsign/pkg/verify"
)

// anchors are the certificates that are trusted, each with where the trust comes from.
type anchors struct {
	certs   []*x509.Certificate
	sources map[string]string // by the certificate's DER
	said    []string          // one line for each source

	lists    []trustListResult
	listed   []verify.Anchor                   // the services of the lists
	set      *verify.AnchorSet                 // made of them
	services map[*verify.Anchor]*serviceResult // each one's
}

func (t *anchors) add(certs []*x509.Certificate, source string) {
	if t.sources == nil {
		t.sources = map[string]string{}
	}
	for _, c := range certs {
		if _, known := t.sources[string(c.Raw)]; !known {
			t.sources[string(c.Raw)] = source
			t.certs = append(t.certs, c)
		}
	}
	t.said = append(t.said, fmt.Sprintf("%s (%s)", source, plural(len(certs), "certificate")))
}

// of tells where the trust in the anchor of a chain comes from, nil where it ends at none.
func (t *anchors) of(a *verify.Anchor) *anchorResult {
	if a == nil {
		return nil
	}
	r := &anchorResult{Subject: a.Certificate.Subject.String(), Source: a.Source, Service: t.services[a]}
	if r.Source == "" {
		r.Source = t.sources[string(a.Certificate.Raw)]
	}
	return r
}

// loadTrust reads everything that is trusted: what was named, and nothing else.
func loadTrust(f *verifyFlags, values *config.Values) (*anchors, error) {
	t := &anchors{}
	certs, err := values.Trust()
	if err != nil {
		return nil, err
	}
	if len(certs) > 0 {
		t.add(certs, fmt.Sprintf("%s, from %s", strings.Join(values.Strings("trust"), ", "), values.Origin("trust")))
	}
	for _, dir := range f.trustSandbox {
		certs, err := config.SandboxTrust(dir)
		if err != nil {
			return nil, err
		}
		t.add(certs, "the sandbox's roots in "+dir+", which are for tests")
	}
	if f.trustSystem {
		certs, file, err := config.SystemTrust()
		if err != nil {
			return nil, err
		}
		t.add(certs, "this machine's roots in "+file)
	}
	return t, t.addLists(f)
}

// distinguished is an attribute that a signer's subject must have.
type distinguished struct {
	oid   asn1.ObjectIdentifier
	value string
}

// attributes maps the names of attributes (RFC 4514, openssl) to object identifiers.
var attributes = map[string]asn1.ObjectIdentifier{
	"cn": {2, 5, 4, 3}, "sn": {2, 5, 4, 4}, "serialnumber": {2, 5, 4, 5}, "c": {2, 5, 4, 6}, "l": {2, 5, 4, 7}, "st": {2, 5, 4, 8},
	"s": {2, 5, 4, 8}, "street": {2, 5, 4, 9}, "o": {2, 5, 4, 10}, "ou": {2, 5, 4, 11}, "title": {2, 5, 4, 12},
	"postalcode": {2, 5, 4, 17}, "gn": {2, 5, 4, 42}, "givenname": {2, 5, 4, 42}, "pseudonym": {2, 5, 4, 65},
	"organizationidentifier": {2, 5, 4, 97}, "businesscategory": {2, 5, 4, 15}, "e": {1, 2, 840, 113549, 1, 9, 1},
	"email": {1, 2, 840, 113549, 1, 9, 1}, "emailaddress": {1, 2, 840, 113549, 1, 9, 1}, "dc": {0, 9, 2342, 19200300, 100, 1, 25},
	"uid": {0, 9, 2342, 19200300, 100, 1, 1},
}

// parseName reads 'CN=Ada Lovelace,O=Example' (RFC 4514; a backslash before a comma that belongs to the value).
func parseName(text string) ([]distinguished, error) {
	bad := func(problem string) error {
		return &usageError{fmt.Sprintf("--require-signer %q: %s", text, problem), `write it like --require-signer 'CN=Ada Lovelace,O=Example'; a comma in a value is \,`}
	}
	var name []distinguished
	for _, part := range splitName(text) {
		key, value, ok := strings.Cut(part, "=")
		key, value = strings.TrimSpace(key), squeeze(unescape(value))
		if !ok || key == "" || value == "" {
			return nil, bad(fmt.Sprintf("%q is not ATTRIBUTE=VALUE", part))
		}
		oid := attributes[strings.ToLower(key)]
		if oid == nil && isOID(key) {
			oid = parseOID(key)
		}
		if oid == nil {
			return nil, bad(fmt.Sprintf("there is no attribute %s", key))
		}
		name = append(name, distinguished{oid, value})
	}
	return name, nil
}

func parseOID(text string) asn1.ObjectIdentifier {
	var oid asn1.ObjectIdentifier
	for part := range strings.SplitSeq(text, ".") {
		var n int
		if _, err := fmt.Sscanf(part, "%d", &n); err != nil {
			return nil
		}
		oid = append(oid, n)
	}
	return oid
}

// splitName splits at commas that no backslash stands before.
func splitName(text string) []string {
	var parts []string
	start := 0
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case ',':
			parts, start = append(parts, text[start:i]), i+1
		}
	}
	return append(parts, text[start:])
}

func unescape(text string) string {
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] == '\\' && i+1 < len(text) {
			i++
		}
		b.WriteByte(text[i])
	}
	return b.String()
}

func squeeze(text string) string { return strings.Join(strings.Fields(text), " ") }

// matches reports whether the subject of a certificate has all attributes, letter for letter but for white space.
func matches(c *x509.Certificate, name []distinguished) bool {
	if c == nil {
		return false
	}
	return !slices.ContainsFunc(name, func(d distinguished) bool {
		for _, a := range c.Subject.Names {
			text, ok := a.Value.(string)
			if ok && a.Type.Equal(d.oid) && squeeze(text) == d.value {
				return false
			}
		}
		return true
	})
}

// moments are the ways to write --at.
var moments = []string{time.RFC3339, "2006-01-02 15:04:05 UTC", time.DateTime, "2006-01-02T15:04:05", time.DateOnly}

func parseMoment(text string) (time.Time, error) {
	for _, form := range moments {
		if at, err := time.Parse(form, text); err == nil {
			return at.UTC(), nil
		}
	}
	return time.Time{}, &usageError{fmt.Sprintf("--at %q is no time", text), "write it like 2026-11-22, 2026-11-22T12:00:00Z or 2026-11-22T13:00:00+01:00; without a zone it is UTC"}
}

// keyName says of which kind a certificate's key is.
func keyName(c *x509.Certificate) string {
	switch k := c.PublicKey.(type) {
	case *rsa.PublicKey:
		return fmt.Sprintf("RSA, %d bits", k.N.BitLen())
	case *ecdsa.PublicKey:
		return "ECDSA, " + k.Params().Name
	case ed25519.PublicKey:
		return "Ed25519"
	}
	return "unknown"
}
