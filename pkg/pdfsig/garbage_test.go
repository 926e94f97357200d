// SPDX-License-Identifier: Apache-2.0

package pdfsig_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"gsign/internal/pdf/pdftest"
	"gsign/pkg/pdfsig"
)

// garbage is what may stand in place of a value, each of another kind; objects 20 to 23 are in the file.
var garbage = []string{
	"null", "true", "7", "-1.5", "(text)", "<FEFF0041>", "/Name", "[]", "[null 1 (x) 99 0 R]", "<<>>", "<< /A 20 0 R >>",
	"99 0 R", "20 0 R", "21 0 R", "22 0 R", "23 0 R", "[20 0 R 21 0 R 22 0 R 23 0 R]",
	"word", "[word 20 0 R (x) 20 0 r]",
}

var garbageObjects = []string{
	"20 << /Loop 20 0 R /Kids [20 0 R] /T 20 0 R >>", "21 " + pdftest.StreamBody("", "data"), "22 22 0 R", "23 << /Broken ]",
}

// A rule is one of the few reasons for which a document with garbage in it may be refused.
type rule struct{ where, reason string }

var rules = []rule{
	{"catalog /Pages", "page tree"}, // nobody else finds a page either
	{"catalog /Pages", "dictionary"},
	{"catalog /Pages", "references that refer to each other"},
	{"catalog /Pages", "object 23 0 R"},
	{"pages /Kids", "the page tree has none of its 2 pages"},
	{"catalog /AcroForm", "reading the form"}, // broken in its syntax: others may find the fields in it
	{"form /Fields", "reading /Fields of the form"},
	{"form /XFA", "XFA form"},
}

// Nothing of a document that signing does not need can stop it: each entry of catalog, page, form, field, widget and
// signature is replaced by garbage in turn.
func TestGarbage(t *testing.T) {
	template := map[string]string{
		"catalog": "Pages AcroForm Perms Extensions Version Names Outlines Metadata MarkInfo StructTreeRoot Lang Dests PageLabels " +
			"OpenAction AA OCProperties DSS Legal NeedsRendering Collection Type OutputIntents ViewerPreferences",
		"pages":  "Kids Count Type Parent MediaBox Resources",
		"page":   "Annots Type Parent MediaBox CropBox Resources Contents Tabs Rotate StructParents Metadata",
		"form":   "Fields SigFlags DA DR NeedAppearances CO XFA Q",
		"field":  "T FT Kids V Ff Parent DV AP Rect P F TU Lock SV Subtype Type",
		"annot":  "Subtype Rect P AP Type",
		"signed": "Type Filter SubFilter ByteRange Contents Reference M Name Reason",
	}
	n := 0
	for where, keys := range template {
		for _, key := range strings.Fields(keys) {
			for _, value := range garbage {
				place := where + " /" + key
				in := littered(where, "/"+key+" "+value)
				n++
				err := signGarbage(t, in, n%7 == 0)
				if err != nil && !allowed(place, err) {
					t.Errorf("%s %s: %v", place, value, err)
				}
			}
		}
	}
}

func allowed(place string, err error) bool {
	for _, r := range rules {
		if strings.HasPrefix(place, r.where) && strings.Contains(err.Error(), r.reason) {
			return true
		}
	}
	return false
}

// littered is a document of two pages with a form, a text field, a group, an annotation and an empty signature field;
// entry stands in one of its objects, after what it replaces.
func littered(where, entry string) []byte {
	at := func(object string) string {
		if object == where {
			return entry
		}
		return ""
	}
	objects := append([]string{
		"4 << /Fields [5 0 R 6 0 R 8 0 R 9 0 R] " + at("form") + " >>",
		"5 << /T (text) /FT /Tx /V (x) /Type /Annot /Subtype /Widget /Rect [0 0 9 9] " + at("field") + " >>",
		"6 << /T (group) /Kids [7 0 R null] >>",
		"7 << /T (b) /FT /Sig /Parent 6 0 R >>",
		"8 << /T (old) /FT /Sig /V 10 0 R >>",
		"9 << /T (sig) /FT /Sig " + at("field") + " >>",
		"10 << /Type /Sig " + at("signed") + " >>",
		"11 << /Type /Annot /Subtype /Link " + at("annot") + " >>",
		"12 << /Type /Page /Parent 2 0 R /Annots [11 0 R] >>",
	}, garbageObjects...)
	if where == "form" || where == "field" || where == "catalog" { // without a signature there is more that may change
		objects[4] = "8 << /T (old) /FT /Sig >>"
	}
	objs := []pdftest.Object{
		{Num: 1, Body: "<< /Type /Catalog /Pages 2 0 R /AcroForm 4 0 R /Version /1.7 " + at("catalog") + " >>"},
		{Num: 2, Body: "<< /Type /Pages /Kids [3 0 R 12 0 R] /Count 2 " + at("pages") + " >>"},
		{Num: 3, Body: "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Annots [11 0 R] " + at("page") + " >>"},
	}
	for _, o := range objects {
		var num int
		if _, err := fmt.Sscan(o, &num); err != nil {
			panic(err)
		}
		objs = append(objs, pdftest.Object{Num: num, Body: strings.TrimLeft(o, "0123456789")})
	}
	b, _ := pdftest.File{Version: "1.7", Objects: objs, Trailer: "/ID [<00> <00>]"}.Bytes()
	return b
}

// signGarbage does all that comes before the signature, which includes reading the file with its revision; the whole
// makes the signature too.
func signGarbage(tb testing.TB, in []byte, whole bool) error {
	tb.Helper()
	d, err := pdfsig.Open(newReader(in), int64(len(in)), nil)
	if err != nil {
		return err
	}
	if !whole {
		return d.Check(options())
	}
	s := newService(tb)
	signed, err := pdfsig.Sign(tb.Context(), d, s, nil, options())
	if err != nil {
		return err
	}
	return readBack(tb, d, in, signed)
}

// readBack reads the finished file as a stranger, and looks for the signature.
func readBack(tb testing.TB, before *pdfsig.Document, in []byte, signed *pdfsig.Signed) error {
	tb.Helper()
	suffix, err := signed.Suffix()
	if err != nil {
		return err
	}
	intent, err := signed.Intent()
	if err != nil {
		return err
	}
	out := append(append([]byte{}, in...), suffix...)
	after := open(tb, out)
	err = pdfsig.Reread(before, after, intent)
	if err != nil {
		return err
	}
	data, err := json.Marshal(intent)
	if err != nil {
		return err
	}
	var sent pdfsig.Intent // to another process
	err = json.Unmarshal(data, &sent)
	if err != nil {
		return err
	}
	err = pdfsig.Reread(before, open(tb, out), &sent)
	if err != nil {
		return err
	}
	sigs, err := after.Signatures()
	if err != nil {
		return err
	}
	for _, s := range sigs {
		if s.Field == signed.Prepared.Field && s.Whole && len(s.Problems) == 0 {
			return nil
		}
	}
	return errors.New("the signature is not found")
}
