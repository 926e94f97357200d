// SPDX-License-Identifier: Apache-2.0

package dsstest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"time"
)

// typeValue is an item of extra_attributes and other_names.
type typeValue struct {
	Type  string `json:"type"`
	Value string `json:"value"`
}

// fieldSet is one object of an identity request after the policy was applied: what the certificate will carry.
type fieldSet struct {
	one   map[string]string
	many  map[string][]string
	typed map[string][]typeValue
}

// identityRequest is a request the policy has allowed.
type identityRequest struct {
	dn, da, san fieldSet
	ekus        []string
}

// violations collects what is wrong with a request, by member: the errors map of a 422.
type violations map[string]string

func (v violations) add(member, format string, args ...any) {
	if _, ok := v[member]; !ok {
		v[member] = fmt.Sprintf(format, args...)
	}
}

// parseIdentity applies the policy to a body that is known to be JSON. Besides objects, null and empty arrays are taken:
// clients in the field send them.
func (p *Policy) parseIdentity(body []byte) (*identityRequest, violations) {
	v := violations{}
	top, ok := object(body)
	if !ok {
		v.add("body", "is not an object")
		return nil, v
	}
	req := &identityRequest{}
	for _, name := range slices.Sorted(maps.Keys(top)) {
		switch name {
		case "subject_dn", "subject_da", "san", "extended_key_usages", "key_usages":
		default:
			v.add(name, "unknown member")
		}
	}
	req.dn = p.SubjectDN.apply("subject_dn", top["subject_dn"], v)
	for k, d := range p.Defaults {
		if _, given := req.dn.one[k]; !given {
			req.dn.one[k] = d
		}
	}
	req.da = orForbidden(p.SubjectDA).apply("subject_da", top["subject_da"], v)
	if dob, ok := req.da.one["date_of_birth"]; ok {
		if _, err := time.Parse(time.DateOnly, dob); err != nil {
			v.add("subject_da.date_of_birth", "is not YYYY-MM-DD")
		}
	}
	req.san = orForbidden(p.SAN).apply("san", top["san"], v)
	p.KeyUsages.apply("key_usages", top["key_usages"], v)
	req.ekus = p.applyEKUs(top["extended_key_usages"], v)
	if len(v) > 0 {
		return nil, v
	}
	return req, nil
}

func orForbidden(f *ListFields) *ListFields {
	if f == nil {
		return &ListFields{}
	}
	return f
}

// object reads {}, null and [] as objects.
func object(raw json.RawMessage) (map[string]json.RawMessage, bool) {
	raw = bytes.TrimSpace(raw)
	if len(raw) == 0 || bytes.Equal(raw, []byte("null")) {
		return nil, true
	}
	var list []any
	if json.Unmarshal(raw, &list) == nil {
		return nil, len(list) == 0
	}
	var m map[string]json.RawMessage
	err := json.Unmarshal(raw, &m)
	return m, err == nil
}

// apply checks one object against its rules.
func (f *ListFields) apply(path string, raw json.RawMessage, v violations) fieldSet {
	set := fieldSet{one: map[string]string{}, many: map[string][]string{}, typed: map[string][]typeValue{}}
	members, ok := object(raw)
	if !ok {
		v.add(path, "is not an object")
		return set
	}
	for name, value := range members {
		switch {
		case hasKey(f.Fields, name):
			var s string
			if json.Unmarshal(value, &s) != nil {
				v.add(path+"."+name, "is not a string")
			}
			set.one[name] = s
		case hasKey(f.Lists, name):
			var l []string
			if json.Unmarshal(value, &l) != nil {
				v.add(path+"."+name, "is not a list of strings")
			}
			set.many[name] = l
		case hasKey(f.Typed, name):
			var l []typeValue
			dec := json.NewDecoder(bytes.NewReader(value))
			dec.DisallowUnknownFields()
			if dec.Decode(&l) != nil {
				v.add(path+"."+name, "is not a list of type and value")
			}
			set.typed[name] = l
		default:
			v.add(path+"."+name, "unknown member, or not allowed")
		}
	}
	f.checkFields(path, set, v)
	f.checkLists(path, set, v)
	f.checkTyped(path, set, v)
	return set
}

