// SPDX-License-Identifier: Apache-2.0

package pkix

import "encoding/asn1"

// Algorithm is an AlgorithmIdentifier: an OID and its parameters as DER, nil when absent.
type Algorithm struct {
	OID        asn1.ObjectIdentifier
	Parameters []byte
}
