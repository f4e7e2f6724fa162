package imapsession

import (
	"context"
	"runtime"
	"time"

	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/imap/imapserver"
)

// SearchMailboxes searches several mailboxes at the same time, one for each
// processor, and tells of them in their order. No more results are held than
// searches are under way.
func (s *session) SearchMailboxes(ctx context.Context, sources []imap.MailboxFilter, criteria *imap.SearchCriteria, opts imapserver.SearchOptions, found func(*imapserver.MailboxHits) error) error {
	list, err := s.sources(ctx, sources)
	if err != nil {
		return translate(err)
	}
	progress := &multiProgress{to: imapserver.ProgressOf(ctx), total: uint32(len(list))}
	ctx, cancel := context.WithCancel(imapserver.WithoutProgress(ctx))
	pending := make(chan *mailboxSearch, runtime.GOMAXPROCS(0))
	defer func() {
		cancel()
		for len(pending) > 0 {
			<-(<-pending).done
		}
	}()
	for _, t := range list {
		if len(pending) == cap(pending) {
			if err := progress.tellOf(<-pending, found); err != nil {
				return err
			}
		}
		one := &mailboxSearch{session: s, source: t, criteria: criteria, opts: opts, done: make(chan struct{})}
		go one.run(ctx) // waited for by done
		pending <- one
	}
	for len(pending) > 0 {
		if err := progress.tellOf(<-pending, found); err != nil {
			return err
		}
	}
	return nil
}

// A multiProgress counts mailboxes.
type multiProgress struct {
	to          *imapserver.Progress
	done, total uint32
}

// tellOf waits for a search and tells of it.
func (p *multiProgress) tellOf(one *mailboxSearch, found func(*imapserver.MailboxHits) error) error {
	p.await(one)
	if one.panicked != nil {
		panic(one.panicked)
	}
	if one.err != nil {
		return translate(one.err)
	}
	if one.hits == nil || len(one.hits.UIDs) == 0 && !one.hits.Selected {
		return nil
	}
	return found(one.hits)
}

// await waits for a search, and tells now and then that it is still under way.
func (p *multiProgress) await(one *mailboxSearch) {
	select {
	case <-one.done:
		p.done++
		return
	default:
	}
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-one.done:
			p.done++
			return
		case <-tick.C:
			p.to.Report(p.done, p.total)
		}
	}
}

// A mailboxSearch is the search of one mailbox.
type mailboxSearch struct {
	session  *session
	source   source
	criteria *imap.SearchCriteria
	opts     imapserver.SearchOptions

	done     chan struct{} // closed when the rest is there
	hits     *imapserver.MailboxHits
	err      error
	panicked any
}

// run searches. A panic ends the connection of the session alone.
func (m *mailboxSearch) run(ctx context.Context) {
	defer close(m.done)
	defer func() { m.panicked = recover() }()
	m.hits, m.err = m.search(ctx)
}

// search searches the view if the mailbox is selected, else its present state.
// A mailbox that is gone by now has no hits.
func (m *mailboxSearch) search(ctx context.Context) (*imapserver.MailboxHits, error) {
	view := m.source.view
	if view == nil {
		var err error
		view, err = m.source.open(ctx, imapserver.SelectOptions{ReadOnly: true})
		if isGone(err) {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
	}
	c := &compiler{session: m.session, view: view, now: m.session.Now()}
	data, err := c.searchAll(ctx, m.criteria, m.opts)
	if err != nil {
		return nil, err
	}
	return &imapserver.MailboxHits{
		SearchData:  *data,
		Mailbox:     view.at.prefix + view.told.Mailbox().Name,
		UIDValidity: view.told.UIDValidity(),
		Selected:    m.source.view != nil,
	}, nil
}
