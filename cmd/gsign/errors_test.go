// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"io/fs"
	"strings"
	"syscall"
	"testing"

	"gsign/internal/sign"
)

// What a disk or folder refuses: where, and what to do.
func TestDiskHints(t *testing.T) {
	for want, err := range map[string]error{
		"make room in /t, or set TMPDIR":                    fmt.Errorf("spool: %w", &sign.FolderError{Dir: "/t", Temporary: true, Err: syscall.ENOSPC}),
		"set TMPDIR to a folder that can":                   &sign.FolderError{Dir: "/t", Temporary: true, Err: fs.ErrNotExist},
		"make room beside the output":                       &sign.SpaceError{Need: 2, Free: 1},
		"make room beside the output, or":                   fmt.Errorf("copy: %w", syscall.EDQUOT),
		"name one that you may write to":                    &sign.FolderError{Dir: "/o", Err: fs.ErrPermission},
		"make room in /t, or set TMPDIR to a folder on ano": &sign.FolderError{Dir: "/t", Temporary: true, Err: &sign.SpaceError{}},
	} {
		f := explain(&sign.Error{Name: "in.pdf", Err: err}, false)
		if f.code != codeFailure || len(f.hints) != 1 || !strings.Contains(f.hints[0], want) {
			t.Errorf("%v: %+v, want %q", err, f, want)
		}
	}
}
