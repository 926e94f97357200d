// SPDX-License-Identifier: Apache-2.0

package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/pelletier/go-toml/v2"
)

// maxConfigFile bounds a configuration file: two dozen settings, most of them paths.
const maxConfigFile = 1 << 20

// file is the shape of the configuration file. Its keys are those of Settings; a test compares them.
type file struct {
	BaseURL                  *string  `toml:"base_url"`
	APIKey                   *string  `toml:"api_key"`
	APIKeyFile               *string  `toml:"api_key_file"`
	APISecretFile            *string  `toml:"api_secret_file"`
	APISecretKeyring         *string  `toml:"api_secret_keyring"`
	ClientCert               *string  `toml:"client_cert"`
	ClientKey                *string  `toml:"client_key"`
	ClientP12                *string  `toml:"client_p12"`
	ClientP12PasswordFile    *string  `toml:"client_p12_password_file"`
	ClientP12PasswordKeyring *string  `toml:"client_p12_password_keyring"`
	CAFile                   *string  `toml:"ca_file"`
	Trust                    []string `toml:"trust"`
	ExtraCerts               []string `toml:"extra_certs"`
	Identity                 *string  `toml:"identity"`
	Timeout                  *string  `toml:"timeout"`
	Level                    *string  `toml:"level"`
	Reason                   *string  `toml:"reason"`
	Location                 *string  `toml:"location"`
	Contact                  *string  `toml:"contact"`
	Name                     *string  `toml:"name"`
}

func (f *file) values() map[string][]string {
	values := make(map[string][]string)
	for key, s := range map[string]*string{
		"base_url": f.BaseURL, "api_key": f.APIKey, "api_key_file": f.APIKeyFile,
		"api_secret_file": f.APISecretFile, "api_secret_keyring": f.APISecretKeyring,
		"client_cert": f.ClientCert, "client_key": f.ClientKey, "client_p12": f.ClientP12,
		"client_p12_password_file": f.ClientP12PasswordFile, "client_p12_password_keyring": f.ClientP12PasswordKeyring,
		"ca_file": f.CAFile, "identity": f.Identity, "timeout": f.Timeout, "level": f.Level,
		"reason": f.Reason, "location": f.Location, "contact": f.Contact, "name": f.Name,
	} {
		if s != nil {
			values[key] = []string{*s}
		}
	}
	for key, l := range map[string][]string{"trust": f.Trust, "extra_certs": f.ExtraCerts} {
		if l != nil {
			values[key] = l
		}
	}
	return values
}

// readFile reads a configuration file. One that nobody asked for may be absent: then the result is nil.
func readFile(path string, asked bool) (map[string][]string, error) {
	b, err := readLimited(path, maxConfigFile)
	if err != nil {
		if !asked && errors.Is(err, fs.ErrNotExist) {
			return nil, nil
		}
		return nil, &Error{Problem: "read configuration", Err: err, Usage: asked && errors.Is(err, fs.ErrNotExist)}
	}
	values, err := parseFile(b)
	if err != nil {
		return nil, fileError(path, err)
	}
	dir := filepath.Dir(path)
	for key, l := range values {
		if !Lookup(key).path {
			continue
		}
		for i, p := range l {
			if p != "" && p != "-" && !filepath.IsAbs(p) {
				l[i] = filepath.Join(dir, p)
			}
		}
	}
	return values, nil
}

func parseFile(b []byte) (map[string][]string, error) {
	var f file
	d := toml.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(&f); err != nil {
		return nil, err
	}
	return f.values(), nil
}

// fileError says which line is wrong without quoting it: the line may hold what does not belong on a screen.
func fileError(path string, err error) error {
	e := &Error{Problem: "configuration " + path, Usage: true, Err: err}
	if strict, ok := errors.AsType[*toml.StrictMissingError](err); ok && len(strict.Errors) > 0 {
		row, _ := strict.Errors[0].Position()
		key := strings.Join(strict.Errors[0].Key(), ".")
		e.Err = fmt.Errorf("line %d: unknown setting %q", row, key)
		e.Hint = unknownHint(key)
		return e
	}
	if bad, ok := errors.AsType[*toml.DecodeError](err); ok {
		row, col := bad.Position()
		e.Err = fmt.Errorf("line %d, column %d: not valid here", row, col)
		e.Hint = "settings are written as TOML, like: base_url = \"https://…\""
	}
	return e
}

func unknownHint(key string) string {
	switch key {
	case "api_secret":
		return "a secret does not live in this file: put it into a file of mode 0600 and name that in api_secret_file"
	case "client_p12_password":
		return "a password does not live in this file: put it into a file of mode 0600 and name that in client_p12_password_file"
	}
	return "see gsign sign --help for the settings there are"
}

func readLimited(path string, limit int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		return nil, err
	}
	if int64(len(b)) > limit {
		return nil, fmt.Errorf("%s is larger than %d bytes", path, limit)
	}
	return b, nil
}
