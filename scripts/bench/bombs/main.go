// SPDX-License-Identifier: Apache-2.0

// Command bombs runs `gsign sign --dry-run` over hostile files and prints, for each, how it ended, its processor time and
// its peak memory.
//
//	go run ./scripts/bench/bombs [-run TEXT] [-sign] [-timeout 60s] [-dir DIR]
//
// It fails when a run ends by a signal, takes more memory than the goal, or needs more processor time.
package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"gsign/internal/pdf/pdftest/bombs"
)

// Goals of the project. Processor time of a machine that is not loaded; what else runs does not count.
const (
	goalSeconds = 10.0
	goalMemory  = 256 // MiB
)

func main() {
	only := flag.String("run", "", "only bombs whose name has this in it")
	timeout := flag.Duration("timeout", time.Minute, "when to kill a run")
	sign := flag.Bool("sign", false, "sign to B-B against the sandbox instead of the dry run")
	dir := flag.String("dir", "", "folder to work in (default: a temporary one)")
	program := flag.String("gsign", "", "the program (default: build it)")
	make1 := flag.String("make", "", "only write the bomb of that name to the file -dir")
	flag.Parse()
	for _, b := range bombs.All() {
		if b.Name == *make1 {
			if err := write(b, *dir); err != nil {
				fmt.Fprintln(os.Stderr, "bombs:", err)
				os.Exit(1)
			}
			return
		}
	}
	bad, err := run(*only, *dir, *program, *timeout, *sign)
	if err != nil {
		fmt.Fprintln(os.Stderr, "bombs:", err)
		os.Exit(1)
	}
	if bad > 0 {
		fmt.Printf("%d beyond the goals\n", bad)
		os.Exit(1)
	}
}

func run(only, dir, program string, timeout time.Duration, sign bool) (bad int, err error) {
	if dir == "" {
		if dir, err = os.MkdirTemp("", "gsign-bombs-"); err != nil {
			return 0, err
		}
		defer os.RemoveAll(dir)
	}
	if program == "" {
		program = filepath.Join(dir, "gsign")
		if out, err := exec.Command("go", "build", "-o", program, "./cmd/gsign").CombinedOutput(); err != nil {
			return 0, fmt.Errorf("build: %w\n%s", err, out)
		}
	}
	fmt.Printf("%-50s %8s %8s %8s %6s  %s\n", "bomb", "MiB", "cpu s", "peak MiB", "code", "says")
	for _, b := range bombs.All() {
		if !strings.Contains(b.Name, only) {
			continue
		}
		ok, err := one(b, dir, program, timeout, sign)
		if err != nil {
			return bad, fmt.Errorf("%s: %w", b.Name, err)
		}
		if !ok {
			bad++
		}
	}
	return bad, nil
}

func one(b bombs.Bomb, dir, program string, timeout time.Duration, sign bool) (bool, error) {
	in, out := filepath.Join(dir, "in.pdf"), filepath.Join(dir, "out.pdf")
	defer os.Remove(in)
	defer os.Remove(out)
	// Made by another process: a child's peak memory begins with that of its parent.
	self, err := os.Executable()
	if err != nil {
		return false, err
	}
	if text, err := exec.Command(self, "-make", b.Name, "-dir", in).CombinedOutput(); err != nil {
		return false, fmt.Errorf("%w: %s", err, text)
	}
	fi, err := os.Stat(in)
	if err != nil {
		return false, err
	}
	size := fi.Size()
	args := []string{"sign", "--sandbox", "--level", "b-b", "-q", "--dry-run", in, out}
	if sign {
		args = append(args[:5], args[6:]...)
	}
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, args...)
	text, _ := cmd.CombinedOutput()
	usage, _ := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	cpu := (cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()).Seconds()
	peak := usage.Maxrss >> 10
	code := cmd.ProcessState.ExitCode()
	mark := ""
	crashed := bytes.Contains(text, []byte("\ngoroutine "))
	ok := code >= 0 && !crashed && peak <= goalMemory && cpu <= goalSeconds
	if !ok {
		mark = "!! "
	}
	says := strings.ReplaceAll(strings.TrimSpace(string(text)), in, "IN")
	line, _, _ := strings.Cut(says, "\n")
	fmt.Printf("%-50s %8.1f %8.2f %8d %6d  %s%.100s\n", b.Name, float64(size)/(1<<20), cpu, peak, code, mark, line)
	return ok, nil
}

func write(b bombs.Bomb, path string) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer f.Close()
	if _, err := b.Make().WriteTo(f); err != nil {
		return err
	}
	return f.Close()
}
