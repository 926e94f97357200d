// SPDX-License-Identifier: Apache-2.0

package pdf

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"gsign/internal/pdf/pdftest"
)

func openStrictly(b []byte) (*File, error) {
	return OpenWith(bytes.NewReader(b), int64(len(b)), &Options{Strict: true})
}

// updateOne appends a revision that gives the catalog another entry.
func updateOne(t *testing.T, f *File, b []byte) []byte {
	t.Helper()
	catalog, err := f.Catalog()
	if err != nil {
		t.Fatal(err)
	}
	u := f.NewUpdate()
	ref := u.Alloc()
	u.Set(ref, Dict{"New": Integer(1)})
	catalog["GsignTest"] = ref
	u.Set(f.Root(), catalog)
	rev, err := u.Build()
	if err != nil {
		t.Fatal(err)
	}
	return append(bytes.Clone(b), rev.Bytes...)
}

// TestRecover opens damaged files. What is appended to them makes them sound.
func TestRecover(t *testing.T) {
	sound := map[string]bool{"prev beyond": false}
	for name, b := range pdftest.Damaged() {
		t.Run(name, func(t *testing.T) {
			if _, err := openStrictly(b); !IsMalformed(err) && !sound[name] {
				t.Errorf("strictly opened: %v", err)
			}
			f, err := openBytes(b)
			if err != nil {
				t.Fatal(err)
			}
			if len(f.Damage()) == 0 || f.Damage()[0].What == "" {
				t.Error("no damage is reported")
			}
			for _, d := range f.Damage() {
				t.Logf("%d: %s", d.Offset, d.What)
			}
			if n, err := f.CountPages(); n != 1 || err != nil {
				t.Fatalf("%d pages, %v", n, err)
			}
			grown := updateOne(t, f, b)
			g, err := openStrictly(grown)
			if name == "header missing" { // that cannot be helped
				g, err = openBytes(grown)
			}
			if err != nil {
				t.Fatalf("the update is damaged too: %v", err)
			}
			same(t, f, g)
		})
	}
}

// same compares all objects of a file with those of its update.
func same(t *testing.T, f, g *File) {
	t.Helper()
	if g.Root() != f.Root() || g.Recovered() || len(g.Sections()) != 1 || g.Trailer()["Prev"] != nil {
		t.Errorf("catalog %v, recovered %v, sections %v", g.Root(), g.Recovered(), g.Sections())
	}
	for num := uint32(1); num <= f.entries.highest; num++ {
		ref := Ref{num, f.entries.get(num).gen()}
		if f.InObjectStream(Ref{Num: num}) {
			ref.Gen = 0
		}
		a, err := f.Object(ref)
		if err != nil {
			t.Fatal(err)
		}
		b, err := g.Object(ref)
		if err != nil {
			t.Fatal(err)
		}
		if ref != f.Root() && !bytes.Equal(Append(nil, a), Append(nil, b)) {
			t.Errorf("object %v: %s became %s", ref, Append(nil, a), Append(nil, b))
		}
	}
	want, err := f.CountPages()
	if err != nil {
		t.Fatal(err)
	}
	if n, err := g.CountPages(); n != want || err != nil {
		t.Errorf("%d pages, not %d: %v", n, want, err)
	}
	for _, key := range []Name{"Info", "Root"} {
		if f.Trailer()[key] != nil && !bytes.Equal(Append(nil, f.Trailer()[key]), Append(nil, g.Trailer()[key])) {
			t.Errorf("/%s became %v", key, g.Trailer()[key])
		}
	}
}

// TestAmbiguous refuses what two readers could understand differently.
func TestAmbiguous(t *testing.T) {
	for name, b := range pdftest.Ambiguous() {
		f, err := openBytes(b)
		if !IsMalformed(err) || !strings.Contains(err.Error(), "more than one way") {
			t.Errorf("%s: %v", name, err)
		}
		if err == nil {
			t.Logf("%s: %v", name, f.Damage())
		}
	}
}

// TestRecoverHopeless refuses what has no catalog, no objects, or is no PDF.
func TestRecoverHopeless(t *testing.T) {
	for name, b := range map[string][]byte{
		"no PDF":      []byte("hello"),
		"header only": []byte("%PDF-1.4\n"),
		"no catalog":  []byte("%PDF-1.4\n1 0 obj\n<< /A /B >>\nendobj\n"),
		"a letter":    []byte("Dear Sir,\nabout 1 0 obj\nwe have to say\n"),
	} {
		if _, err := openBytes(b); !IsMalformed(err) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestRecoverLate: numbers that an update has given may belong to objects that are found only then.
func TestRecoverLate(t *testing.T) {
	f := mustOpen(t, pdftest.Classic())
	u := f.NewUpdate()
	u.Set(u.Alloc(), Integer(1))
	if err := f.recover(malformed(-1, "a test")); err != nil {
		t.Fatal(err)
	}
	if _, err := u.Build(); !IsMalformed(err) {
		t.Errorf("an update of what was read before: %v", err)
	}
	updateOne(t, f, pdftest.Classic())
}

// FuzzRecover damages at will: any bytes give an error, or a file that an update makes sound.
func FuzzRecover(f *testing.F) {
	for _, m := range []map[string][]byte{pdftest.Damaged(), pdftest.Ambiguous(), pdftest.Shapes()} {
		for _, b := range m {
			f.Add(b)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := openBytes(data)
		if err != nil {
			if !IsLocked(err) {
				mustBeMalformed(t, err)
			}
			return
		}
		pages, err := file.PageCount()
		if err != nil {
			mustBeMalformed(t, err) // nothing is appended where the pages are lost
			return
		}
		if !file.Recovered() {
			return
		}
		u := file.NewUpdate()
		ref := u.Alloc()
		u.Set(ref, Dict{"New": Integer(1)})
		rev, err := u.Build()
		if err != nil {
			mustBeMalformed(t, err)
			return
		}
		r, size := Joined(bytes.NewReader(data), int64(len(data)), rev.Bytes)
		again, err := Open(r, size)
		if err != nil {
			t.Fatalf("after the update: %v", err)
		}
		if n, err := again.PageCount(); again.Recovered() || n != pages || err != nil || again.Root() != file.Root() {
			t.Fatalf("after the update: %v, %d pages after %d, %v", again.Damage(), n, pages, err)
		}
	})
}

// TestRecoverEncrypted: what is found by searching a file is decrypted as what its cross-reference leads to, and what is
// appended is encrypted for the same key.
func TestRecoverEncrypted(t *testing.T) {
	recovered := 0
	for name, b := range encryptedFiles(t) {
		if lockedOf[name] != nil {
			continue
		}
		t.Run(name, func(t *testing.T) {
			opts := &Options{Password: passwordOf(name)}
			sound, err := OpenWith(bytes.NewReader(b), int64(len(b)), opts)
			if err != nil {
				t.Fatal(err)
			}
			at := bytes.LastIndex(b, []byte("startxref"))
			broken := append(bytes.Clone(b[:at]), "startxref\n5\n%%EOF\n"...)
			f, err := OpenWith(bytes.NewReader(broken), int64(len(broken)), opts)
			if err != nil {
				t.Fatal(err)
			}
			if !f.Recovered() || f.Authority() != sound.Authority() {
				t.Errorf("recovered %v, %+v is permitted, not %+v", f.Recovered(), f.Authority(), sound.Authority())
			}
			recovered++
			samePlain(t, sound, f)
			grown := updateOne(t, f, broken)
			g, err := OpenWith(bytes.NewReader(grown), int64(len(grown)), &Options{Password: opts.Password, Strict: true})
			if err != nil {
				t.Fatalf("the update is damaged too: %v", err)
			}
			same(t, f, g)
			samePlain(t, f, g)
			if _, err := OpenWith(bytes.NewReader(broken), int64(len(broken)), &Options{Password: []byte("wrong")}); err != nil && !IsLocked(err) {
				t.Errorf("with a wrong password: %v", err)
			}
		})
	}
	if recovered < 18 {
		t.Errorf("only %d files", recovered)
	}
}

// samePlain compares the decrypted data of all streams but those of cross-references.
func samePlain(t *testing.T, f, g *File) {
	t.Helper()
	for num := uint32(1); num <= f.entries.highest; num++ {
		ref := Ref{num, 0}
		o, err := f.Object(ref)
		if err != nil {
			t.Fatal(err)
		}
		s, ok := o.(*Stream)
		if !ok || s.Dict["Type"] == Object(Name("XRef")) {
			continue
		}
		was, err := f.plainData(s, 1<<20)
		if err != nil {
			t.Fatalf("object %v: %v", ref, err)
		}
		other, err := g.Stream(ref)
		if err != nil || other == nil {
			t.Fatalf("object %v is no stream any more: %v", ref, err)
		}
		is, err := g.plainData(other, 1<<20)
		if err != nil || !bytes.Equal(was, is) {
			t.Errorf("object %v reads otherwise: %v", ref, err)
		}
	}
}

// An object that the cross-reference has in one object stream, and the end of the file in another of the same number.
func TestAmbiguousObjectStream(t *testing.T) {
	media := func(n int) string { return fmt.Sprintf("<< /Type /Page /Parent 2 0 R /MediaBox [0 0 %d %d] >>", n, n) }
	packed := func(n int) string { return pdftest.StreamBody("/Type /ObjStm /N 1 /First 4", "3 0 "+media(n)) }
	var b []byte
	at := map[int]int{}
	object := func(num int, body string) {
		at[num] = len(b)
		b = fmt.Appendf(b, "%d 0 obj\n%s\nendobj\n", num, body)
	}
	b = append(b, "%PDF-1.5\n"...)
	object(1, "<< /Type /Catalog /Pages 2 0 R /Names 6 0 R >>")
	object(2, "<< /Type /Pages /Kids [3 0 R] /Count 1 >>")
	object(4, packed(100))
	first := at[4]
	object(4, packed(200))
	object(3, media(200))
	xref := len(b)
	row := func(kind, where, third int) []byte {
		return []byte{byte(kind), byte(where >> 8), byte(where), byte(third)}
	}
	rows := bytes.Join([][]byte{
		row(0, 0, 0), row(1, at[1], 0), row(1, at[2], 0), row(2, 4, 0), row(1, first, 0), row(1, xref, 0), row(1, 1, 0),
	}, nil)
	b = fmt.Appendf(b, "5 0 obj\n%s\nendobj\nstartxref\n%d\n%%%%EOF\n",
		pdftest.StreamBody("/Type /XRef /W [1 2 1] /Size 7 /Root 1 0 R", string(rows)), xref)
	if _, err := openBytes(b); !IsMalformed(err) || !strings.Contains(err.Error(), "more than one way") {
		t.Errorf("%v", err)
	}
}
