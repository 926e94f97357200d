// SPDX-License-Identifier: Apache-2.0

// Command local signs one PDF many times with a key of its own, to B-B through package pdfsig, and writes each to a file: what
// digitorus/pdfsign does too. With -check the finished file is read back and verified before it is written, as gsign
// always does.
//
// usage: local [-n N] [-check] CERT.pem KEY.pem IN OUT
package main

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"flag"
	"fmt"
	"io"
	"os"

	"gsign/pkg/pdfsig"
	"gsign/pkg/verify"
	"gsign/scripts/bench/usage"
)

func main() {
	n := flag.Int("n", 100, "documents")
	check := flag.Bool("check", false, "read back and verify")
	flag.Parse()
	if flag.NArg() != 4 {
		flag.Usage()
		os.Exit(2)
	}
	if err := run(context.Background(), *n, *check, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "local:", err)
		os.Exit(1)
	}
}

// key is a Signer whose key is here.
type key struct {
	pair  tls.Certificate
	certs []*x509.Certificate
}

func (k *key) Certificates() []*x509.Certificate { return k.certs }

func (k *key) MaxDigests() int { return 1 }

func (k *key) SignDigests(_ context.Context, h crypto.Hash, digests [][]byte) ([][]byte, error) {
	signature, err := k.pair.PrivateKey.(crypto.Signer).Sign(rand.Reader, digests[0], h)
	return [][]byte{signature}, err
}

func run(ctx context.Context, n int, check bool, args []string) error {
	pair, err := tls.LoadX509KeyPair(args[0], args[1])
	if err != nil {
		return err
	}
	k := &key{pair: pair, certs: []*x509.Certificate{pair.Leaf}}
	if err := k.one(ctx, check, args[2], args[3]); err != nil { // not counted
		return err
	}
	meter := usage.Start()
	for range n {
		if err := k.one(ctx, check, args[2], args[3]); err != nil {
			return err
		}
	}
	return meter.Print(n)
}

func (k *key) one(ctx context.Context, check bool, in, out string) error {
	b, err := os.ReadFile(in)
	if err != nil {
		return err
	}
	size := int64(len(b))
	doc, err := pdfsig.Open(bytes.NewReader(b), size, nil)
	if err != nil {
		return err
	}
	signed, err := pdfsig.Sign(ctx, doc, k, nil, &pdfsig.Options{Name: "Ada Lovelace"})
	if err != nil {
		return err
	}
	suffix, intent, err := signed.Finish()
	if err != nil {
		return err
	}
	if check {
		r, size := pdfsig.Append(bytes.NewReader(b), size, suffix)
		if err := k.check(ctx, doc, r, size, intent); err != nil {
			return err
		}
	}
	f, err := os.Create(out)
	if err != nil {
		return err
	}
	defer f.Close()
	for _, part := range [][]byte{b, suffix} {
		if _, err := f.Write(part); err != nil {
			return err
		}
	}
	return f.Close()
}

// check is what gsign asks of a finished file.
func (k *key) check(ctx context.Context, doc *pdfsig.Document, r io.ReaderAt, size int64, intent *pdfsig.Intent) error {
	finished, err := pdfsig.Open(r, size, nil)
	if err != nil {
		return err
	}
	if err := pdfsig.Reread(doc, finished, intent); err != nil {
		return err
	}
	_, err = verify.Verify(ctx, r, size, &verify.Options{Document: finished, Roots: k.certs, Require: verify.BB, RequireWholeDocument: true})
	return err
}
