package pop3session_test

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/mailstead/mailstead/address"
	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/internal/face/pop3session"
	"github.com/mailstead/mailstead/internal/flow/login"
	"github.com/mailstead/mailstead/internal/flow/retrieval"
	"github.com/mailstead/mailstead/internal/mailtest"
	"github.com/mailstead/mailstead/internal/model/directory"
	"github.com/mailstead/mailstead/internal/model/maildrop"
	"github.com/mailstead/mailstead/internal/model/mailstore"
	"github.com/mailstead/mailstead/internal/platform/storage/embedded"
	"github.com/mailstead/mailstead/pop3/pop3server"
)

// A depot is a POP3 server on an embedded store, with one large maildrop.
type depot struct {
	address  string
	messages int
}

// newDepot fills the maildrop of ann with messages of about size octets.
func newDepot(b *testing.B, messages, size int) *depot {
	store, err := embedded.Open("store", embedded.Options{FS: vfs.NewMem(), BallastSize: 1 << 10})
	if err != nil {
		b.Fatal(err)
	}
	mail := mailstore.New(store, mailstore.Options{})
	b.Cleanup(func() {
		mail.Close()
		store.Close()
	})
	o := directory.DefaultOptions()
	o.Argon2 = directory.Argon2{MemoryKiB: 64, Passes: 1, Lanes: 1}
	d, err := directory.Open(store, o)
	if err != nil {
		b.Fatal(err)
	}
	who, _ := address.Parse(ann)
	if err := d.AddDomain(b.Context(), who.Domain); err != nil {
		b.Fatal(err)
	}
	account, err := d.AddAccount(b.Context(), directory.NewAccount{Address: who, Password: mailtest.Password})
	if err != nil {
		b.Fatal(err)
	}
	fill(b, mail, mailstore.AccountID(account.ID), messages, size)
	service := retrieval.New(retrieval.Options{
		Directory: d, Mail: mail, Notes: maildrop.New(store), Now: time.Now, Logger: slog.New(slog.DiscardHandler),
		Defaults: directory.POP3{
			Mailbox: imap.Inbox, Delete: directory.Delete,
			LeaveDays: directory.LeaveForever, LoginDelay: directory.NoLoginDelay,
		},
	})
	server := pop3server.New(pop3server.Options{
		InsecureAuth: true,
		Backend: pop3session.New(pop3session.Options{
			Login: login.New(login.Options{Directory: d}), Retrieval: service,
		}),
	})
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			server.ServeConn(b.Context(), conn)
		}
	}()
	b.Cleanup(func() {
		ln.Close()
		<-done
	})
	return &depot{address: ln.Addr().String(), messages: messages}
}

func fill(b *testing.B, mail *mailstore.Store, id mailstore.AccountID, messages, size int) {
	account, err := mail.Account(b.Context(), id)
	if err != nil {
		b.Fatal(err)
	}
	tree, _ := account.Mailboxes(b.Context())
	inbox, _ := tree.Find(imap.Inbox)
	line := strings.Repeat("The quick brown fox jumps over the lazy dog. ", 2)[:76] + "\r\n"
	for messages > 0 {
		var batch []mailstore.Append
		for range min(messages, 200) {
			in := mail.NewIngest(0)
			fmt.Fprintf(in, "From: a@example.test\r\nSubject: message %d\r\nMessage-ID: <%d@example.test>\r\n\r\n", messages, messages)
			for n := 0; n < size; n += len(line) {
				io.WriteString(in, line)
			}
			content, err := in.Finish()
			if err != nil {
				b.Fatal(err)
			}
			batch = append(batch, mailstore.Append{Content: content})
			messages--
		}
		if _, err := account.Append(b.Context(), inbox.ID, batch); err != nil {
			b.Fatal(err)
		}
	}
}

// A caller is a client that knows no more than it has to.
type caller struct {
	b    *testing.B
	conn net.Conn
	in   *bufio.Reader
}

func (d *depot) call(b *testing.B) *caller {
	conn, err := net.Dial("tcp", d.address)
	if err != nil {
		b.Fatal(err)
	}
	c := &caller{b: b, conn: conn, in: bufio.NewReaderSize(conn, 64<<10)}
	c.line()
	c.send("USER " + ann)
	c.line()
	c.send("PASS " + mailtest.Password)
	c.line()
	return c
}

func (c *caller) send(command string) {
	if _, err := io.WriteString(c.conn, command+"\r\n"); err != nil {
		c.b.Error(err)
	}
}

func (c *caller) line() []byte {
	line, err := c.in.ReadSlice('\n')
	if err != nil {
		c.b.Fatal(err)
	}
	return line
}

// lines reads a multi-line response.
func (c *caller) lines() (octets int64) {
	if line := c.line(); !bytes.HasPrefix(line, []byte("+OK")) {
		c.b.Fatalf("the server says %q", line)
	}
	for {
		line := c.line()
		if string(line) == ".\r\n" {
			return octets
		}
		octets += int64(len(line))
	}
}

func (c *caller) quit() {
	c.send("QUIT")
	c.line()
	c.conn.Close()
}

// BenchmarkRETR downloads a maildrop of 10 000 messages of 4 KB.
func BenchmarkRETR(b *testing.B) {
	d := newDepot(b, 10_000, 4000)
	b.Run("one by one", func(b *testing.B) {
		for b.Loop() {
			c := d.call(b)
			var octets int64
			for n := range d.messages {
				c.send(fmt.Sprintf("RETR %d", n+1))
				octets += c.lines()
			}
			c.quit()
			b.SetBytes(octets)
		}
	})
	b.Run("pipelined", func(b *testing.B) {
		var commands bytes.Buffer
		for n := range d.messages {
			fmt.Fprintf(&commands, "RETR %d\r\n", n+1)
		}
		for b.Loop() {
			c := d.call(b)
			sent := make(chan error, 1)
			go func() {
				_, err := c.conn.Write(commands.Bytes())
				sent <- err
			}()
			var octets int64
			for range d.messages {
				octets += c.lines()
			}
			if err := <-sent; err != nil {
				b.Fatal(err)
			}
			c.quit()
			b.SetBytes(octets)
		}
	})
}

// BenchmarkLists asks for what needs no message, in a maildrop of 100 000.
func BenchmarkLists(b *testing.B) {
	d := newDepot(b, 100_000, 100)
	for _, command := range []string{"STAT", "LIST", "UIDL"} {
		b.Run(command, func(b *testing.B) {
			b.ReportAllocs()
			c := d.call(b)
			for b.Loop() {
				c.send(command)
				if command == "STAT" {
					c.line()
				} else {
					c.lines()
				}
			}
			c.quit()
		})
	}
	b.Run("login", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			d.call(b).quit()
		}
	})
}
