// SPDX-License-Identifier: Apache-2.0

package defects

import (
	"crypto/x509"
	"encoding/asn1"
	"math/big"
	"time"

	"gsign/internal/pdf"
	"gsign/internal/pkix/pkixtest"
)

const clauseEvidence = "RFC 6960 3.2, EN 319 102-1 5.2.5"

// nothing is what follows where no evidence counts.
func nothing(finding string) verdict {
	return verdict{open, "CERTIFICATE_CHAIN_GENERAL_FAILURE", "B-T", finding}
}

// stale is what follows where evidence is too old.
func stale(finding string) verdict { return verdict{open, "TRY_LATER", "B-T", finding} }

// ocsps makes answers that do not say what is asked.
func (c *cases) ocsps() {
	add := func(name, defect, clause string, want verdict, change func(f *file, o *pkixtest.OCSP)) {
		c.add("ocsp-"+name, defect, clause, want, func(f *file) { f.ocsp(f.Leaf, func(o *pkixtest.OCSP) { change(f, o) }) })
	}
	add("other-certificate", "the OCSP answer is about another certificate", clauseEvidence, nothing("no revocation evidence about"), func(_ *file, o *pkixtest.OCSP) {
		o.Singles[0].Serial = big.NewInt(4711)
	})
	add("other-issuer", "the OCSP answer is about that serial number of another issuer", clauseEvidence, nothing("no revocation evidence about"), func(f *file, o *pkixtest.OCSP) {
		o.Singles[0].Issuer = f.TSACA.Certificate
	})
	add("before-certificate", "the OCSP answer is older than the certificate", clauseEvidence, nothing("older than the certificate"), func(_ *file, o *pkixtest.OCSP) {
		o.ProducedAt, o.Singles[0].ThisUpdate = before.Add(-24*time.Hour), before.Add(-24*time.Hour)
		o.Singles[0].NextUpdate = after
	})
	add("ended", "the OCSP answer had run out before the signature", clauseEvidence, stale("run out"), func(_ *file, o *pkixtest.OCSP) {
		o.ProducedAt, o.Singles[0].ThisUpdate = noon.Add(-48*time.Hour), noon.Add(-48*time.Hour)
		o.Singles[0].NextUpdate = noon.Add(-24 * time.Hour)
	})
	add("future", "the OCSP answer is from after the control time", clauseEvidence, nothing("from the future"), func(_ *file, o *pkixtest.OCSP) {
		o.ProducedAt, o.Singles[0].ThisUpdate = control.Add(24*time.Hour), control.Add(24*time.Hour)
		o.Singles[0].NextUpdate = control.Add(48 * time.Hour)
	})
	add("unknown", "the responder does not know the certificate", "RFC 6960 2.2", nothing("does not know"), func(_ *file, o *pkixtest.OCSP) { o.Singles[0].Status = pkixtest.Unknown })
	add("signature-wrong", "the signature of the OCSP answer is damaged", clauseEvidence, nothing("signature"), func(_ *file, o *pkixtest.OCSP) { o.BreakSignature = true })
	add("no-success", "the responder said that one should try later", "RFC 6960 2.3", nothing("try later"), func(_ *file, o *pkixtest.OCSP) { o.ResponseStatus = 3 })
	add("type", "the answer is of a type that nobody knows", "RFC 6960 4.2.1", nothing("unknown type"), func(_ *file, o *pkixtest.OCSP) { o.ResponseType = idUnknown })
	add("critical-extension", "the OCSP answer has a critical extension that nobody knows", "RFC 6960 4.4", nothing("critical"), func(_ *file, o *pkixtest.OCSP) {
		o.Extensions = append(o.Extensions, extension(idUnknown, true, []byte{5, 0}))
	})
	add("sha1", "the OCSP answer is signed with SHA-1, long after its end", "TS 119 312 5.2, EN 319 102-1 5.2.8",
		verdict{open, "CRYPTO_CONSTRAINTS_FAILURE_NO_POE", "B-LT", "SHA-1 was reliable until"}, func(_ *file, o *pkixtest.OCSP) { o.SHA1 = true })
}

