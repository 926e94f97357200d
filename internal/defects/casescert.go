// SPDX-License-Identifier: Apache-2.0

package defects

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"time"

	"gsign/internal/pkix/pkixtest"
)

func extension(id asn1.ObjectIdentifier, critical bool, value []byte) pkix.Extension {
	return pkix.Extension{Id: id, Critical: critical, Value: value}
}

// signers makes certificates of signers that are not as they should be.
func (c *cases) signers() {
	const clause = "EN 319 102-1 5.5.4, 5.2.6"
	c.add("signer-ended-unproved", "the signer's certificate has ended at the control time, and there is no timestamp", clause,
		verdict{open, "OUT_OF_BOUNDS_NOT_REVOKED", "B-B", "nothing proves an earlier time"}, func(f *file) {
			f.short()
			f.stamp = false
		})
	c.add("signer-ended-no-evidence", "the signer's certificate has ended at the control time, and there is neither a timestamp nor evidence", clause,
		verdict{open, "OUT_OF_BOUNDS_NO_POE", "B-B", "nothing proves an earlier time"}, func(f *file) {
			f.short()
			f.stamp, f.entities = false, []*pkixtest.Entity{f.CA}
		})
	c.add("signer-ended", "the signer's certificate had ended before the timestamp", clause, verdict{open, "OUT_OF_BOUNDS_NOT_REVOKED", "B-LT", "not valid at"}, func(f *file) {
		f.leaf(before, noon.Add(10*time.Second))
		f.ocsp(f.Leaf, func(o *pkixtest.OCSP) {
			o.ProducedAt, o.Singles[0].ThisUpdate = noon.Add(5*time.Second), noon.Add(5*time.Second)
		})
	})
	c.add("signer-not-yet", "the timestamp is from before the signer's certificate", clause, verdict{failed, "NOT_YET_VALID", "none", "existed before its certificate"}, func(f *file) {
		f.leaf(noon.Add(-time.Minute), after)
		f.token = func(t *pkixtest.Token) { t.GenTime = noon.Add(-2 * time.Hour) }
	})
	usage := verdict{open, "CHAIN_CONSTRAINTS_FAILURE", "B-LT", "key"}
	c.add("signer-key-usage", "the signer's certificate is for encrypting keys and not for signing", "RFC 5280 4.2.1.3, EN 319 102-1 5.2.6", usage, func(f *file) {
		f.leaf(before, after, func(t *x509.Certificate) { t.KeyUsage = x509.KeyUsageKeyEncipherment })
	})
	c.add("signer-critical-extension", "the signer's certificate has a critical extension that nobody knows", "RFC 5280 4.2, 6.1.4 o", verdict{open, "CERTIFICATE_CHAIN_GENERAL_FAILURE", "B-T", "unknown critical extension"}, func(f *file) {
		f.leaf(before, after, pkixtest.Extension(idUnknown, true, []byte{5, 0}))
	})
}

