// SPDX-License-Identifier: Apache-2.0

package pdf

import (
	"errors"
	"iter"

	"gsign/internal/limits"
)

// A Page is a leaf of the page tree. Ref is zero where the tree holds the page itself instead of a reference.
type Page struct {
	Ref  Ref
	Dict Dict // shared with the file's cache: do not change it
}

// PageCount gives the number of pages that the page tree's root declares, as viewers show it; where it declares nothing
// of use, they are counted.
func (f *File) PageCount() (int, error) {
	root, err := f.pageRoot()
	if err != nil {
		return 0, err
	}
	dict, err := f.Dict(root)
	if err != nil {
		return 0, err
	}
	if n, ok := f.subtree(dict); ok {
		return n, nil
	}
	return f.CountPages()
}

// CountPages walks the page tree and counts its leaves.
func (f *File) CountPages() (int, error) {
	n := 0
	for _, err := range f.Pages() {
		if err != nil {
			return 0, err
		}
		n++
	}
	return n, nil
}

// Page gives page i, counted from 0. Its dictionary is a copy.
func (f *File) Page(i int) (Ref, Dict, error) {
	w, err := f.pageWalk()
	if err != nil {
		return Ref{}, nil, err
	}
	w.skip = max(0, i)
	for {
		page, err := w.next()
		if err != nil {
			return Ref{}, nil, err
		}
		if page == nil || i < 0 {
			return Ref{}, nil, malformed(-1, "no page %d in the page tree", i+1)
		}
		if w.skip == 0 {
			return page.Ref, page.Dict.Clone(), nil
		}
		w.skip--
	}
}

// Pages gives all pages in their order. After an error it ends.
func (f *File) Pages() iter.Seq2[*Page, error] {
	return func(yield func(*Page, error) bool) {
		w, err := f.pageWalk()
		if err != nil {
			yield(nil, err)
			return
		}
		for {
			page, err := w.next()
			if err != nil {
				yield(nil, err)
				return
			}
			if page == nil || !yield(page, nil) {
				return
			}
		}
	}
}

// PageAttr gives an attribute that a page has itself or inherits from the nodes above it: Resources, MediaBox, CropBox,
// Rotate (ISO 32000-2, 7.7.3.4). It is nil where none has it.
func (f *File) PageAttr(page Dict, key Name) (Object, error) {
	node := page
	for range limits.PDFPageDepth {
		o, err := f.Resolve(node[key])
		if err != nil {
			return nil, err
		}
		if _, null := o.(Null); !null {
			return o, nil
		}
		node, err = f.Dict(node["Parent"])
		if err != nil {
			return nil, err
		}
		if node == nil {
			return nil, nil
		}
	}
	return nil, malformed(-1, "page tree deeper than %d", limits.PDFPageDepth)
}

func (f *File) pageRoot() (Object, error) {
	o, err := f.Object(f.root)
	if err != nil {
		return nil, err
	}
	catalog, ok := o.(Dict)
	if !ok {
		return nil, f.noCatalog(o)
	}
	pages, err := f.Dict(catalog["Pages"])
	if err != nil {
		return nil, err
	}
	if pages == nil {
		if ref, ok := catalog["Pages"].(Ref); ok {
			return nil, malformed(-1, "page tree %v is not in the file", ref)
		}
		return nil, malformed(-1, "catalog %v has no page tree (/Pages)", f.root)
	}
	return catalog["Pages"], nil
}

// subtree gives the number of pages that an inner node declares.
func (f *File) subtree(node Dict) (int, bool) {
	n, err := f.Integer(node["Count"])
	return int(n), err == nil && n > 0 && n <= limits.PDFEntries && node["Kids"] != nil
}

// A pageWalk goes through the page tree without recursion.
type pageWalk struct {
	f     *File
	stack []Array // what is left of each node's kids, the root's first
	seen  map[Ref]bool
	skip  int // pages not wanted: subtrees within them are not walked
}

func (f *File) pageWalk() (*pageWalk, error) {
	root, err := f.pageRoot()
	if err != nil {
		return nil, err
	}
	return &pageWalk{f: f, stack: []Array{{root}}, seen: map[Ref]bool{}}, nil
}

// next gives the next page, or nil after the last. What is no node of a page tree, or cannot be read, is no page; a
// strict reading ends there.
func (w *pageWalk) next() (*Page, error) {
	for len(w.stack) > 0 {
		top := &w.stack[len(w.stack)-1]
		if len(*top) == 0 {
			w.stack = w.stack[:len(w.stack)-1]
			continue
		}
		if err := w.f.src.work.kid(); err != nil {
			return nil, err
		}
		kid := (*top)[0]
		*top = (*top)[1:]
		node, err := w.f.Dict(kid)
		if err != nil && (!IsMalformed(err) || w.f.opts.Strict) {
			return nil, err
		}
		if err != nil {
			w.f.notePage(err)
			continue
		}
		if node == nil {
			continue // a null kid is no page
		}
		ref, _ := kid.(Ref)
		if node["Kids"] == nil && node["Type"] != Object(Name("Pages")) {
			return &Page{Ref: ref, Dict: node}, nil
		}
		if err := w.enter(ref, node); err != nil {
			return nil, err
		}
	}
	return nil, nil
}

// notePage records a page that cannot be read.
func (f *File) notePage(err error) {
	var m *MalformedError
	if errors.As(err, &m) {
		f.noteOnce(m.Offset, "a page that cannot be read is passed over: "+m.What)
	}
}

// enter goes down into an inner node, once: a tree that shares nodes can have more leaves than bytes, and one that
// contains itself has no end.
func (w *pageWalk) enter(ref Ref, node Dict) error {
	if !ref.IsZero() {
		if w.seen[ref] {
			return nil
		}
		w.seen[ref] = true
	}
	if n, ok := w.f.subtree(node); ok && n <= w.skip && len(w.stack) > 1 {
		w.skip -= n
		return nil
	}
	kids, err := w.f.Array(node["Kids"])
	if err != nil && !IsMalformed(err) {
		return err
	}
	if len(w.stack) >= limits.PDFPageDepth {
		return malformed(-1, "page tree deeper than %d", limits.PDFPageDepth)
	}
	w.stack = append(w.stack, kids)
	return nil
}
