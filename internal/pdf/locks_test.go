// SPDX-License-Identifier: Apache-2.0

package pdf

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"
	"testing"
)

func openEncrypted(b []byte, password string) (*File, error) {
	return OpenWith(bytes.NewReader(b), int64(len(b)), &Options{Password: []byte(password)})
}

// replaceOnce changes what stands in b once.
func replaceOnce(t *testing.T, b []byte, old, now string) []byte {
	t.Helper()
	if n := bytes.Count(b, []byte(old)); n != 1 {
		t.Fatalf("%q is in the file %d times", old, n)
	}
	return bytes.Replace(b, []byte(old), []byte(now), 1)
}

var trailerDict = regexp.MustCompile(`trailer <<(.*?)>>\n?startxref`)

// TestLocks: the encryption dictionary and the identifier of a file that is recovered come from one trailer.
func TestLocks(t *testing.T) {
	files := encryptedFiles(t)
	b := files["qpdf-encrypted-aes128.pdf"]
	m := trailerDict.FindSubmatch(b)
	if m == nil {
		t.Fatal("no trailer")
	}
	entries := string(m[1])
	encryptDict := regexp.MustCompile(`<< /CF << /StdCF .*>>`)
	second := encryptDict.Find(files["qpdf-encrypted-aes256.pdf"])
	locked := encryptDict.Find(files["qpdf-encrypted-aes256-pw=user.pdf"])
	if second == nil || locked == nil {
		t.Fatal("no encryption dictionary")
	}
	id := regexp.MustCompile(`/ID \[.*?\]`).FindString(entries)
	lost := bytes.Replace(b[:bytes.LastIndex(b, []byte("startxref"))], m[0][:len("trailer <<")+len(entries)+2], nil, 1)
	write := func(trailers ...string) []byte {
		out := fmt.Appendf(bytes.Clone(lost), "\n90 0 obj\n%s\nendobj\n91 0 obj\n%s\nendobj\n", second, locked)
		for _, t := range trailers {
			out = fmt.Appendf(out, "\ntrailer <<%s>>\n", t)
		}
		return append(out, "startxref\n5\n%%EOF\n"...)
	}
	without := strings.Replace(entries, id, "", 1)
	noEncrypt := regexp.MustCompile(`/Encrypt \d+ 0 R`).ReplaceAllString(entries, "")
	const otherID = "/ID [<00112233445566778899aabbccddeeff> <00112233445566778899aabbccddeeff>]"
	for name, trailers := range map[string][]string{
		"one":                            {entries},
		"the newest has another /ID":     {entries, strings.Replace(noEncrypt, id, otherID, 1)},
		"the oldest has another /ID":     {strings.Replace(noEncrypt, id, otherID, 1), entries},
		"/ID in another":                 {without, noEncrypt},
		"/ID in one of others":           {without, strings.Replace(noEncrypt, id, otherID, 1), noEncrypt},
		"the newest names no dictionary": {entries, strings.Replace(entries, "/Encrypt ", "/Encrypt 7", 1)},
		"another one that stays locked":  {entries, strings.Replace(entries, "/Encrypt 10", "/Encrypt 91", 1)},
	} {
		f, err := openEncrypted(write(trailers...), "")
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if !f.Recovered() {
			t.Errorf("%s: it is not damaged", name)
		}
		readable(t, f)
	}
	two := write(entries, strings.Replace(entries, "/Encrypt 10", "/Encrypt 90", 1))
	if _, err := openEncrypted(two, ""); !IsMalformed(err) || !strings.Contains(err.Error(), "different keys") {
		t.Errorf("two that the password opens: %v", err)
	}
	if _, err := openEncrypted(write(strings.Replace(without, "/Encrypt 10", "/Encrypt 91", 1)), ""); !IsLocked(err) {
		t.Errorf("locked: %v", err)
	}
	var many []string
	for i := range 20 {
		many = append(many, strings.Replace(entries, "/Encrypt 10", fmt.Sprintf("/Encrypt %d", 100+i), 1))
	}
	if _, err := openEncrypted(write(many...), ""); !IsMalformed(err) {
		t.Errorf("more than are tried: %v", err)
	}
}

