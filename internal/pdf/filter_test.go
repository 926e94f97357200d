// SPDX-License-Identifier: Apache-2.0

package pdf

import (
	"bytes"
	"compress/zlib"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"gsign/internal/pdf/pdftest"
)

func deflate(data []byte) string {
	var z bytes.Buffer
	w := zlib.NewWriter(&z)
	_, _ = w.Write(data) // a bytes.Buffer never fails
	_ = w.Close()
	return z.String()
}

// streamFile has a stream as its object 3.
func streamFile(dict, data string) []byte {
	b, _ := pdftest.File{Objects: []pdftest.Object{
		{Num: 1, Body: "<< /Type /Catalog /Pages 2 0 R >>"},
		{Num: 2, Body: "<< /Type /Pages /Kids [] /Count 0 >>"},
		{Num: 3, Body: pdftest.StreamBody(dict, data)},
		{Num: 4, Body: "<< /Predictor 12 /Columns 3 >>"},
		{Num: 5, Body: "/FlateDecode"},
	}}.Bytes()
	return b
}

func decoded(tb testing.TB, dict, data string, limit int64) (string, error) {
	tb.Helper()
	f := mustOpen(tb, streamFile(dict, data))
	s, err := f.Stream(Ref{3, 0})
	if err != nil {
		tb.Fatal(err)
	}
	out, err := f.StreamData(s, limit)
	return string(out), err
}

// lzwText is the example of ISO 32000-2, 7.4.4.2.
const (
	lzwText = "\x2d\x2d\x2d\x2d\x2d\x41\x2d\x2d\x2d\x42"
	lzwData = "\x80\x0B\x60\x50\x22\x0C\x0C\x85\x01"
)

func TestFilters(t *testing.T) {
	text := strings.Repeat("hello, ", 40)
	for name, c := range map[string]struct{ dict, data, want string }{
		"none":               {"", text, text},
		"null filter":        {"/Filter null", text, text},
		"flate":              {"/Filter /FlateDecode", deflate([]byte(text)), text},
		"flate reference":    {"/Filter [5 0 R]", deflate([]byte(text)), text},
		"flate abbreviated":  {"/Filter /Fl", deflate([]byte(text)), text},
		"flate, no checksum": {"/Filter /FlateDecode", strings.TrimSuffix(deflate([]byte(text)), deflate([]byte(text))[len(deflate([]byte(text)))-4:]), text},
		"hex":                {"/Filter /ASCIIHexDecode", "68 65\n6C6c6F7>ff", "hellop"},
		"hex without end":    {"/Filter /AHx", "6865", "he"},
		"85":                 {"/Filter /ASCII85Decode", "87cUR\nD]i,\"z Ebo80~>", "Hello Wo\x00\x00\x00\x00rld!"},
		"85 rest":            {"/Filter /A85", "87cURDZ~>", "Hello"},
		"run length":         {"/Filter /RunLengthDecode", "\x02abc\xfex\x80junk", "abcxxx"},
		"run length open":    {"/Filter /RL", "\x00a", "a"},
		"lzw":                {"/Filter /LZWDecode", lzwData, lzwText},
		"two":                {"/Filter [/ASCIIHexDecode /FlateDecode]", fmt.Sprintf("%x>", deflate([]byte(text))), text},
		"crypt":              {"/Filter /Crypt /DecodeParms << /Name /Identity >>", "x", "x"},
		"up":                 {"/Filter /FlateDecode /DecodeParms 4 0 R", deflate([]byte("\x02abc\x02\x01\x01\x01\x02\x01\x01\x01")), "abcbcdcde"},
		"png all":            {"/Filter /FlateDecode /DecodeParms [<< /Predictor 15 /Columns 3 >>]", deflate([]byte("\x00abc\x01a\x01\x01\x02\x01\x00\x00\x03\x31\x00\x00\x04\x01\x00\x00")), "abcabcbbcbbbccc"},
		"png colors":         {"/Filter /FlateDecode /DecodeParms << /Predictor 11 /Colors 2 /Columns 2 >>", deflate([]byte("\x01ab\x01\x01")), "abbc"},
		"png short row":      {"/Filter /FlateDecode /DecodeParms << /Predictor 12 /Columns 4 >>", deflate([]byte("\x02abcd\x02\x01")), "abcdb"},
		"tiff 8":             {"/Filter /FlateDecode /DecodeParms << /Predictor 2 /Columns 3 >>", deflate([]byte("a\x01\x01b\x00\x01")), "abcbbc"},
		"tiff 16":            {"/Filter /FlateDecode /DecodeParms << /Predictor 2 /Columns 2 /BitsPerComponent 16 >>", deflate([]byte("\x00\xff\x00\x02")), "\x00\xff\x01\x01"},
		"tiff 4":             {"/Filter /FlateDecode /DecodeParms << /Predictor 2 /Columns 4 /BitsPerComponent 4 >>", deflate([]byte("\x12\x3f")), "\x13\x65"},
		"tiff 1":             {"/Filter /FlateDecode /DecodeParms << /Predictor 2 /Columns 8 /BitsPerComponent 1 >>", deflate([]byte("\x88")), "\xf0"},
		"predictor 1":        {"/Filter /FlateDecode /DecodeParms << /Predictor 1 >>", deflate([]byte("x")), "x"},
		"lzw predictor":      {"/Filter /LZWDecode /DecodeParms << /Predictor 2 /Columns 10 >>", lzwData, "-Z\x87\xb4\xe1\x22O|\xa9\xeb"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := decoded(t, c.dict, c.data, 1000)
			if got != c.want || err != nil {
				t.Errorf("%q, %v, want %q", got, err, c.want)
			}
		})
	}
}

