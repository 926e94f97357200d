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
	closed := selfSigned(last)
	switch {
	case closed && slices.ContainsFunc(roots, last.Equal):
		return nil
	case !closed && d.job.Level >= verify.BLT:
		return nil
	case !closed:
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
	return unanchored(chain[0], last)
}

// rehearseAnchor is checkAnchor without an identity: what the trust chain ends at, where the service sends it to its
// end.
func (d *document) rehearseAnchor(trust []*x509.Certificate) error {
	var top *x509.Certificate
	for _, c := range trust {
		if !selfSigned(c) {
			continue
		}
		if top = c; slices.ContainsFunc(d.job.Roots, c.Equal) {
			return nil
		}
	}
	if top == nil || len(d.job.Roots) == 0 {
		return nil
	}
	return unanchored(trust[0], top)
}

func selfSigned(c *x509.Certificate) bool {
	return bytes.Equal(c.RawIssuer, c.RawSubject) && c.CheckSignatureFrom(c) == nil
}

func unanchored(of, last *x509.Certificate) error {
	return &ltv.IncompleteError{
		Certificate: of.Subject.String(),
		Reason:      "its chain ends at " + last.Subject.String() + ", which is none of the trusted roots",
	}
}
