// SPDX-License-Identifier: Apache-2.0

package dsstest

import (
	"slices"
	"strings"
	"sync"
	"time"
)

// Op names a kind of request the sandbox answers: the service's calls, and the loopback OCSP, CRL and caIssuers
// downloads.
type Op string

// The requests that can be slowed down, limited, counted and made to fail.
const (
	Any                 Op = ""
	OpLogin             Op = "login"
	OpIdentity          Op = "identity"
	OpSign              Op = "sign"
	OpTimestamp         Op = "timestamp"
	OpCertificatePath   Op = "certificate_path"
	OpTrustChain        Op = "trustchain"
	OpValidationPolicy  Op = "validationpolicy"
	OpQuotaSignatures   Op = "quotas/signatures"
	OpQuotaTimestamps   Op = "quotas/timestamps"
	OpCounterSignatures Op = "counters/signatures"
	OpCounterTimestamps Op = "counters/timestamps"
	OpCounterIdentities Op = "counters/identities"
	OpOCSP              Op = "ocsp"
	OpCRL               Op = "crl"
	OpAIA               Op = "aia"
)

// Kind is one way to fail.
type Kind string

// Faults any request can have.
const (
	// Status answers with Fault.Status and the service's error body.
	Status Kind = "status"
	// ServiceBusy is a 503 with an id, as the service sends it under load.
	ServiceBusy Kind = "service-busy"
	// HTMLError is a 500 with a HTML page, as a proxy sends it.
	HTMLError Kind = "html-error"
	// ResetBeforeCount cuts the connection before any work was done or counted.
	ResetBeforeCount Kind = "reset-before-count"
	// ResetAfterCount does the work, counts and bills it, and cuts the connection without an answer.
	ResetAfterCount Kind = "reset-after-count"
	// Latency answers after Fault.Delay.
	Latency Kind = "latency"
	// Hang never answers; it ends when the client gives up or the server closes.
	Hang Kind = "hang"
	// Unauthorized refuses the token of this call once, as if it had just expired, and forgets it.
	Unauthorized Kind = "unauthorized"
	// Redirect answers 302 to the same path at another host name.
	Redirect Kind = "redirect"
	// TruncatedBody announces the whole length and stops half way.
	TruncatedBody Kind = "truncated-body"
	// HugeBody sends 64 MiB of spaces before the answer.
	HugeBody Kind = "huge-body"
	// EmptyBody answers 200 with nothing.
	EmptyBody Kind = "empty-body"
	// MalformedJSON answers 200 with something that is not JSON.
	MalformedJSON Kind = "malformed-json"
	// MissingMember answers 200 with an empty JSON object.
	MissingMember Kind = "missing-member"
	// Accepted answers 202 with an empty object.
	Accepted Kind = "accepted"
)

