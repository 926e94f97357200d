// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"gsign/internal/changes/attacks"
	"gsign/internal/pdf/pdftest"
	"gsign/pkg/dssclient/dsstest"
	"gsign/pkg/verify"
)

// Scripts run the command as people do. Beside testscript's own words they have those of scriptCommands, and in each
// folder a good in.pdf.
func TestScripts(t *testing.T) {
	cases, roots := attacks.All(t)
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(env *testscript.Env) error {
			env.Values["sandbox"] = new(*dsstest.Server)
			env.Setenv("XDG_CONFIG_HOME", env.Getenv("WORK")+"/config")
			env.Setenv("TMPDIR", env.Getenv("WORK")+"/tmp")
			return errors.Join(
				os.Mkdir(filepath.Join(env.WorkDir, "tmp"), 0o700),
				os.WriteFile(filepath.Join(env.WorkDir, "in.pdf"), pdftest.Classic(), 0o644))
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"sandbox": cmdSandbox, "fault": cmdFault, "await": cmdAwait, "counters": cmdCounters,
			"pdf": cmdPDF, "sample": cmdSample, "signed": cmdSigned, "holds": cmdHolds, "mode": cmdMode, "code": cmdCode, "trustlist": cmdTrustList,
			"attack": func(ts *testscript.TestScript, _ bool, args []string) { cmdAttack(ts, cases, roots, args) },
		},
	})
}

// cmdSandbox starts a sandbox for this script, writes its files to $WORK/sb and points $GSIGN_CONFIG there:
// sandbox [production|static]
func cmdSandbox(ts *testscript.TestScript, _ bool, args []string) {
	opts := []dsstest.Option{dsstest.WithRecycledKeys()}
	for _, arg := range args {
		switch arg {
		case "production":
			opts = append(opts, dsstest.WithProfile(dsstest.Production))
		case "static":
			opts = append(opts, dsstest.WithPolicy(dsstest.StaticPolicy()))
		default:
			ts.Fatalf("sandbox: %q?", arg)
		}
	}
	srv, err := dsstest.NewServer(opts...)
	ts.Check(err)
	ts.Defer(srv.Close)
	ts.Check(srv.WriteFiles(ts.MkAbs("sb")))
	ts.Setenv("GSIGN_CONFIG", ts.MkAbs("sb/config.toml"))
	*ts.Value("sandbox").(**dsstest.Server) = srv
}

// sandboxOf returns the script's sandbox, nil when it has none.
func sandboxOf(ts *testscript.TestScript) *dsstest.Server {
	return *ts.Value("sandbox").(**dsstest.Server)
}

// cmdFault makes a request fail from now on, and counts anew: fault OP KIND [STATUS]
func cmdFault(ts *testscript.TestScript, _ bool, args []string) {
	f := dsstest.Fault{Op: dsstest.Op(args[0]), Kind: dsstest.Kind(args[1]), Times: dsstest.Always}
	if len(args) > 2 {
		var err error
		f.Status, err = strconv.Atoi(args[2])
		ts.Check(err)
	}
	sandboxOf(ts).ClearFaults()
	sandboxOf(ts).ResetCounters()
	sandboxOf(ts).Inject(f)
}

// cmdAwait waits until a request of one kind has arrived: await OP
func cmdAwait(ts *testscript.TestScript, _ bool, args []string) {
	if !arrived(sandboxOf(ts), dsstest.Op(args[0])) {
		ts.Fatalf("no %s came", args[0])
	}
}

// arrived waits until a request of one kind has arrived, for as long as a busy machine may need.
func arrived(srv *dsstest.Server, op dsstest.Op) bool {
	for deadline := time.Now().Add(2 * time.Minute); time.Now().Before(deadline); time.Sleep(2 * time.Millisecond) {
		if srv.Counters().Requests[op] > 0 {
			return true
		}
	}
	return false
}

// cmdCounters compares what the service has done since the last time: counters Signs=1 …; what is not named is zero,
// but for OCSP, CRL and AIA.
func cmdCounters(ts *testscript.TestScript, _ bool, args []string) {
	have := reflect.ValueOf(sandboxOf(ts).Counters())
	sandboxOf(ts).ResetCounters()
	want := map[string]string{}
	for _, arg := range args {
		name, n, _ := strings.Cut(arg, "=")
		want[name] = n
	}
	for _, name := range []string{"Logins", "Identities", "Signs", "Timestamps", "CertificatePaths", "TrustChains", "ValidationPolicies", "Quotas"} {
		n := have.FieldByName(name).Int()
		if w, _ := strconv.ParseInt(want[name], 10, 64); n != w {
			ts.Fatalf("%s: %d, want %d", name, n, w)
		}
	}
}

