// SPDX-License-Identifier: Apache-2.0

package changes

import "gsign/internal/pdf"

// role says what an object is in the document. Objects with a role are compared as what they are; all others count for
// what reaches them.
type role uint8

const (
	noRole role = iota
	roleCatalog
	roleForm      // the AcroForm dictionary
	roleFields    // an array of fields: /Fields of the form, or /Kids
	roleField     // a form field, a group of them, or a widget
	rolePage      //
	rolePages     // a node of the page tree
	roleAnnots    // /Annots of a page
	roleAnnot     // an annotation that is no widget
	roleStore     // /DSS, and what is below it
	roleSignature // a signature dictionary
	roleMetadata  // the stream of the document's XMP
	roleInfo      // the information dictionary
	roleOther     // the encryption dictionary
	roleStructure // of the structure tree, and nothing else

	roleMask  = 1<<5 - 1
	reachable = 1 << 5 // something reaches it
	protected = 1 << 6 // something reaches it that no addition may change: what pages show, what a signature says
)

func (r role) String() string {
	return [...]string{
		"object", "catalog", "form", "list of fields", "field", "page", "page tree", "list of annotations", "annotation",
		"security store", "signature dictionary", "metadata", "information dictionary", "encryption dictionary",
		"node of the structure tree",
	}[r]
}

// named reports whether objects of a role may be pointed to without being shown there: destinations and structure name
// pages, annotations and fields. What else has a role and is reached as content is content.
func (r role) named() bool {
	switch r {
	case roleCatalog, roleField, rolePage, rolePages, roleAnnot, roleSignature:
		return true
	}
	return false
}

// loose reports whether anybody may change objects of a role in whichever way. Where such an object is something else too,
// what that shows would change with it: then it is protected.
func (r role) loose() bool { return r == roleStore || r == roleMetadata || r == roleInfo }

const markBlock = 4096

// marks holds a byte for each object, in blocks: neither many objects nor a high number cost much.
type marks map[uint32]*[markBlock]uint8

func (m marks) get(num uint32) uint8 {
	if b := m[num/markBlock]; b != nil {
		return b[num%markBlock]
	}
	return 0
}

func (m marks) at(num uint32) *uint8 {
	b := m[num/markBlock]
	if b == nil {
		b = new([markBlock]uint8)
		m[num/markBlock] = b
	}
	return &b[num%markBlock]
}

func (m marks) role(num uint32) role { return role(m.get(num) & roleMask) }

// assign gives an object a role unless it has one, and reports whether it did.
func (m marks) assign(num uint32, r role) bool {
	b := m.at(num)
	if had := role(*b & roleMask); had != noRole {
		*b |= reachable
		if had.loose() && had != r {
			*b |= protected
		}
		return false
	}
	*b |= uint8(r) | reachable
	return true
}

// references calls visit for each reference in an object, those in its streams' dictionaries included. The depth is
// bounded, since the parser's is.
func references(o pdf.Object, visit func(pdf.Ref)) {
	switch o := o.(type) {
	case pdf.Ref:
		visit(o)
	case pdf.Array:
		for _, v := range o {
			references(v, visit)
		}
	case pdf.Dict:
		for _, v := range o {
			references(v, visit)
		}
	case *pdf.Stream:
		references(o.Dict, visit)
	}
}
