// SPDX-License-Identifier: Apache-2.0

package cms

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"

	"gsign/internal/pkix"
)

// Examine verifies the signature of a PDF made by anybody, and leaves to the caller what depends on the time: it does not
// judge the strength of hashes and keys (B15). Other than [SignedData.Verify] it knows signatures without signed
// attributes, and content that is the SHA-1 of the document (adbe.pkcs7.sha1). A signature without a signing-certificate
// attribute verifies with an error of B4, as plain CMS does.
func (sd *SignedData) Examine(digest func(crypto.Hash) ([]byte, error)) error {
	si := &sd.Signer
	var err error
	var sum []byte
	if sd.EContent == nil {
		sum, err = digest(si.DigestAlgorithm)
	} else {
		sum, err = sd.enclosed(digest)
	}
	if err != nil {
		return err
	}
	if si.Certificate == nil {
		return sd.missing("B1", "the signer's certificate is not in the signature")
	}
	if si.SignedAttributes == nil {
		if err := pkix.VerifyDigest(pkix.PublicKey(si.Certificate), si.SignatureAlgorithm, si.DigestAlgorithm, sum, si.Signature); err != nil {
			return failed("B14", "signature of "+pkix.Name(si.Certificate), err)
		}
		return failed("B4", "no signed attributes, and so no signing-certificate attribute", nil)
	}
	return sd.examine(si.Certificate, sd.EContentType, sum)
}

// enclosed compares the content, which is the SHA-1 of the document (ISO 32000-2 section 12.8.3.3.1), and returns
// its own digest.
func (sd *SignedData) enclosed(digest func(crypto.Hash) ([]byte, error)) ([]byte, error) {
	want, err := digest(crypto.SHA1)
	if err != nil {
		return nil, fmt.Errorf("hashing the signed content: %w", err)
	}
	if !bytes.Equal(want, sd.EContent) {
		return nil, failed("B3", "the content is not what was signed: its SHA-1 differs", nil)
	}
	return digestOf(sd.Signer.DigestAlgorithm, sd.EContent), nil
}

// Curve reports whether a certificate that may be the signer's could not be read because of its elliptic curve, which
// is not computed with: see [pkix.UnknownCurveError].
func (sd *SignedData) Curve() bool {
	_, ok := errors.AsType[*pkix.UnknownCurveError](sd.unreadable)
	return ok
}

// Examine verifies like [Token.Verify] and does not judge the strength of hashes.
func (t *Token) Examine(h crypto.Hash, imprint []byte, extra []*x509.Certificate) error {
	if t.Hash != h || !bytes.Equal(t.Imprint, imprint) {
		return failed("C2", "the timestamp is not over this signature: imprint differs", nil)
	}
	tsa := t.Signer.find(slices.Concat(t.Certificates, extra))
	if tsa == nil {
		return failed("C4", "timestamp token", t.missing("B1", "the timestamp authority's certificate is neither in the token nor known"))
	}
	if err := t.examine(tsa, OIDTSTInfo, digestOf(t.Signer.DigestAlgorithm, t.EContent)); err != nil {
		return failed("C4", "timestamp token", err)
	}
	if err := checkTSA(tsa, t.GenTime); err != nil {
		return failed("C5", "certificate of the timestamp authority "+pkix.Name(tsa), err)
	}
	t.TSA = tsa
	return nil
}

// Find returns the certificate that the signer identifier names; among several the one that the signing-certificate
// attribute names as well.
func (si *SignerInfo) Find(certs []*x509.Certificate) *x509.Certificate { return si.find(certs) }

// ErrUnknownAlgorithm says that a signature cannot be computed with what is known here.
var ErrUnknownAlgorithm = pkix.ErrUnknownAlgorithm
