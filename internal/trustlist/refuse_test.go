// SPDX-License-Identifier: Apache-2.0

package trustlist_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"
	"testing"
	"unicode/utf16"

	"gsign/internal/limits"
	"gsign/internal/pkix/pkixtest"
	"gsign/internal/trustlist"
	"gsign/internal/trustlist/trustlisttest"
)

const (
	openRoot  = `<TrustServiceStatusList xmlns="http://uri.etsi.org/02231/v2#"`
	closeRoot = `</TrustServiceStatusList>`
)

// TestSignatures has lists that nobody signed who may, or that say something else than what was signed.
func TestSignatures(t *testing.T) {
	p := pkixtest.New(t, noon)
	s, other := signer(t, "TEST list signer"), signer(t, "TEST another")
	good := sign(t, s, usual(p))
	changed := func(change func(*trustlisttest.Signer)) []byte {
		c := *s
		change(&c)
		return sign(t, &c, usual(p))
	}
	evil := usual(p)
	evil.ID, evil.Providers[0].Name = "evil", "TEST evil"
	signature := string(good[bytes.Index(good, []byte("<ds:Signature ")):bytes.Index(good, []byte(closeRoot))])
	content := string(good[bytes.Index(good, []byte(openRoot)):])
	around := func(root, inner string) []byte { // the evil list with something in it
		return bytes.Replace(evil.XML(), []byte(closeRoot), []byte(inner+root), 1)
	}
	weak, err := trustlisttest.SignerWith(smallKey(t), "TEST small", since)
	if err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		b    []byte
		says string
	}{
		"changed":                     {replaced(t, good, "TEST CA", "TEST XA"), "was changed after"},
		"an element more":             {replaced(t, good, "</SchemeInformation>", "<X></X></SchemeInformation>"), "was changed after"},
		"text by a comment":           {replaced(t, good, "<Name xml:lang=\"en\">TEST CA", "<Name xml:lang=\"en\">TEST <!-- x -->X CA"), "was changed after"},
		"another signer":              {sign(t, other, usual(p)), "none of those given"},
		"none":                        {usual(p).XML(), "it has none"},
		"two":                         {replaced(t, good, closeRoot, signature+closeRoot), "there are 2"},
		"two, one deeper":             {replaced(t, good, "<SchemeInformation>", "<SchemeInformation>"+signature), "there are 2"},
		"not in the root":             {replaced(t, replaced(t, good, signature, ""), closeRoot, "<X>"+signature+"</X>"+closeRoot), "does not stand in the root"},
		"wrapped: list in an object":  {around(closeRoot, strings.Replace(signature, "</ds:Signature>", "<ds:Object>"+strings.Replace(content, signature, "", 1)+"</ds:Object></ds:Signature>", 1)), `2 transforms of "list"`},
		"wrapped: list beside":        {around(closeRoot, strings.Replace(content, signature, "", 1)+signature), "is no part of the signature"},
		"wrapped: list within a list": {around(closeRoot, content), "does not stand in the root"},
		"wrapped: same identifier":    {bytes.Replace(around(closeRoot, strings.Replace(content, signature, "", 1)+signature), []byte(`Id="evil"`), []byte(`Id="list"`), 1), "several elements have the identifier"},
		"identifier in other letters": {replaced(t, good, "<SchemeInformation>", `<SchemeInformation id="list">`), "several elements have the identifier"},
		"properties twice":            {replaced(t, good, "</ds:KeyInfo>", `</ds:KeyInfo><ds:Object Id="xades"></ds:Object>`), `2 elements have the identifier "xades"`},
		"properties elsewhere":        {moved(t, good), "not where they belong"},
		"no reference to the list":    {changed(func(c *trustlisttest.Signer) { c.URI = "#sig" }), `2 transforms of "sig"`},
		"a reference outside":         {changed(func(c *trustlisttest.Signer) { c.URI = "http://example.test/list.xml" }), "which is no part of the list"},
		"a reference to one part":     {changed(func(c *trustlisttest.Signer) { c.URI = "#xades" }), "2 transforms"},
		"a transform that selects": {changed(func(c *trustlisttest.Signer) {
			c.Transforms = `<ds:Transform Algorithm="http://www.w3.org/2000/09/xmldsig#enveloped-signature"></ds:Transform><ds:Transform Algorithm="http://www.w3.org/TR/1999/REC-xpath-19991116"></ds:Transform>`
		}), "not one of a trusted list"},
		"without the enveloped one": {changed(func(c *trustlisttest.Signer) {
			c.Transforms = `<ds:Transform Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"></ds:Transform>`
		}), "transforms of the list"},
		"wrong digest":                 {changed(func(c *trustlisttest.Signer) { d := sha256.Sum256(nil); c.Digest = d[:] }), "was changed after"},
		"no signed properties":         {changed(func(c *trustlisttest.Signer) { c.NoXAdES = true }), "does not cover its signed properties"},
		"signed properties uncovered":  {changed(func(c *trustlisttest.Signer) { c.Uncovered = true }), "does not cover its signed properties"},
		"properties of another":        {changed(func(c *trustlisttest.Signer) { c.Named = other.Certificate }), "do not name"},
		"another's key":                {changed(func(c *trustlisttest.Signer) { c.Key = other.Key }), "did not make it"},
		"SHA-1 for the list":           {bytes.ReplaceAll(good, []byte("http://www.w3.org/2001/04/xmlenc#sha256"), []byte("http://www.w3.org/2000/09/xmldsig#sha1")), "did not make it"},
		"SHA-1 for the signature":      {replaced(t, good, "xmldsig-more#ecdsa-sha256", "xmldsig-more#ecdsa-sha1"), "not RSA, RSA-PSS or ECDSA with SHA-2"},
		"RSA of 1024 bits":             {sign(t, weak, usual(p)), "below 1900 bits"},
		"a method of another key":      {replaced(t, good, "xmldsig-more#ecdsa-sha256", "xmldsig-more#rsa-sha256"), "key is of another kind"},
		"SignedInfo twice":             {replaced(t, good, "<ds:SignatureValue>", "<ds:SignedInfo></ds:SignedInfo><ds:SignatureValue>"), "not one SignedInfo"},
		"no certificate":               {replaced(t, good, "ds:X509Certificate>", "ds:X509SKI>"), ""},
		"SignatureValue of no numbers": {replaced(t, good, "<ds:SignatureValue>", "<ds:SignatureValue>?"), "SignatureValue"},
	} {
		t.Run(name, func(t *testing.T) {
			l, err := trustlist.Read(tt.b, by(s, weak))
			if err == nil {
				t.Fatalf("read: %+v", l)
			}
			matched := false
			for says := range strings.SplitSeq(tt.says, "|") {
				matched = matched || strings.Contains(err.Error(), says)
			}
			if _, ok := errors.AsType[*trustlist.SignatureError](err); !ok && tt.says != "" || !matched {
				t.Errorf("%v, want %q", err, tt.says)
			}
		})
	}
}

