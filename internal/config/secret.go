// SPDX-License-Identifier: Apache-2.0

package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"runtime"
	"strings"
	"time"

	"github.com/zalando/go-keyring"

	"gsign/internal/limits"
)

// keyringTimeout bounds the credential store, which may wait for ever for a desktop that is not there
// (zalando/go-keyring issues 48 and 149).
const keyringTimeout = 3 * time.Second

var testOnlyKeyringGet = keyring.Get

// secretSource is one secret: what it is called and how it may be set.
type secretSource struct {
	what string // "API secret"
	key  string // "api_secret"; beside it key_file and key_keyring
}

func (s secretSource) keys() []string { return []string{s.key, s.key + "_file", s.key + "_keyring"} }

// readSecret returns the secret, "" when it is not set anywhere.
func (v *Values) readSecret(s secretSource, stdin io.Reader) (string, error) {
	key, err := v.choose("the "+s.what, s.keys()...)
	if err != nil || key == "" {
		return "", err
	}
	value := v.String(key)
	switch {
	case key == s.key:
		return value, nil
	case strings.HasSuffix(key, "_keyring"):
		return keyringSecret(s, value)
	case value == "-":
		return streamSecret(s.what, stdin)
	}
	return fileSecret(s.what, value)
}

func fileSecret(what, path string) (string, error) {
	if err := checkPrivate(what, path); err != nil {
		return "", err
	}
	b, err := readLimited(path, limits.Secret)
	if err != nil {
		return "", &Error{Problem: "read the " + what, Err: err}
	}
	return trimSecret(what, path, b)
}

func streamSecret(what string, stdin io.Reader) (string, error) {
	if stdin == nil {
		return "", &Error{Problem: fmt.Sprintf("the %s is to be read from standard input, and there is none", what), Usage: true}
	}
	b, err := io.ReadAll(io.LimitReader(stdin, limits.Secret+1))
	if err != nil {
		return "", &Error{Problem: fmt.Sprintf("read the %s from standard input", what), Err: err}
	}
	if len(b) > limits.Secret {
		return "", &Error{Problem: fmt.Sprintf("the %s on standard input is longer than %d bytes", what, limits.Secret)}
	}
	return trimSecret(what, "standard input", b)
}

// trimSecret takes off one line end: editors add it, and no secret has one.
func trimSecret(what, where string, b []byte) (string, error) {
	b = bytes.TrimSuffix(b, []byte("\n"))
	b = bytes.TrimSuffix(b, []byte("\r"))
	if len(b) == 0 {
		return "", &Error{Problem: fmt.Sprintf("the %s in %s is empty", what, where)}
	}
	if bytes.ContainsAny(b, "\r\n\x00") {
		return "", &Error{Problem: fmt.Sprintf("the %s in %s has more than one line", what, where)}
	}
	return string(b), nil
}

// checkPrivate refuses a secret that others can read. Windows keeps access lists that the mode does not show, so there
// nothing is checked. Pipes and devices are nobody's to read later.
func checkPrivate(what, path string) error {
	fi, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return &Error{Problem: "read the " + what, Hint: "is the name right?", Err: err}
	}
	if err != nil {
		return &Error{Problem: "read the " + what, Err: err}
	}
	if fi.IsDir() {
		return &Error{Problem: fmt.Sprintf("read the %s: %s is a directory", what, path), Hint: "name the file in it"}
	}
	if runtime.GOOS == "windows" || !fi.Mode().IsRegular() || fi.Mode().Perm()&0o077 == 0 {
		return nil
	}
	return &Error{
		Problem: fmt.Sprintf("the %s in %s can be read by others (mode %04o)", what, path, fi.Mode().Perm()),
		Hint:    "chmod 600 " + path + ", and change the secret if others had access",
	}
}

func keyringSecret(s secretSource, entry string) (string, error) {
	what := s.what
	service, user, ok := strings.Cut(entry, "/")
	if !ok || service == "" || user == "" {
		return "", &Error{Problem: fmt.Sprintf("the entry %q of the credential store is not SERVICE/USER", entry), Usage: true}
	}
	type answer struct {
		secret string
		err    error
	}
	got := make(chan answer, 1)
	get := testOnlyKeyringGet
	go func() {
		secret, err := get(service, user)
		got <- answer{secret, err}
	}()
	t := time.NewTimer(keyringTimeout)
	defer t.Stop()
	hint := fmt.Sprintf("use %s_file where there is no credential store", s.key)
	select {
	case <-t.C:
		return "", &Error{Problem: fmt.Sprintf("the credential store did not answer within %s when asked for the %s", keyringTimeout, what), Hint: hint}
	case a := <-got:
		if errors.Is(a.err, keyring.ErrNotFound) {
			return "", &Error{Problem: fmt.Sprintf("the credential store has no entry %q for the %s", entry, what), Hint: hint}
		}
		if a.err != nil {
			return "", &Error{Problem: fmt.Sprintf("ask the credential store for the %s", what), Hint: hint, Err: a.err}
		}
		return trimSecret(what, "the credential store", []byte(a.secret))
	}
}
