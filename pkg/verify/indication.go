// SPDX-License-Identifier: Apache-2.0

package verify

import "encoding/json"

// Indication is the status of a signature (EN 319 102-1 clause 5.1.3). The zero value says that it was not judged yet.
type Indication int

// The indications, the worst last.
const (
	TotalPassed Indication = iota + 1
	Indeterminate
	TotalFailed
)

// String returns the standard's name, "TOTAL-PASSED"; empty for none.
func (i Indication) String() string {
	return [...]string{"", "TOTAL-PASSED", "INDETERMINATE", "TOTAL-FAILED"}[max(0, min(i, TotalFailed))]
}

// MarshalJSON writes the standard's name.
func (i Indication) MarshalJSON() ([]byte, error) { return json.Marshal(i.String()) }

// SubIndication says why a signature is not TOTAL-PASSED (EN 319 102-1 Table 6).
type SubIndication string

// The sub-indications by the standard's names. Some are never found here: what a PDF signature signs is in the file, signature
// policies are not processed, and where a proof of existence is missing the others say for what.
const (
	FormatFailure                  SubIndication = "FORMAT_FAILURE"
	HashFailure                    SubIndication = "HASH_FAILURE"
	SigCryptoFailure               SubIndication = "SIG_CRYPTO_FAILURE"
	Revoked                        SubIndication = "REVOKED"
	Expired                        SubIndication = "EXPIRED"
	NotYetValid                    SubIndication = "NOT_YET_VALID"
	SigConstraintsFailure          SubIndication = "SIG_CONSTRAINTS_FAILURE"
	ChainConstraintsFailure        SubIndication = "CHAIN_CONSTRAINTS_FAILURE"
	CertificateChainGeneralFailure SubIndication = "CERTIFICATE_CHAIN_GENERAL_FAILURE"
	CryptoConstraintsFailure       SubIndication = "CRYPTO_CONSTRAINTS_FAILURE"
	CryptoConstraintsFailureNoPOE  SubIndication = "CRYPTO_CONSTRAINTS_FAILURE_NO_POE"
	TimestampOrderFailure          SubIndication = "TIMESTAMP_ORDER_FAILURE"
	NoSigningCertificateFound      SubIndication = "NO_SIGNING_CERTIFICATE_FOUND"
	NoCertificateChainFound        SubIndication = "NO_CERTIFICATE_CHAIN_FOUND"
	NoCertificateChainFoundNoPOE   SubIndication = "NO_CERTIFICATE_CHAIN_FOUND_NO_POE" // an anchor is not trusted any more
	RevokedNoPOE                   SubIndication = "REVOKED_NO_POE"
	RevokedCANoPOE                 SubIndication = "REVOKED_CA_NO_POE"
	OutOfBoundsNoPOE               SubIndication = "OUT_OF_BOUNDS_NO_POE"
	OutOfBoundsNotRevoked          SubIndication = "OUT_OF_BOUNDS_NOT_REVOKED"
	RevocationOutOfBoundsNoPOE     SubIndication = "REVOCATION_OUT_OF_BOUNDS_NO_POE"
	TryLater                       SubIndication = "TRY_LATER"
)
