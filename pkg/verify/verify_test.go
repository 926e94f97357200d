// SPDX-License-Identifier: Apache-2.0

package verify_test

import (
	"bytes"
	"crypto"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"gsign/internal/cms"
	"gsign/internal/pdf"
	"gsign/internal/pdf/pdftest"
	"gsign/internal/pkix/pkixtest"
	"gsign/pkg/ltv"
	"gsign/pkg/pdfsig"
	"gsign/pkg/verify"
)

// files are one document at each level.
func files(w *world) map[verify.Level][]byte {
	w.tb.Helper()
	bt := w.sign(pdftest.WithForm(), verify.BT)
	blt := w.store(bt, w.entities()...)
	return map[verify.Level][]byte{
		verify.BB:   w.sign(pdftest.WithForm(), verify.BB),
		verify.BT:   bt,
		verify.BLT:  blt,
		verify.BLTA: w.archive(blt, archived),
	}
}

func TestLevels(t *testing.T) {
	w := newWorld(t)
	missing := map[verify.Level]string{verify.BB: "C1", verify.BT: "D3", verify.BLT: "E1"}
	for level, b := range files(w) {
		for name, pinned := range map[string][]*x509.Certificate{"not pinned": nil, "pinned": roots(t)} {
			at := judged
			if level == verify.BB {
				at = stamped
			}
			if level == verify.BT && pinned == nil {
				continue // the TSA's chain is not in the file: see below
			}
			report, err := check(t, b, &verify.Options{Require: level, Roots: pinned, Time: at, RequireFresh: level >= verify.BLT})
			if level == verify.BT {
				var wrong *verify.Error
				if !errors.As(err, &wrong) || !wrong.Undecided() {
					t.Errorf("B-T, pinned, the TSA's CA unknown: %v", err)
				}
				continue
			}
			if err != nil {
				t.Errorf("%v, %s: %v", level, name, err)
				continue
			}
			s := report.Signatures[0]
			if s.Level != level || s.Signer() == nil || len(s.Chain) != 3 {
				t.Errorf("%v, %s: level %v, chain of %d", level, name, s.Level, len(s.Chain))
			}
			if level >= verify.BLT && (!s.Time.Equal(stamped) || !s.ThisUpdate.Equal(answered) || !s.Fresh) {
				t.Errorf("%v: time %v, evidence of %v", level, s.Time, s.ThisUpdate)
			}
			if want := missing[level]; want != "" && (len(s.Missing) == 0 || s.Missing[0].Check != want) {
				t.Errorf("%v: missing %v, want %s", level, s.Missing, want)
			}
		}
	}
	report, err := check(t, files(w)[verify.BT], nil)
	if err != nil || report.Signatures[0].Level != verify.BT || len(report.Signatures[0].Missing) == 0 {
		t.Errorf("B-T: %+v, %v", report, err)
	}
	if got := fmt.Sprint(verify.None, verify.BB, verify.BT, verify.BLT, verify.BLTA); got != "none B-B B-T B-LT B-LTA" {
		t.Error(got)
	}
}

// TestTamper changes single bytes all over a B-LT file. Each change must be found, in whatever region it is.
func TestTamper(t *testing.T) {
	w := newWorld(t)
	b := files(w)[verify.BLT]
	opts := verify.Options{Require: verify.BLT, Roots: roots(t), RequireWholeDocument: true}
	sigs, err := w.open(b).Signatures()
	if err != nil {
		t.Fatal(err)
	}
	s := sigs[0]
	padding := s.ContentsStart + int64(2*len(s.CMS))
	for at := 0; at < len(b); at += 17 {
		if int64(at) > padding+100 && int64(at) < s.ContentsEnd-100 {
			at += 2000 // zeros, all alike
		}
		region := "store"
		switch {
		case int64(at) < s.ByteRange[1]:
			region = "before"
		case int64(at) < s.ByteRange[2]:
			region = "contents"
		case int64(at) < s.RevisionEnd():
			region = "after"
		}
		spoiled := bytes.Clone(b)
		spoiled[at] ^= 1
		o := opts
		_, err := check(t, spoiled, &o)
		if err == nil && region != "store" && !harmless(t, w, b, spoiled) {
			t.Errorf("a change at %d, in region %s, was not found: %q", at, region, b[max(0, at-20):min(len(b), at+20)])
		}
		var wrong *verify.Error
		if (region == "before" || region == "after") && err != nil && errors.As(err, &wrong) && wrong.Undecided() &&
			wrong.Findings[0].Check != "A2" { // the sub-filter itself
			t.Errorf("a change at %d in what is signed leaves it undecided: %v", at, err)
		}
	}
}