func hasKey[V any](m map[string]V, k string) bool { _, ok := m[k]; return ok }

func (f *ListFields) checkFields(path string, set fieldSet, v violations) {
	for name, rule := range f.Fields {
		value, given := set.one[name]
		member := path + "." + name
		switch {
		case rule.Presence == Static && given, rule.Presence == Forbidden && given:
			v.add(member, "must not be given: %s", rule.Presence)
		case rule.Presence == Static:
			set.one[name] = rule.Format
		case rule.Presence == Required && !given:
			v.add(member, "is required")
		case given && rule.Format != "" && !matches(rule.Format, value):
			v.add(member, "does not match %s", rule.Format)
		}
	}
}

func (f *ListFields) checkLists(path string, set fieldSet, v violations) {
	for name, rule := range f.Lists {
		if rule.Static {
			if hasKey(set.many, name) {
				v.add(path+"."+name, "must not be given: STATIC")
			}
			set.many[name] = rule.List
			continue
		}
		checkList(rule, path+"."+name, set.many[name], v)
	}
}

func checkList(l ListPolicy, member string, values []string, v violations) {
	if len(values) < l.MinCount || len(values) > l.MaxCount {
		v.add(member, "has %d values, allowed are %d to %d", len(values), l.MinCount, l.MaxCount)
	}
	for _, value := range values {
		if !slices.ContainsFunc(l.List, func(f string) bool { return matches(f, value) }) {
			v.add(member, "%q matches nothing allowed", value)
		}
	}
}

func (f *ListFields) checkTyped(path string, set fieldSet, v violations) {
	for name, rules := range f.Typed {
		count := map[string]int{}
		for _, item := range set.typed[name] {
			rule, ok := rules[item.Type]
			count[item.Type]++
			switch {
			case !ok:
				v.add(path+"."+name, "type %q is not allowed", item.Type)
			case rule.Static:
				v.add(path+"."+name, "type %s must not be given: STATIC", item.Type)
			case !matches(rule.ValueFormat, item.Value):
				v.add(path+"."+name, "type %s does not match %s", item.Type, rule.ValueFormat)
			}
		}
		for oid, rule := range rules {
			if n := count[oid]; n > rule.MaxCount || n < rule.MinCount && !rule.Static {
				v.add(path+"."+name, "type %s occurs %d times, allowed are %d to %d", oid, n, rule.MinCount, rule.MaxCount)
			}
			if rule.Static {
				set.typed[name] = append(set.typed[name], typeValue{oid, rule.ValueFormat})
			}
		}
		slices.SortStableFunc(set.typed[name], func(a, b typeValue) int { return bytes.Compare([]byte(a.Type), []byte(b.Type)) })
	}
}

func (p *Policy) applyEKUs(raw json.RawMessage, v violations) []string {
	var l []string
	if len(raw) > 0 && json.Unmarshal(raw, &l) != nil {
		v.add("extended_key_usages", "is not a list of strings")
	}
	switch {
	case p.ExtendedKeyUsages == nil:
		if len(l) > 0 {
			v.add("extended_key_usages", "must not be given: FORBIDDEN")
		}
	case p.ExtendedKeyUsages.EKUs.Static:
		if len(l) > 0 {
			v.add("extended_key_usages", "must not be given: STATIC")
		}
		return p.ExtendedKeyUsages.EKUs.List
	default:
		checkList(p.ExtendedKeyUsages.EKUs, "extended_key_usages", l, v)
	}
	return l
}

// matches says whether the whole value fits; a policy's broken expression fits nothing.
func matches(format, value string) bool {
	re, err := regexp.Compile("^(?:" + format + ")$")
	return err == nil && re.MatchString(value)
}
