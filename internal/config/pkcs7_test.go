// SPDX-License-Identifier: Apache-2.0

package config

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"
	"testing"
	"time"

	"gsign/internal/pkix/pkixtest"
)

// TestBundles reads roots from PKCS #7, as DER and as PEM, by their names in a folder.
func TestBundles(t *testing.T) {
	p := pkixtest.New(t, time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))
	der := pkixtest.SignedData{
		Signer: p.Leaf, Certificates: []*x509.Certificate{p.CA.Certificate, p.Root.Certificate}, Content: []byte{}, NoAttributes: true, Signers: -1,
	}.Marshal(t)
	for name, b := range map[string][]byte{"der.p7c": der, "pem.p7b": pem.EncodeToMemory(&pem.Block{Type: "PKCS7", Bytes: der})} {
		dir := t.TempDir()
		err := os.WriteFile(filepath.Join(dir, name), b, 0o600)
		if err != nil {
			t.Fatal(err)
		}
		certs, err := readCertificates("roots", []string{dir})
		if err != nil || len(certs) != 2 || !bytes.Equal(certs[0].Raw, p.CA.Certificate.Raw) && !bytes.Equal(certs[1].Raw, p.CA.Certificate.Raw) {
			t.Errorf("%s: %d certificates, %v", name, len(certs), err)
		}
	}
}
