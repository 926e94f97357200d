// SPDX-License-Identifier: Apache-2.0

package pdftest

import (
	"bytes"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

func replace(b []byte, old, now string) []byte {
	if !bytes.Contains(b, []byte(old)) {
		panic("pdftest: nothing to damage: " + old)
	}
	return bytes.Replace(b, []byte(old), []byte(now), 1)
}

var prev = regexp.MustCompile(`/Prev \d+`)

var startxref = regexp.MustCompile(`startxref\n(\d+)\n%%EOF\n$`)

// startAt makes the file's end name another place.
func startAt(b []byte, at int) []byte {
	return startxref.ReplaceAll(bytes.Clone(b), fmt.Appendf(nil, "startxref\n%d\n%%%%EOF\n", at))
}

func cutAt(b []byte, word string) []byte { return b[:bytes.LastIndex(b, []byte(word))] }

// Damaged holds files that are damaged and can be read in one way only. Each has one page, and the same look.
func Damaged() map[string][]byte {
	classic, streams, updated := Classic(), XRefStream(), Updated()
	table := string(classic[bytes.Index(classic, []byte("xref\n")):])
	shifted := replace(classic, "%PDF-1.4\n", "%PDF-1.4\n%%%%%%%%%%%%%%%%%%%%\n")
	loop := replace(classic, "/Info", fmt.Sprintf("/Prev %d /Info", bytes.Index(classic, []byte("xref\n"))))
	noEndobj := bytes.ReplaceAll(classic, []byte("endobj\n"), nil)
	noEndstream := bytes.ReplaceAll(classic, []byte("endstream\n"), nil)
	return map[string][]byte{
		"startxref beyond":       startAt(classic, 999999),
		"startxref in an object": startAt(classic, 20),
		"startxref 0":            startAt(classic, 0),
		"startxref missing":      replace(classic, "startxref\n", ""),
		"startxref of a stream":  startAt(streams, 3),
		"offsets shifted":        shifted,
		"stream entries shifted": replace(streams, "%PDF-1.5\n", "%PDF-1.5\n%%%%%%%%%%%%%%%%%%%%\n"),
		"one offset wrong":       wrongOffset(classic, 3),
		"prev is itself":         loop,
		"prev beyond":            replace(updated, "/Prev ", "/Prev 99"),
		"prev 0":                 prev.ReplaceAll(updated, []byte("/Prev 0")),
		"table missing":          []byte(strings.Replace(string(classic), table, "", 1)),
		"trailer missing":        replace(classic, "trailer\n", "\n"),
		"trailer cut":            cutAt(classic, "/Info"),
		"stream file cut":        cutAt(streams, "startxref"),
		"entries with an X":      bytes.ReplaceAll(classic, []byte(" 00000 n \n"), []byte(" 00000 X \n")),
		"root missing":           replace(classic, "/Root 1 0 R", ""),
		"root is the page tree":  replace(classic, "/Root 1 0 R", "/Root 2 0 R"),
		"root is not there":      replace(classic, "/Root 1 0 R", "/Root 9 0 R"),
		"endobj missing":         startAt(noEndobj, 7),
		"endstream missing":      startAt(noEndstream, 7),
		"lines of CR":            bytes.ReplaceAll(shifted, []byte("\n"), []byte("\r")),
		"lines of CR LF":         bytes.ReplaceAll(classic, []byte("\n"), []byte("\r\n")),
		"cut update":             append(cutAt(updated, "trailer"), bytes.Repeat([]byte("9"), 1024)...),
		"junk before":            append([]byte("junk\n"), startAt(classic, 3)...),
		"header missing":         replace(classic, "%PDF-1.4\n", ""),
		"page before the header": append([]byte(otherPage), startAt(classic, 5)...),
		"embedded pdf, direct":   startAt(embedding(9, fmt.Sprintf("/Length %d", len(Inherited())), ""), 5),
		"embedded pdf, indirect": startAt(embedding(9, "/Length 18 0 R", fmt.Sprintf("18 0 obj\n%d\nendobj\n", len(Inherited()))), 5),
		"embedded fdf":           startAt(insert(classic, stream(7, fdf)), 5),
	}
}

const (
	otherPage = "3 0 obj\n<< /Type /Page /Parent 2 0 R /MediaBox [0 0 99 99] >>\nendobj\n"
	fdf       = "%FDF-1.2\n1 0 obj\n<< /Type /Catalog /FDF << /Fields [] >> >>\nendobj\ntrailer\n<< /Root 1 0 R >>\n%%EOF\n"
)

// insert puts something before the cross-reference table.
func insert(b []byte, s string) []byte {
	at := bytes.Index(b, []byte("xref\n"))
	return fmt.Appendf(nil, "%s%s%s", b[:at], s, b[at:])
}

func stream(num int, data string) string {
	return fmt.Sprintf("%d 0 obj\n<< /Length %d >>\nstream\n%s\nendstream\nendobj\n", num, len(data), data)
}

// wrongOffset spoils the table's entry of one object.
func wrongOffset(b []byte, num int) []byte { return entryOf(b, num, 17) }

func entryOf(b []byte, num, off int) []byte {
	at := bytes.Index(b, []byte("65535 f \n")) + 9 + 20*(num-1)
	b = bytes.Clone(b)
	copy(b[at:], fmt.Sprintf("%010d", off))
	return b
}

var entryInUse = regexp.MustCompile(`(\d{10}) 00000 n`)

// Shift makes the offsets of a file with a table count from n bytes before it.
func Shift(b []byte, n int) []byte {
	shift := func(re *regexp.Regexp, format string) {
		b = re.ReplaceAllFunc(b, func(m []byte) []byte {
			off, err := strconv.Atoi(string(re.FindSubmatch(m)[1]))
			if err != nil {
				panic(err)
			}
			return fmt.Appendf(nil, format, off+n)
		})
	}
	shift(entryInUse, "%010d 00000 n")
	shift(startxref, "startxref\n%d\n%%%%EOF\n")
	return b
}

// embedding has another file, uncompressed, in a stream.
func embedding(at int, length, after string) []byte {
	b := Classic()
	return fmt.Appendf(nil, "%s17 0 obj\n<< %s >>\nstream\n%s\nendstream\nendobj\n%s%s", b[:at], length, Inherited(), after, b[at:])
}

// Ambiguous holds damaged files that readers understand differently.
func Ambiguous() map[string][]byte {
	other := "1 0 obj\n<< /Type /Catalog /Pages 9 0 R >>\nendobj\n9 0 obj\n<< /Type /Pages /Kids [10 0 R] /Count 1 >>\nendobj\n" +
		"10 0 obj\n<< /Type /Page /Parent 9 0 R /MediaBox [0 0 99 99] >>\nendobj\n"
	classic := Classic()
	at := bytes.Index(classic, []byte("xref\n"))
	insert := func(s string) []byte { return insert(classic, s) }
	inStream := func(s string) string { return stream(7, s) }
	second := strings.Replace(other, "1 0 obj", "8 0 obj", 1)
	before := "junk\n" + otherPage
	return map[string][]byte{
		// The first trailer or the last one?
		"two trailers": startAt(insert("trailer\n<< /Root 8 0 R >>\n"+second), 5),
		"two catalogs": startAt(bytes.ReplaceAll(insert(second), []byte("trailer\n"), []byte("\n")), 5),
		// Do objects in the data of a stream count?
		"catalog in a stream":    startAt(insert(inStream(other)), 5),
		"page in a stream":       startAt(insert(inStream(otherPage)), 5),
		"embedded pdf, direct":   startAt(embedding(at, fmt.Sprintf("/Length %d", len(Inherited())), ""), 5),
		"embedded pdf, indirect": startAt(embedding(at, "/Length 18 0 R", fmt.Sprintf("18 0 obj\n%d\nendobj\n", len(Inherited()))), 5),
		"trailer in a stream":    startAt(insert(inStream(second+"trailer\n<< /Root 8 0 R >>\n")), 5),
		// Does the entry count, which leads to the older page, or the order in the file?
		"entry of the older page": wrongOffset(fmt.Appendf(nil, "%s%s", Classic(), otherPage), 4),
		// 3 0 R is the older page, and a newer one is 3 1.
		"two generations": startAt(insert(strings.Replace(otherPage, "3 0 obj", "3 1 obj", 1)), 5),
		// Some count from the beginning of the file, and find the page before the header.
		"offset of a page before the header": entryOf(append([]byte(before), Shift(classic, len(before))...), 3, 5),
		"two headers":                        replace(startAt(classic, 5), "%PDF-1.4\n", "%PDF-\n%PDF-1.4\n"),
		"two headers, the first without -":   append([]byte("%PDF\n"+otherPage), startAt(classic, 5)...),
		// Who looks into streams takes the catalog for that of the form data alone, and may look for another.
		"embedded fdf and another catalog": startAt(insert(second+stream(7, fdf)), 5),
	}
}
