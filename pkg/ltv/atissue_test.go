// SPDX-License-Identifier: Apache-2.0

package ltv

import (
	"crypto/x509"
	"errors"
	"testing"
	"time"

	"gsign/internal/pkix/pkixtest"
)

func TestCheckRevoked(t *testing.T) {
	now := time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)
	p := pkixtest.New(t, now)
	answer := func(status int, about *pkixtest.Entity, at time.Time) []byte {
		r := p.ResponderOf(about.Issuer)
		o := pkixtest.OCSP{
			Singles: []pkixtest.Single{{
				Certificate: about.Certificate, Issuer: about.Issuer.Certificate, Status: status, RevokedAt: at,
				ThisUpdate: now.Add(time.Second), NextUpdate: now.Add(time.Hour),
			}},
			Responder: r, ProducedAt: now.Add(time.Second), Certificates: []*x509.Certificate{r.Certificate},
		}
		return o.Marshal(t)
	}
	forged := answer(pkixtest.Revoked, p.Leaf, now)
	forged[len(forged)/2] ^= 1
	for name, tt := range map[string]struct {
		der     []byte
		revoked bool
	}{
		"good":          {answer(pkixtest.Good, p.Leaf, time.Time{}), false},
		"leaf revoked":  {answer(pkixtest.Revoked, p.Leaf, now), true},
		"CA revoked":    {answer(pkixtest.Revoked, p.CA, now), true},
		"TSA revoked":   {answer(pkixtest.Revoked, p.TSA, now), false}, // not of this chain
		"forged":        {forged, false},
		"not an answer": {[]byte("hello"), false},
	} {
		t.Run(name, func(t *testing.T) {
			err := CheckRevoked(p.Chain(), [][]byte{tt.der})
			var r *RevokedError
			if errors.As(err, &r) != tt.revoked {
				t.Errorf("got %v", err)
			}
		})
	}
}
