// SPDX-License-Identifier: Apache-2.0

package cms

import (
	"crypto"
	"crypto/subtle"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"time"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"

	"gsign/internal/limits"
	"gsign/internal/pkix"
)

// Token is a timestamp token: a SignedData over a TSTInfo (RFC 3161 section 2.4.2). Nothing of it is verified before
// [Token.Verify].
type Token struct {
	*SignedData
	GenTime      time.Time
	Accuracy     time.Duration // 0 when absent
	Policy       asn1.ObjectIdentifier
	SerialNumber *big.Int
	Hash         crypto.Hash // of the imprint
	Imprint      []byte
	Nonce        *big.Int          // nil when absent
	TSA          *x509.Certificate // nil until found: in the token, or among Verify's extra
}

var (
	oidExtendedKeyUsage = asn1.ObjectIdentifier{2, 5, 29, 37}
	oidTimeStamping     = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 3, 8}
)

// ParseToken reads a TimeStampToken, BER or DER. Zero padding is the caller's to cut: see [TrimPadding].
func ParseToken(der []byte) (*Token, error) {
	if len(der) > limits.MaxTimestampToken {
		return nil, fmt.Errorf("reading a timestamp token: more than %d bytes", limits.MaxTimestampToken)
	}
	sd, err := Parse(der)
	if err != nil {
		return nil, fmt.Errorf("reading a timestamp token: %w", err)
	}
	t := &Token{SignedData: sd, TSA: sd.Signer.Certificate}
	if !sd.EContentType.Equal(OIDTSTInfo) {
		return nil, failed("C4", fmt.Sprintf("reading a timestamp token: content type %v", sd.EContentType), nil)
	}
	if err := t.parseInfo(sd.EContent); err != nil {
		return nil, failed("C4", "reading a timestamp token", err)
	}
	return t, nil
}

func (t *Token) parseInfo(s cryptobyte.String) error {
	bad := errors.New("malformed TSTInfo")
	var seq, imprint, digest, genTime, accuracy, nonce cryptobyte.String
	var alg pkix.Algorithm
	version, ordering := 0, false
	t.SerialNumber = new(big.Int)
	if !s.ReadASN1(&seq, cbasn1.SEQUENCE) || !s.Empty() || !seq.ReadASN1Integer(&version) || version != 1 ||
		!seq.ReadASN1ObjectIdentifier(&t.Policy) || !seq.ReadASN1(&imprint, cbasn1.SEQUENCE) ||
		!pkix.ReadAlgorithm(&imprint, &alg) || !imprint.ReadASN1(&digest, cbasn1.OCTET_STRING) || !imprint.Empty() ||
		!seq.ReadASN1Integer(t.SerialNumber) || !seq.ReadASN1(&genTime, cbasn1.GeneralizedTime) {
		return bad
	}
	t.Hash, t.Imprint = pkix.HashByOID(alg.OID), digest
	if t.Hash == 0 {
		return fmt.Errorf("imprint with the unknown hash algorithm %v: %w", alg.OID, pkix.ErrUnknownAlgorithm)
	}
	if len(t.Imprint) != t.Hash.Size() {
		return errors.New("imprint of the wrong length")
	}
	var err error
	if t.GenTime, err = parseTime(string(genTime)); err != nil {
		return err
	}
	if seq.PeekASN1Tag(cbasn1.SEQUENCE) {
		if !seq.ReadASN1(&accuracy, cbasn1.SEQUENCE) || !t.parseAccuracy(accuracy) {
			return errors.New("malformed accuracy")
		}
	}
	if seq.PeekASN1Tag(cbasn1.BOOLEAN) && !seq.ReadASN1Boolean(&ordering) {
		return bad
	}
	if seq.PeekASN1Tag(cbasn1.INTEGER) {
		t.Nonce = new(big.Int)
		if !seq.ReadASN1Element(&nonce, cbasn1.INTEGER) || !nonce.ReadASN1Integer(t.Nonce) {
			return bad
		}
	}
	// tsa is a hint; what names the TSA is the signing-certificate attribute
	if !seq.SkipOptionalASN1(explicit(0)) || !seq.SkipOptionalASN1(explicit(1)) || !seq.Empty() {
		return bad
	}
	return nil
}

