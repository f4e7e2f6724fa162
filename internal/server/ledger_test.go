package server_test

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"sync"

	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/internal/mailtest"
)

// A ledger keeps what clients were told of new messages: each UID is given out
// once in a mailbox, whoever asks (RFC 9051 §2.3.1.1).
type ledger struct {
	mu        sync.Mutex
	uids      map[string]map[imap.UID]bool // by the owner's name of a mailbox
	delivered map[string]int               // accepted deliveries, by address
	errs      []string
}

func newLedger() *ledger {
	return &ledger{uids: make(map[string]map[imap.UID]bool), delivered: make(map[string]int)}
}

var uidCode = regexp.MustCompile(`\[(?:APPENDUID (\d+)|COPYUID (\d+) \S+) ([0-9:,]+)\]`)

// owned is the name of a mailbox with its owner, from whoever's view.
func owned(user, mailbox string) string {
	mailbox = strings.Trim(mailbox, `"`)
	for _, prefix := range []string{"Other Users/", "Shared/"} {
		if rest, ok := strings.CutPrefix(mailbox, prefix); ok {
			return rest
		}
	}
	return user + "/" + mailbox
}

// note takes in the answer to an APPEND, COPY or MOVE.
func (l *ledger) note(user, mailbox string, r mailtest.Response) {
	if l == nil {
		return
	}
	for _, line := range append(r.Untagged[:len(r.Untagged):len(r.Untagged)], r.Final) {
		if found := uidCode.FindStringSubmatch(line); found != nil {
			l.add(owned(user, mailbox), found[1]+found[2], found[3])
		}
	}
}

func (l *ledger) add(mailbox, validity, set string) {
	uids, err := imap.ParseSet[imap.UID](set)
	l.mu.Lock()
	defer l.mu.Unlock()
	if err != nil {
		l.errs = append(l.errs, err.Error())
	}
	mailbox += " " + validity
	if l.uids[mailbox] == nil {
		l.uids[mailbox] = make(map[imap.UID]bool)
	}
	for uid := range uids.All() {
		if l.uids[mailbox][uid] {
			l.errs = append(l.errs, fmt.Sprintf("%s: UID %d was given out twice", mailbox, uid))
		}
		l.uids[mailbox][uid] = true
	}
}

// deliver counts an accepted delivery.
func (l *ledger) deliver(address string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.delivered[address]++
}

// given returns the UIDs that were given out in a mailbox.
func (l *ledger) given(mailbox string, validity uint32) map[imap.UID]bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.uids[mailbox+" "+strconv.FormatUint(uint64(validity), 10)]
}