// chains makes chains that do not lead to a root as they should.
func (c *cases) chains() {
	const clause = "RFC 5280 6.1, EN 319 102-1 5.2.6"
	none := func(finding string) verdict { return verdict{open, "NO_CERTIFICATE_CHAIN_FOUND", "B-LT", finding} }
	general := func(finding string) verdict {
		return verdict{open, "CERTIFICATE_CHAIN_GENERAL_FAILURE", "B-T", finding}
	}
	from, to := before, after
	c.add("root-unknown", "the signer's root is not trusted", clause, none("which is none of the roots given"), func(f *file) {
		f.Root = pkixtest.Root(c.tb, "TEST unknown root", from, to)
		f.RootResponder = f.Root.Responder(c.tb, "TEST unknown root responder", true, from, to)
		f.below(f.Root.CA(c.tb, "TEST CA below an unknown root", from, to))
	})
	c.add("chain-incomplete", "the certificate of the signer's CA is nowhere", clause, verdict{open, "NO_CERTIFICATE_CHAIN_FOUND", "B-T", "no certificate of its issuer"}, func(f *file) {
		f.below(f.Root.CA(c.tb, "TEST CA that is missing", from, to))
		f.chain = []*x509.Certificate{f.Leaf.Certificate, f.Root.Certificate}
		f.certs = func(ders [][]byte) [][]byte { return ders[1:] }
	})
	c.add("issuer-no-ca", "the issuer's basicConstraints say CA:FALSE", "RFC 5280 6.1.4 k", general("not a CA"), func(f *file) {
		f.below(f.Root.CA(c.tb, "TEST CA that is none", from, to, func(t *x509.Certificate) { t.IsCA = false }))
	})
	c.add("issuer-key-usage", "the issuer's key may not sign certificates", "RFC 5280 6.1.4 n", general("may not sign certificates"), func(f *file) {
		f.below(f.Root.CA(c.tb, "TEST CA for lists", from, to, func(t *x509.Certificate) { t.KeyUsage = x509.KeyUsageCRLSign }))
	})
	c.add("issuer-critical-extension", "the issuer has a critical extension that nobody knows", "RFC 5280 4.2, 6.1.4 o", general("unknown critical extension"), func(f *file) {
		f.below(f.Root.CA(c.tb, "TEST CA with an extension", from, to, pkixtest.Extension(idUnknown, true, []byte{5, 0})))
	})
	c.add("path-too-long", "there is a CA below one whose path length is 0", "RFC 5280 6.1.4 l, m", general("path length"), func(f *file) {
		top := f.Root.CA(c.tb, "TEST CA with no CA below", from, to, func(t *x509.Certificate) { t.MaxPathLenZero = true })
		topResponder := top.Responder(c.tb, "TEST responder of the top", true, from, to)
		f.below(top.CA(c.tb, "TEST CA below", from, to))
		f.RootResponder = topResponder
		f.chain = []*x509.Certificate{f.Leaf.Certificate, f.CA.Certificate, top.Certificate, c.pki.Root.Certificate}
	})
	c.add("name-constraints", "the CA may not certify names of the signer's country", "RFC 5280 4.2.1.10, 6.1.4 g", general("TEST signer"), func(f *file) {
		country := element(0x30, element(0x31, element(0x30, der(asn1.ObjectIdentifier{2, 5, 4, 6}), element(0x13, []byte("DE")))))
		excluded := element(0x30, element(0xa1, element(0x30, element(0xa4, country))))
		f.below(f.Root.CA(c.tb, "TEST CA with constraints", from, to, pkixtest.Extension(idNameConstraints, true, excluded), func(t *x509.Certificate) {
			t.Subject = pkix.Name{Country: []string{"FR"}, Organization: []string{"TEST"}, CommonName: "TEST CA with constraints"}
		}))
	})
	c.add("certificate-forged", "the signer's certificate is not signed by its issuer", "RFC 5280 6.1.3 a", verdict{open, "NO_CERTIFICATE_CHAIN_FOUND", "B-T", "issued by"}, func(f *file) {
		mallory := *f.CA
		mallory.Key = pkixtest.ECKey(c.tb, "TEST mallory")
		same := *mallory.Certificate
		same.PublicKey = mallory.Key.Public()
		mallory.Certificate = &same
		f.Leaf = mallory.Leaf(c.tb, "TEST signer", f.Leaf.Key, from, to)
		f.Leaf.Issuer = f.CA
	})
	c.add("ca-ended", "the certificate of the signer's CA has ended at the control time, and nothing proves the evidence", "EN 319 102-1 5.2.6", verdict{open, "OUT_OF_BOUNDS_NO_POE", "B-LT", "a CA not valid at"}, func(f *file) {
		f.below(f.Root.CA(c.tb, "TEST CA that ended", from, half))
	})
}

// revoked makes evidence that speaks against the chain.
func (c *cases) revoked() {
	const clause = "EN 319 102-1 5.2.6, 5.5.4"
	c.add("signer-revoked", "the signer was revoked before the timestamp", clause, verdict{open, "REVOKED_NO_POE", "B-LT", "was revoked at"}, func(f *file) {
		f.ocsp(f.Leaf, revoked(noon.Add(-time.Hour), 1))
	})
	c.add("signer-revoked-unproved", "the signer was revoked after the claimed time, and there is no timestamp", clause, verdict{open, "REVOKED_NO_POE", "B-B", "was revoked at"}, func(f *file) {
		f.stamp = false
		f.ocsp(f.Leaf, revoked(noon.Add(time.Minute), 1))
	})
	c.add("signer-revoked-crl", "a CRL says that the signer was revoked before the timestamp", clause, verdict{open, "REVOKED_NO_POE", "B-LT", "said by CRL"}, func(f *file) {
		f.crl(f.Leaf, func(l *pkixtest.CRL) {
			l.Revoked = []x509.RevocationListEntry{{SerialNumber: f.Leaf.Certificate.SerialNumber, RevocationTime: noon.Add(-time.Hour)}}
		})
	})
	c.add("signer-on-hold", "the signer is suspended", "RFC 5280 5.3.1, EN 319 102-1 5.2.6", verdict{open, "TRY_LATER", "B-LT", "was revoked at"}, func(f *file) {
		f.ocsp(f.Leaf, revoked(noon.Add(-time.Hour), 6))
	})
	c.add("ca-revoked", "the signer's CA was revoked before the signature", clause, verdict{open, "REVOKED_CA_NO_POE", "B-LT", "was revoked at"}, func(f *file) {
		f.ocsp(f.CA, revoked(noon.Add(-time.Hour), 2))
	})
}
