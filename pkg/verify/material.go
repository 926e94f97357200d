// SPDX-License-Identifier: Apache-2.0

package verify

import (
	"crypto/x509"
	"fmt"
	"math"
	"slices"

	"gsign/internal/cms"
	"gsign/internal/pkix"
	"gsign/pkg/ltv"
	"gsign/pkg/pdfsig"
)

// never is the place of what no document timestamp of the file can cover.
const never = int64(math.MaxInt64)

// material is what is known about certificates, each piece once, found by whom it is about: with hundreds of signatures each
// still looks at its own.
type material struct {
	places     map[string]int64 // of certificates, by their DER: where the file holds their bytes
	subjects   map[string][]*x509.Certificate
	serials    map[string][]*x509.Certificate
	responders []*x509.Certificate
	pieces     map[string]*piece // of evidence, by its DER
	ocsps      map[string][]*piece
	crls       map[string][]*piece
	unreadable []error   // of evidence that is about nobody
	base       *material // certificates that are known whatever the file holds; never changed; nil for none
}

// piece is an OCSP response or a CRL.
type piece struct {
	source string // "security store", "signature", "online"
	place  int64  // offset of its bytes in the file
	ocsp   *pkix.UncheckedOCSP
	crl    *pkix.UncheckedCRL
}

func newMaterial() *material {
	return &material{
		places: map[string]int64{}, subjects: map[string][]*x509.Certificate{}, serials: map[string][]*x509.Certificate{},
		pieces: map[string]*piece{}, ocsps: map[string][]*piece{}, crls: map[string][]*piece{},
	}
}

// certificate adds one. Its place is the first of all where it was found.
func (m *material) certificate(c *x509.Certificate, place int64) {
	key := string(c.Raw)
	if m.base != nil && m.base.knows(key) {
		return
	}
	old, known := m.places[key]
	if !known || place < old {
		m.places[key] = place
	}
	if known {
		return
	}
	name := pkix.SubjectKey(c)
	m.subjects[name] = append(m.subjects[name], c)
	serial := string(pkix.SerialNumber(c))
	m.serials[serial] = append(m.serials[serial], c)
	for _, usage := range c.ExtKeyUsage {
		if usage == x509.ExtKeyUsageOCSPSigning {
			m.responders = append(m.responders, c)
		}
	}
}

func (m *material) knows(der string) bool {
	_, ok := m.places[der]
	return ok
}

// withSerial returns the certificates with a serial number.
func (m *material) withSerial(serial []byte) []*x509.Certificate {
	if m.base == nil {
		return m.serials[string(serial)]
	}
	return slices.Concat(m.serials[string(serial)], m.base.serials[string(serial)])
}

// named returns the certificates of a subject.
func (m *material) named(name string) []*x509.Certificate {
	if m.base == nil {
		return m.subjects[name]
	}
	return slices.Concat(m.subjects[name], m.base.subjects[name])
}

// allResponders returns the certificates for signing OCSP responses.
func (m *material) allResponders() []*x509.Certificate {
	if m.base == nil {
		return m.responders
	}
	return slices.Concat(m.responders, m.base.responders)
}

func (m *material) ocsp(der []byte, place int64, source string) {
	if p := m.pieces[string(der)]; p != nil {
		p.place = min(p.place, place)
		return
	}
	p := &piece{source: source, place: place, ocsp: pkix.ParseOCSP(der)}
	m.pieces[string(der)] = p
	serials, certs, err := p.ocsp.SerialNumbers()
	if err != nil {
		m.unreadable = append(m.unreadable, err)
		return
	}
	for _, s := range serials {
		m.ocsps[string(s)] = append(m.ocsps[string(s)], p)
	}
	for _, c := range certs {
		m.certificate(c, place)
	}
}

func (m *material) crl(der []byte, place int64, source string) {
	if p := m.pieces[string(der)]; p != nil {
		p.place = min(p.place, place)
		return
	}
	p := &piece{source: source, place: place, crl: pkix.ParseCRL(der)}
	m.pieces[string(der)] = p
	issuer, err := p.crl.Issuer()
	if err != nil {
		m.unreadable = append(m.unreadable, err)
		return
	}
	m.crls[string(issuer)] = append(m.crls[string(issuer)], p)
}

