// SPDX-License-Identifier: Apache-2.0

package trustlist

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"strings"

	"gsign/internal/limits"
)

// The namespaces of what is looked for.
const (
	nsList  = "http://uri.etsi.org/02231/v2#"
	nsSig   = "http://www.w3.org/2000/09/xmldsig#"
	nsXAdES = "http://uri.etsi.org/01903/v1.3.2#"
)

// shape is what is known of a file before anything is built from it.
type shape struct {
	ids        map[string]int // how many elements have each identifier
	signatures int            // at whatever depth
}

// decode takes the mark of UTF-8 away. TS 119 612 annex B wants UTF-8: a reader that takes more encodings than the
// signer meant reads another text.
func decode(b []byte) ([]byte, error) {
	switch {
	case len(b) > limits.TrustList:
		return nil, malformed("longer than %d bytes", limits.TrustList)
	case bytes.HasPrefix(b, []byte{0xff, 0xfe}), bytes.HasPrefix(b, []byte{0xfe, 0xff}),
		bytes.HasPrefix(b, []byte{'<', 0}), bytes.HasPrefix(b, []byte{0, '<'}):
		return nil, malformed("not in UTF-8, as TS 119 612 annex B wants it, but in UTF-16")
	}
	return bytes.TrimPrefix(b, []byte{0xef, 0xbb, 0xbf}), nil
}

// scan reads the whole file once and refuses what costs more than a list may: what comes after may build trees.
func scan(b []byte) (*shape, error) {
	d := xml.NewDecoder(bytes.NewReader(b))
	s := &scanner{shape: &shape{ids: map[string]int{}}}
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, &FormatError{"not XML that can be read", err}
		}
		switch t := token.(type) {
		case xml.Directive:
			return nil, malformed("it has a document type declaration, which no trusted list needs")
		case xml.StartElement:
			err = s.start(&t)
		case xml.EndElement:
			s.inScope -= s.declared[len(s.declared)-1]
			s.declared = s.declared[:len(s.declared)-1]
		case xml.CharData:
			if len(s.declared) == 0 && len(bytes.TrimSpace(t)) > 0 {
				err = malformed("there is text outside its element")
			}
		}
		if err != nil {
			return nil, err
		}
	}
	if s.elements == 0 {
		return nil, malformed("no XML")
	}
	return s.shape, nil
}

type scanner struct {
	*shape
	elements int
	inScope  int   // prefixes
	declared []int // prefixes of each open element
}

func (s *scanner) start(e *xml.StartElement) error {
	s.elements++
	switch {
	case len(s.declared) == 0 && s.elements > 1:
		return malformed("a second element follows the list")
	case len(s.declared) == 0 && e.Name != (xml.Name{Space: nsList, Local: "TrustServiceStatusList"}):
		return malformed("no trusted list of TS 119 612, but <%s> of %q", e.Name.Local, e.Name.Space)
	case len(s.declared) == limits.TrustListDepth:
		return malformed("nested deeper than %d elements", limits.TrustListDepth)
	case s.elements > limits.TrustListElements:
		return malformed("more than %d elements", limits.TrustListElements)
	case len(e.Attr) > limits.TrustListAttributes:
		return malformed("an element with more than %d attributes", limits.TrustListAttributes)
	case e.Name == xml.Name{Space: nsSig, Local: "Signature"}:
		s.signatures++
	}
	declared := 0
	for _, a := range e.Attr {
		switch {
		case a.Name.Space == "xmlns", a.Name.Local == "xmlns" && a.Name.Space == "":
			declared++
		case strings.EqualFold(a.Name.Local, "id"):
			s.ids[a.Value]++
		}
	}
	s.inScope += declared
	if s.inScope > limits.TrustListPrefixes {
		return malformed("more than %d namespaces at once", limits.TrustListPrefixes)
	}
	s.declared = append(s.declared, declared)
	return nil
}
