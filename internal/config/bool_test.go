// SPDX-License-Identifier: Apache-2.0

package config

import (
	"os"
	"path/filepath"
	"testing"
)

func TestBool(t *testing.T) {
	for name, tt := range map[string]struct {
		flags map[string][]string
		env   map[string]string
		file  string
		want  bool
		fails bool
	}{
		"nowhere":        {},
		"flag":           {flags: map[string][]string{"strict": {"true"}}, want: true},
		"flag says no":   {flags: map[string][]string{"strict": {"false"}}, env: map[string]string{"GSIGN_STRICT": "true"}},
		"environment":    {env: map[string]string{"GSIGN_STRICT": "True"}, want: true},
		"one":            {env: map[string]string{"GSIGN_STRICT": "1"}, want: true},
		"empty variable": {env: map[string]string{"GSIGN_STRICT": ""}},
		"neither":        {env: map[string]string{"GSIGN_STRICT": "perhaps"}, fails: true},
		"file":           {file: "strict = true", want: true},
		"file says no":   {file: "strict = false"},
	} {
		t.Run(name, func(t *testing.T) {
			env := map[string]string{}
			for k, v := range tt.env {
				env[k] = v
			}
			if tt.file != "" {
				env["GSIGN_CONFIG"] = filepath.Join(t.TempDir(), "config.toml")
				if err := os.WriteFile(env["GSIGN_CONFIG"], []byte(tt.file), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			got, err := resolve(t, sources(t, tt.flags, env)).Bool("strict")
			if got != tt.want || (err != nil) != tt.fails {
				t.Errorf("%v %v", got, err)
			}
		})
	}
}
