// SPDX-License-Identifier: Apache-2.0

// Package trustlisttest makes trusted lists (ETSI TS 119 612) and signs them. What it writes is in canonical form from
// the start, so that digests are those of the bytes and no canonicalization has a part in them.
package trustlisttest

import (
	"crypto/x509"
	"encoding/base64"
	"encoding/xml"
	"fmt"
	"strings"
	"time"
)

// The beginnings of ETSI's identifiers.
const (
	TypeURI   = "http://uri.etsi.org/TrstSvc/Svctype/"
	StatusURI = "http://uri.etsi.org/TrstSvc/TrustedList/Svcstatus/"
	listURI   = "http://uri.etsi.org/TrstSvc/TrustedList/TSLType/"
	sieURI    = "http://uri.etsi.org/TrstSvc/SvcInfoExt/eSigDir-1999-93-EC-TrustedList/#"
)

// List is a trusted list before it is written.
type List struct {
	ID         string // OPTIONAL, default "list"
	Version    int    // OPTIONAL, default 5
	Type       string // OPTIONAL, default EUgeneric
	Territory  string // OPTIONAL, default XX
	Issued     time.Time
	NextUpdate time.Time // zero: a closed list
	Providers  []Provider
	Pointers   []Pointer
	More       string // OPTIONAL: XML behind the providers
}

// Provider offers services.
type Provider struct {
	Name     string
	Services []Service
}

// Service is one service; the first instance is the present.
type Service struct {
	Instances []Instance
}

// Instance is a service at one time of its life.
type Instance struct {
	Type         string // "CA/QC"
	Name         string
	Certificates []*x509.Certificate
	SKI          []byte // OPTIONAL
	Status       string // "granted", or a URI
	Since        time.Time
	Qualifier    string // OPTIONAL, "QCForESig"
	Critical     string // OPTIONAL: an unknown critical extension of that name
}

// Pointer leads to another list.
type Pointer struct {
	Territory string
	Type      string // OPTIONAL, default EUgeneric
	Location  string
	Signers   []*x509.Certificate
}

// XML writes the list without a signature.
func (l *List) XML() []byte {
	var b strings.Builder
	id, version, kind, territory := l.ID, l.Version, l.Type, l.Territory
	if id == "" {
		id = "list"
	}
	if version == 0 {
		version = 5
	}
	if kind == "" {
		kind = "EUgeneric"
	}
	if territory == "" {
		territory = "XX"
	}
	fmt.Fprintf(&b, "%s\n"+`<TrustServiceStatusList xmlns="http://uri.etsi.org/02231/v2#" Id="%s" TSLTag="http://uri.etsi.org/19612/TSLTag">`, declaration, id)
	fmt.Fprintf(&b, "\n<SchemeInformation><TSLVersionIdentifier>%d</TSLVersionIdentifier><TSLSequenceNumber>7</TSLSequenceNumber>", version)
	fmt.Fprintf(&b, "<TSLType>%s%s</TSLType><SchemeOperatorName>%s</SchemeOperatorName>", listURI, kind, names("TEST operator of "+territory))
	fmt.Fprintf(&b, "<SchemeTerritory>%s</SchemeTerritory>", territory)
	if len(l.Pointers) > 0 {
		b.WriteString("<PointersToOtherTSL>")
		for _, p := range l.Pointers {
			p.write(&b)
		}
		b.WriteString("</PointersToOtherTSL>")
	}
	next := ""
	if !l.NextUpdate.IsZero() {
		next = "<dateTime>" + stamp(l.NextUpdate) + "</dateTime>"
	}
	fmt.Fprintf(&b, "<ListIssueDateTime>%s</ListIssueDateTime><NextUpdate>%s</NextUpdate></SchemeInformation>\n", stamp(l.Issued), next)
	if len(l.Providers) > 0 {
		b.WriteString("<TrustServiceProviderList>")
		for _, p := range l.Providers {
			p.write(&b)
		}
		b.WriteString("</TrustServiceProviderList>\n")
	}
	b.WriteString(l.More)
	b.WriteString(end)
	return []byte(b.String())
}

