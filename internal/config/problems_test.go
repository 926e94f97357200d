// SPDX-License-Identifier: Apache-2.0

package config

import (
	"path/filepath"
	"strings"
	"testing"
)

// Whatever is wrong with a file, the setting is named, what it wants is said, and no value is shown.
func TestFileProblems(t *testing.T) {
	const list, text = `trust wants a list, like ["roots/"]`, `timeout wants a text, like "90s"`
	for name, tt := range map[string]struct{ text, problem, hint string }{
		"text for a list":     {"\ntrust = 'hunter2'\n", "line 2, column 9: " + list, "TOML"},
		"number in a list":    {"trust = ['a', 7222]\n", "line 1, column 15: " + list, ""},
		"list in a list":      {"trust = [['hunter2']]\n", list, ""},
		"table for a list":    {"[trust]\nhunter2 = 1\n", list, ""},
		"open list":           {"trust = [\n  'a',\n  hunter2\n]\n", "line 3, column 3: " + list, ""},
		"number":              {"timeout = 7222\n", "line 1, column 11: " + text, ""},
		"huge number":         {"timeout = 72229999999999999999999\n", text, ""},
		"boolean":             {"timeout = true\n", text, ""},
		"date":                {"timeout = 7222-05-27\n", text, ""},
		"list for a text":     {"timeout = ['hunter2']\n", text, ""},
		"dotted":              {"timeout.hunter2 = 1\n", text, ""},
		"no quotes":           {"timeout = 7222s\n", text, ""},
		"no quotes, secret":   {"api_key = hunter2hunter2\n", "line 1, column 11: api_key wants a text", ""},
		"open quotes":         {"api_key = 'hunter2\n", "api_key wants a text", ""},
		"bad escape":          {"client_key = \"C:\\hunter2\"\n", "client_key wants a text", ""},
		"two values":          {"api_key = 'a' 'hunter2'\n", "api_key wants a text", ""},
		"colon":               {"api_key: 'hunter2'\n", "api_key wants a text", ""},
		"no value":            {"api_key\n", "api_key wants a text", ""},
		"secret, no quotes":   {"api_secret = hunter2\n", `unknown setting "api_secret"`, "api_secret_file"},
		"twice":               {"api_key = 'hunter2'\ntrust = []\napi_key = 'hunter2'\n", "line 3: api_key is set twice", "keep one"},
		"unknown twice":       {"[a]\n[a]\n", "line 2: the same name is set twice", ""},
		"a value by itself":   {"hunter2hunter2\n", "line 1, column 15: not written as TOML", "TOML"},
		"value of many lines": {"api_key = 'a'\nhunter2 hunter2\n", "line 2, column 9: not written as TOML", ""},
		"padding":             {"aHVudGVyMg==\n", "line 1, column 12: not written as TOML", ""},
		"not text at all":     {"\x00\xff\n", "not written as TOML", ""},

		"near":            {"apikey = 'hunter2'\n", `line 1: unknown setting "apikey"`, "did you mean api_key?"},
		"near, dashes":    {"API-KEY-FILE = 'hunter2'\n", "unknown setting", "did you mean api_key_file?"},
		"near, swapped":   {"resaon = 'hunter2'\n", "unknown setting", "did you mean reason?"},
		"near, singular":  {"extra_cert = ['hunter2']\n", "unknown setting", "did you mean extra_certs?"},
		"near the secret": {"apisecret = 'hunter2'\n", "unknown setting", "api_secret_file"},
		"near nothing":    {"colour = 'hunter2'\n", "unknown setting", "see gsign sign --help"},
		"not in a file":   {"config = 'hunter2'\n", "unknown setting", "see gsign sign --help"},
	} {
		t.Run(name, func(t *testing.T) {
			path := write(t, filepath.Join(t.TempDir(), "c.toml"), tt.text, 0o600)
			_, err := Resolve(sources(t, map[string][]string{"config": {path}}, nil))
			wantError(t, err, true, tt.problem, tt.hint)
			if text := err.Error(); strings.Contains(text, "hunter2") || strings.Contains(text, "7222") || strings.Contains(text, "aHV") {
				t.Errorf("the error shows a value: %v", err)
			}
		})
	}
}

func TestEverySettingOfTheFileHasAnExample(t *testing.T) {
	for i := range Settings {
		if s := &Settings[i]; s.File && (examples[s.Expected] == "" || s.List != strings.HasPrefix(examples[s.Expected], "[")) {
			t.Errorf("%s: %s", s.Key, s.wants())
		} else if s.File {
			if _, err := parseFile([]byte(s.Key + " = " + examples[s.Expected])); err != nil {
				t.Errorf("the example of %s is not valid: %v", s.Key, err)
			}
		}
	}
}

func TestNearest(t *testing.T) {
	for name, want := range map[string]string{
		"base_uri": "base_url", "timout": "timeout", "client_cerf": "client_cert", "x": "", "": "",
		"colour": "", "key": "", strings.Repeat("api_key", 1000): "",
	} {
		got := ""
		if s := nearest(name); s != nil {
			got = s.Key
		}
		if got != want {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
	}
}
