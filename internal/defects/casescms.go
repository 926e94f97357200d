// SPDX-License-Identifier: Apache-2.0

package defects

import (
	"bytes"
	"crypto"
	"crypto/md5"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/big"
	"slices"
	"time"

	"gsign/internal/pkix/pkixtest"
)

type algorithm = pkix.AlgorithmIdentifier

const clauseCrypto = "RFC 5652 5.6, EN 319 102-1 5.2.7"

// values makes signatures that are not those of the document, or of the signer.
func (c *cases) values() {
	c.add("digest-wrong", "the message-digest attribute is the digest of other bytes", clauseCrypto, verdict{failed, "HASH_FAILURE", "none", "message digest differs"}, func(f *file) {
		f.attrs = func(d []byte) [][]byte {
			return f.three(broken(d), pkixtest.SigningCertificateV2(crypto.SHA256, f.Leaf.Certificate))
		}
	})
	crypt := func(finding string) verdict { return verdict{failed, "SIG_CRYPTO_FAILURE", "none", finding} }
	c.add("signature-wrong", "the signature value is not one of the signer's key over the attributes", clauseCrypto, crypt("signature of"), func(f *file) {
		f.sd = func(sd *pkixtest.SignedData) { sd.Break = true }
	})
	c.add("attributes-changed", "a signed attribute was changed after it was signed", clauseCrypto, crypt("signature of"), func(f *file) {
		f.attrs = func(d []byte) [][]byte {
			intent := element(0x30, der(asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 6, 1}))
			return append(f.three(d, pkixtest.SigningCertificateV2(crypto.SHA256, f.Leaf.Certificate)), pkixtest.Attribute(idCommitment, intent))
		}
		f.cms = func(b []byte) []byte {
			was := der(asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 6, 1})
			return bytes.Replace(b, was, der(asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 6, 5}), 1)
		}
	})
	c.add("key-other", "the signature is by another key than the certificate's", clauseCrypto, crypt("signature of"), func(f *file) {
		f.sd = func(sd *pkixtest.SignedData) {
			sd.Sign = signer(c.tb, pkixtest.ECKey(c.tb, "TEST somebody else"), crypto.SHA256, false)
		}
	})
	c.add("order-as-written", "attributes are not in the order of DER, and the signature is over them as they are written", "RFC 5652 5.4", crypt("signature of"), func(f *file) {
		f.sd = func(sd *pkixtest.SignedData) {
			sd.KeepOrder = true
			slices.SortFunc(sd.Attributes, func(a, b []byte) int { return bytes.Compare(b, a) })
		}
	})
	c.add("digests-disagree", "digestAlgorithm is SHA-256 and signatureAlgorithm is ecdsa-with-SHA384", "RFC 8933 3, 4", crypt("the digest algorithm is"), func(f *file) {
		f.sd = func(sd *pkixtest.SignedData) { sd.Sign = signer(c.tb, f.Leaf.Key, crypto.SHA384, false) }
	})
	c.add("signature-empty", "the signature value has no bytes", clauseCrypto, crypt("signature of"), func(f *file) {
		f.sd = func(sd *pkixtest.SignedData) {
			sd.Sign = func([]byte) (algorithm, []byte) { return algorithm{Algorithm: oidEC[crypto.SHA256]}, []byte{} }
		}
	})
	c.add("signature-other-document", "signed attributes, signature and timestamp are those of another document", clauseCrypto, verdict{failed, "HASH_FAILURE", "none", "message digest differs"}, func(f *file) {
		f.value = func(document []byte) []byte { return f.signed(append(bytes.Clone(document), ' ')) }
	})
}

