// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"sync"

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
	for _, m := range f.more {
		a.Errorf("%s", m)
	}
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
		Short: "sign PDF documents to PAdES B-LT, and verify them",
		Long: `gsign signs PDF documents to PAdES B-LT with keys that live in GlobalSign's
Digital Signing Service. The original is never rewritten: a signature is appended.

  gsign sign in.pdf out.pdf             sign
  gsign sign --sandbox in.pdf out.pdf   try it without an account
  gsign verify --trust roots/ out.pdf   verify
  gsign inspect out.pdf                 show what is in a document
  gsign sandbox --dir DIR               run the service's emulator on this machine

Exit codes: 0 done, 1 failure, 2 usage, 4 credentials, 5 quota or rate limit,
6 service or network unreachable and nothing charged, 7 input cannot be signed,
8 level asked for cannot be reached, 9 outcome of a billed call unknown,
10 a signature failed or the document was changed against it, 11 indeterminate or
below what was asked, 12 no signature, 130 interrupted.`,
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
	root.AddCommand(a.newSign(), a.newVerify(), a.newInspect(), a.newSandbox(), a.newVersion())
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	for _, cmd := range root.Commands() {
		switch cmd.Name() {
		case "help":
			cmd.Args = asUsage(func(_ *cobra.Command, args []string) error { return helpTopic(root, args) })
		case "completion":
			cmd.Args = asUsage(shellNamed)
			cmd.RunE = func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
		}
	}
	return root
}

func helpTopic(root *cobra.Command, args []string) error {
	if _, rest, err := root.Find(args); err != nil || len(rest) > 0 {
		return &usageError{fmt.Sprintf("there is no command %q", strings.Join(args, " ")), suggest(root, args[0])}
	}
	return nil
}

func shellNamed(_ *cobra.Command, args []string) error {
	if len(args) > 0 {
		return &usageError{fmt.Sprintf("there is no completion for %q", args[0]), "the shells are bash, zsh, fish and powershell"}
	}
	return nil
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
	if strings.HasSuffix(problem, "unknown flag: --password") {
		e.hint = "other users see a command line: use --password-file"
		return e
	}
	for _, secret := range []string{"--api-secret", "--api-key", "--client-p12-password"} {
		if strings.HasSuffix(problem, "unknown flag: "+secret) {
			e.hint = fmt.Sprintf("other users see a command line: use GSIGN_%s or %s-file",
				strings.ToUpper(strings.ReplaceAll(strings.TrimPrefix(secret, "--"), "-", "_")), secret)
		}
	}
	name, unknown := strings.CutPrefix(problem, "unknown flag: --")
	switch {
	case unknown && e.hint == cmd.CommandPath()+" --help lists the flags":
		if near := nearestFlag(cmd, name); near != "" {
			e.hint = "did you mean --" + near
		}
	case strings.HasPrefix(problem, "unknown shorthand flag"):
		if _, word, ok := strings.Cut(problem, " in "); ok && strings.Contains(word, ".") {
			e.hint = "a file whose name begins with a dash is named ./" + word
		}
	}
	return e
}

// flagInUsage is a flag at the start of a line of the help.
var flagInUsage = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`(?m)^ +(?:-\w, )?--([\w-]+)`) })

// nearestFlag returns the flag whose name differs from a word in the fewest letters, none when all differ in many.
func nearestFlag(cmd *cobra.Command, word string) string {
	best, least := "", min(3, len(word)/2+1)
	for _, found := range flagInUsage().FindAllStringSubmatch(cmd.Flags().FlagUsages(), -1) {
		if d := distance(found[1], word); d < least {
			best, least = found[1], d
		}
	}
	return best
}

// distance is the number of letters to insert, remove or replace (Levenshtein).
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			replace := diagonal
			if a[i] != b[j] {
				replace++
			}
			diagonal = row[j+1]
			row[j+1] = min(replace, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
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