// responders makes answers of those who may not give them.
func (c *cases) responders() {
	const clause = "RFC 6960 4.2.2.2"
	add := func(name, defect string, want verdict, make func(f *file) *pkixtest.Entity) {
		c.add("responder-"+name, defect, clause, want, func(f *file) {
			r := make(f)
			f.ocsp(f.Leaf, func(o *pkixtest.OCSP) { o.Responder, o.Certificates = r, []*x509.Certificate{r.Certificate} })
		})
	}
	nocheck := pkixtest.Extension(asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 48, 1, 5}, false, []byte{5, 0})
	add("other-ca", "the OCSP answer is by a responder of another CA", nothing("not issued by"), func(f *file) *pkixtest.Entity { return f.TSAResponder })
	add("usage", "the responder's certificate is not for signing OCSP answers", nothing("may not sign OCSP responses"), func(f *file) *pkixtest.Entity {
		return f.CA.Leaf(c.tb, "TEST no responder", pkixtest.ECKey(c.tb, "TEST no responder"), before, after, nocheck)
	})
	add("ended", "the responder's certificate had ended when it answered", nothing("not valid at"), func(f *file) *pkixtest.Entity {
		return f.CA.Responder(c.tb, "TEST ended responder", true, before, noon)
	})
	add("ended-since", "the responder's certificate has ended at the control time, and nothing proves that its answer is older",
		verdict{open, "REVOCATION_OUT_OF_BOUNDS_NO_POE", "B-LT", "nothing proves that it was there before"}, func(f *file) *pkixtest.Entity {
			return f.CA.Responder(c.tb, "TEST responder that ended", true, before, half)
		})
	add("unchecked", "nothing says that the responder itself is not revoked", nothing("none about its responder"), func(f *file) *pkixtest.Entity {
		return f.CA.Responder(c.tb, "TEST responder without nocheck", false, before, after)
	})
	add("signer", "the OCSP answer is by the signer itself", nothing("may not sign OCSP responses"), func(f *file) *pkixtest.Entity { return f.Leaf })
}

// crls makes lists that do not say what is asked.
func (c *cases) crls() {
	const clause = "RFC 5280 6.3.3, EN 319 102-1 5.2.5"
	add := func(name, defect, clause string, want verdict, change func(f *file, l *pkixtest.CRL)) {
		c.add("crl-"+name, defect, clause, want, func(f *file) { f.crl(f.Leaf, func(l *pkixtest.CRL) { change(f, l) }) })
	}
	idp := func(critical bool, fields ...[]byte) func(*file, *pkixtest.CRL) {
		return func(_ *file, l *pkixtest.CRL) {
			l.Extensions = append(l.Extensions, extension(idIDP, critical, element(0x30, fields...)))
		}
	}
	add("other-issuer", "the CRL is of another issuer", clause, nothing("no revocation evidence about"), func(f *file, l *pkixtest.CRL) { l.Issuer = f.Root })
	add("ended", "the CRL had run out before the signature", clause, stale("run out"), func(_ *file, l *pkixtest.CRL) {
		l.ThisUpdate, l.NextUpdate = noon.Add(-48*time.Hour), noon.Add(-24*time.Hour)
	})
	add("critical-extension", "the CRL has a critical extension that nobody knows", "RFC 5280 5.2", nothing("critical"), func(_ *file, l *pkixtest.CRL) {
		l.Extensions = append(l.Extensions, extension(idUnknown, true, []byte{5, 0}))
	})
	add("delta", "the CRL is a delta without its base", "RFC 5280 5.2.4", nothing("delta"), func(_ *file, l *pkixtest.CRL) {
		l.Extensions = append(l.Extensions, extension(idDelta, true, der(1)))
	})
	add("indirect", "the CRL is an indirect one: of another about certificates of this CA", "RFC 5280 5.2.5", nothing("indirect"), idp(true, []byte{0x84, 1, 0xff}))
	add("only-cas", "the CRL is about CA certificates only", "RFC 5280 5.2.5", nothing("only"), idp(true, []byte{0x82, 1, 0xff}))
	add("only-attributes", "the CRL is about attribute certificates only", "RFC 5280 5.2.5", nothing("attribute certificates only"), idp(true, []byte{0x85, 1, 0xff}))
	add("some-reasons", "the CRL is about some reasons only", "RFC 5280 5.2.5", nothing("reasons"), idp(true, []byte{0x83, 2, 6, 0x40}))
	add("key-other", "the CRL is signed by another key than the issuer's", clause, nothing("verification error"), func(f *file, l *pkixtest.CRL) {
		mallory := *f.CA
		mallory.Key = pkixtest.ECKey(c.tb, "TEST mallory")
		same := *mallory.Certificate
		same.PublicKey = mallory.Key.Public()
		mallory.Certificate = &same
		l.Issuer = &mallory
	})
	c.add("crl-only-users", "the CRL about the CA is about end entities only", "RFC 5280 5.2.5", nothing("end entities only"), func(f *file) {
		f.crl(f.CA, func(l *pkixtest.CRL) {
			l.Extensions = append(l.Extensions, extension(idIDP, true, element(0x30, []byte{0x81, 1, 0xff})))
		})
	})
	c.add("crl-issuer-usage", "the key of the CRL's issuer may not sign CRLs", "RFC 5280 6.3.3 f", nothing("may not sign CRLs"), func(f *file) {
		may := f.Root.CA(c.tb, "TEST CA without lists", before, after)
		not := f.Root.CA(c.tb, "TEST CA without lists", before, after, func(t *x509.Certificate) { t.KeyUsage = x509.KeyUsageCertSign })
		f.below(not)
		f.crl(f.Leaf, func(l *pkixtest.CRL) { l.Issuer = may })
	})
}

