// SPDX-License-Identifier: Apache-2.0

package dsstest

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"encoding/base64"
	"io"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/digitorus/pkcs7"
	"golang.org/x/crypto/ocsp"
)

func fetch(t *testing.T, url string) []byte {
	t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s, %v", url, resp.Status, err)
	}
	return b
}

func ask(t *testing.T, cert, issuer *x509.Certificate, h crypto.Hash) []byte {
	t.Helper()
	req, err := ocsp.CreateRequest(cert, issuer, &ocsp.RequestOptions{Hash: h})
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.Post(cert.OCSPServer[0], "application/ocsp-request", bytes.NewReader(req))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("OCSP: %s, %v", resp.Status, err)
	}
	return b
}

// TestEvidenceForEveryCertificate walks each chain by what its certificates point at, as a client must for the TSA.
func TestEvidenceForEveryCertificate(t *testing.T) {
	for _, profile := range []Profile{Trial, Production} {
		srv := startServer(t, WithProfile(profile))
		c := newWire(t, srv)
		c.login()
		id := c.identity("{}")
		if len(id.leaf.IssuingCertificateURL) != 0 || len(id.leaf.CRLDistributionPoints) != 1 {
			t.Errorf("leaf: caIssuers %v, CRL %v", id.leaf.IssuingCertificateURL, id.leaf.CRLDistributionPoints)
		}
		chain := append([]*x509.Certificate{id.leaf}, srv.Chain()...)
		for i, cert := range chain[:len(chain)-1] {
			checkEvidence(t, cert, chain[i+1])
		}
		cert := srv.TSAChain()[0]
		depth := 0
		for ; cert.CheckSignatureFrom(cert) != nil; depth++ {
			issuer, err := x509.ParseCertificate(fetch(t, cert.IssuingCertificateURL[0]))
			if err != nil {
				t.Fatal(err)
			}
			checkEvidence(t, cert, issuer)
			cert = issuer
		}
		if depth != 2 || !cert.Equal(srv.Roots()[1]) {
			t.Errorf("TSA chain of depth %d ends at %v", depth, cert.Subject)
		}
		for _, c := range append(chain, srv.TSAChain()...) {
			if !bytes.Contains(c.RawSubject, []byte("TEST")) {
				t.Errorf("subject without TEST: %v", c.Subject)
			}
		}
	}
}

func checkEvidence(t *testing.T, cert, issuer *x509.Certificate) {
	t.Helper()
	if err := cert.CheckSignatureFrom(issuer); err != nil {
		t.Fatalf("%v: %v", cert.Subject, err)
	}
	for _, h := range []crypto.Hash{crypto.SHA1, crypto.SHA256} {
		resp, err := ocsp.ParseResponseForCert(ask(t, cert, issuer, h), cert, issuer)
		if err != nil || resp.Status != ocsp.Good {
			t.Fatalf("%v: %+v, %v", cert.Subject, resp, err)
		}
		if age := time.Since(resp.ThisUpdate); age > time.Minute || age < 0 || resp.NextUpdate.After(cert.NotAfter.Add(-30*time.Second)) {
			t.Errorf("%v: OCSP from %v to %v, certificate to %v", cert.Subject, resp.ThisUpdate, resp.NextUpdate, cert.NotAfter)
		}
	}
	list, err := x509.ParseRevocationList(fetch(t, cert.CRLDistributionPoints[0]))
	if err != nil || list.CheckSignatureFrom(issuer) != nil || len(list.RevokedCertificateEntries) != 0 || list.NextUpdate.Before(time.Now()) {
		t.Errorf("%v: CRL %+v, %v", cert.Subject, list, err)
	}
}

func TestOCSPByGET(t *testing.T) {
	srv := startServer(t)
	c := newWire(t, srv)
	c.login()
	leaf, root := c.identity("{}").leaf, srv.Roots()[0]
	req, err := ocsp.CreateRequest(leaf, root, nil)
	if err != nil {
		t.Fatal(err)
	}
	text := base64.StdEncoding.EncodeToString(req)
	for _, path := range []string{url.PathEscape(text), text} {
		if _, err := ocsp.ParseResponseForCert(fetch(t, leaf.OCSPServer[0]+"/"+path), leaf, root); err != nil {
			t.Errorf("%s: %v", path, err)
		}
	}
}

