// SPDX-License-Identifier: Apache-2.0

package pkix

import (
	"bytes"
	"crypto/x509"
	"crypto/x509/pkix"
	"sync"

	"gsign/internal/limits"
)

// What a certificate's bytes say never changes, and the documents of one run share nearly all certificates. The newest
// ones that were read are kept by their bytes. Nothing is kept of what they are good for.
var parsed parsedCertificates

type parsedCertificates struct {
	mu       sync.Mutex
	now, old map[string]*x509.Certificate // a full one becomes the old one
}

// names are the texts of the newest names, by their DER: reports and errors call certificates by them, and most errors
// are those of ways that lead nowhere while another does.
var names struct {
	mu       sync.Mutex
	now, old map[string]nameTexts // a full one becomes the old one
}

type nameTexts struct{ text, key string }

func textsOf(n *pkix.Name) nameTexts {
	text := n.String()
	return nameTexts{text, fold([]byte(text))}
}

// nameText is n.String and what SubjectKey says; der is what n was read from.
func nameText(der []byte, n *pkix.Name) nameTexts {
	if len(der) == 0 || len(der) > limits.CertificateRemembered {
		return textsOf(n)
	}
	names.mu.Lock()
	defer names.mu.Unlock()
	texts, ok := names.now[string(der)]
	if ok {
		return texts
	}
	if texts, ok = names.old[string(der)]; !ok {
		texts = textsOf(n)
	}
	if len(names.now) >= limits.CertificatesRemembered {
		names.old, names.now = names.now, nil
	}
	if names.now == nil {
		names.now = map[string]nameTexts{}
	}
	names.now[string(der)] = texts
	return texts
}

// SubjectKey is the same for names that [SameName] calls the same: for finding a certificate among many.
func SubjectKey(c *x509.Certificate) string { return nameText(c.RawSubject, &c.Subject).key }

// IssuerKey is SubjectKey of the issuer.
func IssuerKey(c *x509.Certificate) string { return nameText(c.RawIssuer, &c.Issuer).key }

// SharedCertificate is [ParseCertificate] for those who change nothing of the certificate and hand it to nobody else.
func SharedCertificate(der []byte) (*x509.Certificate, error) {
	if c := parsed.get(der); c != nil {
		return c, nil
	}
	return ParseCertificate(der)
}

// ParseCertificate is [x509.ParseCertificate], and reads keys on the curves of RFC 5639 too: see [PublicKey]. The certificate is the caller's to change, but not what its slices and
// pointers lead to. It keeps nothing of der.
func ParseCertificate(der []byte) (*x509.Certificate, error) {
	if c := parsed.get(der); c != nil {
		own := *c
		return &own, nil
	}
	c, err := parseCertificate(bytes.Clone(der))
	if err != nil || len(der) > limits.CertificateRemembered {
		return c, err
	}
	own := *c
	parsed.mu.Lock()
	defer parsed.mu.Unlock()
	parsed.put(string(der), c)
	return &own, nil
}

func (m *parsedCertificates) get(der []byte) *x509.Certificate {
	m.mu.Lock()
	defer m.mu.Unlock()
	if c := m.now[string(der)]; c != nil {
		return c
	}
	c := m.old[string(der)]
	if c != nil {
		m.put(string(der), c)
	}
	return c
}

func (m *parsedCertificates) put(der string, c *x509.Certificate) {
	if len(m.now) >= limits.CertificatesRemembered {
		m.old, m.now = m.now, nil
	}
	if m.now == nil {
		m.now = map[string]*x509.Certificate{}
	}
	m.now[der] = c
}
