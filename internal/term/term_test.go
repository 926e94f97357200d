// SPDX-License-Identifier: Apache-2.0

package term

import (
	"bytes"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func TestClean(t *testing.T) {
	for in, want := range map[string]string{
		"plain ÅÄÖ 日本": "plain ÅÄÖ 日本", "a\x1b[31mb": `a\u001b[31mb`, "a\r\nb\tc": "a b c",
		"user\u202egnp.exe": `user\u202egnp.exe`, "bad\xff": "bad\ufffd", "c1\u0085\u2028": `c1\u0085\u2028`, "": "",
	} {
		if got := Clean(in); got != want {
			t.Errorf("Clean(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestMessages(t *testing.T) {
	var out bytes.Buffer
	s := &Streams{Err: &out}
	s.Errorf("%s", "bad\x1b]0;title\a")
	s.Hintf("do %d", 1)
	s.Notef("n")
	s.Warnf("w")
	s.Logf("l\n")
	want := "gsign: error: bad\\u001b]0;title\\u0007\ngsign: hint: do 1\ngsign: note: n\ngsign: warning: w\nl \n"
	if out.String() != want {
		t.Errorf("%q, want %q", out.String(), want)
	}
	out.Reset()
	s.Quiet = true
	s.Warnf("w")
	if s.Errorf("e"); out.String() != "gsign: error: e\n" {
		t.Errorf("quiet: %q", out.String())
	}
	out.Reset()
	s.ErrColour = true
	if s.Errorf("e"); out.String() != "gsign: \x1b[31;1merror\x1b[0m: e\n" {
		t.Errorf("colour: %q", out.String())
	}
	if s.Bold("b")+s.Faint("f")+s.Green("g") != "bfg" {
		t.Error("Out is coloured and must not be")
	}
	s.OutColour = true
	if s.Bold("b") == "b" || s.Faint("f") == "f" || s.Green("g") == "g" {
		t.Error("Out is not coloured")
	}
}

// A status line is on a terminal only, is taken away before anything else is printed, and never wraps.
func TestStatus(t *testing.T) {
	var out bytes.Buffer
	s := &Streams{Err: &out}
	if s.Status("x"); out.Len() != 0 {
		t.Errorf("a status line without a terminal: %q", out.String())
	}
	s.ErrTerminal = true
	s.Status("one")
	s.Status("one")
	s.Status(strings.Repeat("w", 200))
	s.Errorf("e")
	want := "one\r\x1b[K" + strings.Repeat("w", 78) + "…\r\x1b[Kgsign: error: e\n"
	if out.String() != want {
		t.Errorf("%q, want %q", out.String(), want)
	}
}

// locked is a buffer that two goroutines use.
type locked struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *locked) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *locked) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func TestWatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out locked
		s := &Streams{Err: &out, ErrTerminal: true}
		stop := s.Watch(func() string { return "busy" })
		time.Sleep(quietFor - time.Millisecond)
		synctest.Wait()
		if out.String() != "" {
			t.Errorf("shown at once: %q", out.String())
		}
		time.Sleep(time.Second)
		stop()
		stop()
		if out.String() != "busy\r\x1b[K" {
			t.Errorf("%q", out.String())
		}
		(&Streams{Err: &out}).Watch(func() string { t.Error("asked without a terminal"); return "" })()
	})
}

func TestBytes(t *testing.T) {
	for n, want := range map[int64]string{0: "0 B", 1023: "1023 B", 1024: "1.0 KiB", 15 << 10: "15 KiB", 5 << 20: "5.0 MiB", 3 << 40: "3.0 TiB", 4000 << 40: "4000 TiB"} {
		if got := Bytes(n); got != want {
			t.Errorf("Bytes(%d) = %q, want %q", n, got, want)
		}
	}
}
