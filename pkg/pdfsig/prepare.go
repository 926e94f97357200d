// SPDX-License-Identifier: Apache-2.0

package pdfsig

import (
	"bytes"
	"crypto"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"fmt"

	"gsign/internal/cms"
	"gsign/internal/limits"
	"gsign/internal/pkix"
)

// Prepared is a document ready to be signed: everything up to the digest. It is plain data that holds nothing of the
// original, and may be stored as JSON and completed on another machine.
type Prepared struct {
	Field            string   `json:"field"`             // fully qualified name
	Size             int64    `json:"size"`              // length of the original
	SHA256           []byte   `json:"sha256"`            // of the original, to prove that the suffix fits it
	Revision         []byte   `json:"revision"`          // bytes to append, the placeholder still empty
	ContentsOffset   int64    `json:"contents_offset"`   // of the placeholder's "<" in Revision
	ContentsLength   int64    `json:"contents_length"`   // with "<" and ">"
	Certificates     [][]byte `json:"certificates"`      // DER, the signing certificate first
	SignedAttributes []byte   `json:"signed_attributes"` // DER SET OF
	Intent           *Intent  `json:"intent"`            // what the revision is meant to say; see Signed.Intent
}

// Prepare writes the signature's revision, its placeholder sized from the chain, and digests the document. The chain
// begins with the signing certificate. The errors of Check are possible.
func (d *Document) Prepare(chain []*x509.Certificate, opts *Options) (p *Prepared, err error) {
	err = d.settled(func() error {
		p, err = d.prepare(chain, opts)
		return err
	})
	d.fields = nil // read again should somebody ask: a large one costs more to keep
	return p, err
}

func (d *Document) prepare(chain []*x509.Certificate, opts *Options) (*Prepared, error) {
	pl, err := d.plan(opts)
	if err != nil {
		return nil, err
	}
	if len(chain) == 0 {
		return nil, errors.New("preparing a signature: no signing certificate")
	}
	if pl.opts.Time.IsZero() {
		return nil, errors.New("preparing a signature: no signing time")
	}
	if pl.opts.Reserve > limits.TokenReserve {
		return nil, fmt.Errorf("preparing a signature: %d bytes reserved, at most %d are possible",
			pl.opts.Reserve, limits.TokenReserve)
	}
	reserved, err := cms.MaxSize(chain, max(TokenAllowance, pl.opts.Reserve))
	if err != nil {
		return nil, fmt.Errorf("preparing a signature: %w", err)
	}
	err = d.conform(pl, reserved)
	if err != nil {
		return nil, err
	}
	p := &Prepared{Field: pl.name, Size: d.size}
	for _, c := range chain {
		p.Certificates = append(p.Certificates, c.Raw)
	}
	state, err := d.state()
	if err != nil {
		return nil, err
	}
	p.SHA256 = state.Sum(nil)
	err = d.write(p, pl, reserved)
	if err != nil {
		return nil, err
	}
	state.Write(p.Revision[:p.ContentsOffset])
	state.Write(p.Revision[p.ContentsOffset+p.ContentsLength:])
	p.SignedAttributes, err = cms.SignedAttributes(crypto.SHA256, state.Sum(nil), chain[0])
	if err != nil {
		return nil, fmt.Errorf("preparing a signature: %w", err)
	}
	return p, nil
}

// write builds the revision and fills in its ByteRange.
func (d *Document) write(p *Prepared, pl *plan, reserved int) error {
	update, ref, dict, err := d.compose(pl, reserved)
	if err != nil {
		return err
	}
	update.SetID(fileID(p))
	rev, err := update.Build()
	if err != nil {
		return err
	}
	at := rev.Offset[ref] - d.size
	if at < 0 || at > int64(len(rev.Bytes)) {
		return fmt.Errorf("preparing a signature: object %s is at offset %d, outside its revision", ref, rev.Offset[ref])
	}
	body := bytes.Index(rev.Bytes[at:], dict.raw)
	if body < 0 {
		return errors.New("preparing a signature: the signature dictionary is not in its revision")
	}
	start := at + int64(body)
	p.Revision = rev.Bytes
	p.ContentsOffset = start + int64(dict.contents)
	p.ContentsLength = int64(dict.length)
	end := p.ContentsOffset + p.ContentsLength
	ranges := []int64{0, d.size + p.ContentsOffset, d.size + end, int64(len(p.Revision)) - end}
	copy(p.Revision[start+int64(dict.byteRange):], byteRange(ranges))
	p.Intent = &Intent{Revision: rev.Intent, Field: p.Field, Signature: ref, ByteRange: ranges}
	return nil
}

// fileID makes the changing half of the trailer's /ID from what is signed (ISO 32000-2 14.4), so that the same input,
// certificate and time give the same bytes.
func fileID(p *Prepared) []byte {
	h := sha256.New()
	h.Write(p.SHA256)
	h.Write(p.Certificates[0])
	h.Write([]byte(p.Field))
	return h.Sum(nil)[:16]
}

// Digest returns the SHA-256 of the signed attributes: what the service signs.
func (p *Prepared) Digest() []byte {
	sum := sha256.Sum256(p.SignedAttributes)
	return sum[:]
}

// chain parses the certificates.
func (p *Prepared) chain() ([]*x509.Certificate, error) {
	var chain []*x509.Certificate
	for _, der := range p.Certificates {
		c, err := pkix.SharedCertificate(der)
		if err != nil {
			return nil, fmt.Errorf("reading a prepared signature: %w", err)
		}
		chain = append(chain, c)
	}
	if len(chain) == 0 {
		return nil, errors.New("reading a prepared signature: no signing certificate")
	}
	return chain, nil
}

// sound checks what the rest relies on: a Prepared may come from a file.
func (p *Prepared) sound() error {
	n := int64(len(p.Revision))
	off, length := p.ContentsOffset, p.ContentsLength
	if off < 0 || length < 2 || length%2 != 0 || length > n || off > n-length ||
		p.Revision[off] != '<' || p.Revision[off+length-1] != '>' || p.Size < 0 || len(p.SHA256) != sha256.Size {
		return errors.New("reading a prepared signature: its placeholder is not where it says")
	}
	return nil
}

// SignatureError says that the answer of the signing service is not a signature of this document by this certificate.
// The signature was made, and charged.
type SignatureError struct{ Err error }

func (e *SignatureError) Error() string { return "checking the signature returned: " + e.Err.Error() }
func (e *SignatureError) Unwrap() error { return e.Err }

// Complete takes the signature over Digest. It is verified with the certificate's key first: an answer that is not
// this signature gives a *SignatureError.
func (p *Prepared) Complete(signature []byte) (*Signed, error) {
	err := p.sound()
	if err != nil {
		return nil, err
	}
	chain, err := p.chain()
	if err != nil {
		return nil, err
	}
	err = cms.CheckSignature(chain[0], crypto.SHA256, p.SignedAttributes, signature)
	if err != nil {
		return nil, &SignatureError{Err: err}
	}
	s := &Signed{Prepared: p, Signature: bytes.Clone(signature)}
	_, err = s.envelope()
	if err != nil {
		return nil, err
	}
	return s, nil
}
