// SPDX-License-Identifier: Apache-2.0

package trustlist

import (
	"bytes"
	"crypto"
	_ "crypto/sha256" // the hash functions of digests
	_ "crypto/sha512"
	"crypto/x509"
	"encoding/base64"
	"encoding/xml"
	"strings"

	"github.com/beevik/etree"
	dsig "github.com/russellhaering/goxmldsig"
	"github.com/russellhaering/goxmldsig/etreeutils"

	"gsign/internal/limits"
)

// The library canonicalizes. What is signed, by which references and by whom is judged here, because a trusted list is
// one known shape (TS 119 612 annex B): the library's own check stops after a thousand elements, takes SHA-1, knows no
// RSA-PSS and looks at one reference only.

const (
	enveloped        = "http://www.w3.org/2000/09/xmldsig#enveloped-signature"
	signedProperties = "http://uri.etsi.org/01903#SignedProperties"
)

// digests are the hash functions that count (TS 119 612 annex B, TS 119 312): no SHA-1.
var digests = map[string]crypto.Hash{
	"http://www.w3.org/2001/04/xmlenc#sha256":       crypto.SHA256,
	"http://www.w3.org/2001/04/xmldsig-more#sha384": crypto.SHA384,
	"http://www.w3.org/2001/04/xmlenc#sha512":       crypto.SHA512,
}

// xmlSignedInfo is read from the canonical bytes that were signed.
type xmlSignedInfo struct {
	Method struct {
		Algorithm string `xml:"Algorithm,attr"`
	} `xml:"SignatureMethod"`
	References []xmlReference `xml:"Reference"`
}

type xmlReference struct {
	URI        *string        `xml:"URI,attr"`
	Type       string         `xml:"Type,attr"`
	Transforms []xmlTransform `xml:"Transforms>Transform"`
	Method     struct {
		Algorithm string `xml:"Algorithm,attr"`
	} `xml:"DigestMethod"`
	Value string `xml:"DigestValue"`
}

type xmlTransform struct {
	Algorithm string `xml:"Algorithm,attr"`
	Inclusive struct {
		PrefixList string `xml:"PrefixList,attr"`
	} `xml:"InclusiveNamespaces"`
}

// verifier checks the one signature of a list.
type verifier struct {
	shape     *shape
	root, sig *etree.Element
}

// verify checks the signature of a list, and returns the bytes of the list that it covers: the root element without the
// signature, as they were digested.
func verify(b []byte, s *shape, signers []*x509.Certificate) ([]byte, *x509.Certificate, error) {
	doc := etree.NewDocument()
	err := doc.ReadFromBytes(b)
	if err != nil || doc.Root() == nil {
		return nil, nil, &FormatError{"not XML that can be read", err}
	}
	v := &verifier{shape: s, root: doc.Root()}
	switch v.sig = only(v.root, nsSig, "Signature"); {
	case s.signatures == 0:
		return nil, nil, bad("it has none")
	case s.signatures > 1:
		return nil, nil, bad("there are %d, and a list has one", s.signatures)
	case v.sig == nil:
		return nil, nil, bad("it does not stand in the root element (TS 119 612 annex B)")
	}
	info, signed, err := v.signedInfo()
	if err != nil {
		return nil, nil, err
	}
	signer, err := v.signer(info, signed, signers)
	if err != nil {
		return nil, nil, err
	}
	content, properties, err := v.references(info)
	if err != nil {
		return nil, nil, err
	}
	return content, signer, names(properties, signer)
}

// only returns the child of that name, nil where there is none or more than one.
func only(e *etree.Element, space, tag string) *etree.Element {
	var found *etree.Element
	for _, c := range e.ChildElements() {
		if c.Tag != tag || c.NamespaceURI() != space {
			continue
		}
		if found != nil {
			return nil
		}
		found = c
	}
	return found
}

// signedInfo returns what was signed, read from the bytes that were.
func (v *verifier) signedInfo() (*xmlSignedInfo, []byte, error) {
	e := only(v.sig, nsSig, "SignedInfo")
	if e == nil {
		return nil, nil, bad("not one SignedInfo")
	}
	method := only(e, nsSig, "CanonicalizationMethod")
	if method == nil {
		return nil, nil, bad("not one CanonicalizationMethod")
	}
	t := xmlTransform{Algorithm: method.SelectAttrValue("Algorithm", "")}
	if list := only(method, string(dsig.CanonicalXML10ExclusiveAlgorithmId), "InclusiveNamespaces"); list != nil {
		t.Inclusive.PrefixList = list.SelectAttrValue("PrefixList", "")
	}
	signed, err := part(e, t)
	if err != nil {
		return nil, nil, err
	}
	info := &xmlSignedInfo{}
	err = xml.Unmarshal(signed, info)
	if err != nil {
		return nil, nil, bad("SignedInfo: %v", err)
	}
	return info, signed, nil
}

// canonicalizer returns the method that a transform names. Those that keep comments are not for lists.
func canonicalizer(t xmlTransform) (dsig.Canonicalizer, error) {
	switch dsig.AlgorithmID(t.Algorithm) {
	case dsig.CanonicalXML10ExclusiveAlgorithmId:
		return dsig.MakeC14N10ExclusiveCanonicalizerWithPrefixList(t.Inclusive.PrefixList), nil
	case dsig.CanonicalXML10RecAlgorithmId:
		return dsig.MakeC14N10RecCanonicalizer(), nil
	case dsig.CanonicalXML11AlgorithmId:
		return dsig.MakeC14N11Canonicalizer(), nil
	}
	return nil, bad("the transform %q is not one of a trusted list", t.Algorithm)
}

