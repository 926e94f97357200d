// SPDX-License-Identifier: Apache-2.0

// Package usage counts what a part of a process costs, for the programs that scripts/bench runs.
package usage

import (
	"encoding/json"
	"os"
	"runtime"
	"syscall"
	"time"
)

// Report is what one program prints.
type Report struct {
	Documents int
	User, Sys float64 // seconds of processor time
	Wall      float64 // seconds
	Bytes     uint64  // allocated by Go
	Allocs    uint64  // pieces of them
}

// Meter is where counting began.
type Meter struct {
	start time.Time
	ru    syscall.Rusage
	mem   runtime.MemStats
}

// Start begins to count.
func Start() *Meter {
	m := &Meter{start: time.Now()}
	runtime.ReadMemStats(&m.mem)
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &m.ru)
	return m
}

// Print ends the counting and writes a Report to standard output.
func (m *Meter) Print(documents int) error {
	var ru syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &ru); err != nil {
		return err
	}
	var mem runtime.MemStats
	runtime.ReadMemStats(&mem)
	return json.NewEncoder(os.Stdout).Encode(Report{
		Bytes: mem.TotalAlloc - m.mem.TotalAlloc, Allocs: mem.Mallocs - m.mem.Mallocs,
		Documents: documents, Wall: time.Since(m.start).Seconds(),
		User: seconds(ru.Utime) - seconds(m.ru.Utime), Sys: seconds(ru.Stime) - seconds(m.ru.Stime),
	})
}

func seconds(t syscall.Timeval) float64 { return float64(t.Sec) + float64(t.Usec)/1e6 }
