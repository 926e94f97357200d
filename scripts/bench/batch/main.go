// SPDX-License-Identifier: Apache-2.0

// Command batch signs one PDF many times in one process, as a server does, and prints what that cost: identity, trust
// chain and evidence are warm before the counting begins.
//
// usage: batch -config FILE [-n N] [-at-once N] [-ask-again] [-level LEVEL] [-cpuprofile FILE] IN DIR
//
// With -ask-again the signer's responder is asked after each timestamp, as the command does. Without it that step is left out: the answer that
// came with the certificate is the evidence. What asking costs, waiting and embedding its answer included, is the difference.
package main

import (
	"context"
	"crypto/x509"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"gsign/internal/config"
	"gsign/internal/sign"
	"gsign/pkg/dssclient"
	"gsign/pkg/ltv"
	"gsign/pkg/verify"
	"gsign/scripts/bench/usage"
)

func main() {
	conf := flag.String("config", "", "configuration of a running sandbox")
	n := flag.Int("n", 500, "documents")
	atOnce := flag.Int("at-once", 16, "documents at the same time: they wait for the clock, not for each other")
	again := flag.Bool("ask-again", false, "ask the signer's responder after each timestamp")
	level := flag.String("level", "b-lt", "b-b, b-t or b-lt")
	profile := flag.String("cpuprofile", "", "write a profile to this file")
	allocs := flag.String("memprofile", "", "write a profile of all allocations to this file")
	flag.Parse()
	if *allocs != "" {
		runtime.MemProfileRate = 4096
	}
	if flag.NArg() != 2 {
		flag.Usage()
		os.Exit(2)
	}
	b := &batch{in: flag.Arg(0), dir: flag.Arg(1), level: map[string]verify.Level{"b-b": verify.BB, "b-t": verify.BT, "b-lt": verify.BLT}[*level]}
	if err := b.run(context.Background(), *conf, *n, *atOnce, *again, *profile); err != nil {
		fmt.Fprintln(os.Stderr, "batch:", err)
		os.Exit(1)
	}
	if *allocs != "" {
		if f, err := os.Create(*allocs); err == nil {
			_ = pprof.Lookup("allocs").WriteTo(f, 0)
			_ = f.Close()
		}
	}
}

// remembering does not ask again.
type remembering struct{ online *ltv.Online }

func (r remembering) Evidence(ctx context.Context, cert, issuer *x509.Certificate) (ltv.Evidence, error) {
	return r.online.Evidence(ctx, cert, issuer)
}

var errNotAsked = errors.New("not asked again")

func (r remembering) Refresh(context.Context, *x509.Certificate, *x509.Certificate, time.Time) (ltv.Evidence, error) {
	return ltv.Evidence{}, errNotAsked
}

func (r remembering) Issuers(ctx context.Context, cert *x509.Certificate) (ltv.Evidence, error) {
	return r.online.Issuers(ctx, cert)
}

func (r remembering) Lists(ctx context.Context, cert, issuer *x509.Certificate) (ltv.Evidence, error) {
	return r.online.Lists(ctx, cert, issuer)
}

type batch struct {
	service *sign.Service
	in, dir string
	level   verify.Level
	wait    time.Duration
}

func (b *batch) run(ctx context.Context, conf string, n, atOnce int, again bool, profile string) error {
	values, err := config.Resolve(&config.Sources{Flags: map[string][]string{"config": {conf}}})
	if err != nil {
		return err
	}
	cfg, _, err := values.Credentials(os.Stdin, time.Now())
	if err != nil {
		return err
	}
	client, err := dssclient.New(cfg)
	if err != nil {
		return err
	}
	online := &ltv.Online{}
	b.service = &sign.Service{Client: client, Evidence: online}
	if !again {
		b.service.Evidence, b.wait = remembering{online}, -1
	}
	if err := b.sign(ctx, min(n, atOnce), atOnce); err != nil { // warm: connections, identity, evidence
		return err
	}
	if profile != "" {
		f, err := os.Create(profile)
		if err != nil {
			return err
		}
		defer f.Close()
		if err := pprof.StartCPUProfile(f); err != nil {
			return err
		}
		defer pprof.StopCPUProfile()
	}
	meter := usage.Start()
	if err := b.sign(ctx, n, atOnce); err != nil {
		return err
	}
	return meter.Print(n)
}

func (b *batch) sign(ctx context.Context, n, atOnce int) error {
	g, ctx := errgroup.WithContext(ctx)
	var next atomic.Int64
	for range atOnce {
		g.Go(func() error {
			for {
				i := int(next.Add(1))
				if i > n {
					return nil
				}
				out := filepath.Join(b.dir, fmt.Sprintf("%d.pdf", i))
				if _, err := b.service.Run(ctx, &sign.Job{In: b.in, Out: out, Force: true, Level: b.level, FreshWait: b.wait}); err != nil {
					return err
				}
			}
		})
	}
	return g.Wait()
}
