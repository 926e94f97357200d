// SPDX-License-Identifier: Apache-2.0

package pdfsig_test

import (
	"context"
	"fmt"
	"log"
	"os"

	"gsign/pkg/dssclient"
	"gsign/pkg/dssclient/dsstest"
	"gsign/pkg/ltv"
	"gsign/pkg/pdfsig"
	"gsign/pkg/verify"
)

// Example signs a file to PAdES B-LT: twenty lines, and the emulated service in place of the real one. A real program
// takes a dssclient.Config of its own, returns its errors, and copies the file, signature and store to a new one.
func Example() {
	must := func(err error) {
		if err != nil {
			log.Fatal(err)
		}
	}
	ctx := context.Background()
	server, err := dsstest.NewServer()
	must(err)
	defer server.Close()
	in, err := os.Open("../../testdata/pdfs/classic-table.pdf")
	must(err)
	defer in.Close()
	info, err := in.Stat()
	must(err)

	client, err := dssclient.New(server.Config())
	must(err)
	session, err := client.Session(ctx, &dssclient.IdentityRequest{SubjectDN: &dssclient.SubjectDN{CommonName: "Ada"}})
	must(err)
	doc, err := pdfsig.Open(in, info.Size(), nil)
	must(err)
	signed, err := pdfsig.Sign(ctx, doc, session, session, &pdfsig.Options{Reason: "approved"})
	must(err)
	signature, err := signed.Suffix()
	must(err)
	r, size := pdfsig.Append(in, info.Size(), signature)
	store, _, err := ltv.Extend(ctx, r, size, &ltv.Options{
		Source:        &ltv.Online{},
		Certificates:  session.Certificates(),
		OCSPResponses: session.OCSPResponses(),
		Roots:         server.Roots(),
	})
	must(err)
	r, size = pdfsig.Append(r, size, store)
	report, err := verify.Verify(ctx, r, size, &verify.Options{
		Field: signed.Prepared.Field, Roots: server.Roots(), Require: verify.BLT,
	})
	must(err)
	fmt.Println(report.Signatures[0].Level, report.Signatures[0].Signer().Subject.CommonName)
	// Output: B-LT Ada
}
