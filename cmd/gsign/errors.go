// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"strings"
	"syscall"
	"time"

	"gsign/internal/config"
	"gsign/internal/sign"
	"gsign/internal/trustlist"
	"gsign/pkg/dssclient"
	"gsign/pkg/ltv"
	"gsign/pkg/pdfsig"
	"gsign/pkg/verify"
)

// Exit codes. They are a contract: none changes its meaning.
const (
	codeDone        = 0
	codeFailure     = 1
	codeUsage       = 2
	codeCredentials = 4
	codeQuota       = 5
	codeUnreachable = 6  // nothing charged
	codeInput       = 7  // cannot be signed
	codeLevel       = 8  // cannot be reached
	codeUnknown     = 9  // a billed call may have been charged
	codeFailed      = 10 // TOTAL-FAILED, or a forbidden change
	codeOpen        = 11 // INDETERMINATE, or below what was asked
	codeUnsigned    = 12
	codeInterrupted = 130
)

// verdictCodes maps what gsign verify says of a file.
var verdictCodes = map[string]int{
	verdictPassed: codeDone, verdictFailed: codeFailed, verdictIndeterminate: codeOpen, verdictUnsigned: codeUnsigned,
}

const reportIt = "this should not happen: please report it, with the file if it may be shown"

const compareCounters = "do not repeat it blindly: compare the account's counters with what you have"

// failure is an error as it is told to people and programs.
type failure struct {
	code    int
	message string
	more    []string // messages about further files
	notes   []string // what it cost
	hints   []string // what to do
}

// timeoutError says that the time of --timeout was over.
type timeoutError struct {
	after time.Duration
	err   error
}

func (e *timeoutError) Error() string {
	return strings.ReplaceAll(e.err.Error(), context.DeadlineExceeded.Error(), fmt.Sprintf("gave up after %s (--timeout)", e.after))
}

func (e *timeoutError) Unwrap() error { return e.err }

// explain maps every error to its exit code and hints. It is the only place that does.
func explain(err error, interrupted bool) *failure {
	f := &failure{message: message(err)}
	if e := asVerdict(err); e != nil && !interrupted {
		return f.verdict(e)
	}
	if lost, ok := errors.AsType[*reportError](err); ok {
		f.code = codeFailure
		f.notes = billNotes(lost.bill)
		f.hint("do not repeat the command: that would be charged again")
		return f
	}
	var bill sign.Bill
	if e, ok := errors.AsType[*sign.Error](err); ok {
		bill = e.Bill
		f.notes = billNotes(bill)
	}
	switch {
	case interrupted:
		f.code, f.message = codeInterrupted, "interrupted"
		if bill.UnknownSignatures+bill.UnknownTimestamps > 0 {
			f.hint("%s", compareCounters)
		}
	case dssclient.IsOutcomeUnknown(err):
		f.code = codeUnknown
		f.hint("%s", compareCounters)
	default:
		f.classify(err, bill)
	}
	return f
}

// verdict is the worst of several files; files that could not be read count where no other did worse.
func (f *failure) verdict(e *verdictError) *failure {
	f.code, f.hints = verdictCodes[e.worst()], e.hints
	if e.worst() == verdictUnread {
		f.code = explain(e.err, false).code
	}
	f.more = e.problems[1:]
	f.message = message(errors.New(e.problems[0]))
	return f
}

func (f *failure) hint(format string, args ...any) {
	f.hints = append(f.hints, fmt.Sprintf(format, args...))
}

// classify finds the kind of an error that is no interruption and whose cost is known.
func (f *failure) classify(err error, bill sign.Bill) {
	f.code = codeFailure
	if f.local(err) || f.service(err, bill) {
		return
	}
	if incomplete, ok := errors.AsType[*ltv.IncompleteError](err); ok {
		f.code = codeLevel
		f.hint("%s", evidenceHint(incomplete))
	} else if _, ok := errors.AsType[*ltv.RevokedError](err); ok {
		f.code = codeLevel
		f.hint("a signature of a revoked certificate is worth nothing; ask the operator of the service")
	} else if _, ok := errors.AsType[*verify.DemandError](err); ok {
		f.code = codeLevel
	} else if large, ok := errors.AsType[*pdfsig.TooLargeError](err); ok {
		f.hint("--reserve %d makes room enough", pdfsig.TokenAllowance+large.Need-large.Reserved)
	} else if _, ok := errors.AsType[*pdfsig.StampError](err); ok {
		f.code = codeLevel
		f.hint("--level b-b signs without a timestamp, but such a signature ends with its certificate")
	} else if _, ok := errors.AsType[*sign.SelfCheckError](err); ok {
		f.hint("%s", reportIt)
	} else if _, ok := errors.AsType[*sign.PolicyError](err); ok {
		f.hint("--subject, --subject-da, --san and --identity say what the identity contains")
	} else {
		f.disk(err)
	}
}

