// SPDX-License-Identifier: Apache-2.0

package pdf

import (
	"bytes"
	"io"
	"strconv"

	"gsign/internal/limits"
	"gsign/internal/pdfcrypt"
)

// A File is an open PDF. Its methods keep caches and may not be called at the same time. Objects it hands out are shared
// with those caches: change a [Clone].
type File struct {
	src      source
	base     int64 // what the file's offsets count from: where its header begins, mostly 0
	header   int64 // where the header begins
	version  string
	entries  entries
	sections []Section
	root     Ref
	cache    objectCache
	packed   packedCache
	loading  map[Ref]bool    // references being followed for a stream's /Length: they may lead back
	opening  map[uint32]bool // object streams being read
	packing  map[uint32]bool // streams that objects are in: see Packs
	scanned  int64
	opts     Options
	damage   []Damage
	words    []Damage // that are read as null
	short    []Ref    // of a recovered file: streams that may be shorter than their /Length
	// recovered says that entries come from a search of the whole file, not from its cross-reference.
	recovered  bool
	headers    bool // readers take different headers for the first one
	recovering bool
	fault      error             // an object that is asked for is not where it should be, and that was not recovered
	hopeless   bool              // it cannot be recovered: no second search tells otherwise
	chained    bool              // the chain of cross-references was read to its end
	settled    bool              // every entry has been checked: nothing that matters is wrong
	hasPacked  bool              // objects were found in object streams
	unpacked   int64             // bytes of object streams decoded so far
	crypt      *pdfcrypt.Handler // nil where the file is not encrypted, or not unlocked yet
	encrypt    Ref               // of the encryption dictionary
	id         String            // first element of /ID, where the file is encrypted
	oddRows    bool              // some rows are of a type that no standard defines
	rows       int
	start      int64 // where the chain of cross-references begins, as the file's end says
}

// SectionKind says how a cross-reference section is written.
type SectionKind int

// The kinds of cross-reference sections.
const (
	Table      SectionKind = iota + 1
	XRefStream             // ISO 32000-2, 7.5.8
	Hybrid                 // a table with an /XRefStm, 7.5.8.4
)

// A Section is one cross-reference section: one revision of the file, or one half of a linearized one.
type Section struct {
	Offset  int64 // where the keyword xref or the stream object begins
	Kind    SectionKind
	End     int64 // right after the %%EOF that follows; 0 where the usual ending does not follow
	Trailer Dict  // of a stream: its dictionary
}

// Open reads the cross-reference of a PDF. Nothing of the file is kept but that and bounded caches. A bad file gives a
// *MalformedError; objects are checked when they are asked for. A damaged file is recovered, see [File.Damage].
func Open(r io.ReaderAt, size int64) (*File, error) { return OpenWith(r, size, nil) }

// OpenWith opens a PDF as [Open] does, with options. An encrypted file that needs another password gives a
// *PasswordError, one that no password opens an *EncryptionError. A reader with a method Part(off, n int64) []byte, which gives a part
// of the file without copying it, or nil, is asked that first: the file is in memory then, and nobody changes it.
func OpenWith(r io.ReaderAt, size int64, opts *Options) (*File, error) {
	f := &File{src: newSource(r, size), loading: map[Ref]bool{}, opening: map[uint32]bool{}}
	if opts != nil {
		f.opts = *opts
		f.src.strict = f.opts.Strict
	}
	if err := f.findHeader(); err != nil {
		return nil, err
	}
	err := f.readChain()
	if err == nil {
		err = f.unlock()
	}
	if err != nil {
		if err := f.recover(err); err != nil {
			return nil, err
		}
	}
	if err := f.probe(); err != nil {
		return nil, err
	}
	f.opts.Original = nil // or each revision that is opened after another would keep all before it
	return f, nil
}

// readChain reads the cross-reference that the end of the file names, and those before it.
func (f *File) readChain() error {
	start, at, err := f.findStart()
	if err != nil {
		return err
	}
	f.base = f.header
	if f.header > 0 {
		ok, err := f.sectionAt(start + f.header)
		if err != nil {
			return err
		}
		if !ok {
			f.base = 0
		}
	}
	if start == 0 && f.base == 0 {
		return malformed(at, "startxref is 0")
	}
	if err := f.readSections(start); err != nil {
		return err
	}
	f.chained = true
	root, ok := f.sections[0].Trailer["Root"].(Ref)
	if !ok {
		return malformed(f.sections[0].Offset, "trailer has no reference to the catalog (/Root)")
	}
	f.root = root
	if f.base != f.header {
		// Most readers count from the header, find nothing there, and search the file.
		return malformed(at, "offsets count from the beginning of the file, not from its header")
	}
	return f.afterStart(at)
}

// afterStart looks at what follows the last startxref. Other readers look for it in the last 1024 bytes only: where
// objects follow it there, they would search the file and find those.
func (f *File) afterStart(at int64) error {
	if f.src.size-at <= 1024 {
		return nil
	}
	tail := make([]byte, f.src.size-at)
	if err := f.src.readFull(tail, at); err != nil {
		return err
	}
	if i := bytes.Index(tail, []byte(" obj")); i >= 0 {
		return malformed(at+int64(i), "objects follow the last startxref")
	}
	return nil
}

