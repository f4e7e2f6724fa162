package imapsession

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mailstead/mailstead/collation"
	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/imap/imapserver"
	"github.com/mailstead/mailstead/imap/imapthread"
	"github.com/mailstead/mailstead/internal/model/mailstore"
	"github.com/mailstead/mailstead/internal/platform/storage/memstore"
	"github.com/mailstead/mailstead/internal/soak"
)

// A columnTest is a mailbox with random messages, and sessions that search it.
type columnTest struct {
	*testing.T
	*rand.Rand
	store   *memstore.Store
	mail    *mailstore.Store
	account *mailstore.Account
	inbox   mailstore.MailboxID
	backend *Backend
	views   []*view // some of them are behind
	sent    int
}

// TestColumnsAgainstRecords has messages come and go, servers start again,
// views that are behind and comparators change. Whatever happens, SEARCH, SORT
// and THREAD by columns give what they give by reading each message.
func TestColumnsAgainstRecords(t *testing.T) {
	t.Parallel()
	used := 0
	for seed := range soak.Times(12, 1000) {
		c := newColumnTest(t, uint64(seed))
		for range 25 {
			c.step()
			used += c.compare()
		}
	}
	if used < 30 {
		t.Errorf("columns were used by %d commands alone", used)
	}
}

func newColumnTest(t *testing.T, seed uint64) *columnTest {
	c := &columnTest{T: t, Rand: rand.New(rand.NewPCG(1, seed)), store: memstore.New()}
	t.Cleanup(func() { c.store.Close() })
	c.restart()
	c.append(60 + c.IntN(60))
	return c
}

// restart opens the store again, with columns of much, little or no memory.
func (c *columnTest) restart() {
	if c.mail != nil {
		c.must(c.mail.Close())
	}
	c.mail = mailstore.New(c.store, mailstore.Options{})
	c.forget()
	var err error
	c.account, err = c.mail.Account(c.Context(), 1)
	c.must(err)
	tree, err := c.account.Mailboxes(c.Context())
	c.must(err)
	box, _ := tree.Find(imap.Inbox)
	c.inbox, c.views = box.ID, nil
}

// forget makes sessions without columns, which get much, little or no memory.
func (c *columnTest) forget() {
	memory := []int64{0, 0, 0, -1, 2 << 10, 40 << 10}[c.IntN(6)]
	c.backend = New(Options{Mail: c.mail, SearchMemory: memory})
}

func (c *columnTest) must(err error) {
	c.Helper()
	if err != nil {
		c.Fatal(err)
	}
}

func (c *columnTest) now() *mailstore.Version {
	v, err := c.account.Open(c.Context(), c.inbox)
	c.must(err)
	return v
}

// step changes something.
func (c *columnTest) step() {
	switch c.IntN(8) {
	case 0:
		c.restart()
	case 1, 2:
		c.append(1 + c.IntN(5))
	case 3:
		c.append(100)
	case 4, 5:
		c.expunge()
	case 6: // columns would still have what records do not
		c.forget()
		_, err := c.mail.CollectOrphans(c.Context(), time.Now().Add(time.Hour))
		c.must(err)
	}
	if len(c.views) == 0 || c.IntN(3) == 0 {
		c.look()
	}
}

// look lets a session see the mailbox as it is now, perhaps with the messages
// that it has seen before, perhaps without new ones.
func (c *columnTest) look() {
	told := c.now()
	if n := len(c.views); n > 0 && c.IntN(2) == 0 {
		told = told.Keeping(c.views[n-1].told)
	}
	if c.IntN(4) == 0 {
		told = told.Only(imap.UIDSet{{Start: 1, Stop: imap.UID(c.IntN(c.sent) + 1)}})
	}
	c.views = append(c.views, &view{at: location{account: c.account}, id: c.inbox, told: told})
}

// append stores messages with random headers.
func (c *columnTest) append(n int) {
	for range n {
		in := c.mail.NewIngest(0)
		_, err := in.Write([]byte(c.letter()))
		c.must(err)
		content, err := in.Finish()
		c.must(err)
		_, err = c.account.Append(c.Context(), c.inbox, []mailstore.Append{{Content: content}})
		c.must(err)
		content.Discard()
	}
}

func (c *columnTest) letter() string {
	var b strings.Builder
	c.sent++
	if c.IntN(10) > 0 {
		fmt.Fprintf(&b, "Message-ID: <%d@x>\r\n", c.sent-c.IntN(2))
	}
	for _, name := range []string{"From", "To", "Subject", "References", "In-Reply-To", "X-Rare", "Subject"} {
		if c.IntN(3) > 0 {
			fmt.Fprintf(&b, "%s: %s\r\n", name, c.value(name))
		}
	}
	if c.IntN(20) == 0 { // too much for the record
		fmt.Fprintf(&b, "To: %s\r\n", strings.Repeat("Big <big@x>,\r\n ", 500))
	}
	return b.String() + "\r\nText.\r\n"
}

