// SPDX-License-Identifier: Apache-2.0

package verify_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"strings"
	"testing"
	"time"

	"gsign/internal/pdf/pdftest"
	"gsign/internal/pkix/pkixtest"
	"gsign/pkg/ltv"
	"gsign/pkg/pdfsig"
	"gsign/pkg/verify"
)

// verdict is what a file must give: that of its first signature.
type verdict struct {
	file       []byte
	opts       verify.Options
	indication verify.Indication
	sub        verify.SubIndication
	check      string // number of the requirement that the first finding names
}

// living is evidence of the moment at about everybody, in force for an hour.
func living(t *testing.T, at time.Time) func(*pkixtest.Entity) ltv.Evidence {
	t.Helper()
	return func(e *pkixtest.Entity) ltv.Evidence {
		return ltv.Evidence{OCSPResponses: [][]byte{pki(t).OCSP(t, e, at)}}
	}
}

// stored is a signature of level B-T or B-B with a store of the evidence.
func stored(t *testing.T, level verify.Level, evidence func(*pkixtest.Entity) ltv.Evidence) []byte {
	t.Helper()
	w := newWorld(t)
	w.evidence = evidence
	return w.store(w.sign(pdftest.Classic(), level), w.entities()...)
}

// verdicts has a file for each sub-indication that can be made.
func verdicts(t *testing.T) map[string]verdict {
	t.Helper()
	p, w := pki(t), newWorld(t)
	good := stored(t, verify.BT, living(t, answered))
	archive := w.archive(good, archived)
	alone := w.store(w.sign(pdftest.Classic(), verify.BB), w.entities()...)
	within := verify.Options{Roots: roots(t), Time: noon.Add(5 * time.Minute)}
	pinned := verify.Options{Roots: roots(t)}
	months := verify.Options{Roots: roots(t), Time: noon.Add(60 * 24 * time.Hour)} // the responders have ended, the time authority has not
	ended := p.CA.Responder(t, "TEST responder that ended", true, noon.Add(-time.Hour), noon.Add(4*time.Minute))
	claimed, err := pdfsig.Sign(t.Context(), w.open(pdftest.Classic()), w, w, &pdfsig.Options{Time: noon.Add(-time.Hour), Now: nowStamped, MaxSkew: -1})
	if err != nil {
		t.Fatal(err)
	}
	early := newWorld(t)
	early.genTime = noon.Add(-time.Minute)
	late := newWorld(t)
	late.genTime = noon.Add(11 * time.Minute)
	made := func(w *world) []byte {
		prepared := prepareClassic(t, w, pdftest.Classic())
		signature := rawSignature(t, w, prepared)
		sum := sha256.Sum256(signature)
		token := p.Token(t, crypto.SHA256, sum[:], w.genTime)
		return w.store(w.join(pdftest.Classic(), &pdfsig.Signed{Prepared: prepared, Signature: signature, Token: token}), w.entities()...)
	}
	revoked := func(e *pkixtest.Entity, at time.Time, reason int) []byte {
		return stored(t, verify.BT, except(t, e, ltv.Evidence{OCSPResponses: [][]byte{revokedAnswer(t, e, at, reason)}}))
	}
	anchors := func(from, until time.Time) verify.Options {
		return verify.Options{Anchors: []verify.Anchor{
			{Certificate: p.Root.Certificate, From: from, Until: until, Source: "a list"}, {Certificate: p.TSARoot.Certificate},
		}}
	}
	return map[string]verdict{
		"passed":                       {good, pinned, verify.TotalPassed, "", ""},
		"passed, by a list":            {good, anchors(noon, noon.Add(time.Hour)), verify.TotalPassed, "", ""},
		"past, archived":               {archive, months, verify.TotalPassed, "", ""},
		"past, not archived":           {good, months, verify.Indeterminate, verify.OutOfBoundsNoPOE, "F2"},
		"bytes changed":                {changedAt(good, 12), pinned, verify.TotalFailed, verify.HashFailure, "B3"},
		"another signature value":      {withAnotherSignature(t, good, rawSignature(t, w, prepareClassic(t, w, pdftest.Classic()))), pinned, verify.TotalFailed, verify.SigCryptoFailure, "B14"},
		"ByteRange changed":            {bytes.Replace(good, []byte("/ByteRange [0 "), []byte("/ByteRange [1 "), 1), pinned, verify.TotalFailed, verify.FormatFailure, "A5"},
		"no anchors":                   {good, verify.Options{}, verify.Indeterminate, verify.NoCertificateChainFound, "F9"},
		"an anchor that ended":         {good, anchors(noon.Add(-time.Hour), noon), verify.Indeterminate, verify.NoCertificateChainFoundNoPOE, "F9"},
		"expired, no time proved":      {alone, pinned, verify.Indeterminate, verify.OutOfBoundsNoPOE, "C6"},
		"stamped after expiry":         {made(late), pinned, verify.Indeterminate, verify.OutOfBoundsNotRevoked, "C6"},
		"stamped before issuance":      {made(early), pinned, verify.TotalFailed, verify.NotYetValid, "C6"},
		"revoked before":               {revoked(p.Leaf, noon.Add(30*time.Second), 0), pinned, verify.Indeterminate, verify.RevokedNoPOE, "F1"},
		"revoked after":                {revoked(p.Leaf, noon.Add(5*time.Minute), 0), pinned, verify.TotalPassed, "", ""},
		"on hold":                      {revoked(p.Leaf, noon.Add(30*time.Second), 6), pinned, verify.Indeterminate, verify.TryLater, "F1"},
		"CA revoked":                   {revoked(p.CA, noon.Add(30*time.Second), 0), pinned, verify.Indeterminate, verify.RevokedCANoPOE, "F1"},
		"past, revoked before":         {w.archive(revoked(p.Leaf, noon.Add(30*time.Second), 0), archived), months, verify.Indeterminate, verify.RevokedNoPOE, "F1"},
		"past, revoked after":          {w.archive(revoked(p.Leaf, noon.Add(5*time.Minute), 0), archived), months, verify.TotalPassed, "", ""},
		"time authority revoked":       {revoked(p.TSA, noon.Add(5*time.Minute), 0), within, verify.TotalPassed, "", ""}, // and no time is proved
		"time authority revoked, late": {revoked(p.TSA, noon.Add(5*time.Minute), 0), pinned, verify.Indeterminate, verify.OutOfBoundsNoPOE, "F1"},
		"responder ended":              {stored(t, verify.BB, except(t, p.Leaf, byResponder(t, ended))), within, verify.Indeterminate, verify.RevocationOutOfBoundsNoPOE, "F2"},
		"no evidence":                  {w.sign(pdftest.Classic(), verify.BB), within, verify.Indeterminate, verify.CertificateChainGeneralFailure, "D3"},
		"old evidence":                 {stored(t, verify.BB, except(t, p.CA, ltv.Evidence{OCSPResponses: [][]byte{p.OCSP(t, p.CA, noon.Add(-3*time.Hour))}})), within, verify.Indeterminate, verify.TryLater, "F5"},
		"claimed time outside":         {w.store(w.join(pdftest.Classic(), claimed), w.entities()...), pinned, verify.Indeterminate, verify.SigConstraintsFailure, "A6"},
	}
}

