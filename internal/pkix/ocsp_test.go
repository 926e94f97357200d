// SPDX-License-Identifier: Apache-2.0

package pkix_test

import (
	"bytes"
	"crypto"
	"crypto/x509"
	stdpkix "crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"math/big"
	"testing"
	"time"

	"gsign/internal/limits"
	"gsign/internal/pkix"
	"gsign/internal/pkix/pkixtest"
)

var (
	now        = time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	unknownOID = asn1.ObjectIdentifier{1, 2, 3, 4, 5}
)

// goodOCSP is about p.Leaf and made at p.Now.
func goodOCSP(p *pkixtest.PKI) pkixtest.OCSP {
	return pkixtest.OCSP{
		Singles: []pkixtest.Single{{
			Certificate: p.Leaf.Certificate, Issuer: p.CA.Certificate,
			ThisUpdate: p.Now, NextUpdate: p.Now.Add(10 * time.Minute),
		}},
		Responder:    p.Responder,
		ProducedAt:   p.Now.Truncate(time.Minute), // as the real service does: before thisUpdate
		Certificates: []*x509.Certificate{p.Responder.Certificate},
	}
}

// by makes the response be answered by e, whose certificate is in it.
func by(o *pkixtest.OCSP, e *pkixtest.Entity) {
	o.Responder, o.Certificates = e, []*x509.Certificate{e.Certificate}
}

func generalized(tb testing.TB, t time.Time) []byte {
	tb.Helper()
	der, err := asn1.MarshalWithParams(t.UTC(), "generalized")
	if err != nil {
		tb.Fatal(err)
	}
	return der
}

