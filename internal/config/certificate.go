// SPDX-License-Identifier: Apache-2.0

package config

import (
	"bytes"
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"
	"time"

	"software.sslmate.com/src/go-pkcs12"

	"gsign/internal/limits"
)

// clientCertificate reads the certificate the service knows the account by, with its issuing chain. The zero value
// means that none is set.
func (v *Values) clientCertificate(password func() (string, error), now time.Time) (tls.Certificate, error) {
	var none tls.Certificate
	var l layer
	for _, l = range v.layers {
		if l.values["client_p12"] != nil || l.values["client_cert"] != nil || l.values["client_key"] != nil {
			break
		}
	}
	pair := l.values["client_cert"] != nil || l.values["client_key"] != nil
	switch {
	case l.values["client_p12"] != nil && pair:
		return none, &Error{
			Problem: fmt.Sprintf("the client certificate is set more than once in %s: client_p12 and client_cert or client_key", l.name),
			Hint:    "keep the PKCS#12 file or the PEM pair", Usage: true,
		}
	case l.values["client_p12"] != nil:
		return readPKCS12(v.String("client_p12"), password, now)
	case !pair:
		return none, nil
	}
	cert, key := v.String("client_cert"), v.String("client_key")
	if cert == "" {
		return none, &Error{Problem: "client_key is set, client_cert is not", Hint: "name the certificate's file too", Usage: true}
	}
	if key == "" {
		key = cert // both may be in one file
	}
	return readPair(cert, key, now)
}

func readPair(certFile, keyFile string, now time.Time) (tls.Certificate, error) {
	certs, err := readCertificateFile("client certificate", certFile)
	if err != nil {
		return tls.Certificate{}, err
	}
	if err := checkPrivate("client key", keyFile); err != nil {
		return tls.Certificate{}, err
	}
	b, err := readLimited(keyFile, limits.CertificateFile)
	if err != nil {
		return tls.Certificate{}, &Error{Problem: "read the client key", Err: err}
	}
	key, err := parseKey(keyFile, b)
	if err != nil {
		return tls.Certificate{}, err
	}
	return assemble(fmt.Sprintf("the key in %s does not belong to the certificate in %s", keyFile, certFile), key, certs, now)
}

func parseKey(path string, b []byte) (crypto.PrivateKey, error) {
	for block, rest := pem.Decode(b); block != nil; block, rest = pem.Decode(rest) {
		if block.Type == "ENCRYPTED PRIVATE KEY" || strings.Contains(block.Headers["Proc-Type"], "ENCRYPTED") {
			return nil, &Error{
				Problem: fmt.Sprintf("the client key in %s is encrypted", path),
				Hint:    "keep certificate and key as a password-protected PKCS#12 file and name it in client_p12 (openssl pkcs12 -export -in cert.pem -inkey key.pem -out client.p12)",
			}
		}
		var key crypto.PrivateKey
		var err error
		switch block.Type {
		case "PRIVATE KEY":
			key, err = x509.ParsePKCS8PrivateKey(block.Bytes)
		case "RSA PRIVATE KEY":
			key, err = x509.ParsePKCS1PrivateKey(block.Bytes)
		case "EC PRIVATE KEY":
			key, err = x509.ParseECPrivateKey(block.Bytes)
		default:
			continue
		}
		if err != nil {
			// The parser's text is left out: it may quote what it read.
			return nil, &Error{Problem: fmt.Sprintf("the client key in %s cannot be read: its %s block is damaged", path, block.Type)}
		}
		return key, nil
	}
	return nil, &Error{Problem: fmt.Sprintf("%s holds no private key in PEM", path), Hint: "a key starts with -----BEGIN PRIVATE KEY-----"}
}

func readPKCS12(path string, password func() (string, error), now time.Time) (tls.Certificate, error) {
	var none tls.Certificate
	b, err := readLimited(path, limits.CertificateFile)
	if err != nil {
		return none, &Error{Problem: "read the client certificate", Err: err}
	}
	if bytes.Contains(b, []byte("-----BEGIN ")) {
		return none, &Error{
			Problem: fmt.Sprintf("%s is PEM, not PKCS#12", path),
			Hint:    "name it in client_cert, and the PEM file with its key in client_key, instead of client_p12",
		}
	}
	pass, err := password()
	if err != nil {
		return none, err
	}
	// The second octet of BER with indefinite length is 0x80; old Java and Windows tools write that.
	if len(b) > 1 && b[0] == 0x30 && b[1] == 0x80 {
		return none, &Error{
			Problem: fmt.Sprintf("%s is PKCS#12 in BER encoding, and only DER can be read", path),
			Hint:    "write it again with: openssl pkcs12 -in " + path + " -nodes | openssl pkcs12 -export -out client-der.p12",
		}
	}
	key, leaf, chain, err := pkcs12.DecodeChain(b, pass)
	switch {
	case errors.Is(err, pkcs12.ErrIncorrectPassword):
		e := &Error{Problem: fmt.Sprintf("the password of %s is wrong", path), Hint: "check client_p12_password_file or GSIGN_CLIENT_P12_PASSWORD"}
		if pass == "" {
			e.Problem = fmt.Sprintf("%s is protected by a password, and none is set", path)
			e.Hint = "set client_p12_password_file or GSIGN_CLIENT_P12_PASSWORD"
		}
		return none, e
	case err != nil:
		return none, unreadablePKCS12(path, b, err)
	}
	certs := append([]*x509.Certificate{leaf}, chain...)
	return assemble(fmt.Sprintf("the key in %s does not belong to its certificate", path), key, certs, now)
}

