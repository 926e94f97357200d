// SPDX-License-Identifier: Apache-2.0

package sign

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
)

// tailReserve is the room made sure of for what is appended: a signature of some 50 KiB and a security store, with OCSP
// responses well under 100 KiB; beyond it, with large CRLs, the disk may still fill up in the middle.
const tailReserve = 512 << 10

// testOnlySpoil lets tests change what is appended: revision 1 or 2.
var testOnlySpoil = func(revision int, suffix []byte) []byte { return suffix }

// testOnlyWriteFault lets tests fill the disk at a chosen moment: "copy", "suffix" or "sync".
var testOnlyWriteFault = func(where string) error { return nil }

// testOnlyNamed takes the way of systems that have no files without a name.
var testOnlyNamed bool

// tempFile is the output before it is published. Where the system can, it has no name until then, so that even a power
// cut leaves nothing behind.
type tempFile struct {
	f     *os.File
	name  string // empty while the file has none
	spool bool   // from spoolFile: never published
}

// createNamed makes a hidden file with the mode the umask allows.
func createNamed(dir string) (*tempFile, error) {
	for range 100 {
		name := tempName(dir)
		f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o666)
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		return &tempFile{f: f, name: name}, nil
	}
	return nil, fmt.Errorf("no free name for a temporary file in %s", dir)
}

func tempName(dir string) string {
	return filepath.Join(dir, fmt.Sprintf(".gsign-%016x.tmp", rand.Uint64()))
}

// publish gives the file its name. Without replace an existing file is an error that is fs.ErrExist.
func (t *tempFile) publish(path string, replace bool) error {
	if t.name == "" {
		if !replace {
			return t.link(path)
		}
		name := tempName(filepath.Dir(path))
		if err := t.link(name); err != nil {
			return err
		}
		t.name = name
	}
	var err error
	if replace {
		err = os.Rename(t.name, path)
	} else {
		err = renameNew(t.name, path)
	}
	if err == nil {
		t.name = ""
	}
	return err
}

func (t *tempFile) discard() {
	if t.spool {
		closeSpool(t.f)
		return
	}
	_ = t.f.Close()
	if t.name != "" {
		_ = os.Remove(t.name)
	}
}

// renameExclusive is renameNew where the system has no such call: between look and rename another program may win.
func renameExclusive(from, to string) error {
	if _, err := os.Lstat(to); err == nil {
		return &fs.PathError{Op: "rename", Path: to, Err: fs.ErrExist}
	}
	return os.Rename(from, to)
}

// syncFolder makes the new name last through a power cut. Not every system can; the file itself is safe already.
func syncFolder(dir string) {
	if d, err := os.Open(dir); err == nil {
		_ = d.Sync()
		_ = d.Close()
	}
}
