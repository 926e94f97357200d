// SPDX-License-Identifier: Apache-2.0

package inspect

import (
	"crypto"
	"crypto/x509"
	"time"

	"gsign/internal/cms"
	"gsign/internal/pkix"
	"gsign/pkg/pdfsig"
)

// Signature is a signature dictionary, and what its CMS says.
type Signature struct {
	pdfsig.Signature

	CMS     *CMS   // nil where there is none that can be read
	Problem string // why
}

// CMS is what a SignedData says, nothing of it checked.
type CMS struct {
	Bytes         int
	DER           bool
	Digest        string // "SHA-256"
	Algorithm     string // "RSA PKCS #1 v1.5", or the object identifier
	SigningTime   time.Time
	Signed        []string // names of the signed attributes
	Unsigned      []string
	Certificates  []*x509.Certificate
	Signer        *x509.Certificate // nil where it is not among them
	OCSPs, CRLs   int               // embedded
	Timestamps    []Token
	DocumentStamp *Token // of a document timestamp: itself
}

// Token is what a timestamp token says.
type Token struct {
	Time    time.Time
	Policy  string
	Serial  string
	Imprint string // name of the hash function
	TSA     *x509.Certificate
	Problem string
}

func signature(s *pdfsig.Signature) Signature {
	r := Signature{Signature: *s}
	if s.CMS == nil {
		r.Problem = "there is no CMS"
		return r
	}
	sd, err := cms.Parse(s.CMS)
	if s.Timestamp {
		var t *cms.Token
		t, err = cms.ParseToken(s.CMS)
		if err == nil {
			sd = t.SignedData
			r.CMS = facts(sd)
			stamp := token(t)
			r.CMS.DocumentStamp = &stamp
			return r
		}
	}
	if err != nil {
		r.Problem = err.Error()
		return r
	}
	r.CMS = facts(sd)
	return r
}

func facts(sd *cms.SignedData) *CMS {
	ocsps, crls := sd.Revocation()
	c := &CMS{
		Bytes: len(sd.Raw), DER: sd.IsDER, Digest: hashName(sd.Signer.DigestAlgorithm), Algorithm: algorithmName(sd.Signer.SignatureAlgorithm),
		SigningTime: sd.Signer.SigningTime(), Certificates: append(sd.Certificates, sd.MoreCertificates()...), Signer: sd.Signer.Certificate,
		OCSPs: len(ocsps), CRLs: len(crls), Signed: attributes(sd.Signer.Attributes), Unsigned: attributes(sd.Signer.Unsigned),
	}
	for _, der := range sd.Signer.TimestampTokens {
		t, err := cms.ParseToken(der)
		if err != nil {
			c.Timestamps = append(c.Timestamps, Token{Problem: err.Error()})
			continue
		}
		c.Timestamps = append(c.Timestamps, token(t))
	}
	return c
}

func token(t *cms.Token) Token {
	tsa := t.TSA
	if tsa == nil {
		tsa = t.Signer.Certificate
	}
	r := Token{Time: t.GenTime, Policy: t.Policy.String(), Imprint: hashName(t.Hash), TSA: tsa}
	if t.SerialNumber != nil {
		r.Serial = t.SerialNumber.Text(16)
	}
	return r
}

func hashName(h crypto.Hash) string {
	if h == 0 {
		return "unknown"
	}
	return h.String()
}

var algorithmNames = map[string]string{
	"1.2.840.113549.1.1.1": "RSA PKCS #1 v1.5", "1.2.840.113549.1.1.5": "RSA PKCS #1 v1.5 with SHA-1",
	"1.2.840.113549.1.1.11": "RSA PKCS #1 v1.5 with SHA-256", "1.2.840.113549.1.1.12": "RSA PKCS #1 v1.5 with SHA-384",
	"1.2.840.113549.1.1.13": "RSA PKCS #1 v1.5 with SHA-512", "1.2.840.113549.1.1.10": "RSASSA-PSS",
	"1.2.840.10045.2.1": "ECDSA", "1.2.840.10045.4.1": "ECDSA with SHA-1", "1.2.840.10045.4.3.2": "ECDSA with SHA-256",
	"1.2.840.10045.4.3.3": "ECDSA with SHA-384", "1.2.840.10045.4.3.4": "ECDSA with SHA-512", "1.3.101.112": "Ed25519", "1.3.101.113": "Ed448",
}

func algorithmName(a pkix.Algorithm) string {
	if name, ok := algorithmNames[a.OID.String()]; ok {
		return name
	}
	return a.OID.String()
}

var attributeNames = map[string]string{
	cms.OIDContentType.String(): "content-type", cms.OIDMessageDigest.String(): "message-digest", cms.OIDSigningTime.String(): "signing-time",
	cms.OIDCounterSignature.String(): "counter-signature", cms.OIDContentReference.String(): "content-reference",
	cms.OIDContentHints.String(): "content-hints", cms.OIDContentIdentifier.String(): "content-identifier",
	cms.OIDSigningCertificate.String(): "signing-certificate", cms.OIDSigningCertificateV2.String(): "signing-certificate-v2",
	cms.OIDSignatureTimeStamp.String(): "signature-time-stamp", cms.OIDSignaturePolicy.String(): "signature-policy",
	cms.OIDCommitmentType.String(): "commitment-type", cms.OIDSignerLocation.String(): "signer-location",
	cms.OIDSignerAttributes.String(): "signer-attributes-v2", cms.OIDAdobeRevocation.String(): "Adobe revocation information",
	cms.OIDCertificateValues.String(): "certificate-values", cms.OIDRevocationValues.String(): "revocation-values",
	cms.OIDAlgorithmProtection.String(): "algorithm-protection",
}

func attributes(all []cms.Attribute) []string {
	names := []string{}
	for _, a := range all {
		name, ok := attributeNames[a.Type.String()]
		if !ok {
			name = a.Type.String()
		}
		names = append(names, name)
	}
	return names
}
