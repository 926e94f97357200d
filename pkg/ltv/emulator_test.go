// SPDX-License-Identifier: Apache-2.0

package ltv_test

import (
	"bytes"
	"slices"
	"testing"

	"gsign/internal/pdf/pdftest"
	"gsign/pkg/dssclient"
	"gsign/pkg/dssclient/dsstest"
	"gsign/pkg/ltv"
	"gsign/pkg/pdfsig"
)

// The whole way against the emulated service, with both of its chain profiles: trial is leaf and root, production has
// two CAs between. The TSA's chain is found by caIssuers.
func TestEmulator(t *testing.T) {
	for name, profile := range map[string]dsstest.Profile{"trial": dsstest.Trial, "production": dsstest.Production} {
		t.Run(name, func(t *testing.T) {
			server, err := dsstest.NewServer(dsstest.WithRecycledKeys(), dsstest.WithProfile(profile))
			if err != nil {
				t.Fatal(err)
			}
			defer server.Close()
			client, err := dssclient.New(server.Config())
			if err != nil {
				t.Fatal(err)
			}
			defer client.CloseIdleConnections()
			session, err := client.Session(t.Context(), &dssclient.IdentityRequest{})
			if err != nil {
				t.Fatal(err)
			}
			online := &ltv.Online{}
			for range 2 {
				extendOne(t, server, session, online)
			}
			fetches, _ := online.Stats()
			if want := len(server.Chain()) + 2*len(server.TSAChain()); fetches > want+2 {
				t.Errorf("%d downloads for two documents, want at most %d: the second needs the signer's answer only", fetches, want+2)
			}
		})
	}
}

func extendOne(t *testing.T, server *dsstest.Server, session *dssclient.Session, online *ltv.Online) {
	t.Helper()
	file := pdftest.Classic()
	doc, err := pdfsig.Open(bytes.NewReader(file), int64(len(file)), nil)
	if err != nil {
		t.Fatal(err)
	}
	signed, err := pdfsig.Sign(t.Context(), doc, session, session, nil)
	if err != nil {
		t.Fatal(err)
	}
	suffix, err := signed.Suffix()
	if err != nil {
		t.Fatal(err)
	}
	file = slices.Concat(file, suffix)
	suffix, report, err := ltv.Extend(t.Context(), bytes.NewReader(file), int64(len(file)), &ltv.Options{
		Source:        online,
		Certificates:  session.Certificates(),
		OCSPResponses: session.OCSPResponses(),
		Roots:         server.Roots(),
	})
	if err != nil {
		t.Fatal(err)
	}
	if report.Revocation != ltv.AfterStamp || report.Anchor != ltv.Pinned || len(suffix) == 0 {
		t.Errorf("report %+v", report)
	}
	for _, chain := range report.Chains {
		for i, c := range chain.Certificates[:max(len(chain.Certificates)-1, 0)] {
			if len(c.Evidence) == 0 && c.Exempt == "" {
				t.Errorf("%s chain, certificate %d, %s: no evidence", chain.Role, i, c.Subject)
			}
		}
	}
}
