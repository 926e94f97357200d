// SPDX-License-Identifier: Apache-2.0

package dssclient

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"
)

func toJSON(t testing.TB, v any) []byte {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestParsePEM(t *testing.T) {
	p := sharedPKI(t)
	one, two := pemOf(p.root.cert), pemOf(p.root.cert, p.issuing.cert)
	broken := strings.Replace(one, "-----END", "----END", 1)
	key := string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: []byte("x")}))
	long := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: append(slices.Clone(p.root.cert.Raw), 0)}))
	for name, tc := range map[string]struct {
		text string
		want int // 0: an error
	}{
		"one": {one, 1}, "two": {two, 2}, "no newline at the end": {strings.TrimSpace(one), 1},
		"CRLF": {strings.ReplaceAll(two, "\n", "\r\n"), 2}, "literal": {strings.ReplaceAll(two, "\n", `\n`), 2},
		"literal CRLF": {strings.ReplaceAll(two, "\n", `\r\n`), 2}, "text around": {"subject=x\n" + one + "\nend\n", 1},
		"empty": {"", 0}, "no PEM": {"MIIB", 0}, "broken": {broken, 0}, "broken second": {one + broken, 0},
		"broken first": {broken + one, 0}, "cut off": {two[:len(two)-40], 0}, "private key": {one + key, 0},
		"trailing data": {long, 0}, "too many": {strings.Repeat(one, maxCertificates+1), 0},
	} {
		got, err := parsePEM(tc.text)
		if len(got) != tc.want || (err != nil) != (tc.want == 0) {
			t.Errorf("%s: %d certificates, %v; want %d", name, len(got), err, tc.want)
		}
	}
}

func TestParseBase64(t *testing.T) {
	want := []byte{0xfb, 0xff, 1, 2}
	for _, text := range []string{"+/8BAg==", "+/8B\nAg==\n", "+/8B\r\nAg==", `+/8B\nAg==`, " +/8BAg ", "+/8BAg"} {
		if got, err := parseBase64(text); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%q gives %x, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "=", "-_8BAg==", "A", "AA=A", "é"} {
		if got, err := parseBase64(text); err == nil {
			t.Errorf("%q gives %x, want an error", text, got)
		}
	}
}

