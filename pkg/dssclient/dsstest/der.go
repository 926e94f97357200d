// SPDX-License-Identifier: Apache-2.0

package dsstest

import (
	"crypto/rand"
	"crypto/sha1" // RFC 5280 section 4.2.1.2 (1) key identifiers and the ESSCertID of the real tokens
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"math/big"
	"time"

	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"
)

var (
	oidCountry      = asn1.ObjectIdentifier{2, 5, 4, 6}
	oidState        = asn1.ObjectIdentifier{2, 5, 4, 8}
	oidLocality     = asn1.ObjectIdentifier{2, 5, 4, 7}
	oidOrganization = asn1.ObjectIdentifier{2, 5, 4, 10}
	oidUnit         = asn1.ObjectIdentifier{2, 5, 4, 11}
	oidCommonName   = asn1.ObjectIdentifier{2, 5, 4, 3}
	oidEmail        = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 1}

	oidSubjectDirectoryAttributes = asn1.ObjectIdentifier{2, 5, 29, 9}
	oidSubjectKeyID               = asn1.ObjectIdentifier{2, 5, 29, 14}
	oidKeyUsage                   = asn1.ObjectIdentifier{2, 5, 29, 15}
	oidSubjectAltName             = asn1.ObjectIdentifier{2, 5, 29, 17}
	oidBasicConstraints           = asn1.ObjectIdentifier{2, 5, 29, 19}
	oidCRLDistributionPoints      = asn1.ObjectIdentifier{2, 5, 29, 31}
	oidCertificatePolicies        = asn1.ObjectIdentifier{2, 5, 29, 32}
	oidAuthorityKeyID             = asn1.ObjectIdentifier{2, 5, 29, 35}
	oidExtKeyUsage                = asn1.ObjectIdentifier{2, 5, 29, 37}
	oidAuthorityInfoAccess        = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 1, 1}
	oidOCSPNoCheck                = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 48, 1, 5}

	oidCPS           = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 2, 1}
	oidOCSP          = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 48, 1}
	oidCAIssuers     = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 48, 2}
	oidOCSPSigning   = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 3, 9}
	oidTimeStamping  = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 3, 8}
	oidClientAuth    = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 3, 2}
	oidServerAuth    = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 3, 1}
	oidAdobeAuthDocs = asn1.ObjectIdentifier{1, 2, 840, 113583, 1, 1, 5}

	// The real policies are 1.3.6.1.4.1.4146.1.26, .30 and .31; these hang below the example enterprise of RFC 5612.
	oidLeafPolicy    = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 32473, 1, 26}
	oidDemoTSAPolicy = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 32473, 1, 30}
	oidTSAPolicy     = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 32473, 1, 31}
)

// cpsURI stands where the real certificates name the service's repository.
const cpsURI = "https://sandbox.invalid/TEST/repository/"

// Key usage bits as RFC 5280 section 4.2.1.3 counts them, in the first octet.
const (
	usageDigitalSignature = 0x80
	usageNonRepudiation   = 0x40
	usageCertSign         = 0x04
	usageCRLSign          = 0x02
)

// build runs f on a new builder; the errors are mistakes of this package.
func build(f func(b *cryptobyte.Builder)) []byte {
	b := cryptobyte.NewBuilder(nil)
	f(b)
	return b.BytesOrPanic()
}

func sequence(b *cryptobyte.Builder, f cryptobyte.BuilderContinuation) {
	b.AddASN1(casn1.SEQUENCE, f)
}

func contextTag(n uint8) casn1.Tag     { return casn1.Tag(n).ContextSpecific() }
func constructedTag(n uint8) casn1.Tag { return casn1.Tag(n).ContextSpecific().Constructed() }

// An attribute is one relative distinguished name; value keeps its string type.
type attribute struct {
	oid   asn1.ObjectIdentifier
	tag   casn1.Tag
	value string
}

func printable(oid asn1.ObjectIdentifier, v string) attribute {
	return attribute{oid, casn1.PrintableString, v}
}

func utf8(oid asn1.ObjectIdentifier, v string) attribute { return attribute{oid, casn1.UTF8String, v} }

// distinguishedName encodes one attribute per RDN in the order given, as the service does.
func distinguishedName(attrs ...attribute) []byte {
	return build(func(b *cryptobyte.Builder) {
		sequence(b, func(b *cryptobyte.Builder) {
			for _, a := range attrs {
				b.AddASN1(casn1.SET, func(b *cryptobyte.Builder) {
					sequence(b, func(b *cryptobyte.Builder) {
						b.AddASN1ObjectIdentifier(a.oid)
						b.AddASN1(a.tag, func(b *cryptobyte.Builder) { b.AddBytes([]byte(a.value)) })
					})
				})
			}
		})
	})
}

func extension(oid asn1.ObjectIdentifier, critical bool, f func(b *cryptobyte.Builder)) pkix.Extension {
	return pkix.Extension{Id: oid, Critical: critical, Value: build(f)}
}

func keyUsage(bits byte) pkix.Extension {
	unused := 0
	for bits>>unused&1 == 0 {
		unused++
	}
	return extension(oidKeyUsage, true, func(b *cryptobyte.Builder) {
		b.AddASN1(casn1.BIT_STRING, func(b *cryptobyte.Builder) { b.AddBytes([]byte{byte(unused), bits}) })
	})
}

