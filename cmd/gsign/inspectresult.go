// SPDX-License-Identifier: Apache-2.0

package main

import (
	"crypto/x509"
	"encoding/hex"
	"time"

	"gsign/internal/inspect"
	"gsign/internal/sign"
	"gsign/pkg/pdfsig"
)

// inspectResult is what gsign inspect --json prints: a contract that only grows.
type inspectResult struct {
	File        string            `json:"file"`
	Bytes       int64             `json:"bytes"`
	Version     string            `json:"version"`
	Pages       int               `json:"pages"`
	Linearized  bool              `json:"linearized"`
	Encryption  *encryptionResult `json:"encryption"`
	Conformance []string          `json:"conformance_claimed"`
	Recovered   bool              `json:"recovered"`
	Damage      []sign.Damage     `json:"damage"`
	Problems    []string          `json:"problems"`
	Revisions   []revisionInside  `json:"revisions"`
	EmptyFields []string          `json:"empty_signature_fields"`
	Signatures  []signatureInside `json:"signatures"`
	Store       securityStore     `json:"security_store"`
}

type encryptionResult struct {
	Filter      string `json:"filter"`
	V           int64  `json:"v"`
	R           int64  `json:"r"`
	Permissions int64  `json:"p"`
	Owner       bool   `json:"opened_by_owner"`
	Fill        bool   `json:"may_fill"`
	AddFields   bool   `json:"may_add_fields"`
}

type revisionInside struct {
	revisionResult

	Bytes   int64    `json:"bytes"`
	Objects int      `json:"objects"` // brought, changed or removed; -1 where that is not known
	Brought []string `json:"brought"`
}

type signatureInside struct {
	Field      string          `json:"field"`
	Kind       string          `json:"kind"`
	Page       int             `json:"page"`
	Type       string          `json:"type"`
	Filter     string          `json:"filter"`
	SubFilter  string          `json:"sub_filter"`
	Keys       []string        `json:"keys"`
	ByteRange  []int64         `json:"byte_range"`
	Contents   int             `json:"contents_bytes"`
	Covers     int64           `json:"covers"`
	WholeFile  bool            `json:"whole_file"`
	Time       time.Time       `json:"claimed_time,omitzero"`
	Name       string          `json:"claimed_name,omitempty"`
	Reason     string          `json:"reason,omitempty"`
	Location   string          `json:"location,omitempty"`
	Contact    string          `json:"contact,omitempty"`
	Problems   []findingResult `json:"problems"`
	CMS        *cmsResult      `json:"cms"`
	CMSProblem string          `json:"cms_problem,omitempty"`
}

type cmsResult struct {
	Bytes        int                  `json:"bytes"`
	DER          bool                 `json:"der"`
	Digest       string               `json:"digest"`
	Algorithm    string               `json:"algorithm"`
	SigningTime  time.Time            `json:"signing_time,omitzero"`
	Signed       []string             `json:"signed_attributes"`
	Unsigned     []string             `json:"unsigned_attributes"`
	Signer       *certificateResult   `json:"signer"`
	Certificates []*certificateResult `json:"certificates"`
	OCSPs        int                  `json:"ocsp_responses"`
	CRLs         int                  `json:"crls"`
	Timestamps   []tokenResult        `json:"timestamps"`
}

type tokenResult struct {
	Time    time.Time          `json:"time,omitzero"`
	Policy  string             `json:"policy,omitempty"`
	Serial  string             `json:"serial,omitempty"`
	Imprint string             `json:"imprint,omitempty"`
	TSA     *certificateResult `json:"tsa"`
	Problem string             `json:"problem,omitempty"`
}

type securityStore struct {
	Certificates []*certificateResult `json:"certificates"`
	OCSPs        []ocspResult         `json:"ocsp_responses"`
	CRLs         []crlResult          `json:"crls"`
}

type ocspResult struct {
	Bytes      int            `json:"bytes"`
	ProducedAt time.Time      `json:"produced_at,omitzero"`
	Answers    []answerResult `json:"answers"`
	Problem    string         `json:"problem,omitempty"`
}

type answerResult struct {
	Serial     string    `json:"serial"`
	Subject    string    `json:"subject,omitempty"` // where the file holds the certificate
	Status     string    `json:"status"`
	ThisUpdate time.Time `json:"this_update"`
	NextUpdate time.Time `json:"next_update,omitzero"`
	RevokedAt  time.Time `json:"revoked_at,omitzero"`
}

type crlResult struct {
	Bytes      int       `json:"bytes"`
	Issuer     string    `json:"issuer"`
	ThisUpdate time.Time `json:"this_update,omitzero"`
	NextUpdate time.Time `json:"next_update,omitzero"`
	Revoked    int       `json:"revoked"`
	Problem    string    `json:"problem,omitempty"`
}