// unreadablePKCS12 says in short what is wrong. The ASN.1 parser's text is left out: it helps nobody who has the file.
func unreadablePKCS12(path string, b []byte, err error) error {
	e := &Error{
		Problem: fmt.Sprintf("%s is damaged: it cannot be read as PKCS#12", path),
		Hint:    "copy it again, as a binary file; openssl pkcs12 -info -noout -in " + path + " says whether it is whole",
	}
	if _, ok := errors.AsType[pkcs12.NotImplementedError](err); ok {
		e.Problem = fmt.Sprintf("%s is PKCS#12 of a kind that cannot be read: %s", path, strings.TrimPrefix(err.Error(), "pkcs12: "))
		e.Hint = "write it again with: openssl pkcs12 -in " + path + " -nodes | openssl pkcs12 -export -out client-new.p12"
		return e
	}
	if _, bad := x509.ParseCertificate(b); bad == nil {
		e.Problem = fmt.Sprintf("%s is a certificate without its key, not PKCS#12", path)
		e.Hint = "name it in client_cert, and the PEM file with its key in client_key, instead of client_p12"
		return e
	}
	if text := err.Error(); !strings.Contains(text, "asn1:") && !strings.Contains(text, "x509:") {
		e.Problem = fmt.Sprintf("%s cannot be read as PKCS#12: %s", path, strings.TrimPrefix(text, "pkcs12: "))
		e.Hint = "write it with one key and its certificates: openssl pkcs12 -export -in cert.pem -inkey key.pem -out client.p12"
		return e
	}
	if len(b) == 0 || b[0] != 0x30 { // a SEQUENCE
		e.Problem = fmt.Sprintf("%s is not PKCS#12", path)
		e.Hint = "client_p12 wants a file like client.p12 or client.pfx"
	}
	return e
}

// assemble puts the certificate of the key first and the others behind it in issuing order, and checks the dates.
func assemble(mismatch string, key crypto.PrivateKey, certs []*x509.Certificate, now time.Time) (tls.Certificate, error) {
	var none tls.Certificate
	signer, ok := key.(crypto.Signer)
	if !ok {
		return none, &Error{Problem: fmt.Sprintf("a client key of type %T cannot sign", key)}
	}
	var leaf *x509.Certificate
	for _, c := range certs {
		if pub, ok := c.PublicKey.(interface{ Equal(crypto.PublicKey) bool }); ok && pub.Equal(signer.Public()) {
			leaf = c
			break
		}
	}
	if leaf == nil {
		return none, &Error{Problem: mismatch, Hint: "the two must come from the same request; compare them with openssl x509 -pubkey and openssl pkey -pubout"}
	}
	const hint = "ask for a new client certificate in the GlobalSign portal"
	switch date := time.DateTime + " MST"; {
	case now.After(leaf.NotAfter):
		return none, &Error{Problem: fmt.Sprintf("the client certificate of %s expired at %s", leaf.Subject, leaf.NotAfter.UTC().Format(date)), Hint: hint}
	case now.Before(leaf.NotBefore):
		return none, &Error{Problem: fmt.Sprintf("the client certificate of %s is not valid before %s", leaf.Subject, leaf.NotBefore.UTC().Format(date)), Hint: "is the clock of this machine right?"}
	}
	cert := tls.Certificate{PrivateKey: key, Leaf: leaf}
	for _, c := range issuingOrder(leaf, certs) {
		cert.Certificate = append(cert.Certificate, c.Raw)
	}
	return cert, nil
}

func issuingOrder(leaf *x509.Certificate, pool []*x509.Certificate) []*x509.Certificate {
	chain := []*x509.Certificate{leaf}
	for last := leaf; len(chain) <= len(pool); {
		var next *x509.Certificate
		for _, c := range pool {
			if c != last && bytes.Equal(c.RawSubject, last.RawIssuer) && last.CheckSignatureFrom(c) == nil {
				next = c
				break
			}
		}
		if next == nil || bytes.Equal(next.Raw, last.Raw) {
			break
		}
		chain = append(chain, next)
		last = next
	}
	return chain
}
