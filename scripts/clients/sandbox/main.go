// SPDX-License-Identifier: Apache-2.0

// Command sandbox runs the signing service's sandbox for clients that are not gsign. It writes its files to -dir and,
// when told to stop, prints what it did as one JSON line.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"gsign/pkg/dssclient/dsstest"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "sandbox:", err)
		os.Exit(1)
	}
}

func run() error {
	dir := flag.String("dir", "", "write configuration, credentials and roots to `DIR`")
	production := flag.Bool("production", false, "use the signing chain of production accounts")
	verbose := flag.Bool("verbose", false, "write each request to standard error")
	flag.Parse()
	if *dir == "" {
		return fmt.Errorf("-dir is required")
	}
	var opts []dsstest.Option
	if *production {
		opts = append(opts, dsstest.WithProfile(dsstest.Production))
	}
	if *verbose {
		opts = append(opts, dsstest.WithObserver(func(r dsstest.Request) {
			fmt.Fprintln(os.Stderr, r.Status, r.Proto, r.Method, r.Path, r.Header)
		}))
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	srv, err := dsstest.NewServer(opts...)
	if err != nil {
		return err
	}
	defer srv.Close()
	if err := srv.WriteFiles(*dir); err != nil {
		return err
	}
	fmt.Println(srv.URL)
	if err := srv.Wait(ctx); err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(srv.Counters())
}
