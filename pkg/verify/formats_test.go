// SPDX-License-Identifier: Apache-2.0

package verify_test

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/sha1"
	"crypto/x509"
	"encoding/asn1"
	"encoding/hex"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gsign/internal/cms"
	"gsign/internal/defects"
	"gsign/internal/pdf"
	"gsign/internal/pdf/pdftest"
	"gsign/internal/pkix/pkixtest"
	"gsign/pkg/verify"
)

// foreign makes a signature of a format that gsign does not write: contents are made of the bytes signed.
func (w *world) foreign(in []byte, entries string, contents func(signed []byte) []byte) []byte {
	w.tb.Helper()
	b := w.update(in, func(f *pdf.File, u *pdf.Update) {
		sig, field := u.Alloc(), u.Alloc()
		u.Set(sig, pdf.Raw("<< /Type /Sig /Filter /Adobe.PPKLite /M (D:20260504120000Z) "+entries+" /ByteRange "+
			strings.Repeat(" ", 60)+" /Contents "+placeholder+" >>"))
		u.Set(field, pdf.Dict{"FT": pdf.Name("Sig"), "T": pdf.TextString("Old"), "V": sig})
		w.catalog(f, u, func(c pdf.Dict) { c["AcroForm"] = pdf.Dict{"Fields": pdf.Array{field}, "SigFlags": pdf.Integer(3)} })
	})
	start := bytes.LastIndex(b, []byte(placeholder))
	end := start + len(placeholder)
	copy(b[bytes.LastIndex(b, []byte("/ByteRange "))+11:], fmt.Sprintf("[0 %d %d %d]", start, end, len(b)-end))
	hex.Encode(b[start+1:], contents(append(bytes.Clone(b[:start]), b[end:]...)))
	return b
}

func digestWith(h crypto.Hash, b []byte) []byte {
	d := h.New()
	d.Write(b)
	return d.Sum(nil)
}

// bare is a PKCS #1 signature as an OCTET STRING.
func bare(t *testing.T, h crypto.Hash) func([]byte) []byte {
	return func(signed []byte) []byte {
		sig, err := pki(t).Leaf.Key.Sign(rand.Reader, digestWith(h, signed), h)
		if err != nil {
			t.Fatal(err)
		}
		der, err := asn1.Marshal(sig)
		if err != nil {
			t.Fatal(err)
		}
		return der
	}
}

// old makes a CMS by the leaf over the bytes signed.
func old(t *testing.T, change func(sd *pkixtest.SignedData, signed []byte)) func([]byte) []byte {
	p := pki(t)
	return func(signed []byte) []byte {
		sd := pkixtest.SignedData{
			Signer: p.Leaf, Certificates: []*x509.Certificate{p.Leaf.Certificate, p.CA.Certificate, p.Root.Certificate},
			Attributes: [][]byte{pkixtest.ContentType(cms.OIDData), pkixtest.MessageDigest(digestWith(crypto.SHA256, signed))},
		}
		change(&sd, signed)
		return sd.Marshal(t)
	}
}

// archival is adbe-revocationInfoArchival with OCSP responses about the leaf and its CA, and a CRL.
func archival(t *testing.T) []byte {
	p := pki(t)
	list := func(n int, ders ...[]byte) []byte {
		seq, err := asn1.Marshal(asn1.RawValue{Tag: asn1.TagSequence, IsCompound: true, Bytes: bytes.Join(ders, nil)})
		if err != nil {
			t.Fatal(err)
		}
		der, err := asn1.Marshal(asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: n, IsCompound: true, Bytes: seq})
		if err != nil {
			t.Fatal(err)
		}
		return der
	}
	both := append(list(0, p.CRL(t, p.Root, answered)), list(1, p.OCSP(t, p.Leaf, answered))...)
	der, err := asn1.Marshal(asn1.RawValue{Tag: asn1.TagSequence, IsCompound: true, Bytes: both})
	if err != nil {
		t.Fatal(err)
	}
	return pkixtest.Attribute(cms.OIDAdobeRevocation, der)
}

