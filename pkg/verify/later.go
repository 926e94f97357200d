// SPDX-License-Identifier: Apache-2.0

package verify

import (
	"bufio"
	"crypto/sha1"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"gsign/internal/limits"
	"gsign/internal/pdf"
	"gsign/pkg/pdfsig"
)

// revision opens the document as it was when its first size bytes were all of it.
func (v *validator) revision(size int64) (*pdfsig.Document, error) {
	return v.doc.Revision(size)
}

// changedAfter says what later revisions changed besides the security store; empty when nothing. The only objects of
// the signed revision that they may write anew are the catalog, and in it /DSS and /Extensions, and the dictionaries of
// the security store; all other objects they write must belong to the security store alone.
func (v *validator) changedAfter(end int64) (string, error) {
	if end >= v.doc.Size() {
		return "", nil
	}
	old, err := v.revision(end)
	if err != nil {
		return "", err
	}
	was, is := old.File(), v.doc.File()
	reason := skipped(was, is)
	if reason != "" {
		return reason, nil
	}
	reason, err = catalogs(was, is)
	if reason != "" || err != nil {
		return reason, err
	}
	allowed, err := storeDicts(was)
	if err != nil {
		return "", err
	}
	still, err := storeDicts(is)
	if err != nil {
		return "", err
	}
	maps.DeleteFunc(allowed, func(n uint32, _ bool) bool { return !still[n] })
	err = v.storesAfter(end, was, allowed)
	if err != nil {
		return "", err
	}
	allowed[is.Root().Num] = true
	return v.writtenAfter(end, was, allowed)
}

// skipped says what of the signed revision is not in force any more: all its cross-reference sections must be, and its
// entries must lead to bytes that were signed.
func skipped(was, is *pdf.File) string {
	if was.Root() != is.Root() {
		return "the catalog is another object"
	}
	a, b := was.Sections(), is.Sections()
	if len(b) < len(a) || len(b)-len(a) > limits.RevisionsAfter {
		return fmt.Sprintf("%d cross-reference sections follow those signed", len(b)-len(a))
	}
	b = b[len(b)-len(a):]
	for i := range a {
		if a[i].Offset != b[i].Offset {
			return "what was signed is passed over"
		}
	}
	if n, ok := was.Beyond(); ok {
		return fmt.Sprintf("object %d was not among the bytes signed", n)
	}
	return ""
}

// storesAfter adds the new objects of the security store as each later revision had it: a later one may leave out what
// an earlier one wrote.
func (v *validator) storesAfter(end int64, was *pdf.File, allowed map[uint32]bool) error {
	ends := []int64{v.doc.Size()}
	for i, sec := range v.doc.File().Sections() {
		if i > 0 && sec.Offset >= end && sec.End > 0 { // the newest is the document's own
			ends = append(ends, sec.End)
		}
	}
	first := was.NewUpdate().Alloc().Num
	for _, e := range ends {
		doc, err := v.revision(e)
		if err != nil {
			return err
		}
		added, err := storeObjects(doc.File())
		if err != nil {
			return err
		}
		for n := range added {
			if n >= first {
				allowed[n] = true
			}
		}
	}
	return nil
}

// catalogs compares two catalogs but for what a security store changes.
func catalogs(was, is *pdf.File) (string, error) {
	a, err := was.SharedCatalog()
	if err != nil {
		return "", err
	}
	b, err := is.SharedCatalog()
	if err != nil {
		return "", err
	}
	a, b = maps.Clone(a), maps.Clone(b)
	for _, key := range []pdf.Name{"DSS", "Extensions"} {
		delete(a, key)
		delete(b, key)
	}
	if !pdf.Equal(a, b) {
		return "the catalog differs", nil
	}
	return "", nil
}

// storeDicts returns the numbers of the dictionaries that a later revision may write anew to add to the security store.
// Arrays and streams are not among them: the pages may have the same ones.
func storeDicts(f *pdf.File) (map[uint32]bool, error) {
	found := map[uint32]bool{}
	catalog, err := f.SharedCatalog()
	if err != nil {
		return nil, err
	}
	dss, err := f.Dict(catalog["DSS"])
	if err != nil {
		return nil, err
	}
	for _, d := range []struct {
		at   pdf.Object
		keys []pdf.Name
	}{
		{catalog["DSS"], []pdf.Name{"Type", "Certs", "OCSPs", "CRLs", "VRI"}}, // ISO 32000-2 Table 261
		{dss["VRI"], nil},
	} {
		dict, err := f.Dict(d.at)
		if err != nil {
			return nil, err
		}
		ref, ok := d.at.(pdf.Ref)
		for key := range dict {
			ok = ok && (slices.Contains(d.keys, key) || (d.keys == nil && vriName(key)))
		}
		if ok {
			found[ref.Num] = true
		}
	}
	return found, nil
}

