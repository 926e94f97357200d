// SPDX-License-Identifier: Apache-2.0

package dsstest

import (
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"io"
	"net/http"
	"net/url"
	"strings"

	"golang.org/x/crypto/ocsp"
)

// serveWeb answers what certificates point at: OCSP responders, CRLs and issuers, over plain http.
func (s *Server) serveWeb(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Date", s.now().UTC().Format(http.TimeFormat))
	// The path is taken apart escaped: the base64 of an OCSP GET has slashes of its own.
	parts := strings.SplitN(strings.TrimPrefix(r.URL.EscapedPath(), "/"), "/", 3)
	if len(parts) < 2 {
		http.NotFound(w, r)
		return
	}
	name, _, _ := strings.Cut(parts[1], ".")
	a := s.pki.authorities[name]
	op, ok := map[string]Op{"ocsp": OpOCSP, "crl": OpCRL, "cacert": OpAIA}[parts[0]]
	if a == nil || !ok {
		http.NotFound(w, r)
		return
	}
	s.arrived(op)
	h := s.faults.take(op, r.URL.Path)
	if s.early(w, r, op, h) {
		return
	}
	var body []byte
	var contentType string
	status := http.StatusOK
	switch op {
	case OpOCSP:
		request := ""
		if len(parts) == 3 {
			request = parts[2]
		}
		contentType = "application/ocsp-response"
		body, status = s.answerOCSP(r, a, request, h)
	case OpCRL:
		contentType = "application/pkix-crl"
		body, status = s.answerCRL(a, h)
	default:
		body, contentType = s.answerIssuer(a, h)
	}
	if status != http.StatusOK {
		http.Error(w, http.StatusText(status), status)
		return
	}
	s.finish(w, r, h, contentType, body)
}

// ocspMalformed is the error response malformedRequest(1).
var ocspMalformed = []byte{0x30, 0x03, 0x0a, 0x01, 0x01}

// ocspUnauthorized is the error response unauthorized(6): another CA's certificate was asked about.
var ocspUnauthorized = []byte{0x30, 0x03, 0x0a, 0x01, 0x06}

// answerOCSP speaks RFC 6960 appendix A: POST, or GET with the request in base64 at the end of the path.
func (s *Server) answerOCSP(r *http.Request, a *authority, encoded string, h hits) ([]byte, int) {
	der, status := readOCSPRequest(r, encoded)
	if status != http.StatusOK {
		return nil, status
	}
	s.count(func(n *Counters) { n.OCSP++ })
	req, err := ocsp.ParseRequest(der)
	if err != nil {
		return ocspMalformed, http.StatusOK
	}
	if !a.answersFor(req) {
		return ocspUnauthorized, http.StatusOK
	}
	st := a.live(req.SerialNumber, s.now())
	if h.has(OCSPWrongCertificate) {
		st.serial, st.status = a.responder.cert.SerialNumber, good
	}
	body, err := s.spoil(st, h).response()
	if err != nil {
		return nil, http.StatusInternalServerError
	}
	return s.replaced(h, body), http.StatusOK
}

func readOCSPRequest(r *http.Request, encoded string) ([]byte, int) {
	switch r.Method {
	case http.MethodPost:
		if r.Header.Get("Content-Type") != "application/ocsp-request" {
			return nil, http.StatusUnsupportedMediaType
		}
		der, err := io.ReadAll(io.LimitReader(r.Body, maxBody))
		if err != nil {
			return nil, http.StatusBadRequest
		}
		return der, http.StatusOK
	case http.MethodGet:
		text, err := url.PathUnescape(encoded)
		if err != nil {
			return nil, http.StatusBadRequest
		}
		der, err := base64.StdEncoding.DecodeString(text)
		if err != nil {
			return nil, http.StatusBadRequest
		}
		return der, http.StatusOK
	default:
		return nil, http.StatusMethodNotAllowed
	}
}

// answersFor compares the request's issuer hashes with the authority.
func (a *authority) answersFor(req *ocsp.Request) bool {
	if !req.HashAlgorithm.Available() {
		return false
	}
	name := req.HashAlgorithm.New()
	name.Write(a.cert.RawSubject)
	key, err := publicKeyBits(a.cert.RawSubjectPublicKeyInfo)
	if err != nil {
		return false
	}
	hashed := req.HashAlgorithm.New()
	hashed.Write(key)
	return string(name.Sum(nil)) == string(req.IssuerNameHash) && string(hashed.Sum(nil)) == string(req.IssuerKeyHash)
}

func (s *Server) answerCRL(a *authority, h hits) ([]byte, int) {
	s.count(func(n *Counters) { n.CRL++ })
	if h.has(CRLWrongIssuer) {
		a = s.other(a)
	}
	der, err := a.revocationList(s.now(), h)
	if err != nil {
		return nil, http.StatusInternalServerError
	}
	if h.has(CRLAsPEM) {
		der = pem.EncodeToMemory(&pem.Block{Type: "X509 CRL", Bytes: der})
	}
	return der, http.StatusOK
}

func (s *Server) answerIssuer(a *authority, h hits) ([]byte, string) {
	s.count(func(n *Counters) { n.AIA++ })
	cert := a.cert
	if h.has(AIAWrongCertificate) {
		cert = s.other(a).cert
	}
	switch {
	case h.has(AIAAsPEM):
		return []byte(pemOf(nil, cert)), "application/x-pem-file"
	case h.has(AIAAsPKCS7):
		bundle := []*x509.Certificate{cert}
		if a.issuer != nil {
			bundle = append(bundle, a.issuer.cert)
		}
		return certificateBundle(bundle...), "application/pkcs7-mime"
	default:
		return cert.Raw, "application/pkix-cert"
	}
}

// other returns an authority of the other hierarchy, or the only one.
func (s *Server) other(a *authority) *authority {
	for _, line := range [][]*authority{s.pki.chain, s.pki.tsaChain} {
		if line[len(line)-1] != a && line[0] != a {
			return line[0]
		}
	}
	return a
}
