// SPDX-License-Identifier: Apache-2.0

package sign

import (
	"bytes"
	"crypto/x509"
	"slices"

	"gsign/pkg/ltv"
	"gsign/pkg/verify"
)

// checkAnchor finds out before the money is spent whether the signer's chain ends at one of the pinned roots. Above
// B-T, a chain that the service did not send to its end is left to the evidence; below, nobody else looks.
func (d *document) checkAnchor() error {
	roots := d.job.Roots
	if len(roots) == 0 {
		return nil
	}
	chain := d.session.Certificates()
	last := chain[len(chain)-1]
	selfSigned := bytes.Equal(last.RawIssuer, last.RawSubject) && last.CheckSignatureFrom(last) == nil
	switch {
	case selfSigned && slices.ContainsFunc(roots, last.Equal):
		return nil
	case !selfSigned && d.job.Level >= verify.BLT:
		return nil
	case !selfSigned:
		pool, above := x509.NewCertPool(), x509.NewCertPool()
		for _, c := range roots {
			pool.AddCert(c)
		}
		for _, c := range slices.Concat(chain[1:], d.job.ExtraCerts) {
			above.AddCert(c)
		}
		_, err := chain[0].Verify(x509.VerifyOptions{Roots: pool, Intermediates: above, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny}})
		if err == nil {
			return nil
		}
	}
	return &ltv.IncompleteError{
		Certificate: chain[0].Subject.String(),
		Reason:      "its chain ends at " + last.Subject.String() + ", which is none of the trusted roots",
	}
}
