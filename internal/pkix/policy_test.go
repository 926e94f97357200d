// SPDX-License-Identifier: Apache-2.0

package pkix_test

import (
	"crypto"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"strings"
	"testing"

	"gsign/internal/pkix"
	"gsign/internal/pkix/pkixtest"
)

// F9: a CA that demands an explicit policy is obeyed, and only that demand makes policies count.
func TestBuildChainPolicies(t *testing.T) {
	from, to := now.Add(-year), now.Add(year)
	root := pkixtest.Root(t, "TEST root", from, to)
	explicit := pkixtest.Extension(asn1.ObjectIdentifier{2, 5, 29, 36}, true, []byte{0x30, 3, 0x80, 1, 0})
	policy := func(n byte) pkixtest.Option { // 1.2.n
		return pkixtest.Extension(asn1.ObjectIdentifier{2, 5, 29, 32}, false, []byte{0x30, 6, 0x30, 4, 6, 2, 0x2a, n})
	}
	for _, tt := range []struct {
		name     string
		ca, leaf []pkixtest.Option
		complete bool
	}{
		{"no policies", nil, nil, true},
		{"policies that differ", []pkixtest.Option{policy(1)}, []pkixtest.Option{policy(2)}, true},
		{"the policy demanded", []pkixtest.Option{explicit, policy(1)}, []pkixtest.Option{policy(1)}, true},
		{"another than the policy demanded", []pkixtest.Option{explicit, policy(1)}, []pkixtest.Option{policy(2)}, false},
		{"none where one is demanded", []pkixtest.Option{explicit, policy(1)}, nil, false},
		{"demanded by a CA that has none", []pkixtest.Option{explicit}, []pkixtest.Option{policy(1)}, false},
		{"demanded by the leaf of itself", nil, []pkixtest.Option{explicit, policy(1)}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			ca := root.CA(t, "TEST CA", from, to, tt.ca...)
			leaf := ca.Leaf(t, "TEST leaf", pkixtest.ECKey(t, "TEST leaf"), now, now, tt.leaf...) // times do not count
			chain, err := pkix.BuildChain(leaf.Certificate, []*x509.Certificate{ca.Certificate, root.Certificate})
			if err != nil || chain.Complete != tt.complete {
				t.Fatalf("complete %v: %v, %v", chain.Complete, chain.Problem, err)
			}
			if !tt.complete && (len(chain.Certificates) != 3 || !strings.Contains(chain.Problem.Error(), "policies do not fit (F9)")) {
				t.Errorf("%d certificates, problem %v", len(chain.Certificates), chain.Problem)
			}
		})
	}
}

// F9: a certificate of version 1 says nothing about being a CA, so it is one as an anchor only (RFC 5280 section
// 6.1.4 k).
func TestBuildChainVersion1(t *testing.T) {
	from, to := now.Add(-year), now.Add(year)
	root := pkixtest.Root(t, "TEST root", from, to)
	ca := root.CA(t, "TEST CA", from, to)
	leaf := ca.Leaf(t, "TEST leaf", pkixtest.ECKey(t, "TEST leaf"), from, to).Certificate
	oldRoot, oldCA := version1(t, root.Certificate, root.Key), version1(t, ca.Certificate, root.Key)
	for _, tt := range []struct {
		name     string
		pool     []*x509.Certificate
		anchors  []*x509.Certificate
		complete bool
	}{
		{"as CA", []*x509.Certificate{oldCA, root.Certificate}, nil, false},
		{"as root", []*x509.Certificate{ca.Certificate, oldRoot}, nil, true},
		{"as anchor", nil, []*x509.Certificate{oldCA}, true},
	} {
		chain, err := pkix.BuildChainWith(leaf, tt.pool, &pkix.ChainOptions{Anchors: tt.anchors})
		if err != nil || chain.Complete != tt.complete {
			t.Errorf("%s: complete %v: %v, %v", tt.name, chain.Complete, chain.Problem, err)
		}
	}
}

// version1 makes the same certificate without version and extensions.
func version1(t *testing.T, c *x509.Certificate, issuer crypto.Signer) *x509.Certificate {
	t.Helper()
	var all, kept []asn1.RawValue
	if _, err := asn1.Unmarshal(c.RawTBSCertificate, &all); err != nil {
		t.Fatal(err)
	}
	for _, x := range all {
		if x.Class != asn1.ClassContextSpecific {
			kept = append(kept, x)
		}
	}
	marshal := func(v any) []byte {
		der, err := asn1.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		return der
	}
	tbs := marshal(kept)
	sum := sha256.Sum256(tbs)
	sig, err := issuer.Sign(rand.Reader, sum[:], crypto.SHA256)
	if err != nil {
		t.Fatal(err)
	}
	bits := marshal(asn1.BitString{Bytes: sig, BitLength: 8 * len(sig)})
	der := marshal([]asn1.RawValue{{FullBytes: tbs}, {FullBytes: kept[1].FullBytes}, {FullBytes: bits}})
	made, err := x509.ParseCertificate(der)
	if err != nil || made.Version != 1 {
		t.Fatalf("version 1 certificate: %v", err)
	}
	return made
}