// part canonicalizes an element within the signature, with the namespaces that are in scope there.
func part(e *etree.Element, t xmlTransform) ([]byte, error) {
	c, err := canonicalizer(t)
	if err != nil {
		return nil, err
	}
	around, err := etreeutils.NSBuildParentContext(e)
	if err != nil {
		return nil, bad("%v", err)
	}
	alone, err := etreeutils.NSDetatch(around, e)
	if err != nil {
		return nil, bad("%v", err)
	}
	b, err := c.Canonicalize(alone)
	if err != nil {
		return nil, bad("%v", err)
	}
	return b, nil
}

// references checks every digest. One reference is to the root element, one to the signed properties (EN 319 132-1 5.2);
// others may be to parts of the signature.
func (v *verifier) references(info *xmlSignedInfo) (content, properties []byte, err error) {
	if len(info.References) > limits.TrustListReferences {
		return nil, nil, bad("more than %d references", limits.TrustListReferences)
	}
	for i := range info.References {
		r := &info.References[i]
		if r.URI == nil {
			return nil, nil, bad("a reference without URI")
		}
		var b []byte
		if id, ok := strings.CutPrefix(*r.URI, "#"); *r.URI == "" || ok && id != "" && v.rootID() == id {
			if content != nil {
				return nil, nil, bad("two references to the list")
			}
			b, err = v.list(id, r)
			content = b
		} else if !ok || id == "" {
			err = bad("a reference to %q, which is no part of the list", *r.URI)
		} else {
			b, err = v.inner(id, r)
			if r.Type == signedProperties && err == nil {
				if properties != nil {
					return nil, nil, bad("two references to signed properties")
				}
				properties = b
			}
		}
		if err == nil {
			err = r.check(b)
		}
		if err != nil {
			return nil, nil, err
		}
	}
	switch {
	case content == nil:
		return nil, nil, bad("it does not cover the list")
	case properties == nil:
		return nil, nil, bad("it does not cover its signed properties (XAdES, EN 319 132-1)")
	}
	return content, properties, nil
}

func (v *verifier) rootID() string { return v.root.SelectAttrValue("Id", "") }

// list canonicalizes the root element without the signature: no other transform is taken (TS 119 612 annex B).
func (v *verifier) list(id string, r *xmlReference) ([]byte, error) {
	if id != "" && v.shape.ids[id] != 1 {
		return nil, bad("several elements have the identifier %q", id)
	}
	if len(r.Transforms) != 2 || r.Transforms[0].Algorithm != enveloped {
		return nil, bad("the transforms of the list are not: enveloped signature, canonicalization")
	}
	c, err := canonicalizer(r.Transforms[1])
	if err != nil {
		return nil, err
	}
	alone := v.root.Copy()
	alone.RemoveChildAt(v.sig.Index())
	b, err := c.Canonicalize(alone)
	if err != nil {
		return nil, bad("%v", err)
	}
	return b, nil
}

// inner canonicalizes a part of the signature. Signed properties stand where XAdES has them, and nowhere else.
func (v *verifier) inner(id string, r *xmlReference) ([]byte, error) {
	if n := v.shape.ids[id]; n != 1 {
		return nil, bad("%d elements have the identifier %q", n, id)
	}
	e := find(v.sig, id)
	if e == nil {
		return nil, bad("%q is no part of the signature", id)
	}
	if r.Type == signedProperties && !v.isProperties(e) {
		return nil, bad("its signed properties are not where they belong")
	}
	t := xmlTransform{Algorithm: string(dsig.CanonicalXML10RecAlgorithmId)} // XML signature 4.4.3.2: where none is named
	switch len(r.Transforms) {
	case 0:
	case 1:
		t = r.Transforms[0]
	default:
		return nil, bad("%d transforms of %q", len(r.Transforms), id)
	}
	return part(e, t)
}

func (v *verifier) isProperties(e *etree.Element) bool {
	for _, name := range []xml.Name{{Space: nsXAdES, Local: "SignedProperties"}, {Space: nsXAdES, Local: "QualifyingProperties"}, {Space: nsSig, Local: "Object"}} {
		if e == nil || e.Tag != name.Local || e.NamespaceURI() != name.Space {
			return false
		}
		e = e.Parent()
	}
	return e == v.sig
}

// find returns the element with an identifier.
func find(e *etree.Element, id string) *etree.Element {
	for _, a := range e.Attr {
		if a.Space == "" && a.Key == "Id" && a.Value == id {
			return e
		}
	}
	for _, c := range e.ChildElements() {
		if found := find(c, id); found != nil {
			return found
		}
	}
	return nil
}

func (r *xmlReference) check(b []byte) error {
	h, ok := digests[r.Method.Algorithm]
	if !ok {
		return bad("the digest %q is not SHA-256, SHA-384 or SHA-512", r.Method.Algorithm)
	}
	want, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(r.Value), ""))
	if err != nil || !bytes.Equal(sum(h, b), want) {
		what := "the list"
		if *r.URI != "" {
			what = *r.URI
		}
		return bad("the digest of %s is another: it was changed after it was signed", what)
	}
	return nil
}

func sum(h crypto.Hash, b []byte) []byte {
	d := h.New()
	d.Write(b)
	return d.Sum(nil)
}
