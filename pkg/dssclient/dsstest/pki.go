// SPDX-License-Identifier: Apache-2.0

package dsstest

import (
	"crypto"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"strings"
	"time"
)

const day = 24 * time.Hour

// pki is everything a server signs with: the signing chain, the timestamp hierarchy, and who can be asked about them.
type pki struct {
	chain       []*authority // issuer of the leaves first, root last
	tsaChain    []*authority // issuer of the TSA certificate first, root last
	tsa         *x509.Certificate
	tsaKey      crypto.Signer
	rogue       *responder // delegated by nobody: for OCSPWrongResponder
	authorities map[string]*authority
}

// caNames lists the CAs a profile needs, root first: URL name and common name.
func caNames(p Profile) [][2]string {
	if p == Production {
		return [][2]string{
			{"root", "TEST sandbox Document Signing Root"},
			{"aatl-ca", "TEST sandbox AATL Root CA"},
			{"issuing-ca", "TEST sandbox Issuing CA for Document Signing"},
		}
	}
	return [][2]string{{"root", "TEST sandbox Non-Public Demo"}}
}

var tsaNames = [][2]string{{"tsa-root", "TEST sandbox Timestamping Root"}, {"tsa-ca", "TEST sandbox CA for Timestamping"}}

func caSubject(cn string) []byte {
	return distinguishedName(printable(oidCountry, "BE"), printable(oidOrganization, "TEST gsign sandbox"),
		printable(oidCommonName, cn))
}

// startNumber ends the common names of one start. Clients and verifiers that remember certificates from one run to the
// next, and find issuers by name, would otherwise take an earlier start's CA for this one's.
func startNumber() string { return " " + strings.ToUpper(randomHex(4)) }

// newPKI makes all certificates but the leaves. All of them start days before now.
func newPKI(set *settings, base string, now time.Time) (*pki, error) {
	names := caNames(set.profile)
	if set.tsa == TSASeparate {
		names = append(names, tsaNames...)
	}
	tsaKind := rsa2048
	if set.tsaRSA4096 {
		tsaKind = rsa4096
	}
	// One RSA key for the TSA, then for each CA its own and its responder's, then the rogue responder's.
	kinds := []keyKind{tsaKind}
	for range names {
		kinds = append(kinds, set.caKey, min(set.caKey, rsa2048))
	}
	kinds = append(kinds, ecdsaP256)
	keys, err := generateKeys(set, kinds...)
	if err != nil {
		return nil, err
	}
	p := &pki{tsaKey: keys[0], authorities: map[string]*authority{}}
	now = now.Truncate(time.Second)
	number := startNumber()
	for i, n := range names {
		n[1] += number
		if err := p.addCA(set, base, n, keys[1+2*i], keys[2+2*i], now); err != nil {
			return nil, fmt.Errorf("make CA %s: %w", n[0], err)
		}
	}
	if err := p.issueTSA(set, number, now); err != nil {
		return nil, fmt.Errorf("make TSA certificate: %w", err)
	}
	return p, p.makeRogue(keys[len(keys)-1], now)
}

// addCA puts one CA below the one added before, or starts a hierarchy.
func (p *pki) addCA(set *settings, base string, name [2]string, key, responderKey crypto.Signer, now time.Time) error {
	line := &p.chain
	if name[0] == tsaNames[0][0] || name[0] == tsaNames[1][0] {
		line = &p.tsaChain
	}
	spec := &caSpec{name: name[0], subject: caSubject(name[1]), key: key}
	depth := time.Duration(len(*line))
	spec.from, spec.until = now.Add(-(300-90*depth)*day), now.Add((20-5*depth)*365*day)
	if depth > 0 {
		spec.issuer = (*line)[0]
	}
	a, err := newAuthority(spec, base)
	if err != nil {
		return err
	}
	// Real responder certificates live 7 days below the demo root and some months in production.
	from, until := now.Add(-20*day), now.Add(100*day)
	if set.profile == Trial && line == &p.chain {
		from, until = now.Add(-2*day), now.Add(5*day)
	}
	subject := distinguishedName(printable(oidCountry, "GB"), utf8(oidOrganization, "TEST gsign sandbox"),
		utf8(oidCommonName, name[1]+" OCSP Responder"))
	if err := a.delegate(responderKey, subject, from, until); err != nil {
		return err
	}
	*line = append([]*authority{a}, *line...)
	p.authorities[a.name] = a
	return nil
}

// issueTSA makes the TSA certificate, in the shape of the two kinds seen in real tokens.
func (p *pki) issueTSA(set *settings, number string, now time.Time) error {
	id, err := keyID(p.tsaKey.Public())
	if err != nil {
		return err
	}
	if set.tsa == TSAUnderSigningRoot {
		p.tsaChain = p.chain[len(p.chain)-1:]
	}
	ca := p.tsaChain[0]
	spec := &certSpec{
		serial: newSerial(12, 0x16), notBefore: now.Add(-60 * day), notAfter: now.Add(8 * 365 * day),
		subject: distinguishedName(utf8(oidCommonName, "TEST sandbox TSA"+number), utf8(oidOrganization, "TEST gsign sandbox"),
			printable(oidCountry, "GB")),
	}
	policy := oidTSAPolicy
	if set.tsa == TSAUnderSigningRoot {
		spec.notBefore, spec.notAfter, policy = now.Add(-36*time.Hour), now.Add(24*time.Hour), oidDemoTSAPolicy
	}
	spec.extensions = []pkix.Extension{
		keyUsage(usageDigitalSignature), certificatePolicy(policy), basicConstraints(false, false),
		extKeyUsage(true, oidTimeStamping), crlDistributionPoint(ca.urls.crl), infoAccess(ca.urls.issuer, ca.urls.ocsp),
		authorityKeyID(ca.cert.SubjectKeyId), subjectKeyID(id),
	}
	p.tsa, err = ca.issue(p.tsaKey.Public(), spec)
	return err
}

// makeRogue makes a responder with a certificate of its own making.
func (p *pki) makeRogue(key crypto.Signer, now time.Time) error {
	a, err := newAuthority(&caSpec{
		name: "rogue", subject: caSubject("TEST sandbox rogue"), key: key,
		from: now.Add(-day), until: now.Add(day),
	}, "")
	if err != nil {
		return err
	}
	if err := a.delegate(key, caSubject("TEST sandbox rogue OCSP Responder"), now.Add(-day), now.Add(day)); err != nil {
		return err
	}
	p.rogue = a.responder
	return nil
}

func (p *pki) root() *authority    { return p.chain[len(p.chain)-1] }
func (p *pki) tsaRoot() *authority { return p.tsaChain[len(p.tsaChain)-1] }

// find returns the authority that issued cert.
func (p *pki) find(cert *x509.Certificate) *authority {
	for _, a := range p.authorities {
		if r, ok := a.lookup(cert.SerialNumber); ok && r.cert.Equal(cert) {
			return a
		}
	}
	return nil
}