// Faults of single operations; elsewhere they do nothing and are not counted.
const (
	// MalformedBase64 breaks ocsp_response, ocsp_revocation_info or token.
	MalformedBase64 Kind = "malformed-base64"
	// MalformedPEM breaks signing_cert, path or trustchain.
	MalformedPEM Kind = "malformed-pem"
	// PEMWithCRLF sends certificates with CRLF line ends.
	PEMWithCRLF Kind = "pem-with-crlf"
	// PEMWithLiteralNewlines sends certificates with the two characters \n instead of line ends.
	PEMWithLiteralNewlines Kind = "pem-with-literal-newlines"

	// IdentityExpires makes the identity just created unknown to the next calls, though its certificate lives.
	IdentityExpires Kind = "identity-expires"
	// OCSPWrongCertificate hands out an OCSP answer about another certificate.
	OCSPWrongCertificate Kind = "ocsp-wrong-certificate"
	// OCSPRevoked hands out an OCSP answer "revoked".
	OCSPRevoked Kind = "ocsp-revoked"
	// OCSPUnknown hands out an OCSP answer "unknown".
	OCSPUnknown Kind = "ocsp-unknown"
	// OCSPExpired hands out an OCSP answer whose nextUpdate has passed.
	OCSPExpired Kind = "ocsp-expired"
	// OCSPWrongResponder hands out an OCSP answer signed by a responder the issuer never delegated to.
	OCSPWrongResponder Kind = "ocsp-wrong-responder"
	// OCSPBadSignature hands out an OCSP answer whose signature is broken.
	OCSPBadSignature Kind = "ocsp-bad-signature"
	// OCSPTryLater hands out an OCSP error response.
	OCSPTryLater Kind = "ocsp-try-later"
	// OCSPFloored cuts thisUpdate and producedAt to the whole minute.
	OCSPFloored Kind = "ocsp-floored"
	// OCSPLagging answers with thisUpdate and producedAt Fault.Delay ago, as a cache in front of a responder does.
	OCSPLagging Kind = "ocsp-lagging"
	// OCSPWithoutNextUpdate leaves nextUpdate out.
	OCSPWithoutNextUpdate Kind = "ocsp-without-next-update"
	// OCSPWithoutResponder leaves the responder's certificate out.
	OCSPWithoutResponder Kind = "ocsp-without-responder"

	// WrongCertificate hands out another identity's certificate.
	WrongCertificate Kind = "wrong-certificate"
	// ForeignKey makes an identity whose certificate is not for the key that will sign.
	ForeignKey Kind = "foreign-key"

	// SignatureOverOther signs another digest than the one asked for.
	SignatureOverOther Kind = "signature-over-other"
	// SignatureWrongLength answers with a signature one byte short.
	SignatureWrongLength Kind = "signature-wrong-length"
	// SignatureLowerCase answers in lower-case hex.
	SignatureLowerCase Kind = "signature-lower-case"
	// SignatureNotHex answers with something that is not hex.
	SignatureNotHex Kind = "signature-not-hex"

	// TokenAfterExpiry stamps with a genTime just after the newest identity's certificate expired.
	TokenAfterExpiry Kind = "token-after-expiry"
	// TokenBeforeIssue stamps with a genTime an hour ago.
	TokenBeforeIssue Kind = "token-before-issue"
	// TokenAsResponse answers with a TimeStampResp instead of a token.
	TokenAsResponse Kind = "token-as-response"
	// TokenWrongImprint stamps another digest than the one asked for.
	TokenWrongImprint Kind = "token-wrong-imprint"
	// TokenBadSignature breaks the token's signature.
	TokenBadSignature Kind = "token-bad-signature"
	// TokenWholeChain puts the TSA's intermediate and root into the token.
	TokenWholeChain Kind = "token-whole-chain"
	// TokenWithoutCertificate leaves the TSA certificate out.
	TokenWithoutCertificate Kind = "token-without-certificate"
	// TokenFraction gives genTime milliseconds.
	TokenFraction Kind = "token-fraction"
	// TokenHuge pads the token with certificates to more than 64 KiB.
	TokenHuge Kind = "token-huge"

	// ChainReversed sends the trust chain root first.
	ChainReversed Kind = "chain-reversed"
	// ChainDuplicated sends each certificate and each OCSP answer twice.
	ChainDuplicated Kind = "chain-duplicated"
	// ChainWithLeaf puts the newest leaf in front of the trust chain.
	ChainWithLeaf Kind = "chain-with-leaf"
	// ChainWithoutRoot leaves the root out.
	ChainWithoutRoot Kind = "chain-without-root"
	// ChainEmpty sends no certificates.
	ChainEmpty Kind = "chain-empty"

	// CRLRevoked lists every certificate of the issuer as revoked.
	CRLRevoked Kind = "crl-revoked"
	// CRLExpired sends a CRL whose nextUpdate has passed.
	CRLExpired Kind = "crl-expired"
	// CRLWrongIssuer sends the CRL of another CA.
	CRLWrongIssuer Kind = "crl-wrong-issuer"
	// CRLAsPEM sends PEM instead of DER.
	CRLAsPEM Kind = "crl-as-pem"

	// AIAAsPEM sends PEM instead of DER.
	AIAAsPEM Kind = "aia-as-pem"
	// AIAAsPKCS7 sends a certs-only PKCS #7 bundle.
	AIAAsPKCS7 Kind = "aia-as-pkcs7"
	// AIAWrongCertificate sends another CA's certificate.
	AIAWrongCertificate Kind = "aia-wrong-certificate"
)

// Always as Fault.Times keeps a fault until it is cleared.
const Always = -1

// A Fault makes requests fail on purpose.
type Fault struct {
	Op     Op            // REQUIRED in practice; Any hits each request
	Kind   Kind          // REQUIRED
	Times  int           // OPTIONAL how often: 0 is once, Always until cleared
	After  int           // OPTIONAL lets this many matching requests through first
	Path   string        // OPTIONAL only requests whose URL path contains this text, e.g. "tsa-ca" for one CA's responder
	Status int           // for Status
	Delay  time.Duration // for Latency and OCSPLagging
}

// Injected is a fault that has been armed.
type Injected struct {
	set  *faults
	hits int
	left int
	skip int
	Fault
}

// Hits says how many requests the fault has hit so far.
func (i *Injected) Hits() int {
	i.set.mu.Lock()
	defer i.set.mu.Unlock()
	return i.hits
}

// Clear disarms the fault.
func (i *Injected) Clear() {
	i.set.mu.Lock()
	defer i.set.mu.Unlock()
	i.left = 0
}