// harmless reports whether a changed byte of /Contents is in something that nothing protects and that nobody needs: a
// second copy of a root, versions, the sets of digest algorithms. Then all that counts is as it was.
func harmless(t *testing.T, w *world, good, spoiled []byte) bool {
	t.Helper()
	a, b := essence(t, w, good), essence(t, w, spoiled)
	return a != "" && a == b
}

// essence returns what is signed by the signer, and by the timestamp authority.
func essence(t *testing.T, w *world, file []byte) string {
	t.Helper()
	sigs, err := w.open(file).Signatures()
	if err != nil || len(sigs) != 1 || len(sigs[0].Problems) > 0 {
		return ""
	}
	sd, err := cms.Parse(sigs[0].CMS)
	if err != nil || sd.Signer.Certificate == nil || len(sd.Signer.TimestampTokens) != 1 {
		return ""
	}
	token, err := cms.ParseToken(sd.Signer.TimestampTokens[0])
	if err != nil || token.Signer.Certificate == nil {
		return ""
	}
	one := func(sd *cms.SignedData) string {
		return fmt.Sprintf("%x %x %x %x", sd.Signer.Certificate.Raw, sd.Signer.SignedAttributes, sd.Signer.Signature, sd.EContent)
	}
	return one(sd) + one(token.SignedData)
}

func TestWrongSignatures(t *testing.T) {
	p := pki(t)
	w := newWorld(t)
	in := pdftest.Classic()
	prepare := func() *pdfsig.Prepared {
		prepared, err := w.open(in).Prepare(p.Chain(), &pdfsig.Options{Time: noon})
		if err != nil {
			t.Fatal(err)
		}
		return prepared
	}
	signature := func(prepared *pdfsig.Prepared) []byte {
		sigs, err := w.SignDigests(t.Context(), crypto.SHA256, [][]byte{prepared.Digest()})
		if err != nil {
			t.Fatal(err)
		}
		return sigs[0]
	}
	token := func(sig []byte, at time.Time) []byte {
		sum := sha256.Sum256(sig)
		return p.Token(t, crypto.SHA256, sum[:], at)
	}
	for name, tt := range map[string]struct {
		check     string
		undecided bool
		make      func() *pdfsig.Signed
	}{
		"signature of another document": {"B14", false, func() *pdfsig.Signed {
			mine := prepare()
			sig := signature(mine)
			return &pdfsig.Signed{Prepared: mine, Signature: sig, Token: token(sig, stamped)}
		}},
		"signed attributes of another document": {"B3", false, func() *pdfsig.Signed {
			mine := prepare()
			prepared, err := w.open(pdftest.XRefStream()).Prepare(p.Chain(), &pdfsig.Options{Time: noon})
			if err != nil {
				t.Fatal(err)
			}
			mine.SignedAttributes = prepared.SignedAttributes
			sig := signature(mine)
			return &pdfsig.Signed{Prepared: mine, Signature: sig, Token: token(sig, stamped)}
		}},
		"timestamp of another signature": {"C2", false, func() *pdfsig.Signed {
			mine := prepare()
			return &pdfsig.Signed{Prepared: mine, Signature: signature(mine), Token: token(nil, stamped)}
		}},
		"timestamp after notAfter": {"C6", false, func() *pdfsig.Signed {
			mine := prepare()
			sig := signature(mine)
			return &pdfsig.Signed{Prepared: mine, Signature: sig, Token: token(sig, noon.Add(11*time.Minute))}
		}},
		"timestamp before notBefore": {"C6", false, func() *pdfsig.Signed {
			mine := prepare()
			sig := signature(mine)
			return &pdfsig.Signed{Prepared: mine, Signature: sig, Token: token(sig, noon.Add(-time.Minute))}
		}},
		"no timestamp, and expired": {"C6", true, func() *pdfsig.Signed {
			mine := prepare()
			return &pdfsig.Signed{Prepared: mine, Signature: signature(mine)}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			b := w.join(in, tt.make())
			if tt.check == "B14" {
				b = withAnotherSignature(t, b, signature(prepare()))
			}
			b = w.store(b, w.entities()...)
			report, err := check(t, b, nil)
			var wrong *verify.Error
			if !errors.As(err, &wrong) || wrong.Findings[0].Check != tt.check || wrong.Undecided() != tt.undecided {
				t.Fatalf("want %s, got %v", tt.check, err)
			}
			if report.Signatures[0].Level != verify.None {
				t.Errorf("level %v", report.Signatures[0].Level)
			}
			if wrong.Findings[0].Field != "Signature1" || !strings.Contains(err.Error(), tt.check) {
				t.Errorf("error does not say where: %v", err)
			}
		})
	}
}

