//go:build clients

package clienttest

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// eximBinary is where scripts/install-exim.sh puts Exim: Debian cannot install
// it beside Postfix.
const eximBinary = "../../bin/exim/usr/sbin/exim4"

// exim is Debian's Exim with a configuration of its own.
type exim struct{ p *peer }

func (x *exim) start(t *testing.T, p *peer) {
	t.Helper()
	program, err := os.ReadFile(eximBinary)
	if err != nil {
		t.Fatalf("no Exim: %v; scripts/install-tools.sh fetches it", err)
	}
	x.p = p
	// A copy where its own user can run it.
	p.write(t, "exim", string(program))
	p.fill(t, "exim.conf", "exim.conf")
	var users strings.Builder
	for name, folder := range peerUsers {
		fmt.Fprintf(&users, "%s: %s\n", name, folder)
	}
	p.write(t, "users", users.String())
	asRoot(t, "mkdir", filepath.Join(p.dir, "spool"), filepath.Join(p.dir, "mail"))
	asRoot(t, "chown", "-R", "Debian-exim", p.dir)
	asRoot(t, "chown", "root", filepath.Join(p.dir, "exim.conf"))
	x.run(t)
}

// run starts the daemon in a process group of its own, with which all that it
// has begun ends too.
func (x *exim) run(t *testing.T) {
	t.Helper()
	args := x.command("-bdf", "-oX", "127.0.0.1."+fmt.Sprint(x.p.port))
	if os.Getuid() != 0 {
		args = append([]string{"sudo", "-n"}, args...)
	}
	cmd := exec.Command(args[0], args[1:]...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		asRoot(t, "kill", "-TERM", "--", strconv.Itoa(-cmd.Process.Pid))
		cmd.Wait()
		// What still logs would make the folder again.
		eventually(t, "the end of all that Exim began", func() bool {
			return errors.Is(syscall.Kill(-cmd.Process.Pid, 0), syscall.ESRCH)
		})
	})
}

func (x *exim) command(args ...string) []string {
	return append([]string{filepath.Join(x.p.dir, "exim"), "-C", filepath.Join(x.p.dir, "exim.conf")}, args...)
}

func (x *exim) greylist(t *testing.T, on bool) { x.flag(t, "greylist", on) }

// flag makes or removes a file that the configuration looks for.
func (x *exim) flag(t *testing.T, name string, on bool) {
	t.Helper()
	name = filepath.Join(x.p.dir, name)
	if on {
		asRoot(t, "touch", name)
	} else {
		asRoot(t, "rm", "-f", name)
	}
}

func (x *exim) log(t *testing.T) string {
	t.Helper()
	name := filepath.Join(x.p.dir, "mainlog")
	if _, err := os.Stat(name); err != nil {
		return ""
	}
	return asRoot(t, "cat", name)
}

func (x *exim) waiting(t *testing.T) string { return asRoot(t, x.command("-bp")...) }

func (x *exim) hold(t *testing.T) { x.flag(t, "hold", true) }

// flush routes all first, so that messages for one host share connections.
func (x *exim) flush(t *testing.T) {
	x.flag(t, "hold", false)
	asRoot(t, x.command("-qqff")...)
}

// burst: each message is several processes.
func (x *exim) burst() int { return 100 }

func (x *exim) tells() logLines {
	return logLines{
		tlsIn: "P=esmtps X=TLS", tlsOut: "T=next H=127.0.0.1 [127.0.0.1] X=TLS", chunksIn: " K ", chunksOut: " K C=",
		reused: "[127.0.0.1]* ", unknown: "5.0.0", // it says no more than 550
	}
}
