// SPDX-License-Identifier: Apache-2.0

package pdfsig

import (
	"fmt"

	"gsign/internal/limits"
	"gsign/internal/pdf"
)

// docMDP returns what a certifying signature still permits: 1 nothing, 2 filling in and signing, 3 annotating too; 0
// when nobody certified the document (ISO 32000-2 12.8.2.2). A certification counts whether or not the catalog's /Perms
// names it: verifiers differ, and the stricter reading harms nobody.
func (d *Document) docMDP(fm *form) (int, error) {
	catalog, err := d.file.Catalog()
	if err != nil {
		return 0, err
	}
	perms, err := lenient(d.file.Dict(catalog["Perms"]))
	if err != nil {
		return 0, err
	}
	level := 0
	add := func(sig pdf.Dict) error {
		params, err := d.transforms(sig, "DocMDP")
		if err != nil {
			return err
		}
		for _, tr := range params {
			p, err := d.file.Integer(tr["P"])
			if err != nil || p < 1 || p > 3 {
				p = 2 // the default of Table 257
			}
			if level == 0 || int(p) < level {
				level = int(p)
			}
		}
		return nil
	}
	if perms["DocMDP"] != nil {
		sig, err := lenient(d.file.Dict(perms["DocMDP"]))
		if err != nil {
			return 0, err
		}
		err = add(sig)
		if err != nil {
			return 0, err
		}
	}
	for _, f := range fm.signatures {
		sig, _, err := d.signature(f)
		if err != nil {
			return 0, err
		}
		err = add(sig)
		if err != nil {
			return 0, err
		}
	}
	return level, nil
}

// transforms returns the parameters of the signature's references with the given transform method.
func (d *Document) transforms(sig pdf.Dict, method pdf.Name) ([]pdf.Dict, error) {
	refs, err := d.file.Array(sig["Reference"])
	if err != nil {
		return nil, nil
	}
	if len(refs) > limits.SignatureReferences {
		return nil, &pdf.MalformedError{Offset: -1, What: fmt.Sprintf("signature with %d references", len(refs))}
	}
	var found []pdf.Dict
	for _, o := range refs {
		ref, err := d.file.Dict(o)
		if err != nil || ref == nil {
			continue
		}
		m, err := d.file.Name(ref["TransformMethod"])
		if err != nil || m != method {
			continue
		}
		params, err := d.file.Dict(ref["TransformParams"])
		if err == nil {
			found = append(found, params) // absent parameters mean the defaults
		}
	}
	return found, nil
}

// lock names the fields that a signature locks: /Lock of its field, or the FieldMDP transform that it became.
type lock struct {
	FieldLock
	holder string    // name of the signed field
	raw    pdf.Array // fields, as they are written
	// unclear says that it is not known what it locks: then it locks everything.
	unclear bool
	last    bool // /P 1: nothing may change once the field is signed (ISO 32000-2 Table 236)
}

// bars reports whether the lock keeps out a new field: it was not among the fields that the signer locked by naming none
// or others, and EU DSS and pyHanko accept it. A lock that names it in advance, or that is not understood, does.
func (l *lock) bars(name string) bool {
	return l.Covers(name) && (l.Action == "Include" || l.unclear)
}

// locks returns what the signed fields lock.
func (d *Document) locks(fm *form) ([]*lock, error) {
	var all []*lock
	names := 0
	for _, f := range fm.signatures {
		sig, _, err := d.signature(f)
		if err != nil {
			return nil, err
		}
		if sig == nil {
			continue
		}
		dicts, err := d.transforms(sig, "FieldMDP")
		if err != nil {
			return nil, err
		}
		own, err := d.file.Dict(f.dict["Lock"])
		if err == nil && own != nil {
			dicts = append(dicts, own)
		}
		for _, dict := range dicts {
			l, _ := d.lock(dict)
			l.holder = f.name
			all = append(all, l)
			names += len(l.raw)
			if names > limits.LockedFields || len(all) > 2*limits.Signatures {
				return nil, &pdf.MalformedError{Offset: -1, What: "signatures lock more fields than can be read"}
			}
		}
	}
	return all, nil
}

