// SPDX-License-Identifier: Apache-2.0

package ltv

import (
	"bytes"
	"crypto/sha1"
	"crypto/x509"
	"encoding/asn1"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ocsp"

	"gsign/internal/pdf"
	"gsign/internal/pdf/pdftest"
	"gsign/pkg/pdfsig"
)

// D8, D9, D10.
func TestVRI(t *testing.T) {
	w := newWorld(t, time.Now(), shape{}) // the responder needs a CRL
	bt := sign(t, w, pdftest.XRefStream(), true)
	out, _ := mustExtend(t, w, bt, func(o *Options) { o.VRI = true })
	f := openPDF(t, out)
	dict := storeDict(t, f)
	vri := dict["VRI"].(pdf.Dict)
	doc, err := pdfsig.Open(bytes.NewReader(out), int64(len(out)), nil)
	if err != nil {
		t.Fatal(err)
	}
	sigs, err := doc.Signatures()
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Equal(sigs[0].Contents, sigs[0].CMS) {
		t.Fatal("the signature has no padding: the test proves nothing")
	}
	entry, ok := vri[nameOf(sigs[0].Contents)].(pdf.Dict)
	if !ok {
		t.Fatalf("no entry for the signature among %v", vri)
	}
	if n := len(entry["OCSP"].(pdf.Array)); n != len(dict["OCSPs"].(pdf.Array)) {
		t.Errorf("the signature's entry has %d OCSP responses of %d", n, len(dict["OCSPs"].(pdf.Array)))
	}
	e := stored(t, out)
	for _, der := range e.OCSPResponses {
		r, err := ocsp.ParseResponse(der, nil)
		if err != nil {
			t.Fatal(err)
		}
		wrapped, err := asn1.Marshal(r.Signature)
		if err != nil {
			t.Fatal(err)
		}
		if vri[nameOf(wrapped)] == nil {
			t.Errorf("no entry for the OCSP response about %x", r.SerialNumber)
		}
	}
	list, err := x509.ParseRevocationList(e.CRLs[0])
	if err != nil {
		t.Fatal(err)
	}
	wrapped, err := asn1.Marshal(list.Signature)
	if err != nil {
		t.Fatal(err)
	}
	if vri[nameOf(wrapped)] == nil {
		t.Error("no entry for the CRL")
	}
	checkVRI(t, dict)
	again, _ := mustExtend(t, w, out, func(o *Options) { o.VRI = true })
	if !bytes.Equal(out, again) {
		t.Error("extending again wrote the /VRI again")
	}
}

// nameOf is the key of an entry, made apart from the code under test.
func nameOf(b []byte) pdf.Name {
	sum := sha1.Sum(b)
	return pdf.Name(strings.ToUpper(hex.EncodeToString(sum[:])))
}

// checkVRI checks that entries refer to what the store holds and that none is empty (D10).
func checkVRI(t *testing.T, dict pdf.Dict) {
	t.Helper()
	for name, o := range dict["VRI"].(pdf.Dict) {
		for short, o := range o.(pdf.Dict) {
			long := map[pdf.Name]pdf.Name{"Cert": "Certs", "OCSP": "OCSPs", "CRL": "CRLs"}[short]
			for _, ref := range o.(pdf.Array) {
				if long == "" || !slices.Contains(dict[long].(pdf.Array), ref) {
					t.Errorf("/VRI %s /%s refers to %v, which the store has not", name, short, ref)
				}
			}
			if len(o.(pdf.Array)) == 0 {
				t.Errorf("/VRI %s /%s is empty", name, short)
			}
		}
	}
}

// A18: never lowered, raised where it declares less than a store.
func TestExtensions(t *testing.T) {
	w := newWorld(t, time.Now(), shape{nocheck: true})
	for _, tt := range []struct{ name, version, in, want string }{
		{"none", "1.7", "", "5"},
		{"lower", "1.7", "/Extensions << /ESIC << /BaseVersion /1.7 /ExtensionLevel 2 >> /ADBE << /BaseVersion /1.7 /ExtensionLevel 8 >> >>", "5"},
		{"higher", "1.7", "/Extensions << /ESIC << /BaseVersion /1.7 /ExtensionLevel 9 >> >>", "9"},
		{"other base", "1.7", "/Extensions << /ESIC << /BaseVersion /2.0 /ExtensionLevel 1 >> >>", "1"},
		{"indirect", "1.7", "/Extensions 20 0 R", "1"},
		{"PDF 1.4", "1.4", "", ""},
		{"PDF 2.0", "2.0", "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			file := pdftest.Classic()
			file = bytes.Replace(file, []byte("%PDF-1.4"), []byte("%PDF-"+tt.version), 1)
			if tt.in != "" {
				file = withExtensions(t, file, tt.in, tt.name == "indirect")
			}
			out, _ := mustExtend(t, w, sign(t, w, file, true), nil)
			f := openPDF(t, out)
			catalog, err := f.Catalog()
			if err != nil {
				t.Fatal(err)
			}
			extensions, err := f.Dict(catalog["Extensions"])
			if err != nil {
				t.Fatal(err)
			}
			entry, err := f.Dict(extensions["ESIC"])
			if err != nil {
				t.Fatal(err)
			}
			got := ""
			if entry != nil {
				got = fmt.Sprint(entry["ExtensionLevel"])
			}
			if got != tt.want {
				t.Errorf("extension level %q, want %q", got, tt.want)
			}
			if strings.Contains(tt.in, "ADBE") && extensions["ADBE"] == nil {
				t.Error("the entry of another developer is gone")
			}
		})
	}
}

// withExtensions puts an entry into the catalog.
func withExtensions(t *testing.T, file []byte, entry string, indirect bool) []byte {
	t.Helper()
	f := openPDF(t, file)
	u := f.NewUpdate()
	o, err := u.Get(f.Root())
	if err != nil {
		t.Fatal(err)
	}
	catalog := o.(pdf.Dict)
	catalog["Extensions"] = pdf.Raw(strings.TrimPrefix(entry, "/Extensions "))
	if indirect {
		ref := u.Alloc()
		u.Set(ref, pdf.Raw("<< /ESIC << /BaseVersion /1.7 /ExtensionLevel 1 >> >>"))
		catalog["Extensions"] = ref
	}
	u.Set(f.Root(), catalog)
	revision, err := u.Build()
	if err != nil {
		t.Fatal(err)
	}
	return slices.Concat(file, revision.Bytes)
}
