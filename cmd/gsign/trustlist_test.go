// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"gsign/internal/trustlist/trustlisttest"
)

// listSigners are the operators of lists, by name, made once.
var listSigners = struct {
	sync.Mutex
	made map[string]*trustlisttest.Signer
}{made: map[string]*trustlisttest.Signer{}}

func listSigner(ts *testscript.TestScript, name string) *trustlisttest.Signer {
	listSigners.Lock()
	defer listSigners.Unlock()
	if listSigners.made[name] == nil {
		s, err := trustlisttest.NewSigner("TEST operator "+name, time.Now().AddDate(0, -1, 0))
		ts.Check(err)
		listSigners.made[name] = s
	}
	return listSigners.made[name]
}

// cmdTrustList writes a trusted list of the sandbox's roots, one a CA/QC and one a TSA/QTST service, and the certificate of who
// signs it beside it, as OPERATOR.pem: trustlist FILE OPERATOR [WORD…]
//
// The words: withdrawn (the CA, two years ago), was (the CA was granted until an hour from now), swapped (each has the type of the
// other), outdated, closed, ski (the CA by its key alone), changed (after it was signed), pointing (a list of lists that names OPERATOR2).
func cmdTrustList(ts *testscript.TestScript, _ bool, args []string) {
	words := map[string]bool{}
	for _, w := range args[2:] {
		words[w] = true
	}
	now := time.Now().Truncate(time.Second)
	l := &trustlisttest.List{Issued: now.AddDate(0, 0, -1), NextUpdate: now.AddDate(0, 1, 0)}
	ca := trustlisttest.Instance{Type: "CA/QC", Name: "TEST CA", Certificates: certificates(ts, "sb/roots/signer-root.pem"), Status: "granted", Since: now.AddDate(-3, 0, 0), Qualifier: "QCForESig"}
	tsa := trustlisttest.Instance{Type: "TSA/QTST", Name: "TEST time", Certificates: certificates(ts, "sb/roots/tsa-root.pem"), Status: "granted", Since: now.AddDate(-3, 0, 0)}
	was := ca
	switch {
	case words["outdated"]:
		l.NextUpdate = now.Add(-time.Hour)
	case words["closed"]:
		l.NextUpdate = time.Time{}
	case words["swapped"]:
		ca.Type, tsa.Type = tsa.Type, ca.Type
	case words["withdrawn"]:
		ca.Status, ca.Since = "withdrawn", now.AddDate(-2, 0, 0)
	case words["was"]:
		ca.Status, ca.Since = "withdrawn", now.Add(time.Hour)
	case words["ski"]:
		ca.Certificates, ca.SKI = nil, ca.Certificates[0].SubjectKeyId
	}
	service := trustlisttest.Service{Instances: []trustlisttest.Instance{ca}}
	if words["withdrawn"] || words["was"] {
		service.Instances = append(service.Instances, was)
	}
	l.Providers = []trustlisttest.Provider{{Name: "TEST <provider>", Services: []trustlisttest.Service{service, {Instances: []trustlisttest.Instance{tsa}}}}}
	if words["pointing"] {
		l.Type, l.Territory, l.Providers = "EUlistofthelists", "EU", nil
		l.Pointers = []trustlisttest.Pointer{{Territory: "XX", Location: "https://list.example/xx.xml", Signers: []*x509.Certificate{listSigner(ts, args[1]+"2").Certificate}}}
	}
	signer := listSigner(ts, args[1])
	b, err := signer.Sign(l.XML())
	ts.Check(err)
	if words["changed"] {
		b = bytes.ReplaceAll(b, []byte("TEST CA"), []byte("TEST XA"))
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), b, 0o644))
	ts.Check(os.WriteFile(ts.MkAbs(args[1]+".pem"), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: signer.Certificate.Raw}), 0o644))
}

func certificates(ts *testscript.TestScript, file string) []*x509.Certificate {
	block, _ := pem.Decode([]byte(strings.TrimSpace(ts.ReadFile(file))))
	if block == nil {
		ts.Fatalf("%s is no certificate", file)
	}
	c, err := x509.ParseCertificate(block.Bytes)
	ts.Check(err)
	return []*x509.Certificate{c}
}