// moved puts the signed properties under another parent of the signature.
func moved(tb testing.TB, good []byte) []byte {
	tb.Helper()
	return bytes.ReplaceAll(bytes.ReplaceAll(good, []byte("<ds:Object>"), []byte("<ds:Other>")), []byte("</ds:Object>"), []byte("</ds:Other>"))
}

// bombs are files that cost more to read than a list may.
func bombs() map[string]struct{ text, says string } {
	info := "<SchemeInformation><TSLVersionIdentifier>5</TSLVersionIdentifier><ListIssueDateTime>2026-05-01T00:00:00Z</ListIssueDateTime></SchemeInformation>"
	many := func(open string, n int, inner, shut string) string {
		return open + strings.Repeat(inner, n) + shut
	}
	service := "<TSPService><ServiceInformation><StatusStartingTime>2026-05-01T00:00:00Z</StatusStartingTime></ServiceInformation></TSPService>"
	var prefixes strings.Builder
	for i := range limits.TrustListPrefixes + 1 {
		fmt.Fprintf(&prefixes, ` xmlns:n%d="urn:%d"`, i, i)
	}
	return map[string]struct{ text, says string }{
		"nothing":            {"", "no XML"},
		"no XML":             {"%PDF-1.7", "no XML|text outside"},
		"another document":   {"<html/>", "no trusted list of TS 119 612"},
		"another namespace":  {`<TrustServiceStatusList xmlns="http://uri.etsi.org/02231#"/>`, "no trusted list of TS 119 612"},
		"cut off":            {openRoot + "><SchemeInformation>", "not XML that can be read"},
		"two lists":          {openRoot + ">" + info + closeRoot + openRoot + "/>", "a second element"},
		"text behind":        {openRoot + ">" + info + closeRoot + "text", "text outside|not XML"},
		"no scheme":          {openRoot + "/>", "no SchemeInformation"},
		"two schemes":        {openRoot + ">" + info + info + closeRoot, "two SchemeInformation"},
		"version 4":          {openRoot + ">" + strings.Replace(info, "5<", "4<", 1) + closeRoot, "version 4"},
		"no time":            {openRoot + ">" + strings.Replace(info, "Z<", "<", 1) + closeRoot, "ListIssueDateTime"},
		"critical extension": {openRoot + ">" + strings.Replace(info, "</SchemeI", `<SchemeExtensions><Extension Critical="true"><Surprise/></Extension></SchemeExtensions></SchemeI`, 1) + closeRoot, "Surprise is not understood"},
		"DTD":                {`<!DOCTYPE x [<!ENTITY a "b">]>` + openRoot + ">" + info + closeRoot, "document type declaration"},
		"entity":             {openRoot + ">" + info + "<X>&a;</X>" + closeRoot, "not XML that can be read"},
		"billion laughs":     {`<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>` + openRoot + ">&b;" + closeRoot, "document type declaration"},
		"another encoding":   {`<?xml version="1.0" encoding="ISO-8859-1"?>` + openRoot + ">" + info + closeRoot, "not XML that can be read"},
		"UTF-16":             {string(inUTF16(openRoot + ">" + info + closeRoot)), "in UTF-16"},
		"deep":               {openRoot + ">" + many("", 100_000, "<a>", "") + closeRoot, "nested deeper"},
		"elements":           {many(openRoot+">", limits.TrustListElements+1, "<a/>", closeRoot), "elements"},
		"services":           {many(openRoot+">"+info+"<TrustServiceProviderList><TrustServiceProvider><TSPServices>", limits.TrustListServices+1, service, "</TSPServices></TrustServiceProvider></TrustServiceProviderList>"+closeRoot), "services"},
		"certificates":       {many(openRoot+">"+info+"<TrustServiceProviderList><TrustServiceProvider><TSPServices><TSPService><ServiceInformation><ServiceDigitalIdentity>", limits.TrustListCertificates+1, "<DigitalId><X509Certificate>MA==</X509Certificate></DigitalId>", "</ServiceDigitalIdentity></ServiceInformation></TSPService></TSPServices></TrustServiceProvider></TrustServiceProviderList>"+closeRoot), "certificates"},
		"namespaces":         {openRoot + "><a" + prefixes.String() + "/>" + closeRoot, "namespaces at once"},
		"attributes":         {openRoot + "><a" + strings.ReplaceAll(prefixes.String()+prefixes.String(), "xmlns:", "") + "/>" + closeRoot, "attributes"},
		"bytes":              {openRoot + ">" + strings.Repeat(" ", limits.TrustList) + closeRoot, "longer than"},
	}
}

