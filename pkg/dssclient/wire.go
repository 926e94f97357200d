// SPDX-License-Identifier: Apache-2.0

package dssclient

// Wire types: the JSON members as the service names them. They are shared with the emulator in dsstest.

// LoginRequest is the body of POST /login.
type LoginRequest struct {
	APIKey    string `json:"api_key"`
	APISecret string `json:"api_secret"`
}

// LoginResponse is the answer to POST /login. The token is opaque and may be longer than 1 kB.
type LoginResponse struct {
	AccessToken string `json:"access_token"`
}

// IdentityResponse is the answer to POST /identity.
type IdentityResponse struct {
	ID           string `json:"id"`
	SigningCert  string `json:"signing_cert"`  // PEM, the leaf only
	OCSPResponse string `json:"ocsp_response"` // base64 of a whole DER OCSPResponse
}

// SignResponse is the answer to GET /identity/{id}/sign/{digest}.
type SignResponse struct {
	Signature string `json:"signature"` // hex of the raw signature value
}

// TimestampResponse is the answer to GET /timestamp/{digest}.
type TimestampResponse struct {
	Token string `json:"token"` // base64 of a DER TimeStampToken, not of a TimeStampResp
}

// PathResponse is the answer to GET /certificate_path.
type PathResponse struct {
	Path string `json:"path"` // PEM, any number of blocks
}

// TrustChainResponse is the answer to GET /trustchain.
type TrustChainResponse struct {
	TrustChain         []string `json:"trustchain"`           // PEM, one certificate each
	OCSPRevocationInfo []string `json:"ocsp_revocation_info"` // base64 of whole DER OCSPResponses
}

// ValueResponse is the answer to GET /quotas/… and /counters/….
type ValueResponse struct {
	Value int64 `json:"value"`
}

// ErrorBody is the service's application/problem+json. It is not RFC 7807: only Description is required.
type ErrorBody struct {
	Description string            `json:"description"`
	ID          string            `json:"id,omitempty"`
	Errors      map[string]string `json:"errors,omitempty"`
}
