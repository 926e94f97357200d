// SPDX-License-Identifier: Apache-2.0

package ltv

import (
	"bytes"
	"fmt"
	"maps"
	"math"
	"slices"

	"gsign/internal/limits"
	"gsign/internal/pdf"
	"gsign/internal/pkix"
	"gsign/pkg/pdfsig"
)

// ReadStore returns what the document's security store holds, each piece once, its /VRI entries included; a document
// without one gives an empty Evidence. An entry that is no stream, or no certificate, is passed over: another producer's
// mistake must not hide the rest. More entries or bytes than gsign reads is a *pdfsig.MalformedError.
func ReadStore(doc *pdfsig.Document) (Evidence, error) {
	s, err := readStore(doc.File())
	if err != nil {
		return Evidence{}, err
	}
	return s.evidence(), nil
}

// Store is a security store with the places of its pieces.
type Store struct {
	Evidence
	starts map[identity]int64
}

// Start returns the offset in the file at which a piece with these bytes begins, the first where there are several; the end of
// the file where there is none. What a document timestamp covers was there when it was made.
func (s *Store) Start(data []byte) int64 {
	if at, ok := s.starts[identify(data)]; ok {
		return at
	}
	return math.MaxInt64
}

// ReadStored is [ReadStore] with the places.
func ReadStored(doc *pdfsig.Document) (*Store, error) {
	s, err := readStore(doc.File())
	if err != nil {
		return nil, err
	}
	return &Store{s.evidence(), s.starts}, nil
}

func (s *store) evidence() Evidence {
	e := Evidence{OCSPResponses: s.data(keyOCSPs), CRLs: s.data(keyCRLs)}
	for _, der := range s.data(keyCerts) {
		c, err := pkix.ParseCertificate(der)
		if err == nil {
			e.Certificates = append(e.Certificates, c)
		}
	}
	return e
}

// The three arrays of a security store (ISO 32000-2 Table 261), and their names in a /VRI entry (Table 262).
const (
	keyCerts = pdf.Name("Certs")
	keyOCSPs = pdf.Name("OCSPs")
	keyCRLs  = pdf.Name("CRLs")
)

var storeKeys = [...]pdf.Name{keyCerts, keyOCSPs, keyCRLs}

var vriKeys = map[pdf.Name]pdf.Name{keyCerts: "Cert", keyOCSPs: "OCSP", keyCRLs: "CRL"}

// store is a security store as it stands in a file.
type store struct {
	ref    pdf.Ref  // zero where the catalog holds the dictionary itself, or none
	dict   pdf.Dict // nil where there is none; a copy
	vri    pdf.Dict // a copy
	arrays map[pdf.Name]pdf.Array
	pieces map[pdf.Name][]piece // each once, in the order of the file
	starts map[identity]int64   // where the first stream with these bytes begins
	seen   map[pdf.Ref]bool
	count  int
	size   int64
}

// piece is one stream of the store.
type piece struct {
	ref  pdf.Ref
	id   identity
	data []byte
}

func (s *store) data(key pdf.Name) [][]byte {
	var all [][]byte
	for _, p := range s.pieces[key] {
		all = append(all, p.data)
	}
	return all
}

// find returns the reference under which the store holds data.
func (s *store) find(key pdf.Name, data []byte) (pdf.Ref, bool) {
	if len(s.pieces[key]) == 0 {
		return pdf.Ref{}, false
	}
	i := slices.IndexFunc(s.pieces[key], func(p piece) bool { return bytes.Equal(p.data, data) })
	if i < 0 {
		return pdf.Ref{}, false
	}
	return s.pieces[key][i].ref, true
}

func readStore(f *pdf.File) (*store, error) {
	s := &store{
		arrays: map[pdf.Name]pdf.Array{},
		pieces: map[pdf.Name][]piece{},
		starts: map[identity]int64{},
		seen:   map[pdf.Ref]bool{},
		vri:    pdf.Dict{},
	}
	catalog, err := f.SharedCatalog()
	if err != nil {
		return nil, err
	}
	if ref, ok := catalog["DSS"].(pdf.Ref); ok {
		s.ref = ref
	}
	dict, err := f.Dict(catalog["DSS"])
	if pdf.OfMachine(err) != nil {
		return nil, fmt.Errorf("reading the security store: %w", err)
	}
	if dict == nil {
		return s, nil
	}
	s.dict = dict.Clone()
	for _, key := range storeKeys {
		a, err := f.Array(dict[key])
		if pdf.OfMachine(err) != nil {
			return nil, fmt.Errorf("reading the security store's /%s: %w", key, err)
		}
		s.arrays[key] = a
		if err := s.readArray(f, key, a); err != nil {
			return nil, err
		}
	}
	return s, s.readVRI(f, dict["VRI"])
}

func (s *store) readVRI(f *pdf.File, o pdf.Object) error {
	vri, err := f.Dict(o)
	if pdf.OfMachine(err) != nil {
		return fmt.Errorf("reading the security store's /VRI: %w", err)
	}
	if len(vri) > limits.StoreEntries {
		return tooMany()
	}
	s.vri = vri.Clone()
	for _, name := range slices.Sorted(maps.Keys(vri)) {
		entry, err := f.Dict(vri[name])
		if pdf.OfMachine(err) != nil {
			return fmt.Errorf("reading the security store's /VRI: %w", err)
		}
		if err != nil {
			continue // not a dictionary: nothing to read
		}
		for _, key := range storeKeys {
			a, err := f.Array(entry[vriKeys[key]])
			if pdf.OfMachine(err) != nil {
				return fmt.Errorf("reading the security store's /VRI: %w", err)
			}
			if err := s.readArray(f, key, a); err != nil {
				return err
			}
		}
	}
	return nil
}

// readArray adds the streams of one array.
func (s *store) readArray(f *pdf.File, key pdf.Name, a pdf.Array) error {
	for _, o := range a {
		ref, ok := o.(pdf.Ref)
		if !ok || s.seen[ref] {
			continue // Table 261 wants references; a stream cannot stand in an array
		}
		s.seen[ref] = true
		s.count++
		if s.count > limits.StoreEntries {
			return tooMany()
		}
		data, start, err := s.readStream(f, ref)
		if err != nil {
			return err
		}
		if data == nil {
			continue
		}
		p := piece{ref: ref, id: identify(data), data: data}
		if at, ok := s.starts[p.id]; !ok || start < at {
			s.starts[p.id] = start
		}
		if !slices.ContainsFunc(s.pieces[key], func(q piece) bool { return q.id == p.id }) {
			s.pieces[key] = append(s.pieces[key], p)
		}
	}
	return nil
}

// readStream returns the decoded stream, nil where there is none that can be decoded.
func (s *store) readStream(f *pdf.File, ref pdf.Ref) ([]byte, int64, error) {
	stream, err := f.Stream(ref)
	if err != nil {
		return nil, 0, pdf.OfMachine(err)
	}
	if stream == nil {
		return nil, 0, nil
	}
	data, err := f.StreamData(stream, limits.StoreStream)
	if err != nil {
		return nil, 0, pdf.OfMachine(err)
	}
	s.size += int64(len(data))
	if s.size > limits.StoreBytes {
		return nil, 0, &pdfsig.MalformedError{Offset: -1, What: fmt.Sprintf("security store of more than %d bytes", limits.StoreBytes)}
	}
	return data, stream.Start(), nil
}

func tooMany() error {
	return &pdfsig.MalformedError{Offset: -1, What: fmt.Sprintf("security store of more than %d entries", limits.StoreEntries)}
}