// disk recognises a disk that is full and a folder that nothing may be written to.
func (f *failure) disk(err error) {
	_, space := errors.AsType[*sign.SpaceError](err)
	full := space || errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT)
	folder, ok := errors.AsType[*sign.FolderError](err)
	switch {
	case ok && folder.Temporary && full:
		f.hint("a stream is kept in a temporary file: make room in %s, or set TMPDIR to a folder on another disk", folder.Dir)
	case ok && folder.Temporary:
		f.hint("a stream is kept in a temporary file: set TMPDIR to a folder that can be written to")
	case full:
		f.hint("make room beside the output, or name an output on another disk")
	case ok:
		f.hint("the output is made in the folder where it will stand: name one that you may write to")
	}
}

// local recognises what is wrong on this side.
func (f *failure) local(err error) bool {
	if e, ok := errors.AsType[*usageError](err); ok {
		f.code = codeUsage
		f.hintIf(e.hint)
		return true
	}
	if e, ok := errors.AsType[*sign.UsageError](err); ok {
		f.code = codeUsage
		f.hintIf(e.Hint)
		return true
	}
	if e, ok := errors.AsType[*config.Error](err); ok {
		f.code = codeCredentials
		if e.Usage {
			f.code = codeUsage
		}
		f.hintIf(e.Hint)
		return true
	}
	if f.list(err) {
		return true
	}
	if _, ok := errors.AsType[*sign.SelfCheckError](err); ok {
		return false // whatever is inside is about our own file
	}
	if e, ok := errors.AsType[*pdfsig.RefusedError](err); ok {
		f.code = codeInput
		if e.DropXFA {
			f.hint("--drop-xfa removes the XFA part and signs what AcroForm has: the form as viewers without XFA show it")
		}
		if e.Reserve {
			f.hint("--reserve with a smaller number leaves the document what it declares; %d bytes are the default", pdfsig.TokenAllowance)
		}
		f.hintIf(e.Hint)
		_, locked := errors.AsType[*pdfsig.PasswordError](err)
		_, owner := errors.AsType[*pdfsig.OwnerError](err)
		if locked || owner {
			f.hint("--password-file FILE reads the password from a file that only you can read")
		}
		return true
	}
	if _, ok := errors.AsType[*pdfsig.MismatchError](err); ok {
		f.hint("%s", reportIt)
		return true
	}
	if _, ok := errors.AsType[*pdfsig.MalformedError](err); ok {
		f.code = codeInput
		if _, only := errors.AsType[*sign.StrictError](err); only {
			f.hint("without --strict it would be signed: the damage can be recovered, since the document reads in one way only")
		}
		if _, no := errors.AsType[*sign.NotPDFError](err); !no {
			f.hint("is the file complete? qpdf can often repair one: qpdf IN REPAIRED.pdf")
		}
		return true
	}
	return false
}

// list recognises trusted lists that cannot be used.
func (f *failure) list(err error) bool {
	if _, ok := errors.AsType[*outdatedError](err); ok {
		f.code = codeUsage
		f.hint("fetch the list again where it is published; --trust-list-outdated takes it as it is, with services that may have been withdrawn since")
		return true
	}
	if _, ok := errors.AsType[*listError](err); !ok {
		return false
	}
	f.code = codeUsage
	if e, ok := errors.AsType[*trustlist.SignatureError](err); !ok {
		f.hint("a trusted list is XML in UTF-8 as ETSI TS 119 612 has it; what is published as PDF is for people")
	} else if e.Foreign != nil {
		f.hint("if that is who should sign it, --trust-list-signer must name this certificate, SHA-256 %s; or give the list of lists that names it as a --trust-list too", newCertificate(e.Foreign).SHA256)
	} else {
		f.hint("fetch the list again where it is published: this is not what its operator signed")
	}
	return true
}