// Each entry has one fault and names the requirement that catches it; "" is none.
var ocspFaults = []struct {
	name  string
	check string
	fault func(tb testing.TB, p *pkixtest.PKI, o *pkixtest.OCSP)
}{
	{"none", "", func(testing.TB, *pkixtest.PKI, *pkixtest.OCSP) {}},
	{"by name", "", func(_ testing.TB, _ *pkixtest.PKI, o *pkixtest.OCSP) { o.ByName = true }},
	{"SHA-256", "", func(_ testing.TB, _ *pkixtest.PKI, o *pkixtest.OCSP) { o.Singles[0].Hash = crypto.SHA256 }},
	{"SHA-384", "", func(_ testing.TB, _ *pkixtest.PKI, o *pkixtest.OCSP) { o.Singles[0].Hash = crypto.SHA384 }},
	{"SHA-512", "", func(_ testing.TB, _ *pkixtest.PKI, o *pkixtest.OCSP) { o.Singles[0].Hash = crypto.SHA512 }},
	{"the CA itself", "", func(_ testing.TB, p *pkixtest.PKI, o *pkixtest.OCSP) { o.Responder, o.Certificates = p.CA, nil }},
	{"the CA itself, embedded", "", func(_ testing.TB, p *pkixtest.PKI, o *pkixtest.OCSP) { by(o, p.CA) }},
	{"the CA itself, embedded after its chain", "", func(_ testing.TB, p *pkixtest.PKI, o *pkixtest.OCSP) {
		o.Responder, o.Certificates = p.CA, []*x509.Certificate{p.Root.Certificate, p.CA.Certificate}
	}},
	{"the CA itself by its cross-certificate", "", func(tb testing.TB, p *pkixtest.PKI, o *pkixtest.OCSP) {
		by(o, p.TSARoot.CrossSign(tb, p.CA, now.Add(-time.Hour), now.Add(time.Hour)))
	}},
	{"responder without nocheck", "", func(tb testing.TB, p *pkixtest.PKI, o *pkixtest.OCSP) {
		by(o, p.CA.Responder(tb, "TEST checked responder", false, now.Add(-time.Hour), now.Add(time.Hour)))
	}},
	{"several answers", "", func(_ testing.TB, p *pkixtest.PKI, o *pkixtest.OCSP) {
		other := o.Singles[0]
		other.Serial, other.Status, other.RevokedAt = big.NewInt(7), pkixtest.Revoked, now
		o.Singles = []pkixtest.Single{other, o.Singles[0]}
	}},
	{"unknown extension, not critical", "", func(_ testing.TB, _ *pkixtest.PKI, o *pkixtest.OCSP) {
		o.Extensions = []stdpkix.Extension{{Id: unknownOID, Value: []byte{5, 0}}}
	}},

	{"try later", "F1", func(_ testing.TB, _ *pkixtest.PKI, o *pkixtest.OCSP) { o.ResponseStatus = 3 }},
	{"unauthorized", "F1", func(_ testing.TB, _ *pkixtest.PKI, o *pkixtest.OCSP) { o.ResponseStatus = 6 }},
	{"another response type", "F1", func(_ testing.TB, _ *pkixtest.PKI, o *pkixtest.OCSP) { o.ResponseType = unknownOID }},
	{"signature altered", "F1", func(_ testing.TB, _ *pkixtest.PKI, o *pkixtest.OCSP) { o.BreakSignature = true }},
	{"signed with SHA-1", "F1", func(_ testing.TB, _ *pkixtest.PKI, o *pkixtest.OCSP) { o.SHA1 = true }},
	{"no answer", "F1", func(_ testing.TB, _ *pkixtest.PKI, o *pkixtest.OCSP) { o.Singles = nil }},
	{"other serial", "F1", func(_ testing.TB, _ *pkixtest.PKI, o *pkixtest.OCSP) { o.Singles[0].Serial = big.NewInt(1) }},
	{"other issuer name", "F1", func(_ testing.TB, _ *pkixtest.PKI, o *pkixtest.OCSP) { o.Singles[0].NameHash = make([]byte, 20) }},
	{"other issuer key", "F1", func(_ testing.TB, _ *pkixtest.PKI, o *pkixtest.OCSP) { o.Singles[0].KeyHash = make([]byte, 20) }},
	{"issuer name empty", "F1", func(_ testing.TB, _ *pkixtest.PKI, o *pkixtest.OCSP) { o.Singles[0].NameHash = []byte{} }},
	{"status unknown", "F1", func(_ testing.TB, _ *pkixtest.PKI, o *pkixtest.OCSP) { o.Singles[0].Status = pkixtest.Unknown }},
	{"critical extension", "F1", func(_ testing.TB, _ *pkixtest.PKI, o *pkixtest.OCSP) {
		o.Extensions = []stdpkix.Extension{{Id: unknownOID, Critical: true, Value: []byte{5, 0}}}
	}},
	{"critical extension in the answer", "F1", func(_ testing.TB, _ *pkixtest.PKI, o *pkixtest.OCSP) {
		o.Singles[0].Extensions = []stdpkix.Extension{{Id: unknownOID, Critical: true, Value: []byte{5, 0}}}
	}},
	{"extension twice", "F1", func(_ testing.TB, _ *pkixtest.PKI, o *pkixtest.OCSP) {
		x := stdpkix.Extension{Id: unknownOID, Value: []byte{5, 0}}
		o.Extensions = []stdpkix.Extension{x, x}
	}},

	{"responder's certificate absent", "F2", func(_ testing.TB, _ *pkixtest.PKI, o *pkixtest.OCSP) { o.Certificates = nil }},
	{"responder of another CA", "F2", func(_ testing.TB, p *pkixtest.PKI, o *pkixtest.OCSP) { by(o, p.TSAResponder) }},
	{"responder of the CA above", "F2", func(_ testing.TB, p *pkixtest.PKI, o *pkixtest.OCSP) { by(o, p.RootResponder) }},
	{"responder that names the CA but was signed by another", "F2", func(tb testing.TB, p *pkixtest.PKI, o *pkixtest.OCSP) {
		sameName := func(c *x509.Certificate) { c.RawSubject = p.CA.Certificate.RawSubject }
		fake := pkixtest.Root(tb, "TEST impostor", now.Add(-time.Hour), now.Add(time.Hour), sameName)
		by(o, fake.Responder(tb, "TEST impostor's responder", true, now.Add(-time.Hour), now.Add(time.Hour)))
	}},
	{"the leaf itself", "F2", func(_ testing.TB, p *pkixtest.PKI, o *pkixtest.OCSP) {
		by(o, p.Leaf)
		o.ProducedAt = now
	}},
	{"responder without the purpose", "F2", func(tb testing.TB, p *pkixtest.PKI, o *pkixtest.OCSP) {
		by(o, p.CA.Responder(tb, "TEST odd responder", true, now.Add(-time.Hour), now.Add(time.Hour), pkixtest.EKU(false)))
	}},
	{"responder with any purpose", "F2", func(tb testing.TB, p *pkixtest.PKI, o *pkixtest.OCSP) {
		anyUsage := asn1.ObjectIdentifier{2, 5, 29, 37, 0}
		by(o, p.CA.Responder(tb, "TEST odd responder", true, now.Add(-time.Hour), now.Add(time.Hour), pkixtest.EKU(false, anyUsage)))
	}},
	{"responder expired when it answered", "F2", func(tb testing.TB, p *pkixtest.PKI, o *pkixtest.OCSP) {
		by(o, p.CA.Responder(tb, "TEST odd responder", true, now.Add(-time.Hour), now.Add(-time.Minute)))
	}},
	{"responder not valid yet when it answered", "F2", func(tb testing.TB, p *pkixtest.PKI, o *pkixtest.OCSP) {
		by(o, p.CA.Responder(tb, "TEST odd responder", true, now, now.Add(time.Hour)))
	}},
	{"responder with an unknown critical extension", "F2", func(tb testing.TB, p *pkixtest.PKI, o *pkixtest.OCSP) {
		by(o, p.CA.Responder(tb, "TEST odd responder", true, now.Add(-time.Hour), now.Add(time.Hour), pkixtest.Extension(unknownOID, true, []byte{5, 0})))
	}},
	{"responder ID of another", "F2", func(tb testing.TB, p *pkixtest.PKI, o *pkixtest.OCSP) {
		id, err := pkixtest.KeyID(p.TSA.Key.Public())
		if err != nil {
			tb.Fatal(err)
		}
		o.ResponderID = append([]byte{0xa2, 22, 4, 20}, id...)
	}},

	{"from the future", "F5", func(_ testing.TB, _ *pkixtest.PKI, o *pkixtest.OCSP) {
		o.Singles[0].ThisUpdate = now.Add(limits.ClockSkew + time.Second)
	}},
	{"produced in the future", "F5", func(_ testing.TB, _ *pkixtest.PKI, o *pkixtest.OCSP) {
		o.ProducedAt = now.Add(limits.ClockSkew + time.Second)
	}},
	{"stale", "F5", func(_ testing.TB, _ *pkixtest.PKI, o *pkixtest.OCSP) {
		o.Singles[0].ThisUpdate, o.Singles[0].NextUpdate = now.Add(-time.Hour), now.Add(-limits.ClockSkew-time.Second)
	}},
	{"no nextUpdate", "F5", func(_ testing.TB, _ *pkixtest.PKI, o *pkixtest.OCSP) { o.Singles[0].NextUpdate = time.Time{} }},
	{"nextUpdate before thisUpdate", "F5", func(_ testing.TB, _ *pkixtest.PKI, o *pkixtest.OCSP) { o.Singles[0].NextUpdate = now.Add(-time.Second) }},
	{"within the skew of both clocks", "", func(_ testing.TB, _ *pkixtest.PKI, o *pkixtest.OCSP) {
		o.Singles[0].ThisUpdate, o.Singles[0].NextUpdate = now.Add(limits.ClockSkew), now.Add(limits.ClockSkew)
	}},

	{"older than the certificate", "F6", func(_ testing.TB, _ *pkixtest.PKI, o *pkixtest.OCSP) { o.Singles[0].ThisUpdate = now.Add(-time.Second) }},
}