func extKeyUsage(critical bool, oids ...asn1.ObjectIdentifier) pkix.Extension {
	return extension(oidExtKeyUsage, critical, func(b *cryptobyte.Builder) {
		sequence(b, func(b *cryptobyte.Builder) {
			for _, oid := range oids {
				b.AddASN1ObjectIdentifier(oid)
			}
		})
	})
}

func basicConstraints(critical, ca bool) pkix.Extension {
	return extension(oidBasicConstraints, critical, func(b *cryptobyte.Builder) {
		sequence(b, func(b *cryptobyte.Builder) {
			if ca {
				b.AddASN1Boolean(true)
			}
		})
	})
}

func subjectKeyID(id []byte) pkix.Extension {
	return extension(oidSubjectKeyID, false, func(b *cryptobyte.Builder) { b.AddASN1OctetString(id) })
}

func authorityKeyID(id []byte) pkix.Extension {
	return extension(oidAuthorityKeyID, false, func(b *cryptobyte.Builder) {
		sequence(b, func(b *cryptobyte.Builder) {
			b.AddASN1(contextTag(0), func(b *cryptobyte.Builder) { b.AddBytes(id) })
		})
	})
}

func certificatePolicy(oid asn1.ObjectIdentifier) pkix.Extension {
	return extension(oidCertificatePolicies, false, func(b *cryptobyte.Builder) {
		sequence(b, func(b *cryptobyte.Builder) {
			sequence(b, func(b *cryptobyte.Builder) {
				b.AddASN1ObjectIdentifier(oid)
				sequence(b, func(b *cryptobyte.Builder) {
					sequence(b, func(b *cryptobyte.Builder) {
						b.AddASN1ObjectIdentifier(oidCPS)
						b.AddASN1(casn1.IA5String, func(b *cryptobyte.Builder) { b.AddBytes([]byte(cpsURI)) })
					})
				})
			})
		})
	})
}

// infoAccess lists caIssuers before OCSP, as the real TSA certificate does; an empty URL is left out.
func infoAccess(issuers, responder string) pkix.Extension {
	return extension(oidAuthorityInfoAccess, false, func(b *cryptobyte.Builder) {
		sequence(b, func(b *cryptobyte.Builder) {
			add := func(oid asn1.ObjectIdentifier, url string) {
				if url == "" {
					return
				}
				sequence(b, func(b *cryptobyte.Builder) {
					b.AddASN1ObjectIdentifier(oid)
					b.AddASN1(contextTag(6), func(b *cryptobyte.Builder) { b.AddBytes([]byte(url)) })
				})
			}
			add(oidCAIssuers, issuers)
			add(oidOCSP, responder)
		})
	})
}

func crlDistributionPoint(url string) pkix.Extension {
	return extension(oidCRLDistributionPoints, false, func(b *cryptobyte.Builder) {
		sequence(b, func(b *cryptobyte.Builder) {
			sequence(b, func(b *cryptobyte.Builder) {
				b.AddASN1(constructedTag(0), func(b *cryptobyte.Builder) {
					b.AddASN1(constructedTag(0), func(b *cryptobyte.Builder) {
						b.AddASN1(contextTag(6), func(b *cryptobyte.Builder) { b.AddBytes([]byte(url)) })
					})
				})
			})
		})
	})
}

func noCheck() pkix.Extension {
	return extension(oidOCSPNoCheck, false, func(b *cryptobyte.Builder) { b.AddASN1NULL() })
}

// keyID is the SHA-1 of the subjectPublicKey bits: key identifier and OCSP issuerKeyHash are the same thing.
func keyID(pub any) ([]byte, error) {
	spki, err := x509.MarshalPKIXPublicKey(pub)
	if err != nil {
		return nil, fmt.Errorf("encode public key: %w", err)
	}
	bits, err := publicKeyBits(spki)
	if err != nil {
		return nil, err
	}
	sum := sha1.Sum(bits)
	return sum[:], nil
}

// publicKeyBits cuts the subjectPublicKey out of a SubjectPublicKeyInfo.
func publicKeyBits(spki []byte) ([]byte, error) {
	var info struct {
		Algorithm pkix.AlgorithmIdentifier
		Key       asn1.BitString
	}
	if _, err := asn1.Unmarshal(spki, &info); err != nil {
		return nil, fmt.Errorf("read public key: %w", err)
	}
	return info.Key.RightAlign(), nil
}

// newSerial is n bytes long; the real leaves' serial numbers have 16 and begin with 01.
func newSerial(n int, first byte) *big.Int {
	b := make([]byte, n)
	_, _ = rand.Read(b)
	b[0] = first
	return new(big.Int).SetBytes(b)
}

// generalizedTime adds whole seconds in UTC.
func generalizedTime(b *cryptobyte.Builder, t time.Time) {
	b.AddASN1(casn1.GeneralizedTime, func(b *cryptobyte.Builder) {
		b.AddBytes([]byte(t.UTC().Format("20060102150405Z")))
	})
}
