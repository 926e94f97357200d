// SPDX-License-Identifier: Apache-2.0

package trustlist

import (
	"bytes"
	"cmp"
	"crypto/x509"
	"encoding/base64"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"gsign/internal/limits"
	"gsign/internal/pkix"
)

// The parts of a list as encoding/xml reads them, by local names: what is read was signed as a whole.
type (
	xmlNames struct {
		Name []struct {
			Lang string `xml:"lang,attr"`
			Text string `xml:",chardata"`
		} `xml:"Name"`
	}
	xmlIdentity struct {
		IDs []struct {
			Certificate []string `xml:"X509Certificate"`
		} `xml:"DigitalId"`
	}
	xmlScheme struct {
		Version    int      `xml:"TSLVersionIdentifier"`
		Sequence   string   `xml:"TSLSequenceNumber"`
		Type       string   `xml:"TSLType"`
		Operator   xmlNames `xml:"SchemeOperatorName"`
		Territory  string   `xml:"SchemeTerritory"`
		Issued     string   `xml:"ListIssueDateTime"`
		NextUpdate struct {
			DateTime string `xml:"dateTime"`
		} `xml:"NextUpdate"`
		Pointers   []xmlPointer   `xml:"PointersToOtherTSL>OtherTSLPointer"`
		Extensions []xmlExtension `xml:"SchemeExtensions>Extension"`
	}
	xmlPointer struct {
		Identities []xmlIdentity `xml:"ServiceDigitalIdentities>ServiceDigitalIdentity"`
		Location   string        `xml:"TSLLocation"`
		Other      []struct {
			Territory string `xml:"SchemeTerritory"`
			Type      string `xml:"TSLType"`
		} `xml:"AdditionalInformation>OtherInformation"`
	}
	xmlProvider struct {
		Name       xmlNames       `xml:"TSPInformation>TSPName"`
		Extensions []xmlExtension `xml:"TSPInformation>TSPInformationExtensions>Extension"`
		Services   []xmlService   `xml:"TSPServices>TSPService"`
	}
	xmlService struct {
		Now     xmlInstance   `xml:"ServiceInformation"`
		History []xmlInstance `xml:"ServiceHistory>ServiceHistoryInstance"`
	}
	xmlInstance struct {
		Type       string         `xml:"ServiceTypeIdentifier"`
		Name       xmlNames       `xml:"ServiceName"`
		Identity   xmlIdentity    `xml:"ServiceDigitalIdentity"`
		Status     string         `xml:"ServiceStatus"`
		Start      string         `xml:"StatusStartingTime"`
		Extensions []xmlExtension `xml:"ServiceInformationExtensions>Extension"`
	}
	xmlExtension struct {
		Critical   bool `xml:"Critical,attr"`
		Qualifiers []struct {
			URI string `xml:"uri,attr"`
		} `xml:"Qualifications>QualificationElement>Qualifiers>Qualifier"`
		Parts []struct {
			XMLName xml.Name
			URI     string `xml:"URI"`
		} `xml:",any"`
	}
)

// english is the English name, else the first.
func (n xmlNames) english() string {
	text := ""
	for i, v := range n.Name {
		if i == 0 || strings.EqualFold(v.Lang, "en") {
			text = strings.Join(strings.Fields(v.Text), " ")
		}
		if strings.EqualFold(v.Lang, "en") {
			break
		}
	}
	return text
}

// parser reads a list that scan has been through, or what of it was signed.
type parser struct {
	d            *xml.Decoder
	list         *List
	services     int
	certificates int
}

func parse(b []byte) (*List, error) {
	p := &parser{d: xml.NewDecoder(bytes.NewReader(b)), list: &List{}}
	err := p.children("", func(root *xml.StartElement) error {
		return p.children(root.Name.Local, p.part)
	})
	if err != nil {
		return nil, err
	}
	if p.list.Version == 0 {
		return nil, malformed("no SchemeInformation")
	}
	return p.list, nil
}

