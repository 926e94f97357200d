// SPDX-License-Identifier: Apache-2.0

// Command bench measures gsign side by side with the least work the same job can be, in one run, alternating, and
// prints one table of medians, with the middle half of the pairs in brackets: absolute times belong to one machine, ratios
// travel. Processor time is there beside wall time, because it says something on a busy machine too.
//
//	go run ./scripts/bench [-n 7] [-size 1024] [-huge 10240] [-objects N] [-documents N] [-part N] [-dir DIR] [-python P] [-dss CLASSPATH] [all|start|large|objects|small|peers|growth|verify] ...
//
// large signs a PDF of -size MiB to B-LT against a sandbox that is already running with zero latency and compares with
// scripts/bench/floor (copy and hash, fsync, rename), and one of -huge MiB once for its peak memory. objects does the same with
// -objects objects (two million), in a table and in object streams. small signs 100 kB again and again in one process and compares with
// scripts/bench/calls; peers with digitorus/pdfsign and, where -python names a Python that has it (the judges' of
// scripts/setup), pyHanko: all does not run it. growth doubles one thing after the other; with -part 10 from a tenth of the usual. start compares gsign version with an empty Go program. verify, which
// all does not run, verifies: -size MiB beside one pass of SHA-256, 100 kB beside pdfsig, pyHanko and EU DSS (-dss is the class path that scripts/lib.sh's
// java_program prints for scripts/judges/dss), and what grows.
package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"time"
)

func main() {
	n := flag.Int("n", 7, "runs of each program; the median counts")
	size := flag.Int64("size", 1024, "size of the PDF to sign, MiB")
	huge := flag.Int64("huge", 10240, "size of the PDF signed once for its peak memory, MiB; 0 leaves it out")
	objects := flag.Int("objects", 2_000_000, "objects of the PDFs of objects")
	documents := flag.Int("documents", 500, "documents that small signs in one process")
	part := flag.Int("part", 1, "divide what growth begins with by this")
	dss := flag.String("dss", "", "class path of scripts/judges/dss, for verify")
	python := flag.String("python", "", "a Python with pyHanko, for peers and verify")
	dir := flag.String("dir", "", "folder to work in (default: a temporary one)")
	one := flag.String("shape", "", "only write a file of this shape to -dir: what growth does in a process of its own")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if *one != "" {
		s, err := parseShape(*one)
		if err == nil {
			err = s.write(*dir)
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, "bench:", err)
			os.Exit(1)
		}
		return
	}
	b := &bench{
		ctx: ctx, dir: *dir, n: max(1, *n), size: *size << 20, huge: *huge << 20,
		objectCount: *objects, documents: max(1, *documents), part: max(1, *part), python: *python, dss: *dss,
	}
	if err := b.run(flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func (b *bench) run(modes []string) error {
	if b.dir == "" {
		tmp, err := os.MkdirTemp("", "gsign-bench-")
		if err != nil {
			return err
		}
		defer os.RemoveAll(tmp)
		b.dir = tmp
	}
	err := b.build("gsign", "./cmd/gsign", "floor", "./scripts/bench/floor", "empty", "./scripts/bench/empty",
		"batch", "./scripts/bench/batch", "calls", "./scripts/bench/calls")
	if err != nil {
		return err
	}
	stop, err := b.startSandbox()
	if err != nil {
		return err
	}
	defer stop()
	fmt.Printf("%s, %d processors, %s\n\n", runtime.Version(), runtime.NumCPU(), time.Now().UTC().Format(time.DateOnly))
	fmt.Println("| what | ours, s | other, s | wall ratio | processor ratio | goal | peak MiB | goal |")
	fmt.Println("| --- | --- | --- | --- | --- | --- | --- | --- |")
	if len(modes) == 0 {
		modes = []string{"all"}
	}
	for _, m := range []struct {
		name string
		run  func() error
	}{{"start", b.start}, {"large", b.large}, {"objects", b.objects}, {"small", b.small}, {"peers", b.peers}, {"growth", b.growth}, {"verify", b.verify}} {
		if !slices.Contains(modes, m.name) && (m.name == "peers" || m.name == "verify" || !slices.Contains(modes, "all")) {
			continue
		}
		if err := m.run(); err != nil {
			return err
		}
	}
	return nil
}

type bench struct {
	ctx         context.Context
	dir         string
	n           int
	size, huge  int64 // bytes
	objectCount int
	documents   int
	part        int // of what growth begins with
	python      string
	dss         string // class path
}

func (b *bench) path(name string) string { return filepath.Join(b.dir, name) }

func (b *bench) build(pairs ...string) error {
	for i := 0; i < len(pairs); i += 2 {
		cmd := exec.CommandContext(b.ctx, "go", "build", "-trimpath", "-o", b.path(pairs[i]), pairs[i+1])
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
		cmd.Stderr = os.Stderr
		if err := cmd.Run(); err != nil {
			return fmt.Errorf("build %s: %w", pairs[i+1], err)
		}
	}
	return nil
}

// startSandbox starts the emulator and waits until its configuration is on disk.
func (b *bench) startSandbox() (stop func(), err error) {
	cmd := exec.CommandContext(b.ctx, b.path("gsign"), "sandbox", "--dir", b.path("sandbox"))
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	go func() { // keep the pipe empty
		for s := bufio.NewScanner(out); s.Scan(); {
		}
	}()
	stop = func() {
		_ = cmd.Process.Signal(os.Interrupt)
		_ = cmd.Wait()
	}
	for range 100 {
		if _, err := os.Stat(b.path("sandbox/config.toml")); err == nil {
			time.Sleep(200 * time.Millisecond)
			return stop, nil
		}
		time.Sleep(100 * time.Millisecond)
	}
	stop()
	return nil, errors.New("the sandbox did not start within ten seconds")
}

func (b *bench) sign(in, out string) []string {
	return []string{b.path("gsign"), "sign", "--quiet", "--force", "--config", b.path("sandbox/config.toml"), in, out}
}
