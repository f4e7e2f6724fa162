package imapserver

import (
	"crypto/tls"
	"log/slog"
	"time"
)

// Features are abilities of the sessions that not every store has. They are
// announced and used only if set.
type Features uint64

// Features of sessions.
const (
	// FeatureQResync says that Session.Fetch honours Vanished (RFC 7162).
	FeatureQResync Features = 1 << iota
	// FeatureObjectID says that mailboxes, messages and threads have object
	// ids (RFC 8474).
	FeatureObjectID
	// FeatureSaveDate says that messages have a save date (RFC 8514).
	FeatureSaveDate
	// FeatureMetadata says that the sessions are MetadataSessions.
	FeatureMetadata
	// FeatureNotify says that the sessions are NotifySessions, and honour
	// all PollOptions.
	FeatureNotify
	// FeatureContext says that the sessions are Observers (RFC 5267).
	FeatureContext
	// FeatureMultiSearch says that the sessions are MultiSearchers (RFC 7377).
	FeatureMultiSearch
	// FeatureLimits says that the sessions are Limiters (RFC 9738).
	FeatureLimits
	// FeatureUIDBatches says that the sessions are Batchers (RFC 10022).
	FeatureUIDBatches
	// FeatureFuzzy says that the sessions know SearchFuzzy, and give scores
	// (RFC 6203).
	FeatureFuzzy
	// FeatureSort says that the sessions are SortSessions (RFC 5256).
	FeatureSort
	// FeatureACL says that the sessions are ACLSessions.
	FeatureACL
	// FeatureQuota says that the sessions are QuotaSessions.
	FeatureQuota
	// FeatureThread says that the sessions are ThreadSessions (RFC 5256).
	FeatureThread
	// FeatureComparator says that the sessions are ComparatorSessions
	// (RFC 5255).
	FeatureComparator
)

// Options configure a Server. Zero values mean the default that stands at each
// field.
type Options struct {
	// Backend makes the sessions; required.
	Backend Backend
	// Logger gets an event for each failure of the server; nil discards.
	Logger *slog.Logger
	// TLS is for STARTTLS; nil does not offer it.
	TLS *tls.Config
	// AllowInsecureAuth permits authentication without TLS.
	AllowInsecureAuth bool
	// Features says what the sessions can do.
	Features Features
	// Delimiter separates the levels of mailbox names; '/'.
	Delimiter rune
	// Greeting is the text of the greeting; "IMAP server ready".
	Greeting string
	// LiteralMinus offers LITERAL- instead of LITERAL+: a literal that does
	// not wait for permission has at most 4096 bytes (RFC 7888 §5).
	LiteralMinus bool
	// Without returns the capabilities that a client is not offered; nil
	// offers all to everyone. It is asked again when the client has said who
	// it is, and when it has logged in.
	Without func(Client) []string
	// ServerID is the answer of ID: names and values in turn; NIL.
	ServerID []string

	// MaxLine is the length of a command without its literals, in bytes,
	// after authentication; 64 KB. Before it is MaxLineUnauthenticated; 8 KB.
	MaxLine                int
	MaxLineUnauthenticated int
	// MaxLiteral is the size of a literal that is not a message; 256 KB.
	// Before authentication it is 4 KB.
	MaxLiteral int
	// AppendLimit is the size of a message in APPEND; 50 MB.
	AppendLimit int64
	// MessageLimit, with FeatureLimits, is how many messages one command
	// processes: of more it does those with the highest UIDs, and COPY,
	// APPEND, SORT and THREAD fail (RFC 9738, MESSAGELIMIT). Clients that do
	// not know of this take a part for the whole, so that the default is 0,
	// which is no limit.
	MessageLimit uint32
	// SaveLimit, with FeatureLimits and without a MessageLimit, is how many
	// messages one COPY or APPEND takes (RFC 9738, SAVELIMIT); 0 is no limit.
	SaveLimit uint32
	// MaxBad is the number of commands in a row that may end with BAD; 20.
	MaxBad int
	// AuthFailureDelay is the pause after the first failed authentication;
	// it doubles with each; 1 s. MaxAuthFailures is how many there may be; 5.
	AuthFailureDelay time.Duration
	MaxAuthFailures  int

	// LoginTimeout is the time that a connection has in all to authenticate,
	// handshakes included; 5 min. It begins anew with UNAUTHENTICATE.
	// UnauthenticatedTimeout is the time from one command to the next before
	// authentication; 2 min. IdleTimeout is that after it, also of IDLE;
	// 30 min (RFC 9051 §5.4). IOTimeout is the time that one read within a
	// command, or one write, may take; 2 min.
	//
	// WatchAfter is the time after which the connection of a search is looked
	// at, to end the search if the client is gone; 1 s. ProgressInterval is
	// how often a client hears of a search that goes on (RFC 9585); 10 s.
	LoginTimeout           time.Duration
	UnauthenticatedTimeout time.Duration
	IdleTimeout            time.Duration
	IOTimeout              time.Duration
	WatchAfter             time.Duration
	ProgressInterval       time.Duration
}

// maxLiteralMinus is the size of a literal without permission (RFC 7888 §5).
const maxLiteralMinus = 4096

func (o *Options) nonSyncLimit() int64 {
	if o.LiteralMinus {
		return maxLiteralMinus
	}
	return 0
}