// children calls f for each element that stands in the one that was just opened.
func (p *parser) children(name string, f func(*xml.StartElement) error) error {
	for {
		token, err := p.d.Token()
		if errors.Is(err, io.EOF) && name == "" {
			return nil
		}
		if err != nil {
			return &FormatError{"not XML that can be read", err}
		}
		switch t := token.(type) {
		case xml.StartElement:
			if err := f(&t); err != nil {
				return err
			}
		case xml.EndElement:
			return nil
		}
	}
}

func (p *parser) part(e *xml.StartElement) error {
	switch {
	case e.Name.Space != nsList:
	case e.Name.Local == "SchemeInformation" && p.list.Version != 0:
		return malformed("two SchemeInformation")
	case e.Name.Local == "SchemeInformation":
		return p.scheme(e)
	case e.Name.Local == "TrustServiceProviderList":
		return p.children(e.Name.Local, p.provider)
	}
	return p.skip()
}

func (p *parser) skip() error {
	if err := p.d.Skip(); err != nil {
		return &FormatError{"not XML that can be read", err}
	}
	return nil
}

func (p *parser) scheme(e *xml.StartElement) error {
	var x xmlScheme
	err := p.d.DecodeElement(&x, e)
	if err != nil {
		return &FormatError{"its SchemeInformation cannot be read", err}
	}
	l := p.list
	if x.Version < 5 || x.Version > 6 {
		return malformed("version %d of the format: 5 and 6 are read (TS 119 612 from 2.1.1 on)", x.Version)
	}
	l.Version, l.Sequence, l.Operator = x.Version, strings.TrimSpace(x.Sequence), x.Operator.english()
	l.Territory = strings.ToUpper(strings.TrimSpace(x.Territory))
	l.Type = last(x.Type)
	l.OfLists = strings.HasSuffix(strings.ToLower(l.Type), "listofthelists")
	if l.Issued, err = moment(x.Issued); err != nil {
		return &FormatError{"its ListIssueDateTime cannot be read", err}
	}
	if strings.TrimSpace(x.NextUpdate.DateTime) != "" {
		if l.NextUpdate, err = moment(x.NextUpdate.DateTime); err != nil {
			return &FormatError{"its NextUpdate cannot be read", err}
		}
	}
	for i := range x.Extensions {
		if unknown := x.Extensions[i].unknown(); unknown != "" {
			return malformed("its critical extension %s is not understood (TS 119 612 5.3.17)", unknown)
		}
	}
	for i := range x.Pointers {
		if err := p.pointer(&x.Pointers[i]); err != nil {
			return err
		}
	}
	return nil
}

// last is the last part of a URI.
func last(uri string) string {
	uri = strings.TrimSpace(uri)
	return uri[strings.LastIndexByte(uri, '/')+1:]
}

func (p *parser) pointer(x *xmlPointer) error {
	if len(p.list.Pointers) == limits.TrustListPointers {
		return malformed("more than %d pointers", limits.TrustListPointers)
	}
	to := Pointer{Location: strings.TrimSpace(x.Location)}
	for _, o := range x.Other {
		if t := strings.TrimSpace(o.Territory); t != "" {
			to.Territory = strings.ToUpper(t)
		}
		if t := last(o.Type); t != "" {
			to.Type = t
		}
	}
	for _, id := range x.Identities {
		certs, err := p.certs(id, "the pointer to "+to.Location)
		if err != nil {
			return err
		}
		to.Signers = append(to.Signers, certs...)
	}
	p.list.Pointers = append(p.list.Pointers, to)
	return nil
}

// note says what is no anchor.
func (p *parser) note(format string, args ...any) {
	if len(p.list.Notes) < limits.TrustListNotes {
		p.list.Notes = append(p.list.Notes, fmt.Sprintf(format, args...))
	}
}

