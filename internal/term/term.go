// SPDX-License-Identifier: Apache-2.0

// Package term is the program's streams: what is a terminal, what may be coloured, how messages and progress look.
//
// Most callers need [System] once, and the methods of [Streams]. Results go to Out; everything else goes to Err.
package term

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"golang.org/x/term"
)

// Streams are the three standard streams, and what is known about them.
type Streams struct {
	In  io.Reader
	Out io.Writer
	Err io.Writer

	OutTerminal bool // Out is a terminal
	ErrTerminal bool // Err is a terminal
	OutColour   bool // Out may be coloured
	ErrColour   bool // Err may be coloured
	Quiet       bool // only errors are said

	mu     sync.Mutex
	asking bool   // a question waits for its answer: no status line
	status string // what the status line shows; empty when there is none
}

// System returns the streams of the process. NO_COLOR and TERM=dumb turn colour off (no-color.org).
func System() *Streams {
	s := &Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr}
	s.OutTerminal = term.IsTerminal(int(os.Stdout.Fd()))
	s.ErrTerminal = term.IsTerminal(int(os.Stderr.Fd()))
	plain := os.Getenv("NO_COLOR") != "" || os.Getenv("TERM") == "dumb"
	s.OutColour = s.OutTerminal && !plain
	s.ErrColour = s.ErrTerminal && !plain
	return s
}

// IsTerminal says whether w is a terminal.
func IsTerminal(w any) bool {
	f, ok := w.(interface{ Fd() uintptr })
	return ok && term.IsTerminal(int(f.Fd()))
}

// Errorf prints one line of an error.
func (s *Streams) Errorf(format string, args ...any) { s.message("31;1", "error", format, args) }

// Hintf prints what to do about an error.
func (s *Streams) Hintf(format string, args ...any) { s.message("36", "hint", format, args) }

// Notef prints what else there is to know about an error.
func (s *Streams) Notef(format string, args ...any) { s.message("33", "note", format, args) }

// Warnf prints a warning, unless Quiet.
func (s *Streams) Warnf(format string, args ...any) {
	if !s.Quiet {
		s.message("33", "warning", format, args)
	}
}

// Logf prints one plain line to Err.
func (s *Streams) Logf(format string, args ...any) {
	s.line(Clean(fmt.Sprintf(format, args...)))
}

func (s *Streams) message(colour, kind, format string, args []any) {
	text := Clean(fmt.Sprintf(format, args...))
	if s.ErrColour {
		kind = "\x1b[" + colour + "m" + kind + "\x1b[0m"
	}
	s.line("gsign: " + kind + ": " + text)
}

func (s *Streams) line(text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.erase()
	fmt.Fprintln(s.Err, text)
}

// Status shows one line that is overwritten by the next, on a terminal only; empty text takes it away.
func (s *Streams) Status(text string) {
	if !s.ErrTerminal || s.Quiet {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	text = Clean(text)
	if text == s.status || s.asking {
		return
	}
	s.erase()
	if text != "" {
		fmt.Fprint(s.Err, s.fit(text))
	}
	s.status = text
}

func (s *Streams) erase() {
	if s.status != "" {
		fmt.Fprint(s.Err, "\r\x1b[K")
		s.status = ""
	}
}

// fit cuts text to the width of the terminal: a line that wraps cannot be erased.
func (s *Streams) fit(text string) string {
	width := 80
	if f, ok := s.Err.(*os.File); ok {
		if w, _, err := term.GetSize(int(f.Fd())); err == nil && w > 0 {
			width = w
		}
	}
	if utf8.RuneCountInString(text) < width {
		return text
	}
	r := []rune(text)
	return string(r[:max(0, width-2)]) + "…"
}

// Bold returns text as a heading for Out.
func (s *Streams) Bold(text string) string {
	if !s.OutColour {
		return text
	}
	return "\x1b[1m" + text + "\x1b[0m"
}

// Faint returns text that matters less, for Out.
func (s *Streams) Faint(text string) string {
	if !s.OutColour {
		return text
	}
	return "\x1b[2m" + text + "\x1b[0m"
}

// Green returns text as good news for Out. The text itself must say so too.
func (s *Streams) Green(text string) string {
	if !s.OutColour {
		return text
	}
	return "\x1b[32m" + text + "\x1b[0m"
}

// Clean makes text from files, certificates and services safe to print: control characters, which can rewrite a
// terminal, and characters that reverse the reading order become escapes; line ends become spaces.
func Clean(text string) string {
	if !strings.ContainsFunc(text, unsafe) && utf8.ValidString(text) {
		return text
	}
	var b strings.Builder
	for _, r := range text {
		switch {
		case r == '\n' || r == '\t':
			b.WriteByte(' ')
		case r == '\r':
		case unsafe(r):
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

func unsafe(r rune) bool {
	return unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || r == '\u2028' || r == '\u2029'
}