// vriName reports whether a key of /VRI is what it should be: a SHA-1 in hexadecimal digits.
func vriName(key pdf.Name) bool {
	_, err := hex.DecodeString(string(key))
	return key == "Type" || (err == nil && len(key) == 2*sha1.Size)
}

// storeObjects returns the numbers of the objects that make up the security store.
func storeObjects(f *pdf.File) (map[uint32]bool, error) {
	catalog, err := f.SharedCatalog()
	if err != nil {
		return nil, err
	}
	found := map[uint32]bool{}
	var walk func(o pdf.Object, depth int) error
	walk = func(o pdf.Object, depth int) error {
		if depth > 8 || len(found) > limits.StoreEntries { // DSS, VRI, one entry, its array, the stream: each maybe by reference
			return nil
		}
		if ref, ok := o.(pdf.Ref); ok {
			if found[ref.Num] {
				return nil
			}
			found[ref.Num] = true
			v, err := f.Object(ref)
			if err != nil {
				return err
			}
			o = v
		}
		switch o := o.(type) {
		case pdf.Array:
			for _, e := range o {
				err := walk(e, depth+1)
				if err != nil {
					return err
				}
			}
		case pdf.Dict:
			for _, e := range o {
				err := walk(e, depth+1)
				if err != nil {
					return err
				}
			}
		}
		return nil
	}
	return found, walk(catalog["DSS"], 0)
}

// writtenAfter names the first object written, or taken away, after an offset that is not allowed.
func (v *validator) writtenAfter(end int64, was *pdf.File, allowed map[uint32]bool) (string, error) {
	f := v.doc.File()
	for _, sec := range f.Sections() {
		if sec.Offset < end {
			continue
		}
		ranges, own, err := v.sectionRanges(sec)
		if err != nil {
			return "", err
		}
		for _, r := range ranges {
			for n := r[0]; n < r[0]+r[1]; n++ {
				switch num := uint32(n); {
				case allowed[num], own >= 0 && n == own && !was.InUse(num):
				case f.InUse(num):
					return fmt.Sprintf("object %d was written anew", n), nil
				case was.InUse(num):
					return fmt.Sprintf("object %d was taken away", n), nil
				}
			}
		}
	}
	return "", nil
}

// sectionRanges returns the object numbers of a cross-reference section as pairs of first and count, and the number of
// the section's own object, -1 for a table.
func (v *validator) sectionRanges(sec pdf.Section) (ranges [][2]int64, own int64, err error) {
	r := bufio.NewReader(io.NewSectionReader(v.doc.ReaderAt(), sec.Offset, v.doc.Size()-sec.Offset))
	switch sec.Kind {
	case pdf.XRefStream:
		_, err := fmt.Fscan(r, &own)
		if err != nil {
			return nil, -1, fmt.Errorf("reading a cross-reference stream: %w", err)
		}
		index, err := v.doc.File().Array(sec.Trailer["Index"])
		if err != nil {
			return nil, -1, err
		}
		if index == nil {
			size, err := v.doc.File().Integer(sec.Trailer["Size"])
			return [][2]int64{{0, int64(size)}}, own, err
		}
		for i := 0; i+1 < len(index); i += 2 {
			first, _ := index[i].(pdf.Integer)
			count, _ := index[i+1].(pdf.Integer)
			ranges = append(ranges, [2]int64{int64(first), int64(count)})
		}
		return ranges, own, nil
	case pdf.Table:
		ranges, err := tableRanges(r)
		return ranges, -1, err
	}
	return nil, -1, fmt.Errorf("a hybrid cross-reference section cannot be judged")
}

// tableRanges reads the subsection headers of a table.
func tableRanges(r io.Reader) ([][2]int64, error) {
	words := bufio.NewScanner(r)
	words.Split(bufio.ScanWords)
	next := func() string {
		if !words.Scan() {
			return ""
		}
		return words.Text()
	}
	if next() != "xref" {
		return nil, errors.New("reading a cross-reference table: no keyword")
	}
	var ranges [][2]int64
	for {
		word := next()
		if strings.HasPrefix(word, "trailer") {
			return ranges, nil
		}
		first, err := strconv.ParseInt(word, 10, 64)
		if err != nil {
			return nil, errors.New("reading a cross-reference table: no subsection")
		}
		count, err := strconv.ParseInt(next(), 10, 64)
		if err != nil || count > limits.PDFEntries {
			return nil, errors.New("reading a cross-reference table: bad subsection")
		}
		ranges = append(ranges, [2]int64{first, count})
		for range 3 * count {
			if !words.Scan() {
				return nil, errors.New("reading a cross-reference table: it ends within a subsection")
			}
		}
	}
}
