// SPDX-License-Identifier: Apache-2.0

package sign

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gsign/pkg/verify"
)

func TestSpaceError(t *testing.T) {
	const want = "not enough room for the output: 2.5 GiB needed, 3.0 MiB free"
	if got := (&SpaceError{Need: 5 << 29, Free: 3 << 20}).Error(); got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if !full(temporary(&SpaceError{})) || full(errDisk) {
		t.Error("a full disk is not known")
	}
}

// A stream without a temporary folder: the folder is named, and nothing is spent.
func TestNoTemporaryFolder(t *testing.T) {
	s := newService(t)
	dir, in := folder(t)
	gone := filepath.Join(dir, "gone")
	t.Setenv("TMPDIR", gone)
	for name, job := range map[string]*Job{
		"in":  {In: "-", Stdin: strings.NewReader("x"), Out: filepath.Join(dir, "out.pdf"), Level: verify.BB},
		"out": {In: in, Out: "-", Stdout: os.Stderr, Level: verify.BB},
	} {
		_, err := s.Run(t.Context(), job)
		if e, ok := errors.AsType[*FolderError](err); !ok || !e.Temporary || e.Dir != gone {
			t.Errorf("%s: %v", name, err)
		}
	}
	if c := server.Counters(); c.Signs != 0 {
		t.Errorf("%+v", c)
	}
}
