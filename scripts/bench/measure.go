// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"time"

	"gsign/scripts/bench/usage"
)

type measurement struct {
	wall, cpu float64 // seconds; cpu is user and system together
	peakMiB   float64
	kB        float64 // allocated by Go, where the program says it
	allocs    float64
	out       string
}

func (b *bench) measure(argv []string) (measurement, error) {
	cmd := exec.CommandContext(b.ctx, argv[0], argv[1:]...)
	var out, errText strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &errText
	start := time.Now()
	err := cmd.Run()
	wall := time.Since(start)
	if err != nil {
		return measurement{}, fmt.Errorf("%s: %w\n%s", strings.Join(argv, " "), err, errText.String())
	}
	state := cmd.ProcessState
	m := measurement{wall: wall.Seconds(), cpu: (state.UserTime() + state.SystemTime()).Seconds(), out: out.String()}
	if ru, ok := state.SysUsage().(*syscall.Rusage); ok {
		m.peakMiB = float64(ru.Maxrss) / 1024 // KiB on Linux
	}
	return m, nil
}

// inner is what a program that signs many documents says of itself, per document.
func (b *bench) inner(argv []string) (measurement, error) {
	m, err := b.measure(argv)
	if err != nil {
		return m, err
	}
	var r usage.Report
	if err := json.Unmarshal([]byte(m.out), &r); err != nil || r.Documents == 0 {
		return m, fmt.Errorf("%s: no report: %w", argv[0], err)
	}
	m.cpu, m.wall = (r.User+r.Sys)/float64(r.Documents), r.Wall/float64(r.Documents)
	m.kB, m.allocs = float64(r.Bytes)/1e3/float64(r.Documents), float64(r.Allocs)/float64(r.Documents)
	return m, nil
}

// spread is the median of some figures, and the middle half of them.
type spread struct{ low, median, high float64 }

func spreadOf(values []float64) spread {
	v := slices.Sorted(slices.Values(values))
	at := func(q float64) float64 {
		x := q * float64(len(v)-1)
		i := int(x)
		if i+1 == len(v) {
			return v[i]
		}
		return v[i] + (x-float64(i))*(v[i+1]-v[i])
	}
	return spread{at(0.25), at(0.5), at(0.75)}
}

func (s spread) String() string {
	if s.high < 0.1 {
		return fmt.Sprintf("%.4f (%.4f–%.4f)", s.median, s.low, s.high)
	}
	return fmt.Sprintf("%.2f (%.2f–%.2f)", s.median, s.low, s.high)
}

// pairs are the figures of two programs that ran in turn.
type pairs struct{ ours, other []measurement }

func (p pairs) ratio(of func(measurement) float64) spread {
	r := make([]float64, len(p.ours))
	for i := range r {
		r[i] = of(p.ours[i]) / of(p.other[i])
	}
	return spreadOf(r)
}

func figures(ms []measurement, of func(measurement) float64) spread {
	v := make([]float64, len(ms))
	for i, m := range ms {
		v[i] = of(m)
	}
	return spreadOf(v)
}

func wall(m measurement) float64 { return m.wall }
func cpu(m measurement) float64  { return m.cpu }
func peak(m measurement) float64 { return m.peakMiB }

// pair runs both programs once to warm the page cache, then n times in turn, now one first and now the other: what the
// machine does besides hits both.
func (b *bench) pair(n int, measure func([]string) (measurement, error), ours, other []string, between func()) (pairs, error) {
	var p pairs
	for i := range n + 1 {
		sides := []struct {
			argv []string
			to   *[]measurement
		}{{ours, &p.ours}, {other, &p.other}}
		if i%2 == 1 {
			slices.Reverse(sides)
		}
		for _, side := range sides {
			if between != nil {
				between()
			}
			m, err := measure(side.argv)
			if err != nil {
				return p, err
			}
			if i > 0 {
				*side.to = append(*side.to, m)
			}
		}
	}
	return p, nil
}
