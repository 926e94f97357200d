// SPDX-License-Identifier: Apache-2.0

package pdfsig

import (
	"bytes"
	"fmt"
	"regexp"
	"sync"

	"gsign/internal/limits"
	"gsign/internal/pdf"
)

// Most runs of a program need neither of these: compiling them is a good part of a cold start.
var (
	pdfaNamespace = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`xmlns:([\w.-]{1,64})\s*=\s*["']http://www\.aiim\.org/pdfa/ns/id/["']`)
	})
	pdfaPart = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`([\w.-]{1,64}):part\s*(?:=\s*["']|>)\s*([1-9])`)
	})
)

// pdfa gives the part of ISO 19005 that the document's metadata declare, 0 for none. Whether it is true is not asked.
func (d *Document) pdfa() (int, error) {
	catalog, err := d.file.Catalog()
	if err != nil {
		return 0, err
	}
	s, err := lenient(d.file.Stream(catalog["Metadata"]))
	if err != nil || s == nil {
		return 0, err
	}
	data, err := lenient(d.file.StreamData(s, limits.Metadata))
	if err != nil {
		return 0, nil // it is compressed in a way that PDF/A forbids, or encrypted
	}
	data = bytes.ReplaceAll(data, []byte{0}, nil) // of UTF-16 the ASCII is left
	for _, ns := range pdfaNamespace().FindAllSubmatch(data, -1) {
		for _, part := range pdfaPart().FindAllSubmatch(data, -1) {
			if bytes.Equal(ns[1], part[1]) {
				return int(part[2][0] - '0'), nil
			}
		}
	}
	return 0, nil
}

// conform refuses what would end a document's conformity to PDF/A: strings longer than its part permits (ISO 19005-1
// 6.1.12, ISO 19005-2 and -3 6.1.13), the placeholder for the signature above all.
func (d *Document) conform(pl *plan, reserved int) error {
	longest := reserved
	for _, text := range []string{pl.opts.Name, pl.opts.Reason, pl.opts.Location, pl.opts.ContactInfo, pl.name} {
		longest = max(longest, len(pdf.TextString(text)))
	}
	if longest <= limits.PDFA2String {
		return nil
	}
	part, err := d.pdfa()
	if err != nil {
		return err
	}
	most := map[int]int{1: limits.PDFA1String, 2: limits.PDFA2String, 3: limits.PDFA2String}[part]
	if most == 0 || longest <= most {
		return nil
	}
	if longest > reserved {
		return refuse("use shorter texts", "the document declares PDF/A-%d, which permits strings of %d bytes at most", part, most)
	}
	return &RefusedError{
		Reason: fmt.Sprintf("the document declares PDF/A-%d, which permits strings of %d bytes at most, and %d are to be reserved for the signature",
			part, most, reserved),
		Reserve: pl.opts.Reserve > TokenAllowance,
	}
}

// full reports whether an array holds as many elements as PDF/A-1 permits (ISO 19005-1 6.1.12) in a document that
// declares it. One that holds more breaks the rule already.
func (d *Document) full(list pdf.Array) (bool, error) {
	if len(list) != limits.PDFA1Array {
		return false, nil
	}
	part, err := d.pdfa()
	return part == 1, err
}

// crowded reports whether a page's annotations are full; it is an error when they cannot be read.
func (d *Document) crowded(page pdf.Dict) (bool, error) {
	o, err := d.file.Resolve(page["Annots"])
	if err != nil {
		return false, err
	}
	list, _ := o.(pdf.Array)
	return d.full(list)
}