func TestCheckOCSP(t *testing.T) {
	p := pkixtest.New(t, now)
	for _, tt := range ocspFaults {
		t.Run(tt.name, func(t *testing.T) {
			o := goodOCSP(p)
			tt.fault(t, p, &o)
			r, err := pkix.CheckOCSP(o.Marshal(t), p.Leaf.Certificate, p.CA.Certificate, nil, now)
			expect(t, tt.check, err)
			if (r == nil) == (err == nil) {
				t.Errorf("response %v with error %v", r, err)
			}
		})
	}
}

func expect(t *testing.T, check string, err error) {
	t.Helper()
	var e *pkix.EvidenceError
	if check == "" && err != nil || check != "" && !(errors.As(err, &e) && e.Check == check) {
		t.Errorf("got %v, want %q", err, check)
	}
}

func TestCheckOCSPTells(t *testing.T) {
	p := pkixtest.New(t, now)
	checked := p.CA.Responder(t, "TEST checked responder", false, now.Add(-time.Hour), now.Add(time.Hour))
	for _, tt := range []struct {
		name                        string
		responder                   *pkixtest.Entity
		delegated, nocheck, needing bool
	}{
		{"nocheck", p.Responder, true, true, false},
		{"without nocheck", checked, true, false, true},
		{"the CA", p.CA, false, false, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o := goodOCSP(p)
			by(&o, tt.responder)
			r, err := pkix.CheckOCSP(o.Marshal(t), p.Leaf.Certificate, p.CA.Certificate, nil, now)
			if err != nil {
				t.Fatal(err)
			}
			if r.Delegated != tt.delegated || r.NoCheck != tt.nocheck || r.NeedsRevocation() != tt.needing || !r.Responder.Equal(tt.responder.Certificate) {
				t.Errorf("delegated %v, nocheck %v, needs revocation %v, responder %s", r.Delegated, r.NoCheck, r.NeedsRevocation(), pkix.Name(r.Responder))
			}
			if !r.ThisUpdate.Equal(now) || !r.NextUpdate.Equal(now.Add(10*time.Minute)) || !r.ProducedAt.Equal(now.Truncate(time.Minute)) || r.Hash != crypto.SHA1 {
				t.Errorf("times %s %s %s, hash %v", r.ThisUpdate, r.NextUpdate, r.ProducedAt, r.Hash)
			}
		})
	}
}

