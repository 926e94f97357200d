// SPDX-License-Identifier: Apache-2.0

// Command bench measures gsign side by side with the least work the same job can be, in one run, alternating, and
// prints medians and ratios: absolute times belong to one machine, ratios travel.
//
//	go run ./scripts/bench [-n 7] [-size 1024] [-huge 4096] [-dir DIR]
//
// It signs a PDF of -size MiB to B-LT against a sandbox that is already running with zero latency and compares with
// scripts/bench/floor (copy and hash, fsync, rename); signs one of -huge MiB once for its peak memory; and compares the
// start of `gsign version` with an empty Go program.
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
	"strings"
	"syscall"
	"time"
)

// Goals of the project, printed beside what was measured. They decide nothing: no run fails on wall-clock time.
const (
	goalSign   = 1.3 // × floor
	goalStart  = 3.0 // × empty Go program
	goalMemory = 64  // MiB
)

func main() {
	n := flag.Int("n", 7, "runs of each program; the median counts")
	size := flag.Int64("size", 1024, "size of the PDF to sign, MiB")
	huge := flag.Int64("huge", 4096, "size of the PDF signed once for its peak memory, MiB; 0 leaves it out")
	dir := flag.String("dir", "", "folder to work in (default: a temporary one)")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *dir, *n, *size<<20, *huge<<20); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, dir string, n int, size, huge int64) error {
	if dir == "" {
		tmp, err := os.MkdirTemp("", "gsign-bench-")
		if err != nil {
			return err
		}
		defer os.RemoveAll(tmp)
		dir = tmp
	}
	b := &bench{ctx: ctx, dir: dir}
	if err := b.build("gsign", "./cmd/gsign", "floor", "./scripts/bench/floor", "empty", "./scripts/bench/empty"); err != nil {
		return err
	}
	stop, err := b.startSandbox()
	if err != nil {
		return err
	}
	defer stop()
	fmt.Printf("%s, %d processors, %s\n", runtime.Version(), runtime.NumCPU(), time.Now().UTC().Format(time.DateOnly))
	if err := b.compareStart(max(n, 21)); err != nil {
		return err
	}
	if err := b.compareSign(n, size); err != nil {
		return err
	}
	if huge == 0 {
		return nil
	}
	return b.hugeMemory(huge)
}

type bench struct {
	ctx context.Context
	dir string
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

func (b *bench) compareStart(n int) error {
	return b.compare("start", n, goalStart,
		[]string{b.path("gsign"), "version"}, []string{b.path("empty")}, nil)
}

func (b *bench) compareSign(n int, size int64) error {
	in := b.path("large.pdf")
	if err := writePDF(in, size); err != nil {
		return err
	}
	defer os.Remove(in)
	out, ref := b.path("signed.pdf"), b.path("floor.pdf")
	clean := func() {
		_ = os.Remove(out)
		_ = os.Remove(ref)
	}
	defer clean()
	name := fmt.Sprintf("sign %d MiB", size>>20)
	return b.compare(name, n, goalSign, b.sign(in, out), []string{b.path("floor"), in, ref}, clean)
}

func (b *bench) hugeMemory(size int64) error {
	in, out := b.path("huge.pdf"), b.path("huge-signed.pdf")
	if err := writePDF(in, size); err != nil {
		return err
	}
	defer os.Remove(in)
	defer os.Remove(out)
	m, err := b.measure(b.sign(in, out))
	if err != nil {
		return err
	}
	fmt.Printf("%-16s %8.3f s   peak %5.1f MiB (goal ≤ %d)\n", fmt.Sprintf("sign %d MiB", size>>20),
		m.wall.Seconds(), m.peakMiB, goalMemory)
	return nil
}

type measurement struct {
	wall    time.Duration
	peakMiB float64
}

// compare runs both programs once to warm the page cache, then n times in turn.
func (b *bench) compare(name string, n int, goal float64, ours, floor []string, between func()) error {
	var a, f []measurement
	for i := range n + 1 {
		for _, side := range []struct {
			argv []string
			to   *[]measurement
		}{{ours, &a}, {floor, &f}} {
			if between != nil {
				between()
			}
			m, err := b.measure(side.argv)
			if err != nil {
				return err
			}
			if i > 0 {
				*side.to = append(*side.to, m)
			}
		}
	}
	ratios := make([]float64, n)
	var peak float64
	for i := range n {
		ratios[i] = a[i].wall.Seconds() / f[i].wall.Seconds()
		peak = max(peak, a[i].peakMiB)
	}
	ma, mf := medianWall(a), medianWall(f)
	slices.Sort(ratios)
	fmt.Printf("%-16s %8.4f s   floor %8.4f s   ratio of medians %.2f (goal ≤ %.1f; pairs %.2f … %.2f)   peak %5.1f MiB (goal ≤ %d)\n",
		name, ma.Seconds(), mf.Seconds(), ma.Seconds()/mf.Seconds(), goal, ratios[0], ratios[n-1], peak, goalMemory)
	return nil
}

func medianWall(ms []measurement) time.Duration {
	walls := make([]time.Duration, len(ms))
	for i, m := range ms {
		walls[i] = m.wall
	}
	slices.Sort(walls)
	return walls[len(walls)/2]
}

func (b *bench) measure(argv []string) (measurement, error) {
	cmd := exec.CommandContext(b.ctx, argv[0], argv[1:]...)
	var errText strings.Builder
	cmd.Stderr = &errText
	start := time.Now()
	err := cmd.Run()
	wall := time.Since(start)
	if err != nil {
		return measurement{}, fmt.Errorf("%s: %w\n%s", strings.Join(argv, " "), err, errText.String())
	}
	m := measurement{wall: wall}
	if ru, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
		m.peakMiB = float64(ru.Maxrss) / 1024 // KiB on Linux
	}
	return m, nil
}