// parseTime reads a genTime: to the second or with a fraction, always in UTC (RFC 3161 section 2.4.2).
func parseTime(s string) (time.Time, error) {
	if strings.Contains(s, ",") {
		return time.Time{}, errors.New("malformed genTime") // time.Parse takes it for a point
	}
	t, err := time.Parse("20060102150405Z", s) // accepts a fraction after the seconds
	if err != nil {
		return time.Time{}, errors.New("malformed genTime")
	}
	return t.UTC(), nil
}

func (t *Token) parseAccuracy(s cryptobyte.String) bool {
	var seconds, millis, micros int64
	if s.PeekASN1Tag(cbasn1.INTEGER) && (!s.ReadASN1Integer(&seconds) || seconds < 0 || seconds > 1<<31) {
		return false
	}
	for n, part := range []*int64{&millis, &micros} {
		tag := cbasn1.Tag(n).ContextSpecific()
		if s.PeekASN1Tag(tag) && (!s.ReadASN1Int64WithTag(part, tag) || *part < 0 || *part > 999) {
			return false
		}
	}
	t.Accuracy = time.Duration(seconds)*time.Second + time.Duration(millis)*time.Millisecond + time.Duration(micros)*time.Microsecond
	return s.Empty()
}

// Verify verifies the token over a hash value: the imprint (C2), content type, digest, signature and
// signing-certificate, of either version (C4), and the TSA's certificate: it may stamp time and nothing else, and was
// valid at genTime (C5). The certificate is looked for in the token and in extra. The TSA's chain is not checked.
func (t *Token) Verify(h crypto.Hash, imprint []byte, extra []*x509.Certificate) error {
	if h == crypto.SHA1 {
		return failed("C2", "timestamp over a SHA-1 hash", nil)
	}
	if t.Hash != h || subtle.ConstantTimeCompare(t.Imprint, imprint) != 1 {
		return failed("C2", "the timestamp is not over this signature: imprint differs", nil)
	}
	tsa := t.Signer.find(slices.Concat(t.Certificates, extra))
	if tsa == nil {
		return failed("C4", "timestamp token", t.missing("B1", "the timestamp authority's certificate is neither in the token nor known"))
	}
	if err := t.verify(tsa, OIDTSTInfo, digestOf(t.Signer.DigestAlgorithm, t.EContent)); err != nil {
		return failed("C4", "timestamp token", err)
	}
	if err := checkTSA(tsa, t.GenTime); err != nil {
		return failed("C5", "certificate of the timestamp authority "+pkix.Name(tsa), err)
	}
	t.TSA = tsa
	return nil
}

// checkTSA is C5 (RFC 3161 section 2.3).
func checkTSA(c *x509.Certificate, genTime time.Time) error {
	if genTime.Before(c.NotBefore) || genTime.After(c.NotAfter) {
		return fmt.Errorf("not valid at %s", genTime.UTC().Format(time.RFC3339))
	}
	for _, x := range c.Extensions {
		if !x.Id.Equal(oidExtendedKeyUsage) {
			continue
		}
		s := cryptobyte.String(x.Value)
		var usages cryptobyte.String
		var usage asn1.ObjectIdentifier
		switch {
		case !x.Critical:
			return errors.New("extended key usage is not critical")
		case !s.ReadASN1(&usages, cbasn1.SEQUENCE) || !usages.ReadASN1ObjectIdentifier(&usage):
			return errors.New("malformed extended key usage")
		case !usage.Equal(oidTimeStamping) || !usages.Empty():
			return errors.New("extended key usage is not timeStamping alone")
		}
		return nil
	}
	return errors.New("no extended key usage")
}
