// SPDX-License-Identifier: Apache-2.0

package main

import (
	"crypto/x509"
	"encoding/hex"
	"time"

	"gsign/internal/sign"
	"gsign/pkg/verify"
)

// The verdicts of gsign verify on a file.
const (
	verdictPassed        = "passed"
	verdictFailed        = "failed"        // TOTAL-FAILED, or a forbidden change
	verdictIndeterminate = "indeterminate" // INDETERMINATE, a suspicious change, or below what was asked
	verdictUnsigned      = "unsigned"
	verdictUnread        = "error" // the file could not be read
)

// fileResult is what gsign verify --json prints for a file: a contract that only grows.
type fileResult struct {
	File       string            `json:"file"`
	Bytes      int64             `json:"bytes,omitempty"`
	Verdict    string            `json:"verdict"`
	ExitCode   int               `json:"exit_code"`
	Reasons    []string          `json:"reasons"` // of every verdict but passed
	Time       time.Time         `json:"validation_time"`
	Trust      []string          `json:"trust"` // where anchors come from; empty: nothing is trusted
	TrustLists []trustListResult `json:"trust_lists,omitempty"`
	Online     bool              `json:"online"`
	Damage     []sign.Damage     `json:"damage,omitempty"`
	Revisions  []revisionResult  `json:"revisions,omitempty"`
	Signatures []signatureResult `json:"signatures"` // in the order in which they were made
	Unmet      []findingResult   `json:"unmet,omitempty"`
	Error      *sign.Failure     `json:"error,omitempty"`

	hints []string
}

type revisionResult struct {
	Number    int    `json:"number"`
	Start     int64  `json:"start"`
	End       int64  `json:"end"`
	Field     string `json:"field,omitempty"` // whose signature covers it
	Timestamp bool   `json:"timestamp,omitempty"`
}

type signatureResult struct {
	Field           string               `json:"field"`
	Kind            string               `json:"kind"` // "signature" or "document timestamp"
	Indication      verify.Indication    `json:"indication"`
	SubIndication   verify.SubIndication `json:"sub_indication,omitempty"`
	Level           string               `json:"level"` // by what holds
	Form            string               `json:"form"`  // by what is there
	SubFilter       string               `json:"sub_filter"`
	Page            int                  `json:"page"` // from 1; 0 for none
	Covers          int64                `json:"covers"`
	WholeFile       bool                 `json:"whole_file"`
	Signer          *certificateResult   `json:"signer"`
	Chain           []*certificateResult `json:"chain"`
	Anchor          *anchorResult        `json:"anchor"`
	TSA             *certificateResult   `json:"tsa,omitempty"`
	TSAAnchor       *anchorResult        `json:"tsa_anchor,omitempty"` // of the signature's timestamp
	ClaimedTime     time.Time            `json:"claimed_time,omitzero"`
	Reason          string               `json:"reason,omitempty"`
	Location        string               `json:"location,omitempty"`
	Contact         string               `json:"contact,omitempty"`
	ClaimedName     string               `json:"claimed_name,omitempty"`
	TimestampTime   time.Time            `json:"timestamp_time,omitzero"`
	BestTime        time.Time            `json:"best_time,omitzero"`
	BestTimeBy      string               `json:"best_time_by,omitempty"` // empty: nothing proves it
	RevocationFresh bool                 `json:"revocation_after_timestamp"`
	Findings        []findingResult      `json:"findings"`
	Missing         []findingResult      `json:"missing"` // for the next level
	Proofs          []proofResult        `json:"proofs"`
	Evidence        []evidenceResult     `json:"evidence"`
	Algorithms      []algorithmResult    `json:"algorithms"`
	LTV             ltvResult            `json:"adobe_ltv"`
	Changes         *changesResult       `json:"changes"`

	ranges   []int64             // the ByteRange, for the picture
	tsaChain []*x509.Certificate // of the signature's timestamp
}

