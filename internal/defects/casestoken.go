// SPDX-License-Identifier: Apache-2.0

package defects

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"encoding/asn1"
	"time"

	"gsign/internal/pkix/pkixtest"
)

// tokens makes signature timestamps that prove nothing. The signer's certificate has ended at the control time, so that the
// signature rests on its timestamp.
func (c *cases) tokens() {
	unproved := func(finding string) verdict { return verdict{open, "OUT_OF_BOUNDS_NOT_REVOKED", "B-B", finding} }
	add := func(name, defect, clause, finding string, change func(f *file, t *pkixtest.Token)) {
		c.add("token-"+name, defect, clause, unproved(finding), func(f *file) {
			f.short()
			f.token = func(t *pkixtest.Token) { change(f, t) }
		})
	}
	sd := func(change func(sd *pkixtest.SignedData)) func(*file, *pkixtest.Token) {
		return func(_ *file, t *pkixtest.Token) { t.Mutate = change }
	}
	add("other-value", "the timestamp is over another value than the signature", "EN 319 122-1 5.3", "imprint differs", func(_ *file, t *pkixtest.Token) {
		t.Imprint = broken(t.Imprint)
	})
	add("signature-wrong", "the signature of the timestamp is damaged", "RFC 3161 2.4.2, RFC 5652 5.6", "signature of", sd(func(sd *pkixtest.SignedData) { sd.Break = true }))
	add("key-other", "the timestamp is signed by another key than the authority's", "RFC 3161 2.4.2, RFC 5652 5.6", "signature of", sd(func(sd *pkixtest.SignedData) {
		sd.Sign = signer(c.tb, pkixtest.ECKey(c.tb, "TEST somebody else"), crypto.SHA256, false)
	}))
	add("digest-wrong", "the message digest of the timestamp is of other bytes", "RFC 5652 5.6", "message digest differs", sd(func(sd *pkixtest.SignedData) {
		sd.Attributes[1] = pkixtest.MessageDigest(make([]byte, 32))
	}))
	add("certificate-other", "the signing-certificate attribute of the timestamp is of another certificate", "RFC 3161 2.4.1, RFC 5816 2.2", "names another certificate", sd(func(sd *pkixtest.SignedData) {
		sd.Attributes[2] = pkixtest.SigningCertificateV2(crypto.SHA256, c.pki.TSACA.Certificate)
	}))
	add("certificate-unnamed", "the timestamp has no signing-certificate attribute", "RFC 3161 2.4.2", "no signing-certificate attribute", sd(func(sd *pkixtest.SignedData) {
		sd.Attributes = sd.Attributes[:2]
	}))
	add("content-type", "the timestamp is a SignedData over id-data", "RFC 3161 2.4.2", "content type", sd(func(sd *pkixtest.SignedData) {
		sd.ContentType = pkixtest.IDData
		sd.Attributes[0] = pkixtest.ContentType(pkixtest.IDData)
	}))
	add("two-signers", "the timestamp has two signers", "RFC 3161 2.4.2", "more than one signer", sd(func(sd *pkixtest.SignedData) { sd.Signers = 2 }))
	add("version", "the TSTInfo is of version 2", "RFC 3161 2.4.2", "malformed TSTInfo", func(_ *file, t *pkixtest.Token) {
		t.MutateInfo = func(b []byte) []byte { return bytes.Replace(b, []byte{2, 1, 1}, []byte{2, 1, 2}, 1) }
	})
	add("imprint-length", "the imprint is shorter than its hash function makes it", "RFC 3161 2.4.1", "imprint of the wrong length", func(_ *file, t *pkixtest.Token) {
		t.Imprint = t.Imprint[:31]
	})
	add("imprint-unknown", "the imprint is made by a hash function that nobody knows", "RFC 3161 2.4.1", "unknown hash algorithm", func(_ *file, t *pkixtest.Token) {
		t.MutateInfo = func(b []byte) []byte {
			return bytes.Replace(b, der(oidHash[crypto.SHA256]), der(asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 99}), 1)
		}
	})
	c.add("token-imprint-sha1", "the imprint is a SHA-1, long after its end", "TS 119 312 5.2, EN 319 102-1 5.2.8",
		verdict{open, "OUT_OF_BOUNDS_NOT_REVOKED", "B-LT", "SHA-1 was reliable until"}, func(f *file) {
			f.short()
			f.token = func(t *pkixtest.Token) { t.Hash, t.Imprint = crypto.SHA1, sum(crypto.SHA1, *f.signature) }
		})
	add("future", "the timestamp is of the day after the control time", "EN 319 102-1 5.4.4", "from the future", func(_ *file, t *pkixtest.Token) {
		t.GenTime = control.Add(24 * time.Hour)
	})
	c.add("token-garbage", "the timestamp cannot be read", "EN 319 122-1 5.3", unproved("cannot be read"), func(f *file) {
		f.short()
		f.tokenDER = func([]byte) []byte { return element(0x30, der("garbage")) }
	})
}

