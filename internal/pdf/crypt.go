// SPDX-License-Identifier: Apache-2.0

package pdf

import (
	"bytes"
	"errors"
	"io"

	"gsign/internal/limits"
	"gsign/internal/pdfcrypt"
)

// A PasswordError says that the file is encrypted and that neither the empty password nor the one given opens it.
type PasswordError struct {
	Given bool // a password was given, and it is wrong
}

func (e *PasswordError) Error() string {
	if e.Given {
		return "the password is wrong"
	}
	return "the document is encrypted and needs a password"
}

// An EncryptionError says that the file is encrypted in a way that no password opens, or that is not known here.
type EncryptionError struct{ What string }

func (e *EncryptionError) Error() string { return "the document cannot be decrypted: " + e.What }

// errLocked is what asking for an encrypted stream gives while the key is still being looked for.
var errLocked = errors.New("file is encrypted")

// Encrypted reports whether the file is encrypted.
func (f *File) Encrypted() bool { return f.sections[0].Trailer["Encrypt"] != nil }

// locked reports whether the key is not known yet.
func (f *File) locked() bool { return f.crypt == nil && f.Encrypted() }

// IsLocked reports whether err says that a password is needed, or that none helps.
func IsLocked(err error) bool {
	_, need := errors.AsType[*PasswordError](err)
	_, never := errors.AsType[*EncryptionError](err)
	return need || never
}

// Authority is what an encrypted file permits. A file that is not encrypted permits everything.
type Authority struct {
	Owner     bool // the owner's password was given
	Fill      bool // existing form fields may be filled in and signed
	AddFields bool // form fields may be made
	Sealed    bool // a MAC over the whole file forbids any change (ISO/TS 32004), whoever makes it
}

// Authority says what the file permits to those who have the password that was given.
func (f *File) Authority() Authority {
	if f.crypt == nil {
		return Authority{Owner: true, Fill: true, AddFields: true}
	}
	return Authority{Owner: f.crypt.Owner(), Fill: f.crypt.MayFill(), AddFields: f.crypt.MayAddFields(), Sealed: f.authenticated()}
}

// authenticated reports whether a MAC protects the whole file (ISO/TS 32004).
func (f *File) authenticated() bool {
	trailer := f.sections[0].Trailer
	d, err := f.Dict(trailer["Encrypt"])
	return trailer["AuthCode"] != nil || err == nil && d["KDFSalt"] != nil
}

// unlock finds the key of an encrypted file. It must be called when the cross-reference is known and before anything
// else is read: what was read before is forgotten.
func (f *File) unlock() error {
	o := f.sections[0].Trailer["Encrypt"]
	if o == nil {
		return nil
	}
	f.crypt = nil
	f.encrypt, _ = o.(Ref)
	d, err := f.encryptDict(o)
	if err != nil {
		return malformedBy(-1, err, "encryption dictionary")
	}
	var p *pdfcrypt.Password
	if len(f.opts.Password) > 0 {
		p = &pdfcrypt.Password{Text: f.opts.Password, Doc: docEncoded(string(f.opts.Password))}
	}
	h, err := pdfcrypt.Open(d, p)
	if unknown, ok := errors.AsType[*pdfcrypt.UnsupportedError](err); ok {
		return &EncryptionError{What: unknown.What}
	}
	if errors.Is(err, pdfcrypt.ErrPassword) {
		return &PasswordError{Given: p != nil}
	}
	if err != nil {
		return malformedBy(-1, err, "encryption dictionary")
	}
	if damage := h.Damage(); damage != "" {
		if f.opts.Strict {
			return malformed(-1, "encryption dictionary: %s", damage)
		}
		f.noteOnce(-1, "encryption dictionary: "+damage+"; what either forbids is forbidden")
	}
	f.crypt = h
	f.cache, f.packed = objectCache{}, packedCache{}
	return nil
}

