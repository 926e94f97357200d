// SPDX-License-Identifier: Apache-2.0

package pkix

import (
	"bytes"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"
)

var (
	oidNameConstraints = asn1.ObjectIdentifier{2, 5, 29, 30}
	oidSubjectAltName  = asn1.ObjectIdentifier{2, 5, 29, 17}
	oidEmailAddress    = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 1}
)

// Forms of GeneralName (RFC 5280 section 4.2.1.6) that constraints are applied to.
const (
	formEmail     = cbasn1.Tag(1) | classContext
	formDNS       = cbasn1.Tag(2) | classContext
	formDirectory = cbasn1.Tag(4) | classContext | constructed
	classContext  = 0x80
)

// name is a GeneralName: its tag and its content.
type name struct {
	form  cbasn1.Tag
	value []byte
}

// checkNames applies the name constraints of a CA to the names of a certificate below it (RFC 5280 section 6.1.4 g).
// crypto/x509 knows no directory names in constraints, which are the ones that count for document signing.
func checkNames(ca, c *x509.Certificate) error {
	ext := extension(ca, oidNameConstraints)
	if ext == nil {
		return nil
	}
	permitted, excluded, err := parseConstraints(ext)
	if err != nil {
		return err
	}
	names, err := namesOf(c)
	if err != nil {
		return err
	}
	for _, n := range names {
		if err := checkName(n, permitted, excluded); err != nil {
			return err
		}
	}
	return nil
}

func checkName(n name, permitted, excluded []name) error {
	constrained, allowed := false, false
	for _, p := range permitted {
		if p.form != n.form {
			continue
		}
		constrained = true
		in, err := within(n, p)
		if err != nil {
			return err
		}
		allowed = allowed || in
	}
	if constrained && !allowed {
		return errors.New("a name is outside the permitted subtrees of its CA")
	}
	for _, x := range excluded {
		if x.form != n.form {
			continue
		}
		in, err := within(n, x)
		if err != nil {
			return err
		}
		if in {
			return errors.New("a name is in an excluded subtree of its CA")
		}
	}
	return nil
}

// within reports whether n lies in the subtree of base. A form that is constrained and not understood is an error, as
// RFC 5280 demands.
func within(n, base name) (bool, error) {
	switch n.form {
	case formDirectory:
		return directoryWithin(n.value, base.value)
	case formEmail:
		mail, b := strings.ToLower(string(n.value)), strings.ToLower(string(base.value))
		if strings.Contains(b, "@") {
			return mail == b, nil
		}
		_, host, ok := strings.Cut(mail, "@")
		if strings.HasPrefix(b, ".") {
			return ok && strings.HasSuffix(host, b), nil
		}
		return ok && (host == b || b == ""), nil
	case formDNS:
		host, b := strings.ToLower(string(n.value)), strings.ToLower(string(base.value))
		return b == "" || host == b || strings.HasSuffix(host, "."+strings.TrimPrefix(b, ".")), nil
	}
	return false, fmt.Errorf("name constraints on a form of name that is not understood (tag %#x)", uint8(n.form))
}

// directoryWithin compares RDN by RDN: the base must be the beginning of the name.
func directoryWithin(dn, base []byte) (bool, error) {
	a, errA := rdns(dn)
	b, errB := rdns(base)
	if err := errors.Join(errA, errB); err != nil {
		return false, err
	}
	if len(b) > len(a) {
		return false, nil
	}
	for i := range b {
		if !equalRDN(a[i], b[i]) {
			return false, nil
		}
	}
	return true, nil
}

func rdns(der []byte) ([][]byte, error) {
	s := cryptobyte.String(der)
	var seq cryptobyte.String
	if !s.ReadASN1(&seq, cbasn1.SEQUENCE) || !s.Empty() {
		return nil, errors.New("malformed directory name")
	}
	var out [][]byte
	for !seq.Empty() {
		var rdn cryptobyte.String
		if !seq.ReadASN1(&rdn, cbasn1.SET) {
			return nil, errors.New("malformed directory name")
		}
		out = append(out, rdn)
	}
	return out, nil
}

