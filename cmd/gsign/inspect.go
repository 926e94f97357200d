// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"gsign/internal/config"
	"gsign/internal/inspect"
	"gsign/internal/sign"
	"gsign/internal/term"
)

type inspectFlags struct {
	json     bool
	settings map[string][]string
}

func (a *app) newInspect() *cobra.Command {
	f := &inspectFlags{}
	cmd := &cobra.Command{
		Use:   "inspect [flags] FILE",
		Short: "show what is in a PDF document",
		Long: `inspect shows the revisions of a PDF document and what each brought, its signature
fields, its signatures with their certificates and algorithms, its security store with
the age of what is in it, encryption, damage, and the conformance that it claims.
It judges nothing: gsign verify does. FILE may be -, standard input.`,
		Example: `  gsign inspect signed.pdf
  gsign inspect --json signed.pdf | jq .revisions`,
		Args: asUsage(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			f.settings = settingFlags(cmd)
			return a.runInspect(cmd.Context(), f, args[0])
		},
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return []string{"pdf"}, cobra.ShellCompDirectiveFilterFileExt
		},
	}
	addSettings(cmd, "config", "password_file")
	cmd.Flags().BoolVar(&f.json, "json", false, "print what is there as JSON")
	return cmd
}

func (a *app) runInspect(ctx context.Context, f *inspectFlags, file string) error {
	values, err := config.Resolve(&config.Sources{Flags: f.settings})
	if err != nil {
		return err
	}
	switch {
	case file == "":
		return &usageError{"a file name is empty", ""}
	case file == "-" && values.String("password_file") == "-":
		return &usageError{"standard input cannot be both the PDF and password_file", "put the secret into a file of mode 0600"}
	case file == "-" && term.IsTerminal(a.In):
		return &usageError{"standard input is a terminal, not a PDF", "name a file, or pipe one in"}
	}
	opts := &sign.ReadOptions{Stdin: a.In}
	if opts.Password, err = values.Password(a.In); err != nil {
		return err
	}
	if file != "-" && a.CanAsk() {
		opts.AskPassword = func(ctx context.Context, again bool) ([]byte, error) { return a.askPassword(ctx, file, again) }
	}
	in, err := sign.OpenReading(ctx, file, opts)
	if err != nil {
		return fmt.Errorf("inspect %s: %w", file, err)
	}
	defer in.Close()
	found, err := inspect.Document(ctx, in.Document)
	if err != nil {
		return fmt.Errorf("inspect %s: %w", file, in.Blame(err))
	}
	if err := in.Unchanged(); err != nil {
		return fmt.Errorf("inspect %s: %w", file, err)
	}
	r := newInspection(file, found)
	if f.json {
		e := json.NewEncoder(a.Out)
		e.SetIndent("", "  ")
		e.SetEscapeHTML(false)
		return e.Encode(r)
	}
	var b strings.Builder
	a.inspection(&b, r)
	_, err = io.WriteString(a.Out, b.String())
	return err
}

// inspection writes what is in a file for people.
func (a *app) inspection(b *strings.Builder, r *inspectResult) {
	fmt.Fprintf(b, "%s\n\n", a.Bold(term.Clean(named(r.File))))
	var l lines
	l.add("size", fmt.Sprintf("%s (%d bytes)", term.Bytes(r.Bytes), r.Bytes))
	l.add("version", r.Version)
	if r.Pages > 0 {
		l.add("pages", fmt.Sprint(r.Pages))
	}
	if len(r.Conformance) > 0 {
		l.add("claims to be", strings.Join(r.Conformance, ", "))
	}
	if r.Linearized {
		l.add("linearized", "yes")
	}
	if e := r.Encryption; e != nil {
		by := "user"
		if e.Owner {
			by = "owner"
		}
		l.add("encrypted", fmt.Sprintf("%s, V %d, R %d, permissions %d, opened as the %s", e.Filter, e.V, e.R, e.Permissions, by))
	}
	for i, d := range r.Damage {
		l.add(first(i, "damaged"), fmt.Sprintf("%s (at offset %d)", d.What, d.Offset))
	}
	for i, p := range r.Problems {
		l.add(first(i, "not readable"), p)
	}
	if len(r.EmptyFields) > 0 {
		l.add("empty fields", strings.Join(r.EmptyFields, ", "))
	}
	l.write(b, a.Streams, "  ")
	fmt.Fprintf(b, "\n  %s\n", a.Bold(plural(len(r.Revisions), "revision")))
	for i := range r.Revisions {
		rev := &r.Revisions[i]
		text := fmt.Sprintf("%d: bytes %d to %d (%s)", rev.Number, rev.Start, rev.End, term.Bytes(rev.Bytes))
		if rev.Objects >= 0 {
			text += ", " + plural(rev.Objects, "object")
		}
		for _, what := range rev.Brought {
			text += ", " + what
		}
		fmt.Fprintf(b, "    %s\n", term.Clean(text))
	}
	for i := range r.Signatures {
		a.inside(b, &r.Signatures[i])
	}
	a.storeText(b, &r.Store)
}

