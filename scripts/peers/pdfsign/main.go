// SPDX-License-Identifier: Apache-2.0

// Command pdfsign signs a PDF with digitorus/pdfsign, an approval signature with a local key: a peer of gsign in
// scripts/corpus. With -n it signs the same file again and again and prints what that cost, for scripts/bench; the first is
// not counted.
//
//	pdfsign [-n N] CERT.pem KEY.pem IN OUT
package main

import (
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"runtime"
	"syscall"
	"time"

	"github.com/digitorus/pdfsign/sign"
)

func main() {
	n := flag.Int("n", 0, "sign so often and print the cost")
	flag.Parse()
	if flag.NArg() != 4 {
		fmt.Fprintln(os.Stderr, "usage: pdfsign [-n N] CERT.pem KEY.pem IN OUT")
		os.Exit(2)
	}
	if err := run(*n, flag.Arg(0), flag.Arg(1), flag.Arg(2), flag.Arg(3)); err != nil {
		fmt.Fprintln(os.Stderr, "pdfsign:", err)
		os.Exit(1)
	}
}

func run(n int, cert, key, in, out string) error {
	pair, err := tls.LoadX509KeyPair(cert, key)
	if err != nil {
		return err
	}
	leaf, err := x509.ParseCertificate(pair.Certificate[0])
	if err != nil {
		return err
	}
	if err := one(&pair, leaf, in, out); err != nil || n == 0 {
		return err
	}
	var before, after syscall.Rusage
	var was, is runtime.MemStats
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &before)
	runtime.ReadMemStats(&was)
	start := time.Now()
	for range n {
		if err := one(&pair, leaf, in, out); err != nil {
			return err
		}
	}
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &after)
	runtime.ReadMemStats(&is)
	return json.NewEncoder(os.Stdout).Encode(map[string]any{
		"Documents": n, "Wall": time.Since(start).Seconds(),
		"User": seconds(after.Utime) - seconds(before.Utime), "Sys": seconds(after.Stime) - seconds(before.Stime),
		"Bytes": is.TotalAlloc - was.TotalAlloc, "Allocs": is.Mallocs - was.Mallocs,
	})
}

func seconds(t syscall.Timeval) float64 { return float64(t.Sec) + float64(t.Usec)/1e6 }

func one(pair *tls.Certificate, leaf *x509.Certificate, in, out string) error {
	return sign.SignFile(in, out, sign.SignData{
		Signature: sign.SignDataSignature{
			CertType:   sign.ApprovalSignature,
			DocMDPPerm: sign.AllowFillingExistingFormFieldsAndSignaturesPerms,
			Info:       sign.SignDataSignatureInfo{Name: "Ada Lovelace", Date: time.Now()},
		},
		Signer:          pair.PrivateKey.(crypto.Signer),
		DigestAlgorithm: crypto.SHA256,
		Certificate:     leaf,
	})
}
