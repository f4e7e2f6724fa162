package pop3

// Lengths of lines in octets, their CRLF included.
const (
	// MaxCommand is the longest command (RFC 2449 §4).
	MaxCommand = 255
	// MaxResponse is the longest first line of a response (RFC 1939 §3).
	MaxResponse = 512
	// MaxUID is the longest unique-id (RFC 1939 §7, UIDL).
	MaxUID = 70
)

// A Code is a response code: what kind of failure a "-ERR" reports.
type Code string

// The response codes. Clients ignore the levels behind a slash that they do
// not know (RFC 2449 §8).
const (
	// CodeInUse: authenticated, but another session has the maildrop open
	// (RFC 2449 §8.1.2).
	CodeInUse Code = "IN-USE"
	// CodeLoginDelay: the last login was too short a time ago
	// (RFC 2449 §8.1.1).
	CodeLoginDelay Code = "LOGIN-DELAY"
	// CodeUTF8: the message cannot be shown without UTF-8 mode (RFC 6856 §5).
	CodeUTF8 Code = "UTF8"
	// CodeAuth: the credentials are at fault, not the server (RFC 3206 §5).
	CodeAuth Code = "AUTH"
	// CodeTemporary: the server has a problem that will probably pass
	// (RFC 3206 §4).
	CodeTemporary Code = "SYS/TEMP"
	// CodePermanent: the server has a problem that somebody has to mend
	// (RFC 3206 §4).
	CodePermanent Code = "SYS/PERM"
)

// An Error is a negative response.
type Error struct {
	Code Code   // empty if the response has none
	Text string // for people: one line, which every client can read if it is ASCII
	Err  error  // the cause, which the peer is not told; may be nil
}

func (e *Error) Error() string {
	s := "pop3: "
	if e.Code != "" {
		s += "[" + string(e.Code) + "] "
	}
	s += e.Text
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }
