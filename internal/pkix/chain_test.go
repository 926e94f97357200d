// SPDX-License-Identifier: Apache-2.0

package pkix_test

import (
	"crypto/x509"
	"encoding/asn1"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gsign/internal/limits"
	"gsign/internal/pkix"
	"gsign/internal/pkix/pkixtest"
)

const year = 365 * 24 * time.Hour

func names(certs []*x509.Certificate) []string {
	var out []string
	for _, c := range certs {
		out = append(out, c.Subject.CommonName+" by "+c.Issuer.CommonName)
	}
	return out
}

// shuffled calls f with the pool in many orders.
func shuffled(pool []*x509.Certificate, f func([]*x509.Certificate)) {
	rng := rand.New(rand.NewPCG(3, 4))
	for range 20 {
		p := slices.Clone(pool)
		rng.Shuffle(len(p), func(i, j int) { p[i], p[j] = p[j], p[i] })
		f(p)
	}
}

func TestBuildChain(t *testing.T) {
	p := pkixtest.New(t, now)
	from, to := now.Add(-year), now.Add(year)
	old := pkixtest.Root(t, "TEST old root", from, to)
	cross := old.CrossSign(t, p.Root, from, to)
	loop := p.CA.CrossSign(t, p.Root, from, to) // the root issued by its own subordinate
	namesake := pkixtest.Root(t, "TEST namesake", from, to, func(c *x509.Certificate) { c.RawSubject = p.CA.Certificate.RawSubject })
	noHint := func(c *x509.Certificate) {
		c.RawSubject, c.SubjectKeyId = p.CA.Certificate.RawSubject, p.CA.Certificate.SubjectKeyId
	}
	sameHint := pkixtest.Root(t, "TEST same hint", from, to, noHint)
	pool := []*x509.Certificate{
		p.Root.Certificate, p.CA.Certificate, p.CA.Certificate, p.Leaf.Certificate, cross.Certificate, loop.Certificate,
		old.Certificate, namesake.Certificate, sameHint.Certificate, p.TSA.Certificate, p.TSACA.Certificate, nil,
	}
	straight := names(p.Chain())
	for _, tt := range []struct {
		name     string
		leaf     *x509.Certificate
		pool     []*x509.Certificate
		opts     *pkix.ChainOptions
		want     []string
		complete bool
	}{
		{"plain", p.Leaf.Certificate, p.Chain(), nil, straight, true},
		{"crowd", p.Leaf.Certificate, pool, nil, straight, true},
		{"root alone", p.Root.Certificate, nil, nil, straight[2:], true},
		{"empty pool", p.Leaf.Certificate, nil, nil, straight[:1], false},
		{"root missing", p.Leaf.Certificate, pool[1:4], nil, straight[:2], false},
		{"intermediate missing", p.Leaf.Certificate, pool[:1], nil, straight[:1], false},
		{"only namesakes", p.Leaf.Certificate, []*x509.Certificate{namesake.Certificate, sameHint.Certificate}, nil, straight[:1], false},
		{
			"loop and no way out", p.Leaf.Certificate,
			[]*x509.Certificate{p.CA.Certificate, loop.Certificate},
			nil,
			append(slices.Clone(straight[:2]), "TEST signing root by TEST signing CA"), false,
		},
		{
			"by the cross-certificate", p.Leaf.Certificate,
			[]*x509.Certificate{p.CA.Certificate, cross.Certificate, old.Certificate},
			nil,
			append(slices.Clone(straight[:2]), "TEST signing root by TEST old root", "TEST old root by TEST old root"), true,
		},
		{
			"to the anchor beyond the cross-certificate", p.Leaf.Certificate, pool, &pkix.ChainOptions{Anchors: []*x509.Certificate{old.Certificate}},
			append(slices.Clone(straight[:2]), "TEST signing root by TEST old root", "TEST old root by TEST old root"), true,
		},
		{"anchor not in the pool", p.Leaf.Certificate, pool[1:2], &pkix.ChainOptions{Anchors: []*x509.Certificate{p.Root.Certificate}}, straight, true},
		{"anchor below the root", p.Leaf.Certificate, pool, &pkix.ChainOptions{Anchors: []*x509.Certificate{p.CA.Certificate}}, straight[:2], true},
		{"anchor elsewhere", p.Leaf.Certificate, p.Chain(), &pkix.ChainOptions{Anchors: []*x509.Certificate{p.TSARoot.Certificate}}, straight, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			shuffled(tt.pool, func(pool []*x509.Certificate) {
				chain, err := pkix.BuildChainWith(tt.leaf, pool, tt.opts)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(tt.want, names(chain.Certificates)); diff != "" || chain.Complete != tt.complete {
					t.Fatalf("complete %v (-want +got):\n%s", chain.Complete, diff)
				}
				if (chain.Problem == nil) != chain.Complete {
					t.Fatalf("complete %v with problem %v", chain.Complete, chain.Problem)
				}
			})
		})
	}
	if _, err := pkix.BuildChain(nil, nil); err == nil {
		t.Error("no certificate accepted")
	}
}

// A path that is valid at the moment asked for is preferred over one that is not.
func TestBuildChainAt(t *testing.T) {
	root := pkixtest.Root(t, "TEST root", now.Add(-year), now.Add(year))
	expired := root.CA(t, "TEST CA", now.Add(-year), now.Add(-time.Hour))
	current := root.CrossSign(t, expired, now.Add(-2*time.Hour), now.Add(time.Hour))
	leaf := expired.Leaf(t, "TEST leaf", pkixtest.ECKey(t, "TEST leaf"), now.Add(-3*time.Hour), now.Add(time.Hour))
	pool := []*x509.Certificate{root.Certificate, expired.Certificate, current.Certificate}
	for _, tt := range []struct {
		at   time.Time
		want *pkixtest.Entity
	}{{now, current}, {now.Add(-150 * time.Minute), expired}} {
		chain, err := pkix.BuildChainWith(leaf.Certificate, pool, &pkix.ChainOptions{At: tt.at})
		if err != nil || !chain.Complete {
			t.Fatalf("complete %v: %v", chain.Complete, err)
		}
		if !chain.Certificates[1].Equal(tt.want.Certificate) {
			t.Errorf("at %s: CA valid from %s to %s", tt.at, chain.Certificates[1].NotBefore, chain.Certificates[1].NotAfter)
		}
		if err := chain.ValidAt(tt.at); err != nil {
			t.Error(err)
		}
		expect(t, "F9", chain.ValidAt(now.Add(2*time.Hour)))
	}
	chain, err := pkix.BuildChainWith(leaf.Certificate, pool, &pkix.ChainOptions{At: now.Add(30 * year)})
	if err != nil || !chain.Complete {
		t.Errorf("a chain is complete whatever the time: %v, %v", chain.Problem, err)
	}
}