// withAnotherSignature puts another signature value where the signature's own is.
func withAnotherSignature(t *testing.T, b, other []byte) []byte {
	t.Helper()
	d, err := pdfsig.Open(bytes.NewReader(b), int64(len(b)), nil)
	if err != nil {
		t.Fatal(err)
	}
	sigs, err := d.Signatures()
	if err != nil {
		t.Fatal(err)
	}
	sd, err := cms.Parse(sigs[0].CMS)
	if err != nil {
		t.Fatal(err)
	}
	other = bytes.Clone(other)
	other[20] ^= 1
	return bytes.Replace(b, []byte(hex.EncodeToString(sd.Signer.Signature)), []byte(hex.EncodeToString(other)), 1)
}

// TestEvidence takes evidence away, or spoils it.
func TestEvidence(t *testing.T) {
	p := pki(t)
	ocsp := func(e *pkixtest.Entity, change func(*pkixtest.OCSP)) ltv.Evidence {
		r := p.ResponderOf(e.Issuer)
		o := pkixtest.OCSP{
			Singles:   []pkixtest.Single{{Certificate: e.Certificate, Issuer: e.Issuer.Certificate, ThisUpdate: answered, NextUpdate: answered.Add(time.Hour)}},
			Responder: r, ProducedAt: answered, Certificates: []*x509.Certificate{r.Certificate},
		}
		change(&o)
		return ltv.Evidence{OCSPResponses: [][]byte{o.Marshal(t)}}
	}
	checked := p.CA.Responder(t, "TEST responder to be checked", false, noon.Add(-time.Hour), noon.Add(time.Hour))
	for name, tt := range map[string]struct {
		evidence func(e *pkixtest.Entity) ltv.Evidence // nil: the good one
		level    verify.Level
		missing  string
		wrong    string
	}{
		"nothing about the signer":     {except(t, p.Leaf, ltv.Evidence{}), verify.BT, "TEST signer", ""},
		"nothing about the CA":         {except(t, p.CA, ltv.Evidence{}), verify.BT, "TEST signing CA", ""},
		"nothing about the TSA":        {except(t, p.TSA, ltv.Evidence{}), verify.BT, "TEST time authority", ""},
		"nothing about the TSA's CA":   {except(t, p.TSACA, ltv.Evidence{}), verify.BT, "TEST time CA", ""},
		"CRL instead":                  {except(t, p.CA, ltv.Evidence{CRLs: [][]byte{p.CRL(t, p.Root, answered)}}), verify.BLT, "", ""},
		"CRL of another":               {except(t, p.CA, ltv.Evidence{CRLs: [][]byte{p.CRL(t, p.TSARoot, answered)}}), verify.BT, "TEST signing CA", ""},
		"answer about another":         {except(t, p.Leaf, ltv.Evidence{OCSPResponses: [][]byte{p.OCSP(t, p.CA, answered)}}), verify.BT, "TEST signer", ""},
		"answer run out":               {except(t, p.CA, ltv.Evidence{OCSPResponses: [][]byte{p.OCSP(t, p.CA, noon.Add(-3*time.Hour))}}), verify.BT, "TEST signing CA", ""},
		"answer of before the leaf":    {except(t, p.Leaf, ltv.Evidence{OCSPResponses: [][]byte{p.OCSP(t, p.Leaf, noon.Add(-time.Minute))}}), verify.BT, "TEST signer", ""},
		"responder of another CA":      {except(t, p.CA, ocsp(p.CA, func(o *pkixtest.OCSP) { o.Responder = p.TSAResponder; o.Certificates[0] = p.TSAResponder.Certificate })), verify.BT, "TEST signing CA", ""},
		"responder without evidence":   {except(t, p.Leaf, ocsp(p.Leaf, func(o *pkixtest.OCSP) { o.Responder = checked; o.Certificates[0] = checked.Certificate })), verify.BT, "TEST signer", ""},
		"revoked before the signature": {except(t, p.Leaf, ocsp(p.Leaf, func(o *pkixtest.OCSP) { revoke(o, noon.Add(30*time.Second)) })), verify.None, "", "F1"},
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
		}()), verify.BT, "TEST signer", ""},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.evidence = tt.evidence
			report, err := check(t, w.store(w.sign(pdftest.XRefStream(), verify.BT), w.entities()...), &verify.Options{Roots: roots(t)})
			var wrong *verify.Error
			if tt.wrong != "" {
				if !errors.As(err, &wrong) || wrong.Findings[0].Check != tt.wrong {
					t.Errorf("want %s, got %v", tt.wrong, err)
				}
			} else if err != nil {
				t.Error(err)
			}
			s := report.Signatures[0]
			if s.Level != tt.level {
				t.Errorf("level %v, want %v; missing %v", s.Level, tt.level, s.Missing)
			}
			if tt.missing != "" && (len(s.Missing) != 1 || !strings.Contains(s.Missing[0].Text, tt.missing)) {
				t.Errorf("missing %v, want something about %s", s.Missing, tt.missing)
			}
			_, err = check(t, w.store(w.sign(pdftest.XRefStream(), verify.BT), w.entities()...), &verify.Options{Require: verify.BLT})
			if (err == nil) != (tt.level == verify.BLT) {
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

func TestPinnedElsewhere(t *testing.T) {
	w := newWorld(t)
	b := files(w)[verify.BLT]
	other := pkixtest.Root(t, "TEST other root", noon.Add(-time.Hour), noon.Add(time.Hour))
	namesake := pkixtest.Root(t, "TEST impostor", noon.Add(-time.Hour), noon.Add(time.Hour), func(c *x509.Certificate) {
		c.RawSubject = pki(t).Root.Certificate.RawSubject
	})
	for name, pinned := range map[string][]*x509.Certificate{
		"another":             {other.Certificate},
		"the signer's alone":  {pki(t).Root.Certificate},
		"the TSA's alone":     {pki(t).TSARoot.Certificate},
		"a namesake":          {namesake.Certificate, pki(t).TSARoot.Certificate},
		"an intermediate too": {pki(t).CA.Certificate, pki(t).TSACA.Certificate},
	} {
		_, err := check(t, b, &verify.Options{Roots: pinned})
		var wrong *verify.Error
		bad := errors.As(err, &wrong) && wrong.Undecided() && wrong.Findings[0].Check == "F9"
		if want := name != "an intermediate too"; bad != want {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestWholeDocument(t *testing.T) {
	w := newWorld(t)
	bt := w.sign(pdftest.WithForm(), verify.BT)
	for name, tt := range map[string]struct {
		b    []byte
		want string
	}{
		"nothing after":    {bt, ""},
		"a store after":    {w.store(bt, w.entities()...), ""},
		"two stores after": {w.store(w.store(bt, w.entities()...)), ""},
		"a page changed": {w.update(bt, func(f *pdf.File, u *pdf.Update) {
			ref, page, err := f.Page(0)
			if err != nil {
				t.Fatal(err)
			}
			page = page.Clone()
			page["Rotate"] = pdf.Integer(90)
			u.Set(ref, page)
		}), "written anew"},
		"the catalog changed": {w.update(bt, func(f *pdf.File, u *pdf.Update) {
			w.catalog(f, u, func(c pdf.Dict) { c["Lang"] = pdf.String("de") })
		}), "catalog differs"},
		"an object added": {w.update(bt, func(_ *pdf.File, u *pdf.Update) { u.Set(u.Alloc(), pdf.Integer(1)) }), "written anew"},
		"a page inside the store": {w.update(bt, func(f *pdf.File, u *pdf.Update) {
			ref, page, err := f.Page(0)
			if err != nil {
				t.Fatal(err)
			}
			u.Set(ref, page)
			w.catalog(f, u, func(c pdf.Dict) { c["DSS"] = pdf.Dict{"Certs": pdf.Array{ref}} })
		}), "written anew"},
		"trailing bytes": {append(bytes.Clone(bt), "\nmore"...), "no revision"},
	} {
		_, err := check(t, tt.b, &verify.Options{RequireWholeDocument: true})
		if (err == nil) != (tt.want == "") || (err != nil && !strings.Contains(err.Error(), tt.want)) {
			t.Errorf("%s: want %q, got %v", name, tt.want, err)
		}
	}
}

func TestField(t *testing.T) {
	w := newWorld(t)
	b := w.store(w.sign(w.sign(pdftest.Classic(), verify.BT), verify.BT), w.entities()...)
	report, err := check(t, b, &verify.Options{Require: verify.BLT, RequireWholeDocument: true})
	if err != nil || len(report.Signatures) != 2 {
		t.Errorf("%d signatures, %v", len(report.Signatures), err)
	}
	report, err = check(t, b, &verify.Options{Field: "Signature2"})
	if err != nil || len(report.Signatures) != 1 || report.Signatures[0].Signature.Field != "Signature2" {
		t.Errorf("%+v, %v", report, err)
	}
	_, err = check(t, b, &verify.Options{Field: "Signature3"})
	if !errors.Is(err, verify.ErrNoSignature) {
		t.Errorf("got %v", err)
	}
	_, err = check(t, pdftest.Classic(), nil)
	if !errors.Is(err, verify.ErrNoSignature) {
		t.Errorf("got %v", err)
	}
}

// TestArchived checks B-LTA: the document timestamp must cover the evidence.
func TestArchived(t *testing.T) {
	w := newWorld(t)
	bt := w.sign(pdftest.Classic(), verify.BT)
	early := w.store(w.archive(bt, archived), w.entities()...)
	report, err := check(t, early, nil)
	if err != nil || report.Signatures[0].Level != verify.BLT || report.Signatures[0].Missing[0].Check != "E3" {
		t.Errorf("timestamp before the store: %+v, %v", report.Signatures[0], err)
	}
	good := w.archive(w.store(bt, w.entities()...), archived)
	report, err = check(t, good, &verify.Options{Require: verify.BLTA, Roots: roots(t), RequireWholeDocument: true})
	if err != nil || len(report.Signatures) != 2 || !report.Signatures[1].Signature.Timestamp {
		t.Fatalf("%+v, %v", report, err)
	}
	i := bytes.LastIndex(good, []byte("/ETSI.RFC3161"))
	spoiled := bytes.Clone(good)
	spoiled[i-300] ^= 1
	var wrong *verify.Error
	if _, err = check(t, spoiled, nil); !errors.As(err, &wrong) {
		t.Errorf("a byte before the document timestamp was changed: %v", err)
	}
	// A signature without a timestamp of its own is dated by the document timestamp.
	late := w.store(w.archive(w.sign(pdftest.Classic(), verify.BB), archived), w.entities()...)
	report, err = check(t, late, nil)
	if err != nil || !report.Signatures[0].Time.Equal(archived) || report.Signatures[0].Level != verify.BLT {
		t.Errorf("%+v, %v", report.Signatures[0], err)
	}
}

type countingReader struct {
	*bytes.Reader
	n int64
}

func (c *countingReader) ReadAt(b []byte, off int64) (int, error) {
	n, err := c.Reader.ReadAt(b, off)
	c.n += int64(n)
	return n, err
}

// TestPrefixIsNotReadAgain gives the digest of the original.
func TestPrefixIsNotReadAgain(t *testing.T) {
	w := newWorld(t)
	in, _ := pdftest.File{Objects: []pdftest.Object{
		{Num: 1, Body: "<< /Type /Catalog /Pages 2 0 R >>"},
		{Num: 2, Body: "<< /Type /Pages /Kids [3 0 R] /Count 1 >>"},
		{Num: 3, Body: "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] /Contents 4 0 R >>"},
		{Num: 4, Body: pdftest.StreamBody("", strings.Repeat(" ", 4<<20))},
	}}.Bytes()
	b := w.store(w.sign(w.sign(in, verify.BT), verify.BT), w.entities()...)
	state := sha256.New()
	state.Write(in)
	before := state.Sum(nil)
	for _, tt := range []struct {
		opts verify.Options
		most int64
	}{
		{verify.Options{Digest: state, DigestSize: int64(len(in))}, 2 << 20},
		{verify.Options{}, 6 << 20},
	} {
		r := &countingReader{Reader: bytes.NewReader(b)}
		tt.opts.Time = judged
		_, err := verify.Verify(t.Context(), r, int64(len(b)), &tt.opts)
		if err != nil {
			t.Fatal(err)
		}
		if r.n > tt.most {
			t.Errorf("%d bytes read of a file of %d", r.n, len(b))
		}
	}
	if !bytes.Equal(before, state.Sum(nil)) {
		t.Error("the state given was changed")
	}
	state.Write([]byte("x"))
	_, err := check(t, b, &verify.Options{Digest: state, DigestSize: int64(len(in))})
	var wrong *verify.Error
	if !errors.As(err, &wrong) || wrong.Findings[0].Check != "B3" {
		t.Errorf("a wrong state: %v", err)
	}
}
