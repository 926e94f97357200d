// SPDX-License-Identifier: Apache-2.0

// Command pdfsign signs a PDF with digitorus/pdfsign, an approval signature with a local key: a peer of gsign in
// scripts/corpus.
//
//	pdfsign CERT.pem KEY.pem IN OUT
package main

import (
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"
	"time"

	"github.com/digitorus/pdfsign/sign"
)

func main() {
	if len(os.Args) != 5 {
		fmt.Fprintln(os.Stderr, "usage: pdfsign CERT.pem KEY.pem IN OUT")
		os.Exit(2)
	}
	if err := run(os.Args[1], os.Args[2], os.Args[3], os.Args[4]); err != nil {
		fmt.Fprintln(os.Stderr, "pdfsign:", err)
		os.Exit(1)
	}
}

func run(cert, key, in, out string) error {
	pair, err := tls.LoadX509KeyPair(cert, key)
	if err != nil {
		return err
	}
	leaf, err := x509.ParseCertificate(pair.Certificate[0])
	if err != nil {
		return err
	}
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
