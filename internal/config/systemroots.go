// SPDX-License-Identifier: Apache-2.0

package config

import (
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// systemFiles are where systems keep their roots in one file, as crypto/x509 looks for them.
var systemFiles = []string{
	"/etc/ssl/certs/ca-certificates.crt",                // Debian, Ubuntu, Arch, Gentoo
	"/etc/pki/tls/certs/ca-bundle.crt",                  // Fedora, RHEL 6
	"/etc/ssl/ca-bundle.pem",                            // openSUSE
	"/etc/pki/tls/cacert.pem",                           // OpenELEC
	"/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", // CentOS, RHEL 7
	"/etc/ssl/cert.pem",                                 // Alpine, the BSDs, macOS
	"/usr/local/etc/ssl/cert.pem",                       // FreeBSD
	"/usr/local/share/certs/ca-root-nss.crt",            // DragonFly
}

// SystemTrust returns the roots that this machine trusts, and the file they were read from. They are those for TLS: a system has
// no others. SSL_CERT_FILE names another file.
func SystemTrust() (certs []*x509.Certificate, file string, err error) {
	files := systemFiles
	if named := os.Getenv("SSL_CERT_FILE"); named != "" {
		files = []string{named}
	}
	for _, file := range files {
		_, err := os.Stat(file)
		if errors.Is(err, fs.ErrNotExist) && len(files) > 1 {
			continue
		}
		certs, err := readCertificateFile("system's roots", file)
		if e, ok := errors.AsType[*Error](err); ok {
			e.Usage = true
		}
		return certs, filepath.Clean(file), err
	}
	return nil, "", &Error{
		Problem: fmt.Sprintf("this system keeps its roots in none of the %d usual files", len(files)),
		Hint:    "--trust FILE, or SSL_CERT_FILE, names a file with roots", Usage: true,
	}
}
