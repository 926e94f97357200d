// SPDX-License-Identifier: Apache-2.0

package ltv

import (
	"context"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/json"
	"encoding/pem"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"gsign/internal/pkix/pkixtest"
)

func pkixExtension(oid string, critical bool, value []byte) pkix.Extension {
	var id asn1.ObjectIdentifier
	for _, n := range strings.Split(oid, ".") {
		arc, err := strconv.Atoi(n)
		if err != nil {
			panic(err)
		}
		id = append(id, arc)
	}
	return pkix.Extension{Id: id, Critical: critical, Value: value}
}

// The whole search, everything going well: the roots are found by caIssuers, every certificate below them has an answer.
func TestCollect(t *testing.T) {
	w := newWorld(t, time.Now(), shape{nocheck: true})
	given := w.ocsp(w.Leaf, w.Leaf.Certificate.NotBefore)
	sig := signed(w.PKI, w.Now.Add(-2*time.Second)) // its second is over
	chains, report, err := collectFor(t, sig, &Options{Source: &Online{Client: w.client}, OCSPResponses: [][]byte{given}})
	if err != nil {
		t.Fatal(err)
	}
	h := gather(chains)
	if c, o, l := len(h.pieces[keyCerts]), len(h.pieces[keyOCSPs]), len(h.pieces[keyCRLs]); c != 4 || o != 5 || l != 0 {
		t.Errorf("%d certificates, %d OCSP responses, %d CRLs to embed, want 4 (CAs and roots), 5 (two about the signer), 0", c, o, l)
	}
	if report.Anchor != NotPinned || report.Revocation != AfterStamp {
		t.Errorf("anchor %q, revocation %q", report.Anchor, report.Revocation)
	}
	if want := w.Responder.Certificate.NotAfter; !report.ValidatesUntil.Equal(want) {
		t.Errorf("validates until %s, want the signing responder's end %s", report.ValidatesUntil, want)
	}
	if report.Fetches != w.total() || report.FetchedBytes == 0 {
		t.Errorf("%d fetches reported, %d made", report.Fetches, w.total())
	}
	if len(report.Chains) != 2 || len(report.Chains[0].Certificates) != 3 || len(report.Chains[1].Certificates) != 3 {
		t.Fatalf("chains %+v", report.Chains)
	}
	ca := report.Chains[0].Certificates[1]
	if ca.Origin != FromSignature || len(ca.Evidence) != 1 || ca.Evidence[0].Origin != Fetched || ca.Evidence[0].URL != w.url+"/ocsp/signroot" ||
		ca.Evidence[0].Responder != w.RootResponder.Certificate.Subject.String() {
		t.Errorf("the CA's report is %+v", ca)
	}
	if root := report.Chains[1].Certificates[2]; root.Origin != Fetched || len(root.Evidence) != 0 {
		t.Errorf("the time root's report is %+v", root)
	}
	if _, err := json.Marshal(report); err != nil {
		t.Error(err)
	}
}

// Pinned roots: both chains have to end in one.
func TestRoots(t *testing.T) {
	w := newWorld(t, time.Now(), shape{nocheck: true})
	sig := signed(w.PKI, w.Now)
	stranger := pkixtest.Root(t, "TEST stranger", w.Now.Add(-day), w.Now.Add(day))
	for _, tt := range []struct {
		name  string
		roots []*x509.Certificate
		want  string // certificate in the error
	}{
		{"both", []*x509.Certificate{w.Root.Certificate, w.TSARoot.Certificate}, ""},
		{"an intermediate counts", []*x509.Certificate{w.PKI.CA.Certificate, w.TSARoot.Certificate}, ""},
		{"only the signer's", []*x509.Certificate{w.Root.Certificate}, "TEST time root"},
		{"only the time's", []*x509.Certificate{w.TSARoot.Certificate}, "TEST signing root"},
		{"another", []*x509.Certificate{w.Root.Certificate, stranger.Certificate}, "TEST time root"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, report, err := collectFor(t, sig, &Options{Source: &Online{Client: w.client}, Roots: tt.roots, FreshWait: -1})
			if tt.want != "" {
				checkIncompleteOrRevoked(t, err, tt.want)
				checkIncompleteOrRevoked(t, err, "not among the pinned roots")
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if report.Anchor != Pinned {
				t.Errorf("anchor %q", report.Anchor)
			}
			if n := len(report.Chains[0].Certificates); n != 3 {
				t.Errorf("the signer's chain has %d certificates, want all 3", n)
			}
		})
	}
}

