// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"gsign/internal/config"
)

// addSettings adds a flag for each setting that may be one, or for those named only.
func addSettings(cmd *cobra.Command, only ...string) {
	for i := range config.Settings {
		s := &config.Settings[i]
		if !s.Flag || len(only) > 0 && !slices.Contains(only, s.Key) {
			continue
		}
		usage := fmt.Sprintf("%s (default: $%s)", s.Description, s.EnvName())
		if s.List {
			cmd.Flags().Var(&settingValue{kind: s.Expected, list: true}, s.FlagName(), usage+"; repeatable")
		} else if s.Expected == "BOOL" {
			cmd.Flags().Var(&settingValue{kind: "bool"}, s.FlagName(), usage)
			cmd.Flags().Lookup(s.FlagName()).NoOptDefVal = "true"
		} else {
			cmd.Flags().Var(&settingValue{kind: s.Expected}, s.FlagName(), usage)
		}
	}
}

// settingFlags collects the settings given on the command line.
func settingFlags(cmd *cobra.Command) map[string][]string {
	given := make(map[string][]string)
	for i := range config.Settings {
		s := &config.Settings[i]
		if f := cmd.Flags().Lookup(s.FlagName()); s.Flag && f != nil && f.Changed {
			given[s.Key] = f.Value.(*settingValue).values
		}
	}
	return given
}

// settingValue is a flag of text, shown in the help with what is expected.
type settingValue struct {
	kind   string
	list   bool
	values []string
}

func (v *settingValue) String() string { return "" }
func (v *settingValue) Type() string   { return v.kind }

func (v *settingValue) Set(text string) error {
	if v.list {
		v.values = append(v.values, text)
	} else {
		v.values = []string{text}
	}
	return nil
}
