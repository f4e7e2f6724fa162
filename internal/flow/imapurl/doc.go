// Package imapurl turns an IMAP URL into the bytes that it means, and gives and
// checks the authorization in URLs (RFC 4467). IMAP's CATENATE and URLFETCH
// stand on it, and SMTP's BURL (RFC 4468) can:
//
//	u, err := imap.ParseURL(text)
//	...
//	content, err := urls.Open(ctx, u, imapurl.Reader{Account: id, Submission: true})
//	if errors.Is(err, imapurl.ErrRefused) {
//		// 554: not a URL that this user may have
//	}
//	if err != nil {
//		// 451: anything else is a fault of ours
//	}
//	defer content.Close()
//	io.Copy(message, content) // content.Size() bytes
//
// # Who may read what
//
// A URL gives what its owner may read, to whom the access identifier names: the
// server looks for the mailbox as the user in the URL sees it. The token is
// HMAC-SHA-256 over the text of the URL up to the access identifier, byte for
// byte, with the mailbox's access key, which package mailstore keeps. A new key
// voids all tokens of the mailbox.
//
// Whatever is wrong with a URL, the error is ErrRefused: a stranger does not
// learn whether the user, the mailbox or the message exists. OpenIn is for who
// has found the mailbox himself and needs no token.
//
// # What is streamed
//
// Nothing is read before the first Read, and nothing is held but a window of
// the message; \Seen is never set.
package imapurl
