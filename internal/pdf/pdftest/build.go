// SPDX-License-Identifier: Apache-2.0

// Package pdftest writes small PDFs of every shape for tests. It knows nothing of the reader under test.
package pdftest

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"fmt"
	"sort"
	"strings"
)

// Kind says how a file's cross-reference is written.
type Kind int

const (
	// Table is a classic cross-reference table.
	Table Kind = iota
	// Stream is a cross-reference stream; objects marked Packed lie in an object stream.
	Stream
	// HybridTable is a table whose hidden objects (those marked Packed) are found by /XRefStm.
	HybridTable
	// WordTable is a hybrid file as Microsoft Word writes it: the table is followed by an empty one that has the /XRefStm.
	WordTable
)

// An Object is one indirect object: the text between "n 0 obj" and "endobj".
type Object struct {
	Num    int
	Body   string
	Packed bool // into the object stream, where the Kind has one
}

// A File describes a file, or the revision appended to one.
type File struct {
	Version string // "1.7" by default
	Kind    Kind
	Objects []Object
	Root    int    // number of the catalog; 1 by default
	Trailer string // more trailer entries, such as "/ID [<00> <00>]"
	Before  []byte // an earlier file: this one is a revision of it, with Prev as its startxref
	Prev    int64
}

// StreamBody returns the body of a stream object, uncompressed.
func StreamBody(dict, data string) string {
	return fmt.Sprintf("<< %s /Length %d >>\nstream\n%s\nendstream", dict, len(data), data)
}

// FlateBody returns the body of a stream object, compressed.
func FlateBody(dict string, data []byte) string {
	var z bytes.Buffer
	w := zlib.NewWriter(&z)
	if _, err := w.Write(data); err != nil {
		panic(err) // a bytes.Buffer never fails
	}
	if err := w.Close(); err != nil {
		panic(err)
	}
	return StreamBody(dict+" /Filter /FlateDecode", z.String())
}

// entry is one cross-reference entry: free, at an offset, or at an index of an object stream.
type entry struct {
	typ, a, b int64
}

type writer struct {
	bytes.Buffer
	entries map[int]entry
	size    int
}

func (w *writer) object(num int, body string) {
	w.entries[num] = entry{1, int64(w.Len()), 0}
	fmt.Fprintf(w, "%d 0 obj\n%s\nendobj\n", num, body)
}

// Bytes writes the file. It returns the offset of its last cross-reference section too, for a revision's Prev.
func (f File) Bytes() (file []byte, startxref int64) {
	w := &writer{entries: map[int]entry{}}
	if f.Before != nil {
		w.Write(f.Before)
	} else {
		version := f.Version
		if version == "" {
			version = "1.7"
		}
		fmt.Fprintf(w, "%%PDF-%s\n%%\xe2\xe3\xcf\xd3\n", version)
		w.entries[0] = entry{0, 0, 65535}
	}
	packed := f.writeObjects(w)
	root := f.Root
	if root == 0 {
		root = 1
	}
	trailer := fmt.Sprintf("/Root %d 0 R %s", root, f.Trailer)
	if f.Before != nil {
		trailer += fmt.Sprintf(" /Prev %d", f.Prev)
	}
	switch f.Kind {
	case Stream:
		startxref = w.xrefStream(w.size, trailer, nil)
	case HybridTable, WordTable:
		hidden := map[int]entry{}
		for _, o := range packed {
			hidden[o.Num] = w.entries[o.Num]
			w.entries[o.Num] = entry{0, 0, 65535}
		}
		at := w.xrefStream(w.size, "", hidden)
		if f.Kind == HybridTable {
			startxref = w.table(fmt.Sprintf("%s /XRefStm %d", trailer, at))
			break
		}
		first := w.table(trailer)
		fmt.Fprintf(w, "startxref\n%d\n%%%%EOF\n", first)
		startxref = int64(w.Len())
		fmt.Fprintf(w, "xref\n0 0\ntrailer\n<< /Size %d %s /Prev %d /XRefStm %d >>\n", w.size, trailer, first, at)
	default:
		startxref = w.table(trailer)
	}
	fmt.Fprintf(w, "startxref\n%d\n%%%%EOF\n", startxref)
	return w.Buffer.Bytes(), startxref
}

// writeObjects writes the plain objects, then one object stream with the packed ones, which it returns.
func (f File) writeObjects(w *writer) []Object {
	var packed []Object
	for _, o := range f.Objects {
		w.size = max(w.size, o.Num+1)
	}
	for _, o := range f.Objects {
		if o.Packed && f.Kind != Table {
			packed = append(packed, o)
			continue
		}
		w.object(o.Num, o.Body)
	}
	if len(packed) == 0 {
		return nil
	}
	var head, body strings.Builder
	num := w.size
	w.size++
	for i, o := range packed {
		fmt.Fprintf(&head, "%d %d ", o.Num, body.Len())
		body.WriteString(o.Body + "\n")
		w.entries[o.Num] = entry{2, int64(num), int64(i)}
	}
	dict := fmt.Sprintf("/Type /ObjStm /N %d /First %d", len(packed), head.Len())
	w.object(num, FlateBody(dict, []byte(head.String()+body.String())))
	return packed
}

func numbers(entries map[int]entry) []int {
	nums := make([]int, 0, len(entries))
	for n := range entries {
		nums = append(nums, n)
	}
	sort.Ints(nums)
	return nums
}

func (w *writer) table(trailer string) int64 {
	at := int64(w.Len())
	w.WriteString("xref\n")
	nums := numbers(w.entries)
	for i := 0; i < len(nums); {
		j := i
		for j < len(nums) && nums[j] == nums[i]+j-i {
			j++
		}
		fmt.Fprintf(w, "%d %d\n", nums[i], j-i)
		for _, n := range nums[i:j] {
			letter := "n"
			if w.entries[n].typ == 0 {
				letter = "f"
			}
			fmt.Fprintf(w, "%010d %05d %s \n", w.entries[n].a, w.entries[n].b, letter)
		}
		i = j
	}
	fmt.Fprintf(w, "trailer\n<< /Size %d %s >>\n", w.size, trailer)
	return at
}

// xrefStream writes a cross-reference stream with the given entries, or with all of them and its own.
func (w *writer) xrefStream(num int, trailer string, entries map[int]entry) int64 {
	at := int64(w.Len())
	w.size++
	w.entries[num] = entry{1, at, 0}
	if entries == nil {
		entries = w.entries
	}
	var data []byte
	var index strings.Builder
	for _, n := range numbers(entries) {
		e := entries[n]
		fmt.Fprintf(&index, "%d 1 ", n)
		data = append(data, byte(e.typ))
		data = binary.BigEndian.AppendUint32(data, uint32(e.a))
		data = binary.BigEndian.AppendUint16(data, uint16(e.b))
	}
	dict := fmt.Sprintf("/Type /XRef /Size %d /W [1 4 2] /Index [%s] %s", w.size, index.String(), trailer)
	fmt.Fprintf(w, "%d 0 obj\n%s\nendobj\n", num, FlateBody(dict, data))
	return at
}
