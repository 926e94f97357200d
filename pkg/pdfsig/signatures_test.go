// SPDX-License-Identifier: Apache-2.0

package pdfsig_test

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gsign/internal/pdf"
	"gsign/internal/pdf/pdftest"
	"gsign/internal/testenv"
	"gsign/pkg/pdfsig"
)

func TestReadWhatWasWritten(t *testing.T) {
	opts := options()
	opts.Reason, opts.Location, opts.Name, opts.ContactInfo = "because", "here", "Ada", "tel. 1"
	s := last(t, sign(t, pdftest.WithForm(), opts))
	if s.Reason != "because" || s.Location != "here" || s.Name != "Ada" || s.Contact != "tel. 1" || !s.Time.Equal(noon) {
		t.Errorf("read %+v", s)
	}
	if s.Type != "Sig" || s.Filter != "Adobe.PPKLite" || s.SubFilter != "ETSI.CAdES.detached" || s.Timestamp || !s.Has("Prop_Build") {
		t.Errorf("read %+v", s)
	}
}

func TestEmptyFields(t *testing.T) {
	d := open(t, pdftest.WithForm())
	names, err := d.EmptyFields()
	if err != nil || len(names) != 1 || names[0] != "approval" {
		t.Errorf("%q, %v", names, err)
	}
	opts := options()
	opts.Field = "approval"
	names, err = open(t, sign(t, pdftest.WithForm(), opts)).EmptyFields()
	if err != nil || len(names) != 0 {
		t.Errorf("%q, %v", names, err)
	}
}

// handmade is a file with a signature dictionary written by hand: CONTENTS and BYTERANGE are replaced, and in them
// START, END and TAIL by the true offsets of /Contents and the length after it.
func handmade(dict string) []byte {
	const contents = "<30030101FF0000>"
	if !strings.Contains(dict, "CONTENTS") {
		dict += " /Contents CONTENTS"
	}
	if !strings.Contains(dict, "BYTERANGE") {
		dict += " /ByteRange BYTERANGE"
	}
	build := func(start, end, tail int) []byte {
		d := strings.ReplaceAll(dict, "BYTERANGE", "[0 START END TAIL]")
		for key, v := range map[string]int{"START": start, "END": end, "TAIL": tail} {
			d = strings.ReplaceAll(d, key, fmt.Sprintf("%06d", v))
		}
		return page1(pdftest.Table, "/AcroForm << /Fields [4 0 R] /SigFlags 3 >>", "",
			"4 << /FT /Sig /T (Hand) /V 5 0 R >>", "5 << /Type /Sig "+strings.ReplaceAll(d, "CONTENTS", contents)+" >>")
	}
	b := build(0, 0, 0)
	start := bytes.Index(b, []byte(contents))
	end := start + len(contents)
	return build(start, end, len(b)-end)
}

// TestProblems spoils one thing at a time.
func TestProblems(t *testing.T) {
	good := handmade("")
	if s := last(t, good); !s.Whole || !bytes.Equal(s.CMS, []byte{0x30, 3, 1, 1, 0xFF}) {
		t.Fatalf("the good one: %+v", s)
	}
	swap := func(from, to string) []byte {
		if len(from) != len(to) || bytes.Count(good, []byte(from)) != 1 {
			t.Fatalf("cannot swap %q", from)
		}
		return bytes.Replace(good, []byte(from), []byte(to), 1)
	}
	for name, tt := range map[string]struct {
		check string
		in    []byte
	}{
		"no ByteRange":          {"A5", swap("/ByteRange", "/ByteRanje")},
		"no Contents":           {"A3", swap("/Contents", "/Contants")},
		"starts at 1":           {"A5", handmade("/ByteRange [1 START END TAIL] /X BYTERANGE")},
		"three numbers":         {"A5", handmade("/ByteRange [0 START END] /X BYTERANGE")},
		"two gaps":              {"A5", handmade("/ByteRange [0 10 20 30 START END] /X BYTERANGE")},
		"names":                 {"A5", handmade("/ByteRange [0 /a END TAIL] /X BYTERANGE")},
		"negative":              {"A5", handmade("/ByteRange [0 START END -1] /X BYTERANGE")},
		"overflow":              {"A5", handmade("/ByteRange [0 START END 9223372036854775807] /X BYTERANGE")},
		"past the end":          {"A5", handmade("/ByteRange [0 START END 999999] /X BYTERANGE")},
		"overlap":               {"A5", handmade("/ByteRange [0 START START TAIL] /X BYTERANGE")},
		"short":                 {"A5", handmade("/ByteRange [0 START END 10] /X BYTERANGE")},
		"gap without brackets":  {"A4", shifted(1, -1)},
		"gap too wide":          {"A4", shifted(-1, 0)},
		"gap before":            {"A4", shifted(-20, -20)},
		"literal string":        {"A4", handmade(`/Contents (0\003\001\001\377) /X CONTENTS`)},
		"gap of another string": {"A4", handmade("/Contents <30030101FF0001> /X CONTENTS")},
		"indirect Filter":       {"A10", handmade("/Filter 3 0 R")},
		"bad M":                 {"A6", handmade("/M (yesterday)")},
		"Reason a name":         {"A9", handmade("/Reason /x")},
		"no CMS":                {"A4", bytes.Replace(good, []byte("<30030101FF0000>"), []byte("<30990101FF0000>"), 1)},
		"padding not zero":      {"A4", bytes.Replace(good, []byte("<30030101FF0000>"), []byte("<30030101FF0001>"), 1)},
	} {
		t.Run(name, func(t *testing.T) {
			sigs, err := open(t, tt.in).Signatures()
			if err != nil {
				t.Fatal(err)
			}
			if len(sigs) != 1 {
				t.Fatalf("%d signatures", len(sigs))
			}
			var checks []string
			for _, p := range sigs[0].Problems {
				checks = append(checks, p.Check)
			}
			if !strings.Contains(strings.Join(checks, " ")+" ", tt.check+" ") {
				t.Errorf("want %s, got %+v", tt.check, sigs[0].Problems)
			}
		})
	}
}

