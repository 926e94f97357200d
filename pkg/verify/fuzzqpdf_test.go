// SPDX-License-Identifier: Apache-2.0

package verify_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// qpdfTime is how long qpdf may take for a hostile file; then it has no opinion.
const qpdfTime = 10 * time.Second

// judge asks qpdf about input and output.
func judge(t *testing.T, in, out []byte) {
	t.Helper()
	dir := t.TempDir()
	before, _ := askQPDF(t, filepath.Join(dir, "in.pdf"), in)
	after, text := askQPDF(t, filepath.Join(dir, "out.pdf"), out)
	if before != opinionNone && after > before {
		t.Fatalf("qpdf calls the input %v and the output %v:\n%s", before, after, text)
	}
}

// opinion is what qpdf --check says, from good to bad.
type opinion int

const (
	opinionClean opinion = iota
	opinionWarns
	opinionBroken
	opinionNone
)

func (o opinion) String() string {
	return [...]string{"clean", "not quite clean", "broken", "too much"}[o]
}

func askQPDF(t *testing.T, name string, data []byte) (opinion, string) {
	t.Helper()
	if err := os.WriteFile(name, data, 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), qpdfTime)
	defer cancel()
	text, err := exec.CommandContext(ctx, "qpdf", "--check", name).CombinedOutput()
	exit, ran := errors.AsType[*exec.ExitError](err)
	switch {
	case ctx.Err() != nil:
		return opinionNone, ""
	case err == nil:
		return opinionClean, ""
	case !ran:
		t.Fatal(err)
	case exit.ExitCode() == 3:
		return opinionWarns, string(text)
	case exit.ExitCode() != 2:
		return opinionNone, string(text) // it crashed
	}
	return opinionBroken, string(text)
}
