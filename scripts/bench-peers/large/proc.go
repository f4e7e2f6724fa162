package main

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// tickMs is the unit of the times in /proc, in milliseconds: 100 a second on
// every Linux platform that Go supports.
const tickMs = 10

// processes are files with the ids of a server's first processes; what they
// have started belongs to it.
type processes []string

// peak is the most resident memory that one process ever had, in MB.
func (p processes) peak() float64 {
	most := 0.0
	for _, pid := range p.tree() {
		most = max(most, megabytes("/proc/"+pid+"/status", "VmHWM:"))
	}
	return most
}

// pss is the memory of all processes, in MB, with shared pages counted once.
func (p processes) pss() float64 {
	sum := 0.0
	for _, pid := range p.tree() {
		sum += megabytes("/proc/"+pid+"/smaps_rollup", "Pss:")
	}
	return sum
}

// cpu is the time of all processes, and of those that they have waited for.
func (p processes) cpu() float64 {
	ticks := 0.0
	for _, pid := range p.tree() {
		if f := stat(pid); f != nil {
			ticks += sum(f[11:15]) // utime, stime, cutime, cstime
		}
	}
	return ticks * tickMs
}

// tree is the process ids of the server.
func (p processes) tree() []string {
	var pids []string
	for _, file := range p {
		content, _ := os.ReadFile(file)
		pids = append(pids, strings.Fields(string(content))...)
	}
	children := childrenOf()
	for i := 0; i < len(pids); i++ {
		for _, child := range children[pids[i]] {
			if !slices.Contains(pids, child) {
				pids = append(pids, child)
			}
		}
	}
	return pids
}

func childrenOf() map[string][]string {
	children := make(map[string][]string)
	entries, _ := filepath.Glob("/proc/[0-9]*")
	for _, entry := range entries {
		pid := filepath.Base(entry)
		if f := stat(pid); f != nil {
			children[f[1]] = append(children[f[1]], pid)
		}
	}
	return children
}

// stat is the fields of /proc/PID/stat after the name, which may have spaces;
// nil if the process has ended.
func stat(pid string) []string {
	content, _ := os.ReadFile("/proc/" + pid + "/stat")
	_, after, found := strings.Cut(string(content), ") ")
	if f := strings.Fields(after); found && len(f) > 15 {
		return f
	}
	return nil
}

// machineCPU is how long all processors together have been busy.
func machineCPU() float64 {
	content, _ := os.ReadFile("/proc/stat")
	line, _, _ := strings.Cut(string(content), "\n")
	f := strings.Fields(line)
	if len(f) < 9 {
		return 0
	}
	return (sum(f[1:4]) + sum(f[6:9])) * tickMs // without idle and iowait
}

func sum(numbers []string) float64 {
	s := 0.0
	for _, n := range numbers {
		v, _ := strconv.ParseFloat(n, 64)
		s += v
	}
	return s
}

// megabytes reads a line of kilobytes from a file of /proc.
func megabytes(file, key string) float64 {
	content, _ := os.ReadFile(file)
	for line := range strings.Lines(string(content)) {
		if rest, ok := strings.CutPrefix(line, key); ok {
			f := strings.Fields(rest)
			return sum(f[:min(1, len(f))]) * 1024 / 1e6
		}
	}
	return 0
}