// unused tells of evidence that cannot be used at all: about whom it is is not known.
func (m *material) unused() string {
	switch n := len(m.unreadable); n {
	case 0:
		return ""
	case 1:
		return fmt.Sprintf("; one piece of evidence cannot be used: %v", m.unreadable[0])
	default:
		return fmt.Sprintf("; %d pieces of evidence cannot be used, the first: %v", n, m.unreadable[0])
	}
}

// store adds a security store.
func (m *material) store(s *ltv.Store) {
	for _, c := range s.Certificates {
		m.certificate(c, s.Start(c.Raw))
	}
	for _, der := range s.OCSPResponses {
		m.ocsp(der, s.Start(der), "security store")
	}
	for _, der := range s.CRLs {
		m.crl(der, s.Start(der), "security store")
	}
}

// stampedStore adds the security store that the newest document timestamp covers, where a later revision wrote one anew: what is
// covered was there at that time, also when its bytes are in the file once more. Evidence that cannot be read is none.
func (v *validator) stampedStore(now *ltv.Store, sigs []pdfsig.Signature) {
	var end int64
	for i := range sigs {
		if sigs[i].Timestamp {
			end = max(end, sigs[i].RevisionEnd())
		}
	}
	later := func(der []byte) bool { return now.Start(der) >= end }
	if end == 0 || !slices.ContainsFunc(slices.Concat(now.OCSPResponses, now.CRLs), later) {
		return
	}
	doc, err := v.doc.Revision(end)
	if err != nil {
		return
	}
	store, err := ltv.ReadStored(doc)
	if err == nil {
		v.material.store(store)
	}
}

// evidence adds what was fetched.
func (m *material) evidence(e *ltv.Evidence) {
	for _, c := range e.Certificates {
		m.certificate(c, never)
	}
	for _, der := range e.OCSPResponses {
		m.ocsp(der, never, "online")
	}
	for _, der := range e.CRLs {
		m.crl(der, never, "online")
	}
}

// signed adds what a signature or a timestamp token carries. Its own bytes are outside what it signs itself: they are
// covered by what signs more than end.
func (m *material) signed(sd *cms.SignedData, end int64) {
	for _, c := range sd.Certificates {
		m.certificate(c, end)
	}
	for _, c := range sd.MoreCertificates() {
		m.certificate(c, end)
	}
	ocsps, crls := sd.Revocation()
	for _, der := range ocsps {
		m.ocsp(der, end, "signature")
	}
	for _, der := range crls {
		m.crl(der, end, "signature")
	}
}

// issuers returns the certificates that may be in the chain of leaf: by name only.
func (m *material) issuers(leaf *x509.Certificate) []*x509.Certificate {
	var pool []*x509.Certificate
	seen := map[string]bool{}
	for todo := []*x509.Certificate{leaf}; len(todo) > 0; todo = todo[1:] {
		name := pkix.IssuerKey(todo[0])
		if seen[name] {
			continue
		}
		seen[name] = true
		found := m.named(name)
		pool = append(pool, found...)
		todo = append(todo, found...)
	}
	return pool
}

// about returns the evidence that may be about cert: OCSP responses that name its serial number, CRLs of its issuer.
func (m *material) about(cert, issuer *x509.Certificate) []*piece {
	all := append([]*piece{}, m.ocsps[string(pkix.SerialNumber(cert))]...)
	all = append(all, m.crls[string(cert.RawIssuer)]...)
	if string(issuer.RawSubject) != string(cert.RawIssuer) {
		all = append(all, m.crls[string(issuer.RawSubject)]...)
	}
	return all
}

// place returns the offset of a certificate's bytes in the file.
func (m *material) place(c *x509.Certificate) int64 {
	if at, ok := m.places[string(c.Raw)]; ok {
		return at
	}
	if m.base != nil && m.base.knows(string(c.Raw)) {
		return 0
	}
	return never
}
