// SPDX-License-Identifier: Apache-2.0

package pdf

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gsign/internal/limits"
)

func parse(text string) (Object, error) {
	p := parser{lexer: memoryLexer([]byte(text), 0, nil)}
	return p.object()
}

func TestParse(t *testing.T) {
	for text, want := range map[string]Object{
		"null":                        Null{},
		"true":                        Bool(true),
		"false":                       Bool(false),
		"42":                          Integer(42),
		"+7":                          Integer(7),
		"-0012":                       Integer(-12),
		"3.10":                        Real("3.10"),
		"-.5":                         Real("-.5"),
		"1.2.3":                       Real("1.2.3"), // not a number, but what stands there stays there
		"99999999999999999999":        Real("99999999999999999999"),
		"12 0 R":                      Ref{12, 0},
		"12 0 % c\n R":                Ref{12, 0},
		"12 70000 R":                  Null{},
		"12 0 obj":                    Integer(12),
		"/A#20b":                      Name("A b"),
		"/":                           Name(""),
		"/A#2":                        Name("A#2"),
		"/A#zz":                       Name("A#zz"),
		"/Name(x)":                    Name("Name"),
		"(a(b)c)":                     String("a(b)c"),
		`(\n\r\t\b\f\(\)\\\053\53\5)`: String("\n\r\t\b\f()\\++\x05"),
		"(a\\\r\nb\\\nc\rd\r\ne)":     String("abc\nd\ne"),
		`(\8\777)`:                    String("8\xff"),
		"<48 65\n6C6c6F7>":            String("Hellop"),
		"<>":                          String(""),
		"[1 2 R 3 4 0 R/X[]<<>>]":     Array{Integer(1), Integer(2), nil}, // replaced below
		"<</A 1/B 2 0 R/C null>>":     Dict{"A": Integer(1), "B": Ref{2, 0}},
		"<</A 1/A 2>>":                Dict{"A": Integer(2)},
		"[1 0 R 2 0 R]":               Array{Ref{1, 0}, Ref{2, 0}},
		"[1 2 3 0 R 4]":               Array{Integer(1), Integer(2), Ref{3, 0}, Integer(4)},
	} {
		got, err := parse(text)
		if text == "[1 2 R 3 4 0 R/X[]<<>>]" {
			want = Array{Ref{1, 2}, Integer(3), Ref{4, 0}, Name("X"), Array(nil), Dict{}}
		}
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("%s: %v\n%s", text, err, diff)
		}
	}
}

func TestParseMalformed(t *testing.T) {
	deep := strings.Repeat("[", limits.PDFDepth+1)
	for text, want := range map[string]string{
		"":                                     "unexpected end",
		"(abc":                                 "closing parenthesis",
		"<41":                                  "closing >",
		"<4x>":                                 "hexadecimal",
		">":                                    "unexpected >",
		")":                                    `unexpected ')'`,
		"[1 2":                                 "unexpected end",
		"[1 >>":                                "unexpected end of an array",
		"<</A>>":                               "no value",
		"<<1 2>>":                              "not a name",
		"[endobj]":                             "unexpected keyword",
		"R":                                    "unexpected keyword",
		deep:                                   "nested deeper",
		"<</A" + deep + ">>":                   "nested deeper",
		strings.Repeat("a", limits.PDFToken+1): "token longer",
		"/" + strings.Repeat("a", limits.PDFToken+1): "name longer",
	} {
		_, err := parse(text)
		if !IsMalformed(err) || !strings.Contains(err.Error(), want) {
			t.Errorf("%.20s: %v, want %s", text, err, want)
		}
	}
}

func TestParseBounds(t *testing.T) {
	if _, err := parse("[" + strings.Repeat("0 ", limits.PDFNodes) + "]"); !IsMalformed(err) {
		t.Errorf("array of more than PDFNodes: %v", err)
	}
	if _, err := parse("(" + strings.Repeat("a", limits.PDFString+1) + ")"); !IsMalformed(err) {
		t.Errorf("string of more than PDFString: %v", err)
	}
	if _, err := parse("<" + strings.Repeat("00", limits.PDFString+1) + ">"); !IsMalformed(err) {
		t.Errorf("hexadecimal string of more than PDFString: %v", err)
	}
}

