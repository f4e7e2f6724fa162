package imapserver_test

import (
	"bufio"
	"bytes"
	stdflate "compress/flate"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/imap/imapserver"
)

// A compressed client speaks through the compression of the standard library.
type compressed struct {
	*peer
	raw *bufio.Reader // what the server sends
	buf bytes.Buffer
	to  *stdflate.Writer
}

// compress has a client that has logged in begin to compress.
func (p *peer) compress() *compressed {
	p.t.Helper()
	p.send("c COMPRESS DEFLATE")
	p.want("c OK DEFLATE active")
	c := &compressed{peer: p, raw: p.in}
	c.to, _ = stdflate.NewWriter(&c.buf, stdflate.DefaultCompression)
	c.in = bufio.NewReader(stdflate.NewReader(p.in))
	return c
}

// packed returns lines, compressed and flushed.
func (c *compressed) packed(format string, args ...any) []byte {
	c.buf.Reset()
	fmt.Fprintf(c.to, format+"\r\n", args...)
	c.to.Flush()
	return bytes.Clone(c.buf.Bytes())
}

func (c *compressed) send(format string, args ...any) { c.conn.Write(c.packed(format, args...)) }

// wantEnd checks that nothing more comes. The compressed stream just ends.
func (c *compressed) wantEnd() {
	c.t.Helper()
	if rest, err := io.ReadAll(c.in); err != io.ErrUnexpectedEOF || len(rest) > 0 {
		c.t.Fatalf("got %q, %v; want the end", rest, err)
	}
	<-c.done
	c.conn.Close()
}

// startCompressed logs a client in and has it compress.
func startCompressed(t *testing.T, edit func(*imapserver.Options)) *compressed {
	p := connect(t.Context(), t, newServer(t, edit))
	p.send("a LOGIN alice secret")
	p.want("a OK")
	return p.compress()
}

// TestCompress is the dialogue of RFC 4978 §3, and a few commands more.
func TestCompress(t *testing.T) {
	t.Parallel()
	c := startCompressed(t, nil)
	c.send("d CAPABILITY\r\ne COMPRESS DEFLATE\r\nf COMPRESS LZW")
	line, _ := c.in.ReadString('\n')
	if strings.Contains(line, "COMPRESS=") {
		t.Errorf("announced while it is active: %s", line)
	}
	c.want("d OK")
	c.want("e BAD [COMPRESSIONACTIVE]")
	c.want("f BAD [COMPRESSIONACTIVE]")
	c.send("g APPEND INBOX {%d+}\r\n%s", 900, strings.Repeat("a: b\r\n", 149)+"\r\nxxxx")
	c.want("g OK")
	c.send("h SELECT INBOX\r\ni FETCH 4 BODY.PEEK[]")
	for line != "i OK FETCH completed\r\n" {
		var err error
		if line, err = c.in.ReadString('\n'); err != nil {
			t.Fatal(err)
		}
	}
	c.send("j LOGOUT")
	c.want("* BYE")
	c.want("j OK")
	c.wantEnd()
}

// TestCompressOddSplits sends a command byte by byte, and commands whose bytes
// meet in odd places: each is served when its last byte is there.
func TestCompressOddSplits(t *testing.T) {
	t.Parallel()
	c := startCompressed(t, nil)
	for _, b := range c.packed("d NOOP") {
		c.conn.Write([]byte{b})
	}
	c.want("d OK")
	first, second := c.packed("e NOOP"), c.packed("f NOOP")
	both := append(bytes.Clone(first), second...)
	for cut := range both {
		c.conn.Write(both[:cut])
		c.conn.Write(both[cut:])
		c.want("e OK")
		c.want("f OK")
		both = append(c.packed("e NOOP"), c.packed("f NOOP")...)
		if cut >= len(both)-1 {
			break
		}
	}
	// Part of a line, flushed; nothing, flushed; the rest.
	c.buf.Reset()
	io.WriteString(c.to, "g NO")
	c.to.Flush()
	c.to.Flush()
	c.conn.Write(c.buf.Bytes())
	c.send("OP")
	c.want("g OK")
}

// TestCompressIdle has news come while the connection waits, in the middle of a
// compressed piece too.
func TestCompressIdle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newStore()
		c := startCompressed(t, func(o *imapserver.Options) { o.Backend = store })
		c.send("d EXAMINE INBOX")
		for line := ""; !strings.HasPrefix(line, "d OK"); {
			line, _ = c.in.ReadString('\n')
		}
		c.send("e IDLE")
		c.want("+ idling")
		done := c.packed("DONE")
		for i, b := range done {
			c.conn.Write([]byte{b})
			synctest.Wait()
			if i == 0 { // not a whole letter yet
				store.Deliver(imap.Inbox, "a: b\r\n\r\nx\r\n")
				c.want("* 4 EXISTS")
				c.want("* 0 RECENT")
			}
		}
		c.want("e OK")
		c.want("* BYE Idle")
		c.conn.Close()
		<-c.done
	})
}

// TestCompressBomb sends a few bytes that stand for an endless line.
func TestCompressBomb(t *testing.T) {
	t.Parallel()
	c := startCompressed(t, nil)
	bomb := c.packed("d %s", strings.Repeat("a", 10<<20))
	if len(bomb) > 20_000 {
		t.Fatalf("a bomb of %d bytes", len(bomb))
	}
	go c.conn.Write(bomb)
	c.want("* BYE [LIMIT] Line is too long")
	c.conn.Close()
	<-c.done
}

func TestCompressGarbage(t *testing.T) {
	t.Parallel()
	c := startCompressed(t, nil)
	c.conn.Write([]byte("d NOOP in the clear\r\n"))
	c.wantEnd()
}

// TestUnauthenticate changes users (RFC 8437 §3), compressed at first: plain
// commands follow in the same write.
func TestUnauthenticate(t *testing.T) {
	t.Parallel()
	c := startCompressed(t, nil)
	c.send("d ENABLE CONDSTORE IMAP4rev2\r\ne SELECT INBOX")
	for line := ""; !strings.HasPrefix(line, "e OK"); {
		line, _ = c.in.ReadString('\n')
	}
	c.conn.Write(append(c.packed("f UNAUTHENTICATE"), "g NOOP\r\nh LOGIN alice secret\r\ni ENABLE CONDSTORE\r\nj COMPRESS DEFLATE\r\n"...))
	c.want("f OK UNAUTHENTICATE completed")
	c.plain()
	for _, want := range []string{"g OK", "h OK [CAPABILITY", "* ENABLED CONDSTORE", "i OK", "j OK"} {
		c.want(want)
	}
}

// plain reads on without compression: the decompressor takes no byte beyond a
// flush.
func (c *compressed) plain() { c.in = c.raw }
