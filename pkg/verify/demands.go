// SPDX-License-Identifier: Apache-2.0

package verify

import "slices"

// demands holds the report of sound signatures against the options.
func (v *validator) demands(r *Report) []Finding {
	var unmet []Finding
	stampsOnly := !slices.ContainsFunc(r.Signatures, func(s SignatureReport) bool { return !s.Signature.Timestamp })
	if stampsOnly && (v.opts.Require > None || v.opts.RequireFresh) {
		unmet = append(unmet, finding("level", "EN 319 142-1 6.3", "there are document timestamps, and no signature"))
	}
	for i := range r.Signatures {
		s := &r.Signatures[i]
		add := func(f Finding) {
			f.Field = s.Signature.Field
			unmet = append(unmet, f)
		}
		if s.Signature.Timestamp {
			continue
		}
		if s.Level < v.opts.Require {
			add(finding("level", "EN 319 142-1 6.3", "it is of level %v, not %v", s.Level, v.opts.Require))
			for _, f := range s.Missing {
				add(f)
			}
		}
		if v.opts.RequireFresh && !s.Fresh {
			add(finding("F5", "EN 319 102-1 5.2.5", "the evidence about its signer is not younger than its timestamp"))
		}
	}
	if f := v.wholeDocument(&r.Signatures[len(r.Signatures)-1]); f != nil {
		unmet = append(unmet, *f)
	}
	return unmet
}
