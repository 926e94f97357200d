// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"gsign/internal/config"
	"gsign/internal/sign"
	"gsign/internal/term"
	"gsign/pkg/pdfsig"
	"gsign/pkg/verify"
)

// maxReserve bounds --reserve: no timestamp token comes near a mebibyte.
const maxReserve = 1 << 20

// signFlags are the flags of gsign sign that are no settings.
type signFlags struct {
	field            string
	subject, da, san []string
	force, inPlace   bool
	json             string
	quiet, verbose   bool
	fresh, dryRun    bool
	dropXFA          bool
	reserve          int
	sandbox          bool
	sandboxRoots     string
	settings         map[string][]string
	in, out          string
}

func (a *app) newSign() *cobra.Command {
	f := &signFlags{}
	cmd := &cobra.Command{
		Use:   "sign [flags] IN OUT",
		Short: "sign a PDF document",
		Long: `sign appends a PAdES signature to the PDF document IN and writes the result to OUT.
The original is not rewritten, and OUT appears whole or not at all.

IN and OUT may be -, standard input and output. --in-place takes IN alone and
replaces it. Without --level the signature is B-LT: timestamped, and with all
evidence that is needed to validate it long after.

With --sandbox the settings about the service, its credentials and trust are not
used; those about the document (level, reason, location, contact, name) are.

A signature and a timestamp are charged for each document. --dry-run makes neither.

Attributes of --subject have the service's names or the usual short ones: CN, O, OU,
C, L, ST, email, given_name, surname, serial_number, or an object identifier.`,
		Example: `  gsign sign in.pdf out.pdf
  gsign sign --sandbox in.pdf out.pdf
  gsign sign --subject CN='Ada Lovelace' --reason approved --in-place contract.pdf
  gsign sign --json in.pdf out.pdf | jq .validates_until`,
		Args: func(_ *cobra.Command, args []string) error { return f.arguments(args) },
		RunE: func(cmd *cobra.Command, _ []string) error {
			f.settings = settingFlags(cmd)
			return a.runSign(cmd.Context(), f)
		},
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return []string{"pdf"}, cobra.ShellCompDirectiveFilterFileExt
		},
	}
	addSettings(cmd)
	f.add(cmd)
	help := cmd.HelpFunc()
	cmd.SetHelpFunc(func(cmd *cobra.Command, args []string) { // the flag library writes an optional value otherwise
		var b bytes.Buffer
		cmd.SetOut(&b)
		help(cmd, args)
		cmd.SetOut(nil)
		_, _ = io.WriteString(cmd.OutOrStdout(), strings.Replace(b.String(), `--json FILE[="-"]`, "--json[=FILE]    ", 1))
	})
	_ = cmd.RegisterFlagCompletionFunc("level", cobra.FixedCompletions([]string{"b-b", "b-t", "b-lt"}, cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

func (f *signFlags) add(cmd *cobra.Command) {
	fl := cmd.Flags()
	fl.StringVar(&f.field, "field", "", "`NAME` of the new signature field, or of an empty one that is signed in place")
	fl.StringArrayVar(&f.subject, "subject", nil, "attribute of the signer's subject, as `KEY=VALUE`; repeatable")
	fl.StringArrayVar(&f.da, "subject-da", nil, "subject directory attribute, as `KEY=VALUE`; repeatable")
	fl.StringArrayVar(&f.san, "san", nil, "alternative name (email, dns, ip, uri), as `KEY=VALUE`; repeatable")
	fl.BoolVar(&f.force, "force", false, "replace OUT")
	fl.BoolVar(&f.inPlace, "in-place", false, "replace IN")
	fl.StringVar(&f.json, "json", "", "print the result as JSON to standard output, or to `FILE` with --json=FILE")
	fl.Lookup("json").NoOptDefVal = "-"
	fl.BoolVarP(&f.quiet, "quiet", "q", false, "print errors only")
	fl.BoolVarP(&f.verbose, "verbose", "v", false, "print each call and its time")
	fl.BoolVar(&f.fresh, "require-fresh-revocation", false, "demand a revocation answer made after the timestamp")
	fl.BoolVar(&f.dryRun, "dry-run", false, "log in, read policy and quota, do all local work; sign and charge nothing")
	fl.BoolVar(&f.dropXFA, "drop-xfa", false, "remove the XFA part of a form that is complete without it")
	fl.IntVar(&f.reserve, "reserve", 0, fmt.Sprintf("room for the timestamp token, in `BYTES` (default %d)", pdfsig.TokenAllowance))
	fl.BoolVar(&f.sandbox, "sandbox", false, "sign with a service emulator inside the program; its certificates say TEST")
	fl.StringVar(&f.sandboxRoots, "sandbox-roots", "", "write the sandbox's roots to `DIR`, for validators")
}

// arguments checks what can be told from the command line alone.
func (f *signFlags) arguments(args []string) error {
	form := "the form is: gsign sign [flags] IN OUT"
	if len(args) > 2 && f.json == "-" {
		form = "--json=FILE, with an equals sign, writes the result to FILE; --json alone prints it"
	}
	switch {
	case len(args) == 0:
		return &usageError{"no input and no output named", form}
	case len(args) == 1 && !f.inPlace:
		return &usageError{"no output named", form + ", or gsign sign --in-place IN"}
	case len(args) > 2:
		return &usageError{fmt.Sprintf("%d files named, and two are needed", len(args)), form}
	case f.inPlace && f.force:
		return &usageError{"--in-place and --force contradict each other", "--in-place alone replaces IN"}
	case f.quiet && f.verbose:
		return &usageError{"--quiet and --verbose contradict each other", ""}
	case f.sandboxRoots != "" && !f.sandbox:
		return &usageError{"--sandbox-roots goes with --sandbox", ""}
	case f.reserve < 0 || f.reserve > maxReserve:
		return &usageError{fmt.Sprintf("--reserve must be between 0 and %d", maxReserve), ""}
	}
	f.in = args[0]
	if len(args) == 2 {
		f.out = args[1]
	}
	for _, arg := range args {
		if arg == "" {
			return &usageError{"a file name is empty", form}
		}
	}
	return nil
}

// runSign is flags → options → one call → print.
func (a *app) runSign(ctx context.Context, f *signFlags) error {
	a.Quiet = f.quiet
	result, file, err := a.options(ctx, f)
	if err != nil {
		e := explain(err, ctx.Err() != nil)
		result.Status = sign.StatusFailed
		result.Failure = &sign.Failure{Message: e.message, Hints: e.hints, ExitCode: e.code}
	}
	for _, w := range append(damageWarnings(f, result), result.Warnings...) {
		a.Warnf("%s", w)
	}
	return errors.Join(err, a.report(f, file, result))
}

// options collects them and signs. The result is never nil; file is where --json=FILE goes.
func (a *app) options(ctx context.Context, f *signFlags) (result *sign.Result, file *reportFile, err error) {
	result = &sign.Result{Input: sign.File{Path: f.in}}
	values, err := config.Resolve(&config.Sources{Flags: f.settings})
	if err != nil {
		return result, nil, err
	}
	for _, name := range values.Unknown() {
		a.Warnf("%s", unknownVariable(name))
	}
	if err := a.streamsAgree(f, values); err != nil {
		return result, nil, err
	}
	job, err := a.newJob(f, values)
	if err != nil {
		return result, nil, err
	}
	if file, err = openReport(f); err != nil {
		return result, nil, err
	}
	result, err = a.sign(ctx, f, values, job)
	return result, file, err
}

// testOnlyWithTimeout lets tests say when the time is up.
var testOnlyWithTimeout = context.WithTimeout

// sign takes the document its way, within --timeout. The result is never nil.
func (a *app) sign(ctx context.Context, f *signFlags, values *config.Values, job *sign.Job) (*sign.Result, error) {
	result := &sign.Result{Input: sign.File{Path: f.in}}
	if err := job.Check(); err != nil {
		return result, err
	}
	if timeout, err := values.Timeout(); err != nil {
		return result, err
	} else if timeout > 0 {
		limited, cancel := testOnlyWithTimeout(ctx, timeout)
		defer cancel()
		result, err := a.run(limited, f, values, job)
		if err != nil && ctx.Err() == nil && limited.Err() != nil {
			err = &timeoutError{timeout, err}
		}
		return result, err
	}
	return a.run(ctx, f, values, job)
}

// run makes the service and hands it the document.
func (a *app) run(ctx context.Context, f *signFlags, values *config.Values, job *sign.Job) (*sign.Result, error) {
	service, closeService, err := a.newService(ctx, f, values)
	if err != nil {
		return &sign.Result{Input: sign.File{Path: f.in}}, err
	}
	defer closeService()
	stop := a.Watch(func() string { return fmt.Sprintf("gsign: %s %s", filepath.Base(f.in), job.Progress) })
	defer stop()
	return service.Run(ctx, job)
}

// streamsAgree refuses two uses of one stream.
func (a *app) streamsAgree(f *signFlags, values *config.Values) error {
	stdinFor, err := values.UsesStdin()
	switch {
	case err != nil:
		return err
	case f.in == "-" && stdinFor != "" && (!f.sandbox || stdinFor == "password_file"):
		return &usageError{"standard input cannot be both the PDF and " + stdinFor, "put the secret into a file of mode 0600"}
	case f.in == "-" && term.IsTerminal(a.In):
		return &usageError{"standard input is a terminal, not a PDF", "name a file, or pipe one in"}
	case f.out == "-" && f.json == "-":
		return &usageError{"standard output cannot be both the PDF and the JSON result", "--json=FILE writes the result elsewhere"}
	case f.out == "-" && a.OutTerminal:
		return &usageError{"a PDF does not belong on a terminal", "name a file, or redirect standard output"}
	}
	return nil
}

// newJob collects what concerns the document.
func (a *app) newJob(f *signFlags, values *config.Values) (*sign.Job, error) {
	job := &sign.Job{
		In: f.in, Out: f.out, Stdin: a.In, Stdout: a.Out, InPlace: f.inPlace, Force: f.force,
		RequireFresh: f.fresh, Sum: f.json != "", DryRun: f.dryRun, Progress: &sign.Progress{},
		PDF: pdfsig.Options{
			Field: f.field, Reason: values.String("reason"), Location: values.String("location"),
			ContactInfo: values.String("contact"), Name: values.String("name"), Reserve: f.reserve, DropXFA: f.dropXFA,
		},
	}
	var err error
	if job.Strict, err = values.Bool("strict"); err != nil {
		return nil, err
	}
	if job.Level, err = parseLevel(values.String("level"), values.Origin("level")); err != nil {
		return nil, err
	}
	if job.Reread, err = values.Bool("reread"); err != nil {
		return nil, err
	}
	if job.Password, err = values.Password(a.In); err != nil {
		return nil, err
	}
	if f.in != "-" && a.CanAsk() {
		job.AskPassword = func(ctx context.Context, again bool) ([]byte, error) { return a.askPassword(ctx, f.in, again) }
	}
	if f.fresh && job.Level < verify.BLT {
		return nil, &usageError{"--require-fresh-revocation needs --level b-lt", ""}
	}
	if !f.sandbox || f.settings["trust"] != nil { // roots of the real world do not fit the sandbox
		if job.Roots, err = values.Trust(); err != nil {
			return nil, err
		}
	}
	if job.ExtraCerts, err = values.ExtraCerts(); err != nil {
		return nil, err
	}
	return job, nil
}

// askPassword asks for the password of an encrypted document.
func (a *app) askPassword(ctx context.Context, name string, again bool) ([]byte, error) {
	if again {
		return a.Password(ctx, "that is not the password of "+name+", try again")
	}
	return a.Password(ctx, "password of "+name)
}

func unknownVariable(name string) string {
	if like := config.NearestVariable(name); like != "" {
		return fmt.Sprintf("%s is no setting and has no effect; did you mean %s?", name, like)
	}
	return name + " is no setting and has no effect"
}

func parseLevel(text, origin string) (verify.Level, error) {
	switch strings.ToLower(text) {
	case "b-b":
		return verify.BB, nil
	case "b-t":
		return verify.BT, nil
	case "b-lt", "":
		return verify.BLT, nil
	}
	return verify.None, &usageError{fmt.Sprintf("there is no level %q (from %s)", text, origin), "the levels are b-b, b-t and b-lt"}
}

func same(a, b string) bool {
	if b == "" || b == "-" {
		return false
	}
	if fa, err := os.Stat(a); err == nil {
		if fb, err := os.Stat(b); err == nil {
			return os.SameFile(fa, fb)
		}
	}
	pa, err := filepath.Abs(a)
	if err != nil {
		return false
	}
	pb, err := filepath.Abs(b)
	return err == nil && pa == pb
}
