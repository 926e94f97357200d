// SPDX-License-Identifier: Apache-2.0

// Command floor is the least work that signing a large file can be: one goroutine copies the file with
// copy_file_range(2) while another reads and hashes it in pieces of 256 KiB; then fsync and rename. Benchmarks report
// gsign's time as a multiple of its time, measured side by side, so that figures from different machines compare.
package main

import (
	"crypto/sha256"
	"fmt"
	"io"
	"os"

	"golang.org/x/sync/errgroup"
)

// piece is the size of one read: large enough that the system call does not count, small enough for the L2 cache.
const piece = 256 << 10

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: floor IN OUT")
		os.Exit(2)
	}
	sum, err := copyAndHash(os.Args[1], os.Args[2])
	if err != nil {
		fmt.Fprintln(os.Stderr, "floor:", err)
		os.Exit(1)
	}
	fmt.Printf("%x\n", sum)
}

func copyAndHash(in, out string) ([]byte, error) {
	src, err := os.Open(in)
	if err != nil {
		return nil, err
	}
	defer src.Close()
	fi, err := src.Stat()
	if err != nil {
		return nil, err
	}
	tmp := out + ".floor"
	dst, err := os.Create(tmp)
	if err != nil {
		return nil, err
	}
	defer os.Remove(tmp)
	defer dst.Close()

	h := sha256.New()
	var g errgroup.Group
	g.Go(func() error {
		n, err := copyRange(dst, src, fi.Size())
		if err == nil && n != fi.Size() {
			err = fmt.Errorf("copied %d of %d bytes", n, fi.Size())
		}
		return err
	})
	g.Go(func() error {
		_, err := io.CopyBuffer(h, io.NewSectionReader(src, 0, fi.Size()), make([]byte, piece))
		return err
	})
	if err := g.Wait(); err != nil {
		return nil, err
	}
	if err := dst.Sync(); err != nil {
		return nil, err
	}
	if err := os.Rename(tmp, out); err != nil {
		return nil, err
	}
	return h.Sum(nil), nil
}