const (
	declaration = `<?xml version="1.0" encoding="UTF-8"?>`
	end         = "</TrustServiceStatusList>"
)

func (p *Pointer) write(b *strings.Builder) {
	kind := p.Type
	if kind == "" {
		kind = "EUgeneric"
	}
	b.WriteString("<OtherTSLPointer><ServiceDigitalIdentities>")
	for _, c := range p.Signers {
		fmt.Fprintf(b, "<ServiceDigitalIdentity>%s</ServiceDigitalIdentity>", identity(c))
	}
	fmt.Fprintf(b, "</ServiceDigitalIdentities><TSLLocation>%s</TSLLocation><AdditionalInformation><OtherInformation><TSLType>%s%s</TSLType></OtherInformation>",
		escape(p.Location), listURI, kind)
	fmt.Fprintf(b, "<OtherInformation><SchemeTerritory>%s</SchemeTerritory></OtherInformation></AdditionalInformation></OtherTSLPointer>", p.Territory)
}

func (p *Provider) write(b *strings.Builder) {
	fmt.Fprintf(b, "\n<TrustServiceProvider><TSPInformation><TSPName>%s</TSPName></TSPInformation><TSPServices>", names(p.Name))
	for _, s := range p.Services {
		b.WriteString("\n<TSPService>")
		for i := range s.Instances {
			switch i {
			case 0:
				b.WriteString("<ServiceInformation>")
				s.Instances[i].write(b)
				b.WriteString("</ServiceInformation>")
				continue
			case 1:
				b.WriteString("<ServiceHistory>")
			}
			b.WriteString("<ServiceHistoryInstance>")
			s.Instances[i].write(b)
			b.WriteString("</ServiceHistoryInstance>")
		}
		if len(s.Instances) > 1 {
			b.WriteString("</ServiceHistory>")
		}
		b.WriteString("</TSPService>")
	}
	b.WriteString("</TSPServices></TrustServiceProvider>")
}

func (i *Instance) write(b *strings.Builder) {
	kind, status := i.Type, i.Status
	if !strings.Contains(kind, ":") {
		kind = TypeURI + kind
	}
	if !strings.Contains(status, ":") {
		status = StatusURI + status
	}
	fmt.Fprintf(b, "<ServiceTypeIdentifier>%s</ServiceTypeIdentifier><ServiceName>%s</ServiceName><ServiceDigitalIdentity>", kind, names(i.Name))
	for _, c := range i.Certificates {
		b.WriteString(identity(c))
	}
	if i.SKI != nil {
		fmt.Fprintf(b, "<DigitalId><X509SKI>%s</X509SKI></DigitalId>", base64.StdEncoding.EncodeToString(i.SKI))
	}
	fmt.Fprintf(b, "</ServiceDigitalIdentity><ServiceStatus>%s</ServiceStatus><StatusStartingTime>%s</StatusStartingTime>", status, stamp(i.Since))
	var extensions string
	if i.Qualifier != "" {
		extensions = fmt.Sprintf(`<Extension Critical="true"><sie:Qualifications xmlns:sie="%s"><sie:QualificationElement><sie:Qualifiers><sie:Qualifier uri="http://uri.etsi.org/TrstSvc/TrustedList/SvcInfoExt/%s"></sie:Qualifier></sie:Qualifiers></sie:QualificationElement></sie:Qualifications></Extension>`, sieURI, i.Qualifier)
	}
	if i.Critical != "" {
		extensions += fmt.Sprintf(`<Extension Critical="true"><%s></%s></Extension>`, i.Critical, i.Critical)
	}
	if extensions != "" {
		fmt.Fprintf(b, "<ServiceInformationExtensions>%s</ServiceInformationExtensions>", extensions)
	}
}

func names(text string) string {
	return `<Name xml:lang="de">` + escape("Prüfung: "+text) + `</Name><Name xml:lang="en">` + escape(text) + `</Name>`
}

func identity(c *x509.Certificate) string {
	return "<DigitalId><X509Certificate>" + base64.StdEncoding.EncodeToString(c.Raw) + "</X509Certificate></DigitalId>"
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

func escape(text string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(text))
	return b.String()
}
