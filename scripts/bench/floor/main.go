// SPDX-License-Identifier: Apache-2.0

// Command floor is the least work that signing a large file can be: one goroutine copies the file with
// copy_file_range(2) while another reads and hashes it in pieces of 256 KiB; then fsync and rename. A cross-reference that
// is a compressed stream is decompressed before, and nothing is made of it: no reader gets round that. Benchmarks report
// gsign's time as a multiple of its time, measured side by side, so that figures from different machines compare.
//
//	floor [-plain] IN OUT
//	floor -hash IN
//
// With -plain the cross-reference is left alone; with -hash the file is hashed and nothing else: the floor of verifying.
package main

import (
	"bufio"
	"bytes"
	"compress/zlib"
	"crypto/sha256"
	"flag"
	"fmt"
	"io"
	"os"
	"strconv"

	"golang.org/x/sync/errgroup"
)

// piece is the size of one read: large enough that the system call does not count, small enough for the L2 cache.
const piece = 256 << 10

func main() {
	plain := flag.Bool("plain", false, "do not decompress the cross-reference")
	only := flag.Bool("hash", false, "hash, and nothing else")
	flag.Parse()
	var sum []byte
	var err error
	switch {
	case *only && flag.NArg() == 1:
		sum, err = hashAlone(flag.Arg(0))
	case !*only && flag.NArg() == 2:
		sum, err = copyAndHash(flag.Arg(0), flag.Arg(1), *plain)
	default:
		fmt.Fprintln(os.Stderr, "usage: floor [-plain] IN OUT, or floor -hash IN")
		os.Exit(2)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "floor:", err)
		os.Exit(1)
	}
	fmt.Printf("%x\n", sum)
}

func hashAlone(in string) ([]byte, error) {
	src, err := os.Open(in)
	if err != nil {
		return nil, err
	}
	defer src.Close()
	h := sha256.New()
	// The file is hidden from CopyBuffer, which would choose its own pieces.
	_, err = io.CopyBuffer(h, struct{ io.Reader }{src}, make([]byte, piece))
	return h.Sum(nil), err
}

func copyAndHash(in, out string, plain bool) ([]byte, error) {
	src, err := os.Open(in)
	if err != nil {
		return nil, err
	}
	defer src.Close()
	fi, err := src.Stat()
	if err != nil {
		return nil, err
	}
	if !plain {
		if err := inflate(src, fi.Size()); err != nil {
			return nil, err
		}
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

// inflate decompresses what the file's end names, where that is a stream of FlateDecode alone.
func inflate(src io.ReaderAt, size int64) error {
	tail := make([]byte, min(1024, size))
	if _, err := src.ReadAt(tail, size-int64(len(tail))); err != nil {
		return err
	}
	_, after, ok := bytes.Cut(tail, []byte("startxref"))
	fields := bytes.Fields(after)
	if !ok || len(fields) == 0 {
		return nil
	}
	at, err := strconv.ParseInt(string(fields[0]), 10, 64)
	if err != nil || at >= size {
		return nil
	}
	head := make([]byte, min(1024, size-at))
	if _, err := src.ReadAt(head, at); err != nil {
		return err
	}
	dict, _, ok := bytes.Cut(head, []byte("stream\n"))
	if !ok || !bytes.Contains(dict, []byte("/FlateDecode")) {
		return nil
	}
	begin := at + int64(len(dict)+len("stream\n"))
	z, err := zlib.NewReader(bufio.NewReaderSize(io.NewSectionReader(src, begin, size-begin), 64<<10))
	if err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, z)
	return err
}