// F9, one fault each.
func TestBuildChainRefuses(t *testing.T) {
	from, to := now.Add(-year), now.Add(year)
	root := pkixtest.Root(t, "TEST root", from, to)
	constraint := func(tree byte, names ...[]byte) pkixtest.Option {
		var content []byte
		for _, n := range names {
			content = append(content, 0x30, byte(len(n)))
			content = append(content, n...)
		}
		content = append([]byte{tree, byte(len(content))}, content...)
		return pkixtest.Extension(asn1.ObjectIdentifier{2, 5, 29, 30}, true, append([]byte{0x30, byte(len(content))}, content...))
	}
	organization := func(o string) []byte { // [4] Name: C=DE, O=o
		rdns := append([]byte{0x31, 11, 0x30, 9, 6, 3, 0x55, 4, 6, 0x13, 2}, "DE"...)
		rdns = append(rdns, 0x31, byte(len(o)+9), 0x30, byte(len(o)+7), 6, 3, 0x55, 4, 10, 0x0c, byte(len(o)))
		rdns = append(rdns, o...)
		return append([]byte{0xa4, byte(len(rdns) + 2), 0x30, byte(len(rdns))}, rdns...)
	}
	mail := func(host string) []byte { return append([]byte{0x81, byte(len(host))}, host...) }
	none, withMail := func(*x509.Certificate) {}, func(c *x509.Certificate) { c.EmailAddresses = []string{"Jo@Example.com"} }
	for _, tt := range []struct {
		name, problem string
		ca, leaf      pkixtest.Option
	}{
		{"good", "", nil, nil},
		{"not a CA", "not a CA", func(c *x509.Certificate) { c.IsCA = false }, nil},
		{"may not sign certificates", "may not sign certificates", func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageCRLSign }, nil},
		{"CA with an unknown critical extension", "unknown critical", pkixtest.Extension(unknownOID, true, []byte{5, 0}), nil},
		{"leaf with an unknown critical extension", "unknown critical", nil, pkixtest.Extension(unknownOID, true, []byte{5, 0})},
		{"permitted name", "", constraint(0xa0, organization("test")), nil},
		{"name not permitted", "outside the permitted", constraint(0xa0, organization("other")), nil},
		{"second permitted name", "", constraint(0xa0, organization("other"), organization("TEST")), nil},
		{"excluded name", "excluded", constraint(0xa1, organization("TEST")), nil},
		{"another excluded", "", constraint(0xa1, organization("other")), nil},
		{"permitted mail", "", constraint(0xa0, mail("example.com")), withMail},
		{"mail not permitted", "outside the permitted", constraint(0xa0, mail("example.org")), withMail},
		{"excluded mail", "excluded", constraint(0xa1, mail("example.com")), withMail},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.ca == nil {
				tt.ca = none
			}
			if tt.leaf == nil {
				tt.leaf = none
			}
			ca := root.CA(t, "TEST CA", from, to, tt.ca)
			leaf := ca.Leaf(t, "TEST leaf", pkixtest.ECKey(t, "TEST leaf"), from, to, tt.leaf)
			chain, err := pkix.BuildChain(leaf.Certificate, []*x509.Certificate{ca.Certificate, root.Certificate})
			if err != nil {
				t.Fatal(err)
			}
			if chain.Complete != (tt.problem == "") {
				t.Fatalf("complete %v: %v", chain.Complete, chain.Problem)
			}
			if tt.problem != "" && !strings.Contains(chain.Problem.Error(), tt.problem) {
				t.Errorf("problem %q, want %q", chain.Problem, tt.problem)
			}
		})
	}
}

func TestBuildChainPathLength(t *testing.T) {
	from, to := now.Add(-year), now.Add(year)
	for allowed, complete := range map[int]bool{0: false, 1: true} {
		root := pkixtest.Root(t, "TEST root", from, to)
		upper := root.CA(t, "TEST upper", from, to, func(c *x509.Certificate) { c.MaxPathLen, c.MaxPathLenZero = allowed, allowed == 0 })
		lower := upper.CA(t, "TEST lower", from, to)
		leaf := lower.Leaf(t, "TEST leaf", pkixtest.ECKey(t, "TEST leaf"), from, to)
		chain, err := pkix.BuildChain(leaf.Certificate, []*x509.Certificate{root.Certificate, upper.Certificate, lower.Certificate})
		if err != nil || chain.Complete != complete {
			t.Errorf("path length %d: complete %v, %v, %v", allowed, chain.Complete, chain.Problem, err)
		}
	}
}

func TestBuildChainLimits(t *testing.T) {
	from, to := now.Add(-year), now.Add(year)
	root := pkixtest.Root(t, "TEST root", from, to)
	pool := []*x509.Certificate{root.Certificate}
	last := root
	for i := range limits.MaxChain {
		last = last.CA(t, fmt.Sprintf("TEST CA %d", i), from, to)
		pool = append(pool, last.Certificate)
	}
	chain, err := pkix.BuildChain(last.Certificate, pool)
	if err != nil || chain.Complete || len(chain.Certificates) != limits.MaxChain {
		t.Errorf("%d certificates, complete %v, %v", len(chain.Certificates), chain.Complete, err)
	}

	// Layers of CAs that all certify each other: the ways through them multiply.
	pool = nil
	below := []*pkixtest.Entity{root}
	for layer := range 5 {
		var above []*pkixtest.Entity
		for i := range 5 {
			above = append(above, pkixtest.Root(t, fmt.Sprintf("TEST layer %d-%d", layer, i), from, to))
		}
		for _, a := range above {
			for _, b := range below {
				pool = append(pool, a.CrossSign(t, b, from, to).Certificate)
			}
		}
		below = above
	}
	leaf := root.Leaf(t, "TEST leaf", pkixtest.ECKey(t, "TEST leaf"), from, to)
	if _, err := pkix.BuildChain(leaf.Certificate, pool); err == nil || !strings.Contains(err.Error(), "steps") {
		t.Errorf("endless search: %v", err)
	}
}
