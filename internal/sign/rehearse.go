// SPDX-License-Identifier: Apache-2.0

package sign

import (
	"context"
	"crypto/sha256"
	"fmt"
	"sync/atomic"

	"gsign/pkg/dssclient"
)

// rehearse is the dry run: all local work, and the calls that cost nothing. No identity is made, nothing is signed and
// no output appears.
func (d *document) rehearse(ctx context.Context) error {
	if err := d.out.create(d.in.size); err != nil {
		return err
	}
	h := sha256.New()
	var progress atomic.Int64
	if err := hashRange(ctx, h, d.in.file, 0, d.in.size, &progress); err != nil {
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
	for _, p := range policy.Check(d.Identity) {
		d.warn("%s", policyText(p))
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

func policyText(p dssclient.PolicyProblem) string {
	text := fmt.Sprintf("the account's policy would refuse the identity: %s is %s", p.Member, p.Kind)
	if p.Kind == dssclient.Mismatch {
		text = fmt.Sprintf("the account's policy would refuse the identity: %s does not match", p.Member)
	}
	if p.Detail != "" {
		text += " (" + p.Detail + ")"
	}
	return text
}
