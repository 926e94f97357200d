// SPDX-License-Identifier: Apache-2.0

package config

import (
	"path/filepath"
	"runtime"
	"slices"
	"strings"
)

const envPrefix = "GSIGN_"

// Setting is one thing that can be set: by flag, by environment variable, in the file.
type Setting struct {
	Key         string // in the file; the flag is the same with dashes, the variable GSIGN_ and upper case
	Expected    string // what a value looks like
	Description string
	Flag        bool // can be given on the command line
	File        bool // can be given in the configuration file
	Sensitive   bool // never printed, never on the command line, removed from the environment once read
	List        bool // may be given several times; in the environment separated as in $PATH
	path        bool // relative to the configuration file when set there
}

// FlagName returns the name of the setting's flag.
func (s *Setting) FlagName() string { return strings.ReplaceAll(s.Key, "_", "-") }

// EnvName returns the name of the setting's environment variable.
func (s *Setting) EnvName() string { return envPrefix + strings.ToUpper(s.Key) }

// Settings is the registry: no other variable of the environment is read and no other key is accepted in the file.
var Settings = []Setting{
	{Key: "config", Expected: "FILE", Description: "configuration file", Flag: true, path: true},
	{Key: "base_url", Expected: "URL", Description: "address of the Digital Signing Service, with or without /v2", Flag: true, File: true},
	{Key: "api_key", Expected: "KEY", Description: "API key of the account", File: true, Sensitive: true},
	{Key: "api_key_file", Expected: "FILE", Description: "file with the API key, readable by its owner only", Flag: true, File: true, path: true},
	{Key: "api_secret", Expected: "SECRET", Description: "API secret of the account", Sensitive: true},
	{Key: "api_secret_file", Expected: "FILE", Description: "file with the API secret, readable by its owner only; - reads standard input", Flag: true, File: true, path: true},
	{Key: "api_secret_keyring", Expected: "SERVICE/USER", Description: "entry of the operating system's credential store with the API secret", Flag: true, File: true},
	{Key: "client_cert", Expected: "FILE", Description: "client certificate with its issuing chain, PEM", Flag: true, File: true, path: true},
	{Key: "client_key", Expected: "FILE", Description: "private key of the client certificate, PEM, readable by its owner only", Flag: true, File: true, path: true},
	{Key: "client_p12", Expected: "FILE", Description: "client certificate, chain and key as PKCS#12 (PFX), instead of the PEM pair", Flag: true, File: true, path: true},
	{Key: "client_p12_password", Expected: "PASSWORD", Description: "password of the PKCS#12 file", Sensitive: true},
	{Key: "client_p12_password_file", Expected: "FILE", Description: "file with the password of the PKCS#12 file, readable by its owner only; - reads standard input", Flag: true, File: true, path: true},
	{Key: "client_p12_password_keyring", Expected: "SERVICE/USER", Description: "entry of the credential store with the password of the PKCS#12 file", Flag: true, File: true},
	{Key: "ca_file", Expected: "FILE", Description: "certificates that vouch for the service's TLS certificate, instead of the system's", Flag: true, File: true, path: true},
	{Key: "trust", Expected: "FILE|DIR", Description: "root certificates that chains must end at", Flag: true, File: true, List: true, path: true},
	{Key: "extra_certs", Expected: "FILE|DIR", Description: "certificates that chains may need and that cannot be found online", Flag: true, File: true, List: true, path: true},
	{Key: "password_file", Expected: "FILE", Description: "file with the password of an encrypted PDF, the user's or the owner's, readable by its owner only; - reads standard input", Flag: true},
	{Key: "identity", Expected: "FILE.json", Description: "what to ask /identity for: subject_dn, subject_da, san and more", Flag: true, File: true, path: true},
	{Key: "timeout", Expected: "DURATION", Description: "limit for one document, like 5m", Flag: true, File: true},
	{Key: "level", Expected: "LEVEL", Description: "b-b, b-t or b-lt", Flag: true, File: true},
	{Key: "strict", Expected: "BOOL", Description: "refuse a damaged document instead of recovering what reads in one way only", Flag: true, File: true},
	{Key: "reason", Expected: "TEXT", Description: "reason for signing", Flag: true, File: true},
	{Key: "location", Expected: "TEXT", Description: "place of signing", Flag: true, File: true},
	{Key: "contact", Expected: "TEXT", Description: "how to reach the signer", Flag: true, File: true},
	{Key: "name", Expected: "TEXT", Description: "name the signer claims; the certificate says who it is", Flag: true, File: true},
	{Key: "reread", Expected: "BOOL", Description: "before publishing, read the whole output back from the disk and compare its sum", Flag: true, File: true},
}

// Lookup returns the setting with that key, nil when there is none.
func Lookup(key string) *Setting {
	for i := range Settings {
		if Settings[i].Key == key {
			return &Settings[i]
		}
	}
	return nil
}

// readEnvironment collects all known variables and removes the sensitive ones, so that no child process and no crash
// report carries them.
func readEnvironment(s *Sources) (map[string][]string, error) {
	values := make(map[string][]string)
	for i := range Settings {
		st := &Settings[i]
		text, ok := s.Lookup(st.EnvName())
		if !ok || text == "" {
			continue
		}
		if st.List {
			values[st.Key] = filepath.SplitList(text)
		} else {
			values[st.Key] = []string{text}
		}
		if st.Sensitive {
			if err := s.Unset(st.EnvName()); err != nil {
				return nil, &Error{Problem: "remove " + st.EnvName() + " from the environment", Err: err}
			}
		}
	}
	return values, nil
}

// unknownVariables returns the names of variables that look like settings and are none.
func unknownVariables(environ []string) []string {
	var unknown []string
	for _, entry := range environ {
		name, value, _ := strings.Cut(entry, "=")
		if runtime.GOOS == "windows" { // names have no case there
			name = strings.ToUpper(name)
		}
		if value != "" && strings.HasPrefix(name, envPrefix) && lookupVariable(name) == nil {
			unknown = append(unknown, name)
		}
	}
	slices.Sort(unknown)
	return unknown
}

func lookupVariable(name string) *Setting {
	for i := range Settings {
		if Settings[i].EnvName() == name {
			return &Settings[i]
		}
	}
	return nil
}

// NearestVariable returns the variable of gsign that is most like name, "" when none is.
func NearestVariable(name string) string {
	if s := nearest(strings.TrimPrefix(name, envPrefix)); s != nil {
		return s.EnvName()
	}
	return ""
}
