// SPDX-License-Identifier: Apache-2.0

package pdfsig_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"gsign/internal/pdf/pdftest"
	"gsign/pkg/pdfsig"
)

const sigValue = "/Type /Sig /Filter /Adobe.PPKLite /SubFilter /ETSI.CAdES.detached /ByteRange [0 1 2 3] /Contents <00>"

// signedField is a form with one signed field Author; extra goes into the signature dictionary, field into the field.
func signedField(extra, field, catalog string) []byte {
	return page1(pdftest.Table, "/AcroForm << /Fields [4 0 R] /SigFlags 3 >> "+catalog, "/Annots [4 0 R]",
		"4 << /Type /Annot /Subtype /Widget /FT /Sig /T (Author) /Rect [0 0 0 0] /F 132 /P 3 0 R /V 5 0 R "+field+" >>",
		"5 << "+sigValue+" "+extra+" >>")
}

// emptyField is a form with the empty signature field Approval.
func emptyField(field string, more ...string) []byte {
	return page1(pdftest.Table, "/AcroForm << /Fields [4 0 R] >>", "/Annots [4 0 R]", append([]string{
		"4 << /Type /Annot /Subtype /Widget /FT /Sig /T (Approval) /Rect [10 10 110.5 60] /F 4 /P 3 0 R " + field + " >>",
	}, more...)...)
}

var xdp = "5 " + pdftest.StreamBody("", "<xdp/>")

func docMDP(p string) string {
	return "/Reference [<< /Type /SigRef /TransformMethod /DocMDP /TransformParams << /Type /TransformParams " + p + " /V /1.2 >> >>]"
}

func fieldMDP(params string) string {
	return "/Reference [<< /Type /SigRef /TransformMethod /FieldMDP /TransformParams << /Type /TransformParams " + params + " /V /1.2 >> >>]"
}

