// SPDX-License-Identifier: Apache-2.0

package bombs

// searched are files without a cross-reference: all of them has to be looked at.
func searched() []Bomb {
	repeat := func(before, text string, size int64, after string) func() *File {
		return func() *File {
			f := newFile()
			f.add("%s", before)
			f.fill(text, size/int64(len(text)))
			f.add("%s", after)
			f.cut()
			return f
		}
	}
	const catalog = "1 0 obj << /Type /Catalog >> endobj\n"
	return []Bomb{
		{"1 GiB of junk", repeat("", "junk (\n", gib, catalog)},
		{"1 GiB of obj", repeat("", "1 0 obj\n", gib, "")},
		{"1 GiB of obj on one line", repeat("", "1 0 obj ", gib, "")},
		{"1 GiB of obj without numbers", repeat(catalog, "obj ", gib, "")},
		{"1 GiB of obj in comments", repeat(catalog, "%1 0 obj\n", gib, "")},
		{"1 GiB of obj in a stream", repeat(catalog+"2 0 obj << /Length 1073741824 >>\nstream\n", "3 0 obj\n", gib, "endstream endobj\n")},
		{"1 GiB of blanks before obj", repeat(catalog, "2 0            obj", gib, "")},
		{"1 GiB of catalogs", repeat("", catalog, gib, "")},
		{"1 GiB of trailers", repeat(catalog, "trailer << /Root 1 0 R >>\n", gib, "")},
		{"1 GiB of trailers, unlike", repeat(catalog, "trailer << /Root 1 0 R >> trailer << /Root 2 0 R >>\n", gib, "")},
		{"1 GiB of streams", repeat("", "1 0 obj <<>> stream\n", gib, "")},
		{"1 GiB of streams, ended", repeat("", "1 0 obj <<>> stream\nendstream\n", gib, "")},
		{"1 GiB of streams of wrong length", repeat("", "1 0 obj << /Length 9 >> stream\n", gib, "")},
		{"1 GiB of streams of unknown length", repeat("", "1 0 obj << /Length 2 0 R >> stream\nendstream endobj\n", gib, "")},
		{"1 GiB of object streams", repeat("", "1 0 obj << /Type /ObjStm /N 1 /First 4 /Length 8 >> stream\n2 0 null\nendstream endobj\n", gib, "")},
		{"1 GiB of cross-reference streams", repeat("", "1 0 obj << /Type /XRef /Root 1 0 R /Length 0 >> stream\n\nendstream endobj\n", gib, "")},
		{"1 GiB of streams in a string", repeat("1 0 obj << /A (", ">> stream ", gib, "")},
		{"1 GiB of names that matter", repeat(catalog, "/Catalog /Standard /Encrypt ", gib, "")},
		{"1 GiB of startxref", repeat("", "startxref 9 ", gib, "")},
		{"1 GiB of headers", repeat("", "%PDF-1.7\n", gib, "")},
	}
}
