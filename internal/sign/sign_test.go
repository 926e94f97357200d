// SPDX-License-Identifier: Apache-2.0

package sign

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"gsign/internal/pdf/pdftest"
	"gsign/pkg/dssclient"
	"gsign/pkg/dssclient/dsstest"
	"gsign/pkg/ltv"
	"gsign/pkg/pdfsig"
	"gsign/pkg/verify"
)

// server is one sandbox for the package: making its keys is the slow part.
var server *dsstest.Server

func TestMain(m *testing.M) {
	var err error
	if server, err = dsstest.NewServer(dsstest.WithRecycledKeys()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	server.Close()
	os.Exit(code)
}

func newService(t *testing.T) *Service {
	t.Helper()
	server.ClearFaults()
	server.ResetCounters()
	client, err := dssclient.New(server.Config())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.CloseIdleConnections)
	return &Service{Client: client, Evidence: &ltv.Online{}}
}

// folder is a folder with in.pdf.
func folder(t *testing.T) (dir, in string) {
	t.Helper()
	dir = t.TempDir()
	in = filepath.Join(dir, "in.pdf")
	if err := os.WriteFile(in, pdftest.Classic(), 0o640); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(in, 0o640); err != nil { // whatever the umask is
		t.Fatal(err)
	}
	return dir, in
}

// hook sets what happens at the moments of testOnlyWriteFault.
func hook(t *testing.T, f func(where string) error) {
	t.Helper()
	testOnlyWriteFault = f
	t.Cleanup(func() { testOnlyWriteFault = func(string) error { return nil } })
}

// onlyThese fails when the folder holds anything else: a temporary file, an output.
func onlyThese(t *testing.T, dir string, names ...string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var have []string
	for _, e := range entries {
		have = append(have, e.Name())
	}
	if strings.Join(have, " ") != strings.Join(names, " ") {
		t.Errorf("the folder holds %q, want %q", have, names)
	}
}

// signed checks that path is the original and something behind it that verifies.
func signed(t *testing.T, path string, original []byte, level verify.Level) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.HasPrefix(b, original) || len(b) == len(original) {
		t.Fatalf("%s of %d bytes does not begin with the original's %d", path, len(b), len(original))
	}
	opts := &verify.Options{Require: level, AnyRoot: true}
	if level == verify.BLT {
		opts.Roots = server.Roots()
	}
	if _, err := verify.Verify(t.Context(), bytes.NewReader(b), int64(len(b)), opts); err != nil {
		t.Errorf("verify %s: %v", path, err)
	}
	return b
}

func TestLevels(t *testing.T) {
	for _, level := range []verify.Level{verify.BB, verify.BT, verify.BLT} {
		for _, named := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s named %v", level, named), func(t *testing.T) {
				testOnlyNamed = named
				defer func() { testOnlyNamed = false }()
				s := newService(t)
				dir, in := folder(t)
				out := filepath.Join(dir, "out.pdf")
				r, err := s.Run(t.Context(), &Job{In: in, Out: out, Level: level, Sum: true, Progress: &Progress{}})
				if err != nil {
					t.Fatal(err)
				}
				b := signed(t, out, pdftest.Classic(), level)
				sum, whole := sha256.Sum256(pdftest.Classic()), sha256.Sum256(b)
				if r.Input.SHA256 != hex.EncodeToString(sum[:]) || r.Output.PrefixSHA256 != r.Input.SHA256 ||
					r.Output.SHA256 != hex.EncodeToString(whole[:]) || r.Output.PrefixBytes != r.Input.Bytes || r.Input.Bytes != int64(len(pdftest.Classic())) || r.Output.Bytes != int64(len(b)) {
					t.Errorf("the proof is wrong: %+v %+v", r.Input, r.Output)
				}
				if r.Level != level.String() || r.Status != StatusSigned || r.Signer == nil || r.Billed.Signatures != 1 {
					t.Errorf("%+v", r)
				}
				if (level > verify.BB) == r.Time.IsZero() || (level == verify.BLT) == (r.Evidence == nil) {
					t.Errorf("time %v, evidence %v at %s", r.Time, r.Evidence, level)
				}
				onlyThese(t, dir, "in.pdf", "out.pdf")
			})
		}
	}
}

