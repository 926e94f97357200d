// SPDX-License-Identifier: Apache-2.0

package dssclient

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"math/big"
	"sync"
	"testing"
	"time"
)

// A testCert is a certificate with its key.
type testCert struct {
	cert *x509.Certificate
	key  crypto.Signer
}

// testPKI is shared by all tests: RSA keys are slow to make.
type testPKI struct {
	root, issuing, other *testCert // of identities; other is a root that issued nothing
	rsaKey               *rsa.PrivateKey
	tlsCA, clientRoot    *testCert
	clientCA             *testCert // below clientRoot
	server               tls.Certificate
	client               tls.Certificate // with its issuing chain
}

var pkiOnce = sync.OnceValues(newTestPKI)

func sharedPKI(t testing.TB) *testPKI {
	t.Helper()
	p, err := pkiOnce()
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func newTestPKI() (*testPKI, error) {
	p := &testPKI{}
	var err error
	make := func(cn string, parent *testCert, change func(*x509.Certificate)) *testCert {
		if err != nil {
			return nil
		}
		var key *ecdsa.PrivateKey
		if key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
			return nil
		}
		var c *testCert
		c, err = issueTest(cn, parent, key, change)
		return c
	}
	ca := func(c *x509.Certificate) {
		c.IsCA, c.BasicConstraintsValid, c.KeyUsage = true, true, x509.KeyUsageCertSign
	}
	p.root = make("root", nil, ca)
	p.issuing = make("issuing", p.root, ca)
	p.other = make("other", nil, ca)
	p.tlsCA = make("tls", nil, ca)
	p.clientRoot = make("client root", nil, ca)
	p.clientCA = make("client ca", p.clientRoot, ca)
	server := make("localhost", p.tlsCA, func(c *x509.Certificate) {
		c.DNSNames, c.ExtKeyUsage = []string{"localhost", "example.com"}, []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
		c.IPAddresses = append(c.IPAddresses, []byte{127, 0, 0, 1})
	})
	client := make("client", p.clientCA, func(c *x509.Certificate) {
		c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	})
	if err != nil {
		return nil, err
	}
	p.server = tls.Certificate{Certificate: [][]byte{server.cert.Raw}, PrivateKey: server.key}
	p.client = tls.Certificate{Certificate: [][]byte{client.cert.Raw, p.clientCA.cert.Raw}, PrivateKey: client.key}
	p.rsaKey, err = rsa.GenerateKey(rand.Reader, 2048)
	return p, err
}

func issueTest(cn string, parent *testCert, key crypto.Signer, change func(*x509.Certificate)) (*testCert, error) {
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: "TEST " + cn},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(100 * time.Hour), KeyUsage: x509.KeyUsageDigitalSignature,
	}
	change(template)
	if parent == nil {
		parent = &testCert{cert: template, key: key}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent.cert, key.Public(), parent.key)
	if err != nil {
		return nil, err
	}
	cert, err := x509.ParseCertificate(der)
	return &testCert{cert, key}, err
}

// leaf makes the certificate of an identity with the shared RSA key.
func (p *testPKI) leaf(t testing.TB, notAfter time.Time) *x509.Certificate {
	t.Helper()
	c, err := issueTest("signer", p.issuing, p.rsaKey, func(c *x509.Certificate) {
		c.NotBefore, c.NotAfter = notAfter.Add(-10*time.Minute), notAfter
	})
	if err != nil {
		t.Fatal(err)
	}
	return c.cert
}

func pemOf(certs ...*x509.Certificate) string {
	var b []byte
	for _, c := range certs {
		b = append(b, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})...)
	}
	return string(b)
}

func mustDER(t testing.TB, v any) []byte {
	t.Helper()
	der, err := asn1.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

type testOCSP struct {
	Status asn1.Enumerated
	Bytes  testOCSPBytes `asn1:"explicit,tag:0,optional"`
}

type testOCSPBytes struct {
	Type     asn1.ObjectIdentifier
	Response []byte
}

// ocspDER has the frame of an OCSPResponse; what is in it is nothing to this package.
func ocspDER(t testing.TB, status int) []byte {
	return mustDER(t, testOCSP{asn1.Enumerated(status), testOCSPBytes{oidOCSPBasic, []byte{0x30, 0}}})
}

type testImprint struct {
	Algorithm pkix.AlgorithmIdentifier
	Hash      []byte
}

type testTSTInfo struct {
	Version int
	Policy  asn1.ObjectIdentifier
	Imprint testImprint
	Serial  int
	Time    time.Time `asn1:"generalized"`
}

type testEncapsulated struct {
	Type    asn1.ObjectIdentifier
	Content []byte `asn1:"explicit,tag:0"`
}

type testSignedData struct {
	Version      int
	Digests      []pkix.AlgorithmIdentifier `asn1:"set"`
	Encapsulated testEncapsulated
	Signers      []int `asn1:"set"`
}

type testContentInfo struct {
	Type    asn1.ObjectIdentifier
	Content testSignedData `asn1:"explicit,tag:0"`
}

// tokenDER has the frame of a TimeStampToken over digest; nobody signed it.
func tokenDER(t testing.TB, digest []byte) []byte {
	sha := pkix.AlgorithmIdentifier{Algorithm: oidSHA256}
	info := mustDER(t, testTSTInfo{1, asn1.ObjectIdentifier{1, 2, 3}, testImprint{sha, digest}, 1, time.Unix(1e9, 0).UTC()})
	return mustDER(t, testContentInfo{oidSignedData, testSignedData{
		3, []pkix.AlgorithmIdentifier{sha}, testEncapsulated{oidTSTInfo, info}, []int{},
	}})
}

func poolOf(c *testCert) *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(c.cert)
	return pool
}
