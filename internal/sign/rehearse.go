// SPDX-License-Identifier: Apache-2.0

package sign

import (
	"context"
	"crypto/sha256"
	"fmt"
	"strings"
	"sync/atomic"

	"gsign/pkg/dssclient"
)

// rehearse is the dry run: all local work, and the calls that cost nothing; what a real run would be refused for is an
// error here too. No identity is made, nothing is signed and
// no output appears.
func (d *document) rehearse(ctx context.Context) error {
	if err := d.out.create(d.in.size + d.tail()); err != nil {
		return err
	}
	h := sha256.New()
	var progress atomic.Int64
	if err := hashRange(ctx, h, d.in.reader(), 0, d.in.size, &progress); err != nil {
		return fmt.Errorf("read the PDF: %w", err)
	}
	d.result.Input.SHA256 = sum(h)
	if err := d.in.unchanged(); err != nil {
		return err
	}
	if err := d.Client.Login(ctx); err != nil {
		return err
	}
	policy, err := d.Client.ValidationPolicy(ctx)
	if err != nil {
		return err
	}
	if problems := policy.Check(d.Identity); len(problems) > 0 {
		return &PolicyError{Problems: problems}
	}
	trust, err := d.Client.TrustChain(ctx)
	if err != nil {
		return err
	}
	if err := d.rehearseAnchor(trust.Certificates); err != nil {
		return err
	}
	quota := &Quota{}
	if quota.Signatures, err = d.Client.Quota(ctx, dssclient.Signatures); err != nil {
		return err
	}
	if quota.Timestamps, err = d.Client.Quota(ctx, dssclient.Timestamps); err != nil {
		return err
	}
	d.result.Quota = quota
	d.result.Level = d.job.Level.String()
	d.result.Status = StatusDryRun
	return nil
}

// PolicyError says that the service would refuse the identity.
type PolicyError struct{ Problems []dssclient.PolicyProblem }

func (e *PolicyError) Error() string {
	texts := make([]string, len(e.Problems))
	for i, p := range e.Problems {
		texts[i] = policyText(p)
	}
	return "the account's policy would refuse the identity: " + strings.Join(texts, "; ")
}

func policyText(p dssclient.PolicyProblem) string {
	text := fmt.Sprintf("%s is %s", p.Member, p.Kind)
	if p.Kind == dssclient.Mismatch {
		text = p.Member + " does not match"
	}
	if p.Detail != "" {
		text += " (" + p.Detail + ")"
	}
	return text
}
