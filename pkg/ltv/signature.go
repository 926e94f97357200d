// SPDX-License-Identifier: Apache-2.0

package ltv

import (
	"crypto/x509"
	"fmt"
	"time"

	"gsign/internal/cms"
	"gsign/pkg/pdfsig"
)

// signature is the one to be extended, taken apart.
type signature struct {
	field    string
	contents []byte // with padding: what the key of a /VRI entry is made from
	cms      *cms.SignedData
	signer   *x509.Certificate
	tokens   []*cms.Token // at least one, each sound and over this signature's value
	genTime  time.Time    // of the earliest token
}

func readSignature(doc *pdfsig.Document, opts *Options) (*signature, error) {
	found := &pdfsig.Signature{Field: opts.Field, CMS: opts.CMS}
	if len(opts.CMS) == 0 || opts.VRI {
		var err error
		found, err = findSignature(doc, opts.Field)
		if err != nil {
			return nil, err
		}
	}
	sd, err := cms.Parse(found.CMS)
	if err != nil {
		return nil, fmt.Errorf("reading the signature of field %q: %w", found.Field, err)
	}
	s := &signature{field: found.Field, contents: found.Contents, cms: sd, signer: sd.Signer.Certificate}
	if s.signer == nil {
		return nil, fmt.Errorf("reading the signature of field %q: the signer's certificate is not in it", found.Field)
	}
	for _, der := range sd.Signer.TimestampTokens {
		token, err := readToken(der, sd)
		if err != nil {
			return nil, fmt.Errorf("reading the timestamp of field %q: %w", found.Field, err)
		}
		s.tokens = append(s.tokens, token)
		if s.genTime.IsZero() || token.GenTime.Before(s.genTime) {
			s.genTime = token.GenTime
		}
	}
	if len(s.tokens) == 0 {
		return nil, &IncompleteError{Reason: fmt.Sprintf("the signature of field %q carries no timestamp, and B-LT builds on B-T", found.Field)}
	}
	return s, nil
}

// findSignature returns the newest signature that is no document timestamp, or the one in the field.
func findSignature(doc *pdfsig.Document, field string) (*pdfsig.Signature, error) {
	all, err := doc.Signatures()
	if err != nil {
		return nil, err
	}
	for i := len(all) - 1; i >= 0; i-- {
		s := &all[i]
		if s.Timestamp || (field != "" && s.Field != field) {
			continue
		}
		if s.CMS == nil {
			return nil, fmt.Errorf("reading the signature of field %q: /Contents hold no CMS", s.Field)
		}
		return s, nil
	}
	if field != "" {
		return nil, &IncompleteError{Reason: fmt.Sprintf("the document has no signature in field %q", field)}
	}
	return nil, &IncompleteError{Reason: "the document has no signature"}
}

// readToken parses a signature timestamp and checks that it is one of this signature.
func readToken(der []byte, sd *cms.SignedData) (*cms.Token, error) {
	token, err := cms.ParseToken(der)
	if err != nil {
		return nil, err
	}
	if !token.Hash.Available() {
		return nil, fmt.Errorf("its imprint's hash algorithm %s is not available", token.Hash)
	}
	h := token.Hash.New()
	h.Write(sd.Signer.Signature)
	if err := token.Verify(token.Hash, h.Sum(nil), sd.Certificates); err != nil {
		return nil, err
	}
	return token, nil
}
