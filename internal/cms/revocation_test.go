// SPDX-License-Identifier: Apache-2.0

package cms

import (
	"bytes"
	"testing"
	"time"

	"gsign/internal/pkix"
	"gsign/internal/pkix/pkixtest"
)

// FuzzRevocation reads evidence out of any CMS: of BER and of what is malformed.
func FuzzRevocation(f *testing.F) {
	at := time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)
	p := pkixtest.New(f, at)
	ocsp, crl := p.OCSP(f, p.Leaf, at), p.CRL(f, p.CA, at)
	for _, lists := range [][]byte{crl, nil} {
		f.Add(lists, ocsp)
	}
	f.Fuzz(func(t *testing.T, lists, value []byte) {
		sd := &SignedData{lists: lists}
		for _, oid := range [...][]int{OIDAdobeRevocation, OIDRevocationValues, OIDCertificateValues, OIDSigningTime} {
			a := Attribute{Type: oid, Values: [][]byte{value}}
			sd.Signer.Attributes, sd.Signer.Unsigned = append(sd.Signer.Attributes, a), append(sd.Signer.Unsigned, a)
		}
		ocsps, crls := sd.Revocation()
		for _, der := range ocsps {
			_, _, _ = pkix.ParseOCSP(der).SerialNumbers()
		}
		for _, der := range crls {
			pkix.ParseCRL(der).Issuer()
		}
		sd.MoreCertificates()
		sd.Signer.SigningTime()
		if len(lists) > 0 && bytes.Equal(lists, crl) && len(crls) == 0 {
			t.Error("the CRL was not found")
		}
	})
}
