// SPDX-License-Identifier: Apache-2.0

package pkix

import (
	"bytes"
	"crypto/x509"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"fmt"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"

	"gsign/internal/limits"
)

var (
	oidSignedData       = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 2}
	oidOCSPNoCheck      = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 48, 1, 5}
	oidNoRevAvail       = asn1.ObjectIdentifier{2, 5, 29, 56}
	oidValidityAssured  = asn1.ObjectIdentifier{0, 4, 0, 194121, 2, 1}
	pemBegin            = []byte("-----BEGIN ")
	errNoCertificate    = errors.New("no certificate found")
	errTooMany          = fmt.Errorf("more than %d certificates", limits.MaxCertificates)
	errCertificateChars = errors.New("bytes that are neither a certificate nor PEM")
)

// ParseCertificates reads certificates as people and services deliver them: PEM with any number of blocks and any
// line ends and text around them, DER one after the other, or a certs-only PKCS #7, in PEM or DER. They come back in
// the order found, with duplicates.
func ParseCertificates(b []byte) ([]*x509.Certificate, error) {
	if len(b) > limits.MaxCertificateBundle {
		return nil, fmt.Errorf("reading certificates: more than %d bytes", limits.MaxCertificateBundle)
	}
	var certs []*x509.Certificate
	var err error
	if bytes.Contains(b, pemBegin) && (len(b) == 0 || b[0] != 0x30) {
		certs, err = parsePEM(b)
	} else {
		certs, err = parseDER(b)
	}
	if err == nil && len(certs) == 0 {
		err = errNoCertificate
	}
	if err != nil {
		return nil, fmt.Errorf("reading certificates: %w", err)
	}
	return certs, nil
}

func parsePEM(b []byte) ([]*x509.Certificate, error) {
	var certs []*x509.Certificate
	blocks := bytes.Count(b, pemBegin)
	for {
		block, rest := pem.Decode(b)
		if block == nil {
			if blocks != 0 { // pem.Decode passes over a damaged one silently
				return nil, errors.New("damaged PEM block")
			}
			return certs, nil
		}
		b, blocks = rest, blocks-1
		switch block.Type {
		case "CERTIFICATE", "X509 CERTIFICATE", "TRUSTED CERTIFICATE", "PKCS7", "CMS":
			more, err := parseDER(block.Bytes)
			if err != nil {
				return nil, err
			}
			if len(certs)+len(more) > limits.MaxCertificates {
				return nil, errTooMany
			}
			certs = append(certs, more...)
		}
	}
}

func parseDER(b []byte) ([]*x509.Certificate, error) {
	var certs []*x509.Certificate
	for len(b) > 0 {
		n, err := ElementLength(b)
		if err != nil || b[0] != 0x30 {
			return nil, errors.Join(errCertificateChars, err)
		}
		more, err := parseOne(b[:n])
		if err != nil {
			return nil, err
		}
		if len(certs)+len(more) > limits.MaxCertificates {
			return nil, errTooMany
		}
		certs, b = append(certs, more...), b[n:]
		b = bytes.TrimLeft(b, "\r\n\x00") // files end in a line end now and then
	}
	return certs, nil
}

// parseOne reads a certificate or a certs-only PKCS #7, told apart by the OID that the latter begins with.
func parseOne(der []byte) ([]*x509.Certificate, error) {
	_, length, n, err := header(der)
	if err != nil {
		return nil, err
	}
	if length == 0 || length != indefinite && der[n] != 0x06 {
		c, err := ParseCertificate(der)
		if err != nil {
			return nil, err
		}
		return []*x509.Certificate{c}, nil
	}
	der, err = DER(der)
	if err != nil {
		return nil, err
	}
	return parseCertsOnly(der)
}

// parseCertsOnly reads the certificates of a SignedData and nothing else of it (RFC 5652 section 5.1).
func parseCertsOnly(der []byte) ([]*x509.Certificate, error) {
	bad := errors.New("malformed PKCS #7")
	s := cryptobyte.String(der)
	var info, content, sd, certs cryptobyte.String
	var oid asn1.ObjectIdentifier
	explicit0 := cbasn1.Tag(0).ContextSpecific().Constructed()
	if !s.ReadASN1(&info, cbasn1.SEQUENCE) || !info.ReadASN1ObjectIdentifier(&oid) {
		return nil, bad
	}
	if !oid.Equal(oidSignedData) {
		return nil, fmt.Errorf("content type %v holds no certificates", oid)
	}
	var present bool
	if !info.ReadASN1(&content, explicit0) || !content.ReadASN1(&sd, cbasn1.SEQUENCE) ||
		!sd.SkipASN1(cbasn1.INTEGER) || !sd.SkipASN1(cbasn1.SET) || !sd.SkipASN1(cbasn1.SEQUENCE) ||
		!sd.ReadOptionalASN1(&certs, &present, explicit0) {
		return nil, bad
	}
	return ReadCertificates(certs)
}

// ReadCertificates parses the certificates of a SET or SEQUENCE of them. Other kinds (attribute certificates, which
// are tagged) are passed over.
func ReadCertificates(s cryptobyte.String) ([]*x509.Certificate, error) {
	var certs []*x509.Certificate
	for !s.Empty() {
		var element cryptobyte.String
		var tag cbasn1.Tag
		if !s.ReadAnyASN1Element(&element, &tag) {
			return nil, errors.New("malformed set of certificates")
		}
		if tag != cbasn1.SEQUENCE {
			continue
		}
		if len(certs) == limits.MaxCertificates {
			return nil, errTooMany
		}
		c, err := ParseCertificate(element)
		if err != nil {
			return nil, err
		}
		certs = append(certs, c)
	}
	return certs, nil
}

// OCSPNoCheck reports whether c is a responder that needs no revocation data (RFC 6960 section 4.2.2.2.1).
func OCSPNoCheck(c *x509.Certificate) bool { return hasExtension(c, oidOCSPNoCheck) }

// NoRevocationNeeded reports whether c says of itself that it needs none: noRevAvail (RFC 9608) or the short-term
// extension of EN 319 412-1 (F8). Both are for end entities; on a CA they count for nothing.
func NoRevocationNeeded(c *x509.Certificate) bool {
	return !c.IsCA && (hasExtension(c, oidNoRevAvail) || hasExtension(c, oidValidityAssured))
}

func hasExtension(c *x509.Certificate, id asn1.ObjectIdentifier) bool {
	for _, x := range c.Extensions {
		if x.Id.Equal(id) {
			return true
		}
	}
	return false
}
