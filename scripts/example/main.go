// SPDX-License-Identifier: Apache-2.0

// Command example is a module of its own that signs a PDF to B-LT with gsign's public packages alone.
//
// usage: example IN OUT ROOTS
//
// The emulated service stands in for the real one, and its roots go to the folder ROOTS: a real program fills a
// dssclient.Config instead and trusts the roots of its validators.
package main

import (
	"context"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"os"
	"path/filepath"

	"gsign/pkg/dssclient"
	"gsign/pkg/dssclient/dsstest"
	"gsign/pkg/ltv"
	"gsign/pkg/pdfsig"
	"gsign/pkg/verify"
)

func main() {
	if len(os.Args) != 4 {
		log.Fatal("usage: example IN OUT ROOTS")
	}
	service, err := dsstest.NewServer()
	if err != nil {
		log.Fatal(err)
	}
	defer service.Close()
	if err := sign(context.Background(), service, os.Args[1], os.Args[2]); err != nil {
		log.Fatal(err)
	}
	for i, root := range service.Roots() {
		block := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: root.Raw})
		if err := os.WriteFile(filepath.Join(os.Args[3], fmt.Sprintf("root-%d.pem", i)), block, 0o644); err != nil {
			log.Fatal(err)
		}
	}
}

func sign(ctx context.Context, service *dsstest.Server, inName, outName string) error {
	in, err := os.Open(inName)
	if err != nil {
		return err
	}
	defer in.Close()
	info, err := in.Stat()
	if err != nil {
		return err
	}
	client, err := dssclient.New(service.Config())
	if err != nil {
		return err
	}
	session, err := client.Session(ctx, &dssclient.IdentityRequest{SubjectDN: &dssclient.SubjectDN{CommonName: "Example"}})
	if err != nil {
		return err
	}
	doc, err := pdfsig.Open(in, info.Size(), nil)
	if err != nil {
		return err
	}
	signed, err := pdfsig.Sign(ctx, doc, session, session, nil)
	if err != nil {
		return err
	}
	signature, err := signed.Suffix()
	if err != nil {
		return err
	}
	r, size := pdfsig.Append(in, info.Size(), signature)
	store, _, err := ltv.Extend(ctx, r, size, &ltv.Options{
		Source:        &ltv.Online{},
		Certificates:  session.Certificates(),
		OCSPResponses: session.OCSPResponses(),
	})
	if err != nil {
		return err
	}
	r, size = pdfsig.Append(r, size, store)
	demands := &verify.Options{Field: signed.Prepared.Field, Roots: service.Roots(), Require: verify.BLT}
	if _, err := verify.Verify(ctx, r, size, demands); err != nil {
		return err
	}
	out, err := os.Create(outName)
	if err != nil {
		return err
	}
	if _, err := io.Copy(out, io.NewSectionReader(r, 0, size)); err != nil {
		out.Close()
		return err
	}
	return out.Close()
}
