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
func TestKillAtRandom(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	b := newBench(t, dsstest.WithLatency(dsstest.OpLogin, 30*time.Millisecond), dsstest.WithLatency(dsstest.OpIdentity, 30*time.Millisecond),
		dsstest.WithLatency(dsstest.OpSign, 30*time.Millisecond), dsstest.WithLatency(dsstest.OpTimestamp, 30*time.Millisecond))
	original := pdftest.Classic()
	if err := os.WriteFile(b.path("in.pdf"), original, 0o600); err != nil {
		t.Fatal(err)
	}
	full := b.killed(0, nil) // how long it takes
	signals := []os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGKILL}
	var finished, stopped int
	for i := range 15 {
		after := time.Duration(rand.Int64N(int64(full + full/8)))
		b.killed(after, signals[i%3])
		out, err := os.ReadFile(b.path("out.pdf"))
		switch {
		case errors.Is(err, os.ErrNotExist):
			stopped++
		case err != nil:
			t.Fatal(err)
		default:
			finished++
			if _, err := verify.Verify(t.Context(), bytes.NewReader(out), int64(len(out)), &verify.Options{Require: verify.BT}); err != nil {
				t.Errorf("a broken output after %s: %v", after, err)
			}
		}
		if left := b.left(); left != "" && left != "out.pdf" {
			t.Errorf("left behind after %v at %s: %q", signals[i%3], after, left)
		}
		if in, _ := os.ReadFile(b.path("in.pdf")); !bytes.Equal(in, original) {
			t.Fatal("the input was touched")
		}
		_ = os.Remove(b.path("out.pdf"))
	}
	t.Logf("%d finished, %d were stopped, the whole way takes %s", finished, stopped, full)
	if stopped == 0 {
		t.Error("no run was stopped: the test proves nothing")
	}
}

// killed runs gsign, sends it a signal after a while, and returns how long it lived.
func (b *bench) killed(after time.Duration, sig os.Signal) time.Duration {
	b.t.Helper()
	cmd := exec.Command("gsign", "sign", "--level", "b-t", "--config", filepath.Join(b.sb, "config.toml"), b.path("in.pdf"), b.path("out.pdf"))
	var stderr strings.Builder
	cmd.Stderr = &stderr
	start := time.Now()
	if err := cmd.Start(); err != nil {
		b.t.Fatal(err)
	}
	if sig != nil {
		time.Sleep(after)
		_ = cmd.Process.Signal(sig)
	}
	err := cmd.Wait()
	took := time.Since(start)
	b.noSecrets(stderr.String())
	if sig == nil {
		if err != nil {
			b.t.Fatalf("%v\n%s", err, stderr.String())
		}
		_ = os.Remove(b.path("out.pdf"))
		return took
	}
	// Until the handlers are there, in the first milliseconds, a signal kills as it kills any program.
	if code := cmd.ProcessState.ExitCode(); err != nil && code != codeInterrupted && code != -1 {
		b.t.Errorf("exit code %d after %v\n%s", code, sig, stderr.String())
	}
	return took
}