type certificateResult struct {
	Subject   string    `json:"subject"`
	Name      string    `json:"name"`
	Issuer    string    `json:"issuer"`
	Serial    string    `json:"serial"`
	NotBefore time.Time `json:"not_before"`
	NotAfter  time.Time `json:"not_after"`
	Key       string    `json:"key"`
	SHA256    string    `json:"sha256"`
}

type anchorResult struct {
	Subject string         `json:"subject"`
	Source  string         `json:"source"`
	Service *serviceResult `json:"service,omitempty"` // of a trusted list
}

type findingResult struct {
	Field         string               `json:"field,omitempty"`
	Check         string               `json:"check,omitempty"`
	Clause        string               `json:"clause,omitempty"`
	Text          string               `json:"text"`
	Indication    string               `json:"indication,omitempty"`
	SubIndication verify.SubIndication `json:"sub_indication,omitempty"`
}

type proofResult struct {
	Time  time.Time `json:"time"`
	What  string    `json:"what"`
	By    string    `json:"by"`
	Field string    `json:"field,omitempty"`
}

type evidenceResult struct {
	Certificate string    `json:"certificate"`
	Kind        string    `json:"kind"`
	Source      string    `json:"source"`
	ThisUpdate  time.Time `json:"this_update,omitzero"`
	NextUpdate  time.Time `json:"next_update,omitzero"`
	ProducedAt  time.Time `json:"produced_at,omitzero"`
	Responder   string    `json:"responder,omitempty"`
	RevokedAt   time.Time `json:"revoked_at,omitzero"`
	Used        bool      `json:"used"`
	Verdict     string    `json:"verdict"`
	Check       string    `json:"check,omitempty"`
	AgeSeconds  *int64    `json:"age_seconds,omitempty"` // at the best time; negative: made after it

	about, by *x509.Certificate // Certificate and Responder
}

type algorithmResult struct {
	Use    string    `json:"use"`
	Name   string    `json:"name"`
	At     time.Time `json:"at"`
	Until  time.Time `json:"reliable_until,omitzero"` // absent: no end is known
	Passed bool      `json:"passed"`
}

type ltvResult struct {
	Enabled bool   `json:"enabled"`
	Because string `json:"because"`
}

type changesResult struct {
	Verdict        string         `json:"verdict"`
	SignedRevision int            `json:"signed_revision"`
	DocMDP         int            `json:"docmdp"`
	Locks          []string       `json:"locks"`
	Changes        []changeResult `json:"changes"`
}

type changeResult struct {
	Revision   int    `json:"revision"`
	Kind       string `json:"kind"`
	Verdict    string `json:"verdict"`
	Text       string `json:"text"`
	Clause     string `json:"clause"`
	Page       int    `json:"page,omitempty"` // from 1
	Field      string `json:"field,omitempty"`
	Object     uint32 `json:"object,omitempty"`
	Generation uint16 `json:"generation,omitempty"`
}

func newCertificate(c *x509.Certificate) *certificateResult {
	if c == nil {
		return nil
	}
	name := c.Subject.CommonName
	if name == "" {
		name = c.Subject.String()
	}
	return &certificateResult{
		Subject: c.Subject.String(), Name: name, Issuer: c.Issuer.String(), Serial: hex.EncodeToString(c.SerialNumber.Bytes()),
		NotBefore: c.NotBefore.UTC(), NotAfter: c.NotAfter.UTC(), Key: keyName(c), SHA256: fingerprint(c),
	}
}

func newFindings(found []verify.Finding) []findingResult {
	list := []findingResult{}
	for _, f := range found {
		list = append(list, findingResult{f.Field, f.Check, f.Clause, f.Text, f.Indication.String(), f.SubIndication})
	}
	return list
}

