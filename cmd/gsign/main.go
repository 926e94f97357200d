// SPDX-License-Identifier: Apache-2.0

// Command gsign signs PDF documents to PAdES with keys that live in the Digital Signing Service.
package main

import (
	"context"
	"math"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"gsign/internal/limits"
	"gsign/internal/term"
)

func main() {
	// A reader of our standard output that goes away is an error like any other, not a silent death.
	signal.Ignore(syscall.SIGPIPE)
	if debug.SetMemoryLimit(-1) == math.MaxInt64 { // nobody has set one
		debug.SetMemoryLimit(limits.Memory)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // the second Ctrl-C kills
	os.Exit(run(ctx, os.Args[1:], term.System()))
}
