// SPDX-License-Identifier: Apache-2.0

package trustlisttest

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	_ "crypto/sha1"   // as above
	_ "crypto/sha256" // of digests
	_ "crypto/sha512"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/base64"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"time"
)

// Signer signs lists. The other fields make signatures that must not hold.
type Signer struct {
	Certificate *x509.Certificate
	Key         crypto.Signer
	PSS         bool                // with an RSA key
	Hash        crypto.Hash         // OPTIONAL, default SHA-256
	NamedBySHA1 bool                // in the signed properties
	Others      []*x509.Certificate // OPTIONAL: certificates that stand before the signer's
	URI         string              // OPTIONAL, of the reference to the list; default "#" and its identifier, "-" for the empty one

	Digest     []byte            // OPTIONAL, of the list, instead of the right one
	Named      *x509.Certificate // OPTIONAL: the signed properties name this one
	NoXAdES    bool              // no signed properties
	Uncovered  bool              // the signed properties are there, and no reference to them
	Transforms string            // OPTIONAL: the transforms of the list
}

// NewSigner makes a certificate for signing lists, self-signed as many are.
func NewSigner(name string, from time.Time) (*Signer, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	return SignerWith(key, name, from)
}

// SignerWith is NewSigner with a key that is there.
func SignerWith(key crypto.Signer, name string, from time.Time) (*Signer, error) {
	template := &x509.Certificate{
		SerialNumber: big.NewInt(from.Unix()), Subject: pkix.Name{CommonName: name}, NotBefore: from, NotAfter: from.AddDate(3, 0, 0),
		ExtraExtensions: []pkix.Extension{{Id: asn1.ObjectIdentifier{2, 5, 29, 37}, Value: []byte{0x30, 0x08, 0x06, 0x06, 0x04, 0x00, 0x91, 0x37, 0x03, 0x00}}}, // id-tsl-kp-tslSigning
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, err
	}
	cert, err := x509.ParseCertificate(der)
	return &Signer{Certificate: cert, Key: key}, err
}

const (
	dsURI    = "http://www.w3.org/2000/09/xmldsig#"
	xadesURI = "http://uri.etsi.org/01903/v1.3.2#"
	excURI   = "http://www.w3.org/2001/10/xml-exc-c14n#"
)

var digestURIs = map[crypto.Hash]string{
	crypto.SHA256: "http://www.w3.org/2001/04/xmlenc#sha256", crypto.SHA384: "http://www.w3.org/2001/04/xmldsig-more#sha384",
	crypto.SHA512: "http://www.w3.org/2001/04/xmlenc#sha512",
}

// Sign puts a signature at the end of the list that XML wrote.
func (s *Signer) Sign(list []byte) ([]byte, error) {
	content := list[bytes.Index(list, []byte("<TrustServiceStatusList")):]
	signature, err := s.Signature(content)
	if err != nil {
		return nil, err
	}
	return append(bytes.TrimSuffix(bytes.Clone(list), []byte(end)), signature+end...), nil
}