func inUTF16(text string) []byte {
	b := []byte{0xff, 0xfe}
	for _, u := range utf16.Encode([]rune(text)) {
		b = append(b, byte(u), byte(u>>8))
	}
	return b
}

func TestBombs(t *testing.T) {
	for name, tt := range bombs() {
		l, err := trustlist.Read([]byte(tt.text), &trustlist.Options{Unverified: true})
		if err == nil {
			t.Errorf("%s: read: %d services", name, len(l.Services))
			continue
		}
		matched := false
		for says := range strings.SplitSeq(tt.says, "|") {
			matched = matched || strings.Contains(err.Error(), says)
		}
		if _, ok := errors.AsType[*trustlist.FormatError](err); !ok || !matched {
			t.Errorf("%s: %v, want %q", name, err, tt.says)
		}
	}
}

// FuzzList reads anything, and signs nothing: what is read of a list whose signature was not checked has to be within bounds,
// and no signature may hold that was not made here.
func FuzzList(f *testing.F) {
	p := pkixtest.New(f, noon)
	s := signer(f, "TEST list signer")
	good := sign(f, s, usual(p))
	f.Add(good)
	f.Add(usual(p).XML())
	for _, b := range bombs() {
		if len(b.text) < 4<<10 {
			f.Add([]byte(b.text))
		}
	}
	want, err := trustlist.Read(good, by(s))
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		l, err := trustlist.Read(b, &trustlist.Options{Unverified: true})
		if err == nil && (l == nil || len(l.Services) > limits.TrustListServices || len(l.Notes) > limits.TrustListNotes) {
			t.Errorf("out of bounds: %v", l)
		}
		l, err = trustlist.Read(b, by(s))
		if err == nil && fmt.Sprint(l.Services[0].Name, l.Services[1].Name, len(l.Services), l.Issued) != fmt.Sprint(want.Services[0].Name, want.Services[1].Name, 2, want.Issued) {
			t.Errorf("a signature over something else: %+v", l)
		}
	})
}
