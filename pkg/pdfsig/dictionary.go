// SPDX-License-Identifier: Apache-2.0

package pdfsig

import (
	"fmt"
	"slices"
	"strings"

	"gsign/internal/pdf"
)

const (
	filter         = "Adobe.PPKLite"
	subFilter      = "ETSI.CAdES.detached"
	subFilterStamp = "ETSI.RFC3161"
)

// byteRangeWidth is the room of "[0 a b c]" with three numbers of 19 digits, the longest a file offset can have.
const byteRangeWidth = len("[0   ]") + 3*19

// dictionary is a serialised signature dictionary whose /ByteRange and /Contents are still empty. All values are
// direct objects (ISO 32000-2 12.8.1), but for /Data of a FieldMDP reference, which must be indirect.
type dictionary struct {
	raw       pdf.Raw
	entries   pdf.Dict // what it says, but for the two
	byteRange int      // offset of its "["
	contents  int      // offset of "<"
	length    int      // of the hex string with "<" and ">"
}

// dictionary makes the signature dictionary, which becomes the object ref. In an encrypted document its strings are
// encrypted as all others, but for /Contents (ISO 32000-2 7.6.2).
func (d *Document) dictionary(u *pdf.Update, ref pdf.Ref, pl *plan, reserved int) (*dictionary, error) {
	o := &pl.opts
	var b []byte
	var failed error
	dict := &dictionary{length: 2*reserved + len("<>"), entries: pdf.Dict{}}
	entry := func(key pdf.Name, v pdf.Object) {
		dict.entries[key] = v
		b = append(b, "\n/"+string(key)+" "...)
		if failed == nil {
			b, failed = u.AppendEncrypted(b, ref, v)
		}
	}
	b = slices.Grow(b, dict.length+1<<10) // in one piece, with all but very long claims
	b = append(b, "<<"...)
	entry("Type", pdf.Name("Sig"))
	entry("Filter", pdf.Name(filter))
	entry("SubFilter", pdf.Name(subFilter))
	b = append(b, "\n/ByteRange "...)
	dict.byteRange = len(b)
	b = append(b, byteRange([]int64{0, 0, 0, 0})...) // filled in when the revision is there
	b = append(b, "\n/Contents "...)
	dict.contents = len(b)
	b = append(b, '<')
	for range 2 * reserved {
		b = append(b, '0')
	}
	b = append(b, '>')
	entry("M", pdf.Date(o.Time))
	for _, e := range []struct {
		key  pdf.Name
		text string
	}{
		{"Name", o.Name},
		{"Reason", o.Reason},
		{"Location", o.Location},
		{"ContactInfo", o.ContactInfo},
	} {
		if e.text != "" {
			entry(e.key, pdf.TextString(e.text))
		}
	}
	if pl.lock != nil {
		entry("Reference", pdf.Array{d.fieldMDP(pl.lock)})
	}
	entry("Prop_Build", pdf.Dict{"App": pdf.Dict{"Name": pdf.Name("gsign")}})
	dict.raw = append(b, "\n>>"...)
	return dict, failed
}

// fieldMDP turns a field's /Lock into the signature reference that it asks for (ISO 32000-2 12.8.2.4, 12.7.5.5).
// DigestMethod is left out: PDF/A-2 6.1.12 forbids what ISO 32000-2 Table 256 calls required.
func (d *Document) fieldMDP(l *lock) pdf.Dict {
	params := pdf.Dict{
		"Type":   pdf.Name("TransformParams"),
		"Action": l.Action,
		"V":      pdf.Name("1.2"),
	}
	if l.Action != "All" {
		params["Fields"] = l.raw
	}
	return pdf.Dict{
		"Type":            pdf.Name("SigRef"),
		"TransformMethod": pdf.Name("FieldMDP"),
		"TransformParams": params,
		"Data":            d.file.Root(),
	}
}

// byteRange returns the array padded to its width.
func byteRange(r []int64) []byte {
	s := fmt.Sprint(r)
	return []byte(s + strings.Repeat(" ", byteRangeWidth-len(s)))
}
