package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
)

// printTables reads results, in the order of the turns, and prints them.
func printTables(files []string) error {
	var all []result
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		var r result
		if err := json.Unmarshal(content, &r); err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		all = append(all, r)
	}
	writeTables(os.Stdout, merge(all))
	return nil
}

// merge makes one result of all turns of a server: the first time is that of
// the first turn, when nothing was known of the messages.
func merge(turns []result) []result {
	var merged []result
	for _, t := range turns {
		i := slices.IndexFunc(merged, func(r result) bool { return r.Label == t.Label })
		if i < 0 {
			merged = append(merged, t)
			continue
		}
		r := &merged[i]
		for k := range r.Rows {
			r.Rows[k].Again = append(r.Rows[k].Again, t.Rows[k].Again...)
		}
		r.PeakMB, r.PSSMB = max(r.PeakMB, t.PeakMB), max(r.PSSMB, t.PSSMB)
		r.OtherMs, r.TookMs = r.OtherMs+t.OtherMs, r.TookMs+t.TookMs
		r.CPUMs += t.CPUMs
	}
	return merged
}

func writeTables(w io.Writer, servers []result) {
	writeAgain(w, servers)
	writeFirst(w, servers)
	writeServers(w, servers)
	writeDifferences(w, servers)
}

// writeAgain is the table of commands that are repeated.
func writeAgain(w io.Writer, servers []result) {
	fmt.Fprintf(w, "Milliseconds for a command and all of its answer, median (lowest–highest) of %d:\n\n",
		len(servers[0].Rows[0].Again))
	writeHead(w, "command | messages", servers, "ratio")
	for i, row := range servers[0].Rows {
		fmt.Fprintf(w, "| %s | %d |", row.Name, row.Hits)
		var medians []float64
		for _, s := range servers {
			again := s.Rows[i].Again
			medians = append(medians, median(again))
			fmt.Fprintf(w, " %s (%s–%s) |", number(median(again)), number(slices.Min(again)), number(slices.Max(again)))
		}
		fmt.Fprintf(w, " %s |\n", ratio(medians))
	}
}

// writeFirst is the table of commands given for the first time.
func writeFirst(w io.Writer, servers []result) {
	fmt.Fprint(w, "\nThe first time, after the start of a server that has only stored the messages, in this order:\n\n")
	writeHead(w, "command", servers, "ratio")
	for i, row := range servers[0].Rows {
		fmt.Fprintf(w, "| %s |", row.Name)
		var first []float64
		for _, s := range servers {
			first = append(first, s.Rows[i].First)
			fmt.Fprintf(w, " %s |", number(s.Rows[i].First))
		}
		fmt.Fprintf(w, " %s |\n", ratio(first))
	}
}

// writeServers is the table of what the servers took.
func writeServers(w io.Writer, servers []result) {
	fmt.Fprintln(w)
	writeHead(w, "", servers)
	for _, line := range []struct {
		name  string
		value func(result) float64
	}{
		{"most resident memory of one process, MB", func(r result) float64 { return r.PeakMB }},
		{"most PSS of all processes after a command, MB", func(r result) float64 { return r.PSSMB }},
		{"CPU seconds of the server", func(r result) float64 { return r.CPUMs / 1000 }},
		{"processors taken by anything else meanwhile", func(r result) float64 { return r.OtherMs / r.TookMs }},
	} {
		fmt.Fprintf(w, "| %s |", line.name)
		for _, s := range servers {
			fmt.Fprintf(w, " %s |", number(line.value(s)))
		}
		fmt.Fprintln(w)
	}
}

// writeDifferences says where servers gave different answers.
func writeDifferences(w io.Writer, servers []result) {
	var lines []string
	for i, row := range servers[0].Rows {
		for _, s := range servers[1:] {
			if d := difference(row.answer, s.Rows[i].answer); d != "" {
				lines = append(lines, fmt.Sprintf("- %s, %s and %s: %s\n", row.Name, servers[0].Label, s.Label, d))
			}
		}
	}
	if len(lines) == 0 {
		fmt.Fprint(w, "\nAll gave the same answers: the same numbers in the same order, and the same texts.\n")
		return
	}
	fmt.Fprintf(w, "\nAll gave the same answers, but for\n\n%s", strings.Join(lines, ""))
}

func difference(a, b answer) string {
	switch {
	case a.Hits != b.Hits:
		return fmt.Sprintf("%d messages and %d", a.Hits, b.Hits)
	case a.Order != b.Order:
		return "another order"
	case a.Contents != b.Contents:
		return "other octets"
	}
	return ""
}

func writeHead(w io.Writer, first string, servers []result, more ...string) {
	columns := []string{first}
	for _, s := range servers {
		columns = append(columns, s.Label)
	}
	columns = append(columns, more...)
	head := strings.Join(columns, " | ")
	fmt.Fprintf(w, "| %s |\n|---|%s\n", head, strings.Repeat("---:|", strings.Count(head, "|")))
}

// ratio is how many times faster the first is than the best of the others.
func ratio(ms []float64) string {
	if len(ms) < 2 {
		return "–"
	}
	return number(slices.Min(ms[1:]) / ms[0])
}

func median(values []float64) float64 {
	v := slices.Sorted(slices.Values(values))
	return (v[(len(v)-1)/2] + v[len(v)/2]) / 2
}

// number has three digits that count.
func number(v float64) string {
	switch {
	case v < 10:
		return fmt.Sprintf("%.2f", v)
	case v < 100:
		return fmt.Sprintf("%.1f", v)
	}
	return fmt.Sprintf("%.0f", v)
}
