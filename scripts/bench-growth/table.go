package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// columns are what is measured, in the order of the tables.
var columns = []struct{ name, title string }{
	{"start", "start of the server"},
	{"first", "first SELECT"},
	{"select", "SELECT"},
	{"flags", "FETCH flags of the newest 100"},
	{"store", "UID STORE of one"},
	{"firstmail", "deliver to an account without mail"},
	{"deliver", "deliver by SMTP"},
	{"idle", "deliver, until IDLE tells"},
}

// A curve is one of the two things that grow.
type curve struct {
	Title  string
	Points []point
}

// A point has the medians at one size.
type point struct {
	N        int
	Times    map[string]time.Duration
	Resident float64 // MB, after all of it
}

func (p *point) set(name string, d time.Duration) {
	if p.Times == nil {
		p.Times = make(map[string]time.Duration)
	}
	p.Times[name] = d
}

// time does something several times and keeps the median.
func (p *point) time(name string, times int, do func(i int) error) error {
	took := make([]time.Duration, 0, times)
	for i := range times {
		began := time.Now()
		if err := do(i); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		took = append(took, time.Since(began))
	}
	p.set(name, median(took))
	return nil
}

// markdown is a table with a row for each thing measured, in milliseconds.
func (c curve) markdown() string {
	if len(c.Points) == 0 {
		return ""
	}
	var b strings.Builder
	fmt.Fprintf(&b, "| milliseconds, by %s |", c.Title)
	for _, p := range c.Points {
		fmt.Fprintf(&b, " %s |", thousands(p.N))
	}
	b.WriteString("\n|---|" + strings.Repeat("---:|", len(c.Points)) + "\n")
	for _, column := range columns {
		if c.Points[0].Times[column.name] == 0 && c.Points[len(c.Points)-1].Times[column.name] == 0 {
			continue // not measured here
		}
		fmt.Fprintf(&b, "| %s |", column.title)
		for _, p := range c.Points {
			fmt.Fprintf(&b, " %s |", milliseconds(p.Times[column.name]))
		}
		b.WriteString("\n")
	}
	b.WriteString("| resident memory then, MB |")
	for _, p := range c.Points {
		fmt.Fprintf(&b, " %.0f |", p.Resident)
	}
	b.WriteString("\n")
	return b.String()
}

// milliseconds has three digits that count, and nothing for what was not
// measured.
func milliseconds(d time.Duration) string {
	ms := float64(d) / float64(time.Millisecond)
	switch {
	case d == 0:
		return ""
	case ms >= 100:
		return strconv.FormatFloat(ms, 'f', 0, 64)
	case ms >= 10:
		return strconv.FormatFloat(ms, 'f', 1, 64)
	case ms >= 1:
		return strconv.FormatFloat(ms, 'f', 2, 64)
	}
	return strconv.FormatFloat(ms, 'f', 3, 64)
}

// thousands groups digits: 1 000 000.
func thousands(n int) string {
	text := strconv.Itoa(n)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + " " + text[i:]
	}
	return text
}
