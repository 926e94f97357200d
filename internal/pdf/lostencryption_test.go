// SPDX-License-Identifier: Apache-2.0

package pdf

import (
	"bytes"
	"testing"
)

// TestLostEncryption: an encrypted file whose trailer is lost or cannot be read is never taken for a plain one.
func TestLostEncryption(t *testing.T) {
	tried := 0
	for name, b := range encryptedFiles(t) {
		at := bytes.LastIndex(b, []byte("trailer"))
		if at < 0 || lockedOf[name] != nil {
			continue
		}
		tried++
		for what, broken := range map[string][]byte{
			"cut off":   b[:at],
			"no table":  append(bytes.Clone(b[:bytes.LastIndex(b, []byte("\nxref"))+1]), "%%EOF\n"...),
			"junk":      bytes.Replace(b, []byte("/ID ["), []byte("/ID ]["), 1),
			"not ended": append(bytes.Clone(b[:bytes.LastIndex(b, []byte(">>"))]), "startxref\n1\n%%EOF\n"...),
		} {
			f, err := OpenWith(bytes.NewReader(broken), int64(len(broken)), &Options{Password: passwordOf(name)})
			if err != nil && !IsMalformed(err) {
				t.Errorf("%s, trailer %s: %v", name, what, err)
			}
			if err == nil && !f.Encrypted() {
				t.Errorf("%s, trailer %s: it counts as a plain file", name, what)
			}
		}
	}
	if tried < 8 {
		t.Errorf("only %d files", tried)
	}
}
