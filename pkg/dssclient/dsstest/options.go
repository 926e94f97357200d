// SPDX-License-Identifier: Apache-2.0

package dsstest

import (
	"crypto/tls"
	"net/http"
	"time"
)

// Profile chooses the shape of the signing chain.
type Profile int

const (
	// Trial is what test accounts get: leaf and self-signed root; /trustchain has the root and no OCSP answers.
	Trial Profile = iota
	// Production is leaf, issuing CA, AATL CA and root, with an OCSP answer for each CA below the root.
	Production
)

// TSAKind chooses what stands behind /timestamp.
type TSAKind int

const (
	// TSASeparate is a TSA with an intermediate and a root of its own; the token carries the TSA certificate only.
	TSASeparate TSAKind = iota
	// TSAUnderSigningRoot is the demo TSA of early trial accounts: issued by the root that also issues the leaves.
	TSAUnderSigningRoot
)

// Rate is a token bucket: Burst requests at once, one more each Every.
type Rate struct {
	Burst int
	Every time.Duration
}

// Option changes one thing about a Server.
type Option func(*settings)

type settings struct {
	addr                  string
	profile               Profile
	tsa                   TSAKind
	caKey                 keyKind
	tsaRSA4096            bool
	wholeChainToken       bool
	now                   func() time.Time
	after                 func(time.Duration) <-chan time.Time // of latencies
	offset                time.Duration
	tokenTTL              time.Duration
	identityTTL           time.Duration
	leafValidity          time.Duration
	longToken             bool
	latency               map[Op]time.Duration
	signatures            int
	timestamps            int
	overage               bool
	rates                 map[Op]Rate
	retryAfter            time.Duration
	retryAfterDate        bool
	policy                *Policy
	strictContentType     bool
	strictDigest          bool
	lowerCase             bool
	malformedLoginStatus  int
	malformedDigestStatus int
	unknownIdentityStatus int
	wholePath             bool
	withoutHTTP2          bool
	minTLS, maxTLS        uint16
	apiKey, apiSecret     string
	identityID            func() string
	faults                []Fault
	observe               func(Request)
	recycleKeys           bool
}

func defaults() *settings {
	return &settings{
		addr:         "127.0.0.1:0",
		now:          time.Now,
		after:        time.After,
		tokenTTL:     10 * time.Minute, // the service's documentation of session life; its sister API says the same
		identityTTL:  10 * time.Minute,
		leafValidity: 10 * time.Minute, // exactly 600 s in every real certificate
		latency:      map[Op]time.Duration{},
		signatures:   1 << 20,
		timestamps:   1 << 20,
		rates:        map[Op]Rate{},

		malformedLoginStatus:  http.StatusBadRequest, // 422 in 2018, 400 in 2020
		malformedDigestStatus: http.StatusUnprocessableEntity,
		unknownIdentityStatus: http.StatusNotFound,
		identityID:            newID,
		minTLS:                tls.VersionTLS12,
		maxTLS:                tls.VersionTLS13,
	}
}

// WithAddr listens at addr, which must be a loopback address: default 127.0.0.1 and any free port.
func WithAddr(addr string) Option { return func(s *settings) { s.addr = addr } }

// WithProfile chooses the signing chain: default Trial.
func WithProfile(p Profile) Option { return func(s *settings) { s.profile = p } }

// WithTSA chooses the timestamp hierarchy: default TSASeparate.
func WithTSA(k TSAKind) Option { return func(s *settings) { s.tsa = k } }

// WithRSA4096 gives every CA an RSA-4096 key that signs with SHA-384, like the real ones in production. Starting takes
// seconds; the default is ECDSA P-256.
func WithRSA4096() Option { return func(s *settings) { s.caKey = rsa4096 } }

// WithRSA2048 gives every CA and responder an RSA-2048 key, like the real ones of trial accounts.
func WithRSA2048() Option { return func(s *settings) { s.caKey = rsa2048 } }

// WithRSA4096TSA gives the TSA certificate an RSA-4096 key, for bigger tokens.
func WithRSA4096TSA() Option { return func(s *settings) { s.tsaRSA4096 = true } }

// WithWholeChainToken puts the whole TSA chain into each token.
func WithWholeChainToken() Option { return func(s *settings) { s.wholeChainToken = true } }

// WithNow gives the server its clock: default time.Now.
func WithNow(now func() time.Time) Option { return func(s *settings) { s.now = now } }

// WithClockOffset lets the server's clock, its Date header included, run ahead of (or, negative, behind) Now.
func WithClockOffset(d time.Duration) Option { return func(s *settings) { s.offset = d } }

