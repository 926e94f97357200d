// SPDX-License-Identifier: Apache-2.0

package verify

import (
	"crypto"
	"crypto/x509"
	"strconv"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"

	"gsign/internal/pkix"
)

func quoted(name string) string { return strconv.Quote(name) }

func publicKey(c *x509.Certificate) crypto.PublicKey {
	if k := pkix.PublicKey(c); k != nil {
		return k
	}
	return struct{}{} // of a kind that is not known here
}

// bare checks adbe.x509.rsa_sha1: /Contents is an OCTET STRING with a PKCS #1 signature over the document, /Cert holds the
// certificates (ISO 32000-1 12.8.3.2). The name says SHA-1; the signature itself names its hash function, and others are used.
func (v *validator) bare(j *judged, digest func(crypto.Hash) ([]byte, error)) error {
	j.baseline = append(j.baseline, finding("A2", "EN 319 142-1 6.3 T17", "the sub-filter is not ETSI.CAdES.detached"))
	for i, der := range j.Signature.Certs {
		c, err := pkix.ParseCertificate(der)
		if err != nil {
			continue
		}
		v.material.certificate(c, j.Signature.RevisionEnd())
		if i == 0 {
			j.signer = c
		}
	}
	if j.signer == nil {
		j.wrong(with(Indeterminate, NoSigningCertificateFound, "B1", "ISO 32000-1 12.8.3.2, EN 319 102-1 5.2.3", "there is no /Cert that can be read"))
		return nil
	}
	s := cryptobyte.String(j.Signature.CMS)
	var signature cryptobyte.String
	if !s.ReadASN1(&signature, cbasn1.OCTET_STRING) {
		j.wrong(with(TotalFailed, FormatFailure, "A3", "ISO 32000-1 12.8.3.2", "/Contents is not an OCTET STRING"))
		return nil
	}
	for _, h := range []crypto.Hash{crypto.SHA1, crypto.SHA256, crypto.SHA384, crypto.SHA512} {
		sum, err := digest(h)
		if err != nil {
			return err
		}
		err = pkix.VerifyDigest(pkix.PublicKey(j.signer), pkix.Algorithm{OID: pkix.OIDRSA}, h, sum, signature)
		if err == nil {
			j.uses = append(j.uses, use{"signature", h, publicKey(j.signer), false})
			return nil
		}
	}
	j.wrong(with(TotalFailed, SigCryptoFailure, "B14", "ISO 32000-1 12.8.3.2, EN 319 102-1 5.2.7", "the signature is not that of %s over this document", pkix.Name(j.signer)))
	return nil
}