func TestRevokedAndUnknown(t *testing.T) {
	srv := startServer(t)
	c := newWire(t, srv)
	c.login()
	leaf, root := c.identity("{}").leaf, srv.Roots()[0]
	at := time.Now().Add(-time.Second).Truncate(time.Second)
	if !srv.Revoke(leaf, at) || srv.Revoke(startServer(t).Roots()[0], at) {
		t.Error("Revoke knows the wrong certificates")
	}
	resp, err := ocsp.ParseResponseForCert(ask(t, leaf, root, crypto.SHA1), leaf, root)
	if err != nil || resp.Status != ocsp.Revoked || !resp.RevokedAt.Equal(at) {
		t.Errorf("revoked: %+v, %v", resp, err)
	}
	list, err := x509.ParseRevocationList(fetch(t, leaf.CRLDistributionPoints[0]))
	if err != nil || len(list.RevokedCertificateEntries) != 1 || list.RevokedCertificateEntries[0].SerialNumber.Cmp(leaf.SerialNumber) != 0 {
		t.Errorf("CRL: %+v, %v", list, err)
	}
	stranger := *leaf
	stranger.SerialNumber = newSerial(16, 1)
	if resp, err = ocsp.ParseResponseForCert(ask(t, &stranger, root, crypto.SHA1), &stranger, root); err != nil || resp.Status != ocsp.Unknown {
		t.Errorf("unknown: %+v, %v", resp, err)
	}
	if _, err := ocsp.ParseResponse(ask(t, leaf, srv.Roots()[1], crypto.SHA1), nil); err == nil {
		t.Error("an answer about another CA's certificate")
	}
}

func TestWebFaults(t *testing.T) {
	srv := startServer(t)
	c := newWire(t, srv)
	c.login()
	leaf, root := c.identity("{}").leaf, srv.Roots()[0]
	tsa := srv.TSAChain()
	crl := func(k Kind) []byte {
		srv.Inject(Fault{Op: OpCRL, Kind: k, Path: "tsa-ca"})
		fetch(t, leaf.CRLDistributionPoints[0]) // another CA's is not struck
		return fetch(t, tsa[0].CRLDistributionPoints[0])
	}
	if list, err := x509.ParseRevocationList(crl(CRLRevoked)); err != nil || len(list.RevokedCertificateEntries) < 2 {
		t.Errorf("revoked: %v, %v", list, err)
	}
	if list, err := x509.ParseRevocationList(crl(CRLExpired)); err != nil || !list.NextUpdate.Before(time.Now()) {
		t.Errorf("expired: %v, %v", list, err)
	}
	if list, err := x509.ParseRevocationList(crl(CRLWrongIssuer)); err != nil || list.CheckSignatureFrom(tsa[1]) == nil {
		t.Errorf("wrong issuer: %v, %v", list, err)
	}
	if !bytes.HasPrefix(crl(CRLAsPEM), []byte("-----BEGIN X509 CRL")) {
		t.Error("CRL is no PEM")
	}
	aia := func(k Kind) []byte {
		srv.Inject(Fault{Op: OpAIA, Kind: k})
		return fetch(t, tsa[0].IssuingCertificateURL[0])
	}
	if !bytes.HasPrefix(aia(AIAAsPEM), []byte("-----BEGIN CERTIFICATE")) {
		t.Error("issuer is no PEM")
	}
	if p7, err := pkcs7.Parse(aia(AIAAsPKCS7)); err != nil || len(p7.Certificates) != 2 {
		t.Errorf("bundle: %v, %v", p7, err)
	}
	if cert, err := x509.ParseCertificate(aia(AIAWrongCertificate)); err != nil || cert.Equal(tsa[1]) {
		t.Errorf("wrong issuer: %v", err)
	}
	for _, k := range []Kind{OCSPWrongCertificate, OCSPWrongResponder, OCSPBadSignature, OCSPTryLater} {
		srv.Inject(Fault{Op: OpOCSP, Kind: k})
		if resp, err := ocsp.ParseResponseForCert(ask(t, leaf, root, crypto.SHA1), leaf, root); err == nil {
			t.Errorf("%s: %+v", k, resp)
		}
	}
	for _, k := range []Kind{HTMLError, Status, ServiceBusy} {
		in := srv.Inject(Fault{Op: OpAIA, Kind: k, Status: 404})
		resp, err := http.Get(tsa[0].IssuingCertificateURL[0])
		if err != nil || resp.StatusCode == http.StatusOK || in.Hits() != 1 {
			t.Errorf("%s: %v, %v", k, resp, err)
		}
		if err == nil {
			resp.Body.Close()
		}
	}
	n := srv.Counters()
	if n.OCSP != 4 || n.CRL != 8 || n.AIA != 3 || n.Requests[OpAIA] != 6 {
		t.Errorf("counters: %+v", n)
	}
}

func TestWebPaths(t *testing.T) {
	srv := startServer(t)
	for path, want := range map[string]int{"/": 404, "/ocsp/nobody": 404, "/ocsp/root": 200, "/ocsp/root/!!": 400, "/crl/root.crl": 200} {
		resp, err := http.Get(srv.WebURL + path)
		if err != nil || resp.StatusCode != want {
			t.Errorf("%s: %v, %v, want %d", path, resp, err, want)
		}
		if err == nil {
			resp.Body.Close()
		}
	}
}