// stores makes security stores that do not hold what they should.
func (c *cases) stores() {
	c.add("store-missing", "there is no security store, and no evidence", "EN 319 142-1 6.3 letters r, s, t", nothing("no revocation evidence about"), func(f *file) { f.store = false })
	c.add("store-empty", "the security store is empty", "EN 319 142-1 5.4.2.2", nothing("no revocation evidence about"), func(f *file) {
		f.dss = func(_ *pdf.Update, dss pdf.Dict) {
			for key := range dss {
				if key != "Type" {
					delete(dss, key)
				}
			}
		}
	})
	c.add("store-certificate-damaged", "a certificate in the security store is damaged, and it is needed", "EN 319 142-1 5.4.2.2", verdict{open, "NO_CERTIFICATE_CHAIN_FOUND", "B-T", "no certificate of its issuer"}, func(f *file) {
		f.chain = []*x509.Certificate{f.Leaf.Certificate}
		f.certs = func(ders [][]byte) [][]byte {
			ders[0] = append([]byte{}, ders[0]...)
			ders[0][5] ^= 0xff
			return ders
		}
	})
	c.add("store-ocsp-damaged", "the OCSP answer in the security store is damaged", "EN 319 142-1 5.4.2.2", nothing("malformed OCSP response"), func(f *file) {
		f.evidence[f.Leaf] = func() ([]byte, []byte) {
			b := f.OCSP(c.tb, f.Leaf, answered)
			return b[:len(b)/2], nil
		}
	})
	c.add("store-without-tsa", "the security store has nothing about the timestamp, whose authority needs it", "EN 319 142-1 6.3 letters r, s, t", verdict{open, "OUT_OF_BOUNDS_NOT_REVOKED", "B-T", "its timestamp of"}, func(f *file) {
		f.short()
		f.entities = []*pkixtest.Entity{f.Leaf, f.CA}
	})
	c.add("store-vri-key", "the key in /VRI is of no signature", "EN 319 142-1 5.4.2.3", verdict{passed, "", "B-LT", ""}, func(f *file) {
		f.dss = func(u *pdf.Update, dss pdf.Dict) {
			dss["VRI"] = pdf.Dict{"0123456789ABCDEF0123456789ABCDEF01234567": pdf.Dict{"OCSP": dss["OCSPs"], "Cert": dss["Certs"]}}
		}
	})
	c.add("store-evidence-unproved", "the responder has ended, and the document timestamp does not cover its answer", "EN 319 142-1 6.3 letter x", verdict{open, "REVOCATION_OUT_OF_BOUNDS_NO_POE", "B-LT", "nothing proves that it was there before"}, func(f *file) {
		f.Responder = f.CA.Responder(c.tb, "TEST responder that ended", true, before, half)
		f.archive, f.storeLast = 1, true
	})
}
