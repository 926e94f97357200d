// SPDX-License-Identifier: Apache-2.0

package pdfsig

import (
	"fmt"
	"hash/maphash"
	"slices"

	"gsign/internal/limits"
	"gsign/internal/pdf"
)

// form is the interactive form with all its fields (ISO 32000-2 12.7).
type form struct {
	ref        pdf.Ref // of the AcroForm dictionary; zero when it stands in the catalog itself or is absent
	dict       pdf.Dict
	signatures []*field
	others     nameSet          // the names of terminal fields that are no signature fields
	names      map[string]group // fully qualified names of all other nodes
}

// nameSet knows names by a hash of 64 bits: there may be very many. Whoever makes names cannot know the seed, and a name
// that seems taken and is not is passed over, or refused.
type nameSet struct {
	seed maphash.Seed
	set  map[uint64]struct{}
}

func (n *nameSet) add(name string) {
	if n.set == nil {
		n.seed, n.set = maphash.MakeSeed(), map[uint64]struct{}{}
	}
	n.set[maphash.String(n.seed, name)] = struct{}{}
}

func (n *nameSet) has(name string) bool {
	if len(n.set) == 0 {
		return false
	}
	_, ok := n.set[maphash.String(n.seed, name)]
	return ok
}

// taken reports whether a node has the name.
func (fm *form) taken(name string) bool {
	_, ok := fm.names[name]
	return ok || fm.others.has(name)
}

// group is a node of the field tree. The zero value stands for what cannot take further kids: a field, or a node that has no
// object of its own.
type group struct {
	ref   pdf.Ref
	flags int64 // /Ff, own or inherited
}

// field is a node of the field tree. Those of signature fields are kept.
type field struct {
	ref     pdf.Ref // zero when it is a direct object
	dict    pdf.Dict
	name    string     // fully qualified
	kind    pdf.Name   // /FT, own or inherited
	flags   int64      // /Ff, own or inherited
	value   pdf.Object // /V, own or inherited, unresolved; nil when absent
	widgets []widget
}

// widget is an annotation of a field; it is the field's own dictionary when both are merged.
type widget struct {
	ref  pdf.Ref
	dict pdf.Dict
}

// form reads the field tree, once. A kid without a name is a widget of its parent, unless it has a value or kids: other readers
// take that for a field, and a signature in it counts. Entries that are no dictionaries are passed over: they show nothing
// and hold nothing; an /AcroForm that is none and /Fields that are no array are no form and no fields.
func (d *Document) form() (*form, error) {
	err := d.settled(d.readForm)
	return d.fields, err
}

func (d *Document) readForm() error {
	if d.fields != nil {
		return nil
	}
	catalog, err := d.file.SharedCatalog()
	if err != nil {
		return err
	}
	fm := &form{names: map[string]group{}}
	o, err := d.file.Resolve(catalog["AcroForm"])
	if err != nil {
		return fmt.Errorf("reading the form: %w", err)
	}
	fm.dict, _ = o.(pdf.Dict)
	if fm.dict != nil {
		fm.ref, _ = catalog["AcroForm"].(pdf.Ref)
		o, err = d.file.Resolve(fm.dict["Fields"])
		if err != nil {
			return fmt.Errorf("reading /Fields of the form: %w", err)
		}
	}
	roots, _ := o.(pdf.Array)
	w := fieldWalk{file: d.file, form: fm, seen: numbers{}}
	for _, o := range roots {
		err := w.visit(o, &field{}, 0)
		if err != nil {
			return err
		}
	}
	err = d.file.Exhausted() // what was passed over may be sound
	if err != nil {
		return err
	}
	d.fields = fm
	return nil
}

// field gives the terminal field of that name, a signature field where one has it; of another kind, its name alone.
func (fm *form) field(name string) *field {
	for _, f := range fm.signatures {
		if f.name == name {
			return f
		}
	}
	if fm.others.has(name) {
		return &field{name: name}
	}
	return nil
}

// shared reports whether another terminal field has the name of f.
func (fm *form) shared(f *field) bool {
	return fm.others.has(f.name) ||
		slices.ContainsFunc(fm.signatures, func(other *field) bool { return other != f && other.name == f.name })
}

type fieldWalk struct {
	file  *pdf.File
	form  *form
	seen  numbers
	count int
	below int // entries of /Kids
	text  int // bytes of all names
}

// numbers is a set of object numbers, mostly of neighbours.
type numbers map[uint32]uint64

