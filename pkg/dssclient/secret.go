// SPDX-License-Identifier: Apache-2.0

package dssclient

import (
	"fmt"
	"io"
	"log/slog"
)

const redacted = "[redacted]"

// Secret is a string that cannot be printed, logged or marshalled by accident: convert it with string() to use it.
type Secret string

// Format writes a placeholder for every verb, %x and %#v too.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, s.String()) }

// String returns a placeholder; an empty secret stays visibly empty.
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return redacted
}

// GoString is String.
func (s Secret) GoString() string { return s.String() }

// LogValue is String for log/slog.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalText is String; it covers JSON, TOML and map keys.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }
