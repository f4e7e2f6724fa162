package server

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/mailstead/mailstead/address"
	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/internal/model/directory"
	"github.com/mailstead/mailstead/internal/model/journal"
	"github.com/mailstead/mailstead/internal/model/maildrop"
	"github.com/mailstead/mailstead/internal/model/mailstore"
	"github.com/mailstead/mailstead/internal/model/peers"
	"github.com/mailstead/mailstead/internal/model/queue"
	"github.com/mailstead/mailstead/internal/platform/notify"
)

// models are what is stored.
type models struct {
	directory *directory.Directory
	mail      *mailstore.Store
	notes     *maildrop.Store
	queue     *queue.Queue
	peers     *peers.Store
	hub       *notify.Hub
	journal   *journal.Journal // nil if nothing is to be remembered
	copies    *checkpointer    // nil if the index is not to be copied
}

func (s *Server) storePath() string { return filepath.Join(s.config.Data, "store") }

func (s *Server) openModels() error {
	if err := s.openDirectory(); err != nil {
		return err
	}
	s.hub = notify.NewHub()
	s.mail = mailstore.New(s.store, mailstore.Options{
		OnChange: func(id mailstore.AccountID, m imap.ModSeq) { s.hub.Publish(uint64(id), uint64(m)) },
		Quota:    s.quota,

		Annotations:     s.config.Metadata.Entries,
		AnnotationSize:  int(s.config.Metadata.Size),
		AnnotationBytes: int64(s.config.Metadata.Total),

		Clock: s.options.Now,
		Log:   s.log.With("part", "mailstore"),
	})
	s.notes = maildrop.New(s.store)
	s.peers = peers.New(s.store)
	s.queue = queue.New(s.store, queue.Options{Now: s.options.Now})
	s.openJournal()
	return nil
}

func (s *Server) openDirectory() error {
	options, err := s.directoryOptions()
	if err != nil {
		return err
	}
	if s.copies = s.newCheckpointer(); s.copies != nil {
		options.Changed = s.copies.note
	}
	s.directory, err = directory.Open(s.store, options)
	return err
}

func (s *Server) directoryOptions() (directory.Options, error) {
	o := directory.DefaultOptions()
	o.Now = s.options.Now
	o.Separators = s.config.Delivery.Subaddress
	o.SCRAMIterations = s.config.Auth.SCRAMIterations
	o.Argon2 = directory.Argon2{
		MemoryKiB: uint32(s.config.Auth.Argon2Memory >> 10),
		Passes:    uint32(s.config.Auth.Argon2Time),
		Lanes:     1,
	}
	if p := s.config.Delivery.Postmaster; p != "" {
		a, err := address.Parse(p)
		if err != nil {
			return o, fmt.Errorf("delivery.postmaster: %w", err)
		}
		o.Postmaster = a
	}
	return o, nil
}

// quota returns what an account may store.
func (s *Server) quota(id mailstore.AccountID) mailstore.Quota {
	account, err := s.directory.Account(context.Background(), directory.AccountID(id))
	if err != nil && !errors.Is(err, directory.ErrNotFound) {
		s.log.Error("quota not known, the default applies", "account", id, "err", err)
	}
	q := account.Quota.Or(directory.Quota{
		Bytes:     int64(s.config.Delivery.Quota),
		Messages:  int64(s.config.Delivery.QuotaMessages),
		Mailboxes: int64(s.config.Delivery.QuotaMailboxes),
	})
	return mailstore.Quota{Bytes: bound(q.Bytes), Messages: bound(q.Messages), Mailboxes: bound(q.Mailboxes)}
}

// bound turns a number of a quota into what the mail store takes for it.
func bound(n int64) int64 {
	switch n {
	case directory.NoQuota:
		return 0
	case directory.NothingMore:
		return mailstore.NothingMore
	}
	return n
}

// hostname returns our name as a domain.
func (s *Server) hostname() (address.Domain, error) {
	name := s.config.HostnameOrMachine()
	d, err := address.ParseDomain(strings.TrimSuffix(name, "."))
	if err != nil {
		return d, fmt.Errorf("hostname %q: %w", name, err)
	}
	return d, nil
}
