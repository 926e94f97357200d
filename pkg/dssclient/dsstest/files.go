// SPDX-License-Identifier: Apache-2.0

package dsstest

import (
	"bytes"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"software.sslmate.com/src/go-pkcs12"
)

// Names of the files that WriteFiles writes.
const (
	ConfigFile         = "config.toml"
	ClientCertFile     = "client.pem" // client certificate and its issuer
	ClientKeyFile      = "client.key" // PKCS #8
	ClientPKCS12File   = "client.p12" // both, under the password in ClientPasswordFile
	ClientPasswordFile = "client.p12-password"
	SecretFile         = "api-secret"
	ServerCAFile       = "server-ca.pem"
	SignerRootFile     = "roots/signer-root.pem"
	TSARootFile        = "roots/tsa-root.pem"
)

// WriteFiles writes a ready configuration with its credentials, and the roots a verifier needs, to dir, which is made
// when absent. Secrets are readable by their owner only.
func (s *Server) WriteFiles(dir string) error {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return fmt.Errorf("write sandbox files: %w", err)
	}
	key, err := x509.MarshalPKCS8PrivateKey(s.client.PrivateKey)
	if err != nil {
		return fmt.Errorf("encode client key: %w", err)
	}
	password := randomHex(16)
	p12, err := pkcs12.Modern.Encode(s.client.PrivateKey, s.client.Leaf, []*x509.Certificate{s.mtlsCA.cert}, password)
	if err != nil {
		return fmt.Errorf("encode client.p12: %w", err)
	}
	config, err := s.configTOML(dir)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Join(dir, "roots"), 0o700); err != nil {
		return fmt.Errorf("write sandbox files: %w", err)
	}
	for _, f := range []struct {
		name string
		mode os.FileMode
		data []byte
	}{
		{ClientCertFile, 0o644, certificatePEM(s.client.Leaf, s.mtlsCA.cert)},
		{ClientKeyFile, 0o600, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key})},
		{ClientPKCS12File, 0o600, p12},
		{ClientPasswordFile, 0o600, []byte(password + "\n")},
		{SecretFile, 0o600, []byte(s.set.apiSecret + "\n")},
		{ServerCAFile, 0o644, certificatePEM(s.tlsCA)},
		{SignerRootFile, 0o644, certificatePEM(s.pki.root().cert)},
		{TSARootFile, 0o644, certificatePEM(s.pki.tsaRoot().cert)},
		{ConfigFile, 0o600, config},
	} {
		if err := writeFile(filepath.Join(dir, f.name), f.data, f.mode); err != nil {
			return err
		}
	}
	return nil
}

// WriteRoots writes the two trust anchors of Roots to dir as signer-root.pem and tsa-root.pem.
func (s *Server) WriteRoots(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("write sandbox roots: %w", err)
	}
	err := writeFile(filepath.Join(dir, filepath.Base(SignerRootFile)), certificatePEM(s.pki.root().cert), 0o644)
	if err != nil {
		return err
	}
	return writeFile(filepath.Join(dir, filepath.Base(TSARootFile)), certificatePEM(s.pki.tsaRoot().cert), 0o644)
}

// writeFile replaces a file: what an earlier run left must not keep its mode, and a link that somebody puts there
// in between is not followed.
func writeFile(path string, data []byte, mode os.FileMode) error {
	if err := os.Remove(path); err != nil && !os.IsNotExist(err) {
		return fmt.Errorf("write sandbox files: %w", err)
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return fmt.Errorf("write sandbox files: %w", err)
	}
	_, err = f.Write(data)
	if err = errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("write sandbox files: %w", err)
	}
	return nil
}

func (s *Server) configTOML(dir string) ([]byte, error) {
	var b bytes.Buffer
	fmt.Fprintf(&b, "# written by the gsign sandbox; its certificates say TEST and are worth nothing outside it\n")
	for _, kv := range [][2]string{
		{"base_url", s.URL},
		{"api_key", s.set.apiKey},
		{"api_secret_file", filepath.Join(dir, SecretFile)},
		{"client_cert", filepath.Join(dir, ClientCertFile)},
		{"client_key", filepath.Join(dir, ClientKeyFile)},
		{"ca_file", filepath.Join(dir, ServerCAFile)},
	} {
		value, err := json.Marshal(kv[1]) // a JSON string is a TOML basic string
		if err != nil {
			return nil, fmt.Errorf("encode %s: %w", ConfigFile, err)
		}
		fmt.Fprintf(&b, "%s = %s\n", kv[0], value)
	}
	return b.Bytes(), nil
}

func certificatePEM(certs ...*x509.Certificate) []byte {
	var b []byte
	for _, c := range certs {
		b = append(b, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})...)
	}
	return b
}
