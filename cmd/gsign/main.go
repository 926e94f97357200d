// SPDX-License-Identifier: Apache-2.0

// Command gsign signs PDF documents to PAdES with keys that live in the Digital Signing Service.
package main

import (
	"context"
	"math"
	"os"
	"os/signal"
	"runtime"
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
	if os.Getenv("GOGC") == "" {
		collectLater()
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // the second Ctrl-C kills
	os.Exit(run(ctx, os.Args[1:], term.System()))
}

// collectLater leaves out the garbage collections of the first 16 MiB, four times what is usual: most documents are signed
// before that, and collecting is a good part of what a small one costs. After the first everything is as usual.
func collectLater() {
	usual := debug.SetGCPercent(limits.FirstCollection)
	runtime.AddCleanup(&struct{ _ *int }{}, func(usual int) { debug.SetGCPercent(usual) }, usual)
}