func TestAppend(t *testing.T) {
	for _, c := range []struct {
		o    Object
		want string
	}{
		{nil, "null"},
		{Null{}, "null"},
		{Bool(true), "true"},
		{Integer(-5), "-5"},
		{Real("1.50"), "1.50"},
		{String("a(b)\\"), `(a\(b\)\\)`},
		{String("\xff\n"), "<FF0A>"},
		{Name("A b#/\xe9"), "/A#20b#23#2F#E9"},
		{Ref{7, 1}, "7 1 R"},
		{Raw("<00>"), "<00>"},
		{Array{Integer(1), Name("N"), Array{}}, "[1 /N []]"},
		{Dict{"B": Integer(2), "A": Dict{}}, "<</A <<>> /B 2>>"},
		{(*Stream)(nil), "null"},
		{&Stream{Dict: Dict{"A": Null{}}}, "<</A null>>"},
	} {
		if got := string(Append(nil, c.o)); got != c.want {
			t.Errorf("%#v: %s, want %s", c.o, got, c.want)
		}
	}
}

func TestCloneIsDeep(t *testing.T) {
	d := Dict{"A": Array{Dict{"S": String("abc")}}, "R": Raw("x"), "T": &Stream{Dict: Dict{"K": Integer(1)}}}
	c, ok := Clone(d).(Dict)
	if !ok {
		t.Fatal("not a dictionary")
	}
	before := string(Append(nil, d))
	c["A"].(Array)[0].(Dict)["S"].(String)[0] = 'X'
	c["R"].(Raw)[0] = 'y'
	c["T"].(*Stream).Dict["K"] = Integer(2)
	c["A"].(Array)[0].(Dict)["New"] = Integer(1)
	if after := string(Append(nil, d)); after != before {
		t.Errorf("changing the clone changed %s to %s", before, after)
	}
	if c := Dict(nil).Clone(); c == nil {
		t.Error("clone of a nil dictionary is nil")
	}
}

func TestNumber(t *testing.T) {
	for _, c := range []struct {
		o    Object
		want float64
		ok   bool
	}{
		{Integer(3), 3, true},
		{Real("-.5"), -.5, true},
		{Real("1.2.3"), 0, false},
		{Name("x"), 0, false},
		{nil, 0, false},
	} {
		if got, ok := Number(c.o); ok != c.ok || ok && got != c.want {
			t.Errorf("%v: %v %v", c.o, got, ok)
		}
	}
}

// FuzzParse asks that what was read is written so that it is read again as the same.
func FuzzParse(f *testing.F) {
	for _, s := range []string{
		"null", "<</A[1 2 0 R(x\\)y)<414>/N#20m true -.5]/B<<>>>>", "[[[[]]]]", "1 0 R", "<</Length 3>>stream", "(\\\r\n\\777)", "1.2.3 -- 5",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		p := parser{lexer: memoryLexer(data, 0, nil)}
		o, err := p.object()
		if err != nil {
			if !IsMalformed(err) {
				t.Fatalf("not a malformed file: %v", err)
			}
			return
		}
		text := Append(nil, o)
		again, err := parse(string(text))
		if err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		if !bytes.Equal(Append(nil, again), text) {
			t.Fatalf("%q became %q", text, Append(nil, again))
		}
		if diff := cmp.Diff(fmt.Sprint(o), fmt.Sprint(again)); diff != "" {
			t.Fatal(diff)
		}
	})
}

// TestUsualRoom reads objects one after the other, one within the other, and some that end too early: what one leaves behind is in none of the next.
func TestUsualRoom(t *testing.T) {
	const text = "<< /Type /Page /Kids [1 0 R [ ] 7 << /A [2 0 R] >>] /Other << >> >>"
	want, err := parse(text)
	if err != nil {
		t.Fatal(err)
	}
	d := want.(Dict)
	if kids := d["Kids"].(Array); len(d) != 3 || len(kids) != 4 || kids[0] != Object(Ref{Num: 1}) || len(kids[1].(Array)) != 0 || len(d["Other"].(Dict)) != 0 {
		t.Fatalf("%v", want)
	}
	for range 100 {
		for _, broken := range []string{"[ 1 2 << /A [ 3", "<< /A /B 7 >>", "<< /A [1 2 3] /B >>"} {
			if _, err := parse(broken); err == nil {
				t.Fatalf("%s was read", broken)
			}
		}
		got, err := parse(text)
		if err != nil || !cmp.Equal(got, want) {
			t.Fatalf("%v %v", got, err)
		}
	}
}
