// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package sign

import (
	"errors"
	"io/fs"
	"os"
)

func createTemp(dir string) (*tempFile, error) { return createNamed(dir) }

func (t *tempFile) link(string) error { return errors.ErrUnsupported } // never reached: the file has a name

func renameNew(from, to string) error { return renameExclusive(from, to) }

func checkSpace(*os.File, int64) error { return nil }

func reserve(f *os.File, size, n int64) error { return nil }

func keepOwner(_ *os.File, _ os.FileInfo, mode fs.FileMode) fs.FileMode { return mode }

func forget(*os.File, int64) {}

func writeSoon(*os.File, int64, int64) {}
