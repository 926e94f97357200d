// SPDX-License-Identifier: Apache-2.0

package changes

import (
	"fmt"

	"gsign/internal/limits"
	"gsign/internal/pdf"
)

const clauseFields = "ISO 32000-2 12.7.4.2"

// form walks the interactive form of the first revision.
func (s *state) form(o pdf.Object) {
	s.assign(o, roleForm)
	dict := s.dict(o)
	s.assign(dict["Fields"], roleFields)
	for _, f := range s.array(dict["Fields"]) {
		s.field(f, &node{}, 0)
	}
}

// field notes a field and those below it. Two with one name, and two that share a signature, are found here.
func (s *state) field(o pdf.Object, above *node, depth int) {
	ref, ok := o.(pdf.Ref)
	if !ok || depth > limits.FieldDepth || len(s.fields) > limits.Fields || !s.step() {
		return
	}
	if !s.assign(ref, roleField) {
		return
	}
	dict := s.dict(ref)
	n := s.node(dict, above)
	s.fields[ref.Num] = n
	s.value(ref, dict, n)
	s.assign(dict["Kids"], roleFields)
	for _, kid := range s.array(dict["Kids"]) {
		s.field(kid, n, depth+1)
	}
}

// node reads what a field is called and of which kind it is.
func (s *state) node(dict pdf.Dict, above *node) *node {
	n := &node{name: above.name, kind: above.kind, widget: dict["T"] == nil}
	if t, ok := s.get(dict["T"]).(pdf.String); ok {
		if n.name != "" {
			n.name += "."
		}
		n.name += t.Text()
	}
	if ft, ok := s.get(dict["FT"]).(pdf.Name); ok {
		n.kind = ft
	}
	return n
}

// value notes the signature that a field holds.
func (s *state) value(ref pdf.Ref, dict pdf.Dict, n *node) {
	wrong := func(format string, args ...any) {
		s.found = append(s.found, change{Change: Change{
			Object: ref.Num, Generation: ref.Gen, Page: -1, Field: n.name, Kind: Structure, Verdict: Forbidden,
			Text: fmt.Sprintf(format, args...), Clause: clauseFields,
		}})
	}
	if !n.widget && n.kind == "Sig" {
		if s.names[n.name] {
			wrong("two signature fields are called %q", n.name)
		}
		s.names[n.name] = true
	}
	if n.kind != "Sig" || dict["V"] == nil {
		return
	}
	sig := s.dict(dict["V"])
	if sig == nil {
		return
	}
	at, _ := dict["V"].(pdf.Ref)
	if other, shared := s.signed[at.Num]; shared && at.Num != 0 {
		wrong("the fields %q and %q share a signature dictionary", other, n.name)
	}
	n.signed = max(at.Num, 1)
	if at.Num != 0 {
		s.signed[at.Num] = n.name
		s.marks.assign(at.Num, roleSignature)
	}
	s.policies = append(s.policies, s.policy(n.name, sig, dict["Lock"]))
	s.later = append(s.later, sig)
}

// perms notes certifications that no field holds.
func (s *state) perms(o pdf.Object) {
	if ref, ok := o.(pdf.Ref); ok {
		*s.marks.at(ref.Num) |= reachable | protected
	}
	for _, v := range s.dict(o) {
		ref, _ := v.(pdf.Ref)
		if s.marks.role(ref.Num) == roleSignature {
			continue
		}
		if sig := s.dict(v); sig != nil {
			p := s.policy("", sig, nil)
			p.locks = nil
			s.policies = append(s.policies, p)
		}
		s.follow(v, true, 0)
	}
}
