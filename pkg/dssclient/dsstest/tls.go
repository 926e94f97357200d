// SPDX-License-Identifier: Apache-2.0

package dsstest

import (
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"net"
	"sync"
	"time"

	"golang.org/x/crypto/cryptobyte"
)

// prepareTLS makes the server's certificate with its CA, and the CA of client certificates with the first client.
// Their validity is wide around both the real time, which TLS stacks look at, and the server's own clock.
func (s *Server) prepareTLS() (*tls.Config, error) {
	keys, err := generateKeys(s.set, ecdsaP256, ecdsaP256, ecdsaP256)
	if err != nil {
		return nil, err
	}
	from, until := s.tlsValidity()
	number := startNumber()
	serverCA, err := newAuthority(&caSpec{
		name: "server-ca", subject: caSubject("TEST sandbox TLS Server CA" + number), key: keys[0], from: from, until: until,
	}, "")
	if err != nil {
		return nil, err
	}
	s.mtlsCA, err = newAuthority(&caSpec{
		name: "mtls-ca", subject: caSubject("TEST sandbox mTLS Infra CA" + number), key: keys[1], from: from, until: until,
	}, "")
	if err != nil {
		return nil, err
	}
	names := extension(oidSubjectAltName, false, func(b *cryptobyte.Builder) {
		sequence(b, func(b *cryptobyte.Builder) {
			b.AddASN1(contextTag(2), add([]byte("localhost")))
			b.AddASN1(contextTag(7), add(net.IPv4(127, 0, 0, 1).To4()))
			b.AddASN1(contextTag(7), add(net.IPv6loopback))
		})
	})
	issue := func(key crypto.Signer) (tls.Certificate, error) {
		return issueTLS(serverCA, key, "TEST sandbox", from, until, extKeyUsage(false, oidServerAuth), names)
	}
	server, err := issue(keys[2])
	if err != nil {
		return nil, err
	}
	// Some clients offer suites with RSA certificates only. Few tests meet one, so its key is made when the first asks.
	withRSA := sync.OnceValues(func() (tls.Certificate, error) {
		key, err := s.set.rsaKey()
		if err != nil {
			return tls.Certificate{}, err
		}
		return issue(key)
	})
	s.client, err = s.ClientCertificate("TEST client")
	if err != nil {
		return nil, err
	}
	s.tlsCA, s.tlsRoots = serverCA.cert, x509.NewCertPool()
	s.tlsRoots.AddCert(serverCA.cert)
	clients := x509.NewCertPool()
	clients.AddCert(s.mtlsCA.cert)
	return &tls.Config{
		ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: clients, MinVersion: s.set.minTLS, MaxVersion: s.set.maxTLS,
		GetCertificate: func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
			if hello.SupportsCertificate(&server) == nil {
				return &server, nil
			}
			c, err := withRSA()
			return &c, err
		},
	}, nil
}

func (s *Server) tlsValidity() (from, until time.Time) {
	own, real := s.now(), time.Now()
	if own.After(real) {
		own, real = real, own
	}
	return own.Add(-30 * day).Truncate(time.Second), real.Add(365 * day).Truncate(time.Second)
}

// ClientCertificate issues another client certificate. TLS accepts it, but the API key is bound to the one in Config,
// so the service answers 401.
func (s *Server) ClientCertificate(commonName string) (tls.Certificate, error) {
	key, err := generateKey(ecdsaP256)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("generate key: %w", err)
	}
	from, until := s.tlsValidity()
	return issueTLS(s.mtlsCA, key, commonName, from, until, extKeyUsage(false, oidClientAuth))
}

// ExpiredClientCertificate issues a client certificate whose life has ended; TLS refuses it.
func (s *Server) ExpiredClientCertificate() (tls.Certificate, error) {
	key, err := generateKey(ecdsaP256)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("generate key: %w", err)
	}
	from, _ := s.tlsValidity()
	return issueTLS(s.mtlsCA, key, "TEST expired client", from, from.Add(day), extKeyUsage(false, oidClientAuth))
}

func issueTLS(ca *authority, key crypto.Signer, cn string, from, until time.Time, more ...pkix.Extension) (tls.Certificate, error) {
	id, err := keyID(key.Public())
	if err != nil {
		return tls.Certificate{}, err
	}
	exts := []pkix.Extension{
		keyUsage(usageDigitalSignature), basicConstraints(true, false), subjectKeyID(id), authorityKeyID(ca.cert.SubjectKeyId),
	}
	cert, err := ca.issue(key.Public(), &certSpec{
		subject: distinguishedName(printable(oidCountry, "GB"), utf8(oidOrganization, "TEST gsign sandbox"),
			utf8(oidCommonName, cn)),
		serial: newSerial(16, 0x01), notBefore: from, notAfter: until, extensions: append(exts, more...),
	})
	if err != nil {
		return tls.Certificate{}, err
	}
	return tls.Certificate{Certificate: [][]byte{cert.Raw, ca.cert.Raw}, PrivateKey: key, Leaf: cert}, nil
}