// certs reads the certificates of an identity. One that cannot be read is no reason not to use the others.
func (p *parser) certs(id xmlIdentity, of string) ([]*x509.Certificate, error) {
	var all []*x509.Certificate
	for _, i := range id.IDs {
		for _, text := range i.Certificate {
			if p.certificates++; p.certificates > limits.TrustListCertificates {
				return nil, malformed("more than %d certificates", limits.TrustListCertificates)
			}
			cert, err := certificate(text)
			if err != nil {
				p.note("%s: a certificate that cannot be read: %v", of, err)
				continue
			}
			all = append(all, cert)
		}
	}
	return all, nil
}

func certificate(text string) (*x509.Certificate, error) {
	der, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(text), ""))
	if err != nil {
		return nil, err
	}
	return pkix.ParseCertificate(der)
}

func (p *parser) provider(e *xml.StartElement) error {
	if e.Name.Local != "TrustServiceProvider" {
		return p.skip()
	}
	var x xmlProvider
	if err := p.d.DecodeElement(&x, e); err != nil {
		return &FormatError{"a TrustServiceProvider cannot be read", err}
	}
	for i := range x.Services {
		if p.services++; p.services > limits.TrustListServices {
			return malformed("more than %d services", limits.TrustListServices)
		}
		if err := p.service(&x, &x.Services[i]); err != nil {
			return err
		}
	}
	return nil
}

func (p *parser) service(provider *xmlProvider, x *xmlService) error {
	s := Service{Provider: provider.Name.english(), Name: x.Now.Name.english(), Type: short(strings.TrimSpace(x.Now.Type), typePrefixes)}
	of := fmt.Sprintf("%s, %s", s.Provider, s.Name)
	var err error
	if s.Certificates, err = p.certs(x.Now.Identity, of); err != nil {
		return err
	}
	var all []instance
	for _, one := range append([]xmlInstance{x.Now}, x.History...) {
		i, err := one.instance()
		if err != nil {
			return &FormatError{of + ": its StatusStartingTime cannot be read", err}
		}
		for j := range provider.Extensions {
			i.unknown = cmp.Or(i.unknown, provider.Extensions[j].unknown())
		}
		if i.unknown != "" {
			p.note("%s: not used, its critical extension %s is not understood (TS 119 612 5.5.9)", of, i.unknown)
		}
		all = append(all, i)
	}
	var problem string
	if s.Periods, problem = periods(all); problem != "" {
		p.note("%s: not used, %s", of, problem)
	}
	if len(s.Certificates) == 0 && uses[s.Type] != 0 {
		p.note("%s: not used, no certificate identifies it", of)
	}
	p.list.Services = append(p.list.Services, s)
	return nil
}

func (x *xmlInstance) instance() (i instance, err error) {
	i = instance{kind: strings.TrimSpace(x.Type), status: strings.TrimSpace(x.Status)}
	i.from, err = moment(x.Start)
	for _, e := range x.Extensions {
		for _, q := range e.Qualifiers {
			i.qualifiers = appendNew(i.qualifiers, last(q.URI))
		}
		for _, part := range e.Parts {
			if part.XMLName.Local == "AdditionalServiceInformation" {
				i.qualifiers = appendNew(i.qualifiers, last(part.URI))
			}
		}
		i.unknown = cmp.Or(i.unknown, e.unknown())
	}
	return i, err
}

// unknown names what of a critical extension is not understood. That a service was taken over says who is responsible
// for it now, and changes no status.
func (e *xmlExtension) unknown() string {
	if e.Critical {
		for _, part := range e.Parts {
			switch part.XMLName.Local {
			case "AdditionalServiceInformation", "ExpiredCertsRevocationInfo", "TakenOverBy":
			default:
				return part.XMLName.Local
			}
		}
	}
	return ""
}

func appendNew(list []string, text string) []string {
	for _, t := range list {
		if t == text {
			return list
		}
	}
	if text == "" || len(list) == limits.TrustListQualifiers {
		return list
	}
	return append(list, text)
}

// moment reads xsd:dateTime. TS 119 612 5.1.3 wants UTC, with a Z; other zones are read too, none is not.
func moment(text string) (time.Time, error) {
	t, err := time.Parse(time.RFC3339, strings.TrimSpace(text))
	return t.UTC(), err
}
