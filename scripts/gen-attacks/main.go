// SPDX-License-Identifier: Apache-2.0

// Command gen-attacks writes the attack files of package attacks, and the honest ones beside them, into a folder, for
// judges outside: each PDF, roots.pem with the certificates to trust, and expected.tsv with what must be said of each.
// The keys are made for the run and kept nowhere.
package main

import (
	"bytes"
	"context"
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"gsign/internal/changes/attacks"
)

// harness stands for a test: what makes certificates wants one.
type harness struct{ testing.TB }

func (harness) Helper()                  {}
func (harness) Context() context.Context { return context.Background() }

func (harness) Fatal(args ...any) { fail(fmt.Sprint(args...)) }

func (harness) Fatalf(format string, args ...any) { fail(fmt.Sprintf(format, args...)) }

func fail(what string) {
	fmt.Fprintln(os.Stderr, "gen-attacks:", what)
	os.Exit(1)
}

func main() {
	if len(os.Args) != 2 {
		fail("usage: gen-attacks DIR")
	}
	err := write(os.Args[1])
	if err != nil {
		fail(err.Error())
	}
}

func write(dir string) error {
	err := os.MkdirAll(dir, 0o755)
	if err != nil {
		return err
	}
	all, roots := attacks.All(harness{})
	var expected, trust bytes.Buffer
	for _, c := range roots {
		err := pem.Encode(&trust, &pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})
		if err != nil {
			return err
		}
	}
	expected.WriteString("file\tclass\twant\n")
	for _, c := range all {
		fmt.Fprintf(&expected, "%s.pdf\t%s\t%s\n", c.Name, c.Class, c.Want)
		err := os.WriteFile(filepath.Join(dir, c.Name+".pdf"), c.Bytes, 0o644)
		if err != nil {
			return err
		}
	}
	err = os.WriteFile(filepath.Join(dir, "roots.pem"), trust.Bytes(), 0o644)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "expected.tsv"), expected.Bytes(), 0o644)
}