// cmdPDF writes a PDF: pdf FILE SHAPE
func cmdPDF(ts *testscript.TestScript, _ bool, args []string) {
	shapes := map[string]func() []byte{
		"classic": pdftest.Classic, "stream": pdftest.XRefStream, "form": pdftest.WithForm, "encrypted": pdftest.Encrypted,
		"xfa": pdftest.XFA,
		"damaged": func() []byte { // the cross-reference is not where it should be, and no object is
			return bytes.Replace(pdftest.Classic(), []byte("%PDF-1.4"), []byte("%PDF-1.4\n%"), 1)
		},
		"ambiguous": func() []byte { return pdftest.Ambiguous()["two trailers"] },
		"endless":   func() []byte { return bytes.ReplaceAll(pdftest.Classic(), []byte("endstream"), []byte("         ")) },
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), shapes[args[1]](), 0o644))
}

// cmdSample copies a file of testdata/pdfs: sample FILE NAME
func cmdSample(ts *testscript.TestScript, _ bool, args []string) {
	b, err := os.ReadFile(filepath.Join("..", "..", "testdata", "pdfs", args[1]))
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), b, 0o644))
}

// cmdAttack writes a file of package attacks, and the roots that it takes to roots.pem: attack FILE NAME
func cmdAttack(ts *testscript.TestScript, cases []attacks.Case, roots []*x509.Certificate, args []string) {
	var b bytes.Buffer
	for _, c := range roots {
		ts.Check(pem.Encode(&b, &pem.Block{Type: "CERTIFICATE", Bytes: c.Raw}))
	}
	ts.Check(os.WriteFile(ts.MkAbs("roots.pem"), b.Bytes(), 0o644))
	for _, c := range cases {
		if c.Name == args[1] {
			ts.Check(os.WriteFile(ts.MkAbs(args[0]), c.Bytes, 0o644))
			return
		}
	}
	ts.Fatalf("attack: there is none named %s", args[1])
}

// cmdSigned checks that OUT is IN, unchanged, with a good signature behind it: signed OUT IN LEVEL [PASSWORD]
func cmdSigned(ts *testscript.TestScript, _ bool, args []string) {
	out, in := ts.ReadFile(args[0]), ts.ReadFile(args[1])
	if !strings.HasPrefix(out, in) || len(out) == len(in) {
		ts.Fatalf("%s does not begin with %s, or holds nothing more", args[0], args[1])
	}
	report, err := verify.Verify(context.Background(), strings.NewReader(out), int64(len(out)), &verify.Options{AnyRoot: true, Password: []byte(strings.Join(args[3:], ""))})
	ts.Check(err)
	if got := report.Signatures[len(report.Signatures)-1].Level.String(); got != args[2] {
		ts.Fatalf("%s is %s, want %s", args[0], got, args[2])
	}
}

// cmdHolds checks what a folder holds, hidden files too: holds DIR FILE…
func cmdHolds(ts *testscript.TestScript, _ bool, args []string) {
	entries, err := os.ReadDir(ts.MkAbs(args[0]))
	ts.Check(err)
	var have []string
	for _, e := range entries {
		have = append(have, e.Name())
	}
	if want := slices.Sorted(slices.Values(args[1:])); !slices.Equal(have, want) {
		ts.Fatalf("%s holds %q, want %q", args[0], have, want)
	}
}

// cmdMode checks the rights of a file: mode FILE 0644
func cmdMode(ts *testscript.TestScript, _ bool, args []string) {
	want, err := strconv.ParseUint(args[1], 8, 32)
	ts.Check(err)
	fi, err := os.Stat(ts.MkAbs(args[0]))
	ts.Check(err)
	if fi.Mode().Perm() != fs.FileMode(want) {
		ts.Fatalf("%s has mode %04o, want %s", args[0], fi.Mode().Perm(), args[1])
	}
}

// cmdCode runs gsign, checks its exit code, and that nothing it prints is a credential: code N ARGS…
func cmdCode(ts *testscript.TestScript, _ bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	if err := ts.Exec("gsign", args[1:]...); err != nil {
		exit, ok := errors.AsType[*exec.ExitError](err)
		if !ok {
			ts.Fatalf("run gsign: %v", err)
		}
		got = exit.ExitCode()
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
	output := ts.ReadFile("stdout") + ts.ReadFile("stderr")
	if srv := sandboxOf(ts); srv != nil {
		cfg := srv.Config()
		for _, secret := range []string{cfg.APIKey, string(cfg.APISecret)} {
			if strings.Contains(output, secret) {
				ts.Fatalf("the output shows a credential")
			}
		}
	}
}
