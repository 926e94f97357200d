// SPDX-License-Identifier: Apache-2.0

// Package inspect tells what is in a PDF file: revisions, fields, signatures, the security store. It judges nothing: that is for
// package verify. Most callers need [Document] only.
package inspect

import (
	"context"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"regexp"
	"slices"
	"sync"
	"time"

	"gsign/internal/changes"
	"gsign/internal/limits"
	"gsign/internal/pdf"
	"gsign/internal/pkix"
	"gsign/pkg/ltv"
	"gsign/pkg/pdfsig"
)

// Report is what is in a file.
type Report struct {
	Size        int64
	Version     string // of the header, and of the catalog where that has another
	Pages       int    // 0 where they cannot be counted
	Linearized  bool
	Encryption  *Encryption // nil where the file is not encrypted
	Damage      []pdfsig.Damage
	Recovered   bool     // the cross-reference did not lead to the objects
	Conformance []string // "PDF/A-2b", as the metadata claims
	Revisions   []Revision
	Empty       []string // names of signature fields that are not signed
	Signatures  []Signature
	Store       Store
	Problems    []string // parts that could not be read

	err error // of the machine
}

// Encryption is how a file is encrypted.
type Encryption struct {
	Filter          string
	Version, Revise int64
	Permissions     int64
	Owner           bool // the owner's password opened it
	Fill, AddFields bool // what the permissions leave to others
}

// Revision is what was appended at one time.
type Revision struct {
	changes.Revision

	Objects int      // how many it brought, changed or removed; -1 where it cannot be opened
	Brought []string // "signature Signature1", "security store"
}

// Store is the security store.
type Store struct {
	Certificates []*x509.Certificate
	OCSPs        []OCSP
	CRLs         []CRL
}

// OCSP is an OCSP response.
type OCSP struct {
	Bytes   int
	Facts   *pkix.OCSPFacts
	Problem string // why it cannot be read
}

// CRL is a revocation list.
type CRL struct {
	Bytes                  int
	Issuer                 string
	ThisUpdate, NextUpdate time.Time
	Revoked                int
	Problem                string
}

// Document reads what is in a document. An error says that the file could not be read at all; what is wrong with a part of it is
// among the problems.
func Document(ctx context.Context, doc *pdfsig.Document) (*Report, error) {
	f := doc.File()
	r := &Report{Size: doc.Size(), Version: f.HeaderVersion(), Damage: doc.Damage(), Recovered: f.Recovered()}
	if v := f.Version(); v != r.Version {
		r.Version += ", the catalog says " + v
	}
	sigs, err := doc.Signatures()
	if err != nil {
		return nil, err
	}
	r.note("pages", func() (err error) { r.Pages, err = f.PageCount(); return err })
	r.note("linearization", func() (err error) { r.Linearized, err = doc.Linearized(); return err })
	r.note("encryption", func() error { return r.encryption(f) })
	r.note("metadata", func() error { return r.conformance(f) })
	r.note("fields", func() (err error) { r.Empty, err = doc.EmptyFields(); return err })
	r.note("security store", func() error { return r.store(doc) })
	for i := range sigs {
		r.Signatures = append(r.Signatures, signature(&sigs[i]))
	}
	err = errors.Join(r.err, r.revisions(ctx, doc, sigs), ctx.Err())
	if err != nil {
		return nil, err
	}
	return r, nil
}

// note keeps why a part could not be read. That the disk cannot be read is no matter of a part.
func (r *Report) note(part string, read func() error) {
	err := read()
	switch {
	case pdf.OfMachine(err) != nil:
		r.err = errors.Join(r.err, err)
	case err != nil:
		r.Problems = append(r.Problems, part+": "+err.Error())
	}
}

func (r *Report) encryption(f *pdf.File) error {
	if !f.Encrypted() {
		return nil
	}
	d, err := f.Dict(f.Trailer()["Encrypt"])
	if err != nil {
		return err
	}
	a := f.Authority()
	e := &Encryption{Owner: a.Owner, Fill: a.Fill, AddFields: a.AddFields}
	r.Encryption = e
	name, nameErr := f.Name(d["Filter"])
	e.Filter = string(name)
	err = nameErr
	for key, into := range map[pdf.Name]*int64{"V": &e.Version, "R": &e.Revise, "P": &e.Permissions} {
		if d[key] == nil {
			continue
		}
		n, numErr := f.Integer(d[key])
		*into, err = int64(n), errors.Join(err, numErr)
	}
	return err
}

