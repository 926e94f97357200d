// SPDX-License-Identifier: Apache-2.0

// Package dssclient is a client of GlobalSign's Digital Signing Service, version 2, built on the standard library alone.
// Most people need New and Client.Session; a Session signs digests and fetches timestamps:
//
//	client, err := dssclient.New(&dssclient.Config{APIKey: key, APISecret: secret, Certificate: clientCertificate})
//	...
//	session, err := client.Session(ctx, &dssclient.IdentityRequest{})
//	...
//	signatures, err := session.SignDigests(ctx, crypto.SHA256, [][]byte{digest})
//
// The client logs in when it must, keeps one token and one identity per request, and fetches the trust chain once: N
// documents cost one login, one identity per ten minutes, N signatures, N timestamps and one trust chain.
//
// Signatures and timestamps are billed. A billed request is never sent twice: not by this package, and not by net/http
// behind its back. When its answer is lost the error says so: see OutcomeUnknownError.
package dssclient
