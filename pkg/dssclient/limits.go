// SPDX-License-Identifier: Apache-2.0

package dssclient

import "time"

// Limits on what the service may send. Real answers, for comparison: a leaf is 1.9 kB of PEM, an OCSP response 2 kB of
// base64, a timestamp token 3.3 kB, a chain of three with its OCSP responses 12 kB, a policy some 5 kB.
const (
	maxAnswer      = 1 << 20  // identity, timestamp, certificate path, trust chain, policy
	maxSmallAnswer = 64 << 10 // login, sign, quotas, counters, and all error bodies
	maxHeader      = 64 << 10

	maxToken        = 16 << 10 // sent with each call; the sister API's tokens have 1.3 kB
	maxIdentityID   = 512      // it becomes a part of a path
	maxCertificates = 32
	maxOCSP         = 32

	maxErrorText    = 500 // characters kept of a description, a detail or a body that is no error body
	maxErrorDetails = 16
)

// Limits on connections.
const (
	dialTimeout      = 15 * time.Second
	handshakeTimeout = 15 * time.Second

	// idleTimeout is short on purpose. When a server or a firewall has dropped an idle connection, a billed request
	// written to it gets no answer, and nobody can tell that it cost nothing; a new handshake costs 0.1 s.
	idleTimeout = 15 * time.Second

	// idleConnections is as many as a batch has workers; net/http keeps two by default and would dial for the others.
	idleConnections = 32
)
