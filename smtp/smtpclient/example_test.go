package smtpclient_test

import (
	"context"
	"fmt"
	"net"
	"strings"

	"github.com/mailstead/mailstead/address"
	"github.com/mailstead/mailstead/smtp"
	"github.com/mailstead/mailstead/smtp/smtpclient"
)

func path(s string) address.Address {
	a, err := address.Parse(s)
	if err != nil {
		panic(err)
	}
	return a
}

// send sends a message to two recipients of one host.
func send(ctx context.Context, conn net.Conn) error {
	c := smtpclient.New(conn, smtpclient.Options{Name: "client.example"})
	defer func() { _ = c.Close() }()
	if err := c.Hello(ctx); err != nil {
		return err
	}
	const text = "Subject: hello\r\n\r\nHow are you?\r\n"
	outcomes, err := c.Send(ctx, smtpclient.Message{
		From: smtp.ReversePath{Address: path("alice@client.example")},
		To: []smtpclient.Recipient{
			{To: smtp.ForwardPath{Address: path("bob@host.example")}},
			{To: smtp.ForwardPath{Address: path("carol@host.example")}},
		},
		Body: strings.NewReader(text),
		Size: int64(len(text)),
	})
	if err != nil {
		return err
	}
	for _, o := range outcomes {
		fmt.Println(o.Err == nil, o.Reply)
	}
	return c.Quit(ctx)
}

// A server that knows one of two recipients.
func Example() {
	ours, theirs := net.Pipe()
	done := make(chan struct{})
	go func() {
		defer close(done)
		script(theirs,
			"220 host.example ESMTP", "250 host.example", "250 2.1.0 OK", "250 2.1.5 OK", "550 5.1.1 No such user",
			"354 go on", "250 2.0.0 Thanks", "221 2.0.0 Bye")
	}()
	if err := send(context.Background(), ours); err != nil {
		fmt.Println(err)
	}
	<-done
	// Output:
	// true 250 2.0.0 Thanks
	// false 550 5.1.1 No such user
}

// script says the next line whenever the client waits for one.
func script(conn net.Conn, replies ...string) {
	defer func() { _ = conn.Close() }()
	buf := make([]byte, 4096)
	for i, reply := range replies {
		if _, err := conn.Write([]byte(reply + "\r\n")); err != nil || i == len(replies)-1 {
			return
		}
		if _, err := conn.Read(buf); err != nil {
			return
		}
	}
}
