// SPDX-License-Identifier: Apache-2.0

package bombs

import "strings"

// fields is a form with the fields 10 to 10+n-1, each written by body.
func fields(n int, body func(i int) string, more ...string) func() *File {
	return fieldsWith("", n, body, more...)
}

// fieldsWith is fields with more in the trailer.
func fieldsWith(trailer string, n int, body func(i int) string, more ...string) func() *File {
	return func() *File {
		f := newFile()
		f.page1("/AcroForm << /Fields 4 0 R >>", "")
		f.begin(4)
		f.add("[")
		for i := range n {
			f.add("%d 0 R ", 10+i)
		}
		f.add("]\nendobj\n")
		for i, o := range more {
			f.object(5+i, "%s", o)
		}
		for i := range n {
			f.object(10+i, "%s", body(i))
		}
		return f.table(trailer)
	}
}

func always(s string) func(int) string { return func(int) string { return s } }

func forms() []Bomb {
	long := strings.Repeat("n", 60_000)
	return []Bomb{
		{"form: half a million fields", fields(500_000, always("<< /FT /Tx /T (a) /Subtype /Widget >>"))},
		{"form: kids without end", func() *File {
			return fields(100_000, always("<< /FT /Tx /T (a) /Kids 5 0 R >>"), "["+strings.Repeat("6 0 R ", 100_000)+"]", "<< /Subtype /Widget >>")()
		}},
		{"form: null kids without end", func() *File {
			return fields(100_000, always("<< /FT /Tx /T (a) /Kids 5 0 R >>"), "["+strings.Repeat("null ", 100_000)+"]")()
		}},
		{"form: long names", func() *File {
			return fields(1, always("<< /FT /Tx /T ("+long+long+") /Kids 5 0 R >>"), "["+strings.Repeat("<</T(a)>>", 200_000)+"]")()
		}},
		{"form: long names, deep", deepNames},
		{"form: signatures that share references", fields(20_000, always("<< /FT /Sig /T (a) /V 5 0 R >>"),
			"<< /Type /Sig /Reference 6 0 R >>", "["+strings.Repeat("7 0 R ", 100_000)+"]", "<< /TransformMethod /FieldMDP /TransformParams 8 0 R >>",
			"<< /Action /Include /Fields ["+strings.Repeat("(Signature1) ", 10_000)+"] >>")},
		{"form: names taken and locked", takenNames},
		{"form: a loop", fields(3, always("<< /FT /Sig /T (a) /Kids [10 0 R 11 0 R 12 0 R] /Parent 10 0 R /AP << /N 10 0 R >> >>"))},
		{"form: a hundred thousand signatures", fields(100_000, always("<< /FT /Sig /T (a) /V 5 0 R >>"),
			"<< /Type /Sig /Filter /Adobe.PPKLite /SubFilter /ETSI.CAdES.detached /ByteRange [0 1 2 3] /Contents <00> >>")},
		{"store: streams too large", func() *File {
			f := newFile()
			list := strings.Builder{}
			for i := range 3000 {
				list.WriteString(itoa(10+i) + " 0 R ")
			}
			f.page1("/DSS << /CRLs ["+list.String()+"] >>", "")
			data := deflated(" ", 64<<20)
			for i := range 3000 {
				f.stream(10+i, "/Filter /FlateDecode", data)
			}
			return f.table("")
		}},
	}
}

func itoa(n int) string {
	var b []byte
	for ; n > 0; n /= 10 {
		b = append([]byte{byte('0' + n%10)}, b...)
	}
	return string(b)
}

// deepNames has sixty levels of long names, and many leaves below.
func deepNames() *File {
	f := newFile()
	f.page1("/AcroForm << /Fields [10 0 R] >>", "")
	long := strings.Repeat("n", 30_000)
	for i := range 60 {
		f.object(10+i, "<< /FT /Tx /T (%s) /Kids [%d 0 R %d 0 R] >>", long, 11+i, 200+i)
		f.object(200+i, "<< /FT /Tx /T (leaf) >>")
	}
	f.begin(70)
	f.add("<< /FT /Tx /T (a) /Kids [")
	f.fill("<</T(a)>>", 128_000)
	f.add("] >>\nendobj\n")
	return f.table("")
}