// newSignature is a signature's report as JSON has it.
func newSignature(s *verify.SignatureReport, trust *anchors) signatureResult {
	r := signatureResult{
		Field: s.Signature.Field, Kind: "signature", Indication: s.Indication, SubIndication: s.SubIndication,
		Level: s.Level.String(), Form: s.Form.String(), SubFilter: s.Signature.SubFilter, Page: s.Signature.Page + 1,
		Covers: max(0, s.Signature.RevisionEnd()), WholeFile: s.Signature.Whole,
		Signer: newCertificate(s.Signer()), Chain: []*certificateResult{}, TSA: newCertificate(s.TSA()),
		ClaimedTime: s.Signature.Time, Reason: s.Signature.Reason, Location: s.Signature.Location, Contact: s.Signature.Contact,
		ClaimedName: s.Signature.Name, TimestampTime: s.Time, BestTime: s.BestTime, BestTimeBy: s.BestTimeBy, RevocationFresh: s.Fresh,
		Findings: newFindings(s.Findings), Missing: newFindings(s.Missing), Proofs: []proofResult{},
		Evidence: newEvidence(s), Algorithms: []algorithmResult{},
		LTV: ltvResult{s.LTV.Enabled, s.LTV.Because}, ranges: s.Signature.ByteRange, tsaChain: s.TSAChain,
	}
	chain := s.Chain
	r.Anchor, r.TSAAnchor = trust.of(s.Anchor), trust.of(s.TSAAnchor)
	if s.Signature.Timestamp {
		r.Anchor, r.TSAAnchor = r.TSAAnchor, nil
		r.Kind, r.Level, r.Form = "document timestamp", "", ""
		if len(chain) == 0 {
			chain = s.TSAChain
		}
		r.Signer, r.tsaChain = nil, nil
	}
	for _, c := range chain {
		r.Chain = append(r.Chain, newCertificate(c))
	}
	for _, p := range s.Proofs {
		r.Proofs = append(r.Proofs, proofResult(p))
	}
	for _, a := range s.Algorithms {
		r.Algorithms = append(r.Algorithms, algorithmResult(a))
	}
	return r
}

func newEvidence(s *verify.SignatureReport) []evidenceResult {
	list := []evidenceResult{}
	for i := range s.Evidence {
		e := &s.Evidence[i]
		r := evidenceResult{
			Certificate: subject(e.Certificate), Kind: e.Kind, Source: e.Source, ThisUpdate: e.ThisUpdate, NextUpdate: e.NextUpdate,
			ProducedAt: e.ProducedAt, Responder: subject(e.Responder), RevokedAt: e.RevokedAt, Used: e.Used, Verdict: e.Verdict, Check: e.Check,
			about: e.Certificate, by: e.Responder,
		}
		if !e.ThisUpdate.IsZero() && !s.BestTime.IsZero() {
			age := int64(s.BestTime.Sub(e.ThisUpdate) / time.Second)
			r.AgeSeconds = &age
		}
		list = append(list, r)
	}
	return list
}

func subject(c *x509.Certificate) string {
	if c == nil {
		return ""
	}
	return c.Subject.String()
}

// changeLists makes results of the changes after each signature. Comparisons share them, and so do the results: what follows a
// signature is mostly the end of what follows the one before.
type changeLists struct {
	of   []verify.Change
	made []changeResult
}

func (l *changeLists) result(c *verify.Comparison) *changesResult {
	if c == nil {
		return nil
	}
	r := &changesResult{
		Verdict: c.Verdict().String(), SignedRevision: c.Signed, DocMDP: c.DocMDP,
		Locks: append([]string{}, c.Locks...), Changes: []changeResult{},
	}
	if len(c.Changes) == 0 {
		return r
	}
	if at := len(l.of) - len(c.Changes); at >= 0 && &l.of[at] == &c.Changes[0] {
		r.Changes = l.made[at:]
		return r
	}
	for i := range c.Changes {
		ch := &c.Changes[i]
		r.Changes = append(r.Changes, changeResult{
			Revision: ch.Revision, Kind: string(ch.Kind), Verdict: ch.Verdict.String(), Text: ch.Text, Clause: ch.Clause,
			Page: ch.Page + 1, Field: ch.Field, Object: ch.Object, Generation: ch.Generation,
		})
	}
	l.of, l.made = c.Changes, r.Changes
	return r
}
