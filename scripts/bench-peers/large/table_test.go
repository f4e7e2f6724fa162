package main

import (
	"strings"
	"testing"
)

func TestTables(t *testing.T) {
	t.Parallel()
	turn := func(label string, hits int, first float64, again ...float64) result {
		return result{Label: label, Messages: 5, PeakMB: first, TookMs: 1000, OtherMs: 100, CPUMs: 500,
			Rows: []times{{Name: "UID SEARCH ALL", First: first, Again: again, answer: answer{Hits: hits}}}}
	}
	var b strings.Builder
	writeTables(&b, merge([]result{
		turn("Mailstead", 5, 40, 10, 20), turn("Dovecot", 4, 80, 60, 60),
		turn("Mailstead", 5, 1, 30, 40), turn("Dovecot", 4, 90, 40, 60),
	}))
	for _, want := range []string{
		"median (lowest–highest) of 4:",
		"| command | messages | Mailstead | Dovecot | ratio |\n|---|---:|---:|---:|---:|\n",
		"| UID SEARCH ALL | 5 | 25.0 (10.0–40.0) | 60.0 (40.0–60.0) | 2.40 |\n",
		"| UID SEARCH ALL | 40.0 | 80.0 | 2.00 |\n",
		"| most resident memory of one process, MB | 40.0 | 90.0 |\n",
		"| CPU seconds of the server | 1.00 | 1.00 |\n",
		"| processors taken by anything else meanwhile | 0.10 | 0.10 |\n",
		"- UID SEARCH ALL, Mailstead and Dovecot: 5 messages and 4\n",
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no line %q in\n%s", want, b.String())
		}
	}
}
