// SPDX-License-Identifier: Apache-2.0

package dsstest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"fmt"
	"sync"
)

// keyKind is what a certificate's key is made of.
type keyKind int

const (
	ecdsaP256 keyKind = iota
	rsa2048
	rsa4096
)

func generateKey(k keyKind) (crypto.Signer, error) {
	switch k {
	case rsa2048:
		return rsa.GenerateKey(rand.Reader, 2048)
	case rsa4096:
		return rsa.GenerateKey(rand.Reader, 4096)
	default:
		return ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	}
}

// generateKeys makes all keys at once: RSA keys take long, and each a different time.
func generateKeys(kinds ...keyKind) ([]crypto.Signer, error) {
	keys, errs := make([]crypto.Signer, len(kinds)), make([]error, len(kinds))
	var wg sync.WaitGroup
	for i, k := range kinds {
		wg.Go(func() { keys[i], errs[i] = generateKey(k) })
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			return nil, fmt.Errorf("generate key: %w", err)
		}
	}
	return keys, nil
}

// leafKeysAhead is how many RSA keys wait for the next identities: the real service has its keys made by an HSM, and
// tests should not wait for ours.
const leafKeysAhead = 2

// A keyStock holds RSA-2048 keys made ahead. Each is handed out once.
type keyStock struct {
	mu      sync.Mutex
	ready   []crypto.Signer
	filling bool
	closed  bool
	wg      sync.WaitGroup
}

func (s *keyStock) take() (crypto.Signer, error) {
	s.mu.Lock()
	var key crypto.Signer
	if n := len(s.ready); n > 0 {
		key, s.ready = s.ready[n-1], s.ready[:n-1]
	}
	s.mu.Unlock()
	defer s.fill()
	if key != nil {
		return key, nil
	}
	return generateKey(rsa2048)
}

// fill makes keys in the background until enough are ready.
func (s *keyStock) fill() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.filling || s.closed || len(s.ready) >= leafKeysAhead {
		return
	}
	s.filling = true
	s.wg.Go(func() {
		for {
			key, err := generateKey(rsa2048)
			s.mu.Lock()
			if err == nil {
				s.ready = append(s.ready, key)
			}
			if err != nil || s.closed || len(s.ready) >= leafKeysAhead {
				s.filling = false
				s.mu.Unlock()
				return
			}
			s.mu.Unlock()
		}
	})
}

func (s *keyStock) close() {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.wg.Wait()
}
