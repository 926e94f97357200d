// SPDX-License-Identifier: Apache-2.0

package term

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"golang.org/x/term"
)

// CanAsk says whether somebody can be asked: In is a terminal.
func (s *Streams) CanAsk() bool { return IsTerminal(s.In) }

// Password asks for a secret, which is not shown while it is typed. The end of input is an empty answer. The question goes
// to Err or, where that is no terminal, to the one that In is.
func (s *Streams) Password(ctx context.Context, question string) ([]byte, error) {
	in, ok := s.In.(*os.File)
	if !ok {
		return nil, fmt.Errorf("ask for the %s: standard input is no terminal", question)
	}
	fd := int(in.Fd())
	before, err := term.GetState(fd)
	if err != nil {
		return nil, fmt.Errorf("ask for the %s: %w", question, err)
	}
	var out io.Writer = in
	if s.ErrTerminal {
		out = s.Err
	}
	s.mu.Lock()
	s.erase()
	s.asking = true
	_, err = fmt.Fprint(out, "gsign: "+Clean(question)+": ")
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.asking = false
		fmt.Fprintln(out)
	}()
	if err != nil {
		return nil, fmt.Errorf("ask for the %s: %w", question, err)
	}
	type answer struct {
		secret []byte
		err    error
	}
	got := make(chan answer, 1)
	go func() {
		secret, err := term.ReadPassword(fd)
		got <- answer{secret, err}
	}()
	select {
	case <-ctx.Done():
		// The reading goes on until the program ends, which is soon; what is typed must be seen again before.
		if err := term.Restore(fd, before); err != nil {
			return nil, fmt.Errorf("restore the terminal: %w", err)
		}
		return nil, context.Cause(ctx)
	case a := <-got:
		if a.err != nil && !errors.Is(a.err, io.EOF) {
			return nil, fmt.Errorf("ask for the %s: %w", question, a.err)
		}
		return a.secret, nil
	}
}
