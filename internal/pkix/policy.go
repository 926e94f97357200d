// SPDX-License-Identifier: Apache-2.0

package pkix

import (
	"crypto/x509"
	"errors"
)

// checkPolicies is RFC 5280 section 6.1 about policies, for a path whose last certificate is the anchor: where a CA
// demands an explicit policy (policyConstraints), one must hold all the way down. Nobody here asks for certain policies,
// so a path without that demand is good whatever policies it names.
//
// The policy tree is that of crypto/x509, which knows policyConstraints, policyMappings and inhibitAnyPolicy and so
// never reports them as unknown critical extensions. It is shown copies without all that is checked elsewhere: times,
// path lengths and names.
func checkPolicies(path []*x509.Certificate) error {
	demanded := false
	for _, c := range path[:len(path)-1] {
		demanded = demanded || c.RequireExplicitPolicy > 0 || c.RequireExplicitPolicyZero
	}
	if !demanded {
		return nil
	}
	opts := x509.VerifyOptions{
		Roots: x509.NewCertPool(), Intermediates: x509.NewCertPool(), CurrentTime: path[0].NotAfter,
		KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny},
	}
	var leaf *x509.Certificate
	for i, original := range path {
		c := *original
		c.NotBefore, c.NotAfter, c.MaxPathLen, c.MaxPathLenZero = opts.CurrentTime, opts.CurrentTime, -1, false
		c.Extensions, c.UnhandledCriticalExtensions = nil, nil
		if i+1 < len(path) {
			c.RawIssuer = path[i+1].RawSubject // equal already, but perhaps not byte by byte
		}
		switch i {
		case 0:
			leaf = &c
		case len(path) - 1:
			opts.Roots.AddCert(&c)
		default:
			opts.Intermediates.AddCert(&c)
		}
	}
	if _, err := leaf.Verify(opts); err != nil {
		return errors.New("a CA demands an explicit policy and the certificate policies do not fit")
	}
	return nil
}
