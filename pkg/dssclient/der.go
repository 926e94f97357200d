// SPDX-License-Identifier: Apache-2.0

package dssclient

import (
	"bytes"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"
)

var (
	oidSignedData = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 2}
	oidTSTInfo    = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 1, 4}
	oidSHA256     = asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 1}
	oidOCSPBasic  = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 48, 1, 1}
)

// parseOCSP reads base64 of a whole OCSPResponse (RFC 6960 section 4.2.1) that is successful and basic. Whose it is and
// whether it is good is checked by those who use it.
func parseOCSP(text string) ([]byte, error) {
	der, err := parseBase64(text)
	if err != nil {
		return nil, err
	}
	var r struct {
		Status asn1.Enumerated
		Bytes  struct {
			Type     asn1.ObjectIdentifier
			Response []byte
		} `asn1:"explicit,tag:0,optional"`
	}
	rest, err := asn1.Unmarshal(der, &r)
	switch {
	case err != nil:
		return nil, fmt.Errorf("not an OCSPResponse: %w", err)
	case len(rest) != 0:
		return nil, fmt.Errorf("%d bytes after the OCSPResponse", len(rest))
	case r.Status != 0:
		return nil, fmt.Errorf("OCSP response status is %d, not successful", r.Status)
	case !r.Bytes.Type.Equal(oidOCSPBasic):
		return nil, errors.New("not a basic OCSP response")
	}
	return der, nil
}

// parseTimestamp reads base64 of a DER TimeStampToken (RFC 3161 section 2.4.2) over digest. That it is signed, by whom
// and when, is checked by those who use it.
func parseTimestamp(body, digest []byte) ([]byte, error) {
	var r TimestampResponse
	if err := decode(body, &r); err != nil {
		return nil, err
	}
	if r.Token == "" {
		return nil, errors.New("no token")
	}
	der, err := parseBase64(r.Token)
	if err != nil {
		return nil, fmt.Errorf("token: %w", err)
	}
	info, err := tokenInfo(der)
	if err != nil {
		return nil, fmt.Errorf("token: %w", err)
	}
	if err := checkImprint(info, digest); err != nil {
		return nil, fmt.Errorf("token: %w", err)
	}
	return der, nil
}

// tokenInfo unwraps the DER TSTInfo of a token.
func tokenInfo(der []byte) ([]byte, error) {
	var content struct {
		Type    asn1.ObjectIdentifier
		Content asn1.RawValue `asn1:"explicit,tag:0"`
	}
	rest, err := asn1.Unmarshal(der, &content)
	switch {
	case err != nil && isTimeStampResp(der):
		return nil, errors.New("it is a TimeStampResp, not the TimeStampToken in it")
	case err != nil:
		return nil, fmt.Errorf("not a DER ContentInfo: %w", err)
	case len(rest) != 0:
		return nil, fmt.Errorf("%d bytes after the ContentInfo", len(rest))
	case !content.Type.Equal(oidSignedData):
		return nil, fmt.Errorf("content type is %v, not SignedData", content.Type)
	}
	var signed struct {
		Version      int
		Digests      asn1.RawValue
		Encapsulated struct {
			Type    asn1.ObjectIdentifier
			Content []byte `asn1:"explicit,tag:0"`
		}
	}
	// The rest of SignedData is not looked at: encoding/asn1 ignores what follows in a SEQUENCE.
	if _, err := asn1.Unmarshal(content.Content.Bytes, &signed); err != nil {
		return nil, fmt.Errorf("not SignedData: %w", err)
	}
	if !signed.Encapsulated.Type.Equal(oidTSTInfo) {
		return nil, fmt.Errorf("content is %v, not TSTInfo", signed.Encapsulated.Type)
	}
	return signed.Encapsulated.Content, nil
}

// isTimeStampResp recognises RFC 3161 section 2.4.2: a SEQUENCE that begins with a PKIStatusInfo.
func isTimeStampResp(der []byte) bool {
	var r struct {
		Info struct{ Status int }
	}
	_, err := asn1.Unmarshal(der, &r)
	return err == nil
}

func checkImprint(info, digest []byte) error {
	var t struct {
		Version int
		Policy  asn1.ObjectIdentifier
		Imprint struct {
			Algorithm pkix.AlgorithmIdentifier
			Hash      []byte
		}
	}
	if _, err := asn1.Unmarshal(info, &t); err != nil {
		return fmt.Errorf("not a TSTInfo: %w", err)
	}
	if !t.Imprint.Algorithm.Algorithm.Equal(oidSHA256) || !bytes.Equal(t.Imprint.Hash, digest) {
		return errors.New("timestamp is over another digest")
	}
	return nil
}
