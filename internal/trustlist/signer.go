// SPDX-License-Identifier: Apache-2.0

package trustlist

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/xml"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"

	dsig "github.com/russellhaering/goxmldsig"

	"gsign/internal/pkix"
)

type method struct {
	hash crypto.Hash
	kind int
}

const (
	pkcs1 = iota
	pss
	elliptic
)

// methods are the signature algorithms that count (RFC 9231, TS 119 312).
var methods = map[string]method{
	"http://www.w3.org/2001/04/xmldsig-more#rsa-sha256":      {crypto.SHA256, pkcs1},
	"http://www.w3.org/2001/04/xmldsig-more#rsa-sha384":      {crypto.SHA384, pkcs1},
	"http://www.w3.org/2001/04/xmldsig-more#rsa-sha512":      {crypto.SHA512, pkcs1},
	"http://www.w3.org/2007/05/xmldsig-more#sha256-rsa-MGF1": {crypto.SHA256, pss},
	"http://www.w3.org/2007/05/xmldsig-more#sha384-rsa-MGF1": {crypto.SHA384, pss},
	"http://www.w3.org/2007/05/xmldsig-more#sha512-rsa-MGF1": {crypto.SHA512, pss},
	"http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256":    {crypto.SHA256, elliptic},
	"http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384":    {crypto.SHA384, elliptic},
	"http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha512":    {crypto.SHA512, elliptic},
}

// minRSA is the least that TS 119 312 has for RSA. A list of Norway was signed with 2032 bits.
const minRSA = 1900

// signer finds the certificate that the signature carries among those given, and verifies with its key. Nothing else
// about the certificate is judged: who gave it vouches for it, and lists are checked years after they were signed.
func (v *verifier) signer(info *xmlSignedInfo, signed []byte, signers []*x509.Certificate) (*x509.Certificate, error) {
	m, ok := methods[info.Method.Algorithm]
	if !ok {
		return nil, bad("the algorithm %q is not RSA, RSA-PSS or ECDSA with SHA-2", info.Method.Algorithm)
	}
	claimed, err := v.carried()
	if err != nil {
		return nil, err
	}
	e := only(v.sig, nsSig, "SignatureValue")
	if e == nil {
		return nil, bad("not one SignatureValue")
	}
	value, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(e.Text()), ""))
	if err != nil {
		return nil, bad("SignatureValue: %v", err)
	}
	problem := error(&SignatureError{
		Reason:  "it is of " + pkix.Name(claimed[0]) + ", whose certificate is none of those given",
		Foreign: claimed[0], carried: claimed,
	})
	for _, have := range claimed { // a CA among them may be given too
		if !slices.ContainsFunc(signers, have.Equal) {
			continue
		}
		err := m.verify(pkix.PublicKey(have), sum(m.hash, signed), value)
		if err == nil {
			return have, nil
		}
		problem = bad("the key of %s did not make it: %v", pkix.Name(have), err)
	}
	return nil, problem
}

// carried returns the certificates in KeyInfo (TS 119 612 annex B: that of the signer is there).
func (v *verifier) carried() ([]*x509.Certificate, error) {
	var all []*x509.Certificate
	info := only(v.sig, nsSig, "KeyInfo")
	if info == nil {
		return nil, bad("not one KeyInfo")
	}
	for _, data := range info.ChildElements() {
		for _, e := range data.ChildElements() {
			if e.Tag != "X509Certificate" || e.NamespaceURI() != nsSig {
				continue
			}
			c, err := certificate(e.Text())
			if err != nil {
				return nil, bad("a certificate that it carries cannot be read: %v", err)
			}
			all = append(all, c)
		}
	}
	if len(all) == 0 {
		return nil, bad("it carries no certificate")
	}
	return all, nil
}

func (m method) verify(public crypto.PublicKey, digest, value []byte) error {
	switch k := public.(type) {
	case *rsa.PublicKey:
		switch {
		case k.N.BitLen() < minRSA:
			return fmt.Errorf("an RSA key below %d bits", minRSA)
		case m.kind == pkcs1:
			return rsa.VerifyPKCS1v15(k, m.hash, digest, value)
		case m.kind == pss:
			return rsa.VerifyPSS(k, m.hash, digest, value, &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash})
		}
	case *ecdsa.PublicKey:
		n := len(value) / 2 // RFC 9231 2.3.6: two numbers of one length
		if m.kind == elliptic && n > 0 && len(value)%2 == 0 {
			if ecdsa.Verify(k, digest, new(big.Int).SetBytes(value[:n]), new(big.Int).SetBytes(value[n:])) {
				return nil
			}
			return errors.New("ECDSA verification error")
		}
	}
	return errors.New("its key is of another kind")
}

// xmlProperties are the signed properties, read from the canonical bytes that were signed.
type xmlProperties struct {
	Old []xmlCertDigest `xml:"SignedSignatureProperties>SigningCertificate>Cert>CertDigest"`
	New []xmlCertDigest `xml:"SignedSignatureProperties>SigningCertificateV2>Cert>CertDigest"`
}

type xmlCertDigest struct {
	Method struct {
		Algorithm string `xml:"Algorithm,attr"`
	} `xml:"DigestMethod"`
	Value string `xml:"DigestValue"`
}

// names checks that the signed properties name the signer (EN 319 132-1 5.2.2). SHA-1 will do here, which many lists of
// today have: the certificate is one that was given, byte for byte, and nobody finds another one for a digest.
func names(properties []byte, signer *x509.Certificate) error {
	var x xmlProperties
	if err := xml.Unmarshal(properties, &x); err != nil {
		return bad("its signed properties cannot be read: %v", err)
	}
	for _, d := range append(x.New, x.Old...) {
		h, ok := digests[d.Method.Algorithm]
		if d.Method.Algorithm == dsig.Namespace+"sha1" {
			h, ok = crypto.SHA1, true
		}
		value, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(d.Value), ""))
		if ok && err == nil && bytes.Equal(value, sum(h, signer.Raw)) {
			return nil
		}
	}
	return bad("its signed properties do not name %s", pkix.Name(signer))
}