// Signature makes the signature over canonical bytes, to be placed anywhere.
func (s *Signer) Signature(content []byte) (string, error) {
	h := s.hash()
	named := s.Certificate
	if s.Named != nil {
		named = s.Named
	}
	nameBy, nameURI := h, digestURIs[h]
	if s.NamedBySHA1 {
		nameBy, nameURI = crypto.SHA1, dsURI+"sha1"
	}
	properties := fmt.Sprintf(`<xades:SignedProperties xmlns:xades="%s" Id="xades"><xades:SignedSignatureProperties><xades:SigningTime>2026-05-01T00:00:00Z</xades:SigningTime>`+
		`<xades:SigningCertificateV2><xades:Cert><xades:CertDigest><ds:DigestMethod xmlns:ds="%s" Algorithm="%s"></ds:DigestMethod><ds:DigestValue xmlns:ds="%s">%s</ds:DigestValue></xades:CertDigest></xades:Cert></xades:SigningCertificateV2>`+
		`</xades:SignedSignatureProperties></xades:SignedProperties>`, xadesURI, dsURI, nameURI, dsURI, digest(nameBy, named.Raw))
	sum := digest(h, content)
	if s.Digest != nil {
		sum = base64.StdEncoding.EncodeToString(s.Digest)
	}
	transforms := s.Transforms
	if transforms == "" {
		transforms = `<ds:Transform Algorithm="http://www.w3.org/2000/09/xmldsig#enveloped-signature"></ds:Transform><ds:Transform Algorithm="` + excURI + `"></ds:Transform>`
	}
	uri := s.URI
	if uri == "" {
		_, rest, _ := strings.Cut(string(content), ` Id="`)
		id, _, _ := strings.Cut(rest, `"`)
		uri = "#" + id
	}
	references := reference(h, strings.TrimPrefix(uri, "-"), "", transforms, sum)
	if !s.NoXAdES && !s.Uncovered {
		references += reference(h, "#xades", "http://uri.etsi.org/01903#SignedProperties", `<ds:Transform Algorithm="`+excURI+`"></ds:Transform>`, digest(h, []byte(properties)))
	}
	info := fmt.Sprintf(`<ds:SignedInfo xmlns:ds="%s"><ds:CanonicalizationMethod Algorithm="%s"></ds:CanonicalizationMethod><ds:SignatureMethod Algorithm="%s"></ds:SignatureMethod>%s</ds:SignedInfo>`,
		dsURI, excURI, s.method(), references)
	value, err := s.value([]byte(info))
	if err != nil {
		return "", err
	}
	object := ""
	if !s.NoXAdES {
		object = fmt.Sprintf(`<ds:Object><xades:QualifyingProperties xmlns:xades="%s" Target="#sig">%s</xades:QualifyingProperties></ds:Object>`, xadesURI, properties)
	}
	var carried strings.Builder
	for _, c := range append(slices.Clone(s.Others), s.Certificate) {
		fmt.Fprintf(&carried, "<ds:X509Certificate>%s</ds:X509Certificate>", base64.StdEncoding.EncodeToString(c.Raw))
	}
	return fmt.Sprintf(`<ds:Signature xmlns:ds="%s" Id="sig">%s<ds:SignatureValue>%s</ds:SignatureValue><ds:KeyInfo><ds:X509Data>%s</ds:X509Data></ds:KeyInfo>%s</ds:Signature>`,
		dsURI, info, base64.StdEncoding.EncodeToString(value), carried.String(), object), nil
}

func reference(h crypto.Hash, uri, kind, transforms, value string) string {
	if kind != "" {
		kind = ` Type="` + kind + `"`
	}
	return fmt.Sprintf(`<ds:Reference%s URI="%s"><ds:Transforms>%s</ds:Transforms><ds:DigestMethod Algorithm="%s"></ds:DigestMethod><ds:DigestValue>%s</ds:DigestValue></ds:Reference>`,
		kind, uri, transforms, digestURIs[h], value)
}

func (s *Signer) hash() crypto.Hash {
	if s.Hash == 0 {
		return crypto.SHA256
	}
	return s.Hash
}

func (s *Signer) method() string {
	bits := fmt.Sprint(8 * s.hash().Size())
	switch _, ec := s.Key.Public().(*ecdsa.PublicKey); {
	case ec:
		return "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha" + bits
	case s.PSS:
		return "http://www.w3.org/2007/05/xmldsig-more#sha" + bits + "-rsa-MGF1"
	}
	return "http://www.w3.org/2001/04/xmldsig-more#rsa-sha" + bits
}

// value signs. ECDSA in XML is the two numbers side by side (RFC 9231 section 2.3.6).
func (s *Signer) value(message []byte) ([]byte, error) {
	d := s.hash().New()
	d.Write(message)
	sum := d.Sum(nil)
	if s.PSS {
		return s.Key.Sign(rand.Reader, sum, &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: s.hash()})
	}
	value, err := s.Key.Sign(rand.Reader, sum, s.hash())
	public, ok := s.Key.Public().(*ecdsa.PublicKey)
	if err != nil || !ok {
		return value, err
	}
	var pair struct{ R, S *big.Int }
	if _, err := asn1.Unmarshal(value, &pair); err != nil {
		return nil, err
	}
	n := (public.Curve.Params().BitSize + 7) / 8
	return append(pair.R.FillBytes(make([]byte, n)), pair.S.FillBytes(make([]byte, n))...), nil
}

func digest(h crypto.Hash, b []byte) string {
	d := h.New()
	d.Write(b)
	return base64.StdEncoding.EncodeToString(d.Sum(nil))
}