// Size gives the size of the file.
func (f *File) Size() int64 { return f.src.size }

// HeaderVersion gives the version after %PDF-, such as "1.7".
func (f *File) HeaderVersion() string { return f.version }

// Version gives the version of the header or, where it is higher, of the catalog.
func (f *File) Version() string {
	catalog, err := f.Catalog()
	if err != nil {
		return f.version
	}
	v, err := f.Name(catalog["Version"])
	if err != nil || len(v) != 3 || v[1] != '.' || string(v) < f.version {
		return f.version
	}
	return string(v)
}

// Trailer gives a copy of the newest section's trailer; of a hybrid one, the table's.
func (f *File) Trailer() Dict { return f.sections[0].Trailer.Clone() }

// Sections gives the cross-reference sections, the newest first. The /XRefStm of a hybrid section is not one of them.
// Their trailers are shared: do not change them.
func (f *File) Sections() []Section { return append([]Section(nil), f.sections...) }

// Root gives the reference of the catalog.
func (f *File) Root() Ref { return f.root }

// Catalog gives a copy of the document catalog.
func (f *File) Catalog() (Dict, error) {
	d, err := f.SharedCatalog()
	if err != nil {
		return nil, err
	}
	return d.Clone(), nil
}

// SharedCatalog gives the document catalog to those who change nothing in it: it may hold a form of hundreds of thousands of fields.
func (f *File) SharedCatalog() (Dict, error) {
	o, err := f.Object(f.root)
	if err != nil {
		return nil, err
	}
	d, ok := o.(Dict)
	if !ok {
		return nil, f.noCatalog(o)
	}
	return d, nil
}

func (f *File) noCatalog(o Object) error {
	if _, null := o.(Null); null {
		return malformed(-1, "catalog %v is not in the file", f.root)
	}
	return malformed(-1, "catalog %v is no dictionary", f.root)
}

// findHeader finds %PDF- near the beginning of the file. Where it is missing the file may be a PDF nevertheless, which
// its objects tell.
func (f *File) findHeader() error {
	head := make([]byte, min(limits.PDFHeader+16, f.src.size))
	if err := f.src.readFull(head, 0); err != nil {
		return err
	}
	i := bytes.Index(head, []byte("%PDF-"))
	if i < 0 || i > limits.PDFHeader {
		what := "no %PDF- in the first " + strconv.Itoa(limits.PDFHeader) + " bytes"
		if f.opts.Strict || !bytes.Contains(head, []byte(" obj")) {
			return malformed(0, "not a PDF: %s", what)
		}
		f.note(0, "%s", what)
		return nil
	}
	v := head[i+5:]
	n := 0
	for n < len(v) && n < 3 && (v[n] == '.' || v[n] >= '0' && v[n] <= '9') {
		n++
	}
	f.version, f.header = string(v[:n]), int64(i)
	f.headers = bytes.Contains(head[:i], []byte("%PDF")) // which is enough for some
	if !isVersion(v) {
		// Some readers take the first header, some the first one with a version: their offsets count from another place.
		for rest := v; !f.headers && len(rest) > 0; {
			j := bytes.Index(rest, []byte("%PDF-"))
			if j < 0 {
				break
			}
			rest = rest[j+5:]
			f.headers = isVersion(rest)
		}
	}
	return nil
}

func isVersion(b []byte) bool {
	digit := func(c byte) bool { return c >= '0' && c <= '9' }
	return len(b) >= 3 && digit(b[0]) && b[1] == '.' && digit(b[2])
}

// findStart finds the last startxref. It returns the offset it gives and where the keyword stands.
func (f *File) findStart() (start, at int64, err error) {
	keyword := []byte("startxref")
	for n := int64(1024); ; n *= 8 {
		n = min(n, limits.PDFTail, f.src.size)
		tail := make([]byte, n)
		if err := f.src.readFull(tail, f.src.size-n); err != nil {
			return 0, 0, err
		}
		if i := bytes.LastIndex(tail, keyword); i >= 0 {
			at = f.src.size - n + int64(i)
			break
		}
		if n == limits.PDFTail || n == f.src.size {
			return 0, 0, malformed(-1, "no startxref near the end of the file")
		}
	}
	l := newLexer(&f.src, at+int64(len(keyword)))
	t, err := l.token()
	if err != nil {
		return 0, 0, malformedBy(at, err, "reading startxref")
	}
	if t.kind != tokenInteger || t.num < 0 {
		return 0, 0, malformed(at, "startxref without an offset")
	}
	return t.num, at, nil
}

// sectionAt reports whether a cross-reference section seems to begin at off.
func (f *File) sectionAt(off int64) (bool, error) {
	p := parser{lexer: newLexer(&f.src, off)}
	t, err := p.token()
	if err == nil && t.is("xref") {
		return true, nil
	}
	if err == nil {
		p.seek(t.start)
		_, _, err = p.header()
	}
	if err != nil && !IsMalformed(err) {
		return false, err
	}
	return err == nil, nil
}
