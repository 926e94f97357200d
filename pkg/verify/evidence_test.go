// SPDX-License-Identifier: Apache-2.0

package verify_test

import (
	"crypto/x509"
	"errors"
	"strings"
	"testing"
	"time"

	"gsign/internal/pdf/pdftest"
	"gsign/internal/pkix/pkixtest"
	"gsign/pkg/ltv"
	"gsign/pkg/verify"
)

// evidenceCase is what a store holds, the level it makes, what is missing, and the sub-indication where the roots are given.
type evidenceCase struct {
	evidence func(e *pkixtest.Entity) ltv.Evidence
	level    verify.Level
	missing  string
	sub      verify.SubIndication
}

// good describes a good answer about an entity, to be changed.
func good(t *testing.T, e *pkixtest.Entity, change func(*pkixtest.OCSP)) ltv.Evidence {
	t.Helper()
	r := pki(t).ResponderOf(e.Issuer)
	o := pkixtest.OCSP{
		Singles:   []pkixtest.Single{{Certificate: e.Certificate, Issuer: e.Issuer.Certificate, ThisUpdate: answered, NextUpdate: answered.Add(time.Hour)}},
		Responder: r, ProducedAt: answered, Certificates: []*x509.Certificate{r.Certificate},
	}
	change(&o)
	return ltv.Evidence{OCSPResponses: [][]byte{o.Marshal(t)}}
}

// evidenceCases take evidence away, or spoil it.
func evidenceCases(t *testing.T) map[string]evidenceCase {
	t.Helper()
	p := pki(t)
	ocsp := func(e *pkixtest.Entity, change func(*pkixtest.OCSP)) ltv.Evidence { return good(t, e, change) }
	checked := p.CA.Responder(t, "TEST responder to be checked", false, noon.Add(-time.Hour), noon.Add(100*time.Hour))
	return map[string]evidenceCase{
		"nothing about the signer":     {except(t, p.Leaf, ltv.Evidence{}), verify.BT, "TEST signer", verify.CertificateChainGeneralFailure},
		"nothing about the CA":         {except(t, p.CA, ltv.Evidence{}), verify.BT, "TEST signing CA", verify.CertificateChainGeneralFailure},
		"nothing about the TSA":        {except(t, p.TSA, ltv.Evidence{}), verify.BT, "TEST time authority", verify.OutOfBoundsNoPOE},
		"nothing about the TSA's CA":   {except(t, p.TSACA, ltv.Evidence{}), verify.BT, "TEST time CA", verify.OutOfBoundsNoPOE},
		"CRL instead":                  {except(t, p.CA, ltv.Evidence{CRLs: [][]byte{p.CRL(t, p.Root, answered)}}), verify.BLT, "", ""},
		"CRL of another":               {except(t, p.CA, ltv.Evidence{CRLs: [][]byte{p.CRL(t, p.TSARoot, answered)}}), verify.BT, "TEST signing CA", verify.CertificateChainGeneralFailure},
		"answer about another":         {except(t, p.Leaf, ltv.Evidence{OCSPResponses: [][]byte{p.OCSP(t, p.CA, answered)}}), verify.BT, "TEST signer", verify.CertificateChainGeneralFailure},
		"answer run out":               {except(t, p.CA, ltv.Evidence{OCSPResponses: [][]byte{p.OCSP(t, p.CA, noon.Add(-3*time.Hour))}}), verify.BT, "TEST signing CA", verify.TryLater},
		"answer of before the leaf":    {except(t, p.Leaf, ltv.Evidence{OCSPResponses: [][]byte{p.OCSP(t, p.Leaf, noon.Add(-time.Minute))}}), verify.BT, "TEST signer", verify.CertificateChainGeneralFailure},
		"responder of another CA":      {except(t, p.CA, ocsp(p.CA, func(o *pkixtest.OCSP) { o.Responder = p.TSAResponder; o.Certificates[0] = p.TSAResponder.Certificate })), verify.BT, "TEST signing CA", verify.CertificateChainGeneralFailure},
		"responder without evidence":   {except(t, p.Leaf, ocsp(p.Leaf, func(o *pkixtest.OCSP) { o.Responder = checked; o.Certificates[0] = checked.Certificate })), verify.BT, "TEST signer", verify.CertificateChainGeneralFailure},
		"revoked before the signature": {except(t, p.Leaf, ocsp(p.Leaf, func(o *pkixtest.OCSP) { revoke(o, noon.Add(30*time.Second)) })), verify.BLT, "", verify.RevokedNoPOE},
		"revoked after the signature":  {except(t, p.Leaf, revokedLater(t, ocsp)), verify.BLT, "", ""},
		"responder with evidence": {except(t, p.Leaf, func() ltv.Evidence {
			e := ocsp(p.Leaf, func(o *pkixtest.OCSP) { o.Responder = checked; o.Certificates[0] = checked.Certificate })
			e.OCSPResponses = append(e.OCSPResponses, p.OCSP(t, checked, answered))
			return e
		}()), verify.BLT, "", ""},
		"responder vouching for itself": {except(t, p.Leaf, func() ltv.Evidence {
			e := ocsp(p.Leaf, func(o *pkixtest.OCSP) { o.Responder = checked; o.Certificates[0] = checked.Certificate })
			self := ocsp(checked, func(o *pkixtest.OCSP) { o.Responder = checked; o.Certificates[0] = checked.Certificate })
			e.OCSPResponses = append(e.OCSPResponses, self.OCSPResponses...)
			return e
		}()), verify.BT, "TEST signer", verify.CertificateChainGeneralFailure},
	}
}