// encryptDict resolves the encryption dictionary and the trailer's /ID, which is part of the key.
func (f *File) encryptDict(o Object) (*pdfcrypt.Dict, error) {
	dict, err := f.Dict(o)
	if err != nil {
		return nil, err
	}
	if dict == nil {
		return nil, malformed(-1, "it is not in the file")
	}
	r := &entryReader{f: f, dict: dict}
	d := &pdfcrypt.Dict{
		Filter: r.name("Filter"), V: r.integer("V"), R: r.integer("R"), Length: r.integer("Length"), P: r.integer("P"),
		O: r.string("O"), U: r.string("U"), OE: r.string("OE"), UE: r.string("UE"), Perms: r.string("Perms"),
		StmF: r.name("StmF"), StrF: r.name("StrF"), EFF: r.name("EFF"),
		EncryptMetadata: true, CF: map[string]pdfcrypt.Filter{},
	}
	if dict["EncryptMetadata"] != nil {
		b, err := f.Bool(dict["EncryptMetadata"])
		r.note(err)
		d.EncryptMetadata = b
	}
	filters, err := f.Dict(dict["CF"])
	r.note(err)
	for name, o := range filters {
		entry, err := f.Dict(o)
		r.note(err)
		c := &entryReader{f: f, dict: entry}
		d.CF[string(name)] = pdfcrypt.Filter{CFM: c.name("CFM"), Length: c.integer("Length")}
		r.note(c.err)
	}
	list, err := f.Array(f.sections[0].Trailer["ID"])
	r.note(err)
	if len(list) > 0 {
		id, err := f.String(list[0])
		r.note(err)
		d.ID = id
	}
	f.id = d.ID
	return d, r.err
}

// An entryReader reads entries of a dictionary and keeps the first error.
type entryReader struct {
	f    *File
	dict Dict
	err  error
}

func (r *entryReader) note(err error) {
	if r.err == nil {
		r.err = err
	}
}

func (r *entryReader) name(key Name) string {
	v, err := r.f.Name(r.dict[key])
	r.note(err)
	return string(v)
}

func (r *entryReader) integer(key Name) int64 {
	v, err := r.f.Resolve(r.dict[key])
	r.note(err)
	n, _ := Number(v) // some write /P as a number beyond 32 bits, or as a real one
	return int64(n)
}

func (r *entryReader) string(key Name) []byte {
	v, err := r.f.String(r.dict[key])
	r.note(err)
	return v
}

// unlocked reports whether strings and streams of ref are to be decrypted: not those of the encryption dictionary.
func (f *File) unlocked(ref Ref) bool {
	return f.crypt != nil && (f.encrypt.IsZero() || ref != f.encrypt)
}

// decrypted decrypts the strings of an object as it was parsed, in place (ISO 32000-2, 7.6.2), and tells a stream whose
// it is.
func (f *File) decrypted(ref Ref, o Object) (Object, error) {
	if !f.unlocked(ref) {
		return o, nil
	}
	if s, ok := o.(*Stream); ok {
		if s.Dict["Type"] == Object(Name("XRef")) {
			return s, nil
		}
		s.owner, s.sealed = ref, s.Dict
	}
	return eachString(o, func(s String) (Object, error) {
		b, err := f.crypt.Decrypt(f.crypt.Strings(), ref.Num, ref.Gen, s)
		return String(b), f.cryptError(err)
	})
}

// encrypted gives a copy of an object with its strings encrypted. Those of a cross-reference stream, an old one that is
// written anew, stay as they are: nobody decrypts them.
func (f *File) encrypted(ref Ref, o Object) (Object, error) {
	if !f.unlocked(ref) {
		return o, nil
	}
	if s, ok := o.(*Stream); ok && s.Dict["Type"] == Object(Name("XRef")) {
		return o, nil
	}
	return eachString(Clone(o), func(s String) (Object, error) {
		b, err := f.crypt.Encrypt(f.crypt.Strings(), ref.Num, ref.Gen, s)
		return String(b), f.cryptError(err)
	})
}

// eachString replaces all strings within o, in place, but the /Contents of a signature: a dictionary with a /ByteRange.
func eachString(o Object, change func(String) (Object, error)) (Object, error) {
	var err error
	switch o := o.(type) {
	case String:
		return change(o)
	case Array:
		for i := range o {
			if o[i], err = eachString(o[i], change); err != nil {
				return nil, err
			}
		}
	case Dict:
		for key, v := range o {
			if _, ok := v.(String); ok && key == "Contents" && o["ByteRange"] != nil {
				continue
			}
			if o[key], err = eachString(v, change); err != nil {
				return nil, err
			}
		}
	case *Stream:
		_, err = eachString(o.Dict, change)
	}
	return o, err
}

