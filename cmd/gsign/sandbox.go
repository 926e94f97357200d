// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"gsign/pkg/dssclient/dsstest"
)

// sandboxMark is the file that tells a folder of an earlier sandbox, which may be written over, from any other.
const sandboxMark = ".gsign-sandbox"

const sandboxMarkText = "Files here belong to gsign sandbox and are written over at its next start.\n"

type sandboxFlags struct {
	dir, addr, profile string
	quiet              bool
}

func (a *app) newSandbox() *cobra.Command {
	f := &sandboxFlags{}
	cmd := &cobra.Command{
		Use:   "sandbox --dir DIR",
		Short: "run an emulator of the service on this machine",
		Long: `sandbox runs an emulator of the Digital Signing Service in the foreground, on this
machine only, with its own CA, timestamp authority, OCSP responders and CRLs. It
writes a configuration, credentials and roots to DIR. Keys are new at each start and
every certificate says TEST. Ctrl-C stops it.`,
		Example: `  gsign sandbox --dir /tmp/sandbox
  gsign sign --config /tmp/sandbox/config.toml in.pdf out.pdf`,
		Args: asUsage(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error { return a.runSandbox(cmd.Context(), f) },
	}
	cmd.Flags().StringVar(&f.dir, "dir", "", "`DIR` for configuration, credentials and roots; new, empty, or of an earlier sandbox")
	cmd.Flags().StringVar(&f.addr, "addr", "127.0.0.1:0", "loopback `ADDRESS` and port to listen at; port 0 takes a free one")
	cmd.Flags().StringVar(&f.profile, "profile", "trial", "shape of the signing chain: `trial|production`")
	cmd.Flags().BoolVarP(&f.quiet, "quiet", "q", false, "print errors only")
	_ = cmd.RegisterFlagCompletionFunc("profile", cobra.FixedCompletions([]string{"trial", "production"}, cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

func (a *app) runSandbox(ctx context.Context, f *sandboxFlags) error {
	a.Quiet = f.quiet
	opts, err := f.options()
	if err != nil {
		return err
	}
	if err := lookAtFolder(f.dir); err != nil {
		return err
	}
	srv, err := dsstest.NewServer(opts...)
	if err != nil {
		return fmt.Errorf("start the sandbox: %w", err)
	}
	defer srv.Close()
	release, err := claimFolder(f.dir)
	if err != nil {
		return err
	}
	defer release()
	if err := srv.WriteFiles(f.dir); err != nil {
		return fmt.Errorf("write the sandbox's files: %w", err)
	}
	if !f.quiet {
		a.sayHow(f, srv.URL)
	}
	if err := srv.Wait(ctx); err != nil {
		return fmt.Errorf("run the sandbox: %w", err)
	}
	if !f.quiet {
		c := srv.Counters()
		fmt.Fprintf(a.Out, "\nstopped after %s, %s, %s\n", plural(c.Logins, "login"), plural(c.Signs, "signature"), plural(c.Timestamps, "timestamp"))
	}
	return nil
}

// sayHow prints how to use the sandbox.
func (a *app) sayHow(f *sandboxFlags, url string) {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n\n", a.Bold("sandbox of the Digital Signing Service, on this machine only"))
	rows(&b, a.Streams, [][2]string{
		{"address", url}, {"profile", f.profile}, {"folder", f.dir}, {"roots", filepath.Join(f.dir, "roots")},
	})
	fmt.Fprintf(&b, "\n  gsign sign --config %s in.pdf out.pdf\n\nCtrl-C stops it\n", filepath.Join(f.dir, "config.toml"))
	fmt.Fprint(a.Out, b.String())
}

func (f *sandboxFlags) options() ([]dsstest.Option, error) {
	if f.dir == "" {
		return nil, &usageError{"--dir is missing", "name a new or empty folder: gsign sandbox --dir DIR"}
	}
	host, port, err := net.SplitHostPort(f.addr)
	if err != nil {
		return nil, &usageError{fmt.Sprintf("--addr %q is not HOST:PORT", f.addr), "write it like 127.0.0.1:8443"}
	}
	if ip, err := netip.ParseAddr(host); err != nil || !ip.IsLoopback() {
		return nil, &usageError{fmt.Sprintf("--addr %q is not a loopback address", f.addr), "the sandbox serves this machine only: 127.0.0.1:PORT"}
	}
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		return nil, &usageError{fmt.Sprintf("--addr %q: %q is not a port", f.addr, port), "a port is a number from 0 to 65535; 0 takes a free one"}
	}
	opts := []dsstest.Option{dsstest.WithAddr(f.addr)}
	switch f.profile {
	case "trial":
		return opts, nil
	case "production":
		return append(opts, dsstest.WithProfile(dsstest.Production)), nil
	}
	return nil, &usageError{fmt.Sprintf("there is no profile %q", f.profile), "the profiles are trial and production"}
}

// lookAtFolder refuses a folder with anything else in it: that is not ours to write to.
func lookAtFolder(dir string) error {
	entries, err := os.ReadDir(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return &usageError{fmt.Sprintf("--dir: %v", err), "name a new or empty folder"}
	}
	if _, err := os.Lstat(filepath.Join(dir, sandboxMark)); err != nil && len(entries) > 0 {
		return &usageError{dir + " is not empty", "name a new or empty folder"}
	}
	return nil
}

// claimFolder makes the folder, marks it, and keeps other sandboxes out until release is called.
func claimFolder(dir string) (release func(), err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the sandbox's folder: %w", err)
	}
	mark, err := os.OpenFile(filepath.Join(dir, sandboxMark), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("mark the sandbox's folder: %w", err)
	}
	release = func() { _ = mark.Close() }
	if !lock(mark) {
		release()
		return nil, &usageError{"a sandbox is running in " + dir, "name another folder, or stop that one with Ctrl-C"}
	}
	if _, err := mark.WriteAt([]byte(sandboxMarkText), 0); err != nil {
		release()
		return nil, fmt.Errorf("mark the sandbox's folder: %w", err)
	}
	return release, nil
}
