// SPDX-License-Identifier: Apache-2.0

// Package testenv finds what tests need beside the repository: sample PDFs that are third-party data and never
// committed.
package testenv

import (
	"os"
	"path/filepath"
	"testing"
)

// Shared returns the folder of third-party sample data: $TEST_SHARED, or the folder "shared" beside the repository.
// Where there is none the test is skipped, unless TEST_REQUIRE_SHARED is set: then it fails, so that CI never passes
// by looking away.
func Shared(tb testing.TB) string {
	tb.Helper()
	dir := os.Getenv("TEST_SHARED")
	if dir == "" {
		dir = filepath.Join(filepath.Dir(Root(tb)), "shared")
	}
	if fi, err := os.Stat(dir); err == nil && fi.IsDir() {
		return dir
	}
	if os.Getenv("TEST_REQUIRE_SHARED") != "" {
		tb.Fatalf("sample data required but not found at %s", dir)
	}
	tb.Skipf("no sample data at %s", dir)
	return ""
}

// Root returns the repository's root: the nearest folder above the test with a go.mod.
func Root(tb testing.TB) string {
	tb.Helper()
	dir, err := os.Getwd()
	if err != nil {
		tb.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			tb.Fatal("no go.mod above the working directory")
		}
		dir = parent
	}
}
