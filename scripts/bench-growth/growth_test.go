package main

import (
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"
	"time"
)

func TestMilliseconds(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0:                         "",
		1500 * time.Nanosecond:    "0.002",
		2345 * time.Microsecond:   "2.35",
		23456 * time.Microsecond:  "23.5",
		234567 * time.Microsecond: "235",
	} {
		if got := milliseconds(d); got != want {
			t.Errorf("milliseconds(%v) = %q, want %q", d, got, want)
		}
	}
}

func TestThousands(t *testing.T) {
	for n, want := range map[int]string{10: "10", 1000: "1 000", 1000000: "1 000 000"} {
		if got := thousands(n); got != want {
			t.Errorf("thousands(%d) = %q, want %q", n, got, want)
		}
	}
}

func TestPlotHasALineForEachColumn(t *testing.T) {
	c := curve{Title: "accounts"}
	for _, n := range []int{10, 1000} {
		p := point{N: n}
		for _, column := range columns {
			p.set(column.name, time.Duration(n)*time.Microsecond)
		}
		c.Points = append(c.Points, p)
	}
	picture := plot(c)
	if got := strings.Count(picture, "<polyline"); got != len(columns) {
		t.Errorf("%d lines, want %d", got, len(columns))
	}
	for d := xml.NewDecoder(strings.NewReader(picture)); ; {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			t.Fatalf("no SVG: %v", err)
		}
	}
}

func TestNumbers(t *testing.T) {
	if got, err := numbers("10,1000"); err != nil || len(got) != 2 || got[1] != 1000 {
		t.Errorf("numbers: %v, %v", got, err)
	}
	for _, bad := range []string{"x", "1", "10,,-5"} {
		if _, err := numbers(bad); err == nil {
			t.Errorf("numbers(%q): no error", bad)
		}
	}
}