// method says how the data of a stream with this dictionary is encrypted.
func (f *File) method(d Dict) (pdfcrypt.Method, error) {
	if f.crypt == nil || d["Type"] == Object(Name("XRef")) {
		return pdfcrypt.None, nil
	}
	names, params, err := f.filters(d)
	if err != nil {
		return pdfcrypt.None, err
	}
	for i, name := range names {
		if name != "Crypt" {
			continue
		}
		filter, ok := params[i]["Name"].(Name)
		if !ok {
			filter = "Identity"
		}
		m, err := f.crypt.Named(string(filter))
		if err != nil {
			return pdfcrypt.None, malformedBy(-1, err, "stream")
		}
		return m, nil
	}
	switch d["Type"] {
	case Object(Name("Metadata")):
		if !f.crypt.EncryptsMetadata() {
			return pdfcrypt.None, nil
		}
	case Object(Name("EmbeddedFile")):
		return f.crypt.Files(), nil
	}
	return f.crypt.Streams(), nil
}

// plainReader reads the n bytes of a stream's data, decrypted.
func (f *File) plainReader(s *Stream, n int64) (io.Reader, error) {
	r := f.src.reader(s.start, n)
	if s.owner.IsZero() {
		return r, nil
	}
	m, err := f.method(s.sealed)
	if err != nil {
		return nil, err
	}
	r, err = f.crypt.Reader(m, s.owner.Num, s.owner.Gen, r)
	return r, f.cryptError(err)
}

// plainData gives the data of a stream, decrypted and not decoded.
func (f *File) plainData(s *Stream, limit int64) ([]byte, error) {
	n, err := f.streamLength(s)
	if err != nil {
		return nil, err
	}
	if n > limit {
		return nil, malformed(s.start, "stream of %d bytes: more than %d", n, limit)
	}
	r, err := f.plainReader(s, n)
	if err != nil {
		return nil, err
	}
	data := bytes.NewBuffer(make([]byte, 0, n+bytes.MinRead)) // what is deciphered is not longer
	_, err = data.ReadFrom(r)
	return data.Bytes(), err
}

// sealed gives the data of a stream that becomes ref's, encrypted. Data that stands in the file in the same way already
// is taken as it is.
func (f *File) sealed(ref Ref, p pending) ([]byte, error) {
	s, ok := p.object.(*Stream)
	if !ok {
		d, _ := p.object.(Dict)
		return f.encryptedData(ref, d, p.data)
	}
	raw, err := f.RawStreamData(s, limits.PDFRewrite)
	if err != nil || f.crypt == nil {
		return raw, err
	}
	old, err := f.method(s.sealed)
	if err != nil {
		return nil, err
	}
	if s.owner.IsZero() {
		old = pdfcrypt.None
	}
	m, err := f.method(s.Dict)
	if err != nil || m == old && (ref == s.owner || m == pdfcrypt.None) {
		return raw, err
	}
	plain, err := f.crypt.Decrypt(old, s.owner.Num, s.owner.Gen, raw)
	if err != nil {
		return nil, f.cryptError(err)
	}
	return f.encryptedData(ref, s.Dict, plain)
}

func (f *File) encryptedData(ref Ref, d Dict, data []byte) ([]byte, error) {
	m, err := f.method(d)
	if err != nil || m == pdfcrypt.None {
		return data, err
	}
	data, err = f.crypt.Encrypt(m, ref.Num, ref.Gen, data)
	return data, f.cryptError(err)
}

func (f *File) cryptError(err error) error {
	if errors.Is(err, pdfcrypt.ErrPassword) {
		return &PasswordError{Given: len(f.opts.Password) > 0}
	}
	return err
}

// AppendEncrypted writes o as [Append] does, for a place inside the object ref: its strings are encrypted where the file
// demands it. It serves those who write [Raw] objects.
func (u *Update) AppendEncrypted(dst []byte, ref Ref, o Object) ([]byte, error) {
	o, err := u.f.encrypted(ref, o)
	if err != nil {
		return nil, err
	}
	return Append(dst, o), nil
}
