// SPDX-License-Identifier: Apache-2.0

package pkix

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"fmt"

	"golang.org/x/crypto/cryptobyte"
)

// VerifyDigest verifies a signature over a message of which only the digest is known: a CMS without signed attributes, or
// a bare PKCS #1 signature. Otherwise it is [VerifySignature].
func VerifyDigest(public crypto.PublicKey, alg Algorithm, digest crypto.Hash, sum, signature []byte) error {
	for _, s := range signatures {
		if !s.oid.Equal(alg.OID) {
			continue
		}
		h, salt := s.hash, 0
		if s.scheme == pss {
			var err error
			if h, salt, err = pssParameters(alg.Parameters); err != nil {
				return err
			}
		}
		if h == 0 {
			h = digest
		}
		if h != digest || len(sum) != h.Size() {
			return fmt.Errorf("signature algorithm uses %v but the digest algorithm is %v", h, digest)
		}
		switch k := public.(type) {
		case *rsa.PublicKey:
			if s.scheme == pkcs1v15 {
				return rsa.VerifyPKCS1v15(k, h, sum, signature)
			}
			if s.scheme == pss && salt > 0 {
				return rsa.VerifyPSS(k, h, sum, signature, &rsa.PSSOptions{SaltLength: salt})
			}
		case *ecdsa.PublicKey:
			if s.scheme == ecdsaDER {
				if !ecdsa.VerifyASN1(k, sum, signature) {
					return errors.New("ECDSA verification error")
				}
				return nil
			}
		}
		return fmt.Errorf("signature algorithm does not fit the key, a %T", public)
	}
	return fmt.Errorf("signature algorithm %v is %w", alg.OID, ErrUnknownAlgorithm)
}

// OIDRSA is PKCS #1 v1.5 with whatever hash function is told elsewhere.
var OIDRSA = oidRSA

// CertificateAlgorithm returns the algorithm by which a certificate is signed.
func CertificateAlgorithm(c *x509.Certificate) Algorithm {
	s := cryptobyte.String(c.Raw)
	var seq cryptobyte.String
	var a Algorithm
	if !s.ReadASN1(&seq, 0x30) || !seq.SkipASN1(0x30) || !ReadAlgorithm(&seq, &a) {
		return Algorithm{}
	}
	return a
}

// IsPSS reports whether the algorithm is RSASSA-PSS.
func (a Algorithm) IsPSS() bool { return a.OID.Equal(OIDRSAPSS) }
