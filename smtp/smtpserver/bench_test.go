package smtpserver

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"

	"github.com/mailstead/mailstead/sasl"
	"github.com/mailstead/mailstead/smtp"
)

// BenchmarkDotBody reads messages of 1 MB from memory.
func BenchmarkDotBody(b *testing.B) {
	for name, line := range map[string]string{
		"text":   "The quick brown fox jumps over the lazy dog, and so it goes on and on.\r\n",
		"base64": strings.Repeat("QUJD", 19) + "\r\n",
		"dots":   "..x\r\n",
	} {
		b.Run(name, func(b *testing.B) {
			wire := []byte(strings.Repeat(line, 1<<20/len(line)) + ".\r\n")
			src := bytes.NewReader(wire)
			in := newInput(src)
			in.grow()
			buf := make([]byte, 32<<10)
			b.SetBytes(int64(len(wire)))
			b.ReportAllocs()
			for b.Loop() {
				src.Reset(wire)
				in.drop()
				body := newDotBody(in)
				body.max = 1 << 30
				for {
					if _, err := body.Read(buf); err != nil {
						break
					}
				}
				if body.end != io.EOF {
					b.Fatal(body.end)
				}
			}
		})
	}
}

// BenchmarkTransaction sends messages of 4 KB over a loopback connection, each
// as one pipelined group and its data.
func BenchmarkTransaction(b *testing.B) {
	message := strings.Repeat("The quick brown fox jumps over the lazy dog.\r\n", 90)
	b.Run("data", func(b *testing.B) {
		benchmarkTransaction(b, "DATA\r\n", message+".\r\n")
	})
	b.Run("bdat", func(b *testing.B) {
		benchmarkTransaction(b, fmt.Sprintf("BDAT %d LAST\r\n%s", len(message), message), "")
	})
}

func benchmarkTransaction(b *testing.B, command, data string) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	served := make(chan struct{})
	go func() {
		defer close(served)
		conn, err := listener.Accept()
		if err != nil {
			b.Error(err)
			return
		}
		New(Options{Hostname: "mx.example.test", Backend: sink{}}).ServeConn(context.Background(), conn)
	}()
	client, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		b.Fatal(err)
	}
	in := bufio.NewReader(client)
	ask := func(text []byte, codes ...string) {
		if _, err := client.Write(text); err != nil {
			b.Fatal(err)
		}
		for _, code := range codes {
			expectReply(b, in, code)
		}
	}
	ask([]byte("EHLO client.example\r\n"), "220", "250")
	envelope := []byte("MAIL FROM:<a@x.test>\r\nRCPT TO:<b@y.test>\r\n" + command)
	message := []byte(data)
	b.ReportAllocs()
	for b.Loop() {
		if len(message) == 0 {
			ask(envelope, "250", "250", "250")
			continue
		}
		ask(envelope, "250", "250", "354")
		ask(message, "250")
	}
	ask([]byte("QUIT\r\n"), "221")
	<-served
	_ = client.Close()
	_ = listener.Close()
}

func expectReply(b *testing.B, in *bufio.Reader, code string) {
	for {
		line, err := in.ReadSlice('\n')
		if err != nil || string(line[:3]) != code {
			b.Fatalf("got %q, %v, want %s", line, err, code)
		}
		if line[3] == ' ' {
			return
		}
	}
}

// A sink takes all mail and keeps none.
type sink struct{}

func (sink) NewSession(context.Context, ConnInfo) (Session, error) { return sink{}, nil }
func (sink) Hello(context.Context, Hello) error                    { return nil }
func (sink) AuthMechanisms() []string                              { return nil }
func (sink) Authenticate(context.Context, string) (sasl.Server, error) {
	return nil, sasl.ErrCredentials
}
func (sink) Mail(context.Context, smtp.ReversePath, smtp.MailOptions) error { return nil }
func (sink) Rcpt(context.Context, smtp.ForwardPath, smtp.RcptOptions) error { return nil }
func (sink) Data(_ context.Context, m *Message) (Result, error) {
	_, err := io.Copy(io.Discard, m)
	return Result{}, err
}
func (sink) Reset() {}
func (sink) Close() {}
