// SPDX-License-Identifier: Apache-2.0

package changes

import (
	"gsign/internal/limits"
	"gsign/internal/pdf"
	"gsign/pkg/pdfsig"
)

const (
	clauseDocMDP   = "ISO 32000-2 12.8.2.2"
	clauseFieldMDP = "ISO 32000-2 12.8.2.4"
)

// policy is what one signature permits to those who come after it.
type policy struct {
	field    string
	level    int // of DocMDP, or /P of a lock; 0 where it says nothing
	revision int // index of the revision in which it came
	locks    []pdfsig.FieldLock
	docMDP   bool // it certifies
}

// unclear reports whether the lock says nothing that is known, and so locks everything, new fields too.
func unclear(l *pdfsig.FieldLock) bool {
	return l.Action != "All" && l.Action != "Include" && l.Action != "Exclude"
}

// policy reads the references of a signature dictionary, and the lock of its field. What is not understood is read in the
// strict way.
func (s *state) policy(field string, sig pdf.Dict, own pdf.Object) policy {
	p := policy{field: field}
	for i, o := range s.array(sig["Reference"]) {
		if i >= limits.SignatureReferences {
			break
		}
		ref := s.dict(o)
		params := s.dict(ref["TransformParams"])
		switch s.get(ref["TransformMethod"]) {
		case pdf.Object(pdf.Name("DocMDP")):
			p.docMDP = true
			p.restrict(s.integer(params["P"]), 2) // 2 is the default of Table 257
		case pdf.Object(pdf.Name("FieldMDP")):
			p.locks = append(p.locks, s.lock(params))
		}
	}
	if d := s.dict(own); d != nil {
		p.locks = append(p.locks, s.lock(d))
		if d["P"] != nil {
			p.restrict(s.integer(d["P"]), 1) // Table 236
		}
	}
	return p
}

func (s *state) integer(o pdf.Object) int64 {
	n, _ := s.get(o).(pdf.Integer)
	return int64(n)
}

func (p *policy) restrict(level, otherwise int64) {
	if level < 1 || level > 3 {
		level = otherwise
	}
	if p.level == 0 || int(level) < p.level {
		p.level = int(level)
	}
}

func (s *state) lock(d pdf.Dict) pdfsig.FieldLock {
	l := pdfsig.FieldLock{Fields: map[string]bool{}}
	l.Action, _ = s.get(d["Action"]).(pdf.Name)
	for i, o := range s.array(d["Fields"]) {
		name, ok := s.get(o).(pdf.String)
		if !ok || i >= limits.LockedFields {
			return pdfsig.FieldLock{}
		}
		l.Fields[name.Text()] = true
	}
	return l
}

// permission is what a change needs.
type permission uint8

const (
	free     permission = iota // nothing: it is allowed at every level
	fill                       // DocMDP 2
	annotate                   // DocMDP 3
)

// change is a Change before anybody's policy is asked.
type change struct {
	Change
	needs   permission
	fresh   bool // the field is new: no lock but one that names it holds for it
	visible bool // a new signature field that shows something
}

// inForce gives what the policies of the revisions up to one permit.
func inForce(policies []policy, revision int) (level int, docMDP int, locks []policy) {
	for _, p := range policies {
		if p.revision > revision {
			continue
		}
		if p.level != 0 && (level == 0 || p.level < level) {
			level = p.level
		}
		if p.docMDP && (docMDP == 0 || p.level < docMDP) {
			docMDP = p.level
		}
		if len(p.locks) > 0 {
			locks = append(locks, p)
		}
	}
	return level, docMDP, locks
}

// judge applies the policies to a change.
func (c change) judge(level, docMDP int, locks []policy) Change {
	out := c.Change
	forbid := func(text, clause string) {
		if out.Verdict != Forbidden {
			out.Verdict, out.Clause = Forbidden, clause
			out.Text += ": " + text
		}
	}
	switch {
	case c.needs == fill && level == 1:
		forbid("the document is certified with no changes allowed", clauseDocMDP)
	case c.needs == annotate && level == 1, c.needs == annotate && level == 2:
		forbid("the document's certification does not permit annotations", clauseDocMDP)
	}
	if c.needs == fill && out.Field != "" {
		for i := range locks {
			for j := range locks[i].locks {
				if l := &locks[i].locks[j]; l.Covers(out.Field) && (!c.fresh || l.Action == "Include" || unclear(l)) {
					forbid("signature \""+locks[i].field+"\" locks the field", clauseFieldMDP)
				}
			}
		}
	}
	if c.visible && docMDP != 0 && out.Verdict == Allowed {
		out.Verdict, out.Clause = Suspicious, clauseDocMDP
		out.Text += ": a new field that shows something in a certified document"
	}
	return out
}