func newInspection(file string, in *inspect.Report) *inspectResult {
	r := &inspectResult{
		File: file, Bytes: in.Size, Version: in.Version, Pages: in.Pages, Linearized: in.Linearized, Recovered: in.Recovered,
		Conformance: list(in.Conformance), Damage: []sign.Damage{}, Problems: list(in.Problems),
		Revisions: []revisionInside{}, EmptyFields: list(in.Empty), Signatures: []signatureInside{},
	}
	if e := in.Encryption; e != nil {
		r.Encryption = &encryptionResult{e.Filter, e.Version, e.Revise, e.Permissions, e.Owner, e.Fill, e.AddFields}
	}
	for _, d := range in.Damage {
		r.Damage = append(r.Damage, sign.Damage(d))
	}
	for i := range in.Revisions {
		rev := &in.Revisions[i]
		r.Revisions = append(r.Revisions, revisionInside{revisionResult(rev.Revision), rev.End - rev.Start, rev.Objects, list(rev.Brought)})
	}
	for i := range in.Signatures {
		r.Signatures = append(r.Signatures, newInside(&in.Signatures[i]))
	}
	r.Store = newStore(in)
	return r
}

func list(texts []string) []string { return append([]string{}, texts...) }

func newInside(s *inspect.Signature) signatureInside {
	r := signatureInside{
		Field: s.Field, Kind: "signature", Page: s.Page + 1, Type: s.Type, Filter: s.Filter, SubFilter: s.SubFilter, Keys: list(s.Keys),
		ByteRange: append([]int64{}, s.ByteRange...), Contents: len(s.Contents), Covers: max(0, s.RevisionEnd()), WholeFile: s.Whole,
		Time: s.Time, Name: s.Name, Reason: s.Reason, Location: s.Location, Contact: s.Contact, Problems: newProblems(s.Problems),
		CMSProblem: s.Problem,
	}
	if s.Timestamp {
		r.Kind = "document timestamp"
	}
	if c := s.CMS; c != nil {
		r.CMS = &cmsResult{
			Bytes: c.Bytes, DER: c.DER, Digest: c.Digest, Algorithm: c.Algorithm, SigningTime: c.SigningTime, Signed: list(c.Signed),
			Unsigned: list(c.Unsigned), Signer: newCertificate(c.Signer), Certificates: newCertificates(c.Certificates),
			OCSPs: c.OCSPs, CRLs: c.CRLs, Timestamps: []tokenResult{},
		}
		stamps := c.Timestamps
		if c.DocumentStamp != nil {
			stamps = append(stamps, *c.DocumentStamp)
		}
		for _, t := range stamps {
			r.CMS.Timestamps = append(r.CMS.Timestamps, tokenResult{t.Time, t.Policy, t.Serial, t.Imprint, newCertificate(t.TSA), t.Problem})
		}
	}
	return r
}

func newProblems(problems []pdfsig.Problem) []findingResult {
	found := []findingResult{}
	for _, p := range problems {
		found = append(found, findingResult{Check: p.Check, Clause: p.Clause, Text: p.Text})
	}
	return found
}

func newCertificates(certs []*x509.Certificate) []*certificateResult {
	all := []*certificateResult{}
	for _, c := range certs {
		all = append(all, newCertificate(c))
	}
	return all
}

func newStore(in *inspect.Report) securityStore {
	s := securityStore{Certificates: newCertificates(in.Store.Certificates), OCSPs: []ocspResult{}, CRLs: []crlResult{}}
	subjects := namesBySerial(in)
	for _, o := range in.Store.OCSPs {
		r := ocspResult{Bytes: o.Bytes, Answers: []answerResult{}, Problem: o.Problem}
		if o.Facts != nil {
			r.ProducedAt = o.Facts.ProducedAt
			for _, a := range o.Facts.Answers {
				serial := inspect.Serial(a.Serial)
				r.Answers = append(r.Answers, answerResult{
					serial, subjects[serial], a.Status, a.ThisUpdate, a.NextUpdate, a.RevokedAt,
				})
			}
		}
		s.OCSPs = append(s.OCSPs, r)
	}
	for _, c := range in.Store.CRLs {
		s.CRLs = append(s.CRLs, crlResult(c))
	}
	return s
}

// namesBySerial finds who has a serial number, among the certificates that the file holds; nobody where several have it.
func namesBySerial(in *inspect.Report) map[string]string {
	all := in.Store.Certificates
	for i := range in.Signatures {
		c := in.Signatures[i].CMS
		if c == nil {
			continue
		}
		all = append(all, c.Certificates...)
		for _, t := range c.Timestamps {
			if t.TSA != nil {
				all = append(all, t.TSA)
			}
		}
	}
	names := map[string]string{}
	for _, c := range all {
		serial, name := hex.EncodeToString(c.SerialNumber.Bytes()), c.Subject.String()
		if old, known := names[serial]; known && old != name {
			name = ""
		}
		names[serial] = name
	}
	return names
}