func TestParseIdentity(t *testing.T) {
	p := sharedPKI(t)
	leaf := p.leaf(t, time.Now().Add(time.Minute))
	ocsp := base64.StdEncoding.EncodeToString(ocspDER(t, 0))
	good := IdentityResponse{"id", pemOf(leaf), ocsp}
	id, err := parseIdentity(toJSON(t, good))
	if err != nil || id.ID != "id" || !id.Certificate.Equal(leaf) || !bytes.Equal(id.OCSPResponse, ocspDER(t, 0)) {
		t.Fatalf("got %v, %v", id, err)
	}
	if id, err := parseIdentity(toJSON(t, IdentityResponse{"id", pemOf(leaf), ""})); err != nil || id.OCSPResponse != nil {
		t.Errorf("without OCSP response: %v", err)
	}
	for name, change := range map[string]func(*IdentityResponse){
		"no id": func(r *IdentityResponse) { r.ID = "" }, "dots": func(r *IdentityResponse) { r.ID = ".." },
		"long id":        func(r *IdentityResponse) { r.ID = strings.Repeat("x", maxIdentityID+1) },
		"no certificate": func(r *IdentityResponse) { r.SigningCert = "" },
		"not base64":     func(r *IdentityResponse) { r.OCSPResponse = "!" },
		"not OCSP":       func(r *IdentityResponse) { r.OCSPResponse = "AAAA" },
		"OCSP tail": func(r *IdentityResponse) {
			r.OCSPResponse = base64.StdEncoding.EncodeToString(append(ocspDER(t, 0), 0))
		},
		"OCSP error": func(r *IdentityResponse) { r.OCSPResponse = base64.StdEncoding.EncodeToString(ocspDER(t, 3)) },
	} {
		r := good
		change(&r)
		if _, err := parseIdentity(toJSON(t, r)); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestParseTimestamp(t *testing.T) {
	digest := digestOf(9)
	token := tokenDER(t, digest)
	encode := func(der []byte) []byte {
		return toJSON(t, TimestampResponse{base64.StdEncoding.EncodeToString(der)})
	}
	got, err := parseTimestamp(encode(token), digest)
	if err != nil || !bytes.Equal(got, token) {
		t.Fatalf("got %x, %v", got, err)
	}
	content := func(outer, inner asn1.ObjectIdentifier, b []byte) []byte {
		return mustDER(t, testContentInfo{outer, testSignedData{Encapsulated: testEncapsulated{inner, b}}})
	}
	type info struct{ Status int }
	type resp struct {
		Info  info
		Token testContentInfo
	}
	for name, tc := range map[string]struct {
		der  []byte
		want string
	}{
		"whole response": {mustDER(t, resp{Info: info{0}, Token: testContentInfo{Type: oidSignedData, Content: testSignedData{
			Encapsulated: testEncapsulated{oidTSTInfo, []byte{1}},
		}}}), "TimeStampResp"},
		"refusal":       {mustDER(t, struct{ Info info }{info{2}}), "TimeStampResp"},
		"other digest":  {tokenDER(t, digestOf(8)), "another digest"},
		"tail":          {append(slices.Clone(token), 0, 0), "after"},
		"not CMS":       {[]byte{0x04, 0}, "ContentInfo"},
		"not a token":   {content(oidSignedData, oidSHA256, nil), "not TSTInfo"},
		"no TSTInfo":    {content(oidSignedData, oidTSTInfo, []byte{5, 0}), "TSTInfo"},
		"not signed":    {content(oidSHA256, oidTSTInfo, nil), "SignedData"},
		"cut off":       {token[:len(token)-3], "ContentInfo"},
		"nothing in it": {nil, "no token"},
	} {
		_, err := parseTimestamp(encode(tc.der), digest)
		if err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: error is %v, want %q in it", name, err, tc.want)
		}
	}
}

func TestParseTrustChain(t *testing.T) {
	p := sharedPKI(t)
	root, both := pemOf(p.root.cert), pemOf(p.issuing.cert, p.root.cert)
	ocsp := base64.StdEncoding.EncodeToString(ocspDER(t, 0))
	got, err := parseTrustChain(toJSON(t, TrustChainResponse{[]string{root, both}, []string{ocsp}}))
	if err != nil || len(got.Certificates) != 2 || len(got.OCSPResponses) != 1 {
		t.Errorf("got %+v, %v; want two certificates without duplicates", got, err)
	}
	for name, r := range map[string]TrustChainResponse{
		"empty": {}, "empty element": {TrustChain: []string{root, ""}},
		"bad OCSP": {[]string{root}, []string{"AAAA"}}, "many": {TrustChain: make([]string, maxCertificates+1)},
		"many OCSP": {[]string{root}, make([]string, maxOCSP+1)},
	} {
		if _, err := parseTrustChain(toJSON(t, r)); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestOrderChain(t *testing.T) {
	p := sharedPKI(t)
	leaf := p.leaf(t, time.Now().Add(time.Minute))
	// The same issuing CA, cross-signed by a root that is not there: a dead end.
	cross, err := issueTest("issuing", p.other, p.issuing.key, func(c *x509.Certificate) {
		c.IsCA, c.BasicConstraintsValid, c.SerialNumber = true, true, big.NewInt(5)
	})
	if err != nil {
		t.Fatal(err)
	}
	// A stranger with the issuing CA's name and another key.
	stranger, err := issueTest("issuing", nil, p.other.key, func(c *x509.Certificate) {
		c.IsCA, c.BasicConstraintsValid = true, true
	})
	if err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct{ pool, want []*x509.Certificate }{
		"reversed":     {[]*x509.Certificate{p.root.cert, p.issuing.cert}, []*x509.Certificate{leaf, p.issuing.cert, p.root.cert}},
		"with leaf":    {[]*x509.Certificate{leaf, p.issuing.cert, p.root.cert}, []*x509.Certificate{leaf, p.issuing.cert, p.root.cert}},
		"unrelated":    {[]*x509.Certificate{p.other.cert, p.issuing.cert}, []*x509.Certificate{leaf, p.issuing.cert}},
		"stranger":     {[]*x509.Certificate{stranger.cert, p.issuing.cert, p.root.cert}, []*x509.Certificate{leaf, p.issuing.cert, p.root.cert}},
		"cross-signed": {[]*x509.Certificate{cross.cert, p.issuing.cert, p.root.cert}, []*x509.Certificate{leaf, p.issuing.cert, p.root.cert}},
		"none":         {nil, []*x509.Certificate{leaf}},
	} {
		if got := orderChain(leaf, tc.pool); !slices.EqualFunc(got, tc.want, (*x509.Certificate).Equal) {
			t.Errorf("%s: %d certificates, want %d in order", name, len(got), len(tc.want))
		}
	}
}

// TestOrderChainInJungle: two CAs that certify each other many times give endless ways; the search ends.
func TestOrderChainInJungle(t *testing.T) {
	var keys [2]*ecdsa.PrivateKey
	for i := range keys {
		var err error
		if keys[i], err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
			t.Fatal(err)
		}
	}
	var pool []*x509.Certificate
	for i := range maxCertificates {
		other := &testCert{&x509.Certificate{Subject: pkix.Name{CommonName: "TEST " + string(rune('A'+(i+1)%2))}}, keys[(i+1)%2]}
		c, err := issueTest(string(rune('A'+i%2)), other, keys[i%2], func(c *x509.Certificate) {
			c.IsCA, c.BasicConstraintsValid, c.KeyUsage = true, true, x509.KeyUsageCertSign
		})
		if err != nil {
			t.Fatal(err)
		}
		pool = append(pool, c.cert)
	}
	if got := orderChain(pool[0], pool); len(got) != maxCertificates {
		t.Errorf("%d certificates, want all", len(got))
	}
}

func TestParseValue(t *testing.T) {
	for body, want := range map[string]int64{`{"value":0}`: 0, ` {"value":12,"x":1} `: 12, `{"value":-3}`: -3} {
		if got, err := parseValue([]byte(body)); err != nil || got != want {
			t.Errorf("%s gives %d, %v", body, got, err)
		}
	}
	for _, body := range []string{`{}`, `{"value":null}`, `{"value":"1"}`, `{"value":1.5}`, `7`, ``, `{"value":1} x`} {
		if got, err := parseValue([]byte(body)); err == nil {
			t.Errorf("%s gives %d, want an error", body, got)
		}
	}
}

func TestParseToken(t *testing.T) {
	long := strings.Repeat("a", 5000)
	if got, err := parseToken(toJSON(t, LoginResponse{long})); err != nil || string(got) != long {
		t.Errorf("long token: %v", err)
	}
	for _, bad := range []string{"", "a b", "a\nb", "é", strings.Repeat("a", maxToken+1)} {
		if _, err := parseToken(toJSON(t, LoginResponse{bad})); err == nil {
			t.Errorf("%.10q: no error", bad)
		}
	}
}

func fuzz(f *testing.F, seeds [][]byte, parse func([]byte) error) {
	f.Helper()
	for _, s := range append(seeds, []byte("{}"), []byte(""), []byte("null")) {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if err := parse(b); err != nil && strings.Contains(err.Error(), "\n") {
			t.Errorf("error of more than one line: %q", err)
		}
	})
}

func FuzzLogin(f *testing.F) {
	fuzz(f, [][]byte{toJSON(f, LoginResponse{"t"})}, func(b []byte) error { _, err := parseToken(b); return err })
}

func FuzzIdentity(f *testing.F) {
	seed := toJSON(f, IdentityResponse{"id", pemOf(sharedPKI(f).root.cert), base64.StdEncoding.EncodeToString(ocspDER(f, 0))})
	fuzz(f, [][]byte{seed}, func(b []byte) error {
		id, err := parseIdentity(b)
		if err == nil && (id.ID == "" || id.Certificate == nil) {
			panic("identity without id or certificate")
		}
		return err
	})
}

func FuzzSignature(f *testing.F) {
	leaf := sharedPKI(f).leaf(f, time.Now())
	fuzz(f, [][]byte{toJSON(f, SignResponse{strings.Repeat("AB", 256)})}, func(b []byte) error {
		if s, err := parseSignature(b, leaf, digestOf(1)); err == nil {
			panic("forged " + string(s))
		}
		_, err := parseSignature(b, nil, digestOf(1))
		return err
	})
}

func FuzzTimestamp(f *testing.F) {
	seed := toJSON(f, TimestampResponse{base64.StdEncoding.EncodeToString(tokenDER(f, digestOf(1)))})
	fuzz(f, [][]byte{seed}, func(b []byte) error { _, err := parseTimestamp(b, digestOf(1)); return err })
}

func FuzzTrustChain(f *testing.F) {
	seed := toJSON(f, TrustChainResponse{
		[]string{pemOf(sharedPKI(f).root.cert)}, []string{base64.StdEncoding.EncodeToString(ocspDER(f, 0))},
	})
	fuzz(f, [][]byte{seed}, func(b []byte) error { _, err := parseTrustChain(b); return err })
}

func FuzzPath(f *testing.F) {
	seed := toJSON(f, PathResponse{strings.ReplaceAll(pemOf(sharedPKI(f).root.cert), "\n", `\n`)})
	fuzz(f, [][]byte{seed}, func(b []byte) error { _, err := parsePath(b); return err })
}

func FuzzValue(f *testing.F) {
	fuzz(f, [][]byte{[]byte(`{"value":1}`)}, func(b []byte) error { _, err := parseValue(b); return err })
}

func FuzzPolicy(f *testing.F) {
	fuzz(f, [][]byte{[]byte(policyJSON)}, func(b []byte) error {
		p, err := parsePolicy(b)
		if err == nil {
			p.Check(&IdentityRequest{SubjectDN: &SubjectDN{CommonName: "x", OrganizationalUnit: []string{"y"}}})
		}
		return err
	})
}

func FuzzErrorBody(f *testing.F) {
	fuzz(f, [][]byte{[]byte(`{"description":"x","id":"y","errors":{"a":"b"}}`)}, func(b []byte) error {
		if e, ok := parseErrorBody(b); ok && e.Description == "" {
			panic("error body without description")
		}
		return nil
	})
}
