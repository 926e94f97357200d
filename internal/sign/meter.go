// SPDX-License-Identifier: Apache-2.0

package sign

import (
	"context"
	"crypto"
	"crypto/x509"
	"errors"
	"fmt"
	"sync/atomic"

	"gsign/pkg/dssclient"
	"gsign/pkg/pdfsig"
)

// meter counts what one document costs, between pdfsig and the service.
type meter struct {
	session *dssclient.Session
	bill    Bill
}

var (
	_ pdfsig.Signer      = (*meter)(nil)
	_ pdfsig.Timestamper = (*meter)(nil)
)

func (m *meter) Certificates() []*x509.Certificate { return m.session.Certificates() }
func (m *meter) MaxDigests() int                   { return m.session.MaxDigests() }

func (m *meter) SignDigests(ctx context.Context, h crypto.Hash, digests [][]byte) ([][]byte, error) {
	signatures, err := m.session.SignDigests(ctx, h, digests)
	count(err, &m.bill.Signatures, &m.bill.UnknownSignatures)
	return signatures, err
}

func (m *meter) Timestamp(ctx context.Context, h crypto.Hash, digest []byte) ([]byte, error) {
	token, err := m.session.Timestamp(ctx, h, digest)
	count(err, &m.bill.Timestamps, &m.bill.UnknownTimestamps)
	return token, err
}

// count books one call: charged when it was answered, even unusably; unknown when the answer was lost; free otherwise.
func count(err error, charged, unknown *int) {
	if err == nil {
		*charged++
		return
	}
	if answer, ok := errors.AsType[*dssclient.AnswerError](err); ok && answer.Charged {
		*charged++
		return
	}
	if _, ok := errors.AsType[*dssclient.OutcomeUnknownError](err); ok {
		*unknown++
	}
}

// Progress says where a document is. It may be read at any time by another goroutine; nil is allowed.
type Progress struct {
	name atomic.Pointer[string]
	copy atomic.Pointer[copier]
}

func (p *Progress) stage(name string) {
	if p != nil {
		p.copy.Store(nil)
		p.name.Store(&name)
	}
}

func (p *Progress) copying(c *copier) {
	if p != nil {
		p.stage("copying")
		p.copy.Store(c)
	}
}

// String returns the stage, with a percentage where there is one.
func (p *Progress) String() string {
	name := p.name.Load()
	if name == nil {
		return ""
	}
	if c := p.copy.Load(); c != nil {
		return fmt.Sprintf("%s %.0f %%", *name, 100*c.fraction())
	}
	return *name
}