func TestVerdicts(t *testing.T) {
	for name, tt := range verdicts(t) {
		t.Run(name, func(t *testing.T) {
			opts := tt.opts
			if opts.Time.IsZero() {
				opts.Time = judged
			}
			report, err := verify.Verify(t.Context(), bytes.NewReader(tt.file), int64(len(tt.file)), &opts)
			if report == nil || len(report.Signatures) == 0 {
				t.Fatal(err)
			}
			s := report.Signatures[0]
			if s.Indication != tt.indication || s.SubIndication != tt.sub {
				t.Fatalf("%v %s, want %v %s: %v", s.Indication, s.SubIndication, tt.indication, tt.sub, err)
			}
			if (len(s.Findings) > 0) != (tt.check != "") || tt.check != "" && s.Findings[0].Check != tt.check {
				t.Errorf("want a finding of %s, got %v", tt.check, s.Findings)
			}
			var wrong *verify.Error
			if (err == nil) != (tt.indication == verify.TotalPassed) || err != nil && (!errors.As(err, &wrong) || wrong.Undecided() != (tt.indication == verify.Indeterminate)) {
				t.Errorf("%v: %v", s.Indication, err)
			}
			if (s.Level == verify.None) != (s.Indication == verify.TotalFailed) {
				t.Errorf("level %v of what is %v", s.Level, s.Indication)
			}
		})
	}
}