// faults is the armed set of one server.
type faults struct {
	mu    sync.Mutex
	armed []*Injected
}

func (f *faults) inject(ft Fault) *Injected {
	f.mu.Lock()
	defer f.mu.Unlock()
	in := &Injected{set: f, left: ft.Times, skip: ft.After, Fault: ft}
	if ft.Times == 0 {
		in.left = 1
	}
	f.armed = append(f.armed, in)
	return in
}

func (f *faults) clear() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, in := range f.armed {
		in.left = 0
	}
	f.armed = nil
}

// hits are the faults that strike one request.
type hits map[Kind]Fault

func (h hits) has(k Kind) bool { _, ok := h[k]; return ok }

// take picks the faults that strike a request of op to path, and uses them up.
func (f *faults) take(op Op, path string) hits {
	f.mu.Lock()
	defer f.mu.Unlock()
	var h hits
	for _, in := range f.armed {
		if in.left == 0 || in.Op != Any && in.Op != op || !in.Kind.strikes(op) || !strings.Contains(path, in.Path) {
			continue
		}
		if in.skip > 0 {
			in.skip--
			continue
		}
		if in.left > 0 {
			in.left--
		}
		in.hits++
		if h == nil {
			h = hits{}
		}
		h[in.Kind] = in.Fault
	}
	return h
}

// webOps are the downloads beside the service.
var webOps = []Op{OpOCSP, OpCRL, OpAIA}

// kindOps lists where a kind of fault can strike; kinds that are not here strike anywhere.
var kindOps = map[Kind][]Op{
	MalformedBase64:        {OpIdentity, OpTimestamp, OpTrustChain},
	MalformedPEM:           {OpIdentity, OpCertificatePath, OpTrustChain},
	PEMWithCRLF:            {OpIdentity, OpCertificatePath, OpTrustChain},
	PEMWithLiteralNewlines: {OpIdentity, OpCertificatePath, OpTrustChain},

	IdentityExpires:       {OpIdentity},
	OCSPWrongCertificate:  {OpIdentity, OpTrustChain, OpOCSP},
	OCSPRevoked:           {OpIdentity, OpTrustChain, OpOCSP},
	OCSPUnknown:           {OpIdentity, OpTrustChain, OpOCSP},
	OCSPExpired:           {OpIdentity, OpTrustChain, OpOCSP},
	OCSPWrongResponder:    {OpIdentity, OpTrustChain, OpOCSP},
	OCSPBadSignature:      {OpIdentity, OpTrustChain, OpOCSP},
	OCSPTryLater:          {OpIdentity, OpTrustChain, OpOCSP},
	OCSPFloored:           {OpIdentity, OpTrustChain, OpOCSP},
	OCSPLagging:           {OpIdentity, OpTrustChain, OpOCSP},
	OCSPWithoutNextUpdate: {OpIdentity, OpTrustChain, OpOCSP},
	OCSPWithoutResponder:  {OpIdentity, OpTrustChain, OpOCSP},

	WrongCertificate: {OpIdentity}, ForeignKey: {OpIdentity},

	SignatureOverOther: {OpSign}, SignatureWrongLength: {OpSign}, SignatureLowerCase: {OpSign}, SignatureNotHex: {OpSign},

	TokenAfterExpiry: {OpTimestamp}, TokenBeforeIssue: {OpTimestamp}, TokenAsResponse: {OpTimestamp},
	TokenWrongImprint: {OpTimestamp}, TokenBadSignature: {OpTimestamp}, TokenWholeChain: {OpTimestamp},
	TokenWithoutCertificate: {OpTimestamp}, TokenFraction: {OpTimestamp}, TokenHuge: {OpTimestamp},

	ChainReversed: {OpTrustChain}, ChainDuplicated: {OpTrustChain}, ChainWithLeaf: {OpTrustChain},
	ChainWithoutRoot: {OpTrustChain}, ChainEmpty: {OpTrustChain},

	CRLRevoked: {OpCRL}, CRLExpired: {OpCRL}, CRLWrongIssuer: {OpCRL}, CRLAsPEM: {OpCRL},
	AIAAsPEM: {OpAIA}, AIAAsPKCS7: {OpAIA}, AIAWrongCertificate: {OpAIA},
}

// strikes says whether a fault of this kind means anything for op.
func (k Kind) strikes(op Op) bool {
	if ops, ok := kindOps[k]; ok {
		return op == Any || slices.Contains(ops, op)
	}
	switch k {
	case Unauthorized:
		return op != OpLogin && !slices.Contains(webOps, op)
	case MissingMember, MalformedJSON, Accepted:
		return !slices.Contains(webOps, op)
	default:
		return true
	}
}
