// SPDX-License-Identifier: Apache-2.0

package ltv

import (
	"crypto/x509"
	"fmt"
	"slices"

	"gsign/internal/pdf"
	"gsign/pkg/pdfsig"
)

// harvest is what goes into the security store, in a stable order and each piece once.
type harvest struct {
	pieces map[pdf.Name][][]byte
	seen   map[string]bool
}

func (h *harvest) add(key pdf.Name, der []byte) {
	id := string(key) + string(der)
	if !h.seen[id] {
		h.seen[id] = true
		h.pieces[key] = append(h.pieces[key], der)
	}
}

// gather decides what is embedded. Of the certificates: every issuer up to the roots, whether or not the signature
// carries it, because there are validators that look for issuers in the newest security store alone (the level report
// of iText 9 warns about every other one); and responders that their response does not carry (D5). The end entities are
// left out where the signature carries them, as nothing but the signature refers to them: EN 319 142-1 Table 1 letter r
// asks for what is not in the signature yet.
func gather(chains []*chain) *harvest {
	h := &harvest{pieces: map[pdf.Name][][]byte{}, seen: map[string]bool{}}
	for _, ch := range chains {
		for i, it := range ch.items {
			if i > 0 || it.report.Origin != FromSignature {
				h.add(keyCerts, it.cert.Raw)
			}
			h.addProofs(it)
		}
	}
	return h
}

func (h *harvest) addProofs(it *item) {
	for _, p := range it.proofs {
		if p.crl != nil {
			h.add(keyCRLs, p.crl.Raw)
			continue
		}
		h.add(keyOCSPs, p.ocsp.Raw)
		if !slices.ContainsFunc(p.ocsp.Certificates, p.signer.Equal) {
			h.add(keyCerts, p.signer.Raw)
		}
		if p.responder != nil {
			h.addProofs(p.responder)
		}
	}
}

// storeWriter adds to a security store. Earlier entries stay, whoever wrote them (D6).
type storeWriter struct {
	file    *pdf.File
	update  *pdf.Update
	old     *store
	refs    map[string]pdf.Ref // of each piece, by key and data
	changed bool
}

// writeStore returns the revision with the security store, nil where everything is there already, and counts in the
// report what it adds.
func writeStore(f *pdf.File, old *store, sig *signature, chains []*chain, vri bool, report *Report) ([]byte, error) {
	w := &storeWriter{file: f, update: f.NewUpdate(), old: old, refs: map[string]pdf.Ref{}}
	h := gather(chains)
	dict := old.dict.Clone()
	for _, key := range storeKeys {
		a := slices.Clone(old.arrays[key])
		added := 0
		for _, der := range h.pieces[key] {
			ref, isNew := w.stream(key, der)
			if isNew {
				added++
			}
			if !slices.Contains(a, pdf.Object(ref)) {
				a = append(a, ref)
				w.changed = true
			}
		}
		report.count(key, added)
		delete(dict, key)
		if len(a) > 0 {
			dict[key] = a
		}
	}
	if vri {
		entries, err := w.vri(sig, chains)
		if err != nil {
			return nil, err
		}
		dict["VRI"] = entries
	}
	if !w.changed {
		return nil, nil
	}
	if err := w.link(dict); err != nil {
		return nil, fmt.Errorf("writing the security store: %w", err)
	}
	revision, err := w.update.Build()
	if err != nil {
		return nil, fmt.Errorf("writing the security store: %w", err)
	}
	revision.Seal()
	report.intent = &pdfsig.Intent{Revision: revision.Intent}
	return revision.Bytes, nil
}

func (r *Report) count(key pdf.Name, added int) {
	switch key {
	case keyCerts:
		r.Certificates = added
	case keyOCSPs:
		r.OCSPs = added
	case keyCRLs:
		r.CRLs = added
	}
}

// stream returns the reference of a piece, the one that the file has already or that of a new stream.
func (w *storeWriter) stream(key pdf.Name, der []byte) (ref pdf.Ref, isNew bool) {
	ref, ok := w.old.find(key, der)
	if !ok {
		ref, isNew = w.update.Alloc(), true
		data := deflated.of(der)
		dict := pdf.Dict{}
		if data == nil {
			data = der
		} else {
			dict["Filter"] = pdf.Name("FlateDecode")
		}
		w.update.SetStream(ref, dict, data)
		w.changed = true
	}
	w.refs[string(key)+string(der)] = ref
	return ref, isNew
}

// link puts the dictionary where the catalog finds it: in its old place, or in a new object (D1).
func (w *storeWriter) link(dict pdf.Dict) error {
	root := w.file.Root()
	o, err := w.update.Get(root)
	if err != nil {
		return err
	}
	catalog, ok := o.(pdf.Dict)
	if !ok {
		return &pdf.MalformedError{Offset: -1, What: "the catalog is no dictionary"}
	}
	ref := w.old.ref
	if ref.IsZero() || w.old.dict == nil {
		ref = w.update.Alloc()
		catalog["DSS"] = ref
		if err := w.declare(catalog); err != nil {
			return err
		}
		w.update.Set(root, catalog)
	}
	w.update.Set(ref, dict)
	return nil
}

// esic is the developer prefix of ETSI in /Extensions, and storeLevel the level that declares a security store: what
// iText writes, and what 77 of the files looked at declare. Nothing known rejects a file over it.
const (
	esic       = pdf.Name("ESIC")
	storeLevel = pdf.Integer(5)
)

// declare raises the catalog's /Extensions of a PDF 1.7 and never lowers what is there: an entry of another base version
// or another shape is left alone. Versions before cannot be the base of an extension to 1.7, PDF 2.0 knows the security
// store by itself, and neither a shared object nor a catalog that stays is rewritten for this: judges of changes after
// signing would ask why.
func (w *storeWriter) declare(catalog pdf.Dict) error {
	if w.file.Version() != "1.7" {
		return nil
	}
	if _, ok := catalog["Extensions"].(pdf.Dict); !ok && catalog["Extensions"] != nil {
		return nil // shared, or none
	}
	extensions, err := w.file.Dict(catalog["Extensions"])
	if err != nil {
		return err
	}
	entry := pdf.Dict{"BaseVersion": pdf.Name("1.7")}
	if declared, ok := extensions[esic]; ok {
		d, ok := declared.(pdf.Dict)
		if !ok || d["BaseVersion"] != pdf.Name("1.7") {
			return nil
		}
		level, ok := d["ExtensionLevel"].(pdf.Integer)
		if !ok || level >= storeLevel {
			return nil
		}
		entry = d.Clone()
	}
	entry["ExtensionLevel"] = storeLevel
	extensions = extensions.Clone()
	extensions[esic] = entry
	catalog["Extensions"] = extensions
	return nil
}

// chainCerts are the certificates that a /VRI entry of the signature lists.
func chainCerts(chains []*chain) []*x509.Certificate {
	var certs []*x509.Certificate
	for _, ch := range chains {
		certs = append(certs, ch.certs...)
	}
	return certs
}
