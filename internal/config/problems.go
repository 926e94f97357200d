// SPDX-License-Identifier: Apache-2.0

package config

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"github.com/pelletier/go-toml/v2"

	"gsign/pkg/dssclient"
)

// examples are values as the file wants them, by what a setting expects.
var examples = map[string]string{
	"URL":          `"` + dssclient.DefaultBaseURL + `"`,
	"KEY":          `"0123456789abcdef"`,
	"FILE":         `"path/to/file"`,
	"FILE.json":    `"identity.json"`,
	"FILE|DIR":     `["roots/"]`,
	"SERVICE/USER": `"gsign/me"`,
	"DURATION":     `"90s"`,
	"LEVEL":        `"b-lt"`,
	"BOOL":         `true`,
	"TEXT":         `"a text"`,
}

// wants says how a setting's value is written in the file.
func (s *Setting) wants() string {
	if s.List {
		return s.Key + " wants a list, like " + examples[s.Expected]
	}
	if s.Expected == "BOOL" {
		return s.Key + " wants true or false, like " + s.Key + " = true"
	}
	return s.Key + " wants a text, like " + examples[s.Expected]
}

// fileError says which line and which setting is wrong without quoting a value: it may be what does not belong on a
// screen.
func fileError(path string, b []byte, err error) error {
	e := &Error{Problem: "configuration " + path, Usage: true, Err: errors.New("not written as TOML")}
	if strict, ok := errors.AsType[*toml.StrictMissingError](err); ok && len(strict.Errors) > 0 {
		row, _ := strict.Errors[0].Position()
		key := strings.Join(strict.Errors[0].Key(), ".")
		e.Err = fmt.Errorf("line %d: unknown setting %q", row, key)
		e.Hint = unknownHint(key)
		return e
	}
	e.Hint = "settings are written as TOML, like: base_url = \"https://…\""
	bad, ok := errors.AsType[*toml.DecodeError](err)
	if !ok {
		return e
	}
	row, col := bad.Position()
	var s *Setting
	if key := bad.Key(); len(key) > 0 {
		s = Lookup(key[0])
	} else {
		s = settingAt(b, row)
	}
	switch twice := strings.Contains(bad.Error(), " already "); { // the parser has no other sign of it; a test holds the text
	case twice && s != nil:
		e.Err, e.Hint = fmt.Errorf("line %d: %s is set twice", row, s.Key), "keep one of the two lines"
	case twice:
		e.Err, e.Hint = fmt.Errorf("line %d: the same name is set twice", row), "keep one of the two"
	case s == nil:
		e.Err = fmt.Errorf("line %d, column %d: not written as TOML", row, col)
	case !s.File:
		e.Err, e.Hint = fmt.Errorf("line %d: unknown setting %q", row, s.Key), unknownHint(s.Key)
	default:
		e.Err = fmt.Errorf("line %d, column %d: %s", row, col, s.wants())
	}
	return e
}

// settingAt returns the setting that the line, counted from 1, belongs to, nil when it starts with nothing known. The
// lines of a list belong to the setting that opened it.
func settingAt(b []byte, row int) *Setting {
	lines := bytes.Split(b, []byte("\n"))
	if row < 1 || row > len(lines) {
		return nil
	}
	for i := row - 1; i >= 0; i-- {
		name, _, assigned := strings.Cut(string(lines[i]), "=")
		if !assigned {
			name, _, _ = strings.Cut(name, ":") // as in YAML
		}
		if s := Lookup(strings.Trim(name, " \t\r\"'")); s != nil {
			if i == row-1 || s.List {
				return s
			}
			return nil
		}
		if assigned {
			return nil
		}
	}
	return nil
}

func unknownHint(key string) string {
	const help = "see gsign sign --help for the settings there are"
	s := Lookup(key)
	if s == nil {
		if s = nearest(key); s == nil {
			return help
		}
		if s.File {
			return "did you mean " + s.Key + "? " + help
		}
	}
	switch s.Key {
	case "api_secret":
		return "a secret does not live in this file: put it into a file of mode 0600 and name that in api_secret_file"
	case "client_p12_password":
		return "a password does not live in this file: put it into a file of mode 0600 and name that in client_p12_password_file"
	}
	return help
}

// nearest returns the setting whose key is most like name, nil when none is. Case, dashes and underscores count for
// nothing, and one letter in four may be wrong.
func nearest(name string) *Setting {
	plain := func(s string) string { return strings.NewReplacer("_", "", "-", "").Replace(strings.ToLower(s)) }
	name = plain(name)
	if len(name) > 64 { // longer than any key, and the distance costs the product of the lengths
		return nil
	}
	var best *Setting
	least := max(1, len(name)/4) + 1
	for i := range Settings {
		if d := distance(name, plain(Settings[i].Key)); d < least {
			best, least = &Settings[i], d
		}
	}
	return best
}

// distance counts the octets to insert, remove, replace or swap with their neighbour to make b of a.
func distance(a, b string) int {
	var before []int
	last := make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := range len(a) {
		row := make([]int, len(b)+1)
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			row[j+1] = min(last[j]+cost, last[j+1]+1, row[j]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
		before, last = last, row
	}
	return last[len(b)]
}