func (c *columnTest) value(name string) string {
	switch name {
	case "References", "In-Reply-To":
		return fmt.Sprintf("<%d@x>\r\n <%d@x>", 1+c.IntN(c.sent), 1+c.IntN(c.sent))
	case "From", "To":
		return fmt.Sprintf("%s <%s@example.test>", c.word(), []string{"ann", "bob", "Eve"}[c.IntN(3)])
	}
	return []string{"", "Re: ", "Fwd: ", "[x] "}[c.IntN(4)] + c.word() + " " + c.word()
}

func (c *columnTest) word() string {
	return []string{
		"Budget", "budget", "plan", "=?utf-8?q?Gr=C3=BC=C3=9Fe?=", "grüße", "GRU\u0308\u00dfE", "", "\xff\xfe",
		"=?utf-8?b?4oSqZWx2aW4=?=", "kelvin", "=?bad?q?x?=", "=?utf-8?q?=E2=84?=", "日本語", "a\tb",
	}[c.IntN(14)]
}

// expunge removes some or most messages.
func (c *columnTest) expunge() {
	share := []int{30, 30, 30, 2}[c.IntN(4)]
	var uids imap.UIDSet
	for _, e := range c.now().All() {
		if c.IntN(share) == 0 {
			uids.Add(e.UID)
		}
	}
	_, err := c.account.Remove(c.Context(), c.inbox, uids)
	c.must(err)
}

// criteria returns a random search.
func (c *columnTest) criteria(depth int) imap.SearchCriteria {
	if depth > 0 && c.IntN(3) == 0 {
		op := []imap.SearchOp{imap.SearchAnd, imap.SearchOr, imap.SearchNot}[c.IntN(3)]
		k := imap.SearchCriteria{Op: op, Keys: []imap.SearchCriteria{c.criteria(depth - 1), c.criteria(depth - 1)}}
		if op == imap.SearchNot {
			k.Keys = k.Keys[:1]
		}
		return k
	}
	switch c.IntN(8) {
	case 0:
		return imap.SearchCriteria{Op: imap.SearchSet, Set: imap.NumSetOf(imap.UIDSet{{Start: 1, Stop: imap.UID(1 + c.IntN(c.sent))}})}
	case 1:
		return imap.SearchCriteria{Op: imap.SearchBody, Text: "text"}
	}
	return imap.SearchCriteria{
		Op:    imap.SearchHeader,
		Field: []string{"From", "to", "SUBJECT", "Message-ID", "X-Rare", "References", "None"}[c.IntN(7)],
		Text:  []string{"", "bud", "ann", "GRÜSSE", "grüße", "K", "7@", "日", "\ufffd", "a\tB", "x> <1"}[c.IntN(11)],
	}
}

// compare compares the answers to commands, and returns how many used nothing
// but columns.
func (c *columnTest) compare() (used int) {
	v := c.views[c.IntN(len(c.views))]
	order := collation.Order{Collation: []collation.Collation{collation.UnicodeCasemap, collation.Octet, collation.ASCIICasemap}[c.IntN(3)], Descending: c.IntN(4) == 0}
	s := &session{Backend: c.backend, view: v, comparator: order, log: slog.New(slog.DiscardHandler)}
	k := c.criteria(2)
	c.compareSearch(s, &k)
	used += c.compareSort(s, &k)
	used += c.compareThread(s, &k)
	if n := c.backend.Columns(); n.Octets > max(0, c.backend.SearchMemory) {
		c.Fatalf("%d columns take %d octets", n.Columns, n.Octets)
	}
	return used
}

func (c *columnTest) compiler(s *session) *compiler {
	return &compiler{session: s, view: s.view, now: s.Now()}
}

func (c *columnTest) compareSearch(s *session, k *imap.SearchCriteria) {
	opts := imapserver.SearchOptions{UIDs: true, Seqs: true, Return: imap.SearchReturnAll}
	if c.IntN(4) == 0 {
		opts.Return = []imap.SearchReturn{imap.SearchReturnMin, imap.SearchReturnMax}[c.IntN(2)]
	}
	plain := c.compiler(s)
	want, err := inPasses(opts, func(h *hits) error { return plain.scan(c.Context(), k, plain.inOrder(h), h) })
	c.must(err)
	got, err := c.compiler(s).searchAll(c.Context(), k, opts)
	c.must(err)
	if got.UIDs.String() != want.UIDs.String() || got.Seqs.String() != want.Seqs.String() {
		c.Fatalf("SEARCH %+v: %v, want %v", k, got.UIDs, want.UIDs)
	}
}

func (c *columnTest) compareSort(s *session, k *imap.SearchCriteria) (used int) {
	var by []imap.SortCriterion
	for range 1 + c.IntN(3) {
		key := []imap.SortKey{imap.SortArrival, imap.SortDate, imap.SortSize, imap.SortSubject, imap.SortFrom, imap.SortTo, imap.SortDisplayFrom}[c.IntN(7)]
		by = append(by, imap.SortCriterion{Key: key, Reverse: c.IntN(2) == 0})
	}
	plain := c.compiler(s)
	want, err := plain.sorted(c.Context(), sortTask{k, by, s.view.told.All()})
	c.must(err)
	byColumns := c.compiler(s)
	from := byColumns.columnist(k, false)
	byColumns.useColumns(c.Context(), from)
	if got, ok := byColumns.sortByColumns(c.Context(), from, by); ok {
		if used++; !slices.Equal(got, want.messages()) {
			c.Fatalf("SORT %v of %+v:\n%v, want\n%v", by, k, got, want.messages())
		}
	}
	return used
}