// inside writes one signature: its dictionary, its CMS, its certificates.
func (a *app) inside(b *strings.Builder, s *signatureInside) {
	fmt.Fprintf(b, "\n  %s\n", a.Bold(term.Clean(s.Kind+" "+s.Field)))
	var l lines
	l.add("dictionary", fmt.Sprintf("/Type %s, /Filter %s, /SubFilter %s; keys %s", s.Type, s.Filter, s.SubFilter, strings.Join(s.Keys, " ")))
	covers := fmt.Sprintf("ByteRange %v, up to byte %d", s.ByteRange, s.Covers)
	if s.WholeFile {
		covers += ", the whole file"
	}
	l.add("covers", covers)
	l.add("contents", fmt.Sprintf("%d bytes", s.Contents))
	for i := range s.Problems {
		l.add(first(i, "departs"), cite(&s.Problems[i]))
	}
	if !s.Time.IsZero() {
		l.add("claimed time", moment(s.Time))
	}
	l.add("claimed name", s.Name)
	l.add("reason", s.Reason)
	l.add("location", s.Location)
	l.add("contact", s.Contact)
	l.add("CMS", s.CMSProblem)
	if c := s.CMS; c != nil {
		encoding := "BER"
		if c.DER {
			encoding = "DER"
		}
		l.add("CMS", fmt.Sprintf("%d bytes, %s, %s, %s", c.Bytes, encoding, c.Digest, c.Algorithm))
		if !c.SigningTime.IsZero() {
			l.add("signing-time", moment(c.SigningTime))
		}
		l.add("signed", strings.Join(c.Signed, ", "))
		l.add("unsigned", strings.Join(c.Unsigned, ", "))
		if c.OCSPs+c.CRLs > 0 {
			l.add("embedded", plural(c.OCSPs, "OCSP response")+", "+plural(c.CRLs, "CRL"))
		}
		for i, t := range c.Timestamps {
			l.add(first(i, "timestamp"), tokenText(&t))
		}
		for i, cert := range c.Certificates {
			l.add(first(i, "certificates"), certificateText(cert))
		}
	}
	l.write(b, a.Streams, "    ")
}

func tokenText(t *tokenResult) string {
	if t.Problem != "" {
		return t.Problem
	}
	text := fmt.Sprintf("%s, %s imprint, policy %s", moment(t.Time), t.Imprint, t.Policy)
	if t.TSA != nil {
		text += ", by " + t.TSA.Subject
	}
	return text
}

func certificateText(c *certificateResult) string {
	return fmt.Sprintf("%s; by %s; %s to %s; %s", c.Subject, c.Issuer, moment(c.NotBefore), moment(c.NotAfter), c.Key)
}

// storeText writes the security store, with the ages of what is in it.
func (a *app) storeText(b *strings.Builder, s *securityStore) {
	if len(s.Certificates)+len(s.OCSPs)+len(s.CRLs) == 0 {
		return
	}
	fmt.Fprintf(b, "\n  %s\n", a.Bold("security store"))
	var l lines
	for i, c := range s.Certificates {
		l.add(first(i, "certificates"), certificateText(c))
	}
	n := 0
	for _, o := range s.OCSPs {
		if o.Problem != "" {
			l.add(first(n, "OCSP"), o.Problem)
			n++
		}
		for _, answer := range o.Answers {
			about := answer.Subject
			if about == "" {
				about = "serial number " + answer.Serial
			}
			l.add(first(n, "OCSP"), fmt.Sprintf("%s: %s, %s", about, answer.Status, dates(answer.ThisUpdate, answer.NextUpdate)))
			n++
		}
	}
	for i, c := range s.CRLs {
		text := fmt.Sprintf("%s: %s, %s", c.Issuer, plural(c.Revoked, "certificate")+" revoked", dates(c.ThisUpdate, c.NextUpdate))
		if c.Problem != "" {
			text = c.Problem
		}
		l.add(first(i, "CRL"), text)
	}
	l.write(b, a.Streams, "    ")
}

// dates tells the age of evidence, and until when it says that it is good.
func dates(from, until time.Time) string {
	age := time.Since(from)
	text := fmt.Sprintf("of %s, %s ago", moment(from), span(age))
	if age < 0 {
		text = fmt.Sprintf("of %s, in the future", moment(from))
	}
	if !until.IsZero() {
		text += ", until " + moment(until)
	}
	return text
}
