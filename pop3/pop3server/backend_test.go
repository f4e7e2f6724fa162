package pop3server_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/mailstead/mailstead/pop3"
	"github.com/mailstead/mailstead/pop3/pop3server"
	"github.com/mailstead/mailstead/sasl"
)

// house is a Backend in memory. Its users all have the password "secret"; the
// names of some say what goes wrong with them.
type house struct {
	mu       sync.Mutex
	mail     map[string][]letter
	sessions int // that are open
	drops    int // that are open
	made     []pop3server.ConnInfo

	pauses atomic.Int32 // that maildrops were told of
}

type letter struct {
	uid, text string
}

var errDisk = errors.New("disk on fire at /dev/sda")

func newHouse() *house {
	letters := []letter{
		{"whqtswO00WBw418f9t5JxYwZ", "Subject: one\r\n\r\nfirst\r\n.second\r\n..\r\n"},
		{"QhdPYR:00WBw1Ph7x7", "Subject: two\r\n\r\n"},
		{"third", "Subject: three\r\n\r\nno line end"},
	}
	return &house{mail: map[string][]letter{
		"alice": letters, "empty": nil, "commit": letters, "told": letters, "close": letters, "implicit": letters,
		"mrose":  {{"m1", "Subject: 1\r\n\r\n" + strings.Repeat("x", 104) + "\r\n"}, {"m2", "Subject: 2\r\n\r\n" + strings.Repeat("y", 184) + "\r\n"}},
		"test":   letters,
		"world":  {{"u1", "Subject: plain\r\n\r\nx\r\n"}, {"u2", "Subject: Grüße\r\n\r\nx\r\n"}},
		"rotten": {{"r", "Subject: rot\r\n\r\nbad"}, {"gone", ""}},
	}}
}

func (h *house) NewSession(_ context.Context, conn pop3server.ConnInfo) (pop3server.Session, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.sessions++
	h.made = append(h.made, conn)
	return &session{house: h}, nil
}

func (h *house) remove(user string, deleted []int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	var kept []letter
	for i, l := range h.mail[user] {
		if !slices.Contains(deleted, i+1) {
			kept = append(kept, l)
		}
	}
	h.mail[user] = kept
}

func (h *house) count(user string) int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.mail[user])
}

// open returns how many sessions and maildrops are open.
func (h *house) open() (sessions, drops int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.sessions, h.drops
}

type session struct {
	house *house
	user  string
}

func (s *session) AuthMechanisms() []string {
	return []string{sasl.SCRAMSHA256, sasl.Plain, sasl.Login, "PROOF", "ENDLESS"}
}

func (s *session) Authenticate(_ context.Context, mechanism string) (sasl.Server, error) {
	verify := func(ctx context.Context, authzid, user, password string) error {
		if authzid != "" && authzid != user {
			return sasl.ErrAuthorization
		}
		return s.Login(ctx, user, password)
	}
	switch mechanism {
	case sasl.Plain:
		return sasl.NewPlain(verify), nil
	case sasl.Login:
		return sasl.NewLogin(verify), nil
	case sasl.SCRAMSHA256:
		return sasl.NewSCRAM(sasl.SCRAMOptions{
			Lookup: s.lookup, Authorize: s.authorize, FakeKey: make([]byte, 16),
		}), nil
	case "PROOF":
		s.user = "alice"
		return proof{}, nil
	case "ENDLESS":
		return endless{}, nil
	}
	return nil, fmt.Errorf("unknown mechanism %q", mechanism)
}

func (s *session) lookup(context.Context, string) (sasl.SCRAMCredentials, error) {
	return sasl.DeriveSCRAM("secret", []byte("salt"), sasl.MinIterations)
}

func (s *session) authorize(_ context.Context, _, authcid string) error {
	s.user = authcid
	return nil
}

