// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"

	"golang.org/x/sys/unix"
)

// copyRange copies the first size bytes of src to dst inside the kernel.
func copyRange(dst, src *os.File, size int64) (int64, error) {
	var off, done int64
	for done < size {
		n, err := unix.CopyFileRange(int(src.Fd()), &off, int(dst.Fd()), nil, int(min(size-done, 1<<30)), 0)
		if err == unix.EINTR {
			continue
		}
		if err != nil || n == 0 {
			return done, err
		}
		done += int64(n)
	}
	return done, nil
}