func TestCheckOCSPRevoked(t *testing.T) {
	p := pkixtest.New(t, now)
	o := goodOCSP(p)
	o.Singles[0].Status, o.Singles[0].RevokedAt, o.Singles[0].Reason = pkixtest.Revoked, now.Add(-time.Minute), 1
	r, err := pkix.CheckOCSP(o.Marshal(t), p.Leaf.Certificate, p.CA.Certificate, nil, now)
	var revoked *pkix.RevokedError
	if !errors.As(err, &revoked) || !revoked.At.Equal(now.Add(-time.Minute)) || revoked.Reason != 1 || revoked.Source != "OCSP" || r == nil {
		t.Errorf("got %v and %v", r, err)
	}
	good := goodOCSP(p).Singles[0]
	good.ThisUpdate = now.Add(time.Minute)
	o.Singles = append(o.Singles, good)
	if _, err := pkix.CheckOCSP(o.Marshal(t), p.Leaf.Certificate, p.CA.Certificate, nil, now); !errors.As(err, &revoked) {
		t.Errorf("a newer good answer in the same response hides the revocation: %v", err)
	}
	o.BreakSignature = true
	_, err = pkix.CheckOCSP(o.Marshal(t), p.Leaf.Certificate, p.CA.Certificate, nil, now)
	expect(t, "F1", err)
}