func (s *session) Login(_ context.Context, user, password string) error {
	switch user {
	case "broken":
		return errDisk
	case "slow":
		return &pop3.Error{Code: pop3.CodeLoginDelay, Text: "minimum time between logins is 900 s"}
	case "expired":
		return &pop3.Error{Code: pop3.CodeAuth, Text: "password has expired"}
	case "off":
		return sasl.ErrDisabled
	case "panic":
		panic("a bug")
	}
	if password != "secret" && password != " a secret " && (user != "test" || password != "test") {
		return sasl.ErrCredentials
	}
	s.user = user
	return nil
}

func (s *session) OpenMaildrop(context.Context) (pop3server.Maildrop, error) {
	switch s.user {
	case "busy":
		return nil, &pop3.Error{Code: pop3.CodeInUse, Text: "another session has\r\nthe maildrop \u00fcber"}
	case "lost":
		return nil, &pop3.Error{Code: pop3.CodePermanent, Text: "maildrop is damaged", Err: errDisk}
	case "nodrop":
		return nil, errDisk
	}
	s.house.mu.Lock()
	defer s.house.mu.Unlock()
	s.house.drops++
	return &maildrop{session: s, letters: s.house.mail[s.user]}, nil
}

// Policy depends on the user: alice has the rules of the RFC's example.
func (s *session) Policy(context.Context) (pop3server.Policy, error) {
	switch s.user {
	case "":
		return pop3server.Policy{
			Expire: 5, LoginDelay: 1800 * time.Second, ExpireVaries: true, LoginDelayVaries: true,
		}, nil
	case "alice":
		return pop3server.Policy{Expire: 60, LoginDelay: 900 * time.Second}, nil
	case "implicit":
		return pop3server.Policy{ExpireVaries: true, LoginDelayVaries: true}, nil
	case "empty":
		return pop3server.Policy{}, errDisk
	}
	return pop3server.Policy{Expire: pop3server.ExpireNever, LoginDelay: time.Millisecond}, nil
}

func (s *session) Close() error {
	s.house.mu.Lock()
	defer s.house.mu.Unlock()
	s.house.sessions--
	return nil
}

type maildrop struct {
	*session
	letters []letter
}

func (m *maildrop) Len() int         { return len(m.letters) }
func (m *maildrop) Size(n int) int64 { return int64(len(m.letters[n-1].text)) }

func (m *maildrop) AppendUID(dst []byte, n int) []byte {
	return append(dst, m.letters[n-1].uid...)
}

func (m *maildrop) Open(_ context.Context, n int, form pop3server.Form) (io.ReadCloser, error) {
	l := m.letters[n-1]
	if form == pop3server.ASCIIHeader && strings.ContainsFunc(l.text, func(r rune) bool { return r > '~' }) {
		return nil, &pop3.Error{Code: pop3.CodeUTF8, Text: "Message needs UTF-8 mode"}
	}
	switch l.uid {
	case "gone":
		return nil, errDisk
	case "r":
		return io.NopCloser(io.MultiReader(strings.NewReader(l.text), broken{})), nil
	}
	return io.NopCloser(struct{ io.Reader }{strings.NewReader(l.text)}), nil
}

func (m *maildrop) Pause() { m.house.pauses.Add(1) }

func (m *maildrop) Commit(_ context.Context, changes pop3server.Changes) error {
	switch m.user {
	case "commit":
		return errDisk
	case "told":
		return &pop3.Error{Code: pop3.CodePermanent, Text: "maildrop is read-only"}
	}
	deleted := changes.Deleted
	if m.user == "implicit" {
		deleted = append(slices.Clone(deleted), changes.Retrieved...)
	}
	m.house.remove(m.user, deleted)
	return nil
}

func (m *maildrop) Close() error {
	m.house.mu.Lock()
	defer m.house.mu.Unlock()
	m.house.drops--
	if m.user == "close" {
		return errDisk
	}
	return nil
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, errDisk }

// proof is a mechanism that ends with additional data.
type proof struct{}

func (proof) Next(_ context.Context, response []byte) ([]byte, bool, error) {
	if response == nil {
		return []byte{}, false, nil
	}
	return []byte("proof"), true, nil
}

// endless is a mechanism that is never content.
type endless struct{}

func (endless) Next(context.Context, []byte) ([]byte, bool, error) {
	return []byte("more"), false, nil
}
