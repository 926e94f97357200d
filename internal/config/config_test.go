// SPDX-License-Identifier: Apache-2.0

package config

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gsign/internal/limits"
)

// sources are settings without the machine's own environment and home.
func sources(t *testing.T, flags map[string][]string, env map[string]string) *Sources {
	t.Helper()
	home := t.TempDir()
	return &Sources{
		Flags:  flags,
		Lookup: func(name string) (string, bool) { v, ok := env[name]; return v, ok },
		Unset:  func(name string) error { delete(env, name); return nil },
		Dir:    func() (string, error) { return home, nil },
	}
}

func write(t *testing.T, path, text string, mode fs.FileMode) string {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil { // whatever the umask is
		t.Fatal(err)
	}
	return path
}

func resolve(t *testing.T, src *Sources) *Values {
	t.Helper()
	v, err := Resolve(src)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// wantError checks the text, the kind and that there is a hint where one is asked for.
func wantError(t *testing.T, err error, usage bool, problem, hint string) {
	t.Helper()
	e, ok := errors.AsType[*Error](err)
	if !ok {
		t.Fatalf("error %v (%T), want *Error about %q", err, err, problem)
	}
	if !strings.Contains(e.Error(), problem) || !strings.Contains(e.Hint, hint) || e.Usage != usage {
		t.Errorf("error %q, hint %q, usage %v\nwant    %q, hint %q, usage %v", e, e.Hint, e.Usage, problem, hint, usage)
	}
}

func TestPrecedence(t *testing.T) {
	env := map[string]string{"GSIGN_REASON": "env", "GSIGN_LOCATION": "env", "GSIGN_TRUST": "a" + string(os.PathListSeparator) + "b"}
	src := sources(t, map[string][]string{"reason": {"flag"}}, env)
	dir, _ := src.Dir()
	path := write(t, filepath.Join(dir, "gsign", "config.toml"),
		"reason = 'file'\nlocation = 'file'\ncontact = 'file'\ntrust = ['r', '/abs']\nextra_certs = ['x/y']\nca_file = 'ca.pem'\n", 0o644)
	v := resolve(t, src)
	got := map[string]any{
		"reason": v.String("reason"), "location": v.String("location"), "contact": v.String("contact"), "name": v.String("name"),
		"trust": v.Strings("trust"), "extra": v.Strings("extra_certs"), "ca": v.String("ca_file"), "path": v.Path(),
		"url": v.BaseURL(),
	}
	want := map[string]any{
		"reason": "flag", "location": "env", "contact": "file", "name": "",
		"trust": []string{"a", "b"}, "extra": []string{filepath.Join(dir, "gsign", "x/y")}, "ca": filepath.Join(dir, "gsign", "ca.pem"),
		"path": path, "url": "https://emea.api.dss.globalsign.com:8443/v2",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestConfigByName(t *testing.T) {
	path := write(t, filepath.Join(t.TempDir(), "c.toml"), "base_url = 'https://x/'", 0o644)
	for name, src := range map[string]*Sources{
		"flag": sources(t, map[string][]string{"config": {path}}, nil),
		"env":  sources(t, nil, map[string]string{"GSIGN_CONFIG": path}),
	} {
		if got := resolve(t, src).BaseURL(); got != "https://x/" {
			t.Errorf("%s: %s", name, got)
		}
	}
	_, err := Resolve(sources(t, map[string][]string{"config": {path + "x"}}, nil))
	wantError(t, err, true, "no such file", "")
	_, err = Resolve(sources(t, map[string][]string{"config": {filepath.Dir(path)}}, nil))
	wantError(t, err, true, "is a directory", filepath.Join(filepath.Dir(path), "config.toml"))
	if v := resolve(t, sources(t, nil, nil)); v.Path() != "" {
		t.Errorf("a file was read where there is none: %s", v.Path())
	}
}

func TestSensitiveVariablesAreRemoved(t *testing.T) {
	env := map[string]string{}
	for i := range Settings {
		env[Settings[i].EnvName()] = "value"
	}
	delete(env, "GSIGN_CONFIG")
	src := sources(t, nil, env)
	v := resolve(t, src)
	for i := range Settings {
		s := &Settings[i]
		if _, left := env[s.EnvName()]; left == s.Sensitive && s.Key != "config" {
			t.Errorf("%s: sensitive %v, still there %v", s.EnvName(), s.Sensitive, left)
		}
		if s.Key != "config" && v.String(s.Key) != "value" {
			t.Errorf("%s was not read", s.EnvName())
		}
		if s.Sensitive && s.Flag {
			t.Errorf("%s is sensitive and a flag", s.Key)
		}
	}
}

// The registry and the file's shape are two lists; they must be the same.
func TestFileKeysAreTheRegistry(t *testing.T) {
	var inFile, inRegistry []string
	for f := range reflect.TypeFor[file]().Fields() {
		inFile = append(inFile, f.Tag.Get("toml"))
	}
	for i := range Settings {
		if Settings[i].File {
			inRegistry = append(inRegistry, Settings[i].Key)
		}
	}
	slices.Sort(inFile)
	slices.Sort(inRegistry)
	if d := cmp.Diff(inRegistry, inFile); d != "" {
		t.Error(d)
	}
	text, one := strings.Builder{}, "v"
	f := file{Trust: []string{one}, ExtraCerts: []string{one}}
	r := reflect.ValueOf(&f).Elem()
	for i := range r.NumField() {
		if field := r.Field(i); field.Kind() == reflect.Pointer {
			field.Set(reflect.New(field.Type().Elem()))
		}
	}
	if got := slices.Sorted(maps.Keys(f.values())); !slices.Equal(got, inFile) {
		t.Errorf("values() forgets a key: %v %s", got, text.String())
	}
}

func TestBadFiles(t *testing.T) {
	for name, tt := range map[string]struct{ text, problem, hint string }{
		"unknown":  {"base_url = 'x'\nbase_uri = 'y'\n", `line 2: unknown setting "base_uri"`, "--help"},
		"secret":   {"api_secret = 'hunter2hunter2'\n", `line 1: unknown setting "api_secret"`, "api_secret_file"},
		"password": {"client_p12_password = 'hunter2hunter2'\n", "unknown setting", "client_p12_password_file"},
		"syntax":   {"api_key = hunter2hunter2\n", "line 1, column", "TOML"},
		"type":     {"api_key = 7\n", "line 1, column 11: api_key wants a text, like \"0", "TOML"},
		"table":    {"[x]\ny = 1\n", "unknown setting", ""},
	} {
		t.Run(name, func(t *testing.T) {
			path := write(t, filepath.Join(t.TempDir(), "c.toml"), tt.text, 0o600)
			_, err := Resolve(sources(t, map[string][]string{"config": {path}}, nil))
			wantError(t, err, true, tt.problem, tt.hint)
			if strings.Contains(err.Error(), "hunter2") {
				t.Errorf("the error shows a value: %v", err)
			}
		})
	}
	path := write(t, filepath.Join(t.TempDir(), "c.toml"), strings.Repeat("#", limits.ConfigFile+1), 0o600)
	_, err := Resolve(sources(t, map[string][]string{"config": {path}}, nil))
	wantError(t, err, false, "larger than", "")
}

func TestConfigThatOthersCanChange(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the mode says nothing there")
	}
	for mode, refused := range map[fs.FileMode]bool{0o600: false, 0o644: false, 0o444: false, 0o620: true, 0o602: true, 0o666: true} {
		src := sources(t, nil, nil) // the usual file is no better than a named one
		dir, _ := src.Dir()
		path := write(t, filepath.Join(dir, "gsign", "config.toml"), "reason = 'x'", mode)
		v, err := Resolve(src)
		if refused {
			wantError(t, err, true, fmt.Sprintf("can be changed by others (mode %04o)", mode), "chmod go-w "+path)
		} else if err != nil || v.String("reason") != "x" {
			t.Errorf("%04o: %v", mode, err)
		}
	}
}

func TestTimeout(t *testing.T) {
	for text, want := range map[string]time.Duration{"": 0, "90s": 90 * time.Second, "5m": 5 * time.Minute} {
		got, err := resolve(t, sources(t, nil, map[string]string{"GSIGN_TIMEOUT": text})).Timeout()
		if err != nil || got != want {
			t.Errorf("%q: %v %v", text, got, err)
		}
	}
	for _, text := range []string{"0s", "-1s", "90", "x"} {
		_, err := resolve(t, sources(t, nil, map[string]string{"GSIGN_TIMEOUT": text})).Timeout()
		wantError(t, err, true, "timeout (from GSIGN_TIMEOUT): ", "90s")
	}
}

func TestOrigin(t *testing.T) {
	src := sources(t, map[string][]string{"reason": {"flag"}, "api_key_file": {""}}, map[string]string{
		"GSIGN_REASON": "env", "GSIGN_LEVEL": "env", "GSIGN_API_KEY_FILE": "env",
	})
	dir, _ := src.Dir()
	path := write(t, filepath.Join(dir, "gsign", "config.toml"), "level = 'file'\ntimeout = 'soon'\nbase_url = 'http://x'\ntrust = ['absent']", 0o600)
	v := resolve(t, src)
	for key, want := range map[string]string{
		"reason": "--reason", "api_key_file": "--api-key-file", "level": "GSIGN_LEVEL", "timeout": path, "name": "", "colour": "",
	} {
		if got := v.Origin(key); got != want {
			t.Errorf("%s: %q, want %q", key, got, want)
		}
	}
	_, err := v.Timeout()
	wantError(t, err, true, "timeout (from "+path+"): \"soon\"", "90s")
	_, _, err = v.Credentials(nil, now)
	wantError(t, err, true, "base_url (from "+path+") does not start with", "")
	_, err = v.Trust()
	wantError(t, err, true, "trust (from "+path+"): read the trusted certificate", "")
}

func TestUnknownVariables(t *testing.T) {
	src := sources(t, nil, nil)
	src.Environ = func() []string {
		return []string{"GSIGN_RESAON=hunter2", "GSIGN_REASON=x", "GSIGN_API_SECRET=x", "GSIGN_COLOUR=hunter2", "GSIGN_EMPTY=", "HOME=/", "=C:=x", "GSIGN"}
	}
	if d := cmp.Diff([]string{"GSIGN_COLOUR", "GSIGN_RESAON"}, resolve(t, src).Unknown()); d != "" {
		t.Error(d)
	}
	for name, want := range map[string]string{"GSIGN_RESAON": "GSIGN_REASON", "GSIGN_APIKEY": "GSIGN_API_KEY", "GSIGN_COLOUR": ""} {
		if got := NearestVariable(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

func TestUnknownVariablesOfTheProcess(t *testing.T) {
	t.Setenv("GSIGN_CONFIG", "") // whatever the machine has
	t.Setenv("GSIGN_RESAON", "x")
	v := resolve(t, &Sources{Dir: func() (string, error) { return t.TempDir(), nil }})
	if !slices.Contains(v.Unknown(), "GSIGN_RESAON") {
		t.Errorf("%q", v.Unknown())
	}
}

func FuzzFile(f *testing.F) {
	f.Add([]byte("base_url = 'https://x'\ntrust = ['a']\n"))
	f.Add([]byte("trust = 'a'"))
	f.Add([]byte("[a]\nb=1"))
	f.Fuzz(func(t *testing.T, b []byte) {
		values, err := parseFile(b)
		if err != nil {
			_ = fileError("f", b, err).Error()
			return
		}
		for key := range values {
			if s := Lookup(key); s == nil || !s.File {
				t.Fatalf("key %q came out of a file", key)
			}
		}
	})
}
