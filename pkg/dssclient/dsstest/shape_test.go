// SPDX-License-Identifier: Apache-2.0

package dsstest

import (
	"bytes"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/digitorus/timestamp"
	"github.com/google/go-cmp/cmp"
	"golang.org/x/crypto/ocsp"

	"gsign/internal/testenv"
)

// The signed PDFs of the sample data were signed by the real service. skeleton reduces a DER structure to what must be
// the same in an emulation: every tag at its depth, every object identifier, every length that is not a name's or an
// address's. So the comparison covers each field without naming it.

// sameMeaning maps what differs on purpose: policies of the example enterprise, and the smaller key of the test's TSA CA.
var sameMeaning = map[string]string{
	"1.3.6.1.4.1.4146.1.26": oidLeafPolicy.String(),
	"1.3.6.1.4.1.4146.1.31": oidTSAPolicy.String(),
}

// A sketcher writes skeletons.
type sketcher struct {
	lines  []string
	rename map[string]string
}

func skeleton(t *testing.T, der []byte, rename map[string]string) []string {
	t.Helper()
	s := &sketcher{rename: rename}
	if err := s.walk(der, 0); err != nil {
		t.Fatalf("walk DER: %v", err)
	}
	return s.lines
}

func (s *sketcher) walk(der []byte, depth int) error {
	for len(der) > 0 {
		var v asn1.RawValue
		rest, err := asn1.Unmarshal(der, &v)
		if err != nil {
			return err
		}
		der = rest
		line := fmt.Sprintf("%sclass %d tag %d", strings.Repeat("  ", depth), v.Class, v.Tag)
		if v.IsCompound {
			s.lines = append(s.lines, line)
			if err := s.walk(v.Bytes, depth+1); err != nil {
				return err
			}
			continue
		}
		// An octet string that holds DER is an extension's value or an OCSP BasicOCSPResponse.
		if v.Class == asn1.ClassUniversal && v.Tag == asn1.TagOctetString && len(v.Bytes) > 2 && holdsDER(v.Bytes) {
			s.lines = append(s.lines, line+" holding")
			if err := s.walk(v.Bytes, depth+1); err != nil {
				return err
			}
			continue
		}
		s.lines = append(s.lines, line+s.detail(v))
	}
	return nil
}

func holdsDER(b []byte) bool {
	var v asn1.RawValue
	rest, err := asn1.Unmarshal(b, &v)
	return err == nil && len(rest) == 0 && (v.IsCompound || v.Tag == asn1.TagNull || v.Tag == asn1.TagOctetString || v.Tag == asn1.TagBitString)
}

// detail says what of a primitive value must be equal.
func (s *sketcher) detail(v asn1.RawValue) string {
	if v.Class == asn1.ClassContextSpecific {
		return ""
	}
	switch v.Tag {
	case asn1.TagOID:
		var oid asn1.ObjectIdentifier
		if _, err := asn1.Unmarshal(v.FullBytes, &oid); err != nil {
			return " bad object identifier"
		}
		name := oid.String()
		if to, ok := s.rename[name]; ok {
			name = to
		}
		return " " + name
	case asn1.TagUTF8String, asn1.TagPrintableString, asn1.TagIA5String:
		return ""
	case asn1.TagBoolean, asn1.TagEnum, asn1.TagNull:
		return fmt.Sprintf(" %x", v.Bytes)
	case asn1.TagInteger:
		if len(v.Bytes) < 8 {
			return fmt.Sprintf(" %x", v.Bytes)
		}
		return fmt.Sprintf(" %x… of %d bytes", v.Bytes[0], len(v.Bytes))
	case asn1.TagBitString:
		if len(v.Bytes) < 4 {
			return fmt.Sprintf(" %x", v.Bytes)
		}
	}
	return fmt.Sprintf(" %d bytes", len(v.Bytes))
}

// realSignature is what one of the sample PDFs carries.
type realSignature struct {
	leaf, root  *x509.Certificate
	ocsp        []byte
	token       []byte
	attributes  []byte // as signed: DER SET OF
	signature   []byte
	signatories []*x509.Certificate
}

var contentsPattern = regexp.MustCompile(`/Contents\s*<([0-9A-Fa-f]+)>`)

type cmsSignerInfo struct {
	Version   int
	SID       asn1.RawValue
	Digest    asn1.RawValue
	Signed    asn1.RawValue `asn1:"tag:0"`
	Algorithm asn1.RawValue
	Signature []byte
	Unsigned  asn1.RawValue `asn1:"optional,tag:1"`
}