// N documents cost one login, one identity, one trust chain, and what cannot be shared.
func TestEconomy(t *testing.T) {
	const n = 2
	s := newService(t)
	dir, in := folder(t)
	for i := range n {
		r, err := s.Run(t.Context(), &Job{In: in, Out: filepath.Join(dir, fmt.Sprint(i)), Level: verify.BLT})
		if err != nil {
			t.Fatal(err)
		}
		if want := map[string]int{"sign": 1, "timestamp": 1}; i > 0 && fmt.Sprint(r.Calls) != fmt.Sprint(want) {
			t.Errorf("document %d: calls %v, want %v", i, r.Calls, want)
		}
	}
	c := server.Counters()
	if c.Logins != 1 || c.Identities != 1 || c.TrustChains != 1 || c.Signs != n || c.Timestamps != n || c.CertificatePaths != 0 {
		t.Errorf("%+v", c)
	}
}

// A pinned root that the signer's chain does not end at is found out before the money is spent.
func TestPinnedRoots(t *testing.T) {
	other, err := dsstest.NewServer(dsstest.WithRecycledKeys())
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	for _, level := range []verify.Level{verify.BB, verify.BT, verify.BLT} {
		s := newService(t)
		dir, in := folder(t)
		_, err := s.Run(t.Context(), &Job{In: in, Out: filepath.Join(dir, "out.pdf"), Level: level, Roots: other.Roots()})
		if _, ok := errors.AsType[*ltv.IncompleteError](err); !ok || server.Counters().Signs != 0 {
			t.Errorf("%s: %v after %+v", level, err, server.Counters())
		}
		onlyThese(t, dir, "in.pdf")
		r, err := s.Run(t.Context(), &Job{In: in, Out: filepath.Join(dir, "out.pdf"), Level: level, Roots: server.Roots()})
		if err != nil || level == verify.BLT && r.Anchor != ltv.Pinned {
			t.Errorf("%s: %v, %+v", level, err, r)
		}
	}
	// The root of the timestamps alone is missing: that shows when the evidence is collected.
	s := newService(t)
	dir, in := folder(t)
	_, err = s.Run(t.Context(), &Job{In: in, Out: filepath.Join(dir, "out.pdf"), Level: verify.BLT, Roots: server.Roots()[:1]})
	if e, ok := errors.AsType[*Error](err); !ok || e.Bill != (Bill{Signatures: 1, Timestamps: 1}) {
		t.Errorf("%v", err)
	}
	onlyThese(t, dir, "in.pdf")
}

func TestStreams(t *testing.T) {
	s := newService(t)
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	var out bytes.Buffer
	r, err := s.Run(t.Context(), &Job{In: "-", Out: "-", Stdin: bytes.NewReader(pdftest.XRefStream()), Stdout: &out, Level: verify.BLT})
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.HasPrefix(out.Bytes(), pdftest.XRefStream()) || r.Output.Path != "-" || r.Output.Bytes != int64(out.Len()) {
		t.Errorf("%d bytes, %+v", out.Len(), r.Output)
	}
	onlyThese(t, dir)
	if _, err := s.Run(t.Context(), &Job{In: "-", Out: "-", Stdin: bytes.NewReader(pdftest.Classic()), Stdout: brokenPipe{}, Level: verify.BB}); !errors.Is(err, fs.ErrClosed) {
		t.Errorf("a closed standard output: %v", err)
	} else if e, ok := errors.AsType[*Error](err); !ok || e.Bill.Signatures != 1 {
		t.Errorf("the bill of %v is wrong", err)
	}
	onlyThese(t, dir)
}

