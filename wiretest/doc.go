// Package wiretest plays golden dialogues against the engines of line
// protocols (SMTP, LMTP, IMAP, POP3, ManageSieve), over a connection in memory.
//
// A dialogue is a text file that reads like the examples of an RFC:
//
//	# RFC 1939 §5: USER, then PASS
//	S: +OK {{.*}}
//	C: USER alice
//	S: +OK
//	C: PASS secret
//	C: STAT
//	S: +OK {{maildrop (locked|open)}}
//	S: +OK 2 320
//
// Each line begins with the side that acts, C for the client and S for the
// server:
//
//	C: text      a line, ended by CRLF
//	C| text      bytes with Go escapes (\r\n \x00 \u00e9 \\) and no line end
//	C*900 text   the same bytes 900 times
//	C! shutdown  closes the sending half of the connection
//	C! close     closes the connection
//	STARTTLS     both sides begin a TLS handshake here
//	...          what stands above goes out in a write of its own and has
//	             been read before what follows is sent
//	# text       a comment; the RFC and section stand in the first
//
// Consecutive lines of the side that is played go out in one write, which is
// how pipelining is tested. In a line that is expected, {{re}} stands for
// whatever the regular expression re matches; all else is literal. Expected
// lines must end in CRLF on the wire.
//
// A dialogue fails on output that is missing, different or left over. At its
// end the played side closes its sending half, unless the dialogue said how
// it ends, and the tested side must then end the connection and return
// without another byte.
//
// Run tests servers, RunClient tests clients. With the flag -update the
// expected lines are rewritten from what the tested side really sends; an old
// line with a wildcard stays as long as it matches.
//
// Pipe gives the connection alone: buffered, with deadlines and half-close,
// and fit for a testing/synctest bubble.
package wiretest
