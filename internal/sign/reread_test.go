// SPDX-License-Identifier: Apache-2.0

package sign

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"gsign/internal/pdf/pdftest"
	"gsign/pkg/verify"
)

// What changes on the disk after the file was verified is found, wherever it is, and nothing is published. Without
// Reread nobody looks, which shows that the test's fault is one that Reread alone can find.
func TestReread(t *testing.T) {
	testOnlyNamed = true
	defer func() { testOnlyNamed = false }()
	for name, where := range map[string]float64{"first byte": 0, "original": 0.02, "signature": 0.5, "last byte": 1} {
		t.Run(name, func(t *testing.T) {
			s := newService(t)
			dir, in := folder(t)
			hook(t, func(at string) error {
				if at == "reread" {
					return flip(dir, where)
				}
				return nil
			})
			out := filepath.Join(dir, "out.pdf")
			_, err := s.Run(t.Context(), &Job{In: in, Out: out, Level: verify.BB, Reread: true})
			e, ok := errors.AsType[*Error](err)
			if !ok || !errors.Is(err, errReread) || e.Bill.Signatures != 1 {
				t.Errorf("%v", err)
			}
			if _, ok := errors.AsType[*SelfCheckError](err); !ok {
				t.Errorf("%T", err)
			}
			onlyThese(t, dir, "in.pdf")
		})
	}
	s := newService(t)
	dir, in := folder(t)
	looked := false
	hook(t, func(at string) error {
		looked = looked || at == "reread"
		return nil
	})
	for _, reread := range []bool{false, true} {
		out := filepath.Join(dir, "out.pdf")
		r, err := s.Run(t.Context(), &Job{In: in, Out: out, Level: verify.BLT, Reread: reread, Force: true})
		if err != nil || r.Output.Reread != reread || looked != reread {
			t.Errorf("asked %v, said %v: %v", reread, r.Output.Reread, err)
		}
		signed(t, out, pdftest.Classic(), verify.BLT)
	}
}

// flip changes a bit of the temporary file in dir.
func flip(dir string, where float64) error {
	names, err := filepath.Glob(filepath.Join(dir, ".gsign-*.tmp"))
	if err != nil || len(names) != 1 {
		return errors.Join(err, errors.New("no temporary file"))
	}
	b, err := os.ReadFile(names[0])
	if err != nil {
		return err
	}
	b[int(where*float64(len(b)-1))] ^= 1
	return os.WriteFile(names[0], b, 0o600)
}
