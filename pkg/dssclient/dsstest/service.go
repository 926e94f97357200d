// SPDX-License-Identifier: Apache-2.0

package dsstest

import (
	"encoding/json"
	"math/big"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// A call is one request to the service on its way through.
type call struct {
	r    *http.Request
	w    http.ResponseWriter
	op   Op
	hits hits
	id   string // of /identity/{id}/sign/{digest}
	hex  string // digest as sent
	body []byte
}

// token is an access token that was given out.
type token struct {
	serial  *big.Int // of the client certificate it was given to
	expires time.Time
}

// routes are the calls without variable parts.
var routes = map[string]struct {
	method string
	op     Op
}{
	"login":               {http.MethodPost, OpLogin},
	"identity":            {http.MethodPost, OpIdentity},
	"certificate_path":    {http.MethodGet, OpCertificatePath},
	"trustchain":          {http.MethodGet, OpTrustChain},
	"validationpolicy":    {http.MethodGet, OpValidationPolicy},
	"quotas/signatures":   {http.MethodGet, OpQuotaSignatures},
	"quotas/timestamps":   {http.MethodGet, OpQuotaTimestamps},
	"counters/signatures": {http.MethodGet, OpCounterSignatures},
	"counters/timestamps": {http.MethodGet, OpCounterTimestamps},
	"counters/identities": {http.MethodGet, OpCounterIdentities},
}

// route finds the call; variable parts arrive escaped and are decoded one by one.
func (c *call) route() *problem {
	path, ok := strings.CutPrefix(c.r.URL.EscapedPath(), "/v2/")
	if !ok {
		return refuse(http.StatusNotFound)
	}
	method := http.MethodGet
	parts := strings.Split(path, "/")
	if r, ok := routes[path]; ok {
		method, c.op = r.method, r.op
	} else if len(parts) == 4 && parts[0] == "identity" && parts[2] == "sign" {
		c.op = OpSign
		c.id, c.hex = unescape(parts[1]), unescape(parts[3])
	} else if len(parts) == 2 && parts[0] == "timestamp" {
		c.op, c.hex = OpTimestamp, unescape(parts[1])
	} else {
		return refuse(http.StatusNotFound)
	}
	if c.r.Method != method {
		return refuse(http.StatusMethodNotAllowed)
	}
	return nil
}

func unescape(part string) string {
	if v, err := url.PathUnescape(part); err == nil {
		return v
	}
	return part
}

// serveAPI answers one request to the service.
func (s *Server) serveAPI(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Date", s.now().UTC().Format(http.TimeFormat))
	c := &call{r: r, w: w}
	if p := c.route(); p != nil {
		s.writeProblem(w, p)
		return
	}
	s.arrived(c.op)
	c.hits = s.faults.take(c.op, r.URL.Path)
	if s.early(w, r, c.op, c.hits) {
		return
	}
	answer, p := s.answer(c)
	if p != nil {
		s.writeProblem(w, p)
		return
	}
	body, err := json.Marshal(answer)
	if err != nil {
		s.writeProblem(w, refuse(http.StatusInternalServerError))
		return
	}
	s.finish(w, r, c.hits, jsonType, body)
}

// answer checks headers, body and token in the order of the sister API and then does the work.
func (s *Server) answer(c *call) (any, *problem) {
	if c.r.Method == http.MethodPost {
		body, p := s.readBody(c.r)
		if p != nil {
			return nil, p
		}
		c.body = body
	}
	if c.op == OpLogin {
		return s.login(c)
	}
	if p := s.authorize(c); p != nil {
		return nil, p
	}
	switch c.op {
	case OpIdentity:
		return s.identity(c)
	case OpSign:
		return s.sign(c)
	case OpTimestamp:
		return s.timestamp(c)
	case OpCertificatePath:
		return s.certificatePath(c)
	case OpTrustChain:
		return s.trustChain(c)
	case OpValidationPolicy:
		s.count(func(n *Counters) { n.ValidationPolicies++ })
		return s.set.policy, nil
	default:
		return s.number(c.op)
	}
}

// The service's patterns: hex digits of a fixed number.
const (
	upperDigits = "0123456789ABCDEF"
	hexDigits   = upperDigits + "abcdef"

	keyDigits    = 16
	secretDigits = 40
	digestDigits = 64
)

func isHex(s, digits string, length int) bool {
	return len(s) == length && strings.Trim(s, digits) == ""
}

// login ignores an Authorization header: clients in the field send an empty bearer here.
func (s *Server) login(c *call) (any, *problem) {
	var req struct {
		Key    string `json:"api_key"`
		Secret string `json:"api_secret"`
	}
	malformed := refuse(s.set.malformedLoginStatus)
	if s.set.malformedLoginStatus == http.StatusUnprocessableEntity {
		malformed.description = "Invalid login request"
	}
	if json.Unmarshal(c.body, &req) != nil || !isHex(req.Key, hexDigits, keyDigits) || !isHex(req.Secret, hexDigits, secretDigits) {
		return nil, malformed
	}
	serial := c.peerSerial()
	if !strings.EqualFold(req.Key, s.set.apiKey) || !strings.EqualFold(req.Secret, s.set.apiSecret) ||
		serial == nil || serial.Cmp(s.client.Leaf.SerialNumber) != 0 {
		return nil, refuse(http.StatusUnauthorized)
	}
	if p := s.spend(OpLogin, func(n *Counters) { n.Logins++ }); p != nil {
		return nil, p
	}
	value := newID() + "." + newID()
	for s.set.longToken && len(value) < 1300 { // the sister API's tokens are JWE of this length
		value += "." + newID()
	}
	s.mu.Lock()
	s.tokens[value] = &token{serial: serial, expires: s.nowLocked().Add(s.set.tokenTTL)}
	s.mu.Unlock()
	c.w.Header().Set("Authorization", "Bearer "+value)
	return map[string]string{"access_token": value}, nil
}

func (c *call) peerSerial() *big.Int {
	if c.r.TLS == nil || len(c.r.TLS.PeerCertificates) == 0 {
		return nil
	}
	return c.r.TLS.PeerCertificates[0].SerialNumber
}

// authorize wants a token that lives and was given to this client certificate.
func (s *Server) authorize(c *call) *problem {
	value, ok := strings.CutPrefix(c.r.Header.Get("Authorization"), "Bearer ")
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.tokens[value]
	if ok && c.hits.has(Unauthorized) {
		delete(s.tokens, value)
		t = nil
	}
	serial := c.peerSerial()
	if !ok || t == nil || serial == nil || serial.Cmp(t.serial) != 0 || !s.nowLocked().Before(t.expires) {
		return refuse(http.StatusUnauthorized)
	}
	return nil
}

// number answers the quotas and counters.
func (s *Server) number(op Op) (any, *problem) {
	s.mu.Lock()
	defer s.mu.Unlock()
	value := 0
	switch op {
	case OpQuotaSignatures:
		value = max(0, s.set.signatures-s.billed[OpSign])
	case OpQuotaTimestamps:
		value = max(0, s.set.timestamps-s.billed[OpTimestamp])
	case OpCounterSignatures:
		value = s.billed[OpSign]
	case OpCounterTimestamps:
		value = s.billed[OpTimestamp]
	case OpCounterIdentities:
		value = s.billed[OpIdentity]
	}
	if strings.HasPrefix(string(op), "quotas/") {
		s.counters.Quotas++
	} else {
		s.counters.CounterReads++
	}
	return map[string]int{"value": value}, nil
}

// spend takes one from the contingent and the rate of op, and counts; from here on the work is done and billed.
func (s *Server) spend(op Op, count func(*Counters)) *problem {
	s.mu.Lock()
	defer s.mu.Unlock()
	limits := map[Op]int{OpSign: s.set.signatures, OpTimestamp: s.set.timestamps}
	if limit, ok := limits[op]; ok && !s.set.overage && s.billed[op] >= limit {
		return refuse(http.StatusPaymentRequired)
	}
	if b := s.buckets[op]; b != nil && !b.take(s.nowLocked()) {
		return refuse(http.StatusTooManyRequests)
	}
	s.billed[op]++
	count(&s.counters)
	return nil
}

// A bucket is a token bucket.
type bucket struct {
	rate Rate
	left float64
	last time.Time
}

func (b *bucket) take(now time.Time) bool {
	if b.last.IsZero() {
		b.left = float64(b.rate.Burst)
	} else if b.rate.Every > 0 {
		b.left = min(float64(b.rate.Burst), b.left+now.Sub(b.last).Seconds()/b.rate.Every.Seconds())
	}
	b.last = now
	if b.left < 1 {
		return false
	}
	b.left--
	return true
}
