package wiretest

import (
	"errors"
	"io"
	"net"
	"os"
	"testing"
	"testing/synctest"
	"time"
)

func TestPipeDelivers(t *testing.T) {
	t.Parallel()
	client, server := Pipe()
	var _ net.Conn = client
	if _, err := io.WriteString(client, "hello"); err != nil {
		t.Fatal(err)
	}
	client.Close()
	got, err := io.ReadAll(server)
	if string(got) != "hello" || err != nil {
		t.Fatalf("got %q, %v", got, err)
	}
	if _, err := io.WriteString(server, "x"); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("write to a closed peer: %v", err)
	}
	if _, err := client.Read(make([]byte, 1)); !errors.Is(err, net.ErrClosed) {
		t.Errorf("read of a closed end: %v", err)
	}
}

func TestPipeHalfClose(t *testing.T) {
	t.Parallel()
	client, server := Pipe()
	client.CloseWrite()
	if _, err := server.Read(make([]byte, 1)); err != io.EOF {
		t.Fatalf("after CloseWrite: %v", err)
	}
	if _, err := client.Write([]byte("x")); !errors.Is(err, net.ErrClosed) {
		t.Fatalf("write after CloseWrite: %v", err)
	}
	io.WriteString(server, "bye")
	server.Close()
	if got, err := io.ReadAll(client); string(got) != "bye" || err != nil {
		t.Fatalf("got %q, %v", got, err)
	}
}

func TestPipeDeadlines(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		client, server := Pipe()
		start := time.Now()
		client.SetDeadline(start.Add(time.Minute))
		if _, err := client.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Fatal(err)
		}
		if got := time.Since(start); got != time.Minute {
			t.Errorf("waited %v", got)
		}
		client.SetReadDeadline(time.Time{})
		io.WriteString(server, "x")
		if n, err := client.Read(make([]byte, 9)); n != 1 || err != nil {
			t.Errorf("read %d, %v after the deadline was lifted", n, err)
		}
		client.SetWriteDeadline(time.Now().Add(time.Minute))
		n, err := client.Write(make([]byte, 2*pipeBuffer))
		if n != pipeBuffer || !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("wrote %d, %v into a full pipe", n, err)
		}
		client.SetReadDeadline(time.Now().Add(-1))
		if _, err := client.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("deadline in the past: %v", err)
		}
	})
}

func TestPipeReadMeetsWrite(t *testing.T) {
	t.Parallel()
	client, server := Pipe()
	const size = 3*pipeBuffer + 7
	done := make(chan error, 1)
	go func() {
		_, err := client.Write(make([]byte, size))
		client.CloseWrite()
		done <- err
	}()
	n, err := io.Copy(io.Discard, server)
	if n != size || err != nil {
		t.Errorf("read %d, %v", n, err)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
}
