// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"gsign/internal/config"
	"gsign/internal/guard"
	"gsign/internal/limits"
	"gsign/internal/sign"
	"gsign/internal/term"
	"gsign/pkg/ltv"

	"gsign/pkg/verify"
)

// verifySettings are the settings that gsign verify takes.
var verifySettings = []string{"config", "trust", "password_file"}

// verifyFlags are the flags of gsign verify that are no settings.
type verifyFlags struct {
	trustSystem     bool
	trustSandbox    []string
	trustLists      []string
	listSigners     []string
	listUnverified  bool
	listOutdated    bool
	at              string
	require         string
	requireSigner   []string
	wholeDocument   bool
	field           string
	online, offline bool
	allowPrivate    bool
	json            bool
	report          string
	quiet, verbose  bool
	settings        map[string][]string

	time    time.Time
	level   verify.Level
	signers [][]distinguished
}

func (a *app) newVerify() *cobra.Command {
	f := &verifyFlags{}
	cmd := &cobra.Command{
		Use:   "verify [flags] FILE…",
		Short: "verify the signatures of PDF documents",
		Long: `verify judges every signature and timestamp of the PDF documents in the order of
EN 319 102-1, and names what later revisions changed. FILE may be -, standard input.

Nothing is trusted that is not named: --trust takes root certificates (PEM, DER or
PKCS #7, or a folder of them), --trust-system those of this machine, which are meant
for TLS, --trust-sandbox those of gsign sandbox, --trust-list the services of EU
trusted lists. Without any, no signature is better than INDETERMINATE. The setting
trust counts as --trust, and the output says so.

What is judged by is in the file; with --online, certificates and revocation
evidence that it lacks are asked for where its certificates say, by http and https.
Addresses that are not of the public internet are refused unless --allow-private.

Exit codes: 0 every signature passed and no change is suspicious, 10 TOTAL-FAILED
or a forbidden change, 11 INDETERMINATE, a suspicious change, or below what was asked,
12 no signature, 2 usage, 7 not a PDF that can be read. Of several files: 10
before 11 before 12 before the others.

--json prints one object on one line for each file.`,
		Example: `  gsign verify --trust roots/ signed.pdf
  gsign verify --trust roots/ --require b-lt --require-signer 'CN=Ada Lovelace' *.pdf
  gsign verify --trust-list lotl.xml --trust-list de.xml --trust-list-signer oj.pem signed.pdf
  gsign verify --trust roots/ --at 2027-01-01 --json signed.pdf | jq .verdict`,
		Args: asUsage(func(_ *cobra.Command, args []string) error { return f.arguments(args) }),
		RunE: func(cmd *cobra.Command, args []string) error {
			f.settings = settingFlags(cmd)
			return a.runVerify(cmd.Context(), f, args)
		},
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return []string{"pdf"}, cobra.ShellCompDirectiveFilterFileExt
		},
	}
	addSettings(cmd, verifySettings...)
	fl := cmd.Flags()
	fl.BoolVar(&f.trustSystem, "trust-system", false, "trust the roots of this machine")
	fl.StringArrayVar(&f.trustSandbox, "trust-sandbox", nil, "trust the roots that gsign sandbox wrote to `DIR`; repeatable")
	fl.StringArrayVar(&f.trustLists, "trust-list", nil, "trust the services of the EU trusted list `FILE` (ETSI TS 119 612), or of a folder's .xml files; repeatable")
	fl.StringArrayVar(&f.listSigners, "trust-list-signer", nil, "`FILE` or folder with certificates of those who sign trusted lists; repeatable")
	fl.BoolVar(&f.listUnverified, "trust-list-unverified", false, "take trusted lists whoever signed them, and changed or not")
	fl.BoolVar(&f.listOutdated, "trust-list-outdated", false, "take trusted lists that are out of date")
	fl.StringVar(&f.at, "at", "", "judge as of `TIME`, like 2026-11-22 or 2026-11-22T12:00:00Z (default: now)")
	fl.StringVar(&f.require, "require", "", "`LEVEL` that each signature must reach: b-b, b-t, b-lt or b-lta")
	fl.StringArrayVar(&f.requireSigner, "require-signer", nil, "attributes of the subject of one who must have signed, as `CN=…,O=…`; repeatable")
	fl.BoolVar(&f.wholeDocument, "require-whole-document", false, "permit nothing but evidence and timestamps after the newest signature")
	fl.StringVar(&f.field, "field", "", "judge the signature of the field `NAME` alone")
	fl.BoolVar(&f.offline, "offline", false, "use only what is in the file (the default)")
	fl.BoolVar(&f.online, "online", false, "ask for certificates and evidence that the file lacks")
	fl.BoolVar(&f.allowPrivate, "allow-private", false, "with --online, also ask at loopback and private addresses")
	fl.BoolVar(&f.json, "json", false, "print the result as JSON, one line for each file")
	fl.StringVar(&f.report, "report", "", "print one page about all files to standard output, as `html`")
	fl.BoolVarP(&f.quiet, "quiet", "q", false, "print errors only")
	fl.BoolVarP(&f.verbose, "verbose", "v", false, "print chains, algorithms, proofs, all evidence, and each download")
	_ = cmd.RegisterFlagCompletionFunc("report", cobra.FixedCompletions([]string{"html"}, cobra.ShellCompDirectiveNoFileComp))
	_ = cmd.RegisterFlagCompletionFunc("require", cobra.FixedCompletions([]string{"b-b", "b-t", "b-lt", "b-lta"}, cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

var levels = map[string]verify.Level{"": verify.None, "b-b": verify.BB, "b-t": verify.BT, "b-lt": verify.BLT, "b-lta": verify.BLTA}

// arguments checks what can be told from the command line alone.
func (f *verifyFlags) arguments(args []string) error {
	stdin := 0
	for _, arg := range args {
		if arg == "" {
			return &usageError{"a file name is empty", ""}
		}
		if arg == "-" {
			stdin++
		}
	}
	level, known := levels[strings.ToLower(f.require)]
	switch {
	case len(args) == 0:
		return &usageError{"no file named", "the form is: gsign verify [flags] FILE…"}
	case stdin > 1:
		return &usageError{"standard input can be read once only", ""}
	case f.quiet && f.verbose:
		return &usageError{"--quiet and --verbose contradict each other", ""}
	case f.online && f.offline:
		return &usageError{"--online and --offline contradict each other", ""}
	case f.allowPrivate && !f.online:
		return &usageError{"--allow-private goes with --online", ""}
	case f.report != "" && f.report != "html":
		return &usageError{fmt.Sprintf("there is no report %q", f.report), "the one kind of report is html"}
	case f.report != "" && (f.json || f.quiet):
		return &usageError{"--report goes to standard output, as --json does, and not with --quiet", ""}
	case !known:
		return &usageError{fmt.Sprintf("there is no level %q", f.require), "the levels are b-b, b-t, b-lt and b-lta"}
	}
	if err := f.listArguments(); err != nil {
		return err
	}
	f.level = level
	for _, text := range f.requireSigner {
		name, err := parseName(text)
		if err != nil {
			return err
		}
		f.signers = append(f.signers, name)
	}
	f.time = time.Now().UTC()
	if f.at != "" {
		var err error
		f.time, err = parseMoment(f.at)
		return err
	}
	return nil
}

// verifier is what the verification of several files shares.
type verifier struct {
	*app
	flags    *verifyFlags
	trust    *anchors
	password []byte
	online   *ltv.Online
}

// runVerify is flags → one call a file → print.
func (a *app) runVerify(ctx context.Context, f *verifyFlags, files []string) error {
	a.Quiet = f.quiet
	v, err := a.newVerifier(f, files)
	if err != nil {
		return err
	}
	worst := &verdictError{}
	var results []*fileResult
	for i, file := range files {
		if len(files) > 1 {
			a.Status(fmt.Sprintf("gsign: %d of %d: %s", i+1, len(files), file))
		}
		r, err := v.verify(ctx, file)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		a.Status("")
		if r.Verdict != verdictPassed {
			worst.count(r, err, len(files))
		}
		if f.report != "" {
			results = append(results, r)
			continue
		}
		err = v.print(r, len(files) > 1)
		if err != nil {
			return fmt.Errorf("print the result of %s: %w", file, err)
		}
	}
	if f.report != "" {
		if err := writeReport(a.Out, results); err != nil {
			return fmt.Errorf("print the report: %w", err)
		}
	} else if len(files) > 1 && !f.json && !f.quiet {
		fmt.Fprintf(a.Out, "\n%s\n", worst.summary(len(files)))
	}
	return worst.orNil(len(files))
}

func (a *app) newVerifier(f *verifyFlags, files []string) (*verifier, error) {
	values, err := config.Resolve(&config.Sources{Flags: f.settings})
	if err != nil {
		return nil, err
	}
	for _, name := range values.Unknown() {
		a.Warnf("%s", unknownVariable(name))
	}
	for _, file := range files {
		switch {
		case file == "-" && values.String("password_file") == "-":
			return nil, &usageError{"standard input cannot be both the PDF and password_file", "put the secret into a file of mode 0600"}
		case file == "-" && term.IsTerminal(a.In):
			return nil, &usageError{"standard input is a terminal, not a PDF", "name a file, or pipe one in"}
		}
	}
	v := &verifier{app: a, flags: f}
	if v.trust, err = loadTrust(f, values); err != nil {
		return nil, err
	}
	if v.password, err = values.Password(a.In); err != nil {
		return nil, err
	}
	if f.online {
		transport := guard.Transport(&guard.Options{AllowPrivate: f.allowPrivate})
		if f.verbose {
			transport = &loggedTransport{a, transport}
		}
		v.online = &ltv.Online{Client: &http.Client{Transport: transport}}
	}
	return v, nil
}

// verify judges one file. The result is never nil; an error says that there is no verdict.
func (v *verifier) verify(ctx context.Context, file string) (*fileResult, error) {
	r := &fileResult{
		File: file, Time: v.flags.time, Trust: append([]string{}, v.trust.said...), TrustLists: v.trust.lists, Online: v.flags.online,
		Reasons: []string{}, Signatures: []signatureResult{},
	}
	err := v.judge(ctx, r)
	if err != nil {
		err = fmt.Errorf("verify %s: %w", file, err)
		e := explain(err, ctx.Err() != nil)
		r.Verdict, r.ExitCode, r.Reasons = verdictUnread, e.code, []string{e.message}
		r.Error = &sign.Failure{Message: e.message, Hints: e.hints, ExitCode: e.code}
		r.hints = e.hints
		return r, err
	}
	r.ExitCode = verdictCodes[r.Verdict]
	return r, nil
}

func (v *verifier) judge(ctx context.Context, r *fileResult) error {
	opts := &sign.ReadOptions{Stdin: v.In, Password: v.password}
	if r.File != "-" && v.CanAsk() {
		opts.AskPassword = func(ctx context.Context, again bool) ([]byte, error) { return v.askPassword(ctx, r.File, again) }
	}
	in, err := sign.OpenReading(ctx, r.File, opts)
	if err != nil {
		return err
	}
	defer in.Close()
	r.Bytes = in.Size()
	vo := &verify.Options{
		Roots: v.trust.certs, AnchorSet: v.trust.set, Field: v.flags.field, Require: v.flags.level, RequireWholeDocument: v.flags.wholeDocument,
		Changes: true, Time: v.flags.time, Document: in.Document, Password: in.Password,
	}
	if v.online != nil {
		limited, cancel := context.WithTimeout(ctx, limits.QuestionsTime)
		defer cancel()
		vo.Source = &rationed{online: v.online, until: limited, left: limits.Questions}
	}
	report, err := verify.Verify(ctx, in.ReaderAt(), in.Size(), vo)
	for _, d := range in.Document.Damage() {
		r.Damage = append(r.Damage, sign.Damage(d))
	}
	if report == nil {
		return in.Blame(err)
	}
	unsound, _ := errors.AsType[*verify.Error](err)
	unmet, _ := errors.AsType[*verify.DemandError](err)
	if err != nil && unsound == nil && unmet == nil && !errors.Is(err, verify.ErrNoSignature) {
		return err
	}
	v.conclude(r, report, unmet)
	return in.Unchanged()
}

// rationed asks online, so often and so long for one file.
type rationed struct {
	online *ltv.Online
	until  context.Context //nolint:containedctx // the deadline of one file
	left   int
}

var errRation = errors.New("this file has asked for enough")

func (s *rationed) next() error {
	if s.until.Err() != nil {
		return fmt.Errorf("%w: no more after %s", errRation, limits.QuestionsTime)
	}
	if s.left--; s.left < 0 {
		return fmt.Errorf("%w: no more than %d questions", errRation, limits.Questions)
	}
	return nil
}

// Evidence implements [ltv.Source].
func (s *rationed) Evidence(_ context.Context, cert, issuer *x509.Certificate) (ltv.Evidence, error) {
	if err := s.next(); err != nil {
		return ltv.Evidence{}, err
	}
	return s.online.Evidence(s.until, cert, issuer)
}

// Issuers implements [ltv.IssuerSource].
func (s *rationed) Issuers(_ context.Context, cert *x509.Certificate) (ltv.Evidence, error) {
	if err := s.next(); err != nil {
		return ltv.Evidence{}, err
	}
	return s.online.Issuers(s.until, cert)
}
