// SPDX-License-Identifier: Apache-2.0

// Package config finds the settings of a run: flag before environment before file before default.
//
// Most callers need two calls: [Resolve] says what was set where, [Values.Credentials] reads and checks the credentials
// those settings name. Every problem is an [*Error] that was found before any call to the service was made.
//
// Secrets come from the environment (and are removed from it once read), from a file that only its owner can read, from
// standard input, or from the operating system's credential store; never from the command line.
package config

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"gsign/pkg/dssclient"
)

// Error is a setting that cannot be used. Nothing was sent to the service yet.
type Error struct {
	Problem string // what is wrong, lower case, with the place it was set at
	Hint    string // OPTIONAL: what to do about it
	Usage   bool   // a setting is unknown, missing or contradicts another; false: the credential it names is unusable
	Err     error  // OPTIONAL: the cause
}

func (e *Error) Error() string {
	if e.Err != nil {
		return e.Problem + ": " + e.Err.Error()
	}
	return e.Problem
}

func (e *Error) Unwrap() error { return e.Err }

// Sources is where settings are looked for.
type Sources struct {
	Flags  map[string][]string         // by key; only flags that were really given
	Lookup func(string) (string, bool) // OPTIONAL: os.LookupEnv
	Unset  func(string) error          // OPTIONAL: os.Unsetenv
	Dir    func() (string, error)      // OPTIONAL: os.UserConfigDir

	Environ func() []string // OPTIONAL: os.Environ, nothing when Lookup is set
}

type layer struct {
	name   string // for messages: "the command line", "the environment", the file's path
	values map[string][]string
	origin func(*Setting) string // what Origin says
}

// Values are the settings of a run, each with the place it came from.
type Values struct {
	layers []layer // strongest first
	path   string  // of the file that was read
	usual  string  // of the file that is read when it is there

	unknown []string
}

// Resolve reads the environment and the configuration file. Sensitive variables are removed from the environment.
func Resolve(src *Sources) (*Values, error) {
	s := *src
	if s.Lookup == nil {
		s.Lookup = os.LookupEnv
		if s.Environ == nil {
			s.Environ = os.Environ
		}
	}
	if s.Unset == nil {
		s.Unset = os.Unsetenv
	}
	if s.Dir == nil {
		s.Dir = os.UserConfigDir
	}
	env, err := readEnvironment(&s)
	if err != nil {
		return nil, err
	}
	v := &Values{layers: []layer{
		{"the command line", s.Flags, func(s *Setting) string { return "--" + s.FlagName() }},
		{"the environment", env, (*Setting).EnvName},
	}}
	if s.Environ != nil {
		v.unknown = unknownVariables(s.Environ())
	}
	if dir, err := s.Dir(); err == nil { // without a home directory there is no default file, and that is fine
		v.usual = filepath.Join(dir, "gsign", "config.toml")
	}
	path, asked := v.String("config"), true
	if path == "" {
		path, asked = v.usual, false
	}
	if path == "" {
		return v, nil
	}
	values, err := readFile(path, asked)
	if err != nil {
		return nil, err
	}
	if values != nil {
		v.path = path
		v.layers = append(v.layers, layer{path, values, func(*Setting) string { return path }})
	}
	return v, nil
}

// Path is the configuration file that was read, empty when there was none.
func (v *Values) Path() string { return v.path }

// String returns the strongest value of key, or "".
func (v *Values) String(key string) string {
	if l := v.Strings(key); len(l) > 0 {
		return l[0]
	}
	return ""
}

// Strings returns the strongest values of key.
func (v *Values) Strings(key string) []string {
	for _, l := range v.layers {
		if got, ok := l.values[key]; ok {
			return got
		}
	}
	return nil
}

// Origin says where the strongest value of key was set: a flag like --level, a variable like GSIGN_LEVEL, or the path of
// the configuration file. It is empty for what is not set.
func (v *Values) Origin(key string) string {
	s := Lookup(key)
	for _, l := range v.layers {
		if _, ok := l.values[key]; ok && s != nil {
			return l.origin(s)
		}
	}
	return ""
}

// Unknown returns the names, sorted, of GSIGN_ variables that are set and that no setting has. They are worth a warning
// and no error: a later version may know them. [NearestVariable] may know what was meant.
func (v *Values) Unknown() []string { return v.unknown }

// from is key with its origin, for messages.
func (v *Values) from(key string) string {
	if o := v.Origin(key); o != "" {
		return key + " (from " + o + ")"
	}
	return key
}

// BaseURL returns the address of the service.
func (v *Values) BaseURL() string {
	if u := v.String("base_url"); u != "" {
		return u
	}
	return dssclient.DefaultBaseURL
}

// Timeout returns the limit of one document's whole way, 0 when none was set.
func (v *Values) Timeout() (time.Duration, error) {
	text := v.String("timeout")
	if text == "" {
		return 0, nil
	}
	d, err := time.ParseDuration(text)
	if err != nil || d <= 0 {
		return 0, &Error{Problem: fmt.Sprintf("%s: %q is not a positive duration", v.from("timeout"), text), Hint: "write it like 90s or 5m", Usage: true}
	}
	return d, nil
}

// Bool returns the value of a setting that is true or false, false when it is not set.
func (v *Values) Bool(key string) (bool, error) {
	text := v.String(key)
	if text == "" {
		return false, nil
	}
	b, err := strconv.ParseBool(strings.ToLower(text))
	if err != nil {
		return false, &Error{Problem: fmt.Sprintf("%s: %q is neither true nor false", v.from(key), text), Usage: true}
	}
	return b, nil
}

// choose returns the one key of a group of alternatives that the strongest layer sets, "" when no layer does.
func (v *Values) choose(what string, keys ...string) (string, error) {
	for _, l := range v.layers {
		var set []string
		for _, k := range keys {
			if got := l.values[k]; len(got) > 0 && got[0] != "" {
				set = append(set, k)
			}
		}
		switch len(set) {
		case 0:
		case 1:
			return set[0], nil
		default:
			return "", &Error{
				Problem: fmt.Sprintf("%s is set more than once in %s: %s", what, l.name, strings.Join(set, " and ")),
				Hint:    "keep one of them", Usage: true,
			}
		}
	}
	return "", nil
}
