// SPDX-License-Identifier: Apache-2.0

package cms

import (
	"bytes"
	"crypto"
	"encoding/asn1"
	"math/big"
	"testing"
	"time"

	"gsign/internal/pkix"
	"gsign/internal/pkix/pkixtest"
)

// TestOtherToken reads every shape of a TSTInfo, and does not ask whether it verifies.
func TestOtherToken(t *testing.T) {
	at := time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)
	p := pkixtest.New(t, at)
	imprint := make([]byte, 32)
	more := func(elements ...asn1.RawValue) func([]byte) []byte {
		return func(info []byte) []byte {
			var seq asn1.RawValue
			if _, err := asn1.Unmarshal(info, &seq); err != nil {
				t.Fatal(err)
			}
			for _, e := range elements {
				der, err := asn1.Marshal(e)
				if err != nil {
					t.Fatal(err)
				}
				seq.Bytes = append(seq.Bytes, der...)
			}
			der, err := asn1.Marshal(asn1.RawValue{Tag: asn1.TagSequence, IsCompound: true, Bytes: seq.Bytes})
			if err != nil {
				t.Fatal(err)
			}
			return der
		}
	}
	tsa := asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: 0, IsCompound: true, Bytes: []byte{0x84, 2, 0x30, 0}}
	extensions := asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: 1, IsCompound: true}
	ordering := asn1.RawValue{Tag: asn1.TagBoolean, Bytes: []byte{0xff}}
	for name, token := range map[string]pkixtest.Token{
		"plain":      {},
		"accuracy":   {Accuracy: 2},
		"nonce":      {Nonce: big.NewInt(77)},
		"both":       {Accuracy: 2, Nonce: big.NewInt(77)},
		"ordering":   {MutateInfo: more(ordering)},
		"tsa":        {Accuracy: 1, MutateInfo: more(tsa)},
		"extensions": {Nonce: big.NewInt(7), MutateInfo: more(tsa, extensions)},
		"forged":     {Mutate: func(sd *pkixtest.SignedData) { sd.Attributes[1] = pkixtest.MessageDigest(imprint) }},
	} {
		t.Run(name, func(t *testing.T) {
			token.TSA, token.Hash, token.Imprint, token.GenTime = p.TSA, crypto.SHA256, imprint, at
			der := token.Marshal(t)
			ours, err := ParseToken(der)
			if err != nil {
				t.Fatal(err)
			}
			other, err := otherToken(der)
			if err != nil {
				t.Fatal(err)
			}
			if !other.Time.Equal(ours.GenTime) || other.SerialNumber.Cmp(ours.SerialNumber) != 0 || !bytes.Equal(other.Imprint.Hashed, imprint) ||
				pkix.HashByOID(other.Imprint.Hash.Algorithm) != crypto.SHA256 {
				t.Errorf("%+v", other)
			}
		})
	}
}
