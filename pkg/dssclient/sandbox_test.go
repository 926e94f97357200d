// SPDX-License-Identifier: Apache-2.0

package dssclient_test

import (
	"crypto"
	"testing"
	"time"

	"gsign/pkg/dssclient"
	"gsign/pkg/dssclient/dsstest"
)

// TestSandbox: client and emulator were written from the same reference, apart from each other.
func TestSandbox(t *testing.T) {
	for name, options := range map[string][]dsstest.Option{
		"default": nil,
		"strict": {
			dsstest.WithStrictContentType(), dsstest.WithStrictDigest(), dsstest.WithLowerCaseSignature(),
			dsstest.WithWholeCertificatePath(),
		},
	} {
		t.Run(name, func(t *testing.T) {
			srv, err := dsstest.NewServer(options...)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(srv.Close)
			cfg := srv.Config()
			cfg.HTTP2 = name == "strict" // each server start makes RSA keys: two have to do
			client, err := dssclient.New(cfg)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(client.CloseIdleConnections)
			useAll(t, client)
		})
	}
}

func useAll(t *testing.T, client *dssclient.Client) {
	t.Helper()
	policy, err := client.ValidationPolicy(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	request := &dssclient.IdentityRequest{SubjectDN: &dssclient.SubjectDN{CommonName: "TEST Zoë"}}
	if problems := policy.Check(request); problems != nil {
		t.Fatalf("policy does not like %v", problems)
	}
	session, err := client.Session(t.Context(), request)
	if err != nil {
		t.Fatal(err)
	}
	chain := session.Certificates()
	root := chain[len(chain)-1]
	if len(chain) < 2 || root.CheckSignatureFrom(root) != nil {
		t.Errorf("chain of %d does not end at a root", len(chain))
	}
	if len(session.OCSPResponses()) == 0 || time.Until(chain[0].NotAfter) > 10*time.Minute {
		t.Error("no OCSP response, or a long-lived leaf")
	}
	digest := make([]byte, 32)
	if _, err := session.SignDigests(t.Context(), crypto.SHA256, [][]byte{digest}); err != nil {
		t.Error(err)
	}
	if _, err := session.Timestamp(t.Context(), crypto.SHA256, digest); err != nil {
		t.Error(err)
	}
	if _, err := client.CertificatePath(t.Context()); err != nil {
		t.Error(err)
	}
	for _, of := range []string{dssclient.Signatures, dssclient.Timestamps} {
		if _, err := client.Quota(t.Context(), of); err != nil {
			t.Error(err)
		}
		if n, err := client.Counter(t.Context(), of); err != nil || n != 1 {
			t.Errorf("counter of %s is %d, %v", of, n, err)
		}
	}
	if got := client.Calls(); got.Login != 1 || got.Identity != 1 || got.Charged != (dssclient.Charges{Signatures: 1, Timestamps: 1}) {
		t.Errorf("calls are %+v", got)
	}
}
