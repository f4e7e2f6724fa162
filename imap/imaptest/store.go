package imaptest

import (
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/message"
)

// A Store is the mail of one user, whose name and password are given.
type Store struct {
	Username, Password string
	// Now is the time of what arrives; it does not pass.
	Now time.Time

	mu        sync.Mutex
	validity  imap.UIDValidity
	mailboxes map[string]*mailbox
	subs      map[string]bool
	sessions  map[*session]bool
}

// New returns a store for user "alice" with password "secret" and an empty
// INBOX, at 09:30 on 2 January 2026.
func New() *Store {
	s := &Store{
		Username:  "alice",
		Password:  "secret",
		Now:       time.Date(2026, 1, 2, 9, 30, 0, 0, time.UTC),
		validity:  1000,
		mailboxes: make(map[string]*mailbox),
		subs:      make(map[string]bool),
		sessions:  make(map[*session]bool),
	}
	s.create(imap.Inbox)
	return s
}

// A mailbox is a mailbox. Its messages are sorted by UID.
type mailbox struct {
	name     string
	attrs    []imap.MailboxAttr
	validity imap.UIDValidity
	uidNext  imap.UID
	modSeq   imap.ModSeq
	messages []*mail
	expunged []*mail
}

// A mail is a message in a mailbox. Its flags are replaced, never changed.
type mail struct {
	uid       imap.UID
	flags     []imap.Flag
	date      time.Time
	saved     time.Time
	data      []byte
	structure *message.Structure
	modSeq    imap.ModSeq
	expunged  bool
}

func (s *Store) create(name string) *mailbox {
	s.validity++
	m := &mailbox{name: name, validity: s.validity, uidNext: 1, modSeq: 1}
	s.mailboxes[name] = m
	return m
}

// Deliver puts a message into a mailbox, which must be there, and returns its
// UID.
func (s *Store) Deliver(name, raw string, flags ...imap.Flag) imap.UID {
	s.mu.Lock()
	defer s.mu.Unlock()
	m := s.mailboxes[name]
	mail := s.newMail([]byte(raw), flags, s.Now)
	m.add(mail)
	s.wake()
	return mail.uid
}

// SetFlags replaces the flags of a message, as another client would.
func (s *Store) SetFlags(name string, uid imap.UID, flags ...imap.Flag) {
	s.mu.Lock()
	defer s.mu.Unlock()
	m := s.mailboxes[name]
	m.setFlags(m.find(uid), flags)
	s.wake()
}

// Expunge removes messages, as another client would.
func (s *Store) Expunge(name string, uids ...imap.UID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	m := s.mailboxes[name]
	for _, uid := range uids {
		m.expunge(m.find(uid))
	}
	s.wake()
}

func (s *Store) newMail(data []byte, flags []imap.Flag, date time.Time) *mail {
	scanner := message.NewScanner(message.Limits{})
	scanner.Write(data)
	return &mail{
		flags: slices.Clone(flags), date: date, saved: s.Now, data: data, structure: scanner.Finish(),
	}
}

// wake tells all sessions that something has changed.
func (s *Store) wake() {
	for sess := range s.sessions {
		if sess.wake != nil {
			sess.wake()
		}
	}
}

// add gives m the next UID of the mailbox.
func (b *mailbox) add(m *mail) {
	b.modSeq++
	m.uid, m.modSeq = b.uidNext, b.modSeq
	b.uidNext++
	b.messages = append(b.messages, m)
}

func (b *mailbox) find(uid imap.UID) *mail {
	for _, m := range b.messages {
		if m.uid == uid {
			return m
		}
	}
	return nil
}

func (b *mailbox) setFlags(m *mail, flags []imap.Flag) {
	b.modSeq++
	m.flags, m.modSeq = slices.Clone(flags), b.modSeq
}

func (b *mailbox) expunge(m *mail) {
	b.modSeq++
	m.expunged, m.modSeq = true, b.modSeq
	b.messages = slices.DeleteFunc(b.messages, func(x *mail) bool { return x == m })
	b.expunged = append(b.expunged, m)
}

func (b *mailbox) id() string { return "M" + strconv.Itoa(int(b.validity)) }

func (b *mailbox) status() *imap.StatusData {
	d := &imap.StatusData{
		Messages: uint32(len(b.messages)), UIDNext: b.uidNext, UIDValidity: b.validity,
		HighestModSeq: b.modSeq, MailboxID: b.id(),
	}
	for _, m := range b.messages {
		if !m.has(imap.FlagSeen) {
			d.Unseen++
		}
		if m.has(imap.FlagDeleted) {
			d.Deleted++
		}
		d.Size += int64(len(m.data))
	}
	return d
}

func (m *mail) has(f imap.Flag) bool { return slices.ContainsFunc(m.flags, f.Equal) }

func (m *mail) emailID() string { return "E" + strconv.Itoa(int(m.uid)) }