// lock reads a lock or FieldMDP dictionary; ok is false when something in it is not understood. What is not understood
// locks everything.
func (d *Document) lock(dict pdf.Dict) (l *lock, ok bool) {
	l, ok = &lock{FieldLock: FieldLock{"All", map[string]bool{}}}, true
	p, err := d.file.Integer(dict["P"])
	l.last = err == nil && p == 1
	action, err := d.file.Name(dict["Action"])
	switch {
	case err == nil && (action == "All" || action == "Include" || action == "Exclude"):
		l.Action = action
	default:
		ok, l.unclear = false, true
	}
	fields, err := d.file.Array(dict["Fields"])
	if err != nil || (fields == nil && l.Action != "All") {
		return &lock{FieldLock: FieldLock{Action: "All"}, unclear: true, last: l.last}, false
	}
	for _, o := range fields {
		s, err := d.file.String(o)
		if err != nil || s == nil {
			return &lock{FieldLock: FieldLock{Action: "All"}, unclear: true, last: l.last}, false
		}
		l.Fields[s.Text()] = true
		l.raw = append(l.raw, s)
	}
	for k := range dict {
		switch k {
		case "Type", "Action", "Fields", "V":
		default:
			ok = false
		}
	}
	return l, ok
}

// seedValues checks the constraints that the field's author put on its signature (ISO 32000-2 12.7.5.5, Table 237). What
// is only recommended binds nobody; what is required must be what gsign does anyway. The answer names the entry that
// is not met, or is empty.
func (d *Document) seedValues(f *field) string {
	sv, err := d.file.Dict(f.dict["SV"])
	if err != nil {
		return "SV"
	}
	ff, err := d.file.Integer(sv["Ff"])
	if err != nil {
		return "Ff"
	}
	for key, o := range sv {
		if !d.seedMet(key, o, int64(ff)) {
			return string(key)
		}
	}
	return ""
}

// Bits of /Ff that make an entry required.
const (
	seedFilter    = 1 << 0
	seedSubFilter = 1 << 1
	seedVersion   = 1 << 2
	seedReasons   = 1 << 3
	seedAddRev    = 1 << 5
	seedDigest    = 1 << 6
)

func (d *Document) seedMet(key pdf.Name, o pdf.Object, ff int64) bool {
	switch key {
	case "Type", "Ff":
		return ff&^(1<<9-1) == 0 // bits nobody has defined
	case "Filter":
		n, err := d.file.Name(o)
		return ff&seedFilter == 0 || (err == nil && n == "Adobe.PPKLite")
	case "SubFilter":
		return ff&seedSubFilter == 0 || d.lists(o, subFilter)
	case "DigestMethod":
		return ff&seedDigest == 0 || d.lists(o, "SHA256")
	case "V":
		// Parser versions 1 to 3 are those of ISO 32000-2 Table 237.
		v, err := d.file.Resolve(o)
		n, ok := pdf.Number(v)
		return ff&seedVersion == 0 || (err == nil && ok && n <= 3)
	case "Reasons":
		return ff&seedReasons == 0
	case "AddRevInfo":
		v, err := d.file.Bool(o)
		return ff&seedAddRev == 0 || (err == nil && !v)
	case "LegalAttestation", "AppearanceFilter", "LockDocument":
		return ff&(1<<4|1<<7|1<<8) == 0
	case "Cert", "TimeStamp":
		sub, err := d.file.Dict(o)
		if err != nil {
			return false
		}
		n, err := d.file.Integer(sub["Ff"])
		return err == nil && n == 0
	}
	return false // MDP always binds; other entries are not understood
}

// lists reports whether an array of names or strings holds the value.
func (d *Document) lists(o pdf.Object, want string) bool {
	a, err := d.file.Array(o)
	if err != nil {
		return false
	}
	for _, e := range a {
		switch v := e.(type) {
		case pdf.Name:
			if string(v) == want {
				return true
			}
		case pdf.String:
			if v.Text() == want {
				return true
			}
		}
	}
	return false
}