func (f *failure) hintIf(hint string) {
	if hint != "" {
		f.hint("%s", hint)
	}
}

// service recognises what the service said, or that it said nothing.
func (f *failure) service(err error, bill sign.Bill) bool {
	api, answered := errors.AsType[*dssclient.APIError](err)
	switch {
	case errors.Is(err, dssclient.ErrClientCertificate):
		f.code = codeCredentials
		f.hint("the service does not accept the client certificate: is it the one of this account, and of this base_url?")
	case dssclient.IsCredentials(err), answered && (api.StatusCode == 401 || api.StatusCode == 403):
		f.code = codeCredentials
		f.hint("check API key and API secret, and that the client certificate belongs to them")
	case dssclient.IsQuota(err):
		f.code = codeQuota
		f.hint("the contingent is used up: gsign sign --dry-run shows what is left; the GlobalSign portal sells more")
	case dssclient.IsRateLimit(err):
		f.code = codeQuota
		if api.RetryAfter > 0 {
			f.hint("the service asks to wait %s", api.RetryAfter)
		} else {
			f.hint("wait a minute, or ask GlobalSign for a higher rate")
		}
	case dssclient.IsUnavailable(err), errors.Is(err, context.DeadlineExceeded):
		f.code = codeUnreachable
		if bill != (sign.Bill{}) { // the timestamp is missing, the signature was paid for
			f.code = codeLevel
		}
		f.hint("%s", networkHint(err, answered))
	case answered && api.Op == dssclient.OpIdentity:
		f.hint("the account's policy decides what an identity may contain: gsign sign --dry-run compares it with --subject, --subject-da and --san")
	case answered && api.Op == dssclient.OpSign && api.StatusCode == 404:
		f.hint("the service does not know the identity any more: run the command again")
	default:
		return false
	}
	return true
}

func networkHint(err error, answered bool) string {
	if _, ok := errors.AsType[x509.UnknownAuthorityError](err); ok {
		return "the service's TLS certificate is of a CA unknown here: --ca-file names the right one"
	}
	if e, ok := errors.AsType[x509.CertificateInvalidError](err); ok && e.Reason == x509.Expired {
		return "the service's TLS certificate has expired, or the clock of this machine is wrong"
	}
	if _, ok := errors.AsType[x509.HostnameError](err); ok {
		return "the service's TLS certificate is for another name: check base_url"
	}
	if _, ok := errors.AsType[*net.DNSError](err); ok {
		return "the name of the service was not found: check base_url and the network"
	}
	switch {
	case answered:
		return "the service or a proxy before it is out of order: try again later"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "nothing listens there: check base_url, or start gsign sandbox again"
	case errors.Is(err, context.DeadlineExceeded):
		return "try again later, or give it longer with --timeout"
	}
	return "check the network, and HTTPS_PROXY where there is a proxy"
}

func evidenceHint(e *ltv.IncompleteError) string {
	if e.Unpinned && e.Role == "timestamp" {
		return "--trust must also hold the root of the time-stamping authority: " + e.Certificate
	}
	for _, t := range e.Tries {
		if t.Err != nil && t.URL != "" {
			return "is there a way to the addresses tried? --level b-t signs without evidence, to be added while the certificates live"
		}
	}
	return "--extra-certs supplies certificates that cannot be found, --trust the roots that are meant"
}

// message is the error's text on one line.
func message(err error) string {
	return strings.Join(strings.Fields(err.Error()), " ")
}

// billNotes says what a failed document has cost.
func billNotes(b sign.Bill) []string {
	var notes []string
	if text := amounts(b.UnknownSignatures, b.UnknownTimestamps); text != "" {
		notes = append(notes, "may have been charged: "+text)
	}
	if text := amounts(b.Signatures, b.Timestamps); text != "" {
		notes = append(notes, "charged: "+text)
	}
	if notes == nil {
		notes = append(notes, "nothing was charged")
	}
	return notes
}

func amounts(signatures, timestamps int) string {
	var parts []string
	if signatures > 0 {
		parts = append(parts, plural(signatures, "signature"))
	}
	if timestamps > 0 {
		parts = append(parts, plural(timestamps, "timestamp"))
	}
	return strings.Join(parts, ", ")
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
