// SPDX-License-Identifier: Apache-2.0

package dssclient

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"
)

// Each parser takes the body of an answer of success and checks all of it. Content-Type is not looked at: what is in the
// body decides.

// decode reads exactly one JSON value.
func decode(body []byte, into any) error {
	trimmed := bytes.TrimSpace(body)
	switch {
	case len(trimmed) == 0:
		return errors.New("answer is empty")
	case trimmed[0] == '<':
		return errors.New("answer is HTML or XML, not JSON: is there a proxy in between")
	case trimmed[0] != '{':
		return errors.New("answer is not a JSON object")
	}
	if err := json.Unmarshal(trimmed, into); err != nil {
		return fmt.Errorf("answer is not the JSON expected: %w", quietJSONError(err))
	}
	return nil
}

// A jsonError keeps the position of a JSON error and drops what it quotes: the answer may hold a token.
type jsonError struct {
	text string
	err  error
}

func (e *jsonError) Error() string { return e.text }
func (e *jsonError) Unwrap() error { return e.err }

func quietJSONError(err error) error {
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	switch {
	case errors.As(err, &kind):
		return &jsonError{fmt.Sprintf("member %q has the wrong type", printable(kind.Field)), &json.UnmarshalTypeError{Field: kind.Field}}
	case errors.As(err, &syntax):
		return &jsonError{fmt.Sprintf("syntax error at byte %d", syntax.Offset), nil}
	}
	return errors.New("cannot be decoded")
}

func parseToken(body []byte) (Secret, error) {
	var r LoginResponse
	if err := decode(body, &r); err != nil {
		return "", err
	}
	switch {
	case r.AccessToken == "":
		return "", errors.New("no access_token")
	case len(r.AccessToken) > maxToken:
		return "", fmt.Errorf("access_token is longer than %d bytes", maxToken)
	case strings.ContainsFunc(r.AccessToken, func(c rune) bool { return c <= ' ' || c > '~' }):
		return "", errors.New("access_token cannot be sent in a header")
	}
	return Secret(r.AccessToken), nil
}

func parseIdentity(body []byte) (*Identity, error) {
	var r IdentityResponse
	if err := decode(body, &r); err != nil {
		return nil, err
	}
	if err := checkIdentityID(r.ID); err != nil {
		return nil, err
	}
	certificates, err := parsePEM(r.SigningCert)
	if err != nil {
		return nil, fmt.Errorf("signing_cert: %w", err)
	}
	id := &Identity{ID: r.ID, Certificate: certificates[0], others: certificates[1:]}
	switch id.Certificate.PublicKey.(type) {
	case *rsa.PublicKey, *ecdsa.PublicKey:
	default:
		return nil, fmt.Errorf("signing_cert: public key is neither RSA nor ECDSA")
	}
	if r.OCSPResponse == "" {
		return id, nil
	}
	if id.OCSPResponse, err = parseOCSP(r.OCSPResponse); err != nil {
		return nil, fmt.Errorf("ocsp_response: %w", err)
	}
	return id, nil
}

// checkIdentityID keeps what goes into a path from changing it: url.PathEscape leaves dots alone, and servers resolve
// "..".
func checkIdentityID(id string) error {
	switch {
	case id == "":
		return errors.New("no identity id")
	case id == "." || id == "..":
		return errors.New("identity id is a path of its own")
	case len(id) > maxIdentityID:
		return fmt.Errorf("identity id is longer than %d bytes", maxIdentityID)
	}
	return nil
}

// parseSignature reads a raw signature value. With the certificate it has exactly the length of the key's modulus and
// verifies over digest; without, only its form can be checked.
func parseSignature(body []byte, cert *x509.Certificate, digest []byte) ([]byte, error) {
	var r SignResponse
	if err := decode(body, &r); err != nil {
		return nil, err
	}
	signature, err := hex.DecodeString(strings.TrimSpace(r.Signature))
	if err != nil {
		return nil, errors.New("signature is not hex")
	}
	if len(signature) == 0 {
		return nil, errors.New("no signature")
	}
	if cert == nil {
		return signature, nil
	}
	switch key := cert.PublicKey.(type) {
	case *rsa.PublicKey:
		if len(signature) != key.Size() {
			return nil, fmt.Errorf("signature has %d bytes, the certificate's key makes %d", len(signature), key.Size())
		}
		err = rsa.VerifyPKCS1v15(key, crypto.SHA256, digest, signature)
	case *ecdsa.PublicKey:
		if !ecdsa.VerifyASN1(key, digest, signature) {
			err = errors.New("ECDSA verification failed")
		}
	default:
		err = errors.New("unknown kind of public key")
	}
	if err != nil {
		return nil, fmt.Errorf("signature does not verify with the identity's certificate: %w", err)
	}
	return signature, nil
}

