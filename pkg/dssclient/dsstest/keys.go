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
func generateKeys(set *settings, kinds ...keyKind) ([]crypto.Signer, error) {
	keys, errs := make([]crypto.Signer, len(kinds)), make([]error, len(kinds))
	var wg sync.WaitGroup
	for i, k := range kinds {
		wg.Go(func() {
			if k == rsa2048 {
				keys[i], errs[i] = set.rsaKey()
				return
			}
			keys[i], errs[i] = generateKey(k)
		})
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			return nil, fmt.Errorf("generate key: %w", err)
		}
	}
	return keys, nil
}

// keysAhead is how many RSA keys wait for the next identities and servers: the real service has its keys made by an HSM,
// and tests should not wait for ours. None are made before keysOfOne were taken, the TSA's and one identity's: a process that
// signs one document would make them for nobody.
const (
	keysAhead = 2
	keysOfOne = 2
)

// A keyStock holds RSA-2048 keys made ahead. Each is handed out once.
type keyStock struct {
	mu      sync.Mutex
	ready   []crypto.Signer
	taken   int
	filling bool
}

// rsaKeys serves all servers of a process: what one did not use, the next one does.
var rsaKeys keyStock

func (s *keyStock) take() (crypto.Signer, error) {
	s.mu.Lock()
	var key crypto.Signer
	if len(s.ready) > 0 {
		key, s.ready = s.ready[0], s.ready[1:]
	}
	s.taken++
	s.mu.Unlock()
	defer s.fill()
	if key != nil {
		return key, nil
	}
	return generateKey(rsa2048)
}

// fill makes keys in the background until enough are ready, once more were taken than one document needs. It never waits.
func (s *keyStock) fill() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.filling || s.taken <= keysOfOne || len(s.ready) >= keysAhead {
		return
	}
	s.filling = true
	go func() {
		for {
			key, err := generateKey(rsa2048)
			s.mu.Lock()
			if err == nil {
				s.ready = append(s.ready, key)
			}
			if err != nil || len(s.ready) >= keysAhead {
				s.filling = false
				s.mu.Unlock()
				return
			}
			s.mu.Unlock()
		}
	}()
}

// A keyRing makes a few RSA-2048 keys and then hands them out again.
type keyRing struct {
	mu   sync.Mutex
	keys []crypto.Signer
	next int
}

// recycledKeys serves all servers of a process that were made WithRecycledKeys.
var recycledKeys keyRing

func (r *keyRing) take() (crypto.Signer, error) {
	const enough = 3
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.keys) < enough {
		key, err := generateKey(rsa2048)
		if err == nil {
			r.keys = append(r.keys, key)
		}
		return key, err
	}
	r.next++
	return r.keys[r.next%enough], nil
}

func (s *settings) rsaKey() (crypto.Signer, error) {
	if s.recycleKeys {
		return recycledKeys.take()
	}
	return rsaKeys.take()
}
