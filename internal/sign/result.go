// SPDX-License-Identifier: Apache-2.0

package sign

import (
	"crypto/x509"
	"encoding/hex"
	"fmt"
	"hash"
	"maps"
	"strings"
	"time"

	"gsign/pkg/dssclient"
	"gsign/pkg/ltv"
)

// Result is what became of one document. Its JSON form, printed by gsign sign --json, is a contract: members may be
// added, none is renamed, removed or given another meaning. Sums are lower-case hexadecimal SHA-256, times RFC 3339 in
// UTC, and members that do not apply are absent.
//
//	status           "signed", "dry-run" or "failed"
//	input            the document as it was: path ("-" for standard input), bytes, sha256
//	output           the signed document: path, bytes, sha256 of all of it, and prefix_bytes and prefix_sha256, length and sum of its first
//	                 bytes, read back from the output and compared with the input byte by byte: they equal the
//	                 input's and prove that nothing was rewritten
//	                 reread is true when, as asked, all of it was read back from the disk and had this sha256
//	level            the PAdES level reached (in a dry run: asked for): "B-B", "B-T", "B-LT"
//	field            full name of the signature field
//	signer           subject, common_name, organization, issuer, serial, not_before and not_after of the signing certificate
//	time             time of the timestamp (genTime); absent at B-B
//	embedded         certificates, ocsp_responses and crls that the security store gained; absent below B-LT
//	revocation       "after-stamp", "at-issuance" or "not-needed"; absent below B-LT
//	anchor           "pinned" or "not pinned"; absent below B-LT
//	validates_until  earliest end of a responder's or timestamp authority's certificate; absent below B-LT
//	evidence         the evidence in detail, as ltv.Report; absent below B-LT
//	calls            calls made to the service for this document, by operation
//	billed           signatures and timestamps charged, and those whose outcome is unknown
//	quota            in a dry run: signatures and timestamps left on the account
//	clock_skew_ms    timestamp minus local clock, in milliseconds
//	damage           what was wrong with the document and has been recovered: each with what, and its offset, -1 without a place
//	fast_web_view_lost  true for a linearized document: it stays valid and is not linearized any more
//	warnings         what deserves attention although all went well
//	error            for "failed": message, hints, and exit_code, the program's exit code
type Result struct {
	Status         string         `json:"status"`
	Input          File           `json:"input"`
	Output         *Output        `json:"output,omitempty"`
	Level          string         `json:"level,omitempty"`
	Field          string         `json:"field,omitempty"`
	Signer         *Certificate   `json:"signer,omitempty"`
	Time           time.Time      `json:"time,omitzero"`
	Embedded       *Embedded      `json:"embedded,omitempty"`
	Revocation     ltv.Revocation `json:"revocation,omitempty"`
	Anchor         ltv.Anchor     `json:"anchor,omitempty"`
	ValidatesUntil time.Time      `json:"validates_until,omitzero"`
	Evidence       *ltv.Report    `json:"evidence,omitempty"`
	Calls          map[string]int `json:"calls,omitempty"`
	Billed         Bill           `json:"billed"`
	Quota          *Quota         `json:"quota,omitempty"`
	ClockSkew      int64          `json:"clock_skew_ms,omitempty"`
	Damage         []Damage       `json:"damage,omitempty"`
	FastWebView    bool           `json:"fast_web_view_lost,omitempty"`
	Warnings       []string       `json:"warnings,omitempty"`
	Failure        *Failure       `json:"error,omitempty"`
}

// Statuses of a Result.
const (
	StatusSigned = "signed"
	StatusDryRun = "dry-run"
	StatusFailed = "failed"
)

// File is a document's name, length and sum.
type File struct {
	Path   string `json:"path"`
	Bytes  int64  `json:"bytes,omitempty"`
	SHA256 string `json:"sha256,omitempty"`
}

// Output is the signed document.
type Output struct {
	Path         string `json:"path"`
	Bytes        int64  `json:"bytes,omitempty"`
	SHA256       string `json:"sha256,omitempty"`
	PrefixBytes  int64  `json:"prefix_bytes,omitempty"`
	PrefixSHA256 string `json:"prefix_sha256,omitempty"`
	Reread       bool   `json:"reread,omitempty"`
}

// Damage is something that was wrong with the document and has been recovered.
type Damage struct {
	Offset int64  `json:"offset"`
	What   string `json:"what"`
}

// Certificate names the signing certificate.
type Certificate struct {
	Subject   string    `json:"subject"`
	Name      string    `json:"common_name,omitempty"`
	Company   string    `json:"organization,omitempty"`
	Issuer    string    `json:"issuer"`
	Serial    string    `json:"serial"`
	NotBefore time.Time `json:"not_before"`
	NotAfter  time.Time `json:"not_after"`
}

// Embedded counts what the security store gained.
type Embedded struct {
	Certificates  int `json:"certificates"`
	OCSPResponses int `json:"ocsp_responses"`
	CRLs          int `json:"crls"`
}

// Bill is what the calls for a document cost. An unknown one may have been charged: its answer never came.
type Bill struct {
	Signatures        int `json:"signatures"`
	Timestamps        int `json:"timestamps"`
	UnknownSignatures int `json:"unknown_signatures,omitempty"`
	UnknownTimestamps int `json:"unknown_timestamps,omitempty"`
}

// Quota is what is left on the account.
type Quota struct {
	Signatures int64 `json:"signatures"`
	Timestamps int64 `json:"timestamps"`
}

// Failure is why a document was not signed.
type Failure struct {
	Message  string   `json:"message"`
	Hints    []string `json:"hints,omitempty"`
	ExitCode int      `json:"exit_code"`
}

func describe(c *x509.Certificate) *Certificate {
	return &Certificate{
		Subject: c.Subject.String(), Name: c.Subject.CommonName, Company: strings.Join(c.Subject.Organization, ", "),
		Issuer: c.Issuer.String(), Serial: fmt.Sprintf("%x", c.SerialNumber.Bytes()),
		NotBefore: c.NotBefore.UTC(), NotAfter: c.NotAfter.UTC(),
	}
}

// callsSince lists the calls of a client by operation, in the service's words.
func callsSince(before, after dssclient.Calls) map[string]int {
	c := after.Sub(before)
	calls := map[string]int{
		"login": c.Login, "identity": c.Identity, "sign": c.Sign, "timestamp": c.Timestamp,
		"validationpolicy": c.ValidationPolicy, "certificate_path": c.CertificatePath, "trustchain": c.TrustChain,
		"quotas": c.Quota, "counters": c.Counter,
	}
	maps.DeleteFunc(calls, func(_ string, n int) bool { return n == 0 })
	return calls
}

func sum(h hash.Hash) string { return hex.EncodeToString(h.Sum(nil)) }
