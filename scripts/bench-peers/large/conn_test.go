package main

import (
	"bufio"
	"context"
	"io"
	"net"
	"testing"
)

// serve answers each command of a client with the next of the replies, and
// then ends the connection.
func serve(t *testing.T, replies ...string) *conn {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		nc, err := ln.Accept()
		if err != nil {
			return
		}
		defer nc.Close()
		_, _ = io.WriteString(nc, "* OK [CAPABILITY IMAP4rev1 LITERAL+] hello\r\n")
		commands := bufio.NewScanner(nc)
		for _, reply := range append([]string{"t1 OK in\r\n"}, replies...) {
			commands.Scan()
			_, _ = io.WriteString(nc, reply)
		}
	}()
	c, err := dial(context.Background(), ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.close(); ln.Close(); <-done })
	return c
}

func TestAnswers(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, reply string
		hits        int
		failed      bool
	}{
		{"select", "* FLAGS (\\Seen)\r\n* 12 EXISTS\r\n* OK [UIDNEXT 13] next\r\nt2 OK done\r\n", 12, false},
		{"search", "* SEARCH 1 20 300\r\nt2 OK done\r\n", 3, false},
		{"nothing found", "* SEARCH\r\nt2 OK done\r\n", 0, false},
		{"thread", "* THREAD (1 2)(3 (4)(55 6))\r\nt2 OK done\r\n", 6, false},
		{"fetch", "* 1 FETCH (FLAGS ())\r\n* 2 FETCH (BODY[] {4}\r\na\r\n) UID 2)\r\nt2 OK done\r\n", 2, false},
		{"refused", "* SEARCH 1\r\nt2 NO not now\r\n", 0, true},
		{"broken off in a literal", "* 1 FETCH (BODY[] {4}\r\na", 0, true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			c := serve(t, test.reply)
			a, err := c.command("X")
			if (err != nil) != test.failed || err == nil && a.Hits != test.hits {
				t.Errorf("got %+v, %v", a, err)
			}
		})
	}
}

func TestAnswersDiffer(t *testing.T) {
	t.Parallel()
	c := serve(t, "* SORT 1 2\r\nt2 OK\r\n", "* SORT 2 1\r\nt3 OK\r\n", "* 1 FETCH (BODY[] {1}\r\na)\r\nt4 OK\r\n",
		"* 1 FETCH (BODY[] {1}\r\nb)\r\nt5 OK\r\n")
	var got []answer
	for range 4 {
		a, err := c.command("X")
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, a)
	}
	for i, want := range []string{"another order", "other octets"} {
		if d := difference(got[2*i], got[2*i+1]); d != want {
			t.Errorf("the difference is %q, want %q", d, want)
		}
	}
	if d := difference(got[0], got[0]); d != "" {
		t.Errorf("differs from itself: %s", d)
	}
}
