// SPDX-License-Identifier: Apache-2.0

package config

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"gsign/internal/limits"
	"gsign/internal/pkix"
)

// Trust returns the root certificates that chains must end at; none means that no root is pinned.
func (v *Values) Trust() ([]*x509.Certificate, error) {
	return v.asSetting("trust", "trusted certificate")
}

// SandboxTrust returns the roots that a sandbox wrote into its folder, or that sign --sandbox-roots wrote to dir itself.
func SandboxTrust(dir string) ([]*x509.Certificate, error) {
	roots := filepath.Join(dir, "roots")
	if fi, err := os.Stat(roots); err != nil || !fi.IsDir() {
		roots = dir
	}
	certs, err := readCertificates("sandbox's roots", []string{roots})
	if e, ok := errors.AsType[*Error](err); ok {
		e.Usage = true
		if e.Hint == "" {
			e.Hint = "name the folder that was given to gsign sandbox --dir, or to gsign sign --sandbox-roots"
		}
	}
	for _, c := range certs {
		if !strings.Contains(c.Subject.String(), "TEST") {
			return nil, &Error{
				Problem: fmt.Sprintf("%s: %s is no root of a sandbox, which says TEST", dir, c.Subject),
				Hint:    "--trust takes roots of the real world", Usage: true,
			}
		}
	}
	return certs, err
}

// NamedFile is a file that was read.
type NamedFile struct {
	Name  string
	Bytes []byte
}

// TrustLists reads files, and of folders each .xml file.
func TrustLists(paths []string) ([]NamedFile, error) {
	var all []NamedFile
	fail := func(err error) error { return &Error{Problem: "read the trusted list", Err: err, Usage: true} }
	for _, path := range paths {
		fi, err := os.Stat(path)
		if err != nil {
			return nil, fail(err)
		}
		files := []string{path}
		if fi.IsDir() {
			files, err = filesOf(path, ".xml")
			if err == nil && len(files) == 0 {
				err = fmt.Errorf("the folder %s holds no .xml file", path)
			}
			if err != nil {
				return nil, fail(err)
			}
		}
		for _, f := range files {
			if len(all) == limits.TrustLists {
				return nil, fail(fmt.Errorf("there are more than %d", limits.TrustLists))
			}
			b, err := readLimited(f, limits.TrustList)
			if err != nil {
				return nil, fail(fmt.Errorf("%s: %w", f, err))
			}
			all = append(all, NamedFile{f, b})
		}
	}
	return all, nil
}

// ListSigners returns the certificates of those who sign trusted lists.
func ListSigners(paths []string) ([]*x509.Certificate, error) {
	certs, err := readCertificates("signer of trusted lists", paths)
	if e, ok := errors.AsType[*Error](err); ok {
		e.Usage = true
	}
	return certs, err
}

// ExtraCerts returns certificates that chains may need.
func (v *Values) ExtraCerts() ([]*x509.Certificate, error) {
	return v.asSetting("extra_certs", "extra certificate")
}

// asSetting says that what cannot be used is no credential, and where it was named.
func (v *Values) asSetting(key, what string) ([]*x509.Certificate, error) {
	certs, err := readCertificates(what, v.Strings(key))
	if e, ok := errors.AsType[*Error](err); ok {
		e.Problem, e.Usage = v.from(key)+": "+e.Problem, true
	}
	return certs, err
}

// rootCAs returns what vouches for the service's TLS certificate, nil for the system's roots.
func (v *Values) rootCAs() (*x509.CertPool, error) {
	path := v.String("ca_file")
	if path == "" {
		return nil, nil
	}
	certs, err := readCertificateFile("CA certificate", path)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	for _, c := range certs {
		pool.AddCert(c)
	}
	return pool, nil
}

// readCertificates reads files, and of folders each file that is named like a certificate.
func readCertificates(what string, paths []string) ([]*x509.Certificate, error) {
	var all []*x509.Certificate
	for _, path := range paths {
		fi, err := os.Stat(path)
		if err != nil {
			return nil, &Error{Problem: "read the " + what, Err: err}
		}
		files := []string{path}
		if fi.IsDir() {
			if files, err = certificateFiles(path); err != nil {
				return nil, &Error{Problem: "read the " + what, Err: err}
			}
			if len(files) == 0 {
				return nil, &Error{Problem: fmt.Sprintf("the folder %s holds no certificate", path), Hint: "files named .pem, .crt, .cer, .der, .p7b or .p7c are read"}
			}
		}
		for _, f := range files {
			certs, err := readCertificateFile(what, f)
			if err != nil {
				return nil, err
			}
			all = append(all, certs...)
		}
	}
	return all, nil
}

func certificateFiles(dir string) ([]string, error) {
	return filesOf(dir, ".pem", ".crt", ".cer", ".der", ".p7b", ".p7c")
}

// filesOf returns the files of a folder that end like one of these.
func filesOf(dir string, endings ...string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var files []string
	for _, e := range entries {
		ext := strings.ToLower(filepath.Ext(e.Name()))
		if !e.IsDir() && slices.Contains(endings, ext) {
			files = append(files, filepath.Join(dir, e.Name()))
		}
	}
	return files, nil
}

func readCertificateFile(what, path string) ([]*x509.Certificate, error) {
	b, err := readLimited(path, limits.CertificateFile)
	if err != nil {
		return nil, &Error{Problem: "read the " + what, Err: err}
	}
	certs, err := parseCertificates(b)
	if err != nil {
		return nil, &Error{Problem: fmt.Sprintf("read the %s from %s", what, path), Err: err}
	}
	if len(certs) == 0 {
		return nil, &Error{Problem: fmt.Sprintf("%s holds no certificate", path), Hint: "a certificate starts with -----BEGIN CERTIFICATE-----, or is DER"}
	}
	return certs, nil
}

func parseCertificates(b []byte) ([]*x509.Certificate, error) {
	if !bytes.Contains(b, []byte("-----BEGIN ")) {
		if len(b) == 0 || b[0] != 0x30 {
			return nil, nil
		}
		certs, err := x509.ParseCertificates(b)
		if err == nil {
			return certs, nil
		}
		bundle, bundleErr := pkix.ParseCertificates(b) // PKCS #7
		if bundleErr == nil {
			return bundle, nil
		}
		return nil, err
	}
	var certs []*x509.Certificate
	for block, rest := pem.Decode(b); block != nil; block, rest = pem.Decode(rest) {
		if block.Type == "PKCS7" || block.Type == "CMS" {
			bundle, err := pkix.ParseCertificates(block.Bytes)
			if err != nil {
				return nil, err
			}
			certs = append(certs, bundle...)
			continue
		}
		if block.Type != "CERTIFICATE" {
			continue
		}
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, err
		}
		certs = append(certs, c)
	}
	return certs, nil
}