func (c *columnTest) compareThread(s *session, k *imap.SearchCriteria) (used int) {
	by := []imap.ThreadAlgorithm{imap.ThreadOrderedSubject, imap.ThreadReferences, imap.ThreadRefs}[c.IntN(3)]
	messages, want, err := c.compiler(s).readThreads(c.Context(), by, k, imap.NumUID)
	c.must(err)
	byColumn := c.compiler(s)
	from := byColumn.columnist(k, false)
	byColumn.useColumns(c.Context(), from)
	facts, got, ok := byColumn.threadsByColumn(c.Context(), from, imap.NumUID)
	if !ok {
		return 0
	}
	if !slices.Equal(got, want) || !slices.Equal(imapthread.Threads(by, facts), imapthread.Threads(by, messages)) {
		c.Fatalf("THREAD %v of %+v is another by column", by, k)
	}
	return 1
}

// TestColumnsOfFewMessages wants that a search that looks at few messages makes
// no column, but uses one that is there.
func TestColumnsOfFewMessages(t *testing.T) {
	t.Parallel()
	c := newColumnTest(t, 1)
	c.backend = New(Options{Mail: c.mail})
	c.append(500)
	s := &session{Backend: c.backend, view: &view{at: location{account: c.account}, id: c.inbox, told: c.now()}, log: slog.New(slog.DiscardHandler)}
	from := func(limited bool, keys ...imap.SearchCriteria) bool {
		keys = append(keys, imap.SearchCriteria{Op: imap.SearchHeader, Field: "From", Text: "ann"})
		compiler, k := c.compiler(s), &imap.SearchCriteria{Op: imap.SearchAnd, Keys: keys}
		compiler.useColumns(context.Background(), compiler.columnist(k, limited))
		return len(compiler.selections) == 1
	}
	few := imap.SearchCriteria{Op: imap.SearchSet, Set: imap.NumSetOf(imap.UIDSet{{Start: 5, Stop: 20}})}
	if from(false, few) || from(true) {
		t.Error("few messages made a column")
	}
	if !from(false) {
		t.Error("all messages make no column")
	}
	if !from(false, few) || !from(true) {
		t.Error("the column is not used")
	}
}

func TestSortStable(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	for _, width := range []uint64{1, 2, 100, 1 << 20, 1 << 63} {
		numbers := make([]uint64, 3000)
		for i := range numbers {
			numbers[i] = r.Uint64N(width)
		}
		want := firstOrder(len(numbers))
		slices.SortStableFunc(want, func(a, b uint32) int {
			switch x, y := numbers[a], numbers[b]; {
			case x < y:
				return -1
			case x > y:
				return 1
			}
			return 0
		})
		if got := sortStable(firstOrder(len(numbers)), slices.Clone(numbers)); !slices.Equal(got, want) {
			t.Errorf("numbers below %d are not in order", width)
		}
	}
	if got := sortStable(nil, nil); len(got) > 0 {
		t.Error(got)
	}
}

// TestNeighbours wants that a search for one of the fields people search makes
// the columns of the others too, unless they take much of the memory.
func TestNeighbours(t *testing.T) {
	t.Parallel()
	c := newColumnTest(t, 1)
	c.append(500)
	s := &session{view: &view{at: location{account: c.account}, id: c.inbox, told: c.now()}, log: slog.New(slog.DiscardHandler)}
	search := func(field string) int {
		k := &imap.SearchCriteria{Op: imap.SearchHeader, Field: field, Text: "ann"}
		compiler := c.compiler(s)
		compiler.useColumns(t.Context(), compiler.columnist(k, false))
		if len(compiler.selections) != 1 {
			t.Errorf("no column of %s", field)
		}
		return s.Columns().Columns
	}
	s.Backend = New(Options{Mail: c.mail})
	for _, step := range []struct {
		field   string
		columns int
	}{{"Message-ID", 1}, {"from", 5}, {"subject", 5}, {"x-rare", 6}} {
		if n := search(step.field); n != step.columns {
			t.Errorf("after a search for %s there are %d columns, want %d", step.field, n, step.columns)
		}
	}
	s.Backend = New(Options{Mail: c.mail, SearchMemory: 20 << 10})
	search("from")
	finder := c.compiler(s).columnist(nil, false)
	for _, field := range searchedFields {
		column := s.columns.Get(finder.key(finder.fieldColumn(field)))
		if made := column.Len() > 0; made != (field == "from") {
			t.Errorf("with little memory, the column of %s is made: %v", field, made)
		}
	}
}