type brokenPipe struct{}

func (brokenPipe) Write([]byte) (int, error) { return 0, fs.ErrClosed }

func TestInPlace(t *testing.T) {
	s := newService(t)
	dir, in := folder(t)
	link := filepath.Join(dir, "link.pdf")
	if err := os.Symlink("in.pdf", link); err != nil {
		skipWithoutLinks(t, err)
	}
	if _, err := s.Run(t.Context(), &Job{In: link, InPlace: true, Level: verify.BT}); err != nil {
		t.Fatal(err)
	}
	first := signed(t, in, pdftest.Classic(), verify.BT)
	if fi, err := os.Stat(in); err != nil || fi.Mode().Perm() != 0o640 {
		t.Errorf("mode %v, %v", fi.Mode(), err)
	}
	if fi, err := os.Lstat(link); err != nil || fi.Mode()&fs.ModeSymlink == 0 {
		t.Errorf("the link was replaced: %v", err)
	}
	if _, err := s.Run(t.Context(), &Job{In: in, Out: in, InPlace: true, Level: verify.BT}); err != nil {
		t.Fatal(err)
	}
	signed(t, in, first, verify.BT) // a second signature leaves the first as it is
	onlyThese(t, dir, "in.pdf", "link.pdf")
}

func TestForceKeepsModeAndLink(t *testing.T) {
	s := newService(t)
	dir, in := folder(t)
	target, link := filepath.Join(dir, "old.pdf"), filepath.Join(dir, "out.pdf")
	if err := os.WriteFile(target, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(target, link); err != nil {
		skipWithoutLinks(t, err)
	}
	if _, err := s.Run(t.Context(), &Job{In: in, Out: link, Force: true, Level: verify.BB}); err != nil {
		t.Fatal(err)
	}
	signed(t, target, pdftest.Classic(), verify.BB)
	fi, err := os.Lstat(link)
	if err != nil || fi.Mode()&fs.ModeSymlink == 0 {
		t.Errorf("the link was replaced: %v", err)
	}
	if fi, err = os.Stat(target); err != nil || fi.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", fi.Mode(), err)
	}
	onlyThese(t, dir, "in.pdf", "old.pdf", "out.pdf")
}

// A combination of files that cannot be meant is refused before any call.
func TestUsage(t *testing.T) {
	s := newService(t)
	dir, in := folder(t)
	for _, err := range []error{
		os.Symlink("nowhere", filepath.Join(dir, "dangling")),
		os.Symlink("in.pdf", filepath.Join(dir, "alias")),
		os.Link(in, filepath.Join(dir, "hard")),
		os.WriteFile(filepath.Join(dir, "there"), nil, 0o600),
		os.Mkdir(filepath.Join(dir, "sub"), 0o700),
	} {
		if err != nil {
			skipWithoutLinks(t, err)
		}
	}
	at := func(name string) string { return filepath.Join(dir, name) }
	for name, tt := range map[string]struct {
		job  Job
		want string
	}{
		"same file":         {Job{In: in, Out: in}, "same file"},
		"by another path":   {Job{In: in, Out: at("sub/../in.pdf")}, "same file"},
		"symbolic link":     {Job{In: in, Out: at("alias"), Force: true}, "same file"},
		"hard link":         {Job{In: in, Out: at("hard"), Force: true}, "same file"},
		"exists":            {Job{In: in, Out: at("there")}, "exists"},
		"directory":         {Job{In: in, Out: at("sub"), Force: true}, "is a directory"},
		"directory to be":   {Job{In: in, Out: at("new") + "/"}, "names a directory"},
		"no such folder":    {Job{In: in, Out: at("no/out.pdf")}, "is not there"},
		"dangling":          {Job{In: in, Out: at("dangling"), Force: true}, "link to nothing"},
		"in place, stdin":   {Job{In: "-", InPlace: true}, "cannot be signed in place"},
		"in place, other":   {Job{In: in, Out: at("there"), InPlace: true}, "another file"},
		"in place, folder":  {Job{In: at("sub"), InPlace: true}, "is a directory"},
		"in place, device":  {Job{In: os.DevNull, InPlace: true}, "not a regular file"},
		"input is a folder": {Job{In: at("sub"), Out: at("new.pdf")}, "is a directory"},
		"no stdin":          {Job{In: "-", Out: at("new.pdf")}, "no standard input"},
		"no stdout":         {Job{In: in, Out: "-"}, "no standard output"},
	} {
		t.Run(name, func(t *testing.T) {
			tt.job.Level = verify.BLT
			_, err := s.Run(t.Context(), &tt.job)
			if e, ok := errors.AsType[*UsageError](err); !ok || !strings.Contains(e.Problem, tt.want) {
				t.Errorf("error %v (%T), want usage error about %q", err, err, tt.want)
			}
		})
	}
	if n := server.Counters().Requests; len(n) != 0 {
		t.Errorf("calls were made: %v", n)
	}
	onlyThese(t, dir, "alias", "dangling", "hard", "in.pdf", "sub", "there")
	if b, _ := os.ReadFile(in); !bytes.Equal(b, pdftest.Classic()) {
		t.Error("the input was touched")
	}
}