func (n numbers) has(num uint32) bool { return n[num/64]>>(num%64)&1 != 0 }

func (n numbers) add(num uint32) { n[num/64] |= 1 << (num % 64) }

func (w *fieldWalk) visit(o pdf.Object, parent *field, depth int) error {
	w.count++
	if depth > limits.FieldDepth || w.count > limits.Fields {
		return tooManyFields()
	}
	ref, _ := o.(pdf.Ref)
	if !ref.IsZero() {
		if w.seen.has(ref.Num) {
			return nil // a loop, or a field listed twice
		}
	}
	dict, ok, err := w.dict(o)
	if err != nil || !ok {
		return err
	}
	if !ref.IsZero() {
		w.seen.add(ref.Num) // the dictionary: under another generation there is none
	}
	f, err := w.inherit(ref, dict, parent)
	if err != nil {
		return err
	}
	kids, err := w.kids(dict)
	if err != nil {
		return err
	}
	w.below += len(kids)
	if w.below > limits.FieldKids {
		return tooManyFields()
	}
	terminal := true
	for _, kid := range kids {
		kd, ok, err := w.dict(kid)
		if err != nil {
			return err
		}
		if !ok {
			continue
		}
		if kd["T"] == nil && kd["V"] == nil && kd["Kids"] == nil {
			kr, _ := kid.(pdf.Ref)
			if f.kind == "Sig" {
				f.widgets = append(f.widgets, widget{kr, kd})
			}
			continue
		}
		terminal = false
		err = w.visit(kid, f, depth+1)
		if err != nil {
			return err
		}
	}
	if !terminal {
		w.form.names[f.name] = group{ref, f.flags}
		return nil
	}
	if f.kind != "Sig" {
		w.form.others.add(f.name)
		return nil
	}
	if _, ok := w.form.names[f.name]; !ok {
		w.form.names[f.name] = group{}
	}
	if len(f.widgets) == 0 && len(kids) == 0 {
		f.widgets = []widget{{ref, dict}}
	}
	if len(w.form.signatures) == limits.SignatureFields {
		return tooManyFields()
	}
	w.form.signatures = append(w.form.signatures, f)
	return nil
}

func tooManyFields() error {
	return &pdf.MalformedError{Offset: -1, What: "form has too many fields or is too deep"}
}

// inherit makes the field of a dictionary: its name, and what it takes from its parent (ISO 32000-2 12.7.4.1).
func (w *fieldWalk) inherit(ref pdf.Ref, dict pdf.Dict, parent *field) (*field, error) {
	f := &field{ref: ref, dict: dict, name: parent.name, kind: parent.kind, flags: parent.flags, value: parent.value}
	if t, err := w.file.String(dict["T"]); err == nil && t != nil {
		if f.name != "" {
			f.name += "."
		}
		f.name += t.Text()
		w.text += len(f.name)
		if w.text > limits.FieldNames {
			return nil, &pdf.MalformedError{Offset: -1, What: fmt.Sprintf("form with more than %d bytes of names", limits.FieldNames)}
		}
	}
	if ft, err := w.file.Name(dict["FT"]); err == nil && ft != "" {
		f.kind = ft
	}
	if ff, err := w.file.Integer(dict["Ff"]); err == nil && dict["Ff"] != nil {
		f.flags = int64(ff)
	}
	if v, ok := dict["V"]; ok {
		f.value = v
	}
	return f, nil
}

func (w *fieldWalk) kids(dict pdf.Dict) (pdf.Array, error) {
	return lenient(w.file.Array(dict["Kids"]))
}

func (w *fieldWalk) dict(o pdf.Object) (pdf.Dict, bool, error) {
	v, err := lenient(w.file.Resolve(o))
	dict, ok := v.(pdf.Dict)
	return dict, ok, err
}

// signature returns the signature dictionary of a signed signature field, and its reference when it has one. A field
// that is no signature field or is not signed gives nil.
func (d *Document) signature(f *field) (pdf.Dict, pdf.Ref, error) {
	if f.kind != "Sig" || f.value == nil {
		return nil, pdf.Ref{}, nil
	}
	v, err := lenient(d.file.Resolve(f.value))
	if err != nil {
		return nil, pdf.Ref{}, err
	}
	dict, ok := v.(pdf.Dict)
	if !ok {
		return nil, pdf.Ref{}, nil
	}
	ref, _ := f.value.(pdf.Ref)
	return dict, ref, nil
}