// checks are documents, the field to sign, and a part of the reason why not; empty when it can be signed.
var checks = map[string]struct {
	in    []byte
	field string
	want  string
}{
	"usage rights":     {page1(pdftest.Table, "/Perms << /UR3 4 0 R >>", "", "4 << /Type /Sig >>"), "", "usage rights"},
	"old usage rights": {page1(pdftest.Table, "/Perms << /UR 4 0 R >>", "", "4 << /Type /Sig >>"), "", "usage rights"},
	"dynamic XFA": {
		page1(pdftest.Table, "/NeedsRendering true /AcroForm << /Fields [4 0 R] /XFA [(x) 5 0 R] >>", "", "4 << /FT /Tx /T (a) >>", xdp), "", "XFA-only",
	},
	"XFA without fields": {page1(pdftest.Table, "/AcroForm << /Fields [] /XFA 5 0 R >>", "", xdp), "", "XFA-only"},
	"XFA and AcroForm":   {page1(pdftest.Table, "/AcroForm << /Fields [4 0 R] /XFA 5 0 R >>", "", "4 << /FT /Tx /T (a) >>", xdp), "", "copy in AcroForm"},
	"XFA broken":         {page1(pdftest.Table, "/AcroForm << /Fields [4 0 R] /XFA 5 0 R >>", "", "4 << /FT /Tx /T (a) >>", "5 << ]"), "", "copy in AcroForm"},
	"XFA empty":          {page1(pdftest.Table, "/AcroForm << /Fields [4 0 R] /XFA [] >>", "", "4 << /FT /Tx /T (a) >>"), "", ""},
	"XFA null":           {page1(pdftest.Table, "/AcroForm << /Fields [4 0 R] /XFA 9 0 R >>", "", "4 << /FT /Tx /T (a) >>"), "", ""},

	"certified, nothing allowed":        {signedField(docMDP("/P 1"), "", "/Perms << /DocMDP 5 0 R >>"), "", "DocMDP level 1"},
	"certified, nothing, not in /Perms": {signedField(docMDP("/P 1"), "", ""), "", "DocMDP level 1"},
	"certified, signing allowed":        {signedField(docMDP("/P 2"), "", "/Perms << /DocMDP 5 0 R >>"), "", ""},
	"certified, default":                {signedField(docMDP(""), "", "/Perms << /DocMDP 5 0 R >>"), "", ""},
	"certified, annotations too":        {signedField(docMDP("/P 3"), "", "/Perms << /DocMDP 5 0 R >>"), "", ""},

	"locks all, not a new one":      {signedField(fieldMDP("/Action /All"), "", ""), "", ""},
	"locks all, named":              {signedField(fieldMDP("/Action /All"), "", ""), "Mine", ""},
	"locks all, by /Lock":           {signedField("", "/Lock << /Action /All >>", ""), "", ""},
	"locks others, not a new one":   {signedField(fieldMDP("/Action /Exclude /Fields [(Mine)]"), "", ""), "", ""},
	"locks in no way known":         {signedField(fieldMDP("/Action /Perhaps"), "", ""), "", "locks every other field"},
	"locks others, not this":        {signedField(fieldMDP("/Action /Exclude /Fields [(Mine)]"), "", ""), "Mine", ""},
	"locks one":                     {signedField(fieldMDP("/Action /Include /Fields [(Mine)]"), "", ""), "", ""},
	"locks this one":                {signedField(fieldMDP("/Action /Include /Fields [(Mine)]"), "", ""), "Mine", "locks the field"},
	"locks in a way not understood": {signedField(fieldMDP("/Action /Perhaps"), "", ""), "Mine", "locks the field"},
	"locks the document, unclear":   {signedField("", "/Lock << /Action /Include /P 1 >>", ""), "", "whole document"},
	"locks the document":            {signedField("", "/Lock << /Action /Include /Fields [(x)] /P 1 >>", ""), "", "whole document"},

	"field":                     {emptyField(""), "Approval", ""},
	"field signed":              {signedField("", "", ""), "Author", "signed already"},
	"field of text":             {pdftest.WithForm(), "name", "not a signature field"},
	"field read-only":           {emptyField("/Ff 1"), "Approval", "read-only"},
	"field, value null":         {emptyField("/V null"), "Approval", ""},
	"field, value dangling":     {emptyField("/V 99 0 R"), "Approval", ""},
	"new name with a full stop": {pdftest.WithForm(), "a.b", ""},
	"new name below a field":    {pdftest.WithForm(), "name.b", "can hold no others"},
	"new name with empty part":  {pdftest.WithForm(), "a..b", "empty part"},
	"group": {
		page1(pdftest.Table, "/AcroForm << /Fields [4 0 R] >>", "", "4 << /T (a) /Kids [5 0 R] >>", "5 << /FT /Sig /T (b) /Parent 4 0 R >>"), "a", "group of fields",
	},
	"field in a group": {
		page1(pdftest.Table, "/AcroForm << /Fields [4 0 R] >>", "", "4 << /T (a) /FT /Sig /Kids [5 0 R] >>", "5 << /T (b) /Parent 4 0 R >>"), "a.b", "",
	},
	"field direct": {page1(pdftest.Table, "/AcroForm << /Fields [<< /FT /Sig /T (d) >>] >>", ""), "d", "direct object"},
	"field twice": {
		page1(pdftest.Table, "/AcroForm << /Fields [4 0 R 5 0 R] >>", "", "4 << /T (a) /FT /Sig >>", "5 << /T (a) /FT /Sig >>"), "a", "two fields",
	},
	"field of a kid without name": {
		page1(pdftest.Table, "/AcroForm << /Fields [4 0 R] >>", "", "4 << /T (a) /Kids [5 0 R] >>", "5 << /FT /Sig /Parent 4 0 R /V 6 0 R >>",
			"6 << "+sigValue+docMDP("/P 1")+" >>"), "", "DocMDP level 1",
	},
	"field below a kid without name": {
		page1(pdftest.Table, "/AcroForm << /Fields [4 0 R] >>", "", "4 << /T (a) /Kids [5 0 R] >>", "5 << /Kids [7 0 R] /Parent 4 0 R >>",
			"6 << "+sigValue+docMDP("/P 1")+" >>", "7 << /FT /Sig /T (b) /Parent 5 0 R /V 6 0 R >>"), "", "DocMDP level 1",
	},
	"certified in /Perms only": {page1(pdftest.Table, "/Perms << /DocMDP 4 0 R >>", "", "4 << "+sigValue+docMDP("/P 1")+" >>"), "", "DocMDP level 1"},
	"flags no integer":         {page1(pdftest.Table, "/AcroForm << /SigFlags (x) /Fields [] >>", ""), "", ""},
	"flags no integer, a real": {page1(pdftest.Table, "/AcroForm << /SigFlags 3.0 /Fields [] >>", ""), "", ""},
	"page direct":              {directPage(), "", ""},
	"no pages":                 {noPages(), "", ""},

	"seed: recommended":            {emptyField("/SV << /Type /SV /Ff 0 /SubFilter [/adbe.pkcs7.detached] /Reasons [(x)] >>"), "Approval", ""},
	"seed: sub-filter allowed":     {emptyField("/SV << /Ff 2 /SubFilter [/adbe.pkcs7.detached /ETSI.CAdES.detached] >>"), "Approval", ""},
	"seed: sub-filter not allowed": {emptyField("/SV << /Ff 2 /SubFilter [/adbe.pkcs7.detached] >>"), "Approval", "/SV /SubFilter"},
	"seed: filter":                 {emptyField("/SV << /Ff 1 /Filter /Entrust.PPKEF >>"), "Approval", "/SV /Filter"},
	"seed: digest":                 {emptyField("/SV << /Ff 64 /DigestMethod [(SHA512)] >>"), "Approval", "/SV /DigestMethod"},
	"seed: digest allowed":         {emptyField("/SV << /Ff 64 /DigestMethod [(SHA512) (SHA256)] >>"), "Approval", ""},
	"seed: reasons":                {emptyField("/SV << /Ff 8 /Reasons [(x)] >>"), "Approval", "/SV /Reasons"},
	"seed: revocation inside":      {emptyField("/SV << /Ff 32 /AddRevInfo true >>"), "Approval", "/SV /AddRevInfo"},
	"seed: version":                {emptyField("/SV << /Ff 4 /V 4 >>"), "Approval", "/SV /V"},
	"seed: certify":                {emptyField("/SV << /MDP << /P 1 >> >>"), "Approval", "/SV /MDP"},
	"seed: certificate":            {emptyField("/SV << /Cert << /Ff 1 /Subject [<00>] >> >>"), "Approval", "/SV /Cert"},
	"seed: timestamp":              {emptyField("/SV << /TimeStamp << /URL (http://x) /Ff 1 >> >>"), "Approval", "/SV /TimeStamp"},
	"seed: unknown":                {emptyField("/SV << /Later 1 >>"), "Approval", "/SV /Later"},
	"lock not understood":          {emptyField("/Lock << /Action /All /P 2 >>"), "Approval", "/Lock"},
	"lock without fields":          {emptyField("/Lock << /Action /Include >>"), "Approval", "/Lock"},
	"lock":                         {emptyField("/Lock << /Action /All >>"), "Approval", ""},
	"not asked for":                {emptyField("/SV << /Later 1 >> /Lock 7"), "", ""},
}

