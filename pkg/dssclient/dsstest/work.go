// SPDX-License-Identifier: Apache-2.0

package dsstest

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"net/http"
	"slices"
	"strings"
	"time"
)

// An identity is a key in the pretended HSM.
type identity struct {
	key     crypto.Signer
	cert    *x509.Certificate
	expires time.Time
}

// identity makes a key and its certificate: the answer of /identity.
func (s *Server) identity(c *call) (any, *problem) {
	req, bad := s.set.policy.parseIdentity(c.body)
	if len(bad) > 0 {
		return nil, &problem{
			status: http.StatusUnprocessableEntity, description: "identity request violates the validation policy",
			errors: bad, withID: true,
		}
	}
	if p := s.spend(OpIdentity, func(n *Counters) { n.Identities++ }); p != nil {
		return nil, p
	}
	ca := s.pki.chain[0]
	made, err := s.newIdentity(ca, req)
	if err != nil {
		return nil, refuse(http.StatusInternalServerError)
	}
	shown, ocspAbout := made.cert, made.cert
	if c.hits.has(WrongCertificate) || c.hits.has(OCSPWrongCertificate) || c.hits.has(ForeignKey) {
		other, err := s.newIdentity(ca, req)
		if err != nil {
			return nil, refuse(http.StatusInternalServerError)
		}
		switch {
		case c.hits.has(WrongCertificate):
			shown = other.cert
		case c.hits.has(ForeignKey):
			made.key = other.key
		default:
			ocspAbout = other.cert
		}
	}
	ocsp, err := s.spoil(ca.issuance(ocspAbout), c.hits).response()
	if err != nil {
		return nil, refuse(http.StatusInternalServerError)
	}
	id := s.set.identityID()
	s.mu.Lock()
	if !c.hits.has(IdentityExpires) {
		s.identities[id] = made
	}
	s.newest = made.cert
	s.mu.Unlock()
	return map[string]string{
		"id": id, "signing_cert": pemOf(c.hits, shown), "ocsp_response": s.base64(c.hits, s.replaced(c.hits, ocsp)),
	}, nil
}

func (s *Server) newIdentity(ca *authority, req *identityRequest) (*identity, error) {
	key, err := s.set.rsaKey()
	if err != nil {
		return nil, err
	}
	now := s.now()
	cert, err := ca.issueLeaf(key.Public(), req, now, s.set.leafValidity)
	if err != nil {
		return nil, err
	}
	return &identity{key: key, cert: cert, expires: now.Add(s.set.identityTTL)}, nil
}

// digest checks the hex digits of a digest in a path.
func (s *Server) digest(digits string) ([]byte, *problem) {
	allowed := hexDigits
	if s.set.strictDigest {
		allowed = upperDigits
	}
	if !isHex(digits, allowed, digestDigits) {
		p := refuse(s.set.malformedDigestStatus)
		p.description = "Malformed digest"
		return nil, p
	}
	d, err := hex.DecodeString(digits)
	if err != nil {
		return nil, refuse(s.set.malformedDigestStatus)
	}
	return d, nil
}

// sign answers the raw RSASSA-PKCS1-v1_5 signature over the digest given.
func (s *Server) sign(c *call) (any, *problem) {
	digest, p := s.digest(c.hex)
	if p != nil {
		return nil, p
	}
	s.mu.Lock()
	id := s.identities[c.id]
	if id != nil && !s.nowLocked().Before(id.expires) {
		id = nil
	}
	s.mu.Unlock()
	if id == nil {
		return nil, refuse(s.set.unknownIdentityStatus)
	}
	if p := s.spend(OpSign, func(n *Counters) { n.Signs++ }); p != nil {
		return nil, p
	}
	if c.hits.has(SignatureOverOther) {
		digest[0] ^= 0xff
	}
	sig, err := id.key.Sign(rand.Reader, digest, crypto.SHA256)
	if err != nil {
		return nil, refuse(http.StatusInternalServerError)
	}
	if c.hits.has(SignatureWrongLength) {
		sig = sig[:len(sig)-1]
	}
	text := strings.ToUpper(hex.EncodeToString(sig))
	if s.set.lowerCase || c.hits.has(SignatureLowerCase) {
		text = strings.ToLower(text)
	}
	if c.hits.has(SignatureNotHex) {
		text = base64.StdEncoding.EncodeToString(sig)
	}
	return map[string]string{"signature": text}, nil
}

// timestamp answers a bare TimeStampToken.
func (s *Server) timestamp(c *call) (any, *problem) {
	digest, p := s.digest(c.hex)
	if p != nil {
		return nil, p
	}
	if p := s.spend(OpTimestamp, func(n *Counters) { n.Timestamps++ }); p != nil {
		return nil, p
	}
	tst, err := s.newStamp(digest, c.hits).token()
	if err != nil {
		return nil, refuse(http.StatusInternalServerError)
	}
	if c.hits.has(TokenAsResponse) {
		tst = asResponse(tst)
	}
	return map[string]string{"token": s.base64(c.hits, tst)}, nil
}

