// Package smtpclient is the client's side of SMTP (RFC 5321) and LMTP
// (RFC 2033): it sends messages over a connection that someone else made.
//
// A [Client] is used so:
//
//	c := smtpclient.New(conn, smtpclient.Options{Name: "mx.example.test"})
//	err := c.Hello(ctx)                  // greeting and EHLO
//	err = c.StartTLS(ctx, config)        // if c.Extensions().Has(smtp.StartTLS)
//	err = c.Auth(ctx, sasl.NewPlainClient("", user, password))
//	outcomes, err := c.Send(ctx, message) // any number of times
//	err = c.Quit(ctx)
//	err = c.Close()
//
// What the server offers is used without asking: PIPELINING sends the envelope
// in few writes, CHUNKING sends the message without looking for dots. What the
// message needs and the server does not offer is an error before anything is
// sent.
//
// # Failures
//
// There are three kinds, told apart by type:
//
//   - *[ReplyError]: the server said no. The connection can be used on, unless
//     Usable says otherwise.
//   - *[ConnError]: the connection failed, or the server did not speak SMTP.
//     It is of no more use. MayBeAccepted tells whether the server may have
//     taken the message although we did not hear so; sending it again may
//     then make a second copy (RFC 5321 §4.5.3.2.6).
//   - *smtp.Error: we did not even try, because the server lacks what the
//     message needs. *[BodyError] is the failure of the message's own reader.
//
// All of them have a method Temporary.
//
// # Bounds
//
// A line of a reply has at most 4 KB, and a reply at most 100 lines; more is
// not SMTP. Memory does not depend on the size of the message. A Client is for
// one goroutine at a time.
package smtpclient
