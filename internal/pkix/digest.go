// SPDX-License-Identifier: Apache-2.0

package pkix

import (
	"crypto"
	"crypto/x509"
	"fmt"

	"golang.org/x/crypto/cryptobyte"
)

// VerifyDigest verifies a signature over a message of which only the digest is known: a CMS without signed attributes, or
// a bare PKCS #1 signature. Otherwise it is [VerifySignature].
func VerifyDigest(public crypto.PublicKey, alg Algorithm, digest crypto.Hash, sum, signature []byte) error {
	s, h, salt, err := resolve(alg, digest)
	if err != nil {
		return err
	}
	if h != digest || len(sum) != h.Size() {
		return fmt.Errorf("a digest of %d bytes is none of %v", len(sum), h)
	}
	return verifySum(public, s, h, salt, sum, signature)
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
