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
	"runtime"
	"strconv"

	"github.com/pelletier/go-toml/v2"

	"gsign/internal/limits"
)

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
	Strict                   *bool    `toml:"strict"`
	Reason                   *string  `toml:"reason"`
	Location                 *string  `toml:"location"`
	Contact                  *string  `toml:"contact"`
	Name                     *string  `toml:"name"`
	Reread                   *bool    `toml:"reread"`
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
	for key, b := range map[string]*bool{"strict": f.Strict, "reread": f.Reread} {
		if b != nil {
			values[key] = []string{strconv.FormatBool(*b)}
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
	b, err := readConfig(path)
	if err != nil {
		if !asked && errors.Is(err, fs.ErrNotExist) {
			return nil, nil
		}
		if e, ok := errors.AsType[*Error](err); ok {
			return nil, e
		}
		return nil, &Error{Problem: "read configuration", Err: err, Usage: asked && errors.Is(err, fs.ErrNotExist)}
	}
	values, err := parseFile(b)
	if err != nil {
		return nil, fileError(path, b, err)
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

// readConfig reads the file unless others can change it: it says where credentials are sent and whom to trust. What is
// checked is the open file, which nobody can exchange in between. Windows keeps access lists that the mode does not show.
func readConfig(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	fi, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if fi.IsDir() {
		return nil, &Error{
			Problem: fmt.Sprintf("the configuration %s is a directory", path),
			Hint:    "name the file in it, like " + filepath.Join(path, "config.toml"), Usage: true,
		}
	}
	if runtime.GOOS != "windows" && fi.Mode().IsRegular() && fi.Mode().Perm()&0o022 != 0 {
		return nil, &Error{
			Problem: fmt.Sprintf("the configuration %s can be changed by others (mode %04o)", path, fi.Mode().Perm()),
			Hint:    "look whether it still says what you wrote, then chmod go-w " + path, Usage: true,
		}
	}
	return readAll(f, limits.ConfigFile)
}

func readLimited(path string, limit int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return readAll(f, limit)
}

func readAll(f *os.File, limit int64) ([]byte, error) {
	b, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		return nil, err
	}
	if int64(len(b)) > limit {
		return nil, fmt.Errorf("%s is larger than %d bytes", f.Name(), limit)
	}
	return b, nil
}