// TestEncryptedCopies: copies of one object that are the same once they are decrypted do not make a file ambiguous.
func TestEncryptedCopies(t *testing.T) {
	for _, name := range []string{"qpdf-encrypted-aes128.pdf", "qpdf-encrypted-aes256.pdf", "qpdf-encrypted-rc4.pdf"} {
		for what, other := range map[string]bool{"the same": false, "another": true} {
			t.Run(name+" "+what, func(t *testing.T) {
				b := encryptedFiles(t)[name]
				f, err := openEncrypted(b, "")
				if err != nil {
					t.Fatal(err)
				}
				_, page, err := f.Page(0)
				if err != nil {
					t.Fatal(err)
				}
				ref := page["Contents"].(Ref)
				s, err := f.Stream(ref)
				if err != nil {
					t.Fatal(err)
				}
				plain, err := f.plainData(s, 1<<20)
				if err != nil {
					t.Fatal(err)
				}
				if other {
					plain = append(bytes.Clone(plain), "more"...)
				}
				data, err := f.crypt.Encrypt(f.crypt.Streams(), ref.Num, ref.Gen, plain)
				if err != nil {
					t.Fatal(err)
				}
				dict := s.Dict.Clone()
				dict["Length"] = Integer(len(data))
				object := fmt.Appendf(nil, "%d 0 obj\n%s\nstream\n%s\nendstream\nendobj\n", ref.Num, Append(nil, dict), data)
				at := bytes.LastIndex(b, []byte("xref\n0 "))
				twice := bytes.Join([][]byte{
					b[:at], object, b[at:bytes.LastIndex(b, []byte("startxref"))],
					fmt.Appendf(nil, "startxref\n%d\n%%%%EOF\n", at+len(object)),
				}, nil)
				twice = wrongEntry(twice, f.Root().Num)
				g, err := openEncrypted(twice, "")
				if other {
					if !IsMalformed(err) || !strings.Contains(err.Error(), "more than one way") {
						t.Errorf("%v", err)
					}
					return
				}
				if err != nil {
					t.Fatal(err)
				}
				if !g.Recovered() {
					t.Error("it is not damaged")
				}
				readable(t, g)
			})
		}
	}
}

// wrongEntry spoils the entry of an object in the one table.
func wrongEntry(b []byte, num uint32) []byte {
	at := bytes.Index(b, []byte("65535 f \n")) + 9 + 20*(int(num)-1)
	copy(b[at:], "0000000017")
	return b
}

// TestSealedPermissions: /P that somebody changed without the key counts only as far as /Perms agrees.
func TestSealedPermissions(t *testing.T) {
	for _, name := range []string{"qpdf-encrypted-aes256.pdf", "qpdf-encrypted-aes256-r5.pdf", "qpdf-encrypted-readonly.pdf"} {
		b := encryptedFiles(t)[name]
		p := regexp.MustCompile(`/P -\d+`).FindString(string(b))
		perms := regexp.MustCompile(`/Perms <..`).FindString(string(b))
		if p == "" || perms == "" {
			t.Fatalf("%s: %q, %q", name, p, perms)
		}
		for what, c := range map[string]struct {
			bad  []byte
			want bool
		}{
			"more in /P":       {bytes.Replace(b, []byte(p), []byte(fmt.Sprintf("%-*s", len(p), "/P -1")), 1), name != "qpdf-encrypted-readonly.pdf"},
			"less in /P":       {bytes.Replace(b, []byte(p), []byte(fmt.Sprintf("%-*s", len(p), "/P -9")), 1), false},
			"/Perms is noise":  {replaceOnce(t, b, perms, "/Perms <A5"), name != "qpdf-encrypted-readonly.pdf"},
			"/Perms is not in": {replaceOnce(t, b, "/Perms <", "/Perns <"), name != "qpdf-encrypted-readonly.pdf"},
		} {
			f, err := openEncrypted(c.bad, "")
			if err != nil {
				t.Errorf("%s, %s: %v", name, what, err)
				continue
			}
			if f.Authority().AddFields != c.want {
				t.Errorf("%s, %s: fields may be added: %v", name, what, !c.want)
			}
			if !strings.Contains(fmt.Sprint(f.Damage()), "/Perms") {
				t.Errorf("%s, %s: damage %v", name, what, f.Damage())
			}
			if _, err := openStrictly(c.bad); !IsMalformed(err) {
				t.Errorf("%s, %s, strictly: %v", name, what, err)
			}
			owned, err := openEncrypted(c.bad, "owner")
			if err != nil || !owned.Authority().AddFields {
				t.Errorf("%s, %s: with the owner's password: %v", name, what, err)
			}
		}
		if f, err := openEncrypted(b, ""); err != nil || len(f.Damage()) > 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
}