// claims are the properties by which metadata claims conformance (ISO 19005, ISO 14289), as elements or as attributes.
var claims = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?s)(pdfaid:part|pdfaid:conformance|pdfaid:rev|pdfuaid:part)\s*(?:=\s*["']\s*|>\s*)([0-9A-Za-z]{1,8})`)
})

func (r *Report) conformance(f *pdf.File) error {
	catalog, err := f.Catalog()
	if err != nil || catalog["Metadata"] == nil {
		return err
	}
	s, err := f.Stream(catalog["Metadata"])
	if err != nil || s == nil {
		return err
	}
	xmp, err := f.StreamData(s, limits.InspectMetadata)
	if err != nil {
		return err
	}
	said := map[string]string{}
	for _, m := range claims().FindAllSubmatch(xmp, -1) {
		if _, known := said[string(m[1])]; !known {
			said[string(m[1])] = string(m[2])
		}
	}
	if part := said["pdfaid:part"]; part != "" {
		r.Conformance = append(r.Conformance, "PDF/A-"+part+lower(said["pdfaid:conformance"]))
	}
	if part := said["pdfuaid:part"]; part != "" {
		r.Conformance = append(r.Conformance, "PDF/UA-"+part)
	}
	return nil
}

func lower(text string) string {
	b := []byte(text)
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}

func (r *Report) store(doc *pdfsig.Document) error {
	e, err := ltv.ReadStore(doc)
	if err != nil {
		return err
	}
	r.Store.Certificates = e.Certificates
	for _, der := range e.OCSPResponses {
		o := OCSP{Bytes: len(der)}
		o.Facts, err = pkix.ParseOCSP(der).Facts()
		if err != nil {
			o.Problem = err.Error()
		}
		r.Store.OCSPs = append(r.Store.OCSPs, o)
	}
	for _, der := range e.CRLs {
		c := CRL{Bytes: len(der)}
		list, err := x509.ParseRevocationList(der)
		if err != nil {
			c.Problem = err.Error()
		} else {
			c.Issuer, c.ThisUpdate, c.NextUpdate, c.Revoked = list.Issuer.String(), list.ThisUpdate, list.NextUpdate, len(list.RevokedCertificateEntries)
		}
		r.Store.CRLs = append(r.Store.CRLs, c)
	}
	return nil
}

// revisions finds the revisions and what each brought.
func (r *Report) revisions(ctx context.Context, doc *pdfsig.Document, sigs []pdfsig.Signature) error {
	h, err := changes.Open(ctx, doc, sigs)
	if err != nil {
		return err
	}
	var before *pdfsig.Document
	for i, rev := range h.Revisions() {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		v := Revision{Revision: rev, Objects: -1}
		switch {
		case rev.Timestamp:
			v.Brought = append(v.Brought, "document timestamp "+rev.Field)
		case rev.Field != "":
			v.Brought = append(v.Brought, "signature "+rev.Field)
		}
		var after *pdfsig.Document
		if i < limits.InspectRevisions {
			after, err = doc.RevisionAfter(before, rev.End)
			if err == nil {
				err = v.look(before, after, i > 0)
			}
			if pdf.OfMachine(err) != nil {
				return err
			}
		}
		before = after
		r.Revisions = append(r.Revisions, v)
	}
	return nil
}

// look compares a revision with the one before it.
func (v *Revision) look(before, after *pdfsig.Document, later bool) error {
	f := after.File()
	switch {
	case !later:
		v.Objects = len(slices.Collect(f.Objects))
		catalog, err := f.Catalog()
		if err != nil {
			return err
		}
		if catalog["DSS"] != nil {
			v.Brought = append(v.Brought, "security store")
		}
	case before != nil:
		v.Objects = len(f.Changed(before.File()))
		now, err := storeSum(after)
		if err != nil {
			return err
		}
		was, err := storeSum(before)
		if err != nil {
			return err
		}
		if now != was {
			v.Brought = append(v.Brought, "security store")
		}
	}
	return nil
}

// storeSum counts what the security store holds. One that cannot be read differs from one that can.
func storeSum(doc *pdfsig.Document) ([3]int, error) {
	e, err := ltv.ReadStore(doc)
	if err != nil {
		return [3]int{-1}, pdf.OfMachine(err)
	}
	return [3]int{len(e.Certificates), len(e.OCSPResponses), len(e.CRLs)}, nil
}

// Serial is a serial number as reports write it.
func Serial(content []byte) string {
	for len(content) > 1 && content[0] == 0 {
		content = content[1:]
	}
	return hex.EncodeToString(content)
}