func (s *Server) newStamp(digest []byte, h hits) *stamp {
	st := &stamp{
		tsa: s.pki.tsa, key: s.pki.tsaKey, policy: oidTSAPolicy, accuracy: true,
		imprint: slices.Clone(digest), genTime: s.now().Truncate(time.Second),
		certificates: []*x509.Certificate{s.pki.tsa}, badSignature: h.has(TokenBadSignature),
	}
	if s.set.tsa == TSAUnderSigningRoot {
		st.policy, st.accuracy = oidDemoTSAPolicy, false
	}
	if s.set.wholeChainToken || h.has(TokenWholeChain) {
		for _, a := range s.pki.tsaChain {
			st.certificates = append(st.certificates, a.cert)
		}
	}
	if h.has(TokenWithoutCertificate) {
		st.certificates = nil
	}
	for h.has(TokenHuge) && len(st.certificates)*len(s.pki.tsa.Raw) < 64<<10 {
		st.certificates = append(st.certificates, s.pki.tsa)
	}
	s.mu.Lock()
	newest := s.newest
	s.mu.Unlock()
	switch {
	case h.has(TokenAfterExpiry) && newest != nil:
		st.genTime = newest.NotAfter.Add(time.Second)
	case h.has(TokenBeforeIssue):
		st.genTime = st.genTime.Add(-time.Hour)
	case h.has(TokenFraction):
		st.genTime, st.fraction = st.genTime.Add(123*time.Millisecond), true
	case h.has(TokenWrongImprint):
		st.imprint[0] ^= 0xff
	}
	return st
}

// certificatePath answers the issuer of the leaves, or on demand the path to the root.
func (s *Server) certificatePath(c *call) (any, *problem) {
	s.count(func(n *Counters) { n.CertificatePaths++ })
	var path strings.Builder
	for _, a := range s.pki.chain {
		path.WriteString(pemOf(c.hits, a.cert))
		if !s.set.wholePath {
			break
		}
	}
	return map[string]string{"path": path.String()}, nil
}

// trustChain answers the chain above the leaf, issuer first, and an OCSP answer for each certificate below the root.
func (s *Server) trustChain(c *call) (any, *problem) {
	s.count(func(n *Counters) { n.TrustChains++ })
	certs, answers := []string{}, []string{}
	for _, a := range s.pki.chain {
		if a.issuer != nil || !c.hits.has(ChainWithoutRoot) {
			certs = append(certs, pemOf(c.hits, a.cert))
		}
		if a.issuer == nil {
			continue
		}
		// Answers about CAs are made every few hours and valid for days.
		st := a.issuer.live(a.cert.SerialNumber, s.now().Add(-3*time.Hour))
		if c.hits.has(OCSPWrongCertificate) {
			st.serial = a.issuer.responder.cert.SerialNumber
		}
		der, err := s.spoil(st, c.hits).response()
		if err != nil {
			return nil, refuse(http.StatusInternalServerError)
		}
		answers = append(answers, s.base64(c.hits, s.replaced(c.hits, der)))
	}
	s.mu.Lock()
	newest := s.newest
	s.mu.Unlock()
	if c.hits.has(ChainReversed) {
		slices.Reverse(certs)
	}
	if c.hits.has(ChainWithLeaf) && newest != nil {
		certs = append([]string{pemOf(nil, newest)}, certs...)
	}
	if c.hits.has(ChainDuplicated) {
		certs, answers = slices.Concat(certs, certs), slices.Concat(answers, answers)
	}
	if c.hits.has(ChainEmpty) {
		certs = certs[:0]
	}
	return map[string][]string{"trustchain": certs, "ocsp_revocation_info": answers}, nil
}

// spoil makes an OCSP statement bad in the ways asked for.
func (s *Server) spoil(st *statement, h hits) *statement {
	switch {
	case h.has(OCSPRevoked):
		st.status, st.revokedAt = revoked, st.thisUpdate.Add(-time.Minute)
	case h.has(OCSPUnknown):
		st.status = unknown
	}
	if h.has(OCSPExpired) {
		st.producedAt, st.thisUpdate, st.nextUpdate = s.now().Add(-2*day), s.now().Add(-2*day), s.now().Add(-day)
	}
	if h.has(OCSPWrongResponder) {
		st.by = s.pki.rogue
	}
	if f, ok := h[OCSPLagging]; ok {
		st.producedAt, st.thisUpdate = st.producedAt.Add(-f.Delay), st.thisUpdate.Add(-f.Delay)
	}
	if h.has(OCSPFloored) {
		st.producedAt, st.thisUpdate = st.producedAt.Truncate(time.Minute), st.thisUpdate.Truncate(time.Minute)
	}
	if h.has(OCSPWithoutNextUpdate) {
		st.nextUpdate = time.Time{}
	}
	st.badSignature, st.withoutResponder = h.has(OCSPBadSignature), h.has(OCSPWithoutResponder)
	return st
}

// replaced puts an OCSP error response where one is asked for.
func (s *Server) replaced(h hits, der []byte) []byte {
	if h.has(OCSPTryLater) {
		return ocspTryLater
	}
	return der
}

func (s *Server) base64(h hits, der []byte) string {
	text := base64.StdEncoding.EncodeToString(der)
	if h.has(MalformedBase64) {
		return text[:len(text)/2] + "!" + text[len(text)/2:]
	}
	return text
}

func pemOf(h hits, cert *x509.Certificate) string {
	b := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Raw})
	switch {
	case h.has(MalformedPEM):
		b = b[:len(b)/2]
	case h.has(PEMWithCRLF):
		b = bytes.ReplaceAll(b, []byte("\n"), []byte("\r\n"))
	case h.has(PEMWithLiteralNewlines):
		b = bytes.ReplaceAll(b, []byte("\n"), []byte(`\n`))
	}
	return string(b)
}
