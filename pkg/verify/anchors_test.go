// SPDX-License-Identifier: Apache-2.0

package verify_test

import (
	"bytes"
	"crypto/x509"
	"strings"
	"testing"
	"time"

	"gsign/internal/pkix/pkixtest"
	"gsign/pkg/verify"
)

// TestAnchors judges by services of trusted lists: each anchor counts for its purpose, and for its time.
func TestAnchors(t *testing.T) {
	p := pki(t)
	foreign := pkixtest.Root(t, "TEST list", noon.AddDate(-1, 0, 0), noon.AddDate(9, 0, 0)).Responder(t, "TEST list responder", true, noon.AddDate(0, -1, 0), noon.AddDate(1, 0, 0))
	good := stored(t, verify.BT, living(t, answered))
	byForeign := stored(t, verify.BT, except(t, p.Leaf, byResponder(t, foreign)))
	untimed := stored(t, verify.BB, living(t, answered))
	w := newWorld(t)
	archive := w.archive(good, archived)
	service := func(e *pkixtest.Entity, purpose verify.Purpose, from, until time.Time) verify.Anchor {
		return verify.Anchor{Certificate: e.Certificate, From: from, Until: until, Source: "list, " + e.Certificate.Subject.CommonName, For: purpose, Group: "TEST"}
	}
	var open time.Time
	since := noon.AddDate(-1, 0, 0)
	ca, tsa := service(p.CA, verify.ForSignatures, since, open), service(p.TSA, verify.ForTimestamps, since, open)
	answers := service(foreign, verify.ForEvidence, since, open)
	other := answers
	other.Group = "TEST another"
	tests := map[string]struct {
		file      []byte
		anchors   []verify.Anchor
		roots     []*x509.Certificate
		time      time.Time // judged where zero
		sub       verify.SubIndication
		says      string
		by, tsaBy string
	}{
		"passed": {file: good, anchors: []verify.Anchor{ca, tsa}, by: ca.Source, tsaBy: tsa.Source},
		"a root for the authority": {
			file: good, anchors: []verify.Anchor{ca}, roots: []*x509.Certificate{p.TSARoot.Certificate}, by: ca.Source, tsaBy: "",
		},
		"withdrawn after the timestamp": {
			file: good, anchors: []verify.Anchor{service(p.CA, verify.ForSignatures, since, stamped.Add(time.Second)), tsa}, by: ca.Source, tsaBy: tsa.Source,
		},
		"withdrawn before the timestamp": {
			file: good, anchors: []verify.Anchor{service(p.CA, verify.ForSignatures, since, stamped), tsa},
			sub: verify.NoCertificateChainFoundNoPOE, says: "trusted (list, TEST signing CA) from 2025-05-04T12:00:00Z to 2026-05-04T12:01:00Z and not at 2026-05-04T12:01:00Z",
		},
		"granted after the timestamp": {
			file: good, anchors: []verify.Anchor{service(p.CA, verify.ForSignatures, answered, open), tsa}, sub: verify.NoCertificateChainFound, says: "from 2026-05-04T12:02:00Z and not at",
		},
		"granted, withdrawn and granted": {
			file: good, anchors: []verify.Anchor{service(p.CA, verify.ForSignatures, answered, open), service(p.CA, verify.ForSignatures, since, answered), tsa}, by: ca.Source, tsaBy: tsa.Source,
		},
		"withdrawn, and no time is proved": {
			file: untimed, anchors: []verify.Anchor{service(p.CA, verify.ForSignatures, since, answered), tsa}, time: archived, sub: verify.NoCertificateChainFoundNoPOE, says: "and not at 2026-05-04T12:03:00Z",
		},
		"withdrawn, with a root above": {
			file: good, anchors: []verify.Anchor{service(p.CA, verify.ForSignatures, since, noon), tsa}, roots: []*x509.Certificate{p.Root.Certificate}, tsaBy: tsa.Source,
		},
		"a service for timestamps": {
			file: good, anchors: []verify.Anchor{service(p.CA, verify.ForTimestamps, since, open), tsa}, sub: verify.NoCertificateChainFound, says: "for another purpose than signatures",
		},
		"a service for answers": {
			file: good, anchors: []verify.Anchor{service(p.CA, verify.ForEvidence, since, open), tsa}, sub: verify.NoCertificateChainFound, says: "for another purpose than signatures",
		},
		"an authority for signatures": {
			file: good, anchors: []verify.Anchor{ca, service(p.TSA, verify.ForSignatures, since, open)}, sub: verify.OutOfBoundsNoPOE, says: "for another purpose than timestamps", by: "-",
		},
		"an authority that was withdrawn": {
			file: good, anchors: []verify.Anchor{ca, service(p.TSA, verify.ForTimestamps, since, archived)}, sub: verify.OutOfBoundsNoPOE, says: "and not at " + judged.Format(time.RFC3339), by: "-",
		},
		"an archive by an authority that is trusted yet": {file: archive, anchors: []verify.Anchor{ca, tsa}, by: ca.Source, tsaBy: tsa.Source},
		"a responder that no list has":                   {file: byForeign, anchors: []verify.Anchor{ca, tsa}, sub: verify.CertificateChainGeneralFailure, says: "was not issued by the CA"},
		"a responder of the list":                        {file: byForeign, anchors: []verify.Anchor{ca, tsa, answers}, by: ca.Source, tsaBy: tsa.Source},
		"a responder of somebody else":                   {file: byForeign, anchors: []verify.Anchor{ca, tsa, other}, sub: verify.CertificateChainGeneralFailure, says: "was not issued by the CA"},
		"a responder for signatures":                     {file: byForeign, anchors: []verify.Anchor{ca, tsa, service(foreign, verify.ForSignatures, since, open)}, sub: verify.CertificateChainGeneralFailure, says: "was not issued by the CA"},
		"a responder before it was granted":              {file: byForeign, anchors: []verify.Anchor{ca, tsa, service(foreign, verify.ForEvidence, archived, open)}, sub: verify.CertificateChainGeneralFailure, says: "was not trusted at 2026-05-04T12:02:00Z"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			opts := &verify.Options{Anchors: tt.anchors, Roots: tt.roots, Time: tt.time}
			if tt.time.IsZero() {
				opts.Time = judged
			}
			report, err := verify.Verify(t.Context(), bytes.NewReader(tt.file), int64(len(tt.file)), opts)
			if report == nil {
				t.Fatal(err)
			}
			s := report.Signatures[0]
			if s.SubIndication != tt.sub || (s.Indication == verify.TotalPassed) != (tt.sub == "") || err != nil && !strings.Contains(err.Error(), tt.says) {
				t.Fatalf("%v %s, want %s and %q: %v", s.Indication, s.SubIndication, tt.sub, tt.says, err)
			}
			if tt.by == "-" || tt.sub != "" {
				return
			}
			if s.Anchor == nil || s.Anchor.Source != tt.by || s.TSAAnchor == nil || s.TSAAnchor.Source != tt.tsaBy {
				t.Errorf("anchors %+v and %+v, want %q and %q", s.Anchor, s.TSAAnchor, tt.by, tt.tsaBy)
			}
		})
	}
}

// TestManyAnchors has as many as all lists of the Union together, and asks only those that have to do with the signature.
func TestManyAnchors(t *testing.T) {
	p := pki(t)
	file := stored(t, verify.BT, living(t, answered))
	anchors := []verify.Anchor{{Certificate: p.TSA.Certificate, For: verify.ForTimestamps}, {Certificate: p.CA.Certificate, For: verify.ForSignatures}}
	stranger := pkixtest.Root(t, "TEST stranger", noon.AddDate(-1, 0, 0), noon.AddDate(9, 0, 0))
	for range 5000 {
		anchors = append(anchors, verify.Anchor{Certificate: stranger.Certificate, For: verify.ForSignatures})
	}
	set := verify.NewAnchorSet(anchors)
	for range 2 { // it stays as it is
		_, err := verify.Verify(t.Context(), bytes.NewReader(file), int64(len(file)), &verify.Options{AnchorSet: set, Time: judged})
		if err != nil {
			t.Error(err)
		}
	}
}