// TestUntrusted names the signer's missing trust first, and the timestamp's after it.
func TestUntrusted(t *testing.T) {
	p, w := pki(t), newWorld(t)
	b := w.store(w.sign(pdftest.Classic(), verify.BT), w.entities()...)
	report, err := verify.Verify(t.Context(), bytes.NewReader(b), int64(len(b)), &verify.Options{Time: noon.Add(5 * time.Minute)})
	if report == nil {
		t.Fatal(err)
	}
	f := report.Signatures[0].Findings
	if len(f) != 2 || !strings.HasPrefix(f[0].Text, "no chain leads from "+p.Leaf.Certificate.Subject.String()) || !strings.HasPrefix(f[1].Text, "its timestamp of ") {
		t.Errorf("%v", f)
	}
}

// TestOrder makes a document timestamp that is older than what it covers.
func TestOrder(t *testing.T) {
	w := newWorld(t)
	b := w.archive(w.archive(w.store(w.sign(pdftest.Classic(), verify.BT), w.entities()...), archived.Add(20*time.Minute)), archived)
	report, err := check(t, b, &verify.Options{Roots: roots(t)})
	if err == nil || report.Signatures[1].SubIndication != verify.TimestampOrderFailure {
		t.Errorf("%v %v", report.Signatures[1].SubIndication, err)
	}
}

// TestReportedFacts looks at what a report keeps.
func TestReportedFacts(t *testing.T) {
	w := newWorld(t)
	b := files(w)[verify.BLTA]
	report, err := check(t, b, &verify.Options{Roots: roots(t)})
	if err != nil {
		t.Fatal(err)
	}
	s := report.Signatures[0]
	if !s.BestTime.Equal(stamped) || s.BestTimeBy != "signature timestamp" || len(s.Proofs) != 2 || !s.LTV.Enabled || s.Form != verify.BLTA {
		t.Errorf("best time %v by %s, proofs %v, %+v, form %v", s.BestTime, s.BestTimeBy, s.Proofs, s.LTV, s.Form)
	}
	used := 0
	for _, e := range s.Evidence {
		if e.Used && e.Kind == "OCSP" && e.Source == "security store" && e.Verdict == "good" && e.Responder != nil && e.ThisUpdate.Equal(answered) {
			used++
		}
	}
	if used != 4 || len(s.Algorithms) < 8 {
		t.Errorf("%d pieces of evidence used, %d algorithms", used, len(s.Algorithms))
	}
	report, _ = check(t, w.sign(pdftest.Classic(), verify.BT), nil)
	if ltv := report.Signatures[0].LTV; ltv.Enabled || ltv.Because == "" {
		t.Errorf("without a store: %+v", ltv)
	}
}

// source answers online.
type source struct {
	t     *testing.T
	asked int
}

func (s *source) Evidence(_ context.Context, cert, _ *x509.Certificate) (ltv.Evidence, error) {
	s.asked++
	p := pki(s.t)
	for _, e := range []*pkixtest.Entity{p.Leaf, p.CA, p.TSA, p.TSACA} {
		if e.Certificate.Equal(cert) {
			return ltv.Evidence{OCSPResponses: [][]byte{p.OCSP(s.t, e, answered)}}, nil
		}
	}
	return ltv.Evidence{}, errors.New("unknown")
}

func (s *source) Issuers(_ context.Context, cert *x509.Certificate) (ltv.Evidence, error) {
	if cert.Equal(pki(s.t).TSA.Certificate) {
		return ltv.Evidence{Certificates: []*x509.Certificate{pki(s.t).TSACA.Certificate}}, nil
	}
	return ltv.Evidence{}, errors.New("unknown")
}