func TestEvidence(t *testing.T) {
	for name, tt := range evidenceCases(t) {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.evidence = tt.evidence
			report, err := check(t, w.store(w.sign(pdftest.XRefStream(), verify.BT), w.entities()...), &verify.Options{Roots: roots(t)})
			want := verify.TotalPassed
			if tt.sub != "" {
				want = verify.Indeterminate
			}
			if s := report.Signatures[0]; s.Indication != want || s.SubIndication != tt.sub || (err == nil) != (tt.sub == "") {
				t.Errorf("%v %s, want %v %s: %v", s.Indication, s.SubIndication, want, tt.sub, err)
			}
			report, _ = check(t, w.store(w.sign(pdftest.XRefStream(), verify.BT), w.entities()...), nil)
			s := report.Signatures[0]
			if s.Level != tt.level {
				t.Errorf("level %v, want %v; missing %v", s.Level, tt.level, s.Missing)
			}
			if tt.missing != "" && (len(s.Missing) != 1 || !strings.Contains(s.Missing[0].Text, tt.missing)) {
				t.Errorf("missing %v, want something about %s", s.Missing, tt.missing)
			}
			_, err = check(t, w.store(w.sign(pdftest.XRefStream(), verify.BT), w.entities()...), &verify.Options{Require: verify.BLT})
			if (err == nil) != (tt.level == verify.BLT && tt.sub == "") {
				t.Errorf("B-LT demanded: %v", err)
			}
			var demand *verify.DemandError
			if tt.level == verify.BT && (!errors.As(err, &demand) || !strings.Contains(err.Error(), tt.missing)) {
				t.Errorf("the demand's error does not name the certificate: %v", err)
			}
		})
	}
}

// except gives other evidence about one entity.
func except(t *testing.T, whom *pkixtest.Entity, other ltv.Evidence) func(*pkixtest.Entity) ltv.Evidence {
	return func(e *pkixtest.Entity) ltv.Evidence {
		if e == whom {
			return other
		}
		return ltv.Evidence{OCSPResponses: [][]byte{pki(t).OCSP(t, e, answered)}}
	}
}

func revoke(o *pkixtest.OCSP, at time.Time) {
	o.Singles[0].Status = pkixtest.Revoked
	o.Singles[0].RevokedAt = at
}

// revokedLater is the answer of before the revocation, and the one of after it.
func revokedLater(t *testing.T, ocsp func(*pkixtest.Entity, func(*pkixtest.OCSP)) ltv.Evidence) ltv.Evidence {
	e := ocsp(pki(t).Leaf, func(o *pkixtest.OCSP) { revoke(o, noon.Add(5*time.Minute)) })
	e.OCSPResponses = append(e.OCSPResponses, pki(t).OCSP(t, pki(t).Leaf, answered))
	return e
}

func TestFresh(t *testing.T) {
	w := newWorld(t)
	w.evidence = func(e *pkixtest.Entity) ltv.Evidence {
		return ltv.Evidence{OCSPResponses: [][]byte{pki(t).OCSP(t, e, noon.Add(30*time.Second))}}
	}
	b := w.store(w.sign(pdftest.Classic(), verify.BT), w.entities()...)
	report, err := check(t, b, &verify.Options{Require: verify.BLT})
	if err != nil || report.Signatures[0].Fresh {
		t.Errorf("fresh %v, %v", report.Signatures[0].Fresh, err)
	}
	_, err = check(t, b, &verify.Options{Require: verify.BLT, RequireFresh: true})
	var demand *verify.DemandError
	if !errors.As(err, &demand) || demand.Findings[0].Check != "F5" {
		t.Errorf("got %v", err)
	}
}
