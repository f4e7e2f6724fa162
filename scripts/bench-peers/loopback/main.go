// Loopback measures how many bytes a processor can copy through a loopback
// connection, with sender and receiver on the same one: run it under
// `taskset -c 0`. The result has the form of those of `mailbench machine`.
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"time"
)

// block is the size of one write: that of a generous buffer of a server.
const block = 64 << 10

// A result is the part of a mailbench result that its compare command needs.
type result struct {
	Label     string  `json:"label"`
	Workload  string  `json:"workload"`
	Phase     string  `json:"phase"`
	Seconds   float64 `json:"seconds"`
	Bytes     int64   `json:"bytes"`
	OpsPerSec float64 `json:"ops_per_s"`
	MBPerSec  float64 `json:"mb_per_s"`
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "loopback:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) != 1 {
		return fmt.Errorf("usage: loopback DURATION")
	}
	long, err := time.ParseDuration(args[0])
	if err != nil {
		return err
	}
	sent, took, err := copyThrough(long)
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode([]result{{
		Label: "machine", Workload: "machine", Phase: "loopback-one-core",
		Seconds: took.Seconds(), Bytes: sent,
		OpsPerSec: float64(sent/block) / took.Seconds(),
		MBPerSec:  float64(sent) / took.Seconds() / 1e6,
	}})
}

// copyThrough sends for a while and counts what arrives at the other end.
func copyThrough(long time.Duration) (int64, time.Duration, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, 0, err
	}
	defer ln.Close()
	start := time.Now()
	sender := make(chan error, 1)
	go func() { sender <- send(ln.Addr(), start.Add(long)) }()
	conn, err := ln.Accept()
	if err != nil {
		return 0, 0, err
	}
	defer conn.Close()
	received, err := receive(conn)
	if err != nil {
		return 0, 0, err
	}
	return received, time.Since(start), <-sender
}

func send(to net.Addr, deadline time.Time) error {
	conn, err := net.Dial(to.Network(), to.String())
	if err != nil {
		return err
	}
	defer conn.Close()
	buf := make([]byte, block)
	for time.Now().Before(deadline) {
		if _, err := conn.Write(buf); err != nil {
			return err
		}
	}
	return nil
}

// receive reads into one buffer: io.Copy would let the kernel splice.
func receive(conn net.Conn) (int64, error) {
	buf := make([]byte, block)
	var sum int64
	for {
		n, err := conn.Read(buf)
		sum += int64(n)
		if err == io.EOF {
			return sum, nil
		}
		if err != nil {
			return sum, err
		}
	}
}