// TestOnline fetches what the file does not hold: it decides the indication, and is no part of the level.
func TestOnline(t *testing.T) {
	w := newWorld(t)
	b := w.sign(pdftest.Classic(), verify.BT)
	src := &source{t: t}
	report, err := check(t, b, &verify.Options{Roots: roots(t), Source: src})
	if err != nil || src.asked != 4 {
		t.Fatalf("%d questions: %v", src.asked, err)
	}
	if s := report.Signatures[0]; s.Indication != verify.TotalPassed || s.Level != verify.BT || s.LTV.Enabled {
		t.Errorf("%v of level %v, LTV %v", s.Indication, s.Level, s.LTV)
	}
}

func changedAt(b []byte, at int) []byte {
	b = bytes.Clone(b)
	b[at] ^= 1
	return b
}

// revokedAnswer says that an entity was revoked.
func revokedAnswer(t *testing.T, e *pkixtest.Entity, at time.Time, reason int) []byte {
	t.Helper()
	return good(t, e, func(o *pkixtest.OCSP) {
		revoke(o, at)
		o.Singles[0].Reason = reason
	}).OCSPResponses[0]
}

// byResponder is a good answer about the leaf by another responder.
func byResponder(t *testing.T, r *pkixtest.Entity) ltv.Evidence {
	t.Helper()
	return good(t, pki(t).Leaf, func(o *pkixtest.OCSP) { o.Responder, o.Certificates[0] = r, r.Certificate })
}

// TestForm has the level by what is there: a document timestamp that covers the evidence counts whatever follows it, and a CMS
// that is none of CAdES has no level.
func TestForm(t *testing.T) {
	w := newWorld(t)
	all := w.entities()
	covered := w.archive(w.store(w.sign(pdftest.Classic(), verify.BB), all[:2]...), archived)
	for name, tt := range map[string]struct {
		file []byte
		form verify.Level
	}{
		"evidence after all timestamps":       {w.store(w.archive(w.sign(pdftest.Classic(), verify.BB), archived), all...), verify.BLT},
		"one timestamp after the evidence":    {covered, verify.BLTA},
		"another, and evidence about the TSA": {w.store(w.archive(covered, archived.Add(time.Minute)), all...), verify.BLTA},
		"another, and none about the TSA":     {w.archive(covered, archived.Add(time.Minute)), verify.BT},
	} {
		report, _ := check(t, tt.file, &verify.Options{Roots: roots(t)})
		if got := report.Signatures[0].Form; got != tt.form {
			t.Errorf("%s: form %v, want %v", name, got, tt.form)
		}
	}
	for name, change := range map[string]func(sd *pkixtest.SignedData, signed []byte){
		"content inside":      func(sd *pkixtest.SignedData, signed []byte) { sd.Content = signed[:20] },
		"two message digests": func(sd *pkixtest.SignedData, _ []byte) { sd.Attributes = append(sd.Attributes, sd.Attributes[1]) },
		"no content-type":     func(sd *pkixtest.SignedData, _ []byte) { sd.Attributes = sd.Attributes[1:] },
	} {
		report, _ := check(t, w.foreign(pdftest.Classic(), "/SubFilter /ETSI.CAdES.detached", old(t, change)), nil)
		if s := report.Signatures[0]; s.Form != verify.None || s.SubIndication != verify.FormatFailure {
			t.Errorf("%s: form %v, %v", name, s.Form, s.SubIndication)
		}
	}
	long := w.foreign(pdftest.Classic(), "/SubFilter /ETSI.CAdES.detached", old(t, func(sd *pkixtest.SignedData, _ []byte) {
		sd.Attributes = append(sd.Attributes, pkixtest.SigningCertificateV2(crypto.SHA256, pki(t).Leaf.Certificate))
	}))
	at := bytes.LastIndex(long, []byte("/ByteRange ["))
	at += bytes.IndexByte(long[at:], ']')
	copy(long[at:], "0]") // ten times as much
	report, _ := check(t, long, &verify.Options{Roots: roots(t)})
	if s := report.Signatures[0]; s.Form != verify.BB || s.Level != verify.None || s.SubIndication != verify.FormatFailure {
		t.Errorf("bytes that are not there: form %v, level %v, %v", s.Form, s.Level, s.SubIndication)
	}
}