func parsePath(body []byte) ([]*x509.Certificate, error) {
	var r PathResponse
	if err := decode(body, &r); err != nil {
		return nil, err
	}
	certificates, err := parsePEM(r.Path)
	if err != nil {
		return nil, fmt.Errorf("path: %w", err)
	}
	return certificates, nil
}

func parseTrustChain(body []byte) (*TrustChain, error) {
	var r TrustChainResponse
	if err := decode(body, &r); err != nil {
		return nil, err
	}
	if len(r.TrustChain) > maxCertificates || len(r.OCSPRevocationInfo) > maxOCSP {
		return nil, fmt.Errorf("%d certificates and %d OCSP responses, at most %d and %d are read",
			len(r.TrustChain), len(r.OCSPRevocationInfo), maxCertificates, maxOCSP)
	}
	t := &TrustChain{}
	for i, text := range r.TrustChain {
		certificates, err := parsePEM(text)
		if err != nil {
			return nil, fmt.Errorf("trustchain[%d]: %w", i, err)
		}
		t.Certificates = appendNew(t.Certificates, certificates...)
	}
	if len(t.Certificates) == 0 {
		return nil, errors.New("no certificate in trustchain")
	}
	if len(t.Certificates) > maxCertificates {
		return nil, fmt.Errorf("more than %d certificates", maxCertificates)
	}
	for i, text := range r.OCSPRevocationInfo {
		der, err := parseOCSP(text)
		if err != nil {
			return nil, fmt.Errorf("ocsp_revocation_info[%d]: %w", i, err)
		}
		t.OCSPResponses = append(t.OCSPResponses, der)
	}
	return t, nil
}

func parseValue(body []byte) (int64, error) {
	var r struct{ Value *int64 }
	if err := decode(body, &r); err != nil {
		return 0, err
	}
	if r.Value == nil {
		return 0, errors.New("no value")
	}
	return *r.Value, nil
}

func parsePolicy(body []byte) (*ValidationPolicy, error) {
	p := &ValidationPolicy{}
	err := decode(body, p)
	var kind *json.UnmarshalTypeError
	if err != nil && !errors.As(err, &kind) { // encoding/json goes on after a member of the wrong type
		return nil, err
	}
	return p, nil
}

// parseErrorBody reads the service's error body; anything without a description is something else's.
func parseErrorBody(body []byte) (*ErrorBody, bool) {
	var r struct {
		Description string
		ID          any
		Errors      any
	}
	if decode(body, &r) != nil || r.Description == "" {
		return nil, false
	}
	e := &ErrorBody{Description: r.Description}
	e.ID, _ = r.ID.(string)
	details, _ := r.Errors.(map[string]any)
	for k, v := range details {
		if e.Errors == nil {
			e.Errors = map[string]string{}
		}
		e.Errors[k] = fmt.Sprint(v)
	}
	return e, true
}

// parsePEM reads any number of certificates, at least one. Line ends may be LF, CRLF, or the two characters \n that a
// doubly escaped JSON string leaves. Text around the blocks is allowed as in RFC 7468, half a block is not.
func parsePEM(text string) ([]*x509.Certificate, error) {
	text = strings.NewReplacer(`\r`, "", `\n`, "\n", "\r\n", "\n", "\r", "\n").Replace(text)
	rest := []byte(text)
	var certificates []*x509.Certificate
	for {
		block, after := pem.Decode(rest)
		if block == nil {
			break
		}
		rest = after
		if block.Type != "CERTIFICATE" && block.Type != "X509 CERTIFICATE" {
			return nil, fmt.Errorf("PEM block is a %q, not a certificate", printable(block.Type))
		}
		if len(certificates) == maxCertificates {
			return nil, fmt.Errorf("more than %d certificates", maxCertificates)
		}
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("certificate %d: %w", len(certificates)+1, err)
		}
		certificates = append(certificates, c)
	}
	if bytes.Contains(rest, []byte("-----BEGIN ")) {
		return nil, fmt.Errorf("PEM block %d is broken", len(certificates)+1)
	}
	if strings.Count(text, "-----BEGIN ") != len(certificates) {
		return nil, errors.New("PEM text has a broken block") // pem.Decode skips it silently
	}
	if len(certificates) == 0 {
		return nil, errors.New("no PEM certificate")
	}
	return certificates, nil
}

func appendNew(list []*x509.Certificate, more ...*x509.Certificate) []*x509.Certificate {
next:
	for _, c := range more {
		for _, have := range list {
			if have.Equal(c) {
				continue next
			}
		}
		list = append(list, c)
	}
	return list
}

// parseBase64 reads standard base64, in lines or in one piece, with or without padding.
func parseBase64(text string) ([]byte, error) {
	text = strings.NewReplacer(`\r`, "", `\n`, "", "\r", "", "\n", "", " ", "", "\t", "").Replace(text)
	b, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(text, "="))
	if err != nil {
		return nil, errors.New("not base64")
	}
	if len(b) == 0 {
		return nil, errors.New("empty")
	}
	return b, nil
}
