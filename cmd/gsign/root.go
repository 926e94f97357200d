// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"gsign/internal/term"
)

// app is what all commands share.
type app struct {
	*term.Streams
}

// usageError is a command line that cannot be meant.
type usageError struct {
	problem string
	hint    string
}

func (e *usageError) Error() string { return e.problem }

// run executes one command line and returns the exit code.
func run(ctx context.Context, args []string, streams *term.Streams) int {
	a := &app{streams}
	root := a.newRoot()
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return codeDone
	}
	a.Status("")
	f := explain(err, ctx.Err() != nil)
	a.Errorf("%s", f.message)
	for _, n := range f.notes {
		a.Notef("%s", n)
	}
	for _, h := range f.hints {
		a.Hintf("%s", h)
	}
	return f.code
}

func (a *app) newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:   "gsign",
		Short: "sign PDF documents to PAdES B-LT through the Digital Signing Service",
		Long: `gsign signs PDF documents to PAdES B-LT with keys that live in GlobalSign's
Digital Signing Service. The original is never rewritten: a signature is appended.

  gsign sign in.pdf out.pdf             sign
  gsign sign --sandbox in.pdf out.pdf   try it without an account
  gsign sandbox --dir DIR               run the service's emulator on this machine

Exit codes: 0 done, 1 failure, 2 usage, 4 credentials, 5 quota or rate limit,
6 service or network unreachable and nothing charged, 7 input cannot be signed,
8 level asked for cannot be reached, 9 outcome of a billed call unknown,
130 interrupted.`,
		Version:       versionText(),
		SilenceErrors: true,
		SilenceUsage:  true,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return &usageError{fmt.Sprintf("there is no command %q", args[0]), suggest(cmd, args[0])}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SuggestionsMinimumDistance = 2
	root.SetIn(a.In)
	root.SetOut(a.Out)
	root.SetErr(a.Err)
	root.SetVersionTemplate("{{.Version}}\n")
	root.SetFlagErrorFunc(flagError)
	root.AddCommand(a.newSign(), a.newSandbox(), a.newVersion())
	return root
}

func suggest(cmd *cobra.Command, word string) string {
	if near := cmd.SuggestionsFor(word); len(near) > 0 {
		return "did you mean gsign " + near[0]
	}
	return "gsign --help lists the commands"
}

// flagError turns the flag library's words into ours.
func flagError(cmd *cobra.Command, err error) error {
	problem := err.Error()
	e := &usageError{problem: strings.ToLower(problem[:1]) + problem[1:], hint: cmd.CommandPath() + " --help lists the flags"}
	for _, secret := range []string{"--api-secret", "--api-key", "--client-p12-password"} {
		if strings.HasSuffix(problem, "unknown flag: "+secret) {
			e.hint = fmt.Sprintf("other users see a command line: use GSIGN_%s or %s-file",
				strings.ToUpper(strings.ReplaceAll(strings.TrimPrefix(secret, "--"), "-", "_")), secret)
		}
	}
	return e
}

// asUsage marks what cobra says about arguments.
func asUsage(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if err := check(cmd, args); err != nil {
			if usage, ok := errors.AsType[*usageError](err); ok {
				return usage
			}
			return &usageError{err.Error(), "the form is: " + cmd.UseLine()}
		}
		return nil
	}
}
