//go:build clients

package clienttest

import (
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// A smallDisk is a file system of its own that a test can fill.
type smallDisk struct {
	t    *testing.T
	path string
}

// mountDisk mounts a file system of that many MB until the test ends.
func mountDisk(t *testing.T, megabytes int) *smallDisk {
	t.Helper()
	d := &smallDisk{t: t, path: t.TempDir()}
	d.root("mount", "-t", "tmpfs", "-o", fmt.Sprintf("size=%dm,mode=0700,uid=%d", megabytes, os.Getuid()), "tmpfs", d.path)
	t.Cleanup(func() { d.root("umount", d.path) })
	return d
}

// root runs a command that only root may.
func (d *smallDisk) root(args ...string) {
	d.t.Helper()
	if os.Getuid() != 0 {
		args = append([]string{"sudo", "-n"}, args...)
	}
	if out, err := exec.Command(args[0], args[1:]...).CombinedOutput(); err != nil {
		d.t.Fatalf("%q: %v\n%s", args, err, out)
	}
}

func (d *smallDisk) filler() string { return filepath.Join(d.path, "filler") }

// fill takes all the room there is.
func (d *smallDisk) fill() {
	d.t.Helper()
	f, err := os.OpenFile(d.filler(), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		d.t.Fatal(err)
	}
	defer f.Close()
	for _, size := range []int{1 << 20, 4096} {
		chunk := make([]byte, size)
		for err = nil; err == nil; {
			_, err = f.Write(chunk)
		}
		if !isFull(err) {
			d.t.Fatal(err)
		}
	}
}

func isFull(err error) bool {
	pe, ok := err.(*os.PathError)
	return ok && pe.Err == syscall.ENOSPC
}

// free gives the room back.
func (d *smallDisk) free() {
	d.t.Helper()
	if err := os.Remove(d.filler()); err != nil {
		d.t.Fatal(err)
	}
}

// startServerOn runs a server whose data are on the disk. It ends before the
// disk is unmounted.
func startServerOn(t *testing.T, d *smallDisk) *server {
	t.Helper()
	s := newServer(t)
	s.data = filepath.Join(d.path, "data")
	s.begin(t)
	return s
}

// incompressible returns a body of about that many KB that no compression makes
// smaller, different for each seed.
func incompressible(seed, kilobytes int) string {
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
	state := uint64(seed)*2862933555777941757 + 3037000493
	var b strings.Builder
	for b.Len() < kilobytes<<10 {
		for range 76 {
			state = state*6364136223846793005 + 1442695040888963407
			b.WriteByte(letters[state>>58])
		}
		b.WriteString("\r\n")
	}
	return b.String()
}

func numbered(n, kilobytes int) string {
	return fmt.Sprintf("Subject: number %d\r\n\r\n%s", n, incompressible(n, kilobytes))
}

// inbox returns the subjects in a user's mailbox, in order.
func (s *server) inbox(t *testing.T, user string) []string {
	t.Helper()
	return mailboxSubjects(s.imapSession(t, "imap", user), "INBOX")
}

var numberedSubject = regexp.MustCompile(`Subject: (number \d+)`)

func mailboxSubjects(w *wire, mailbox string) []string {
	w.t.Helper()
	w.ok("EXAMINE %s", mailbox)
	var found []string
	for _, m := range numberedSubject.FindAllStringSubmatch(strings.Join(w.ok("UID FETCH 1:* BODY.PEEK[HEADER.FIELDS (SUBJECT)]"), "\n"), -1) {
		found = append(found, m[1])
	}
	return found
}

// TestDiskFull fills the disk under a running server. All that was acknowledged
// stays readable, what is refused is not there, and the server goes on when
// there is room again, and after a restart.
func TestDiskFull(t *testing.T) {
	t.Parallel()
	disk := mountDisk(t, 96)
	s := startServerOn(t, disk)
	var acked []string
	mail := s.smtpSession(t, "smtp")
	n := 0
	deliver := func(kilobytes int) string {
		n++
		reply := mail.deliver(alice, numbered(n, kilobytes))
		if strings.HasPrefix(reply, "250 ") {
			acked = append(acked, fmt.Sprintf("number %d", n))
		}
		return reply
	}
	for range 10 {
		if reply := deliver(20); !strings.HasPrefix(reply, "250 ") {
			t.Fatal(reply)
		}
	}
	reader := s.imapSession(t, "imap", alice)
	reader.ok("SELECT INBOX")
	disk.fill()

	t.Run("DATA", func(t *testing.T) {
		for _, kilobytes := range []int{1, 20, 2000} {
			if reply := deliverUntilRefused(t, deliver, kilobytes); !strings.HasPrefix(reply, "452 4.3.1") {
				t.Errorf("%d KB: %s", kilobytes, reply)
			}
			disk.fill() // what the store had kept back, too
		}
	})
	t.Run("LMTP", func(t *testing.T) {
		w := s.smtpSession(t, "lmtp")
		w.smtpOK("MAIL FROM:<c@elsewhere.test>", "250", "RCPT TO:<"+alice+">", "250", "RCPT TO:<"+bob+">", "250", "DATA", "354")
		w.send("%s\r\n.\r\n", numbered(9000, 20))
		w.expect("452 4.3.1")
		w.expect("452 4.3.1")
	})
	t.Run("submission", func(t *testing.T) {
		w := s.smtpSession(t, "submission")
		w.smtpOK("MAIL FROM:<"+alice+">", "250", "RCPT TO:<far@elsewhere.test>", "250", "DATA", "354")
		w.send("From: %s\r\n%s\r\n.\r\n", alice, numbered(9001, 20))
		w.expect("452 4.3.1")
	})
	t.Run("APPEND", func(t *testing.T) {
		for _, kilobytes := range []int{20, 2000} {
			body := numbered(9002, kilobytes)
			noRoom(t, reader.answer("APPEND INBOX {%d+}\r\n%s", len(body), body))
		}
	})
	t.Run("COPY", func(t *testing.T) {
		noRoom(t, untilNo(t, reader, "COPY 1:* Archive"))
		noRoom(t, untilNo(t, reader, "MOVE 1 Archive"))
		noRoom(t, untilNo(t, reader, "CREATE made-%d"))
	})
	t.Run("reads", func(t *testing.T) {
		if got := s.inbox(t, alice); !slices.Equal(got, acked) {
			t.Errorf("got %q, want %q", got, acked)
		}
		body := strings.Join(reader.ok("FETCH 3 BODY.PEEK[]"), "\r\n")
		contains(t, body, strings.TrimSuffix(incompressible(3, 20), "\r\n"))
		w := s.pop3Session(t, "pop3", alice)
		w.send("STAT\r\nRETR 1\r\n")
		w.expect(fmt.Sprintf("+OK %d ", len(acked)))
		w.expect("+OK")
		w.upTo(".")
	})

	disk.free()
	t.Run("room again", func(t *testing.T) {
		if reply := deliver(20); !strings.HasPrefix(reply, "250 ") {
			t.Error(reply)
		}
		reader.ok("COPY 1 Archive")
		body := numbered(n+1, 20)
		n++
		reader.ok("APPEND INBOX {%d+}\r\n%s", len(body), body)
		acked = append(acked, fmt.Sprintf("number %d", n))
		if got := s.inbox(t, alice); !slices.Equal(got, acked) {
			t.Errorf("got %q, want %q", got, acked)
		}
	})
	s.stop(t)
	s.start(t)
	if got := s.inbox(t, alice); !slices.Equal(got, acked) {
		t.Errorf("after a restart: got %q, want %q", got, acked)
	}
}

// deliverUntilRefused uses up what room the store has kept back.
func deliverUntilRefused(t *testing.T, deliver func(int) string, kilobytes int) string {
	t.Helper()
	for range 200 {
		if reply := deliver(kilobytes); !strings.HasPrefix(reply, "250 ") {
			return reply
		}
	}
	t.Fatal("200 messages were accepted on a full disk")
	return ""
}

// untilNo repeats a command until it fails.
func untilNo(t *testing.T, w *wire, command string) string {
	t.Helper()
	for i := range 2000 {
		c := command
		if strings.Contains(c, "%d") {
			c = fmt.Sprintf(c, i)
		}
		if answer := w.answer("%s", c); !strings.HasPrefix(answer, "OK") {
			return answer
		}
	}
	t.Fatalf("%s succeeded 2000 times on a full disk", command)
	return ""
}

func noRoom(t *testing.T, answer string) {
	t.Helper()
	if !strings.HasPrefix(answer, "NO [OVERQUOTA]") && !strings.HasPrefix(answer, "NO [UNAVAILABLE]") && !strings.HasPrefix(answer, "NO [LIMIT]") {
		t.Errorf("the answer is %q", answer)
	}
}

// TestKillOnFullDisk kills the server with SIGKILL while its disk is full and
// clients deliver, and starts it again: on the full disk, and with room.
func TestKillOnFullDisk(t *testing.T) {
	t.Parallel()
	disk := mountDisk(t, 96)
	s := startServerOn(t, disk)
	mail := s.smtpSession(t, "smtp")
	var acked []string
	for n := range 20 {
		if n == 10 {
			disk.fill()
		}
		if strings.HasPrefix(mail.deliver(alice, numbered(n, 200)), "250 ") {
			acked = append(acked, fmt.Sprintf("number %d", n))
		}
	}
	mail.smtpOK("MAIL FROM:<c@elsewhere.test>", "250", "RCPT TO:<"+alice+">", "250", "DATA", "354")
	io.WriteString(mail.conn, numbered(99, 500))
	disk.fill() // what the store had kept back, too
	s.kill(t)

	s.start(t)
	if got := s.inbox(t, alice); !slices.Equal(got, acked) {
		t.Errorf("on the full disk: got %q, want %q", got, acked)
	}
	disk.fill() // what the start has tidied up
	if reply := s.smtpSession(t, "smtp").deliver(alice, numbered(99, 500)); !strings.HasPrefix(reply, "452 ") {
		t.Errorf("on the full disk: %s", reply)
	}
	s.kill(t)
	disk.free()
	s.start(t)
	if got := s.inbox(t, alice); !slices.Equal(got, acked) {
		t.Errorf("with room: got %q, want %q", got, acked)
	}
	if reply := s.smtpSession(t, "smtp").deliver(alice, numbered(100, 20)); !strings.HasPrefix(reply, "250 ") {
		t.Error(reply)
	}
}

// TestDiskFullAndAgain fills and frees the disk over and over while clients
// deliver and change flags. What they may do while there is room is bounded,
// however long that is: else their mail fills the disk, and there is none again.
func TestDiskFullAndAgain(t *testing.T) {
	t.Parallel()
	const perRound = 100 // messages, and changes of all flags
	disk := mountDisk(t, 256)
	s := startServerOn(t, disk)
	var (
		mu      sync.Mutex
		acked   []string
		refused int
		wg      sync.WaitGroup
	)
	if reply := s.smtpSession(t, "smtp").deliver(alice, numbered(0, 1)); !strings.HasPrefix(reply, "250 ") {
		t.Fatal(reply)
	}
	acked = append(acked, "number 0")
	var mail, changes atomic.Int64 // what may still be done
	mail.Store(perRound)
	stop := make(chan struct{})
	busy := func(left *atomic.Int64, work func(i int)) {
		wg.Go(func() {
			for i := 0; ; {
				select {
				case <-stop:
					return
				default:
				}
				if left.Load() <= 0 {
					time.Sleep(time.Millisecond)
					continue
				}
				work(i)
				i++
			}
		})
	}
	for worker := range 6 {
		w := s.smtpSession(t, "smtp")
		busy(&mail, func(i int) {
			if i%20 == 19 { // the server loses patience with who only fails
				w.smtpOK("QUIT", "221")
				w = s.smtpSession(t, "smtp")
			}
			id := (worker+1)*1_000_000 + i
			w.send("MAIL FROM:<c@elsewhere.test>\r\nRCPT TO:<%s>\r\nDATA\r\n", alice)
			w.expect("250")
			w.expect("250")
			w.expect("354")
			w.send("%s\r\n.\r\n", numbered(id, 1+i%7*10))
			reply := w.reply()
			mu.Lock()
			defer mu.Unlock()
			switch {
			case strings.HasPrefix(reply, "250 "):
				acked = append(acked, fmt.Sprintf("number %d", id))
				mail.Add(-1)
			case strings.HasPrefix(reply, "452 "):
				refused++
			default:
				t.Errorf("reply %q", reply)
			}
		})
	}
	flags := s.imapSession(t, "imap", alice)
	flags.ok("SELECT INBOX")
	busy(&changes, func(i int) {
		changes.Add(-1)
		for _, c := range []string{"STORE 1:* FLAGS.SILENT (k%d)", "CREATE c%d", "DELETE c%d"} {
			if a := flags.answer(c, i); !strings.HasPrefix(a, "OK ") && !strings.HasPrefix(a, "NO ") {
				t.Errorf("%s: %s", c, a)
			}
		}
	})
	count := func(n *int) int {
		mu.Lock()
		defer mu.Unlock()
		return *n
	}
	for range 8 {
		changes.Store(perRound)
		disk.fill()
		mail.Store(math.MaxInt64)
		before := count(&refused)
		eventually(t, "refusals", func() bool { return count(&refused) > before+20 })
		mail.Store(perRound)
		disk.free()
		mu.Lock()
		enough := len(acked) + 20
		mu.Unlock()
		eventually(t, "deliveries", func() bool {
			mu.Lock()
			defer mu.Unlock()
			return len(acked) > enough
		})
	}
	close(stop)
	wg.Wait()
	t.Logf("%d acknowledged, %d refused", len(acked), refused)
	check := func(when string) {
		found := s.inbox(t, alice)
		slices.Sort(found)
		slices.Sort(acked)
		if !slices.Equal(found, acked) {
			t.Errorf("%s: %d messages, want %d", when, len(found), len(acked))
		}
	}
	check("before a restart")
	s.kill(t)
	s.start(t)
	check("after a restart")
}
