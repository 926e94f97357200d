// SPDX-License-Identifier: Apache-2.0

package sign

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gsign/internal/pdf/pdftest"
	"gsign/pkg/verify"
)

var errDisk = errors.New("disk full")

// A full disk: before the money where that is possible; whenever, nothing is left.
func TestWriteFaults(t *testing.T) {
	for where, want := range map[string]Bill{
		"copy": {}, "suffix": {Signatures: 1, Timestamps: 1}, "sync": {Signatures: 1, Timestamps: 1},
	} {
		for _, named := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s named %v", where, named), func(t *testing.T) {
				testOnlyNamed = named
				defer func() { testOnlyNamed = false }()
				s := newService(t)
				dir, in := folder(t)
				hook(t, func(at string) error {
					if at == where {
						return errDisk
					}
					return nil
				})
				_, err := s.Run(t.Context(), &Job{In: in, Out: filepath.Join(dir, "out.pdf"), Level: verify.BLT})
				e, ok := errors.AsType[*Error](err)
				if !ok || !errors.Is(err, errDisk) || e.Bill != want {
					t.Errorf("%v, want bill %+v", err, want)
				}
				if c := server.Counters(); c.Signs != want.Signatures || c.Timestamps != want.Timestamps {
					t.Errorf("%+v", c)
				}
				onlyThese(t, dir, "in.pdf")
			})
		}
	}
}

// Somebody writes to the input: seen before the money where that is possible, and always before the output appears.
func TestInputChanges(t *testing.T) {
	for where, signs := range map[string]int{"copy": 0, "suffix": 1} {
		for how, change := range map[string]func(in string) error{
			"written": func(in string) error {
				f, err := os.OpenFile(in, os.O_APPEND|os.O_WRONLY, 0)
				if err != nil {
					return err
				}
				_, err = f.WriteString("x")
				return errors.Join(err, f.Close())
			},
			"replaced": func(in string) error {
				if err := os.WriteFile(in+"2", pdftest.Classic(), 0o600); err != nil {
					return err
				}
				return os.Rename(in+"2", in)
			},
			"removed": os.Remove,
		} {
			t.Run(where+" "+how, func(t *testing.T) {
				s := newService(t)
				dir, in := folder(t)
				hook(t, func(at string) error {
					if at == where {
						_ = os.Chtimes(in, farPast, farPast)
						return change(in)
					}
					return nil
				})
				_, err := s.Run(t.Context(), &Job{In: in, Out: filepath.Join(dir, "out.pdf"), Level: verify.BB})
				if _, ok := errors.AsType[*ChangedError](err); !ok {
					t.Errorf("%v", err)
				}
				if c := server.Counters(); c.Signs != signs {
					t.Errorf("%+v", c)
				}
				if _, err := os.Stat(filepath.Join(dir, "out.pdf")); err == nil {
					t.Error("there is an output")
				}
			})
		}
	}
}

func TestOutputAppears(t *testing.T) {
	for _, named := range []bool{false, true} {
		testOnlyNamed = named
		s := newService(t)
		dir, in := folder(t)
		out := filepath.Join(dir, "out.pdf")
		hook(t, func(at string) error {
			if at == "sync" {
				return os.WriteFile(out, []byte("somebody else's"), 0o600)
			}
			return nil
		})
		_, err := s.Run(t.Context(), &Job{In: in, Out: out, Level: verify.BB})
		if err == nil || !strings.Contains(err.Error(), "appeared") {
			t.Errorf("%v", err)
		}
		if b, _ := os.ReadFile(out); string(b) != "somebody else's" {
			t.Error("a file that was not ours is gone")
		}
		onlyThese(t, dir, "in.pdf", "out.pdf")
		testOnlyNamed = false
	}
}

// An interrupt at any moment leaves nothing.
func TestInterrupt(t *testing.T) {
	for _, where := range []string{"copy", "suffix", "sync"} {
		s := newService(t)
		dir, in := folder(t)
		ctx, cancel := context.WithCancelCause(t.Context())
		hook(t, func(at string) error {
			if at == where {
				cancel(errDisk)
			}
			return nil
		})
		_, err := s.Run(ctx, &Job{In: in, Out: filepath.Join(dir, "out.pdf"), Level: verify.BLT})
		if err == nil {
			t.Errorf("%s: no error", where)
		}
		onlyThese(t, dir, "in.pdf")
	}
	s := newService(t)
	dir, in := folder(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Run(ctx, &Job{In: in, Out: filepath.Join(dir, "out.pdf"), Level: verify.BLT}); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	if n := server.Counters().Requests; len(n) != 0 {
		t.Errorf("calls were made: %v", n)
	}
}
