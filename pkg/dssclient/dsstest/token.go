// SPDX-License-Identifier: Apache-2.0

package dsstest

import (
	"crypto"
	"crypto/sha1" // ESSCertID version 1, as in every real token
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"fmt"
	"time"

	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"
)

var (
	oidSignedData         = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 2}
	oidData               = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 1}
	oidTSTInfo            = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 1, 4}
	oidContentType        = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 3}
	oidMessageDigest      = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 4}
	oidSigningTime        = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 5}
	oidSigningCertificate = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 2, 12}
)

// A stamp is one timestamp token before it is signed.
type stamp struct {
	tsa          *x509.Certificate
	key          crypto.Signer
	policy       asn1.ObjectIdentifier
	accuracy     bool // the demo TSA states none
	imprint      []byte
	genTime      time.Time
	fraction     bool
	certificates []*x509.Certificate
	badSignature bool
}

// token encodes the TimeStampToken: SignedData version 3 with SHA-256, no nonce, the TSA named, and signing-time.
func (s *stamp) token() ([]byte, error) {
	info := s.info()
	attrs := s.signedAttributes(info)
	sig, err := signSHA256(s.key, build(func(b *cryptobyte.Builder) { b.AddASN1(casn1.SET, add(attrs)) }))
	if err != nil {
		return nil, fmt.Errorf("sign timestamp token: %w", err)
	}
	if s.badSignature {
		sig[len(sig)/2] ^= 1
	}
	return build(func(b *cryptobyte.Builder) {
		sequence(b, func(b *cryptobyte.Builder) {
			b.AddASN1ObjectIdentifier(oidSignedData)
			b.AddASN1(constructedTag(0), func(b *cryptobyte.Builder) {
				sequence(b, func(b *cryptobyte.Builder) {
					b.AddASN1Int64(3)
					b.AddASN1(casn1.SET, func(b *cryptobyte.Builder) { addHashAlgorithm(b, oidSHA256, false) })
					sequence(b, func(b *cryptobyte.Builder) {
						b.AddASN1ObjectIdentifier(oidTSTInfo)
						b.AddASN1(constructedTag(0), func(b *cryptobyte.Builder) { b.AddASN1OctetString(info) })
					})
					addCertificates(b, s.certificates)
					b.AddASN1(casn1.SET, func(b *cryptobyte.Builder) { s.addSignerInfo(b, attrs, sig) })
				})
			})
		})
	}), nil
}

func add(der []byte) cryptobyte.BuilderContinuation {
	return func(b *cryptobyte.Builder) { b.AddBytes(der) }
}

func addCertificates(b *cryptobyte.Builder, certs []*x509.Certificate) {
	if len(certs) == 0 {
		return
	}
	b.AddASN1(constructedTag(0), func(b *cryptobyte.Builder) {
		for _, c := range certs {
			b.AddBytes(c.Raw)
		}
	})
}

func (s *stamp) addSignerInfo(b *cryptobyte.Builder, attrs, sig []byte) {
	sequence(b, func(b *cryptobyte.Builder) {
		b.AddASN1Int64(1)
		sequence(b, func(b *cryptobyte.Builder) {
			b.AddBytes(s.tsa.RawIssuer)
			b.AddASN1BigInt(s.tsa.SerialNumber)
		})
		addHashAlgorithm(b, oidSHA256, false)
		b.AddASN1(constructedTag(0), add(attrs))
		addSignatureAlgorithm(b, s.key)
		b.AddASN1OctetString(sig)
	})
}

