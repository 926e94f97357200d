// SPDX-License-Identifier: Apache-2.0

package pdfsig

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"gsign/internal/cms"
	"gsign/internal/limits"
	"gsign/internal/pdf"
)

// Signature is a signed field as it was found in a file.
type Signature struct {
	Field     string    // fully qualified name
	Page      int       // index of the page with its widget, -1 when there is none
	Timestamp bool      // a document timestamp: /Type /DocTimeStamp or /SubFilter /ETSI.RFC3161
	Type      string    // /Type, empty when absent
	Filter    string    // /Filter, empty when absent
	SubFilter string    // /SubFilter, empty when absent
	Time      time.Time // /M, zero when absent or not a date
	Reason    string
	Location  string
	Contact   string // /ContactInfo
	Name      string
	Keys      []string // of the signature dictionary, sorted
	ByteRange []int64  // as found
	Contents  []byte   // decoded, with padding
	CMS       []byte   // Contents without padding; nil when they begin with no whole element
	Certs     [][]byte // /Cert, the signer's first; nil when absent
	// ContentsStart and ContentsEnd are the extent of the hex string with "<" and ">"; -1 when it is not known.
	ContentsStart, ContentsEnd int64
	// Whole says that the ByteRange covers the whole file but Contents.
	Whole bool
	// Problems say what is wrong with the structure. Where there is one, ByteRange must not be relied on.
	Problems []Problem
}

// Problem is a departure from the standard, found while reading.
type Problem struct {
	Check  string // number of the requirement, "A5"
	Clause string // "ISO 32000-2 12.8.1"
	Text   string
}

func (s *Signature) problem(check, clause, format string, args ...any) {
	s.Problems = append(s.Problems, Problem{check, clause, fmt.Sprintf(format, args...)})
}

// Has reports whether the signature dictionary has a key.
func (s *Signature) Has(key string) bool { return slices.Contains(s.Keys, key) }

// RevisionEnd returns the offset where the signed bytes end, -1 when the ByteRange is none.
func (s *Signature) RevisionEnd() int64 {
	if !rangeSane(s.ByteRange) {
		return -1
	}
	return s.ByteRange[2] + s.ByteRange[3]
}

// Signatures returns all signed fields, document timestamps included, in the order in which they were made.
func (d *Document) Signatures() ([]Signature, error) {
	fm, err := d.form()
	if err != nil {
		return nil, err
	}
	var sigs []Signature
	widgets := map[int]widget{}
	seen := map[pdf.Ref]bool{}
	for _, f := range fm.signatures {
		dict, ref, err := d.signature(f)
		if err != nil {
			return nil, err
		}
		if dict == nil || (!ref.IsZero() && seen[ref]) {
			continue
		}
		seen[ref] = true
		if len(sigs) == limits.Signatures {
			return nil, &pdf.MalformedError{Offset: -1, What: "more signatures than can be read"}
		}
		s, err := d.readSignature(f, dict, ref)
		if err != nil {
			return nil, err
		}
		if len(f.widgets) > 0 {
			widgets[len(sigs)] = f.widgets[0]
		}
		sigs = append(sigs, *s)
	}
	err = d.findPages(sigs, widgets)
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(sigs, func(a, b Signature) int { return cmp.Compare(a.RevisionEnd(), b.RevisionEnd()) })
	return sigs, nil
}

// EmptyFields returns the fully qualified names of the signature fields that are not signed.
func (d *Document) EmptyFields() ([]string, error) {
	fm, err := d.form()
	if err != nil {
		return nil, err
	}
	var names []string
	for _, f := range fm.signatures {
		dict, _, err := d.signature(f)
		if err != nil {
			return nil, err
		}
		if dict == nil {
			names = append(names, f.name)
		}
	}
	return names, nil
}

// readSignature reads a signature dictionary, once. What is wrong in it is a Problem, not an error.
func (d *Document) readSignature(f *field, dict pdf.Dict, ref pdf.Ref) (*Signature, error) {
	if s := d.found[ref]; s != nil && s.Field == f.name {
		return s.clone(), nil
	}
	s, err := d.parseSignature(f, dict, ref)
	if err != nil || ref.IsZero() {
		return s, err
	}
	if d.found == nil {
		d.found = map[pdf.Ref]*Signature{}
	}
	d.found[ref] = s
	return s.clone(), nil
}

// clone gives what a caller may change, but for the bytes of /Contents.
func (s *Signature) clone() *Signature {
	c := *s
	c.Keys, c.ByteRange, c.Problems = slices.Clone(s.Keys), slices.Clone(s.ByteRange), slices.Clone(s.Problems)
	return &c
}

