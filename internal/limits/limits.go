// SPDX-License-Identifier: Apache-2.0

// Package limits holds every bound on what is read from outside: sizes in bytes, depths and counts, each with the
// sentence that says where its number comes from.
package limits

// Of the security store and of the search for evidence (pkg/ltv).
const (
	// StoreEntries bounds the streams read from a security store. Real ones hold fewer than 100; a document signed a
	// hundred times with a chain of its own each time stays below this.
	StoreEntries = 4096
	// StoreStream bounds one decoded stream of a security store: CRLs of 50 MB have been met, and none of that size
	// should be embedded.
	StoreStream = 32 << 20
	// StoreBytes bounds all decoded streams of a security store together.
	StoreBytes = 64 << 20
	// URLsPerCertificate bounds the places tried for one certificate and method. Real certificates name one or two.
	URLsPerCertificate = 4
	// ResponderDepth bounds how far the evidence about responders of responders is followed. Two is the most met:
	// a responder without id-pkix-ocsp-nocheck whose CRL its CA signs needs one.
	ResponderDepth = 3
	// Issuers bounds how often one chain is prolonged by a download: real chains have at most five certificates.
	Issuers = 8
	// EvidenceAtOnce bounds the certificates of one document that are looked up at the same time.
	EvidenceAtOnce = 8
)
