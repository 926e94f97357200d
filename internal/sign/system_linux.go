// SPDX-License-Identifier: Apache-2.0

package sign

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// createTemp makes a file without a name (O_TMPFILE), or a hidden one where the file system cannot.
func createTemp(dir string) (*tempFile, error) {
	if testOnlyNamed {
		return createNamed(dir)
	}
	f, err := os.OpenFile(dir, os.O_RDWR|unix.O_TMPFILE, 0o666)
	if err != nil {
		return createNamed(dir)
	}
	// Giving it a name later goes through /proc; better to know now whether there is one.
	if _, err := os.Stat(procName(f)); err != nil {
		_ = f.Close()
		return createNamed(dir)
	}
	return &tempFile{f: f}, nil
}

func procName(f *os.File) string { return fmt.Sprintf("/proc/self/fd/%d", f.Fd()) }

// link gives a nameless file a name; an existing file is fs.ErrExist.
func (t *tempFile) link(path string) error {
	err := unix.Linkat(unix.AT_FDCWD, procName(t.f), unix.AT_FDCWD, path, unix.AT_SYMLINK_FOLLOW)
	if err != nil {
		return &fs.PathError{Op: "link", Path: path, Err: err}
	}
	return nil
}

// renameNew renames unless the new name exists.
func renameNew(from, to string) error {
	err := unix.Renameat2(unix.AT_FDCWD, from, unix.AT_FDCWD, to, unix.RENAME_NOREPLACE)
	if errors.Is(err, unix.EINVAL) || errors.Is(err, unix.ENOSYS) {
		return renameExclusive(from, to)
	}
	if err != nil {
		return &fs.PathError{Op: "rename", Path: to, Err: err}
	}
	return nil
}

// checkSpace refuses early when the disk cannot hold what is about to be written.
func checkSpace(f *os.File, need int64) error {
	var st unix.Statfs_t
	if err := unix.Fstatfs(int(f.Fd()), &st); err != nil || st.Blocks == 0 || st.Bsize <= 0 {
		return nil // this file system does not say
	}
	if free := int64(st.Bavail) * int64(st.Bsize); free < need {
		return &SpaceError{Need: need, Free: free}
	}
	return nil
}

// reserve makes sure that n more bytes after size can be written. The length of the file stays.
func reserve(f *os.File, size, n int64) error {
	err := unix.Fallocate(int(f.Fd()), unix.FALLOC_FL_KEEP_SIZE, size, n)
	if errors.Is(err, unix.ENOSPC) || errors.Is(err, unix.EDQUOT) || errors.Is(err, unix.EFBIG) || errors.Is(err, unix.EIO) {
		return &fs.PathError{Op: "reserve room for the signature", Path: f.Name(), Err: err}
	}
	return nil // the others say that this file system cannot reserve
}

// keepOwner gives the new file the owner of the old one; where that is not allowed its group gets no rights that the
// old file's group had.
func keepOwner(f *os.File, old os.FileInfo, mode fs.FileMode) fs.FileMode {
	was, ok := old.Sys().(*syscall.Stat_t)
	if !ok {
		return mode
	}
	fi, err := f.Stat()
	if err != nil {
		return mode
	}
	is, ok := fi.Sys().(*syscall.Stat_t)
	if !ok || is.Uid == was.Uid && is.Gid == was.Gid {
		return mode
	}
	if f.Chown(int(was.Uid), int(was.Gid)) == nil || f.Chown(-1, int(was.Gid)) == nil {
		return mode
	}
	return mode &^ 0o070
}

// forget gives up what the system keeps of the file in memory, so that the next read comes from the device. Only what is
// on the disk already can be given up. A file system that cannot (one that lives in memory) says so, which does no harm.
func forget(f *os.File, size int64) {
	_ = unix.Fadvise(int(f.Fd()), 0, size, unix.FADV_DONTNEED)
}

// writeSoon has the system begin to write a part of the file, without waiting for it.
func writeSoon(f *os.File, off, n int64) {
	_ = unix.SyncFileRange(int(f.Fd()), off, n, unix.SYNC_FILE_RANGE_WRITE)
}
