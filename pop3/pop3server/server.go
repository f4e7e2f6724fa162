package pop3server

import (
	"context"
	"crypto/tls"
	"log/slog"
	"net"
	"sync"
	"time"

	"github.com/mailstead/mailstead/sasl"
)

// Options describe a Server. Only Backend is required.
type Options struct {
	Backend Backend
	// Name is the host's name in the greeting.
	Name string
	// TLSConfig enables STLS. Nil disables it; a connection that is a
	// *tls.Conn already needs none.
	TLSConfig *tls.Config
	// InsecureAuth allows passwords on connections without TLS.
	InsecureAuth bool
	// Implementation is announced by CAPA unless empty (RFC 2449 §6.9). It
	// should have no spaces.
	Implementation string
	// Language is the tag of the language that "LANG *" stands for
	// (RFC 6856 §3.2). Default English. Connections begin in English.
	Language string
	// Translations are the texts of the Session's errors in the languages of
	// the engine, by language tag and then by the text itself.
	Translations map[string]map[string]string
	// Logger hears of refused logins, failures and lost connections. Nil
	// discards them.
	Logger *slog.Logger
	Limits Limits
}

// Limits bound what a client may use. A zero field means its default.
type Limits struct {
	// Command is the greatest length of a command in octets with its CRLF.
	// The default is 1024, as passwords and initial responses are met that
	// exceed the 255 octets of RFC 2449 §4; a lower value than that counts
	// as 255.
	Command int
	// Response is the greatest length of a line in an AUTH exchange. The
	// default lets sasl.MaxMessage pass.
	Response int
	// BadCommands is after how many unknown or malformed commands the
	// connection is closed. Default 20.
	BadCommands int
	// AuthFailures is after how many failed attempts to authenticate the
	// connection is closed. Default 5.
	AuthFailures int
	// AuthDelay is how long the first failed attempt is answered late; the
	// nth is n times as late. Default 500 ms.
	AuthDelay time.Duration
	// Login is how long the AUTHORIZATION state may last, handshakes
	// included. Default 2 minutes.
	Login time.Duration
	// Idle is how long the TRANSACTION state waits for a command. Default
	// and least 10 minutes (RFC 1939 §3).
	Idle time.Duration
	// Write is how long the client may take to accept a chunk of 32 KB.
	// Default 2 minutes.
	Write time.Duration
}

const (
	minIdle = 10 * time.Minute
	// maxResponse fits a message of sasl.MaxMessage octets in base64.
	maxResponse = (sasl.MaxMessage+2)/3*4 + len("\r\n")
)

func (l Limits) withDefaults() Limits {
	setDefault(&l.Command, 1024)
	l.Command = max(l.Command, 255)
	setDefault(&l.Response, maxResponse)
	setDefault(&l.BadCommands, 20)
	setDefault(&l.AuthFailures, 5)
	setDefault(&l.AuthDelay, 500*time.Millisecond)
	setDefault(&l.Login, 2*time.Minute)
	setDefault(&l.Write, 2*time.Minute)
	l.Idle = max(l.Idle, minIdle)
	return l
}

func setDefault[T int | time.Duration](field *T, value T) {
	if *field == 0 {
		*field = value
	}
}

// Languages returns the tags of the languages that LANG offers.
func Languages() []string {
	var tags []string
	for _, l := range languages(nil) {
		tags = append(tags, l.tag)
	}
	return tags
}

// A Server serves POP3 connections. It holds no connection between calls of
// ServeConn and needs not be closed.
type Server struct {
	options   Options
	languages []*language // the first is English
	chunks    sync.Pool   // of *chunk
}

// chunkSize is how much of a message is in memory while it is sent.
const chunkSize = 32 << 10

type chunk [chunkSize]byte

// New returns a Server. It panics if there is no Backend, or no such Language.
func New(options Options) *Server {
	if options.Backend == nil {
		panic("pop3server: Options without a Backend")
	}
	if options.Logger == nil {
		options.Logger = slog.New(slog.DiscardHandler)
	}
	if options.Name == "" {
		options.Name = "POP3 server"
	}
	if options.Language == "" {
		options.Language = English
	}
	options.Limits = options.Limits.withDefaults()
	s := &Server{
		options:   options,
		languages: languages(options.Translations),
		chunks:    sync.Pool{New: func() any { return new(chunk) }},
	}
	if s.language(options.Language) == nil {
		panic("pop3server: no language " + options.Language)
	}
	return s
}

// ServeConn serves one connection, which may be a *tls.Conn, until it ends,
// and closes it. When ctx is done, the command in progress is finished and the
// connection closed before the next; nothing is removed then but by a QUIT
// that had been received. The contexts that the Session sees are not done
// before the connection is over.
func (s *Server) ServeConn(ctx context.Context, conn net.Conn) {
	newConn(s, conn).run(ctx)
}
