package imapdeflate_test

import (
	"bytes"
	stdflate "compress/flate"
	"errors"
	"io"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/mailstead/mailstead/imap/imapdeflate"
	"github.com/mailstead/mailstead/wiretest"
)

// TestConnCarries sends much and little both ways, through the decompressor of
// the standard library and back.
func TestConnCarries(t *testing.T) {
	t.Parallel()
	a, b := wiretest.Pipe()
	defer a.Close()
	defer b.Close()
	var buffers imapdeflate.Buffers
	conn := imapdeflate.NewConn(a, &buffers, nil)
	plain := stdflate.NewReader(b)
	to, _ := stdflate.NewWriter(b, 6)
	buf := make([]byte, 100_000)
	for _, piece := range []string{"a", strings.Repeat("* 1 FETCH (FLAGS (\\Seen))\r\n", 3000), "* OK\r\n", strings.Repeat("x", 40_000)} {
		done := make(chan error, 1)
		go func() {
			_, err := io.WriteString(conn, piece)
			done <- err
		}()
		if n, err := io.ReadFull(plain, buf[:len(piece)]); err != nil || string(buf[:n]) != piece {
			t.Fatalf("from the connection: %d bytes of %d, %v", n, len(piece), err)
		}
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		go func() {
			io.WriteString(to, piece)
			done <- to.Flush()
		}()
		if n, err := io.ReadFull(conn, buf[:len(piece)]); err != nil || string(buf[:n]) != piece {
			t.Fatalf("to the connection: %d bytes of %d, %v", n, len(piece), err)
		}
		if err := <-done; err != nil {
			t.Fatal(err)
		}
	}
}

// TestConnWaitsAgain cuts a wait short in the middle of a block, and goes on.
func TestConnWaitsAgain(t *testing.T) {
	t.Parallel()
	a, b := wiretest.Pipe()
	defer a.Close()
	defer b.Close()
	var data bytes.Buffer
	w, _ := stdflate.NewWriter(&data, 6)
	io.WriteString(w, "DONE\r\n")
	w.Flush()
	conn := imapdeflate.NewConn(a, new(imapdeflate.Buffers), nil)
	got := ""
	for _, c := range data.Bytes() {
		b.Write([]byte{c})
		conn.SetReadDeadline(time.Now().Add(-time.Second))
		var buf [10]byte
		// What is there is read before the deadline counts, or at the next.
		n, err := conn.Read(buf[:])
		if got += string(buf[:n]); err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Fatal(err)
		}
	}
	conn.SetReadDeadline(time.Time{})
	for len(got) < 6 {
		var buf [10]byte
		n, err := conn.Read(buf[:])
		if got += string(buf[:n]); err != nil {
			t.Fatal(err)
		}
	}
	if got != "DONE\r\n" {
		t.Fatalf("%q", got)
	}
}

// TestConnEnds finds the plain bytes behind a flush, however they come.
func TestConnEnds(t *testing.T) {
	t.Parallel()
	const plain = "next"
	for _, final := range []bool{false, true} {
		var data bytes.Buffer
		w, _ := stdflate.NewWriter(&data, 6)
		io.WriteString(w, "last")
		if w.Flush(); final {
			w.Close()
		}
		whole := data.String() + plain
		for cut := range whole {
			a, b := wiretest.Pipe()
			conn := imapdeflate.NewConn(a, new(imapdeflate.Buffers), []byte(whole[:cut]))
			io.WriteString(b, whole[cut:])
			var buf [4]byte
			if _, err := io.ReadFull(conn, buf[:]); err != nil || string(buf[:]) != "last" {
				t.Fatalf("cut at %d: %q, %v", cut, buf, err)
			}
			ahead, err := conn.End()
			if err != nil {
				t.Fatal(err)
			}
			b.CloseWrite()
			rest, err := io.ReadAll(a)
			if got := string(ahead) + string(rest); err != nil || !strings.HasSuffix(got, plain) || !final && got != plain {
				t.Fatalf("cut at %d, final %t: %q, %v", cut, final, got, err)
			}
			a.Close()
			b.Close()
		}
	}
}

// TestConnMemory says what a waiting connection holds (see the package
// comment).
func TestConnMemory(t *testing.T) {
	const conns = 500
	held := func(talk string) uint64 {
		var buffers imapdeflate.Buffers
		kept := make([]*imapdeflate.Conn, conns)
		var before, after runtime.MemStats
		var data bytes.Buffer
		w, _ := stdflate.NewWriter(&data, 6)
		io.WriteString(w, talk)
		w.Flush()
		buf := make([]byte, 64<<10)
		runtime.GC()
		runtime.ReadMemStats(&before)
		for i := range kept {
			a, b := wiretest.Pipe()
			kept[i] = imapdeflate.NewConn(a, &buffers, nil)
			b.Write(data.Bytes())
			for n := 0; n < len(talk); {
				m, err := kept[i].Read(buf)
				if n += m; err != nil {
					t.Fatal(err)
				}
			}
			kept[i].Conn = nil // the pipe is not ours
		}
		runtime.GC()
		runtime.GC()
		runtime.ReadMemStats(&after)
		runtime.KeepAlive(kept)
		return (after.HeapAlloc - before.HeapAlloc) / conns
	}
	little, much := held("a LOGIN ann secret\r\nb SELECT INBOX\r\nc IDLE\r\n"), held(strings.Repeat("FETCH", 20_000))
	t.Logf("%d bytes after a login, %d after 100 KB", little, much)
	if little > 4<<10 || much > 44<<10 {
		t.Errorf("a waiting connection holds %d bytes, %d in the worst case", little, much)
	}
}