// info encodes the TSTInfo of RFC 3161 section 2.4.2.
func (s *stamp) info() []byte {
	return build(func(b *cryptobyte.Builder) {
		sequence(b, func(b *cryptobyte.Builder) {
			b.AddASN1Int64(1)
			b.AddASN1ObjectIdentifier(s.policy)
			sequence(b, func(b *cryptobyte.Builder) {
				addHashAlgorithm(b, oidSHA256, true)
				b.AddASN1OctetString(s.imprint)
			})
			b.AddASN1BigInt(newSerial(16, 0x09)) // 124 bits
			layout := "20060102150405Z"
			if s.fraction {
				layout = "20060102150405.999Z" // DER: no trailing zeros
			}
			b.AddASN1(casn1.GeneralizedTime, func(b *cryptobyte.Builder) {
				b.AddBytes([]byte(s.genTime.UTC().Format(layout)))
			})
			if s.accuracy {
				sequence(b, func(b *cryptobyte.Builder) { b.AddASN1Int64(1) })
			}
			b.AddASN1(constructedTag(0), func(b *cryptobyte.Builder) {
				b.AddASN1(constructedTag(4), add(s.tsa.RawSubject))
			})
		})
	})
}

// signedAttributes are content-type, signing-time, message-digest and signingCertificate: in this order their
// encodings are sorted, as DER asks of a SET OF.
func (s *stamp) signedAttributes(info []byte) []byte {
	digest := sha256.Sum256(info)
	attr := func(b *cryptobyte.Builder, oid asn1.ObjectIdentifier, value cryptobyte.BuilderContinuation) {
		sequence(b, func(b *cryptobyte.Builder) {
			b.AddASN1ObjectIdentifier(oid)
			b.AddASN1(casn1.SET, value)
		})
	}
	return build(func(b *cryptobyte.Builder) {
		attr(b, oidContentType, func(b *cryptobyte.Builder) { b.AddASN1ObjectIdentifier(oidTSTInfo) })
		attr(b, oidSigningTime, func(b *cryptobyte.Builder) { b.AddASN1UTCTime(s.genTime.UTC()) })
		attr(b, oidMessageDigest, func(b *cryptobyte.Builder) { b.AddASN1OctetString(digest[:]) })
		attr(b, oidSigningCertificate, s.signingCertificate)
	})
}

// signingCertificate is the SigningCertificate of RFC 2634 section 5.4 with one ESSCertID.
func (s *stamp) signingCertificate(b *cryptobyte.Builder) {
	sum := sha1.Sum(s.tsa.Raw)
	sequence(b, func(b *cryptobyte.Builder) {
		sequence(b, func(b *cryptobyte.Builder) {
			sequence(b, func(b *cryptobyte.Builder) {
				b.AddASN1OctetString(sum[:])
				sequence(b, func(b *cryptobyte.Builder) {
					sequence(b, func(b *cryptobyte.Builder) {
						b.AddASN1(constructedTag(4), add(s.tsa.RawIssuer))
					})
					b.AddASN1BigInt(s.tsa.SerialNumber)
				})
			})
		})
	})
}

// asResponse wraps a token into a granted TimeStampResp.
func asResponse(token []byte) []byte {
	return build(func(b *cryptobyte.Builder) {
		sequence(b, func(b *cryptobyte.Builder) {
			sequence(b, func(b *cryptobyte.Builder) { b.AddASN1Int64(0) })
			b.AddBytes(token)
		})
	})
}

// certificateBundle is a certs-only SignedData, the .p7c of RFC 5280 section 4.2.2.1.
func certificateBundle(certs ...*x509.Certificate) []byte {
	return build(func(b *cryptobyte.Builder) {
		sequence(b, func(b *cryptobyte.Builder) {
			b.AddASN1ObjectIdentifier(oidSignedData)
			b.AddASN1(constructedTag(0), func(b *cryptobyte.Builder) {
				sequence(b, func(b *cryptobyte.Builder) {
					b.AddASN1Int64(1)
					b.AddASN1(casn1.SET, func(*cryptobyte.Builder) {})
					sequence(b, func(b *cryptobyte.Builder) { b.AddASN1ObjectIdentifier(oidData) })
					addCertificates(b, certs)
					b.AddASN1(casn1.SET, func(*cryptobyte.Builder) {})
				})
			})
		})
	})
}
