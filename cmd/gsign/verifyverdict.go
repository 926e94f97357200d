// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"gsign/pkg/verify"
)

// verdictError says that files did not pass. Its exit code is that of the worst.
type verdictError struct {
	files    map[string]int // how many have each verdict
	problems []string       // one for each file
	hints    []string
	err      error // of the first file that could not be read
}

// The verdicts, the one that counts most first.
var verdictOrder = []string{verdictFailed, verdictIndeterminate, verdictUnsigned, verdictUnread}

func (e *verdictError) count(r *fileResult, err error, files int) {
	if e.files == nil {
		e.files = map[string]int{}
	}
	e.files[r.Verdict]++
	problem := strings.Join(r.Reasons, "; ")
	if r.Verdict != verdictUnread {
		problem = fmt.Sprintf("%s: %s", named(r.File), problem)
	} else if e.err == nil {
		e.err = err
	}
	e.problems = append(e.problems, problem)
	for _, h := range r.hints {
		if !slices.Contains(e.hints, h) && (files == 1 || len(e.hints) < maxHints) {
			e.hints = append(e.hints, h)
		}
	}
}

// maxHints bounds what is advised about many files: the rest says much the same.
const maxHints = 3

func (e *verdictError) Error() string { return strings.Join(e.problems, "\n") }

// worst is the verdict that counts most.
func (e *verdictError) worst() string {
	for _, v := range verdictOrder {
		if e.files[v] > 0 {
			return v
		}
	}
	return verdictPassed
}

// orNil returns what explain is to be told: nil where all passed. A file alone that could not be read is its own error.
func (e *verdictError) orNil(files int) error {
	switch {
	case len(e.files) == 0:
		return nil
	case files == 1 && e.err != nil:
		return e.err
	}
	return e
}

// summary counts the files.
func (e *verdictError) summary(files int) string {
	bad := 0
	var parts []string
	for _, v := range verdictOrder {
		bad += e.files[v]
	}
	for _, v := range append([]string{verdictPassed}, verdictOrder...) {
		n := e.files[v]
		if v == verdictPassed {
			n = files - bad
		}
		if n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, verdictWords[v]))
		}
	}
	return plural(files, "file") + ": " + strings.Join(parts, ", ")
}

var verdictWords = map[string]string{
	verdictPassed: "passed", verdictFailed: "failed", verdictIndeterminate: "indeterminate", verdictUnsigned: "not signed", verdictUnread: "could not be read",
}

func named(file string) string {
	if file == "-" {
		return "standard input"
	}
	return file
}

// conclude makes the verdict on a file from what was found out about its signatures.
func (v *verifier) conclude(r *fileResult, report *verify.Report, unmet *verify.DemandError) {
	reasons := map[string][]string{} // by verdict
	because := func(verdict, format string, args ...any) {
		reasons[verdict] = append(reasons[verdict], fmt.Sprintf(format, args...))
	}
	signatures := 0
	var lists changeLists
	for i := range report.Signatures {
		s := &report.Signatures[i]
		result := newSignature(s, v.trust)
		result.Changes = lists.result(s.Comparison)
		r.Signatures = append(r.Signatures, result)
		if c := s.Comparison; c != nil && r.Revisions == nil {
			for _, rev := range c.Revisions {
				r.Revisions = append(r.Revisions, revisionResult(rev))
			}
		}
		if !s.Signature.Timestamp {
			signatures++
		}
		v.concludeOne(s, because)
	}
	switch {
	case len(report.Signatures) == 0 && v.flags.field != "":
		because(verdictUnsigned, "there is no signature in a field %q", v.flags.field)
		r.hints = append(r.hints, "gsign inspect lists the fields")
	case len(report.Signatures) == 0:
		because(verdictUnsigned, "there is no signature")
	case signatures == 0 && v.flags.field == "":
		because(verdictUnsigned, "there is no signature, only document timestamps")
	}
	if unmet != nil {
		r.Unmet = newFindings(unmet.Findings)
		for _, f := range unmet.Findings {
			because(verdictIndeterminate, "%s", f)
		}
	}
	for i, name := range v.flags.signers {
		if signatures > 0 && !slices.ContainsFunc(report.Signatures, func(s verify.SignatureReport) bool {
			return !s.Signature.Timestamp && s.Indication == verify.TotalPassed && matches(s.Signer(), name)
		}) {
			because(verdictIndeterminate, "no signature that passed is of %s", v.flags.requireSigner[i])
		}
	}
	r.Verdict = verdictPassed
	for _, verdict := range slices.Backward(verdictOrder) {
		if len(reasons[verdict]) > 0 {
			r.Verdict, r.Reasons = verdict, append(reasons[verdict], r.Reasons...)
		}
	}
	r.hints = append(r.hints, v.advice(report)...)
}

func (v *verifier) concludeOne(s *verify.SignatureReport, because func(verdict, format string, args ...any)) {
	what := fmt.Sprintf("signature %q", s.Signature.Field)
	if s.Signature.Timestamp {
		what = fmt.Sprintf("document timestamp %q", s.Signature.Field)
	}
	if s.Indication != verify.TotalPassed {
		verdict, text := verdictIndeterminate, s.Indication.String()
		if s.Indication == verify.TotalFailed {
			verdict = verdictFailed
		}
		if s.SubIndication != "" {
			text += " (" + string(s.SubIndication) + ")"
		}
		if len(s.Findings) > 0 {
			text += ", " + s.Findings[0].Text
		}
		because(verdict, "%s is %s", what, text)
	}
	if v.flags.level > s.Level && s.Indication != verify.TotalPassed && !s.Signature.Timestamp {
		because(verdictIndeterminate, "%s is of level %v, not %v", what, s.Level, v.flags.level)
	}
	if s.Comparison == nil {
		return
	}
	verdicts := map[string]string{"suspicious": verdictIndeterminate, "forbidden": verdictFailed}
	whole := s.Comparison.Verdict().String()
	if verdicts[whole] == "" {
		return
	}
	for i := range s.Comparison.Changes {
		if c := &s.Comparison.Changes[i]; c.Verdict.String() == whole {
			because(verdicts[whole], "%s change after %s: %s", whole, what, c.Text)
			return
		}
	}
}

// advice names the next command where one helps.
func (v *verifier) advice(report *verify.Report) []string {
	var hints []string
	add := func(format string, args ...any) {
		if h := fmt.Sprintf(format, args...); !slices.Contains(hints, h) {
			hints = append(hints, h)
		}
	}
	for i := range report.Signatures {
		s := &report.Signatures[i]
		if s.Indication != verify.Indeterminate {
			continue
		}
		for _, f := range s.Findings {
			switch f.SubIndication {
			case verify.NoCertificateChainFound:
				if len(v.trust.certs)+len(v.trust.listed) == 0 {
					add("nothing is trusted: --trust FILE names roots, --trust-sandbox DIR takes those of gsign sandbox, --trust-system those of this machine, --trust-list FILE a trusted list")
				} else if n := len(s.Chain); n > 0 && !v.flags.online {
					add("--trust must hold the root that is meant; the chain ends at %s", s.Chain[n-1].Subject)
				}
			case verify.CertificateChainGeneralFailure, verify.TryLater:
				if !v.flags.online && f.Check != "F9" { // of a chain that is not valid
					add("--online asks for evidence that is not in the file")
				}
			}
		}
	}
	return hints
}

// asVerdict finds the verdict on files in an error.
func asVerdict(err error) *verdictError {
	e, _ := errors.AsType[*verdictError](err)
	return e
}