// attributes makes signed attributes that are missing, twice, or say something else.
func (c *cases) attributes() {
	format := func(finding string) verdict { return verdict{failed, "FORMAT_FAILURE", "none", finding} }
	with := func(f *file, change func(all [][]byte) [][]byte) {
		f.attrs = func(d []byte) [][]byte {
			return change(f.three(d, pkixtest.SigningCertificateV2(crypto.SHA256, f.Leaf.Certificate)))
		}
	}
	c.add("attribute-twice", "the message-digest attribute is there twice", "RFC 5652 5.3, 11.2", format("twice"), func(f *file) {
		with(f, func(all [][]byte) [][]byte { return append(all, all[1]) })
	})
	c.add("attribute-two-values", "the message-digest attribute has two values", "RFC 5652 11.2", format("with 2 values"), func(f *file) {
		f.attrs = func(d []byte) [][]byte {
			all := f.three(d, pkixtest.SigningCertificateV2(crypto.SHA256, f.Leaf.Certificate))
			all[1] = pkixtest.Attribute(pkixtest.IDMessageDigest, der(d), der(broken(d)))
			return all
		}
	})
	c.add("attribute-no-value", "the content-type attribute has no value", "RFC 5652 11.1", format("without a value"), func(f *file) {
		with(f, func(all [][]byte) [][]byte { return append(all[1:], pkixtest.Attribute(pkixtest.IDContentType)) })
	})
	c.add("content-type-missing", "there is no content-type attribute", "RFC 5652 11.1", format("no content-type attribute"), func(f *file) {
		with(f, func(all [][]byte) [][]byte { return all[1:] })
	})
	c.add("content-type-other", "the content-type attribute names another type than the content has", "RFC 5652 11.1", format("content-type attribute"), func(f *file) {
		with(f, func(all [][]byte) [][]byte { return append(all[1:], pkixtest.ContentType(pkixtest.IDTSTInfo)) })
	})
	c.add("message-digest-missing", "there is no message-digest attribute", "RFC 5652 11.2", format("no message-digest attribute"), func(f *file) {
		with(f, func(all [][]byte) [][]byte { return [][]byte{all[0], all[2]} })
	})
	c.add("signing-certificate-missing", "there is no signing-certificate attribute: plain CMS in a PAdES signature", "EN 319 142-1 6.3 T08-T10",
		verdict{passed, "", "none", "no signing-certificate attribute"}, func(f *file) {
			with(f, func(all [][]byte) [][]byte { return all[:2] })
		})
	named := func(finding string) verdict { return verdict{open, "NO_SIGNING_CERTIFICATE_FOUND", "none", finding} }
	c.add("signing-certificate-other", "the signing-certificate attribute is of another certificate", "EN 319 102-1 5.2.3.4, EN 319 122-1 5.2.2", named("names another certificate"), func(f *file) {
		f.attrs = func(d []byte) [][]byte {
			return f.three(d, pkixtest.SigningCertificateV2(crypto.SHA256, f.CA.Certificate))
		}
	})
	c.add("signing-certificate-both", "signing-certificate is of the signer and signing-certificate-v2 of another certificate", "EN 319 122-1 5.2.2", named("names another certificate"), func(f *file) {
		f.attrs = func(d []byte) [][]byte {
			return f.three(d, pkixtest.SigningCertificate(f.Leaf.Certificate), pkixtest.SigningCertificateV2(crypto.SHA256, f.CA.Certificate))
		}
	})
	c.add("signing-certificate-serial", "the serial number in the signing-certificate attribute is another", "EN 319 122-1 5.2.2.3: a hint only", verdict{passed, "", "B-LT", ""}, func(f *file) {
		f.attrs = func(d []byte) [][]byte { return f.three(d, essWithSerial(f.Leaf.Certificate, big.NewInt(7))) }
	})
	c.add("signing-time", "a signing-time attribute is there, which PAdES forbids", "EN 319 142-1 6.3 T11", verdict{passed, "", "none", "1.2.840.113549.1.9.5"}, func(f *file) {
		with(f, func(all [][]byte) [][]byte {
			return append(all, pkixtest.Attribute(pkixtest.IDSigningTime, der(noon)))
		})
	})
	c.add("protection-other", "cms-algorithm-protection names another digest algorithm", "RFC 6211 3.1", verdict{failed, "SIG_CRYPTO_FAILURE", "none", "cms-algorithm-protection"}, func(f *file) {
		with(f, func(all [][]byte) [][]byte {
			return append(all, protection(oidHash[crypto.SHA512], oidEC[crypto.SHA256]))
		})
	})
}

