//go:build clients

package clienttest

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"os/user"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// postfix is Debian's Postfix with a configuration of its own.
type postfix struct {
	p    *peer
	grey atomic.Bool // see policy
}

func (x *postfix) start(t *testing.T, p *peer) {
	t.Helper()
	if _, err := os.Stat("/usr/sbin/postfix"); err != nil {
		t.Fatalf("no Postfix: %v; scripts/install-tools.sh installs it", err)
	}
	x.p = p
	uid, gid := mailboxOwner(t)
	p.fill(t, "main.cf", "etc/main.cf", "@POLICY@", fmt.Sprint(x.policy(t)), "@UID@", uid, "@GID@", gid)
	p.fill(t, "master.cf", "etc/master.cf")
	var users strings.Builder
	for name, folder := range peerUsers {
		fmt.Fprintf(&users, "%s@peer.test %s/\n", name, folder)
	}
	p.write(t, "users", users.String())
	for _, dir := range []string{"queue", "data", "mail"} {
		asRoot(t, "mkdir", filepath.Join(p.dir, dir))
	}
	asRoot(t, "chown", "-R", "root", filepath.Join(p.dir, "etc"), filepath.Join(p.dir, "queue"))
	asRoot(t, "chown", "postfix", filepath.Join(p.dir, "data"))
	asRoot(t, "chown", uid+":"+gid, filepath.Join(p.dir, "mail"))
	x.control(t, "postfix", "start")
	t.Cleanup(func() { x.control(t, "postfix", "stop") })
}

// mailboxOwner says whose the mailboxes are: ours, but Postfix refuses to write
// as root.
func mailboxOwner(t *testing.T) (uid, gid string) {
	t.Helper()
	u, err := user.Current()
	if err == nil && u.Uid == "0" {
		u, err = user.Lookup("nobody")
	}
	if err != nil {
		t.Fatal(err)
	}
	return u.Uid, u.Gid
}

// control runs one of Postfix's programs.
func (x *postfix) control(t *testing.T, program string, args ...string) string {
	t.Helper()
	return asRoot(t, append([]string{program, "-c", filepath.Join(x.p.dir, "etc")}, args...)...)
}

// policy answers Postfix's question, for each recipient, whether to take the
// mail. It returns the port.
func (x *postfix) policy(t *testing.T) int {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var (
		wg    sync.WaitGroup
		conns sync.Map
	)
	wg.Go(func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			conns.Store(conn, true)
			wg.Go(func() { x.decide(conn) })
		}
	})
	t.Cleanup(func() {
		ln.Close()
		conns.Range(func(conn, _ any) bool { conn.(net.Conn).Close(); return true })
		wg.Wait()
	})
	return ln.Addr().(*net.TCPAddr).Port
}

// decide answers the questions of one connection: lines of a name and a value,
// up to an empty one.
func (x *postfix) decide(conn net.Conn) {
	defer conn.Close()
	var recipient string
	for in := bufio.NewScanner(conn); in.Scan(); {
		if name, value, _ := strings.Cut(in.Text(), "="); name == "recipient" {
			recipient = value
		}
		if in.Text() != "" {
			continue
		}
		answer := "dunno"
		if x.grey.Load() && recipient == "grey@peer.test" {
			answer = "450 4.7.1 Greylisted, please try again"
		}
		fmt.Fprintf(conn, "action=%s\n\n", answer)
	}
}

func (x *postfix) greylist(_ *testing.T, on bool) { x.grey.Store(on) }

func (x *postfix) log(t *testing.T) string {
	t.Helper()
	name := filepath.Join(x.p.dir, "log")
	if _, err := os.Stat(name); err != nil {
		return ""
	}
	return asRoot(t, "cat", name)
}

func (x *postfix) waiting(t *testing.T) string { return x.control(t, "postqueue", "-p") }

func (x *postfix) hold(t *testing.T) {
	x.control(t, "postconf", "-e", "defer_transports=smtp")
	x.control(t, "postfix", "reload")
}

// flush gives the order each second until all has been sent: a queue manager
// that ends for the reload may take the order with it.
func (x *postfix) flush(t *testing.T) {
	x.control(t, "postconf", "-e", "defer_transports=")
	x.control(t, "postfix", "reload")
	eventually(t, "an empty queue of Postfix", func() bool {
		x.control(t, "postqueue", "-f")
		for range 5 {
			if strings.Contains(x.waiting(t), "queue is empty") {
				return true
			}
			time.Sleep(200 * time.Millisecond)
		}
		return false
	})
}

func (x *postfix) burst() int { return 1000 }

func (x *postfix) tells() logLines {
	return logLines{
		tlsIn: "TLS connection established from", tlsOut: "TLS connection established to 127.0.0.1",
		chunksIn: " LAST", reused: "conn_use=", unknown: "5.1.1",
	}
}