// contents makes content timestamps: the signature was made after them.
func (c *cases) contents() {
	const clause = "EN 319 102-1 5.3.4"
	fail := func(sub, finding string) verdict { return verdict{failed, sub, "none", finding} }
	at := func(when time.Time) func(t *pkixtest.Token) {
		return func(t *pkixtest.Token) { t.GenTime = when }
	}
	c.good("content-timestamp", "a timestamp over the document is among the signed attributes", "B-LT", func(f *file) { f.content = at(noon.Add(-time.Minute)) })
	c.add("content-timestamp-expired", "a content timestamp proves that the signature was made after the signer's certificate had ended", clause, fail("EXPIRED", "before its signature was made"), func(f *file) {
		f.leaf(before, noon.Add(-time.Hour))
		f.content = at(noon.Add(-time.Minute))
	})
	c.add("content-timestamp-revoked", "a content timestamp proves that the signature was made after the signer was revoked", clause, fail("REVOKED", "before its signature was made"), func(f *file) {
		f.ocsp(f.Leaf, revoked(noon.Add(-time.Hour), 1))
		f.content = at(noon.Add(-time.Minute))
	})
	c.add("content-timestamp-order", "the content timestamp is younger than the signature's", "EN 319 102-1 5.5.4 step 5", verdict{open, "TIMESTAMP_ORDER_FAILURE", "B-LT", "before that"}, func(f *file) {
		f.content = at(noon.Add(20 * time.Minute))
	})
	c.add("content-timestamp-other-value", "the content timestamp is over other bytes, and the signer had been revoked", "EN 319 122-1 5.2.8", verdict{open, "REVOKED_NO_POE", "B-LT", "was revoked at"}, func(f *file) {
		f.ocsp(f.Leaf, revoked(noon.Add(-time.Hour), 1))
		f.content = func(t *pkixtest.Token) { t.Imprint = broken(t.Imprint) }
	})
}

