package imapclient_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/imap/imapclient"
	"github.com/mailstead/mailstead/imap/imaptest"
)

// A follower keeps a copy of a mailbox, made of nothing but what the server
// tells.
type follower struct {
	*imapclient.Client
	uids []imap.UID // by sequence number; zero if not known yet
}

func (f *follower) update(u imapclient.Update) {
	switch {
	case u.Exists != nil:
		f.uids = append(f.uids, make([]imap.UID, int(*u.Exists)-len(f.uids))...)
	case u.Expunged != 0:
		f.uids = slices.Delete(f.uids, int(u.Expunged)-1, int(u.Expunged))
	}
}

// TestManyClients has clients of one mailbox act at random, in turn. Each
// number that a client speaks of must mean the message that it believes, and
// in the end all believe the same.
func TestManyClients(t *testing.T) {
	t.Parallel()
	for seed := range uint64(5) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			store := imaptest.New()
			for range 10 {
				store.Deliver(imap.Inbox, mail)
			}
			var all []*follower
			for range 3 {
				f := &follower{uids: make([]imap.UID, 10)}
				f.Client = open(t, store, imapclient.Options{Update: f.update})
				all = append(all, f)
			}
			random := rand.New(rand.NewPCG(seed, 1))
			for range 200 {
				all[random.IntN(len(all))].act(t, random)
			}
			for _, f := range all {
				check(t, f.Noop(t.Context()))
				f.learn(t)
				if !slices.Equal(f.uids, all[0].uids) {
					t.Errorf("one sees %v, another %v", f.uids, all[0].uids)
				}
			}
		})
	}
}

// act does one thing.
func (f *follower) act(t *testing.T, random *rand.Rand) {
	ctx := t.Context()
	if len(f.uids) == 0 || random.IntN(4) == 0 {
		_, err := f.Append(ctx, imap.Inbox, imap.AppendOptions{}, int64(len(mail)), strings.NewReader(mail))
		check(t, err)
		return
	}
	one := imap.NumSetOf(imap.SetOf(imap.SeqNum(1 + random.IntN(len(f.uids)))))
	switch random.IntN(5) {
	case 0:
		_, _, err := f.Store(ctx, one, &imap.StoreOp{Action: imap.StoreAdd, Flags: []imap.Flag{imap.FlagDeleted}})
		check(t, err)
	case 1:
		check(t, f.Expunge(ctx, nil))
	case 2:
		_, err := f.Search(ctx, imap.NumSeq, "UNDELETED")
		check(t, err)
	case 3:
		check(t, f.Noop(ctx))
	case 4:
		f.learn(t)
	}
}

// learn asks for all UIDs, by number: what was known must still be true.
func (f *follower) learn(t *testing.T) {
	if len(f.uids) == 0 {
		return
	}
	set := imap.NumSet{Ranges: []imap.NumRange{{First: 1, Last: imap.Star}}}
	err := f.Fetch(t.Context(), set, &imap.FetchOptions{Items: imap.FetchUID}, imapclient.FetchHandler{
		Message: func(m *imapclient.Message) error {
			if m.UID == 0 {
				return nil
			}
			if known := f.uids[m.Seq-1]; known != 0 && known != m.UID {
				t.Errorf("message %d was UID %d and is %d", m.Seq, known, m.UID)
			}
			f.uids[m.Seq-1] = m.UID
			return nil
		},
	})
	check(t, err)
}
