// SPDX-License-Identifier: Apache-2.0

package ltv

import (
	"crypto/x509"
	"time"

	"gsign/internal/pkix"
)

// CheckRevoked looks at the OCSP responses at hand before money is spent: a sound one that calls a certificate of the
// chain, end entity first, revoked is a [*RevokedError]. Responses that are not sound, or about other certificates, say
// nothing here; [Extend] judges them.
func CheckRevoked(chain []*x509.Certificate, ocspResponses [][]byte) error {
	for i := range len(chain) - 1 {
		for _, der := range ocspResponses {
			_, err := pkix.CheckOCSP(der, chain[i], chain[i+1], chain, time.Time{})
			if r := revoked(err, ""); r != nil {
				return r
			}
		}
	}
	return nil
}