// authorities makes timestamps by those who may not, or not any more.
func (c *cases) authorities() {
	unproved := func(level, finding string) verdict { return verdict{open, "OUT_OF_BOUNDS_NOT_REVOKED", level, finding} }
	add := func(name, defect, clause string, want verdict, change func(f *file)) {
		c.add("tsa-"+name, defect, clause, want, func(f *file) {
			f.short()
			change(f)
		})
	}
	const clause = "RFC 3161 2.3"
	add("usage-not-critical", "the authority's extended key usage is not critical", clause, unproved("B-B", "not critical"), func(f *file) {
		f.tsa(before, after, pkixtest.EKU(false, idTimeStamping))
	})
	add("usage-two", "the authority's extended key usage has a second purpose", clause, unproved("B-B", "timeStamping alone"), func(f *file) {
		f.tsa(before, after, pkixtest.EKU(true, idTimeStamping, asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 3, 4}))
	})
	add("usage-none", "the authority has no extended key usage", clause, unproved("B-B", "no extended key usage"), func(f *file) {
		f.tsa(before, after, pkixtest.EKU(true))
	})
	add("ended", "the authority's certificate had ended at the time of the timestamp", "RFC 3161 2.3, EN 319 102-1 5.4.4", unproved("B-B", "not valid at"), func(f *file) {
		f.tsa(before, noon)
	})
	add("not-yet", "the authority's certificate had not begun at the time of the timestamp", "RFC 3161 2.3, EN 319 102-1 5.4.4", unproved("B-B", "not valid at"), func(f *file) {
		f.tsa(stamped.Add(time.Minute), after)
	})
	add("revoked", "the authority was revoked before the timestamp", "EN 319 102-1 5.4.4, 5.2.6", unproved("B-LT", "was revoked at"), func(f *file) {
		f.ocsp(f.TSA, revoked(noon.Add(-time.Hour), 1))
	})
	add("root-unknown", "the authority's root is not trusted", "EN 319 102-1 5.4.4, 5.2.6", unproved("B-LT", "which is none of the roots given"), func(f *file) {
		f.TSARoot = pkixtest.Root(c.tb, "TEST unknown time root", before, after)
		f.TSARootResponder = f.TSARoot.Responder(c.tb, "TEST unknown time root responder", true, before, after)
		f.TSACA = f.TSARoot.CA(c.tb, "TEST CA below an unknown time root", before, after)
		f.TSAResponder = f.TSACA.Responder(c.tb, "TEST unknown time responder", true, before, after)
		f.tsa(before, after)
	})
	add("certificate-missing", "the authority's certificate is nowhere in the file", "RFC 3161 2.4.1", unproved("B-B", "neither in the token nor known"), func(f *file) {
		f.token = func(t *pkixtest.Token) {
			t.Certificates = []*x509.Certificate{f.TSACA.Certificate, f.TSARoot.Certificate}
		}
	})
	add("no-evidence", "there is no evidence about the authority", "EN 319 102-1 5.4.4, 5.2.6", unproved("B-T", "no revocation evidence"), func(f *file) {
		f.entities = []*pkixtest.Entity{f.Leaf, f.CA, f.TSACA}
	})
	add("rsa-1024", "the authority's RSA key has 1024 bits", "TS 119 312 6.2, EN 319 102-1 5.2.8", unproved("B-LT", "1024 bits"), func(f *file) {
		f.TSA = f.TSACA.TSA(c.tb, "TEST time authority", rsaKey(c.tb, 1024), before, after)
	})
}

