// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"gsign/internal/sign"
	"gsign/internal/term"
)

// printJSON writes the result as one JSON object; see sign.Result for the contract.
func printJSON(w io.Writer, r *sign.Result) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(r)
}

// printText writes the result for people.
func printText(w io.Writer, s *term.Streams, r *sign.Result) error {
	var b strings.Builder
	if r.Status == sign.StatusDryRun {
		fmt.Fprintf(&b, "%s\n\n", s.Bold("dry run: nothing was signed or charged"))
		rows(&b, s, dryRunRows(r))
	} else {
		fmt.Fprintf(&b, "%s %s\n\n", s.Green("✓"), s.Bold(term.Clean(outputName(r))+" signed to "+r.Level))
		rows(&b, s, signedRows(r))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func outputName(r *sign.Result) string {
	switch {
	case r.Output == nil:
		return r.Input.Path
	case r.Output.Path == "-":
		return "standard output"
	}
	return r.Output.Path
}

func signedRows(r *sign.Result) [][2]string {
	out := [][2]string{{"signer", signer(r.Signer)}, {"organization", r.Signer.Company}, {"field", r.Field}}
	if !r.Time.IsZero() {
		out = append(out, [2]string{"time", moment(r.Time) + ", from the timestamp"})
	}
	if e := r.Embedded; e != nil {
		out = append(out,
			[2]string{"embedded", fmt.Sprintf("%s, %s, %s", plural(e.Certificates, "certificate"), plural(e.OCSPResponses, "OCSP response"), plural(e.CRLs, "CRL"))},
			[2]string{"revocation", string(r.Revocation)},
			[2]string{"anchor", string(r.Anchor)})
	}
	if !r.ValidatesUntil.IsZero() {
		out = append(out, [2]string{"validates until", moment(r.ValidatesUntil)})
	}
	return append(out,
		[2]string{"original", term.Bytes(r.Input.Bytes) + ", unchanged in the output's first bytes"},
		[2]string{"original sha256", r.Output.PrefixSHA256},
		[2]string{"fast web view", fastWebView(r)},
		[2]string{"calls", calls(r)},
		[2]string{"billed", billed(r.Billed)})
}

// damageWarnings tells what was wrong with the document and has been recovered: the first item, and all with --verbose.
func damageWarnings(f *signFlags, r *sign.Result) []string {
	if len(r.Damage) == 0 {
		return nil
	}
	var items []string
	for _, d := range r.Damage {
		item := d.What
		if d.Offset >= 0 {
			item += fmt.Sprintf(" (at offset %d)", d.Offset)
		}
		items = append(items, item)
	}
	text := fmt.Sprintf("%s is damaged, and was read in the one way it can be: %s", f.in, term.Clean(items[0]))
	if n := len(items) - 1; n > 0 && !f.verbose {
		text += fmt.Sprintf(", and %d more; --verbose lists all", n)
	}
	warnings := []string{text}
	if f.verbose {
		for _, item := range items[1:] {
			warnings = append(warnings, "damaged: "+term.Clean(item))
		}
	}
	return warnings
}

// fastWebView is what becomes of a linearized document.
func fastWebView(r *sign.Result) string {
	if !r.FastWebView {
		return ""
	}
	return "lost: the document was linearized, and nothing may be inserted into it"
}

// signer is who signed, in the words people use; the JSON result has the whole subject.
func signer(c *sign.Certificate) string {
	if c.Name == "" {
		return c.Subject
	}
	return c.Name
}

func dryRunRows(r *sign.Result) [][2]string {
	would := "1 signature"
	if r.Level != "B-B" {
		would += ", 1 timestamp"
	}
	return [][2]string{
		{"would sign", fmt.Sprintf("%s (%s)", r.Input.Path, term.Bytes(r.Input.Bytes))},
		{"original sha256", r.Input.SHA256},
		{"to", r.Output.Path},
		{"level", r.Level},
		{"fast web view", fastWebView(r)},
		{"would charge", would},
		{"quota left", fmt.Sprintf("%d signatures, %d timestamps", r.Quota.Signatures, r.Quota.Timestamps)},
		{"calls", calls(r)},
	}
}

func rows(b *strings.Builder, s *term.Streams, table [][2]string) {
	width := 0
	for _, row := range table {
		width = max(width, len(row[0]))
	}
	for _, row := range table {
		if row[1] == "" {
			continue
		}
		fmt.Fprintf(b, "  %s%s %s\n", s.Faint(row[0]+":"), strings.Repeat(" ", width-len(row[0])), term.Clean(row[1]))
	}
}

func moment(t time.Time) string { return t.UTC().Format(time.DateTime + " UTC") }

// calls lists the calls in the order they are made.
func calls(r *sign.Result) string {
	var parts []string
	total := 0
	for _, op := range []string{"login", "validationpolicy", "identity", "trustchain", "certificate_path", "quotas", "counters", "sign", "timestamp"} {
		n := r.Calls[op]
		total += n
		switch {
		case n == 1:
			parts = append(parts, op)
		case n > 1:
			parts = append(parts, fmt.Sprintf("%s ×%d", op, n))
		}
	}
	return fmt.Sprintf("%d (%s)", total, strings.Join(parts, ", "))
}

func billed(b sign.Bill) string {
	if text := amounts(b.Signatures, b.Timestamps); text != "" {
		return text
	}
	return "nothing"
}