func TestCheck(t *testing.T) {
	for name, tt := range checks {
		t.Run(name, func(t *testing.T) {
			opts := options()
			opts.Field = tt.field
			s := newService(t)
			d := open(t, tt.in)
			_, err := pdfsig.Sign(t.Context(), d, s, s, opts)
			if checked := d.Check(opts); (checked == nil) != (err == nil) {
				t.Errorf("Check says %v, Sign says %v", checked, err)
			}
			if tt.want == "" {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			var refused *pdfsig.RefusedError
			if !errors.As(err, &refused) || !strings.Contains(refused.Reason, tt.want) {
				t.Errorf("want %q, got %v", tt.want, err)
			}
			if s.signs+s.stamps > 0 {
				t.Error("something was spent before the refusal")
			}
		})
	}
}

func directPage() []byte {
	b, _ := pdftest.File{Objects: []pdftest.Object{
		{Num: 1, Body: "<< /Type /Catalog /Pages 2 0 R >>"},
		{Num: 2, Body: "<< /Type /Pages /Kids [<< /Type /Page /MediaBox [0 0 9 9] >>] /Count 1 >>"},
	}}.Bytes()
	return b
}

func TestCheckBlamesTheFile(t *testing.T) {
	for name, in := range map[string][]byte{
		"no page tree":        page1(pdftest.Table, "/Pages 9 0 R", ""),
		"form not readable":   page1(pdftest.Table, "/AcroForm 4 0 R", "", "4 << ]"),
		"fields not readable": page1(pdftest.Table, "/AcroForm << /Fields 4 0 R >>", "", "4 [ << ]"),
		"after the end":       afterTheEnd(),
	} {
		err := open(t, in).Check(options())
		var bad *pdfsig.MalformedError
		var refused *pdfsig.RefusedError
		if !errors.As(err, &bad) && !errors.As(err, &refused) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// afterTheEnd has an object where a signature's bytes will come to stand.
func afterTheEnd() []byte {
	b := page1(pdftest.Table, "", "", "4 null")
	copy(b[bytes.LastIndex(b, []byte(" 00000 n"))-10:], "0000010000")
	return b
}

func noPages() []byte {
	b, _ := pdftest.File{Objects: []pdftest.Object{
		{Num: 1, Body: "<< /Type /Catalog /Pages 2 0 R >>"},
		{Num: 2, Body: "<< /Type /Pages /Kids [] /Count 0 >>"},
	}}.Bytes()
	return b
}

// TestFormDeep reads a form nested deeper than any, and one that contains itself.
func TestFormDeep(t *testing.T) {
	loop := page1(pdftest.Table, "/AcroForm << /Fields [4 0 R] >>", "", "4 << /T (a) /Kids [4 0 R 5 0 R] >>", "5 << /T (b) /Kids [4 0 R] /FT /Sig >>")
	if err := open(t, loop).Check(options()); err != nil {
		t.Errorf("a loop: %v", err)
	}
	body := "<< /T (a) >>"
	for range 200 {
		body = "<< /T (a) /Kids [" + body + "] >>"
	}
	deep, _ := pdftest.File{Objects: []pdftest.Object{
		{Num: 1, Body: "<< /Type /Catalog /Pages 2 0 R /AcroForm << /Fields [4 0 R] >> >>"},
		{Num: 2, Body: "<< /Type /Pages /Kids [3 0 R] /Count 1 >>"},
		{Num: 3, Body: "<< /Type /Page /Parent 2 0 R >>"},
		{Num: 4, Body: body},
	}}.Bytes()
	if err := open(t, deep).Check(options()); err == nil {
		t.Error("a form 200 deep was taken")
	}
}