// containers makes SignedData and dictionaries of the wrong shape.
func (c *cases) containers() {
	format := func(finding string) verdict { return verdict{failed, "FORMAT_FAILURE", "none", finding} }
	sd := func(change func(sd *pkixtest.SignedData)) func(f *file) { return func(f *file) { f.sd = change } }
	c.add("signers-none", "the SignedData has no signer", "EN 319 142-1 6.3, RFC 5652 5.1", format("no signer"), sd(func(sd *pkixtest.SignedData) { sd.Signers = -1 }))
	c.add("signers-two", "the SignedData has two signers", "ISO 32000-2 12.8.3.3.1, EN 319 142-1 4.1", format("more than one signer"), sd(func(sd *pkixtest.SignedData) { sd.Signers = 2 }))
	c.add("certificate-missing", "the signer's certificate is nowhere in the file", "EN 319 142-1 6.3 T01, EN 319 102-1 5.2.3",
		verdict{open, "NO_SIGNING_CERTIFICATE_FOUND", "none", "certificate is not in the signature"}, func(f *file) {
			f.chain = []*x509.Certificate{f.CA.Certificate, f.Root.Certificate}
		})
	c.add("trailing-garbage", "bytes other than zeros follow the CMS", "ISO 32000-2 12.8.1, EN 319 142-1 5.1", format("data other than zeros"), func(f *file) {
		f.cms = func(b []byte) []byte { return append(b, "garbage"...) }
	})
	c.add("odd-hex", "/Contents has an odd number of digits", "ISO 32000-2 12.8.1", format("even number of hex digits"), func(f *file) { f.contents = "<%X0>" })
	c.add("content-enclosed", "the document's digest is inside the CMS of a detached signature", "EN 319 142-1 6.3 T14, ISO 32000-2 12.8.3.3.1", format("is the content inside"), func(f *file) {
		f.value = func(document []byte) []byte { return f.enclosed(document) }
	})
	c.add("contents-no-cms", "/Contents is an OCTET STRING and no CMS", "RFC 5652 3", format("cannot be read"), func(f *file) {
		f.value = func([]byte) []byte { return der(make([]byte, 64)) }
	})
	c.add("contents-data", "/Contents is a ContentInfo of type id-data", "RFC 5652 3", format("is not SignedData"), func(f *file) {
		f.value = func([]byte) []byte { return element(0x30, der(pkixtest.IDData), element(0xa0, der(make([]byte, 64)))) }
	})
	c.add("contents-zeros", "/Contents is zeros: a placeholder that was never filled", "ISO 32000-2 12.8.1", format("malformed ContentInfo"), func(f *file) {
		f.value = func([]byte) []byte { return make([]byte, 64) }
	})
	c.add("contents-name", "/Contents is a name and no string", "ISO 32000-2 Table 255", format("not a string"), func(f *file) { f.contents = "/A%X" })
	c.add("contents-truncated", "the CMS is cut off", "RFC 5652 3", format("truncated"), func(f *file) {
		f.cms = func(b []byte) []byte { return b[:len(b)-100] }
	})
	c.add("subfilter-unknown", "the sub-filter is none that is defined", "ISO 32000-2 Table 255", verdict{open, "SIG_CONSTRAINTS_FAILURE", "none", "sub-filter"}, func(f *file) {
		f.subFilter = "TEST.unknown"
	})
	c.add("subfilter-token", "a CMS signature is called a timestamp", "ISO 32000-2 12.8.5", format("token cannot be read"), func(f *file) { f.subFilter = "ETSI.RFC3161" })
	c.add("cert-entry", "there is a /Cert, which PAdES forbids", "EN 319 142-1 6.3 T22", verdict{passed, "", "none", "/Cert"}, func(f *file) { f.dict = "/Cert <3000>" })
	c.add("no-m", "no time is claimed: there is no /M", "EN 319 142-1 6.3 T11", verdict{open, "SIG_CONSTRAINTS_FAILURE", "none", "no time of signing is claimed"}, func(f *file) { f.noM = true })
	c.add("m-outside", "the claimed time is before the signer's certificate", "EN 319 102-1 5.2.8", verdict{open, "SIG_CONSTRAINTS_FAILURE", "B-LT", "time of signing that is claimed"}, func(f *file) {
		f.noM = true
		f.dict = "/M (D:" + before.Add(-24*time.Hour).Format("20060102150405") + "Z)"
	})
	c.add("type-other", "/Type is /Other", "ISO 32000-2 Table 255", verdict{passed, "", "none", "/Type is not /Sig"}, func(f *file) { f.typ = "Other" })
}

// weak makes signatures with algorithms that had ended.
func (c *cases) weak() {
	ended := func(level, finding string) verdict {
		return verdict{open, "CRYPTO_CONSTRAINTS_FAILURE_NO_POE", level, finding}
	}
	c.add("md5", "the digest algorithm is MD5", "TS 119 312 5.2, EN 319 102-1 5.2.8", verdict{open, "CRYPTO_CONSTRAINTS_FAILURE", "none", "1.2.840.113549.2.5"}, func(f *file) {
		f.key(pkixtest.RSAKey(c.tb, "TEST signer"))
		f.value = func(document []byte) []byte {
			f.attrs = func([]byte) [][]byte {
				d := md5.Sum(document)
				return f.three(d[:], pkixtest.SigningCertificateV2(crypto.SHA256, f.Leaf.Certificate))
			}
			f.sd = func(sd *pkixtest.SignedData) {
				sd.Hash = crypto.MD5
				sd.Sign = signer(c.tb, f.Leaf.Key, crypto.MD5, false)
			}
			return f.signed(document)
		}
	})
	c.add("sha1", "signed with SHA-1, long after its end", "TS 119 312 5.2, EN 319 102-1 5.2.8", ended("B-LT", "SHA-1 was reliable until"), func(f *file) { f.hash = crypto.SHA1 })
	c.add("rsa-1024", "the signer's RSA key has 1024 bits", "TS 119 312 6.2, EN 319 102-1 5.2.8", ended("B-LT", "1024 bits"), func(f *file) { f.key(rsaKey(c.tb, 1024)) })
	c.add("unknown-algorithm", "the signature algorithm is one that nobody knows", "EN 319 102-1 5.2.8", verdict{open, "CRYPTO_CONSTRAINTS_FAILURE", "none", "1.3.6.1.4.1.99999.1"}, func(f *file) {
		f.sd = func(sd *pkixtest.SignedData) {
			sd.Sign = func([]byte) (algorithm, []byte) { return algorithm{Algorithm: idUnknown}, make([]byte, 64) }
		}
	})
}
