// SPDX-License-Identifier: Apache-2.0

package pdf

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gsign/internal/testenv"
)

// encryptedFiles gives the sample files that are encrypted, by name.
func encryptedFiles(t testing.TB) map[string][]byte {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(testenv.Root(t), "testdata", "pdfs", "*-encrypted-*.pdf"))
	if err != nil || len(paths) < 20 {
		t.Fatalf("%d files: %v", len(paths), err)
	}
	files := map[string][]byte{}
	for _, path := range paths {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		files[filepath.Base(path)] = b
	}
	return files
}

// passwordOf gives the password that stands in the name of a sample file.
func passwordOf(name string) []byte {
	_, password, _ := strings.Cut(strings.TrimSuffix(name, ".pdf"), "pw=")
	return []byte(password)
}

// lockedOf says which files no password of ours opens, and why.
var lockedOf = map[string]func(error) bool{
	"qpdf-encrypted-password.pdf": func(err error) bool {
		e, ok := errors.AsType[*PasswordError](err)
		return ok && !e.Given
	},
	"pyhanko-encrypted-pubkey.pdf": func(err error) bool {
		e, ok := errors.AsType[*EncryptionError](err)
		return ok && strings.Contains(e.What, "Adobe.PubSec")
	},
}

// Each method, key length and crypt filter: what is in the file reads as in the plain one, and what an update writes reads
// as what was written.
func TestEncryptedFiles(t *testing.T) {
	for name, b := range encryptedFiles(t) {
		t.Run(name, func(t *testing.T) {
			opts := &Options{Password: passwordOf(name)}
			f, err := OpenWith(bytes.NewReader(b), int64(len(b)), opts)
			if locked := lockedOf[name]; locked != nil {
				if err == nil || !locked(err) || !IsLocked(err) {
					t.Errorf("%v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			readable(t, f)
			u := f.NewUpdate()
			str, stream := u.Alloc(), u.Alloc()
			u.Set(str, Dict{"Text": Array{String("new")}, "Contents": String("note")})
			u.SetStream(stream, Dict{"Name": String("of the stream")}, []byte("data"))
			_, page, err := f.Page(0)
			if err != nil {
				t.Fatal(err)
			}
			content, ok := page["Contents"].(Ref)
			if !ok {
				t.Fatal("no content stream")
			}
			old, err := f.Stream(content)
			if err != nil {
				t.Fatal(err)
			}
			was, err := f.StreamData(old, 1<<20)
			if err != nil {
				t.Fatal(err)
			}
			moved := u.Alloc()
			u.Set(content, Clone(old)) // in its place, its data as it stands there
			u.Set(moved, Clone(old))   // and as another object, for which it has another key
			rev, err := u.Build()
			if err != nil {
				t.Fatal(err)
			}
			if f.crypt.Strings() != 0 && bytes.Contains(rev.Bytes, []byte("(new)")) || f.crypt.Streams() != 0 && bytes.Contains(rev.Bytes, []byte("\ndata\n")) {
				t.Error("written in the clear")
			}
			r, size := Joined(bytes.NewReader(b), int64(len(b)), rev.Bytes)
			g, err := OpenWith(r, size, opts)
			if err != nil {
				t.Fatal(err)
			}
			rev.Seal()
			if err := Reread(f, g, rev.Intent); err != nil {
				t.Error(err)
			}
			readable(t, g)
			for _, ref := range []Ref{content, moved} {
				s, err := g.Stream(ref)
				if err != nil {
					t.Fatal(err)
				}
				if is, err := g.StreamData(s, 1<<20); err != nil || !bytes.Equal(is, was) {
					t.Errorf("copied stream %v: %q, %v", ref, is, err)
				}
			}
		})
	}
}

// readable reads the first page's content and the strings of /Info.
func readable(t *testing.T, f *File) {
	t.Helper()
	_, page, err := f.Page(0)
	if err != nil {
		t.Fatal(err)
	}
	s, err := f.Stream(page["Contents"])
	if err != nil {
		t.Fatal(err)
	}
	data, err := f.StreamData(s, 1<<20)
	if err != nil || !bytes.Contains(data, []byte("Tf")) && !bytes.Contains(data, []byte(" re")) && !bytes.Contains(data, []byte(" cm")) {
		t.Errorf("content of the first page: %q, %v", data[:min(len(data), 60)], err)
	}
	info, err := f.Dict(f.Trailer()["Info"])
	if err != nil {
		t.Fatal(err)
	}
	for key, o := range info {
		if v, ok := o.(String); ok && strings.ContainsFunc(v.Text(), func(r rune) bool { return r < ' ' || r > '~' }) {
			t.Errorf("/%s of /Info: %q", key, v)
		}
	}
	// The second reader does not know all methods, and where it does it agrees.
	if _, err := f.SecondOpinion(t.Context()); err != nil {
		t.Error(err)
	}
}

// Metadata in the clear stays readable, and is written in the clear.
func TestClearMetadata(t *testing.T) {
	for _, name := range []string{"qpdf-encrypted-metadata.pdf", "qpdf-encrypted-metadata-aes256.pdf"} {
		f := mustOpen(t, encryptedFiles(t)[name])
		catalog, err := f.Catalog()
		if err != nil {
			t.Fatal(err)
		}
		s, err := f.Stream(catalog["Metadata"])
		if err != nil {
			t.Fatal(err)
		}
		if data, err := f.StreamData(s, 1<<20); err != nil || !bytes.Contains(data, []byte("xpacket")) {
			t.Errorf("%q, %v", data, err)
		}
		u := f.NewUpdate()
		u.SetStream(u.Alloc(), Dict{"Type": Name("Metadata")}, []byte("in the clear"))
		rev, err := u.Build()
		if err != nil || !bytes.Contains(rev.Bytes, []byte("in the clear")) {
			t.Errorf("%q, %v", rev.Bytes, err)
		}
	}
}

// A signature's /Contents is never encrypted, whatever else is.
func TestSignatureContents(t *testing.T) {
	f := mustOpen(t, encryptedFiles(t)["qpdf-encrypted-aes256.pdf"])
	u := f.NewUpdate()
	ref := u.Alloc()
	b, err := u.AppendEncrypted(nil, ref, Dict{"ByteRange": Array{}, "Contents": String("0123"), "Reason": String("why")})
	if err != nil || !bytes.Contains(b, []byte("(0123)")) || bytes.Contains(b, []byte("(why)")) {
		t.Fatalf("%q, %v", b, err)
	}
	u.Set(ref, Raw(b))
	rev, err := u.Build()
	if err != nil {
		t.Fatal(err)
	}
	file := encryptedFiles(t)["qpdf-encrypted-aes256.pdf"]
	g := mustOpen(t, append(bytes.Clone(file), rev.Bytes...))
	d, err := g.Dict(ref)
	if err != nil || string(d["Contents"].(String)) != "0123" || string(d["Reason"].(String)) != "why" {
		t.Errorf("%v, %v", d, err)
	}
}

// The password of the owner gives all rights; that of the user those of /P; a wrong one none but what the empty one gives.
func TestAuthority(t *testing.T) {
	files := encryptedFiles(t)
	for _, c := range []struct {
		file, password string
		want           Authority
	}{
		{"qpdf-encrypted-aes256.pdf", "", Authority{Fill: true, AddFields: true}},
		{"qpdf-encrypted-aes256.pdf", "owner", Authority{Owner: true, Fill: true, AddFields: true}},
		{"qpdf-encrypted-aes256-objstm.pdf", "", Authority{Owner: true, Fill: true, AddFields: true}},
		{"qpdf-encrypted-rc4.pdf", "owner", Authority{Owner: true, Fill: true, AddFields: true}},
		{"qpdf-encrypted-rc4-40-pw=owner.pdf", "user", Authority{Fill: true, AddFields: true}},
		{"qpdf-encrypted-readonly.pdf", "", Authority{}},
		{"qpdf-encrypted-readonly.pdf", "wrong", Authority{}},
		{"qpdf-encrypted-readonly.pdf", "owner", Authority{Owner: true, Fill: true, AddFields: true}},
		{"qpdf-encrypted-fill.pdf", "", Authority{Fill: true}},
		{"pyhanko-encrypted-mac.pdf", "owner", Authority{Owner: true, Fill: true, AddFields: true, Sealed: true}},
	} {
		b := files[c.file]
		f, err := OpenWith(bytes.NewReader(b), int64(len(b)), &Options{Password: []byte(c.password)})
		if err != nil {
			t.Errorf("%s: %v", c.file, err)
			continue
		}
		if got := f.Authority(); got != c.want {
			t.Errorf("%s with %q: %+v, want %+v", c.file, c.password, got, c.want)
		}
	}
}

// A damaged encryption dictionary blames the file.
func TestBadEncryptionDictionary(t *testing.T) {
	b := encryptedFiles(t)["qpdf-encrypted-rc4.pdf"]
	for old, change := range map[string]string{
		"/R 3": "/R 9", "/V 2": "/V 3", "/O <": "/X <", "/U <": "/X <", "/Standard": "/Standarc",
		"/P -4": "/P []", "/Encrypt 1": "/Encrypt 9",
	} {
		bad := bytes.Replace(b, []byte(old), []byte(change), 1)
		if bytes.Equal(bad, b) {
			t.Fatalf("%s is not in the file", old)
		}
		if _, err := openBytes(bad); err == nil || !IsMalformed(err) && !IsLocked(err) {
			t.Errorf("%s: %v", change, err)
		}
	}
}

// The same bytes, encrypted for two objects, are two different streams: whoever moves contents to another number hides them.
func TestSameEncrypted(t *testing.T) {
	b, err := os.ReadFile(filepath.Join(testenv.Root(t), "testdata", "pdfs", "qpdf-encrypted-rc4.pdf"))
	if err != nil {
		t.Fatal(err)
	}
	f, err := openEncrypted(b, "")
	if err != nil {
		t.Fatal(err)
	}
	for ref := range f.Objects {
		o, err := f.Object(ref)
		if err != nil {
			t.Fatal(err)
		}
		s, ok := o.(*Stream)
		if !ok || s.owner.IsZero() {
			continue
		}
		moved := *s
		moved.owner.Num++
		same, err := Same(f, s, f, s)
		other, err2 := Same(f, s, f, &moved)
		if !same || other || err != nil || err2 != nil {
			t.Errorf("object %v: %v with itself, %v as another object: %v, %v", ref, same, other, err, err2)
		}
		return
	}
	t.Fatal("no encrypted stream")
}
