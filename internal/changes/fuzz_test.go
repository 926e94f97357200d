// SPDX-License-Identifier: Apache-2.0

package changes_test

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"hash"
	"maps"
	"slices"
	"testing"

	"gsign/internal/changes"
	"gsign/internal/changes/attacks"
	"gsign/internal/pdf"
	"gsign/pkg/pdfsig"
)

// FuzzAppended appends any bytes to a signed file. What is called allowed has the pages that were signed: as many, with the
// same contents, fonts and pictures. That is found out here by code of its own.
func FuzzAppended(f *testing.F) {
	bases, tails := attacks.Appended(f)
	shown := [2]string{pages(f, bases[0]), pages(f, bases[1])}
	for i := range tails {
		for _, tail := range tails[i] {
			f.Add(i == 1, tail)
		}
	}
	f.Fuzz(func(t *testing.T, stream bool, tail []byte) {
		i := 0
		if stream {
			i = 1
		}
		b := append(bytes.Clone(bases[i]), tail...)
		d, err := pdfsig.Open(bytes.NewReader(b), int64(len(b)), nil)
		if err != nil {
			return
		}
		sigs, err := d.Signatures()
		if err != nil || len(sigs) == 0 || len(sigs[0].Problems) > 0 || sigs[0].RevisionEnd() != int64(len(bases[i])) {
			return
		}
		c, err := changes.Compare(t.Context(), d, &sigs[0], sigs)
		if err != nil {
			t.Fatal(err)
		}
		if c.Verdict() == changes.Allowed && pages(t, b) != shown[i] {
			t.Errorf("called allowed: %v", c.Changes)
		}
	})
}

// pages sums up what the pages of a file show, but for annotations.
func pages(tb testing.TB, b []byte) string {
	tb.Helper()
	d, err := pdfsig.Open(bytes.NewReader(b), int64(len(b)), nil)
	if err != nil {
		tb.Fatal(err)
	}
	s := summer{f: d.File(), h: sha256.New(), seen: map[pdf.Ref]int{}}
	n := 0
	for page, err := range s.f.Pages() {
		if err != nil {
			return err.Error()
		}
		n++
		for _, key := range []pdf.Name{"MediaBox", "CropBox", "Rotate", "Resources"} {
			o, _ := s.f.PageAttr(page.Dict, key)
			s.object(o, 0)
		}
		for _, key := range []pdf.Name{"Contents", "UserUnit", "Group"} {
			s.object(page.Dict[key], 0)
		}
	}
	return fmt.Sprintf("%d pages %x", n, s.h.Sum(nil))
}

type summer struct {
	f    *pdf.File
	h    hash.Hash
	seen map[pdf.Ref]int
}

func (s *summer) object(o pdf.Object, depth int) {
	if depth > 20 {
		return
	}
	switch o := o.(type) {
	case pdf.Ref:
		if n, again := s.seen[o]; again {
			fmt.Fprintf(s.h, "again %d ", n)
			return
		}
		s.seen[o] = len(s.seen)
		v, err := s.f.Object(o)
		fmt.Fprintf(s.h, "%v ", err == nil)
		s.object(v, depth+1)
	case pdf.Array:
		fmt.Fprintf(s.h, "[%d ", len(o))
		for _, e := range o {
			s.object(e, depth+1)
		}
	case pdf.Dict:
		fmt.Fprintf(s.h, "<%d ", len(o))
		for _, key := range slices.Sorted(maps.Keys(o)) {
			if key != "Length" {
				fmt.Fprintf(s.h, "%q ", key)
				s.object(o[key], depth+1)
			}
		}
	case *pdf.Stream:
		s.object(o.Dict, depth)
		data, err := s.f.RawStreamData(o, 1<<20)
		fmt.Fprintf(s.h, "%x %v ", data, err == nil)
	case nil:
		fmt.Fprint(s.h, "nothing ")
	default:
		s.h.Write(append(pdf.Append(nil, o), ' '))
	}
}