// TestFormats judges the formats that others have written, each with evidence in its own place.
func TestFormats(t *testing.T) {
	p, w := pki(t), newWorld(t)
	cert := "/Cert [<" + hex.EncodeToString(p.Leaf.Certificate.Raw) + "> <" + hex.EncodeToString(p.CA.Certificate.Raw) + ">]"
	sum := func(sd *pkixtest.SignedData, signed []byte) {
		sha := sha1.Sum(signed)
		sd.Content = sha[:]
		sd.Attributes[1] = pkixtest.MessageDigest(digestWith(crypto.SHA256, sha[:]))
	}
	for name, tt := range map[string]struct {
		file       []byte
		indication verify.Indication
		sub        verify.SubIndication
	}{
		"adbe.pkcs7.detached with its evidence": {w.foreign(pdftest.Classic(), "/SubFilter /adbe.pkcs7.detached", old(t, func(sd *pkixtest.SignedData, _ []byte) {
			sd.Attributes = append(sd.Attributes, archival(t))
		})), verify.TotalPassed, ""},
		"adbe.pkcs7.detached, SHA-1": {w.foreign(pdftest.Classic(), "/SubFilter /adbe.pkcs7.detached", old(t, func(sd *pkixtest.SignedData, signed []byte) {
			sd.SHA1, sd.Hash = true, crypto.SHA1
			sd.Attributes[1] = pkixtest.MessageDigest(digestWith(crypto.SHA1, signed))
			sd.Attributes = append(sd.Attributes, archival(t))
		})), verify.Indeterminate, verify.CryptoConstraintsFailureNoPOE},
		"adbe.pkcs7.sha1": {
			w.store(w.foreign(pdftest.Classic(), "/SubFilter /adbe.pkcs7.sha1", old(t, sum)), w.entities()...),
			verify.Indeterminate, verify.CryptoConstraintsFailureNoPOE,
		},
		"adbe.pkcs7.sha1 of other bytes": {w.store(w.foreign(pdftest.Classic(), "/SubFilter /adbe.pkcs7.sha1", old(t, func(sd *pkixtest.SignedData, signed []byte) {
			sum(sd, signed[1:])
		})), w.entities()...), verify.TotalFailed, verify.HashFailure},
		"adbe.pkcs7.detached with the document inside": {w.foreign(pdftest.Classic(), "/SubFilter /adbe.pkcs7.detached", old(t, sum)), verify.TotalFailed, verify.FormatFailure},
		"adbe.x509.rsa_sha1": {
			w.store(w.foreign(pdftest.Classic(), "/SubFilter /adbe.x509.rsa_sha1 "+cert, bare(t, crypto.SHA1)), w.entities()...),
			verify.Indeterminate, verify.CryptoConstraintsFailureNoPOE,
		},
		"adbe.x509.rsa_sha1 by SHA-256": {
			w.store(w.foreign(pdftest.Classic(), "/SubFilter /adbe.x509.rsa_sha1 "+cert, bare(t, crypto.SHA256)), w.entities()...),
			verify.TotalPassed, "",
		},
		"adbe.x509.rsa_sha1 of other bytes": {
			w.foreign(pdftest.Classic(), "/SubFilter /adbe.x509.rsa_sha1 "+cert, func(b []byte) []byte { return bare(t, crypto.SHA1)(b[1:]) }),
			verify.TotalFailed, verify.SigCryptoFailure,
		},
		"adbe.x509.rsa_sha1 without /Cert": {w.foreign(pdftest.Classic(), "/SubFilter /adbe.x509.rsa_sha1", bare(t, crypto.SHA1)), verify.Indeterminate, verify.NoSigningCertificateFound},
		"no certificates": {
			w.foreign(pdftest.Classic(), "/SubFilter /adbe.pkcs7.detached", old(t, func(sd *pkixtest.SignedData, _ []byte) { sd.Certificates = nil })),
			verify.Indeterminate, verify.NoSigningCertificateFound,
		},
		"another signing-certificate": {w.foreign(pdftest.Classic(), "/SubFilter /ETSI.CAdES.detached", old(t, func(sd *pkixtest.SignedData, _ []byte) {
			sd.Attributes = append(sd.Attributes, pkixtest.SigningCertificateV2(crypto.SHA256, p.CA.Certificate))
		})), verify.Indeterminate, verify.NoSigningCertificateFound},
		"two signers": {
			w.foreign(pdftest.Classic(), "/SubFilter /adbe.pkcs7.detached", old(t, func(sd *pkixtest.SignedData, _ []byte) { sd.Signers = 2 })),
			verify.TotalFailed, verify.FormatFailure,
		},
		"an unknown sub-filter": {w.foreign(pdftest.Classic(), "/SubFilter /Other", old(t, func(*pkixtest.SignedData, []byte) {})), verify.Indeterminate, verify.SigConstraintsFailure},
	} {
		report, err := check(t, tt.file, &verify.Options{Roots: roots(t), Time: noon.Add(5 * time.Minute)})
		if report == nil || len(report.Signatures) != 1 {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if s := report.Signatures[0]; s.Indication != tt.indication || s.SubIndication != tt.sub {
			t.Errorf("%s: %v %s, want %v %s: %v", name, s.Indication, s.SubIndication, tt.indication, tt.sub, err)
		}
	}
}

// TestDroppedStore judges a file whose newest security store has none of the evidence of an earlier one.
func TestDroppedStore(t *testing.T) {
	w := newWorld(t)
	b := w.archive(w.store(w.sign(pdftest.Classic(), verify.BT), w.entities()...), archived)
	b = w.update(b, func(f *pdf.File, u *pdf.Update) {
		ref := u.Alloc()
		u.SetStream(ref, nil, roots(t)[0].Raw)
		w.catalog(f, u, func(c pdf.Dict) { c["DSS"] = pdf.Dict{"Certs": pdf.Array{ref}} })
	})
	report, err := check(t, b, &verify.Options{Roots: roots(t)})
	if err != nil || report.Signatures[0].Indication != verify.TotalPassed || report.Signatures[0].Level != verify.BLTA {
		t.Errorf("%v %v: %v", report.Signatures[0].Indication, report.Signatures[0].Level, err)
	}
}

// TestArchivedWeak archives a signature whose algorithm had ended before: the past does not heal that.
func TestArchivedWeak(t *testing.T) {
	w := newWorld(t)
	b := w.foreign(pdftest.Classic(), "/SubFilter /adbe.pkcs7.detached", old(t, func(sd *pkixtest.SignedData, signed []byte) {
		sd.SHA1, sd.Hash = true, crypto.SHA1
		sd.Attributes[1] = pkixtest.MessageDigest(digestWith(crypto.SHA1, signed))
	}))
	b = w.archive(w.store(b, w.entities()...), archived)
	for _, at := range []time.Time{noon.Add(5 * time.Minute), judged, noon.Add(60 * 24 * time.Hour)} {
		report, err := check(t, b, &verify.Options{Roots: roots(t), Time: at})
		if s := report.Signatures[0]; err == nil || s.SubIndication != verify.CryptoConstraintsFailureNoPOE && s.SubIndication != verify.OutOfBoundsNoPOE {
			t.Errorf("at %v: %v %s", at, s.Indication, s.SubIndication)
		}
	}
}

// FuzzVerify judges any bytes: an error or a report, and no indication without a reason.
func FuzzVerify(f *testing.F) {
	w := newWorld(f)
	for _, b := range files(w) {
		f.Add(b)
	}
	stored, more, err := defects.Read(filepath.Join("..", "..", "testdata", "defects"))
	if err != nil {
		f.Fatal(err)
	}
	for _, c := range stored {
		f.Add(c.Bytes)
	}
	pinned := append(roots(f), more...)
	f.Fuzz(func(t *testing.T, b []byte) {
		report, err := verify.Verify(t.Context(), bytes.NewReader(b), int64(len(b)), &verify.Options{Roots: pinned, Time: judged, Changes: true})
		if report == nil {
			if err == nil {
				t.Fatal("neither a report nor an error")
			}
			return
		}
		for _, s := range report.Signatures {
			if s.Indication == 0 || (s.Indication == verify.TotalPassed) != (len(s.Findings) == 0) || (s.SubIndication == "") != (s.Indication == verify.TotalPassed) {
				t.Errorf("%v %s: %v", s.Indication, s.SubIndication, s.Findings)
			}
		}
	})
}