// What cannot be signed is refused before any call.
func TestRefusedEarly(t *testing.T) {
	s := newService(t)
	dir, in := folder(t)
	for name, b := range map[string][]byte{"encrypted": pdftest.Encrypted(), "no PDF": []byte("hello"), "empty": nil} {
		if err := os.WriteFile(in, b, 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := s.Run(t.Context(), &Job{In: in, Out: filepath.Join(dir, "out.pdf"), Level: verify.BLT})
		var refused *pdfsig.RefusedError
		var malformed *pdfsig.MalformedError
		if !errors.As(err, &refused) && !errors.As(err, &malformed) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if n := server.Counters().Requests; len(n) != 0 {
		t.Errorf("calls were made: %v", n)
	}
	onlyThese(t, dir, "in.pdf")
}

func TestDryRun(t *testing.T) {
	s := newService(t)
	dir, in := folder(t)
	r, err := s.Run(t.Context(), &Job{In: in, Out: filepath.Join(dir, "out.pdf"), Level: verify.BLT, DryRun: true})
	if err != nil {
		t.Fatal(err)
	}
	c := server.Counters()
	if c.Logins != 1 || c.ValidationPolicies != 1 || c.Quotas != 2 || c.TrustChains != 1 || c.Identities+c.Signs+c.Timestamps != 0 {
		t.Errorf("%+v", c)
	}
	if r.Status != StatusDryRun || r.Level != "B-LT" || r.Quota == nil || r.Quota.Signatures == 0 || r.Input.SHA256 == "" || r.Billed != (Bill{}) {
		t.Errorf("%+v", r)
	}
	s.Identity = &dssclient.IdentityRequest{SubjectDN: &dssclient.SubjectDN{Country: "not a country"}}
	r, err = s.Run(t.Context(), &Job{In: in, Out: filepath.Join(dir, "out.pdf"), Level: verify.BLT, DryRun: true})
	if _, ok := errors.AsType[*PolicyError](err); !ok || !strings.Contains(err.Error(), "subject_dn.country") || r.Status != StatusFailed {
		t.Errorf("%v", err)
	}
	onlyThese(t, dir, "in.pdf")
	_, err = s.Run(t.Context(), &Job{In: in, Out: in, Level: verify.BLT, DryRun: true})
	if _, ok := errors.AsType[*UsageError](err); !ok {
		t.Errorf("a dry run does not look at the output: %v", err)
	}
}

// skipWithoutLinks ends a test that needs links, where Windows does not let everybody make them. Elsewhere it fails.
func skipWithoutLinks(t *testing.T, err error) {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip(err)
	}
	t.Fatal(err)
}
