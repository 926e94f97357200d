// SPDX-License-Identifier: Apache-2.0

// Command gen-defects writes the files of package defects into a folder, testdata/defects: each PDF, beside it a header that
// tells what is wrong with it and what must be said of it, and root.pem with the certificates to trust. The keys are made for the
// run and kept nowhere. What judges said in headers that are there stays.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"testing"

	"gsign/internal/defects"
)

// harness stands for a test: what makes certificates wants one.
type harness struct{ testing.TB }

func (harness) Helper()                  {}
func (harness) Context() context.Context { return context.Background() }

func (harness) Fatal(args ...any) { fail(fmt.Sprint(args...)) }

func (harness) Fatalf(format string, args ...any) { fail(fmt.Sprintf(format, args...)) }

func fail(what string) {
	fmt.Fprintln(os.Stderr, "gen-defects:", what)
	os.Exit(1)
}

func main() {
	headers := flag.Bool("headers", false, "write the headers anew, and leave the files")
	flag.Parse()
	if flag.NArg() != 1 {
		fail("usage: gen-defects [-headers] DIR")
	}
	all, roots := defects.All(harness{})
	var err error
	if *headers {
		err = defects.WriteHeaders(flag.Arg(0), all)
	} else {
		err = defects.Write(flag.Arg(0), all, roots)
	}
	if err != nil {
		fail(err.Error())
	}
}
