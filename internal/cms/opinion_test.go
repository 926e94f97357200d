// SPDX-License-Identifier: Apache-2.0

package cms_test

import (
	"crypto"
	"crypto/x509"
	"errors"
	"testing"
	"time"

	"gsign/internal/cms"
	"gsign/internal/pkix/pkixtest"
)

// TestSecondOpinion agrees about what is built here, and notices each fact that is read differently.
func TestSecondOpinion(t *testing.T) {
	p := pkixtest.New(t, now)
	stamp := func(value []byte) []byte {
		return p.Token(t, crypto.SHA256, digestOf(crypto.SHA256, value), now.Add(time.Second))
	}
	der, err := signature(t, p.Leaf, []*x509.Certificate{p.Leaf.Certificate, p.CA.Certificate}, crypto.SHA256, crypto.SHA256, stamp).Marshal()
	if err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		change func(*cms.SignedData)
		check  string
	}{
		"agreed":    {func(*cms.SignedData) {}, ""},
		"signature": {func(sd *cms.SignedData) { sd.Signer.Signature = flip(sd.Signer.Signature) }, "A3"},
		"signer":    {func(sd *cms.SignedData) { sd.Signer.Certificate = p.CA.Certificate }, "A3"},
		"certificates": {func(sd *cms.SignedData) {
			sd.Certificates = sd.Certificates[1:]
		}, "A3"},
		"message-digest": {func(sd *cms.SignedData) {
			for i, a := range sd.Signer.Attributes {
				if a.Type.Equal(cms.OIDMessageDigest) {
					sd.Signer.Attributes[i].Values[0] = flip(a.Values[0])
				}
			}
		}, "A3"},
	} {
		t.Run(name, func(t *testing.T) {
			sd, err := cms.Parse(der)
			if err != nil {
				t.Fatal(err)
			}
			tt.change(sd)
			err = sd.SecondOpinion()
			if tt.check == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			var e *cms.Error
			if !errors.As(err, &e) || e.Check != tt.check {
				t.Errorf("want %s, got %v", tt.check, err)
			}
		})
	}
}