// What is missing in a chain is downloaded, and each way that fails is an error which names the last certificate.
func TestIssuers(t *testing.T) {
	w := newWorld(t, time.Now(), shape{nocheck: true})
	ca := w.TSACA.Certificate.Raw
	for _, tt := range []struct {
		name    string
		handler http.HandlerFunc
		want    string
	}{
		{"PEM", body(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: ca})), ""},
		{"more than asked for", body(append(append([]byte{}, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: w.Root.Certificate.Raw})...), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: ca})...)), ""},
		{"status 404", status(404), "404"},
		{"empty", status(200), "empty"},
		{"malformed", body([]byte("not found")), "not found"},
		{"another certificate", body(w.Root.Certificate.Raw), "did not issue it"},
		{"the certificate itself", body(w.TSA.Certificate.Raw), "did not issue it"},
		{"redirect loop", loop, "redirects"},
		{"huge", huge(4 << 20), "more than"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := w.copy(t)
			w.set("/ca/timeca", tt.handler)
			_, _, err := collectFor(t, signed(w.PKI, w.Now), &Options{Source: &Online{Client: w.client}, FreshWait: -1})
			if tt.want == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			checkIncompleteOrRevoked(t, err, "for CN=TEST time authority")
			if tt.name != "malformed" {
				checkIncompleteOrRevoked(t, err, tt.want)
			}
		})
	}
}

// A source that only knows evidence is enough where the caller has every certificate.
type plainSource struct{ w *world }

func (s plainSource) Evidence(_ context.Context, cert, _ *x509.Certificate) (Evidence, error) {
	e := entityOf(s.w.PKI, cert)
	if e == nil {
		return Evidence{}, errors.New("never heard of it")
	}
	return Evidence{OCSPResponses: [][]byte{s.w.ocsp(e, time.Now())}}, nil
}

func TestPlainSource(t *testing.T) {
	w := newWorld(t, time.Now(), shape{nocheck: true})
	sig := signed(w.PKI, w.Now)
	_, _, err := collectFor(t, sig, &Options{Source: plainSource{w}, FreshWait: -1})
	checkIncompleteOrRevoked(t, err, "its issuer is missing")
	_, report, err := collectFor(t, sig, &Options{Source: plainSource{w}, Certificates: append(w.Chain(), w.TSAChain()...), FreshWait: -1})
	if err != nil {
		t.Fatal(err)
	}
	if report.Fetches != 0 {
		t.Errorf("%d fetches reported", report.Fetches)
	}
}

// An error of a source that is none of ours becomes one that names the certificate.
type failingSource struct{ plainSource }

func (s failingSource) Evidence(ctx context.Context, cert, issuer *x509.Certificate) (Evidence, error) {
	if cert.IsCA {
		return Evidence{}, errors.New("database locked")
	}
	return s.plainSource.Evidence(ctx, cert, issuer)
}

func TestFailingSource(t *testing.T) {
	w := newWorld(t, time.Now(), shape{nocheck: true})
	_, _, err := collectFor(t, signed(w.PKI, w.Now), &Options{Source: failingSource{plainSource{w}}, Certificates: append(w.Chain(), w.TSAChain()...), FreshWait: -1})
	checkIncompleteOrRevoked(t, err, "CA,O=TEST")
	checkIncompleteOrRevoked(t, err, "database locked")
}

func silent(c *x509.Certificate) { c.OCSPServer, c.CRLDistributionPoints = nil, nil }

