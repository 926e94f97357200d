// SPDX-License-Identifier: Apache-2.0

package pkix

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/binary"
	"testing"

	"gsign/internal/limits"
)

// What was found good is good again; what differs in any part is not, however often it is asked.
func TestSignaturesAreRememberedWhole(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	other, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	message := []byte("a message")
	sum := sha256.Sum256(message)
	signature, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum[:])
	if err != nil {
		t.Fatal(err)
	}
	changed := bytes.Clone(signature)
	changed[7] ^= 1
	for range 2 { // the second time from memory
		if err := VerifySignature(&key.PublicKey, Algorithm{OID: OIDSHA256WithRSA}, 0, message, signature); err != nil {
			t.Fatal(err)
		}
		for name, err := range map[string]error{
			"key":       VerifySignature(&other.PublicKey, Algorithm{OID: OIDSHA256WithRSA}, 0, message, signature),
			"exponent":  VerifySignature(&rsa.PublicKey{N: key.N, E: 3}, Algorithm{OID: OIDSHA256WithRSA}, 0, message, signature),
			"hash":      VerifySignature(&key.PublicKey, Algorithm{OID: oidRSA}, crypto.SHA384, message, signature),
			"message":   VerifySignature(&key.PublicKey, Algorithm{OID: OIDSHA256WithRSA}, 0, message[1:], signature),
			"signature": VerifySignature(&key.PublicKey, Algorithm{OID: OIDSHA256WithRSA}, 0, message, changed),
			"shift":     VerifySignature(&key.PublicKey, Algorithm{OID: OIDSHA256WithRSA}, 0, append(message, signature[0]), signature[1:]),
			"no key":    VerifySignature(nil, Algorithm{OID: OIDSHA256WithRSA}, 0, message, signature),
		} {
			if err == nil {
				t.Errorf("another %s verifies", name)
			}
		}
	}
}

func TestKeyBytes(t *testing.T) {
	seen := map[string]bool{}
	add := func(k crypto.PublicKey) {
		b := string(keyBytes(k))
		if b == "" || seen[b] {
			t.Errorf("%T: nothing, or the same as another key", k)
		}
		seen[b] = true
	}
	for _, c := range []elliptic.Curve{elliptic.P256(), elliptic.P384(), elliptic.P521()} {
		k, err := ecdsa.GenerateKey(c, rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		add(&k.PublicKey)
	}
	ed, _, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	add(ed)
	for _, none := range []crypto.PublicKey{nil, 7, &rsa.PublicKey{}} {
		if keyBytes(none) != nil {
			t.Errorf("%T gives bytes", none)
		}
	}
}

// The memory is bounded, and what is used stays.
func TestMemoryIsBounded(t *testing.T) {
	var m memory
	used := question("used")
	m.add(used)
	first := question("filler", make([]byte, 1000))
	for i := range 5 * limits.SignaturesRemembered / 1000 {
		q := question("filler", append(binary.BigEndian.AppendUint64(nil, uint64(i)), first[len(first)-992:]...))
		m.add(q)
		m.add(q)
		if i%100 == 0 && !m.has(used) {
			t.Fatalf("forgotten after %d", i)
		}
	}
	n := 0
	for _, all := range []map[string]struct{}{m.now, m.old} {
		for q := range all {
			n += len(q)
		}
	}
	if n > 2*limits.SignaturesRemembered || n < limits.SignaturesRemembered {
		t.Errorf("%d bytes are remembered", n)
	}
	if m.has(first) {
		t.Error("the oldest is still there")
	}
	long := question("long", make([]byte, limits.SignatureRemembered))
	m.add(long)
	if m.has(long) {
		t.Error("a long one is remembered")
	}
}

// A certificate that was put together has no bytes: what is found about one says nothing about the next.
func TestCertificatesWithoutBytesAreNotRemembered(t *testing.T) {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	message := []byte("to be signed")
	good := x509.Certificate{
		PublicKey: public, PublicKeyAlgorithm: x509.Ed25519, SignatureAlgorithm: x509.PureEd25519,
		RawTBSCertificate: message, Signature: ed25519.Sign(private, message),
		IsCA: true, BasicConstraintsValid: true, Version: 3,
	}
	bad := good
	bad.RawTBSCertificate = []byte("something else")
	if err := IssuedBy(&good, &good); err != nil || !SelfSigned(&good) {
		t.Fatalf("the good one is not: %v", err)
	}
	if err := IssuedBy(&bad, &good); err == nil || SelfSigned(&bad) {
		t.Errorf("another signature is taken for a good one: %v", err)
	}
}
