// SPDX-License-Identifier: Apache-2.0

//go:build unix

package main

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"gsign/internal/pdf/pdftest"
	"gsign/pkg/dssclient/dsstest"
	"gsign/pkg/verify"
)

// A kill at any moment: the output is whole or absent, the input is untouched, and after a signal that can be caught
// there is no temporary file. Where files without a name exist, not even after one that cannot.

var signals = []os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGKILL}

// While the service is asked, there is no output yet.
func TestKillDuringCalls(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	for _, op := range []dsstest.Op{dsstest.OpLogin, dsstest.OpIdentity, dsstest.OpSign, dsstest.OpTimestamp} {
		b := newBench(t, dsstest.WithFaults(dsstest.Fault{Op: op, Kind: dsstest.Hang, Times: dsstest.Always}))
		for _, sig := range signals {
			want := codeInterrupted
			if sig == syscall.SIGKILL {
				want = -1
			}
			if code := b.killed(op, 0, sig); code != want {
				t.Errorf("%s: exit code %d after %v, want %d", op, code, sig, want)
			}
			if b.intact(sig) {
				t.Errorf("%s: an output after %v", op, sig)
			}
		}
	}
}

// After the last call the output is written: it is there or not.
func TestKillAtRandom(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	b := newBench(t)
	finished := 0
	for i := range 12 {
		sig := signals[i%3]
		after := time.Duration(rand.Int64N(int64(60 * time.Millisecond)))
		if code := b.killed(dsstest.OpTimestamp, after, sig); code != 0 && code != codeInterrupted && code != -1 {
			t.Errorf("exit code %d after %v at %s", code, sig, after)
		}
		if b.intact(sig) {
			finished++
		}
	}
	t.Logf("%d finished", finished)
}

// killed runs gsign, sends it a signal some time after a request has arrived, and returns its exit code: -1 when the
// signal ended it.
func (b *bench) killed(op dsstest.Op, after time.Duration, sig os.Signal) int {
	b.t.Helper()
	b.ResetCounters()
	cmd := exec.Command("gsign", "sign", "--level", "b-t", "--config", filepath.Join(b.sb, "config.toml"), b.path("in.pdf"), b.path("out.pdf"))
	var stderr strings.Builder
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		b.t.Fatal(err)
	}
	if !arrived(b.Server, op) {
		b.t.Errorf("no %s came", op)
	}
	time.Sleep(after)
	_ = cmd.Process.Signal(sig)
	_ = cmd.Wait()
	b.noSecrets(stderr.String())
	return cmd.ProcessState.ExitCode()
}

// intact checks what a signal has left, takes the output away and reports whether there was one.
func (b *bench) intact(sig os.Signal) bool {
	b.t.Helper()
	if in, _ := os.ReadFile(b.path("in.pdf")); !bytes.Equal(in, pdftest.Classic()) {
		b.t.Fatal("the input was touched")
	}
	if left := b.left(); left != "" && left != "out.pdf" {
		b.t.Errorf("left behind after %v: %q", sig, left)
	}
	out, err := os.ReadFile(b.path("out.pdf"))
	if errors.Is(err, os.ErrNotExist) {
		return false
	}
	if err != nil {
		b.t.Fatal(err)
	}
	if _, err := verify.Verify(b.t.Context(), bytes.NewReader(out), int64(len(out)), &verify.Options{Require: verify.BT, AnyRoot: true}); err != nil {
		b.t.Errorf("a broken output after %v: %v", sig, err)
	}
	_ = os.Remove(b.path("out.pdf"))
	return true
}