func (d *Document) parseSignature(f *field, dict pdf.Dict, ref pdf.Ref) (*Signature, error) {
	s := &Signature{Field: f.name, Page: -1, ContentsStart: -1, ContentsEnd: -1}
	for k := range dict {
		s.Keys = append(s.Keys, string(k))
	}
	slices.Sort(s.Keys)
	d.readEntries(s, dict)
	err := d.locate(s, f, ref)
	if err != nil {
		return nil, err
	}
	err = d.checkRange(s)
	if err != nil {
		return nil, err
	}
	err = d.checkGap(s)
	if err != nil {
		return nil, err
	}
	s.CMS, err = cms.TrimPadding(s.Contents)
	if err != nil {
		s.CMS = nil
		s.problem("A4", "ISO 32000-2 12.8.3.3.1", "/Contents is not one CMS and zeros: %v", err)
	}
	return s, nil
}

func (d *Document) readEntries(s *Signature, dict pdf.Dict) {
	for _, key := range s.Keys {
		_, indirect := dict[pdf.Name(key)].(pdf.Ref)
		if indirect {
			s.problem("A10", "ISO 32000-2 12.8.1", "/%s is an indirect reference", key)
		}
	}
	name := func(key pdf.Name) string {
		n, err := d.file.Name(dict[key])
		if err != nil {
			s.problem("A1", "ISO 32000-2 Table 255", "/%s is not a name", key)
		}
		return string(n)
	}
	text := func(key pdf.Name) string {
		v, err := d.file.String(dict[key])
		if err != nil {
			s.problem("A9", "ISO 32000-2 Table 255", "/%s is not a string", key)
		}
		return v.Text()
	}
	s.Type, s.Filter, s.SubFilter = name("Type"), name("Filter"), name("SubFilter")
	s.Timestamp = s.Type == "DocTimeStamp" || s.SubFilter == subFilterStamp
	s.Reason, s.Location, s.Contact, s.Name = text("Reason"), text("Location"), text("ContactInfo"), text("Name")
	if dict["M"] != nil {
		m, err := d.file.String(dict["M"])
		if err == nil {
			s.Time, err = pdf.ParseDate(m)
		}
		if err != nil {
			s.Time = time.Time{}
			s.problem("A6", "ISO 32000-2 Table 255", "/M is not a date")
		}
	}
	contents, err := d.file.String(dict["Contents"])
	if err != nil || contents == nil {
		s.problem("A3", "ISO 32000-2 Table 255", "there is no /Contents, or it is not a string")
	}
	s.Contents = contents
	d.readCerts(s, dict["Cert"])
	d.readByteRange(s, dict)
}

// readCerts reads /Cert: one certificate, or a chain of them (ISO 32000-2 Table 255).
func (d *Document) readCerts(s *Signature, o pdf.Object) {
	o, err := d.file.Resolve(o)
	if err != nil {
		return
	}
	chain, ok := o.(pdf.Array)
	if !ok {
		chain = pdf.Array{o}
	}
	for _, o := range chain[:min(len(chain), limits.MaxCertificates)] {
		if der, err := d.file.String(o); err == nil && der != nil {
			s.Certs = append(s.Certs, der)
		}
	}
}

func (d *Document) readByteRange(s *Signature, dict pdf.Dict) {
	a, err := d.file.Array(dict["ByteRange"])
	if err != nil || a == nil {
		s.problem("A5", "ISO 32000-2 Table 255", "there is no /ByteRange, or it is not an array")
		return
	}
	if len(a) > 2*limits.Signatures {
		s.problem("A5", "ISO 32000-2 Table 255", "/ByteRange has %d entries", len(a))
		return
	}
	for _, o := range a {
		v, err := d.file.Integer(o)
		_, number := pdf.Number(o)
		if err != nil || !number {
			s.problem("A5", "ISO 32000-2 Table 255", "/ByteRange holds something else than integers")
			s.ByteRange = nil
			return
		}
		s.ByteRange = append(s.ByteRange, int64(v))
	}
}

// findPages finds the pages of the signatures' widgets.
func (d *Document) findPages(sigs []Signature, widgets map[int]widget) error {
	n := -1
	for page, err := range d.file.Pages() {
		n++
		if len(widgets) == 0 || n >= limits.PagesSearched {
			return nil
		}
		if err != nil {
			if pdf.IsMalformed(err) {
				return nil // which page it is only serves the reader
			}
			return err
		}
		for i, w := range widgets {
			found := w.dict["P"] == pdf.Object(page.Ref)
			if _, ok := w.dict["P"].(pdf.Ref); !ok {
				annots, err := d.file.Array(page.Dict["Annots"])
				found = err == nil && !w.ref.IsZero() && slices.ContainsFunc(annots, func(o pdf.Object) bool {
					return o == pdf.Object(w.ref)
				})
			}
			if found {
				sigs[i].Page = n
				delete(widgets, i)
			}
		}
	}
	return nil
}
