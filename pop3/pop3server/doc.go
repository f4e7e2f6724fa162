// Package pop3server is the server engine of the Post Office Protocol:
// RFC 1939 whole but for APOP, with CAPA, PIPELINING, LOGIN-DELAY, EXPIRE and
// response codes (RFC 2449, RFC 3206), STLS (RFC 2595 §4), AUTH (RFC 5034), UTF8
// and LANG (RFC 6856). It knows the
// protocol and nothing of how mail is kept: a Backend makes a Session for each
// connection, and the Session opens a Maildrop for the user that it has
// authenticated.
//
// # The life of a connection
//
// ServeConn runs a connection in the calling goroutine from the greeting to
// its end, one command after the other. In the AUTHORIZATION state only
// USER, PASS, AUTH, STLS, UTF8, LANG, CAPA and QUIT are valid. Once the maildrop is open,
// the TRANSACTION state has STAT, LIST, UIDL, RETR, TOP, DELE, RSET, NOOP,
// LANG, CAPA and QUIT. DELE marks; only QUIT removes, by Maildrop.Commit. A
// connection that ends otherwise, for whatever reason, removes nothing. The
// maildrop is released before QUIT is answered, so that the client may come
// back at once.
//
// STLS leaves nothing of what was before: commands that were sent along with
// it are dropped, and the Backend makes a new Session for the connection that
// is now private.
//
// # Guarantees
//
// No method of a Session or its Maildrop is called while another is running.
// A password is asked for, by USER or by PLAIN, only under TLS, unless
// Options.InsecureAuth says otherwise. A connection takes a few kilobytes, and
// while a message is sent one chunk more, however long lines and messages
// are. Responses are held back while further commands have already arrived,
// and go out together.
//
// # Languages
//
// A fixed text stands in the code in English, and by that its translations are
// found (german.go). Those of a Session's errors come with Options.Translations.
//
// # Errors
//
// What a Session returns as a *pop3.Error is told to the client. Errors of
// package sasl become [AUTH]. Any other error is [SYS/TEMP] with a text that
// says nothing, and is logged in full.
package pop3server