// WithTokenTTL sets the life of access tokens: default ten minutes.
func WithTokenTTL(d time.Duration) Option { return func(s *settings) { s.tokenTTL = d } }

// WithIdentityTTL sets how long an identity id can be used: default ten minutes.
func WithIdentityTTL(d time.Duration) Option { return func(s *settings) { s.identityTTL = d } }

// WithLeafValidity sets notAfter minus notBefore of the signing certificates: default 600 seconds.
func WithLeafValidity(d time.Duration) Option { return func(s *settings) { s.leafValidity = d } }

// WithLongToken makes access tokens longer than a kilobyte.
func WithLongToken() Option { return func(s *settings) { s.longToken = true } }

// WithLatency delays each request of one kind: default zero.
func WithLatency(op Op, d time.Duration) Option { return func(s *settings) { s.latency[op] = d } }

// WithQuota sets the remaining signatures and timestamps; at zero the service answers 402.
func WithQuota(signatures, timestamps int) Option {
	return func(s *settings) { s.signatures, s.timestamps = signatures, timestamps }
}

// WithOverage lets the account go on below a quota of zero, as accounts billed for overage do.
func WithOverage() Option { return func(s *settings) { s.overage = true } }

// WithRateLimit limits one of OpLogin, OpIdentity, OpSign and OpTimestamp; beyond it the service answers 429.
func WithRateLimit(op Op, r Rate) Option { return func(s *settings) { s.rates[op] = r } }

// WithRetryAfter adds a Retry-After header to 429 and 503 answers; asDate writes it as a HTTP date. Default: none, as
// nothing documents it.
func WithRetryAfter(d time.Duration, asDate bool) Option {
	return func(s *settings) { s.retryAfter, s.retryAfterDate = d, asDate }
}

// WithPolicy sets the account's validation policy: default DynamicPolicy.
func WithPolicy(p *Policy) Option { return func(s *settings) { s.policy = p } }

// WithStrictContentType insists on the documented "application/json;charset=utf-8", byte for byte.
func WithStrictContentType() Option { return func(s *settings) { s.strictContentType = true } }

// WithStrictDigest takes upper-case hex only.
func WithStrictDigest() Option { return func(s *settings) { s.strictDigest = true } }

// WithLowerCaseSignature answers signatures in lower-case hex.
func WithLowerCaseSignature() Option { return func(s *settings) { s.lowerCase = true } }

// WithMalformedLoginStatus sets the status for a key or secret that breaks its pattern: default 400; 422 was seen too.
func WithMalformedLoginStatus(code int) Option {
	return func(s *settings) { s.malformedLoginStatus = code }
}

// WithMalformedDigestStatus sets the status for a digest that is not 64 hex digits: default 422.
func WithMalformedDigestStatus(code int) Option {
	return func(s *settings) { s.malformedDigestStatus = code }
}

// WithUnknownIdentityStatus sets the status for an unknown or expired identity: default 404.
func WithUnknownIdentityStatus(code int) Option {
	return func(s *settings) { s.unknownIdentityStatus = code }
}

// WithWholeCertificatePath makes /certificate_path answer the path up to the root: default the issuer only.
func WithWholeCertificatePath() Option { return func(s *settings) { s.wholePath = true } }

// WithoutHTTP2 offers HTTP/1.1 only.
func WithoutHTTP2() Option { return func(s *settings) { s.withoutHTTP2 = true } }

// WithTLSVersions sets the TLS versions offered: default 1.2 to 1.3.
func WithTLSVersions(lowest, highest uint16) Option {
	return func(s *settings) { s.minTLS, s.maxTLS = lowest, highest }
}

// WithCredentials sets the API key and secret: default random ones.
func WithCredentials(key, secret string) Option {
	return func(s *settings) { s.apiKey, s.apiSecret = key, secret }
}

// WithIdentityIDs sets how identity ids are made: their real format is documented nowhere, so a client must take any
// string and escape it in paths. Default: 27 letters and digits.
func WithIdentityIDs(next func() string) Option { return func(s *settings) { s.identityID = next } }

// WithObserver calls f after each request, also to the OCSP, CRL and caIssuers addresses. It must be safe for
// concurrent use.
func WithObserver(f func(Request)) Option { return func(s *settings) { s.observe = f } }

// WithRecycledKeys makes a few RSA keys for all servers of the process and hands them out again and again, so that no test
// waits for a key. Identities then share keys with others.
func WithRecycledKeys() Option { return func(s *settings) { s.recycleKeys = true } }

// WithFaults arms faults from the start.
func WithFaults(f ...Fault) Option { return func(s *settings) { s.faults = append(s.faults, f...) } }
