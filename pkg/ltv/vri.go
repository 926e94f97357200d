// SPDX-License-Identifier: Apache-2.0

package ltv

import (
	"crypto/sha1"
	"crypto/x509"
	"encoding/asn1"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"gsign/internal/pdf"
)

// vri returns the /VRI dictionary with an entry for the signature and one for each OCSP response and CRL, which are
// signatures too (D8, D9). Entries only refer to what the store's arrays hold, and empty ones are left out (D10).
func (w *storeWriter) vri(sig *signature, chains []*chain) (pdf.Dict, error) {
	entries := w.old.vri.Clone()
	whole := gather(chains)
	w.setVRI(entries, vriKey(sig.contents), w.entry(chainCerts(chains), whole.pieces[keyOCSPs], whole.pieces[keyCRLs]))
	for _, ch := range chains {
		for i, it := range ch.items {
			if err := w.vriOfProofs(entries, it, ch.certs[min(i+1, len(ch.certs)-1)]); err != nil {
				return nil, err
			}
		}
	}
	return entries, nil
}

// vriOfProofs writes the entries of the OCSP responses and CRLs about one certificate.
func (w *storeWriter) vriOfProofs(entries pdf.Dict, it *item, issuer *x509.Certificate) error {
	for _, p := range it.proofs {
		value, err := signatureValue(p)
		if err != nil {
			return err
		}
		h := &harvest{pieces: map[pdf.Name][][]byte{}, seen: map[string]bool{}}
		if p.responder != nil {
			h.addProofs(p.responder)
			if err := w.vriOfProofs(entries, p.responder, issuer); err != nil {
				return err
			}
		}
		key, err := vriKeyOfValue(value)
		if err != nil {
			return err
		}
		w.setVRI(entries, key, w.entry([]*x509.Certificate{p.signer, issuer}, h.pieces[keyOCSPs], h.pieces[keyCRLs]))
	}
	return nil
}

// entry lists what the store holds of the given things.
func (w *storeWriter) entry(certs []*x509.Certificate, ocsps, crls [][]byte) pdf.Dict {
	var ders [][]byte
	for _, c := range certs {
		ders = append(ders, c.Raw)
	}
	d := pdf.Dict{}
	for key, pieces := range map[pdf.Name][][]byte{keyCerts: ders, keyOCSPs: ocsps, keyCRLs: crls} {
		var a pdf.Array
		for _, der := range pieces {
			ref, ok := w.refs[string(key)+string(der)]
			if ok && !slices.Contains(a, pdf.Object(ref)) {
				a = append(a, ref)
			}
		}
		if len(a) > 0 {
			d[vriKeys[key]] = a
		}
	}
	return d
}

// setVRI adds to an entry that may be there already.
func (w *storeWriter) setVRI(entries pdf.Dict, key pdf.Name, entry pdf.Dict) {
	old, err := w.file.Dict(entries[key])
	if err != nil {
		old = nil // not a dictionary: replaced
	}
	merged := old.Clone()
	added := false
	for name, o := range entry {
		a, err := w.file.Array(merged[name])
		if err != nil {
			a = nil
		}
		a = slices.Clone(a)
		for _, ref := range o.(pdf.Array) {
			if !slices.Contains(a, ref) {
				a = append(a, ref)
				added = true
			}
		}
		merged[name] = a
	}
	if !added {
		return
	}
	w.changed = true
	entries[key] = merged
}

// vriKey names the entry of a signature in a PDF: upper-case hexadecimal SHA-1 of the decoded /Contents, padding
// included (D8).
func vriKey(contents []byte) pdf.Name {
	sum := sha1.Sum(contents)
	return pdf.Name(strings.ToUpper(hex.EncodeToString(sum[:])))
}

// vriKeyOfValue names the entry of an OCSP response or CRL: the same of its signature value as an OCTET STRING (D9).
func vriKeyOfValue(value []byte) (pdf.Name, error) {
	der, err := asn1.Marshal(value)
	if err != nil {
		return "", fmt.Errorf("naming a /VRI entry: %w", err)
	}
	return vriKey(der), nil
}

// signatureValue takes the signature out of an OCSP response or a CRL: in both the element after the algorithm.
func signatureValue(p proof) ([]byte, error) {
	der := p.raw()
	if p.ocsp != nil {
		var response struct {
			Status asn1.Enumerated
			Body   struct {
				Type  asn1.ObjectIdentifier
				Basic []byte
			} `asn1:"explicit,tag:0"`
		}
		if _, err := asn1.Unmarshal(der, &response); err != nil {
			return nil, fmt.Errorf("reading an OCSP response: %w", err)
		}
		der = response.Body.Basic
	}
	var signed struct {
		Content   asn1.RawValue
		Algorithm asn1.RawValue
		Signature asn1.BitString
		Rest      asn1.RawValue `asn1:"optional,explicit,tag:0"`
	}
	if _, err := asn1.Unmarshal(der, &signed); err != nil {
		return nil, fmt.Errorf("reading the signature of an OCSP response or CRL: %w", err)
	}
	return signed.Signature.Bytes, nil
}
