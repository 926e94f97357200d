// SPDX-License-Identifier: Apache-2.0

package pkix_test

import (
	"bytes"
	"crypto/x509"
	"encoding/asn1"
	"encoding/pem"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gsign/internal/limits"
	"gsign/internal/pkix"
	"gsign/internal/pkix/pkixtest"
)

func pemOf(kind string, der ...[]byte) []byte {
	var out []byte
	for _, d := range der {
		out = append(out, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: d})...)
	}
	return out
}

func certsOnly(tb testing.TB, certs ...*x509.Certificate) []byte {
	tb.Helper()
	p := pkixtest.New(tb, now)
	return pkixtest.SignedData{Signer: p.Leaf, Certificates: certs, Content: []byte{}, NoAttributes: true, Signers: -1}.Marshal(tb)
}

func TestParseCertificates(t *testing.T) {
	p := pkixtest.New(t, now)
	leaf, ca, root := p.Leaf.Certificate, p.CA.Certificate, p.Root.Certificate
	all := []*x509.Certificate{leaf, ca, root}
	bundle := certsOnly(t, all...)
	text := pemOf("CERTIFICATE", leaf.Raw, ca.Raw, root.Raw)
	ber := append([]byte{0x30, 0x80}, bundle[4:]...)
	ber = append(ber, 0, 0)
	for _, tt := range []struct {
		name string
		in   []byte
		want []*x509.Certificate // nil: an error
	}{
		{"one DER", leaf.Raw, all[:1]},
		{"DER and a line end", append(bytes.Clone(leaf.Raw), '\n'), all[:1]},
		{"DER one after the other", bytes.Join([][]byte{leaf.Raw, ca.Raw, root.Raw}, nil), all},
		{"PEM", text, all},
		{"PEM with CRLF", bytes.ReplaceAll(text, []byte("\n"), []byte("\r\n")), all},
		{"PEM with text around", append([]byte("subject=/CN=x\nissuer=/CN=y\n"), text...), all},
		{"PEM with a key in between", append(pemOf("PRIVATE KEY", []byte{1, 2}), text...), all},
		{"PEM of the other name", pemOf("X509 CERTIFICATE", leaf.Raw), all[:1]},
		{"PKCS #7", bundle, all},
		{"PKCS #7 in PEM", pemOf("PKCS7", bundle), all},
		{"PKCS #7 in BER", ber, all},
		{"duplicates are kept", pemOf("CERTIFICATE", ca.Raw, ca.Raw), []*x509.Certificate{ca, ca}},
		{"nothing", nil, nil},
		{"text", []byte("hello"), nil},
		{"HTML", []byte("<html>not found</html>"), nil},
		{"key only", pemOf("PRIVATE KEY", []byte{1, 2}), nil},
		{"damaged PEM", text[:len(text)-40], nil},
		{"damaged DER", leaf.Raw[:200], nil},
		{"damaged PEM before a good one", append(bytes.Clone(text[:200]), text...), nil},
		{"PEM with a damaged certificate", pemOf("CERTIFICATE", leaf.Raw[:200]), nil},
		{"empty PKCS #7", certsOnly(t), nil},
		{"empty sequence", []byte{0x30, 0}, nil},
		{"too many", bytes.Repeat(ca.Raw, limits.MaxCertificates+1), nil},
		{"too large", make([]byte, limits.MaxCertificateBundle+1), nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := pkix.ParseCertificates(tt.in)
			if (err != nil) != (tt.want == nil) {
				t.Fatalf("error %v", err)
			}
			if diff := cmp.Diff(names(tt.want), names(got)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// F3 and F8: what a certificate says about its own revocation.
func TestExtensions(t *testing.T) {
	p := pkixtest.New(t, now)
	null := []byte{5, 0}
	short := pkixtest.New(t, now, pkixtest.Extension(asn1.ObjectIdentifier{0, 4, 0, 194121, 2, 1}, false, null)).Leaf.Certificate
	none := pkixtest.New(t, now, pkixtest.Extension(asn1.ObjectIdentifier{2, 5, 29, 56}, false, null)).Leaf.Certificate
	for _, tt := range []struct {
		name                        string
		cert                        *x509.Certificate
		selfSigned, exempt, nocheck bool
	}{
		{"leaf", p.Leaf.Certificate, false, false, false},
		{"root", p.Root.Certificate, true, false, false},
		{"cross-certificate of the same name", p.TSARoot.CrossSign(t, p.TSARoot, now, now).Certificate, true, false, false},
		{"short-term", short, false, true, false},
		{"noRevAvail", none, false, true, false},
		{"noRevAvail on a CA", p.Root.CA(t, "TEST CA", now, now, pkixtest.Extension(asn1.ObjectIdentifier{2, 5, 29, 56}, false, null)).Certificate, false, false, false},
		{"responder", p.Responder.Certificate, false, false, true},
	} {
		if s, e, n := pkix.SelfSigned(tt.cert), pkix.NoRevocationNeeded(tt.cert), pkix.OCSPNoCheck(tt.cert); s != tt.selfSigned || e != tt.exempt || n != tt.nocheck {
			t.Errorf("%s: self-signed %v, no revocation needed %v, nocheck %v", tt.name, s, e, n)
		}
	}
	impostor := pkixtest.Root(t, "TEST impostor", now, now, func(c *x509.Certificate) { c.RawSubject = p.Root.Certificate.RawSubject })
	if pkix.SelfSigned(p.Root.CrossSign(t, impostor, now, now).Certificate) {
		t.Error("a certificate that only names itself as issuer is called self-signed")
	}
}

func TestDER(t *testing.T) {
	for _, tt := range []struct {
		name    string
		in, out []byte // nil: an error
	}{
		{"already DER", []byte{0x30, 3, 2, 1, 5}, []byte{0x30, 3, 2, 1, 5}},
		{"indefinite", []byte{0x30, 0x80, 2, 1, 5, 0, 0}, []byte{0x30, 3, 2, 1, 5}},
		{"long length", []byte{0x30, 0x82, 0, 3, 2, 0x81, 1, 5}, nil}, // inner element longer than the outer says
		{"longer than needed", []byte{0x30, 0x82, 0, 4, 2, 0x81, 1, 5}, []byte{0x30, 3, 2, 1, 5}},
		{"octets in pieces", []byte{0x24, 0x80, 4, 1, 'a', 0x24, 3, 4, 1, 'b', 4, 0, 0, 0}, []byte{4, 2, 'a', 'b'}},
		{"octets of integers", []byte{0x24, 3, 2, 1, 5}, nil},
		{"high tag", []byte{0x3f, 0x81, 1, 0}, []byte{0x3f, 0x81, 1, 0}},
		{"high tag without end", []byte{0x3f, 0x81}, nil},
		{"primitive of indefinite length", []byte{4, 0x80, 0, 0}, nil},
		{"no end of contents", []byte{0x30, 0x80, 2, 1, 5}, nil},
		{"truncated", []byte{0x30, 3, 2, 1}, nil},
		{"trailing", []byte{5, 0, 0}, nil},
		{"length of five octets", []byte{4, 0x85, 0, 0, 0, 0, 1, 7}, nil},
		{"too deep", bytes.Repeat([]byte{0x30, 0x80}, 1000), nil},
		{"empty", nil, nil},
	} {
		got, err := pkix.DER(tt.in)
		if (err != nil) != (tt.out == nil) || !bytes.Equal(got, tt.out) {
			t.Errorf("%s: %x, %v", tt.name, got, err)
		}
	}
}

func FuzzParseCertificates(f *testing.F) {
	p := pkixtest.New(f, now)
	f.Add(p.CA.Certificate.Raw)
	f.Add(pemOf("CERTIFICATE", p.CA.Certificate.Raw, p.Root.Certificate.Raw))
	f.Add(certsOnly(f, p.Chain()...))
	f.Add(pemOf("PKCS7", certsOnly(f, p.CA.Certificate)))
	f.Fuzz(func(t *testing.T, b []byte) {
		certs, err := pkix.ParseCertificates(b)
		if (err == nil) != (len(certs) > 0) {
			t.Errorf("%d certificates with error %v", len(certs), err)
		}
		if der, err := pkix.DER(b); err == nil {
			if again, err := pkix.DER(der); err != nil || !bytes.Equal(der, again) {
				t.Errorf("not the same the second time: %v", err)
			}
		}
	})
}