type cmsSignedData struct {
	OID     asn1.ObjectIdentifier
	Content struct {
		Version      int
		Digests      asn1.RawValue
		Encap        asn1.RawValue
		Certificates asn1.RawValue   `asn1:"optional,tag:0"`
		SignerInfos  []cmsSignerInfo `asn1:"set"`
	} `asn1:"explicit,tag:0"`
}

func readReal(t *testing.T, path string) *realSignature {
	t.Helper()
	pdf, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	m := contentsPattern.FindSubmatch(pdf)
	if m == nil {
		t.Fatalf("%s: no /Contents", path)
	}
	der, err := hex.DecodeString(string(m[1]))
	if err != nil {
		t.Fatal(err)
	}
	var sd cmsSignedData
	if _, err := asn1.Unmarshal(der, &sd); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	si := sd.Content.SignerInfos[0]
	certs, err := x509.ParseCertificates(sd.Content.Certificates.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	r := &realSignature{signature: si.Signature, signatories: certs}
	for _, c := range certs {
		if c.IsCA {
			r.root = c
		} else {
			r.leaf = c
		}
	}
	r.attributes = bytes.Clone(si.Signed.FullBytes)
	r.attributes[0] = 0x31
	if v := attributeValue(t, si.Signed.Bytes, "1.2.840.113583.1.1.8"); v != nil {
		r.ocsp = findOCSP(t, v)
	}
	r.token = attributeValue(t, si.Unsigned.Bytes, "1.2.840.113549.1.9.16.2.14")
	return r
}

func attributeValue(t *testing.T, set []byte, oid string) []byte {
	t.Helper()
	for len(set) > 0 {
		var a struct {
			Type   asn1.ObjectIdentifier
			Values asn1.RawValue `asn1:"set"`
		}
		rest, err := asn1.Unmarshal(set, &a)
		if err != nil {
			t.Fatal(err)
		}
		if set = rest; a.Type.String() == oid {
			return a.Values.Bytes
		}
	}
	return nil
}

// findOCSP takes the first response of [1] in adbe-revocationInfoArchival.
func findOCSP(t *testing.T, value []byte) []byte {
	t.Helper()
	var seq asn1.RawValue
	if _, err := asn1.Unmarshal(value, &seq); err != nil {
		t.Fatal(err)
	}
	for rest := seq.Bytes; len(rest) > 0; {
		var part, list, first asn1.RawValue
		var err error
		if rest, err = asn1.Unmarshal(rest, &part); err != nil {
			t.Fatal(err)
		}
		if part.Tag != 1 {
			continue
		}
		if _, err := asn1.Unmarshal(part.Bytes, &list); err != nil {
			t.Fatal(err)
		}
		if _, err := asn1.Unmarshal(list.Bytes, &first); err != nil {
			t.Fatal(err)
		}
		return first.FullBytes
	}
	return nil
}

func TestShapeOfTheRealThing(t *testing.T) {
	dir := filepath.Join(testenv.Shared(t), "corpus-signed", "globalsign")
	real := readReal(t, filepath.Join(dir, "9fe93a-example-signed.pdf"))
	srv := startServer(t, WithRSA2048())
	c := newWire(t, srv)
	c.login()
	id := c.identity("{}")
	token := c.stamp(hexDigest("x"))

	t.Run("leaf", func(t *testing.T) {
		sameShape(t, real.leaf.Raw, id.leaf.Raw, sameMeaning)
	})
	t.Run("root", func(t *testing.T) {
		sameShape(t, real.root.Raw, srv.pki.root().cert.Raw, nil)
	})
	t.Run("OCSP", func(t *testing.T) {
		sameShape(t, real.ocsp, id.der, nil)
	})
	t.Run("token", func(t *testing.T) {
		rename := map[string]string{"1.2.840.113549.1.1.12": oidSHA256WithRSA.String()}
		for k, v := range sameMeaning {
			rename[k] = v
		}
		want, got := skeleton(t, real.token, rename), skeleton(t, token, nil)
		for i, line := range want {
			// The real TSA certificate is signed by an RSA-4096 key.
			want[i] = strings.Replace(line, "513 bytes", "257 bytes", 1)
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("token (-real +sandbox):\n%s", d)
		}
	})
}

func sameShape(t *testing.T, real, sandbox []byte, rename map[string]string) {
	t.Helper()
	if d := cmp.Diff(skeleton(t, real, rename), skeleton(t, sandbox, nil)); d != "" {
		t.Errorf("(-real +sandbox):\n%s", d)
	}
}

// facts are what a skeleton does not show: how values hang together.
type facts struct {
	Validity                       time.Duration
	ThisUpdateIsIssue              bool
	NextUpdateIsExpiry             bool
	ProducedAtFlooredMinute        bool
	ResponderInside, NoCheckInside bool
	SignatureOverAttributes        bool
	SerialBytes                    int
	CountryPrintable               bool
	Status                         int
}

func factsOf(t *testing.T, leaf, issuer *x509.Certificate, ocspDER, signed, signature []byte) facts {
	t.Helper()
	resp, err := ocsp.ParseResponseForCert(ocspDER, leaf, issuer)
	if err != nil {
		t.Fatalf("OCSP: %v", err)
	}
	sum := sha256.Sum256(signed)
	f := facts{
		Validity:                leaf.NotAfter.Sub(leaf.NotBefore),
		ThisUpdateIsIssue:       resp.ThisUpdate.Equal(leaf.NotBefore),
		NextUpdateIsExpiry:      resp.NextUpdate.Equal(leaf.NotAfter),
		ProducedAtFlooredMinute: resp.ProducedAt.Equal(leaf.NotBefore.Truncate(time.Minute)),
		ResponderInside:         resp.Certificate != nil,
		SignatureOverAttributes: rsa.VerifyPKCS1v15(leaf.PublicKey.(*rsa.PublicKey), crypto.SHA256, sum[:], signature) == nil,
		SerialBytes:             len(leaf.SerialNumber.Bytes()),
		CountryPrintable:        bytes.Contains(leaf.RawSubject, []byte{0x06, 0x03, 0x55, 0x04, 0x06, 0x13, 0x02}),
		Status:                  resp.Status,
	}
	if resp.Certificate != nil {
		for _, e := range resp.Certificate.Extensions {
			f.NoCheckInside = f.NoCheckInside || e.Id.Equal(oidOCSPNoCheck)
		}
	}
	return f
}

// brokenAtTheSource are files whose OCSP answer the service signed with another key than that of the responder
// certificate it enclosed: OpenSSL says so too.
var brokenAtTheSource = map[string]bool{"2018-signed-cms-non-ltv.pdf": true, "2018-signed-pades-non-ltv.pdf": true}

func TestFactsOfTheRealThing(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(testenv.Shared(t), "corpus-signed", "globalsign", "*.pdf"))
	if err != nil || len(files) != 5 {
		t.Fatalf("want five PDFs of the real service, got %d: %v", len(files), err)
	}
	srv := startServer(t)
	c := newWire(t, srv)
	c.login()
	id := c.identity("{}")
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			real := readReal(t, file)
			if brokenAtTheSource[filepath.Base(file)] {
				if _, err := ocsp.ParseResponseForCert(real.ocsp, real.leaf, real.root); err == nil {
					t.Error("the real answer was thought to be broken, and is not")
				}
				srv.Inject(Fault{Op: OpIdentity, Kind: OCSPBadSignature})
				bad := c.identity("{}")
				if _, err := ocsp.ParseResponseForCert(bad.der, bad.leaf, srv.pki.root().cert); err == nil {
					t.Error("the sandbox's broken answer is not broken")
				}
				return
			}
			want := factsOf(t, real.leaf, real.root, real.ocsp, real.attributes, real.signature)
			sum := sha256.Sum256(real.attributes)
			signature := c.sign(id, strings.ToUpper(hex.EncodeToString(sum[:])))
			got := factsOf(t, id.leaf, srv.pki.root().cert, id.der, real.attributes, signature)
			if d := cmp.Diff(want, got); d != "" {
				t.Errorf("(-real +sandbox):\n%s", d)
			}
			if !want.SignatureOverAttributes {
				t.Error("the real signature is not over the attributes: the test reads the file wrongly")
			}
		})
	}
}

func TestTokenReadByOthers(t *testing.T) {
	srv := startServer(t)
	c := newWire(t, srv)
	c.login()
	before := time.Now().Truncate(time.Second)
	ts, err := timestamp.Parse(c.stamp(hexDigest("x")))
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256([]byte("x"))
	if !bytes.Equal(ts.HashedMessage, sum[:]) || ts.HashAlgorithm != crypto.SHA256 {
		t.Errorf("imprint %x by %v", ts.HashedMessage, ts.HashAlgorithm)
	}
	if ts.Time.Before(before) || time.Since(ts.Time) > time.Minute || ts.Time.Nanosecond() != 0 {
		t.Errorf("genTime %v, called at %v", ts.Time, before)
	}
	if ts.Accuracy != time.Second || ts.Nonce != nil || !ts.Policy.Equal(oidTSAPolicy) {
		t.Errorf("accuracy %v, nonce %v, policy %v", ts.Accuracy, ts.Nonce, ts.Policy)
	}
	if len(ts.Certificates) != 1 || !ts.Certificates[0].Equal(srv.TSAChain()[0]) {
		t.Errorf("certificates: %d", len(ts.Certificates))
	}
}
