// SPDX-License-Identifier: Apache-2.0

package verify

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"fmt"
	"time"

	"gsign/internal/pkix"
)

// The ends of algorithms: ETSI TS 119 312 V1.5.1, as EU DSS 6.4 transcribes it in its default policy
// (dss-policy-jaxb, policy/constraint.xml, update of 2024-10-13). A zero end is none that is known.
var (
	hashEnds = map[crypto.Hash]time.Time{
		crypto.MD5:      day(2004, 8, 1), // ETSI TS 102 176-1
		crypto.SHA1:     day(2012, 8, 1),
		crypto.SHA224:   day(2029, 1, 1),
		crypto.SHA3_224: day(2012, 8, 1), // not listed: as the other hash functions that are not accepted
		crypto.SHA256:   {}, crypto.SHA384: {}, crypto.SHA512: {},
		crypto.SHA3_256: {}, crypto.SHA3_384: {}, crypto.SHA3_512: {},
	}
	// Each row is for keys of at least so many bits, up to the next row.
	rsaEnds = []keyEnd{{786, day(2010, 8, 1)}, {1024, day(2019, 10, 1)}, {1536, day(2019, 10, 1)}, {1900, day(2029, 1, 1)}, {3000, day(2029, 1, 1)}}
	pssEnds = []keyEnd{{786, day(2010, 8, 1)}, {1024, day(2019, 10, 1)}, {1536, day(2019, 10, 1)}, {1900, day(2029, 1, 1)}, {3000, time.Time{}}}
	ecEnds  = []keyEnd{{160, day(2012, 8, 1)}, {224, day(2021, 10, 1)}, {256, time.Time{}}}
	// EdDSA is not in that policy. FIPS 186-5 and RFC 8419 have it, and nothing is known against it.
	edEnds = []keyEnd{{256, time.Time{}}}
)

type keyEnd struct {
	bits int
	end  time.Time
}

func day(y int, m time.Month, d int) time.Time { return time.Date(y, m, d, 0, 0, 0, 0, time.UTC) }

// beginning is before every algorithm: the end of one that was never accepted.
var beginning = day(1970, 1, 1)

// judgeAlgorithm tells whether a hash function, and a key with its scheme, were reliable at a time. A nil key is not judged,
// nor a hash of 0.
func judgeAlgorithm(use string, h crypto.Hash, key crypto.PublicKey, pss bool, at time.Time) Algorithm {
	a := Algorithm{Use: use, At: at}
	if key != nil {
		name, bits, ends := keyTable(key, pss)
		a.Name, a.Until = fmt.Sprintf("%s, %d bits", name, bits), beginning
		for _, row := range ends {
			if bits >= row.bits {
				a.Until = row.end
			}
		}
	}
	if h != 0 {
		if a.Name != "" {
			a.Name += ", "
		}
		a.Name += h.String()
		end, known := hashEnds[h]
		if !known {
			end = beginning
		}
		if a.Until.IsZero() || !end.IsZero() && end.Before(a.Until) {
			a.Until = end
		}
	}
	a.Passed = a.Until.IsZero() || at.Before(a.Until)
	return a
}

func keyTable(key crypto.PublicKey, pss bool) (name string, bits int, ends []keyEnd) {
	switch k := key.(type) {
	case *rsa.PublicKey:
		if pss {
			return "RSASSA-PSS", k.N.BitLen(), pssEnds
		}
		return "RSA PKCS #1 v1.5", k.N.BitLen(), rsaEnds
	case *ecdsa.PublicKey:
		return "ECDSA", k.Curve.Params().BitSize, ecEnds
	case ed25519.PublicKey:
		return "Ed25519", 256, edEnds
	}
	return fmt.Sprintf("key of the unknown kind %T", key), 0, nil
}

// signatureAlgorithm judges the algorithm of a signature with a key.
func signatureAlgorithm(use string, a pkix.Algorithm, digest crypto.Hash, key crypto.PublicKey, at time.Time) Algorithm {
	h := a.Digest()
	if h == 0 {
		h = digest
	}
	return judgeAlgorithm(use, h, key, a.IsPSS(), at)
}
