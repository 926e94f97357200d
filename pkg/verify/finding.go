// SPDX-License-Identifier: Apache-2.0

package verify

import (
	"fmt"
	"strings"
)

// Finding is one thing that is wrong, or that is missing for a level or a demand.
type Finding struct {
	Field  string // name of the signature; empty within its own report
	Check  string // number of the requirement, "C6"
	Clause string // "EN 319 102-1 5.5.4"
	Text   string
	// Indication is what follows from the finding: TotalFailed says that the signature is not good, Indeterminate leaves it open.
	// It is zero for what a level or a demand lacks.
	Indication    Indication
	SubIndication SubIndication
}

func (f Finding) String() string {
	s := fmt.Sprintf("%s (%s, %s)", f.Text, f.Check, f.Clause)
	if f.Field != "" {
		s = fmt.Sprintf("signature %q: %s", f.Field, s)
	}
	return s
}

func finding(check, clause, format string, args ...any) Finding {
	text := fmt.Sprintf(format, args...)
	// Errors of package cms and pkix end in the number of the requirement, which has its own place here.
	return Finding{Check: check, Clause: clause, Text: strings.TrimSuffix(text, " ("+check+")")}
}

// Error says that signatures are not sound, or that it cannot be known.
type Error struct{ Findings []Finding }

func (e *Error) Error() string { return "verifying: " + join(e.Findings) }

// Undecided reports whether no finding says that a signature is bad (INDETERMINATE, not FAILED).
func (e *Error) Undecided() bool {
	for _, f := range e.Findings {
		if f.Indication != Indeterminate {
			return false
		}
	}
	return true
}

// DemandError says that sound signatures do not meet the demands made.
type DemandError struct{ Findings []Finding }

func (e *DemandError) Error() string { return "verifying: demands not met: " + join(e.Findings) }

func join(fs []Finding) string {
	texts := make([]string, len(fs))
	for i, f := range fs {
		texts[i] = f.String()
	}
	return strings.Join(texts, "; ")
}