// shifted is a handmade file whose ByteRange leaves out other bytes than /Contents.
func shifted(start, end int) []byte {
	b := handmade("")
	i := bytes.Index(b, []byte("/ByteRange ["))
	var n [4]int
	_, err := fmt.Sscanf(string(b[i:]), "/ByteRange [%d %d %d %d]", &n[0], &n[1], &n[2], &n[3])
	if err != nil {
		panic(err)
	}
	copy(b[i:], fmt.Sprintf("/ByteRange [0 %06d %06d %06d]", n[1]+start, n[2]+end, n[3]-end))
	return b
}

// TestBytesAfterTheLastRevision appends to a signed file what belongs to no revision.
func TestBytesAfterTheLastRevision(t *testing.T) {
	good := sign(t, pdftest.Classic(), options())
	for junk, problems := range map[string]int{"\n": 0, "\r\n\r\n": 0, "\nTrailing junk": 1, strings.Repeat("x", 900): 1} {
		sigs, err := open(t, append(bytes.Clone(good), junk...)).Signatures()
		if err != nil {
			t.Fatal(err)
		}
		if s := sigs[0]; len(s.Problems) != problems || s.Whole {
			t.Errorf("%d bytes: whole %v, problems %+v", len(junk), s.Whole, s.Problems)
		}
	}
}

// TestRedefinedSignature signs, and then appends a revision that writes the signature dictionary anew.
func TestRedefinedSignature(t *testing.T) {
	out := sign(t, pdftest.Classic(), options())
	f := openFile(t, out)
	_, w := widgetOf(t, f, "Signature1")
	ref := w["V"].(pdf.Ref)
	sig := dict(t, f, ref).Clone()
	u := f.NewUpdate()
	u.Set(ref, sig)
	rev, err := u.Build()
	if err != nil {
		t.Fatal(err)
	}
	sigs, err := open(t, append(out, rev.Bytes...)).Signatures()
	if err != nil {
		t.Fatal(err)
	}
	if len(sigs) != 1 || len(sigs[0].Problems) == 0 || sigs[0].Problems[0].Check != "A4" {
		t.Errorf("%+v", sigs[0].Problems)
	}
}

// TestInTheObjectStream reads signature dictionaries where they cannot be.
func TestInTheObjectStream(t *testing.T) {
	in := page1(pdftest.Stream, "/AcroForm << /Fields [4 0 R] >>", "", "4 << /FT /Sig /T (a) /V 5 0 R >>", "5 << "+sigValue+" >>")
	sigs, err := open(t, in).Signatures()
	if err != nil || len(sigs) != 1 || len(sigs[0].Problems) == 0 {
		t.Fatalf("%+v, %v", sigs, err)
	}
	direct := page1(pdftest.Table, "/AcroForm << /Fields [4 0 R] >>", "", "4 << /FT /Sig /T (a) /V << "+sigValue+" >> >>")
	sigs, err = open(t, direct).Signatures()
	if err != nil || len(sigs) != 1 || sigs[0].Problems[0].Check != "A10" {
		t.Fatalf("%+v, %v", sigs, err)
	}
}

