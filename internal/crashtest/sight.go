package crashtest

import (
	"slices"
	"strings"

	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/imap/imapclient"
)

// sights is what clients have been shown of mailboxes, and what must stay true
// of it.
type sights struct {
	boxes map[*Mailbox]*sight
	// names has the mailbox with the greatest UIDVALIDITY of those that have
	// been called so.
	names      map[string]*Mailbox
	validities map[validityKey]*Mailbox
	// unique is whose unique-id in POP3 is which, by account and id.
	unique map[string]string
}

type validityKey struct {
	account  string
	validity imap.UIDValidity
}

func newSights() sights {
	return sights{
		boxes: make(map[*Mailbox]*sight), names: make(map[string]*Mailbox),
		validities: make(map[validityKey]*Mailbox), unique: make(map[string]string),
	}
}

// A sight is what has been shown of one mailbox.
type sight struct {
	floor
	messages map[imap.UID]*messageSight
}

// A floor is what numbers may not fall below.
type floor struct {
	uidNext imap.UID
	highest imap.ModSeq
}

type messageSight struct {
	token  string
	flags  map[imap.ModSeq]string
	newest imap.ModSeq
}

func (s *sights) of(box *Mailbox) *sight {
	if s.boxes[box] == nil {
		s.boxes[box] = &sight{messages: make(map[imap.UID]*messageSight)}
	}
	return s.boxes[box]
}

// floor returns what a command that begins now must at least be told.
func (l *Ledger) floor(box *Mailbox) floor {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.sights.of(box).floor
}

// selected notes what SELECT has said, which began when the floor was there.
func (l *Ledger) selected(box *Mailbox, f floor, d *imapclient.SelectData) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.frozen {
		return
	}
	if box.validity == 0 {
		l.named(box, d.UIDValidity)
	}
	if box.validity != d.UIDValidity {
		l.failLocked("%s: UIDVALIDITY was %d and is %d", box, box.validity, d.UIDValidity)
	}
	if d.UIDNext < f.uidNext {
		l.failLocked("%s: UIDNEXT was %d and is %d", box, f.uidNext, d.UIDNext)
	}
	if d.HighestModSeq < f.highest {
		l.failLocked("%s: HIGHESTMODSEQ was %d and is %d", box, f.highest, d.HighestModSeq)
	}
	s := l.sights.of(box)
	s.uidNext, s.highest = max(s.uidNext, d.UIDNext), max(s.highest, d.HighestModSeq)
}

// named gives a mailbox its UIDVALIDITY. It is that of no other mailbox that
// the account has ever had, for by a renaming any of them may come to the name
// of another. One that was made under its name has a greater one than those of
// that name before (RFC 9051 §2.3.1.1).
func (l *Ledger) named(box *Mailbox, v imap.UIDValidity) {
	box.validity = v
	key := validityKey{box.account, v}
	if other := l.sights.validities[key]; other != nil && other != box {
		l.failLocked("%s: UIDVALIDITY %d was that of %s", box, v, other)
	}
	l.sights.validities[key] = box
	was := l.sights.names[box.String()]
	if was != nil && was != box && !box.renamed && v <= was.validity {
		l.failLocked("%s: UIDVALIDITY %d comes after %d of an earlier mailbox of that name", box, v, was.validity)
	}
	if was == nil || v > was.validity {
		l.sights.names[box.String()] = box
	}
}

// saw notes what FETCH has shown of a message, and returns its token.
func (l *Ledger) saw(box *Mailbox, m *imapclient.Message) string {
	token := ""
	for _, text := range m.Sections {
		token = tokenOf(text)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.frozen {
		l.place(box, m.UID, token)
		l.sights.of(box).messages[m.UID].see(l, box, m)
	}
	return token
}

// place notes that a message has a UID.
func (l *Ledger) place(box *Mailbox, uid imap.UID, token string) {
	s := l.sights.of(box)
	if uid >= s.uidNext {
		s.uidNext = uid + 1
	}
	was := s.messages[uid]
	if was == nil {
		was = &messageSight{token: token, flags: make(map[imap.ModSeq]string)}
		s.messages[uid] = was
	}
	if was.token != token {
		l.failLocked("%s: UID %d was %s and is %s", box, uid, was.token, token)
	}
}

func (s *messageSight) see(l *Ledger, box *Mailbox, m *imapclient.Message) {
	flags := flagsOf(m.Flags, all)
	if was, ok := s.flags[m.ModSeq]; ok && was != flags {
		l.failLocked("%s: UID %d at MODSEQ %d had flags (%s) and has (%s)", box, m.UID, m.ModSeq, was, flags)
	}
	s.flags[m.ModSeq] = flags
	s.newest = max(s.newest, m.ModSeq)
}

// gained notes the UIDs of APPENDUID or COPYUID.
func (l *Ledger) gained(box *Mailbox, uids imap.UIDSet, letters []*Letter) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.frozen {
		return
	}
	i := 0
	for uid := range uids.All() {
		if i < len(letters) {
			l.place(box, uid, letters[i].Token)
		}
		i++
	}
	if i != len(letters) {
		l.failLocked("%s: %d UIDs for %d messages", box, i, len(letters))
	}
}

// flagsOf returns flags in order, but for those that the session alone knows.
func flagsOf(flags []imap.Flag, wanted func(imap.Flag) bool) string {
	var list []string
	for _, f := range flags {
		if wanted(f) {
			list = append(list, string(f))
		}
	}
	slices.Sort(list)
	return strings.Join(list, " ")
}

func all(f imap.Flag) bool { return f != imap.FlagRecent }

// ours are the flags that the load sets; POP3 sets others by itself.
func ours(f imap.Flag) bool { return strings.HasPrefix(string(f), "k") }

// unique notes the unique-id of a message in POP3 (RFC 1939 §7).
func (l *Ledger) unique(account, id, token string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	key := account + " " + id
	was, ok := l.sights.unique[key]
	if ok && was != token && !l.frozen {
		l.failLocked("%s: unique-id %s was that of %s and is that of %s", account, id, was, token)
	}
	if !l.frozen {
		l.sights.unique[key] = token
	}
}

// inOrder returns the letters of an operation on a mailbox in the order of
// their UIDs there.
func (l *Ledger) inOrder(op *Op, uids imap.UIDSet, target *Mailbox) []*Letter {
	l.mu.Lock()
	defer l.mu.Unlock()
	byToken := make(map[string]*Letter)
	for _, m := range op.moves {
		if m.after.box == target {
			byToken[m.copy.letter.Token] = m.copy.letter
		}
	}
	var list []*Letter
	for uid := range uids.All() {
		if s := l.sights.of(op.within).messages[uid]; s != nil && byToken[s.token] != nil {
			list = append(list, byToken[s.token])
		}
	}
	return list
}
