// SPDX-License-Identifier: Apache-2.0

package cms

import (
	"crypto/x509"
	"encoding/asn1"
	"time"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"

	"gsign/internal/limits"
	"gsign/internal/pkix"
)

var oidOtherOCSP = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 16, 2} // id-ri-ocsp-response (RFC 5940)

// Revocation returns the OCSP responses and CRLs that the SignedData carries: in its field crls (RFC 5652 section
// 10.2.1, RFC 5940), in adbe-revocationInfoArchival (ISO 32000-2 section 12.8.3.3.2) and in revocation-values (EN
// 319 122-1). What is malformed is passed over: it is evidence for nothing.
func (sd *SignedData) Revocation() (ocsps, crls [][]byte) {
	for s := cryptobyte.String(sd.lists); !s.Empty() && len(crls)+len(ocsps) < limits.MaxCertificates; {
		var element, inner cryptobyte.String
		var tag cbasn1.Tag
		var oid asn1.ObjectIdentifier
		if !s.ReadAnyASN1Element(&element, &tag) {
			break
		}
		if tag == cbasn1.SEQUENCE {
			crls = append(crls, element)
		} else if element.ReadASN1(&inner, explicit(1)) && inner.ReadASN1ObjectIdentifier(&oid) && oid.Equal(oidOtherOCSP) {
			ocsps = append(ocsps, inner)
		}
	}
	for _, attrs := range [][]Attribute{sd.Signer.Attributes, sd.Signer.Unsigned} {
		for _, v := range values(attrs, OIDAdobeRevocation) {
			l, o := revocationLists(v)
			crls, ocsps = append(crls, l...), append(ocsps, o...)
		}
		for _, v := range values(attrs, OIDRevocationValues) {
			l, o := revocationLists(v)
			crls = append(crls, l...)
			for _, basic := range o {
				if der, err := pkix.WrapOCSP(basic); err == nil {
					ocsps = append(ocsps, der)
				}
			}
		}
	}
	return ocsps, crls
}

// revocationLists reads the two lists that both attributes begin with: CRLs at [0] and OCSP responses at [1].
func revocationLists(der []byte) (crls, ocsps [][]byte) {
	s := cryptobyte.String(der)
	var seq cryptobyte.String
	if !s.ReadASN1(&seq, cbasn1.SEQUENCE) {
		return nil, nil
	}
	for n, list := range []*[][]byte{&crls, &ocsps} {
		var outer, inner cryptobyte.String
		var present bool
		if !seq.ReadOptionalASN1(&outer, &present, explicit(uint8(n))) {
			return crls, ocsps
		}
		if !present || !outer.ReadASN1(&inner, cbasn1.SEQUENCE) {
			continue
		}
		for !inner.Empty() && len(*list) < limits.MaxCertificates {
			var element cryptobyte.String
			if !inner.ReadASN1Element(&element, cbasn1.SEQUENCE) {
				break
			}
			*list = append(*list, element)
		}
	}
	return crls, ocsps
}

// MoreCertificates returns those of the certificate-values attribute (EN 319 122-1).
func (sd *SignedData) MoreCertificates() []*x509.Certificate {
	var all []*x509.Certificate
	for _, v := range values(sd.Signer.Unsigned, OIDCertificateValues) {
		s := cryptobyte.String(v)
		var seq cryptobyte.String
		if !s.ReadASN1(&seq, cbasn1.SEQUENCE) {
			continue
		}
		if certs, err := pkix.ReadCertificates(seq); err == nil {
			all = append(all, certs...)
		}
	}
	return all
}

// SigningTime returns the time that the signer claims, zero where none is.
func (si *SignerInfo) SigningTime() time.Time {
	v := si.Attribute(OIDSigningTime)
	if len(v) != 1 {
		return time.Time{}
	}
	s := cryptobyte.String(v[0])
	var t time.Time
	if s.PeekASN1Tag(cbasn1.UTCTime) {
		if !s.ReadASN1UTCTime(&t) {
			return time.Time{}
		}
	} else if !s.ReadASN1GeneralizedTime(&t) {
		return time.Time{}
	}
	return t.UTC()
}