func TestDocTimeStamp(t *testing.T) {
	for _, dict := range []string{"/Type /DocTimeStamp /SubFilter /ETSI.RFC3161", "/SubFilter /ETSI.RFC3161"} {
		in := page1(pdftest.Table, "/AcroForm << /Fields [4 0 R] >>", "", "4 << /FT /Sig /T (a) /V 5 0 R >>",
			"5 << "+dict+" /ByteRange [0 1 2 3] /Contents <00> >>")
		sigs, err := open(t, in).Signatures()
		if err != nil || len(sigs) != 1 || !sigs[0].Timestamp {
			t.Errorf("%s: %+v, %v", dict, sigs, err)
		}
	}
}

// TestCorpusSigned reads every signature that other products wrote.
func TestCorpusSigned(t *testing.T) {
	dir := filepath.Join(testenv.Shared(t), "corpus-signed")
	files, signatures, whole, locked := 0, 0, 0, 0
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || filepath.Ext(path) != ".pdf" {
			return err
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		files++
		d, err := pdfsig.Open(bytes.NewReader(b), int64(len(b)), nil)
		if _, refused := errors.AsType[*pdfsig.RefusedError](err); refused {
			locked++
			return nil
		}
		if err != nil {
			t.Errorf("%s: %v", path, err)
			return nil
		}
		sigs, err := d.Signatures()
		if err != nil {
			t.Errorf("%s: %v", path, err)
		}
		for _, s := range sigs {
			signatures++
			if s.Whole {
				whole++
			}
			for _, p := range s.Problems {
				t.Logf("%s: %q: %s %s", path, s.Field, p.Check, p.Text)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if files < 250 || signatures < 250 || whole < 100 || locked > 60 {
		t.Errorf("%d files, %d signatures, %d of the whole file, %d locked", files, signatures, whole, locked)
	}
}

// FuzzSignatures reads signatures out of anything, and signs it when it can be signed.
func FuzzSignatures(f *testing.F) {
	for _, in := range shapes() {
		f.Add(in)
	}
	f.Add(sign(f, pdftest.Classic(), options()))
	f.Add(sign(f, pdftest.ObjectStreamForm(), options()))
	f.Add(handmade("/M (D:20260504)"))
	f.Add(emptyField("/SV << /Ff 64 /DigestMethod [(SHA256)] >> /Lock << /Action /All >>"))
	chain := newService(f).Certificates()
	f.Fuzz(func(t *testing.T, in []byte) {
		d, err := pdfsig.Open(bytes.NewReader(in), int64(len(in)), nil)
		if err != nil {
			return
		}
		sigs, err := d.Signatures()
		if err == nil {
			for _, s := range sigs {
				if s.Whole && s.RevisionEnd() != int64(len(in)) {
					t.Errorf("whole, and ends at %d of %d", s.RevisionEnd(), len(in))
				}
			}
		}
		_, _ = d.EmptyFields()
		p, err := d.Prepare(chain, &pdfsig.Options{Time: time.Unix(0, 0)})
		if err != nil {
			return
		}
		out := append(bytes.Clone(in), p.Revision...)
		d, err = pdfsig.Open(bytes.NewReader(out), int64(len(out)), nil)
		if err != nil {
			t.Fatalf("prepared, and cannot be read: %v", err)
		}
		after, err := d.Signatures()
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range after {
			if s.Field == p.Field && s.Whole {
				return
			}
		}
		t.Errorf("prepared field %q is not found among %d", p.Field, len(after))
	})
}

// FuzzByteRange puts any ByteRange into a file.
func FuzzByteRange(f *testing.F) {
	f.Add(int64(0), int64(400), int64(420), int64(100))
	f.Add(int64(-1), int64(1)<<62, int64(1)<<62, int64(1)<<62)
	f.Add(int64(0), int64(1), int64(2), int64(math.MaxInt64))
	f.Fuzz(func(t *testing.T, a, b, c, d int64) {
		in := handmade(fmt.Sprintf("/ByteRange [%d %d %d %d] /X BYTERANGE", a, b, c, d))
		sigs, err := open(t, in).Signatures()
		if err != nil || len(sigs) != 1 {
			t.Fatalf("%d signatures, %v", len(sigs), err)
		}
		s := sigs[0]
		if len(s.Problems) == 0 && (in[b] != '<' || in[c-1] != '>' || a != 0) {
			t.Errorf("ByteRange [%d %d %d %d] passed", a, b, c, d)
		}
	})
}
