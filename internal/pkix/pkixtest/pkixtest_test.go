// SPDX-License-Identifier: Apache-2.0

package pkixtest_test

import (
	"crypto"
	"crypto/sha256"
	"crypto/x509"
	"testing"
	"time"

	"github.com/digitorus/timestamp"
	"golang.org/x/crypto/ocsp"

	"gsign/internal/pkix/pkixtest"
)

// What this package makes is read back by other people's parsers.
func TestReadByOthers(t *testing.T) {
	now := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	p := pkixtest.New(t, now)

	response, err := ocsp.ParseResponseForCert(p.OCSP(t, p.Leaf, now), p.Leaf.Certificate, p.CA.Certificate)
	if err != nil {
		t.Fatal(err)
	}
	if response.Status != ocsp.Good || !response.ThisUpdate.Equal(now) {
		t.Errorf("OCSP response: status %d, thisUpdate %s", response.Status, response.ThisUpdate)
	}

	list, err := x509.ParseRevocationList(p.CRL(t, p.CA, now))
	if err != nil {
		t.Fatal(err)
	}
	if err := list.CheckSignatureFrom(p.CA.Certificate); err != nil {
		t.Error(err)
	}

	digest := sha256.Sum256([]byte("x"))
	for _, v1 := range []bool{true, false} {
		der := pkixtest.Token{TSA: p.TSA, Hash: crypto.SHA256, Imprint: digest[:], GenTime: now, ESSv1: v1, Accuracy: 1}.Marshal(t)
		token, err := timestamp.Parse(der)
		if err != nil {
			t.Fatal(err)
		}
		if !token.Time.Equal(now) || token.Accuracy != time.Second {
			t.Errorf("token: genTime %s, accuracy %s", token.Time, token.Accuracy)
		}
	}
}

func TestChains(t *testing.T) {
	p := pkixtest.New(t, time.Now())
	for _, chain := range [][]*x509.Certificate{p.Chain(), p.TSAChain()} {
		for i := range chain {
			if err := chain[i].CheckSignatureFrom(chain[min(i+1, len(chain)-1)]); err != nil {
				t.Errorf("certificate %d: %v", i, err)
			}
		}
	}
}