// stamps makes document timestamps that prove nothing. What covers the archive has ended at the control time but for them.
func (c *cases) stamps() {
	bad := func(sub, finding string) verdict { return verdict{failed, sub, "B-LT", finding} }
	add := func(name, defect, clause string, want verdict, change func(f *file)) {
		c.add("document-timestamp-"+name, defect, clause, want, func(f *file) {
			f.archive = 1
			change(f)
		})
	}
	const clause = "ISO 32000-2 12.8.5.2, RFC 3161 2.4.2"
	add("other-value", "the imprint of the document timestamp is of other bytes", clause, bad("HASH_FAILURE", "imprint differs"), func(f *file) {
		f.docToken = func(t *pkixtest.Token) { t.Imprint = broken(t.Imprint) }
	})
	add("range", "the /ByteRange of the document timestamp leaves out more than its /Contents", clause, bad("FORMAT_FAILURE", "ByteRange"), func(f *file) {
		f.docRange = func(start, end, size int) [4]int { return [4]int{0, start - 20, end, size - end} }
	})
	add("signature-wrong", "the signature of the document timestamp is damaged", clause, bad("SIG_CRYPTO_FAILURE", "signature of"), func(f *file) {
		f.docToken = func(t *pkixtest.Token) { t.Mutate = func(sd *pkixtest.SignedData) { sd.Break = true } }
	})
	add("usage", "the authority of the document timestamp has no extended key usage", "RFC 3161 2.3", verdict{open, "CHAIN_CONSTRAINTS_FAILURE", "B-LT", "no extended key usage"}, func(f *file) {
		other := f.TSACA.TSA(c.tb, "TEST second authority", pkixtest.ECKey(c.tb, "TEST second authority"), before, after, pkixtest.EKU(true))
		f.docToken = func(t *pkixtest.Token) {
			t.TSA, t.Certificates = other, []*x509.Certificate{other.Certificate, f.TSACA.Certificate, f.TSARoot.Certificate}
		}
	})
	add("certificate-missing", "the certificate of the document timestamp's authority is nowhere in the file", "RFC 3161 2.4.1, EN 319 102-1 5.2.3", verdict{open, "NO_SIGNING_CERTIFICATE_FOUND", "B-LT", "neither in the token nor known"}, func(f *file) {
		other := f.TSACA.TSA(c.tb, "TEST second authority", pkixtest.ECKey(c.tb, "TEST second authority"), before, after)
		f.docToken = func(t *pkixtest.Token) { t.TSA, t.Certificates = other, []*x509.Certificate{f.TSACA.Certificate} }
	})
	add("certificate-other", "the signing-certificate attribute of the document timestamp is of another certificate", "RFC 3161 2.4.1, RFC 5816 2.2", verdict{open, "NO_SIGNING_CERTIFICATE_FOUND", "B-LT", "names another certificate"}, func(f *file) {
		f.docToken = func(t *pkixtest.Token) {
			t.Mutate = func(sd *pkixtest.SignedData) {
				sd.Attributes[2] = pkixtest.SigningCertificateV2(crypto.SHA256, c.pki.TSACA.Certificate)
			}
		}
	})
	add("algorithm-unknown", "the signature algorithm of the document timestamp is one that nobody knows", "EN 319 102-1 5.2.8", verdict{open, "CRYPTO_CONSTRAINTS_FAILURE", "B-LT", "1.3.6.1.4.1.99999.1"}, func(f *file) {
		f.docToken = func(t *pkixtest.Token) {
			t.Mutate = func(sd *pkixtest.SignedData) {
				sd.Sign = func([]byte) (algorithm, []byte) { return algorithm{Algorithm: idUnknown}, make([]byte, 64) }
			}
		}
	})
	add("imprint-unknown", "the imprint of the document timestamp is made by a hash function that nobody knows", "EN 319 102-1 5.2.8", verdict{open, "CRYPTO_CONSTRAINTS_FAILURE", "B-LT", "unknown hash algorithm"}, func(f *file) {
		f.docToken = func(t *pkixtest.Token) {
			t.MutateInfo = func(b []byte) []byte {
				return bytes.Replace(b, der(oidHash[crypto.SHA256]), der(asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 99}), 1)
			}
		}
	})
	add("future", "the document timestamp is of the day after the control time", "EN 319 102-1 5.4.4", verdict{open, "TIMESTAMP_ORDER_FAILURE", "B-LT", "from the future"}, func(f *file) {
		f.docToken = func(t *pkixtest.Token) { t.GenTime = control.Add(24 * time.Hour) }
	})
	add("order", "the document timestamp is older than the signature's", "EN 319 102-1 5.5.4 step 5", verdict{open, "TIMESTAMP_ORDER_FAILURE", "B-LTA", "before that"}, func(f *file) {
		f.docToken = func(t *pkixtest.Token) { t.GenTime = noon.Add(-30 * time.Minute) }
	})
	add("subfilter", "the token is called a CMS signature", "ISO 32000-2 12.8.5", bad("FORMAT_FAILURE", "the sub-filter of a document timestamp"), func(f *file) {
		f.docDict = "/Type /DocTimeStamp /SubFilter /ETSI.CAdES.detached"
	})
	add("imprint-sha1", "the imprint of the document timestamp is a SHA-1, long after its end", "TS 119 312 5.2, EN 319 102-1 5.2.8", verdict{open, "CRYPTO_CONSTRAINTS_FAILURE_NO_POE", "B-LTA", "SHA-1 was reliable until"}, func(f *file) {
		f.docHash = crypto.SHA1
	})
}
