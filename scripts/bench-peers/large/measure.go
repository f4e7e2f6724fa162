package main

import (
	"fmt"
	"runtime"
	"syscall"
	"time"
)

// A result is what one turn of a server gave.
type result struct {
	Label    string  `json:"label"`
	Messages int     `json:"messages"`
	Rows     []times `json:"rows"`

	PeakMB  float64 `json:"peak_mb"`   // most that one process ever had in memory
	PSSMB   float64 `json:"pss_mb"`    // most that all had after a command
	OtherMs float64 `json:"other_ms"`  // time of processors that others took
	TookMs  float64 `json:"took_ms"`   // of the whole turn
	CPUMs   float64 `json:"server_ms"` // time of processors that the server took
}

// times are the milliseconds of one command.
type times struct {
	Name  string    `json:"name"`
	First float64   `json:"first_ms"`
	Again []float64 `json:"again_ms"`
	answer
}

// measure gives each command once, and then again.
func measure(c *conn, server processes, n, repeats int) (*result, error) {
	r := &result{Messages: n}
	before := usage(server)
	for _, row := range rows(n) {
		t, err := measureRow(c, row, repeats)
		if err != nil {
			return nil, err
		}
		r.Rows = append(r.Rows, t)
		r.PSSMB = max(r.PSSMB, server.pss())
	}
	used := usage(server).since(before)
	r.PeakMB = server.peak()
	r.TookMs, r.CPUMs = used.wall, used.server
	r.OtherMs = max(0, used.machine-used.server-used.client)
	return r, nil
}

func measureRow(c *conn, row row, repeats int) (times, error) {
	t := times{Name: row.name}
	for i := range 1 + repeats {
		begin := time.Now()
		a, err := c.command(row.text)
		took := milliseconds(time.Since(begin))
		if err != nil {
			return t, fmt.Errorf("%s: %w", row.name, err)
		}
		if i == 0 {
			t.First, t.answer = took, a
			continue
		}
		if a != t.answer {
			return t, fmt.Errorf("%s: the answer is not the one before: %v, %v", row.name, a, t.answer)
		}
		t.Again = append(t.Again, took)
	}
	runtime.GC() // this client's, so that it does not run while the server is measured
	return t, nil
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// spent is what was used of the processors, in milliseconds.
type spent struct{ wall, machine, server, client float64 }

func usage(server processes) spent {
	var self syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &self) // fails only for a wrong first argument
	return spent{
		wall:    milliseconds(time.Duration(time.Now().UnixNano())),
		machine: machineCPU(),
		server:  server.cpu(),
		client:  milliseconds(time.Duration(self.Utime.Nano() + self.Stime.Nano())),
	}
}

func (s spent) since(b spent) spent {
	return spent{s.wall - b.wall, s.machine - b.machine, s.server - b.server, s.client - b.client}
}
