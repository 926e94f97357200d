// SPDX-License-Identifier: Apache-2.0

package cms_test

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"runtime/debug"
	"slices"
	"testing"
	"time"

	"gsign/internal/cms"
	"gsign/internal/limits"
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

// TestSecondOpinionOfEmptyElements: digitorus/pkcs7 takes the end of an empty element of indefinite length for a child
// and nests what follows: four million of them would overflow its stack, which no recover stops.
func TestSecondOpinionOfEmptyElements(t *testing.T) {
	p := pkixtest.New(t, now)
	defer debug.SetMaxStack(debug.SetMaxStack(8 << 20))
	for _, size := range []int{limits.CMSOpinion, limits.MaxSignedData} {
		bomb := element(t, asn1.ClassContextSpecific, 1, bytes.Repeat([]byte{0x30, 0x80, 0, 0}, size/4-2048))
		sd, err := cms.Parse(withCRLs(t, good(p).Marshal(t), bomb))
		if err != nil {
			t.Fatal(err)
		}
		if err := sd.SecondOpinion(); err != nil {
			t.Error(err)
		}
		if err := sd.Verify(digest); err != nil {
			t.Error(err)
		}
	}
}

func element(t *testing.T, class, tag int, content ...[]byte) []byte {
	t.Helper()
	der, err := asn1.Marshal(asn1.RawValue{Class: class, Tag: tag, IsCompound: true, Bytes: bytes.Join(content, nil)})
	if err != nil {
		t.Fatal(err)
	}
	return der
}

// withCRLs puts a crls element before the signerInfos of a ContentInfo.
func withCRLs(t *testing.T, der, crls []byte) []byte {
	t.Helper()
	var info struct {
		Type    asn1.ObjectIdentifier
		Content []asn1.RawValue `asn1:"explicit,tag:0"`
	}
	if _, err := asn1.Unmarshal(der, &info); err != nil {
		t.Fatal(err)
	}
	var parts [][]byte
	for _, x := range info.Content {
		parts = append(parts, x.FullBytes)
	}
	parts = slices.Insert(parts, len(parts)-1, crls)
	oid, err := asn1.Marshal(info.Type)
	if err != nil {
		t.Fatal(err)
	}
	return element(t, 0, asn1.TagSequence, oid, element(t, asn1.ClassContextSpecific, 0, element(t, 0, asn1.TagSequence, parts...)))
}
