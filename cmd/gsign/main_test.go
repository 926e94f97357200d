// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"gsign/internal/pdf/pdftest"
	"gsign/internal/term"
	"gsign/pkg/dssclient/dsstest"
)

// The test binary is the command itself: scripts and tests run "gsign" from PATH.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"gsign": main})
}

// bench is a sandbox for one test, and a folder with in.pdf.
type bench struct {
	*dsstest.Server
	t       *testing.T
	dir, sb string
}

func newBench(t *testing.T, opts ...dsstest.Option) *bench {
	t.Helper()
	srv, err := dsstest.NewServer(append(opts, dsstest.WithRecycledKeys())...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(srv.Close)
	b := &bench{Server: srv, t: t, dir: t.TempDir(), sb: t.TempDir()}
	if err := srv.WriteFiles(b.sb); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(b.path("in.pdf"), pdftest.Classic(), 0o600); err != nil {
		t.Fatal(err)
	}
	return b
}

func (b *bench) path(name string) string { return filepath.Join(b.dir, name) }

// gsign runs a command line in this process.
func (b *bench) gsign(stdin io.Reader, args ...string) (code int, stdout, stderr string) {
	b.t.Helper()
	var out, errOut bytes.Buffer
	code = run(b.t.Context(), args, &term.Streams{In: stdin, Out: &out, Err: &errOut})
	b.noSecrets(out.String() + errOut.String())
	return code, out.String(), errOut.String()
}

// sign signs in.pdf to out.pdf with the bench's sandbox.
func (b *bench) sign(args ...string) (code int, stdout, stderr string) {
	b.t.Helper()
	args = append([]string{"sign", "--config", filepath.Join(b.sb, "config.toml")}, args...)
	return b.gsign(nil, append(args, b.path("in.pdf"), b.path("out.pdf"))...)
}

// noSecrets fails when output shows a credential.
func (b *bench) noSecrets(output string) {
	b.t.Helper()
	cfg := b.Config()
	for what, secret := range map[string]string{
		"API key": cfg.APIKey, "API secret": string(cfg.APISecret), "password": b.file("client.p12-password"),
		"key": strings.Split(b.file("client.key"), "\n")[1], "bearer token": "Bearer ",
	} {
		if secret != "" && strings.Contains(output, secret) {
			b.t.Errorf("the output shows the %s", what)
		}
	}
}

func (b *bench) file(name string) string {
	b.t.Helper()
	text, err := os.ReadFile(filepath.Join(b.sb, name))
	if err != nil {
		b.t.Fatal(err)
	}
	return strings.TrimSpace(string(text))
}

// left lists what the folder holds beside in.pdf.
func (b *bench) left() string {
	b.t.Helper()
	entries, err := os.ReadDir(b.dir)
	if err != nil {
		b.t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		if e.Name() != "in.pdf" {
			names = append(names, e.Name())
		}
	}
	return strings.Join(names, " ")
}