// F7, and reading long after: without a clock.
func TestCheckOCSPAfterExpiry(t *testing.T) {
	p := pkixtest.New(t, now)
	late := p.Leaf.Certificate.NotAfter.Add(time.Second)
	certHash := append([]byte{0x30, 47, 0x30, 11, 6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1, 4, 32}, hashOf(crypto.SHA256, p.Leaf.Certificate.Raw)...)
	otherHash := append(bytes.Clone(certHash[:len(certHash)-1]), certHash[len(certHash)-1]^1)
	cutoff := asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 48, 1, 6}
	positive := asn1.ObjectIdentifier{1, 3, 36, 8, 3, 13}
	for _, tt := range []struct {
		name, check string
		extensions  []stdpkix.Extension
	}{
		{"nothing", "F7", nil},
		{"archive cutoff before expiry", "", []stdpkix.Extension{{Id: cutoff, Value: generalized(t, p.Now)}}},
		{"archive cutoff after expiry", "F7", []stdpkix.Extension{{Id: cutoff, Value: generalized(t, late)}}},
		{"hash of the certificate", "", []stdpkix.Extension{{Id: positive, Value: certHash}}},
		{"hash of another", "F7", []stdpkix.Extension{{Id: positive, Value: otherHash}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o := goodOCSP(p)
			o.Singles[0].ThisUpdate, o.Singles[0].NextUpdate, o.Singles[0].Extensions = late, time.Time{}, tt.extensions
			o.ProducedAt = late
			_, err := pkix.CheckOCSP(o.Marshal(t), p.Leaf.Certificate, p.CA.Certificate, nil, time.Time{})
			expect(t, tt.check, err)
		})
	}
}

func hashOf(h crypto.Hash, b []byte) []byte {
	d := h.New()
	d.Write(b)
	return d.Sum(nil)
}

func TestCheckOCSPResponderAmongExtra(t *testing.T) {
	p := pkixtest.New(t, now)
	o := goodOCSP(p)
	o.Certificates = nil
	extra := []*x509.Certificate{nil, p.Root.Certificate, p.Responder.Certificate}
	if _, err := pkix.CheckOCSP(o.Marshal(t), p.Leaf.Certificate, p.CA.Certificate, extra, now); err != nil {
		t.Error(err)
	}
}

func TestFresh(t *testing.T) {
	end := now.Add(10 * time.Minute)
	for _, tt := range []struct {
		thisUpdate time.Time
		want       bool
	}{
		{now.Add(-time.Second), false},
		{now, false},
		{now.Add(time.Second), true},
		{end, true},
		{end.Add(time.Second), false},
	} {
		if got := pkix.Fresh(tt.thisUpdate, now, end); got != tt.want {
			t.Errorf("thisUpdate %s: %v", tt.thisUpdate, got)
		}
	}
}

func FuzzCheckOCSP(f *testing.F) {
	p := pkixtest.New(f, now)
	for _, tt := range ocspFaults {
		o := goodOCSP(p)
		tt.fault(f, p, &o)
		f.Add(o.Marshal(f))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := pkix.CheckOCSP(b, p.Leaf.Certificate, p.CA.Certificate, p.Chain(), now)
		if err == nil && (r.Responder == nil || r.ThisUpdate.IsZero()) {
			t.Error("good without responder or time")
		}
		u := pkix.ParseOCSP(b) // as a verifier reads what it finds in a file
		_, _, _ = u.SerialNumbers()
		_, _ = u.Facts()
		old, err := u.CheckOld(p.Leaf.Certificate, p.CA.Certificate, p.Chain(), p.Chain())
		if err == nil && (old.Responder == nil || old.ThisUpdate.IsZero()) {
			t.Error("good without responder or time, whenever it was")
		}
	})
}
