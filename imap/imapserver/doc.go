// Package imapserver is an IMAP server's engine: grammar, states and answers of
// RFC 9051 (IMAP4rev2) and RFC 3501 (IMAP4rev1). It knows no mail store: a
// [Backend] gives it a [Session] for each connection.
//
// # The rules of a connection
//
// One goroutine owns a connection: it reads a command to its end, runs it,
// writes the answer and only then looks at the next (RFC 9051 §5.5). A file is
// a command or a family of them; conn.go has the loop, command.go the table of
// commands and states.
//
// A command's method takes its arguments from the reader, calls end, and only
// then acts: nothing has happened when a syntax error is found. The rest of a
// command that failed is skipped, its non-synchronizing literals included, so
// that what follows is read as what it is. APPEND alone acts while it reads;
// its session commits when the command has ended well.
//
// The client hears of changes in the selected mailbox before the tagged
// response of a command, and in IDLE. EXPUNGE is held back during FETCH, STORE
// and SEARCH, where it would change the meaning of the numbers that are being
// spoken of (RFC 9051 §7.5.1). Which message a number means is the session's
// knowledge, see [Session].
//
// A client that has said NOTIFY (RFC 5465) is told of what it asked for while no
// command is running as well: whoever waits for the next command then also
// waits for the session's news. What the selected mailbox is concerned, NOTIFY
// changes the options of Poll; all else is PollEvents. See listen.go.
//
// While a connection waits it holds no buffers: see wait.go. While a search runs
// that takes long, the connection is read ahead, so that the search ends with
// its client: see long.go.
//
// # The two revisions
//
// Both are announced. A connection is IMAP4rev1 until the client says ENABLE
// IMAP4rev2; from then on SEARCH is answered by ESEARCH, names and strings are
// UTF-8, SELECT tells LIST and no RECENT or UNSEEN, and unasked FETCH responses
// carry UIDs (RFC 9051 Appendix E). What a client asks for in the other
// revision's words is still understood.
//
// # Errors
//
// What a session returns as *imap.Error is told; anything else is logged and
// told as NO [SERVERBUG]. Bytes that cannot be understood as commands (a line
// that is too long, a literal too big to skip) end the connection with BYE.
//
// # Languages
//
// Texts for people stand in the code in English. A client that asks for another
// language gets what language.go has translations of; others stay English
// (RFC 5255 §3).
//
// # Compression
//
// COMPRESS puts a layer between the connection and the codec, see compress.go and
// package imapdeflate. A flush of the writer, which comes before each wait, is a
// flush of the compressor, and nothing else is.
//
// # What a client is not offered
//
// switches.go: Options.Without is asked when a connection begins, when the client
// has logged in and when it has said who it is. What is off is not announced, and
// its commands, its ENABLE word and what hangs on a feature of the sessions are
// unknown. What has no command of its own and is in the base of IMAP4rev2 (a
// SEARCH key, say) is still understood.
//
// # UTF-8
//
// Messages with UTF-8 in their header are shown as they are, also to who has not
// said ENABLE UTF8=ACCEPT: RFC 6855 §7 leaves that to the server, and clients
// have read raw 8-bit headers for as long as there are any.
//
// # Caveats
//
// A response that has begun cannot be taken back: if the content of a message
// cannot be read to the size that the store said, the connection is closed.
//
// A message with NUL octets comes as a literal8 (RFC 3516). The session decides
// what to store: what FETCH BODY[...] reads must have none.
//
// QUIRK: APPEND takes 8-bit header fields from who has not said ENABLE
// UTF8=ACCEPT, which RFC 6855 §4 refuses: mail movers such as mbsync and
// offlineimap bring old mail as it is, and would have to leave it behind.
package imapserver