// takenNames has the names Signature1 to Signature100000, and signatures whose locks name as many more.
func takenNames() *File {
	f := newFile()
	const names, locks = 100_000, 900
	var list, locked strings.Builder
	for i := range names {
		list.WriteString(itoa(100+i) + " 0 R ")
		locked.WriteString("(Signature" + itoa(1+names+i) + ")")
	}
	for i := range locks {
		list.WriteString(itoa(200_000+i) + " 0 R ")
		f.object(200_000+i, "<< /FT /Sig /T (s) /V 5 0 R >>")
	}
	f.page1("/AcroForm << /Fields ["+list.String()+"] >>", "")
	f.object(5, "<< /Type /Sig /Reference [<< /TransformMethod /FieldMDP /TransformParams 6 0 R >>] >>")
	f.object(6, "<< /Action /Include /Fields [%s] >>", locked.String())
	for i := range names {
		f.object(100+i, "<< /FT /Tx /T (Signature%d) >>", 1+i)
	}
	return f.table("")
}

func texts() []Bomb {
	direct := func(before string, text string, n int64, after string) func() *File {
		return func() *File {
			f := newFile()
			f.page1("/AcroForm 4 0 R", "")
			f.begin(4)
			f.add("%s", before)
			f.fill(text, n)
			f.add("%s\nendobj\n", after)
			return f.table("")
		}
	}
	return []Bomb{
		{"arrays ten thousand deep", func() *File { return direct("<< /Fields ", "[", 10_000, strings.Repeat("]", 10_000)+">>")() }},
		{"dictionaries ten thousand deep", func() *File { return direct("", "<< /A ", 10_000, "1 "+strings.Repeat(">>", 10_000))() }},
		{"arrays a hundred million deep", direct("<< /Fields ", "[", 100<<20, "")},
		{"a name of 100 MB", direct("<< /Fields /", "n", 100<<20, ">>")},
		{"a string of 100 MB", direct("<< /Fields (", "s", 100<<20, ")>>")},
		{"a hexadecimal string of 100 MB", direct("<< /Fields <", "41", 50<<20, ">>>")},
		{"a number of 100 MB", direct("<< /Fields ", "1", 100<<20, ">>")},
		{"many strings, 400 MB in all", func() *File { return direct("<< /Fields [", "("+strings.Repeat("s", 4000)+")", 102_400, "]>>")() }},
		{"many names, 400 MB in all", func() *File { return direct("<< /Fields [", "/"+strings.Repeat("n", 4000), 102_400, "]>>")() }},
		{"parentheses within each other", direct("<< /Fields (", "(", 100<<20, ">>")},
		{"1 GiB comment", direct("%", "c", gib, "\n<< /Fields [] >>")},
		{"1 GiB of white space", direct(" ", " ", gib, "\n<< /Fields [] >>")},
		{"1 GiB of zeros in place of an object", direct("<< ", "\x00", gib, ">>")},
		{"1 GiB of integers", direct("<< /Fields [", "1 ", gib/2, "]>>")},
		{"1 GiB comment before every field", func() *File {
			f := newFile()
			f.page1("/AcroForm << /Fields 4 0 R >>", "")
			f.begin(4)
			f.add("[")
			for i := range 5000 {
				f.add("%d 0 R ", 10+i)
			}
			f.add("]\nendobj\n")
			for i := range 5000 {
				f.begin(10 + i)
				f.add("%%")
			}
			f.fill("c", gib)
			f.add("\n<< /T (a) >>\nendobj\n")
			return f.table("")
		}},
	}
}