// F3: a responder without nocheck needs evidence of its own, from somebody else.
func TestResponderNeedsEvidence(t *testing.T) {
	t.Run("found", func(t *testing.T) {
		w := newWorld(t, time.Now(), shape{})
		// the responder cannot answer about itself; the CA itself answers for it
		w.set("/ocsp/signca", func(rw http.ResponseWriter, r *http.Request) {
			if strings.Contains(readAll(r), string(w.Responder.Certificate.SerialNumber.Bytes())) {
				now := time.Now()
				_, _ = rw.Write(pkixtest.OCSP{
					Singles:   []pkixtest.Single{{Certificate: w.Responder.Certificate, Issuer: w.PKI.CA.Certificate, ThisUpdate: now, NextUpdate: now.Add(time.Hour)}},
					Responder: w.PKI.CA, ProducedAt: now,
				}.Marshal(panicTB{}))
				return
			}
			_, _ = rw.Write(w.ocsp(w.Leaf, time.Now()))
		})
		chains, report, err := collectFor(t, signed(w.PKI, w.Now), &Options{Source: &Online{Client: w.client}, FreshWait: -1})
		if err != nil {
			t.Fatal(err)
		}
		if n := len(gather(chains).pieces[keyOCSPs]); n != 5 {
			t.Errorf("%d OCSP responses to embed, want one about the responder and 4 more", n)
		}
		if last := report.Chains[len(report.Chains)-1]; last.Role != roleResponder || len(last.Certificates[0].Evidence) != 1 {
			t.Errorf("the responder's report is %+v", last)
		}
	})
	t.Run("by CRL, as it answers for itself", func(t *testing.T) {
		w := newWorld(t, time.Now(), shape{})
		chains, report, err := collectFor(t, signed(w.PKI, w.Now), &Options{Source: &Online{Client: w.client}, FreshWait: -1})
		if err != nil {
			t.Fatal(err)
		}
		if n := len(gather(chains).pieces[keyCRLs]); n != 1 {
			t.Errorf("%d CRLs to embed, want 1 about the responder", n)
		}
		last := report.Chains[len(report.Chains)-1]
		if last.Role != roleResponder || last.Certificates[0].Evidence[0].Method != MethodCRL {
			t.Errorf("the responder's report is %+v", last)
		}
		if tries := last.Certificates[0].Tries; len(tries) != 2 || !errors.Is(tries[0].Err, errSelfVouching) {
			t.Errorf("the responder's tries are %v", tries)
		}
	})
	t.Run("not found: the CRL serves for the signer as well", func(t *testing.T) {
		w := newWorld(t, time.Now(), shape{responder: []pkixtest.Option{silent}})
		w.set("/crl/signca", func(rw http.ResponseWriter, _ *http.Request) {
			_, _ = rw.Write(w.CRL(panicTB{}, w.PKI.CA, time.Now()))
		})
		chains, _, err := collectFor(t, signed(w.PKI, w.Now), &Options{Source: &Online{Client: w.client}, FreshWait: -1})
		if err != nil {
			t.Fatal(err)
		}
		if p := chains[0].items[0].proofs; len(p) != 1 || p[0].crl == nil {
			t.Errorf("the signer has %d proofs, want a CRL", len(p))
		}
		w.set("/crl/signca", status(500))
		_, _, err = collectFor(t, signed(w.PKI, w.Now), &Options{Source: &Online{Client: w.client}, FreshWait: -1})
		checkIncompleteOrRevoked(t, err, "TEST signing responder")
	})
}

// F8 holds for any certificate, not only the signer's.
func TestExempt(t *testing.T) {
	valAssured := pkixtest.Extension([]int{0, 4, 0, 194121, 2, 1}, false, []byte{5, 0})
	w := newWorld(t, time.Now(), shape{nocheck: true, leaf: []pkixtest.Option{valAssured}, tsa: []pkixtest.Option{noRevAvail}})
	chains, report, err := collectFor(t, signed(w.PKI, w.Now), &Options{Source: &Online{Client: w.client}})
	if err != nil {
		t.Fatal(err)
	}
	if report.Revocation != NotNeeded || w.count("/ocsp/signca")+w.count("/ocsp/timeca") != 0 {
		t.Errorf("revocation %q, %d questions", report.Revocation, w.count("/ocsp/signca")+w.count("/ocsp/timeca"))
	}
	if report.Chains[1].Certificates[0].Exempt == "" || len(gather(chains).pieces[keyOCSPs]) != 2 {
		t.Errorf("report %+v", report.Chains[1].Certificates[0])
	}
}

// Answers at hand are used before anybody is asked, if they pass: those of the CAs as well, and bad ones only leave a
// note.
func TestAtHand(t *testing.T) {
	w := newWorld(t, time.Now(), shape{nocheck: true})
	good := [][]byte{w.ocsp(w.PKI.CA, w.Now), w.ocsp(w.TSACA, w.Now), w.ocsp(w.TSA, w.Now)}
	broken := pkixtest.OCSP{
		Singles:   []pkixtest.Single{{Certificate: w.PKI.CA.Certificate, Issuer: w.Root.Certificate, ThisUpdate: w.Now, NextUpdate: w.Now.Add(time.Hour)}},
		Responder: w.RootResponder, ProducedAt: w.Now, BreakSignature: true,
		Certificates: []*x509.Certificate{w.RootResponder.Certificate},
	}.Marshal(t)
	at := func(hand ...[]byte) *Report {
		t.Helper()
		_, report, err := collectFor(t, signed(w.PKI, w.Now), &Options{Source: &Online{Client: w.client}, OCSPResponses: hand, FreshWait: -1})
		if err != nil {
			t.Fatal(err)
		}
		return report
	}
	at(append(good, []byte("rubbish"), nil)...)
	if n := w.count("/ocsp/signroot") + w.count("/ocsp/timeca") + w.count("/ocsp/timeroot"); n != 0 {
		t.Errorf("%d questions about what was at hand", n)
	}
	ca := at(broken).Chains[0].Certificates[1]
	if w.count("/ocsp/signroot") != 1 || ca.Evidence[0].Origin != Fetched || ca.Tries[0].Err == nil || ca.Tries[0].Method != "OCSP (given)" {
		t.Errorf("a broken answer at hand: report %+v", ca)
	}
}