// equalRDN compares attribute by attribute; the string type, case and repeated spaces do not count (RFC 5280
// section 7.1).
func equalRDN(a, b []byte) bool {
	if bytes.Equal(a, b) {
		return true
	}
	s, t := cryptobyte.String(a), cryptobyte.String(b)
	for !s.Empty() && !t.Empty() {
		var x, y, vx, vy cryptobyte.String
		var ox, oy asn1.ObjectIdentifier
		var tx, ty cbasn1.Tag
		if !s.ReadASN1(&x, cbasn1.SEQUENCE) || !t.ReadASN1(&y, cbasn1.SEQUENCE) ||
			!x.ReadASN1ObjectIdentifier(&ox) || !y.ReadASN1ObjectIdentifier(&oy) || !ox.Equal(oy) ||
			!x.ReadAnyASN1(&vx, &tx) || !y.ReadAnyASN1(&vy, &ty) {
			return false
		}
		if tx == ty && bytes.Equal(vx, vy) {
			continue
		}
		if !plainString(tx) || !plainString(ty) || fold(vx) != fold(vy) {
			return false
		}
	}
	return s.Empty() && t.Empty()
}

func plainString(tag cbasn1.Tag) bool {
	return tag == cbasn1.UTF8String || tag == cbasn1.PrintableString || tag == cbasn1.IA5String
}

func fold(b []byte) string { return strings.ToLower(strings.Join(strings.Fields(string(b)), " ")) }

// SameName reports whether two DER names are equal as RFC 5280 section 7.1 compares them.
func SameName(a, b []byte) bool {
	if bytes.Equal(a, b) {
		return true
	}
	s, t := cryptobyte.String(a), cryptobyte.String(b)
	var x, y cryptobyte.String
	if !s.ReadASN1(&x, cbasn1.SEQUENCE) || !s.Empty() || !t.ReadASN1(&y, cbasn1.SEQUENCE) || !t.Empty() {
		return false
	}
	for !x.Empty() && !y.Empty() {
		var rx, ry cryptobyte.String
		if !x.ReadASN1(&rx, cbasn1.SET) || !y.ReadASN1(&ry, cbasn1.SET) || !equalRDN(rx, ry) {
			return false
		}
	}
	return x.Empty() && y.Empty()
}

func extension(c *x509.Certificate, id asn1.ObjectIdentifier) []byte {
	for _, x := range c.Extensions {
		if x.Id.Equal(id) {
			return x.Value
		}
	}
	return nil
}

func parseConstraints(der []byte) (permitted, excluded []name, err error) {
	bad := errors.New("malformed name constraints")
	s := cryptobyte.String(der)
	var seq cryptobyte.String
	if !s.ReadASN1(&seq, cbasn1.SEQUENCE) || !s.Empty() {
		return nil, nil, bad
	}
	for i, list := range []*[]name{&permitted, &excluded} {
		var trees cryptobyte.String
		var present bool
		if !seq.ReadOptionalASN1(&trees, &present, cbasn1.Tag(i).ContextSpecific().Constructed()) {
			return nil, nil, bad
		}
		for !trees.Empty() {
			var tree, base cryptobyte.String
			var form cbasn1.Tag
			// minimum and maximum are not used (RFC 5280 section 4.2.1.10): nothing may follow the base
			if !trees.ReadASN1(&tree, cbasn1.SEQUENCE) || !tree.ReadAnyASN1(&base, &form) || !tree.Empty() {
				return nil, nil, bad
			}
			*list = append(*list, name{form, base})
		}
	}
	if !seq.Empty() {
		return nil, nil, bad
	}
	return permitted, excluded, nil
}

// namesOf returns the subject, the e-mail addresses in it and the alternative names.
func namesOf(c *x509.Certificate) ([]name, error) {
	var names []name
	if len(c.Subject.Names) > 0 {
		names = append(names, name{formDirectory, c.RawSubject})
	}
	for _, a := range c.Subject.Names {
		if mail, ok := a.Value.(string); ok && a.Type.Equal(oidEmailAddress) {
			names = append(names, name{formEmail, []byte(mail)})
		}
	}
	ext := extension(c, oidSubjectAltName)
	if ext == nil {
		return names, nil
	}
	s := cryptobyte.String(ext)
	var seq cryptobyte.String
	if !s.ReadASN1(&seq, cbasn1.SEQUENCE) {
		return nil, errors.New("malformed subject alternative name")
	}
	for !seq.Empty() {
		var value cryptobyte.String
		var form cbasn1.Tag
		if !seq.ReadAnyASN1(&value, &form) {
			return nil, errors.New("malformed subject alternative name")
		}
		names = append(names, name{form, value})
	}
	return names, nil
}