func TestFiltersMalformed(t *testing.T) {
	bomb := deflate(make([]byte, 1<<20))
	spaces := deflate(bytes.Repeat([]byte(" "), 1<<20))
	for name, c := range map[string]struct{ dict, data, want string }{
		"flate bomb":       {"/Filter /FlateDecode", bomb, "more than 1000 bytes"},
		"bomb in a bomb":   {"/Filter [/FlateDecode /ASCIIHexDecode]", spaces, "too long for its stream"},
		"flate header":     {"/Filter /FlateDecode", "hello", "zlib header"},
		"flate empty":      {"/Filter /FlateDecode", "", "zlib header"},
		"flate cut":        {"/Filter /FlateDecode", deflate([]byte("hello"))[:5], "EOF"},
		"hex":              {"/Filter /ASCIIHexDecode", "6x>", "ASCIIHex"},
		"85":               {"/Filter /ASCII85Decode", "87c\x01~>", "ASCII85"},
		"85 half":          {"/Filter /ASCII85Decode", "8~>", "half a byte"},
		"85 large":         {"/Filter /ASCII85Decode", "uuuuu~>", "too large"},
		"run cut":          {"/Filter /RunLengthDecode", "\xfe", "EOF"},
		"lzw":              {"/Filter /LZWDecode", "\xff\xff\xff", "LZW"},
		"png tag":          {"/Filter /FlateDecode /DecodeParms << /Predictor 12 /Columns 1 >>", deflate([]byte("\x09a")), "PNG filter"},
		"predictor":        {"/Filter /FlateDecode /DecodeParms << /Predictor 5 >>", deflate([]byte("a")), "unknown predictor"},
		"bits":             {"/Filter /FlateDecode /DecodeParms << /Predictor 2 /BitsPerComponent 7 >>", deflate([]byte("a")), "parameters"},
		"columns":          {"/Filter /FlateDecode /DecodeParms << /Predictor 2 /Columns 99999999999 >>", deflate([]byte("a")), "parameters"},
		"row":              {"/Filter /FlateDecode /DecodeParms << /Predictor 2 /Columns 16777216 /Colors 60 >>", deflate([]byte("a")), "rows of"},
		"many filters":     {"/Filter [/A85 /A85 /A85 /A85 /A85 /A85 /A85 /A85 /A85]", "", "more than"},
		"filter is number": {"/Filter 3", "", "neither name nor array"},
		"filter in array":  {"/Filter [3]", "", "instead of name"},
		"other file":       {"/F (x)", "", "another file"},
		"raw too long":     {"", strings.Repeat("x", 1001), "more than 1000 bytes"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := decoded(t, c.dict, c.data, 1000)
			if !IsMalformed(err) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%d bytes, %v, want %q", len(got), err, c.want)
			}
		})
	}
	for _, name := range []string{"/DCTDecode", "/JPXDecode", "/Crypt /DecodeParms << /Name /Std >>"} {
		_, err := decoded(t, "/Filter "+name, "", 1000)
		if !errors.As(err, new(*UnsupportedError)) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// compressLZW is the simplest encoder: every byte by its own code, with a clear code before the width would grow.
func compressLZW(data []byte) []byte {
	var out []byte
	var acc, n uint
	put := func(code uint) {
		acc, n = acc<<9|code, n+9
		for n >= 8 {
			n -= 8
			out = append(out, byte(acc>>n))
		}
	}
	for i, c := range data {
		if i%200 == 0 {
			put(lzwClear)
		}
		put(uint(c))
	}
	put(lzwEnd)
	return append(out, byte(acc<<(8-n)))
}

func TestLZWLong(t *testing.T) {
	data := bytes.Repeat([]byte("abcdefghijklmnopqrstuvwxyz"), 1000)
	got, err := decoded(t, "/Filter /LZWDecode", string(compressLZW(data)), 1<<20)
	if got != string(data) || err != nil {
		t.Errorf("%d bytes, %v", len(got), err)
	}
}

func TestStreamLength(t *testing.T) {
	file := func(length, data string) []byte {
		b, _ := pdftest.File{Objects: []pdftest.Object{
			{Num: 1, Body: "<< /Type /Catalog /Pages 2 0 R >>"},
			{Num: 2, Body: "<< /Type /Pages /Kids [] /Count 0 >>"},
			{Num: 3, Body: "<< " + length + " >>\n" + data},
			{Num: 4, Body: "5"},
		}}.Bytes()
		return b
	}
	long := strings.Repeat("0123456789", 50_000)
	for name, c := range map[string]struct{ length, data, want string }{
		"right":            {"/Length 5", "stream\nhello\nendstream", "hello"},
		"reference":        {"/Length 4 0 R", "stream\r\nhello\r\nendstream", "hello"},
		"too short":        {"/Length 3", "stream\nhello\nendstream", "hello"},
		"too long":         {"/Length 99999", "stream\nhello\nendstream", "hello"},
		"missing":          {"", "stream\nhello\r\nendstream", "hello"},
		"negative":         {"/Length -1", "stream\nhello\nendstream", "hello"},
		"itself":           {"/Length 3 0 R", "stream\nhello\nendstream", "hello"},
		"no eol at end":    {"/Length 5", "stream\nhelloendstream", "hello"},
		"cr alone":         {"/Length 5", "stream\rhello\rendstream", "hello"},
		"blanks":           {"/Length 5", "stream  \r\nhello\nendstream", "hello"},
		"empty":            {"/Length 0", "stream\nendstream", ""},
		"endstream inside": {"/Length 20", "stream\nhello endstream more\nendstream", "hello endstream more"},
		"far":              {"/Length 7", "stream\n" + long + "\nendstream", long},
	} {
		t.Run(name, func(t *testing.T) {
			f := mustOpen(t, file(c.length, c.data))
			s, err := f.Stream(Ref{3, 0})
			if err != nil {
				t.Fatal(err)
			}
			got, err := f.StreamData(s, 1<<20)
			if string(got) != c.want || err != nil {
				t.Errorf("%.40q, %v", got, err)
			}
			raw, err := f.RawStreamData(s, 1<<20)
			if string(raw) != c.want || err != nil {
				t.Errorf("raw: %.40q, %v", raw, err)
			}
		})
	}
	f := mustOpen(t, file("", "stream\nhello"))
	s, err := f.Stream(Ref{3, 0})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.StreamData(s, 100); !IsMalformed(err) {
		t.Errorf("stream without end: %v", err)
	}
	if _, err := mustOpen(t, pdftest.Classic()).StreamData(s, 100); err == nil || IsMalformed(err) {
		t.Errorf("stream of another file: %v", err)
	}
}

func FuzzFilters(f *testing.F) {
	for _, s := range []string{deflate([]byte("hello")), "68656C>", "87cUR~>", "\x02abc\xfex\x80", lzwData} {
		f.Add([]byte(s), byte(0), byte(0), 3, 1, 8)
		f.Add([]byte(s), byte(1), byte(12), 3, 1, 8)
	}
	names := []Name{"FlateDecode", "LZWDecode", "ASCIIHexDecode", "ASCII85Decode", "RunLengthDecode", "Crypt"}
	f.Fuzz(func(t *testing.T, data []byte, which, predictor byte, columns, colors, bits int) {
		const limit = 1 << 20
		file := &File{src: source{r: bytes.NewReader(data), size: int64(len(data))}}
		params := Dict{
			"Predictor": Integer(predictor), "Columns": Integer(columns), "Colors": Integer(colors),
			"BitsPerComponent": Integer(bits), "EarlyChange": Integer(which >> 7),
		}
		n := len(names)
		list := Array{names[int(which)%n], names[int(which)/n%n]}
		s := &Stream{Dict: Dict{"Filter": list, "DecodeParms": Array{params, params}}, file: file, length: int64(len(data))}
		r, err := file.decoder(s, limit)
		if err != nil {
			return
		}
		got, _ := io.Copy(io.Discard, io.LimitReader(r, limit+1))
		if got > limit+1 {
			t.Fatalf("%d bytes", got)
		}
	})
}
