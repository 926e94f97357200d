// SPDX-License-Identifier: Apache-2.0

package trustlist

import (
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
)

// File is a list before it is read.
type File struct {
	Name  string
	Bytes []byte
}

// FileError says which of several lists cannot be used.
type FileError struct {
	Name string
	Err  error
}

func (e *FileError) Error() string { return fmt.Sprintf("%s: %v", e.Name, e.Err) }
func (e *FileError) Unwrap() error { return e.Err }

// ReadAll reads lists that belong together. A list of lists whose signature holds vouches for those who sign the lists
// of the territories that it points to: their certificates need not be given.
func ReadAll(files []File, opts *Options) ([]*List, error) {
	lists := make([]*List, len(files))
	errs := make([]error, len(files))
	for i, f := range files {
		lists[i], errs[i] = Read(f.Bytes, opts)
	}
	for progress := true; progress; { // each turn reads one more, or is the last
		progress = false
		for i := range files {
			e, ok := errors.AsType[*SignatureError](errs[i])
			if !ok || e.Foreign == nil {
				continue
			}
			l, by := vouched(files[i].Bytes, e.carried, lists)
			if l != nil {
				lists[i], errs[i], progress = l, nil, true
				l.By = by
			}
		}
	}
	for i, f := range files {
		if errs[i] != nil {
			return nil, &FileError{f.Name, errs[i]}
		}
		lists[i].Name = f.Name
	}
	return lists, nil
}

// vouched reads a list whose signer a list of lists names for its territory.
func vouched(b []byte, carried []*x509.Certificate, lists []*List) (*List, string) {
	for _, of := range lists {
		if of == nil || !of.OfLists {
			continue
		}
		for _, p := range of.Pointers {
			if !slices.ContainsFunc(p.Signers, func(c *x509.Certificate) bool { return slices.ContainsFunc(carried, c.Equal) }) {
				continue
			}
			l, err := Read(b, &Options{Signers: p.Signers})
			if err == nil && p.Territory != "" && l.Territory == p.Territory && (p.Type == "" || l.Type == p.Type) {
				return l, of.Operator
			}
		}
	}
	return nil, ""
}
