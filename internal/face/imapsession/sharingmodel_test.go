package imapsession_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/internal/mailtest"
)

// A rightsModel is what several accounts share, as a plain structure.
type rightsModel struct {
	boxes map[boxName]*modelBox
	made  int // mailboxes and messages so far, for new names
}

type boxName struct{ owner, name string }

type modelBox struct {
	grants   map[string]imap.Rights // by identifier
	messages []modelMessage
}

type modelMessage struct {
	subject string
	flags   string // sorted, in one string
}

func newRightsModel(owners []string, names []string) *rightsModel {
	m := &rightsModel{boxes: make(map[boxName]*modelBox)}
	for _, owner := range owners {
		for _, name := range names {
			m.boxes[boxName{owner, name}] = &modelBox{grants: make(map[string]imap.Rights)}
		}
	}
	return m
}

// rights returns what an account may do with a mailbox.
func (m *rightsModel) rights(by string, at boxName) imap.Rights {
	box := m.boxes[at]
	switch {
	case box == nil:
		return 0
	case by == at.owner:
		return imap.AllRights
	}
	return (box.grants[by] | box.grants["anyone"]) &^ (box.grants["-"+by] | box.grants["-anyone"])
}

// refusal returns how a command fails that needs rights, empty if it does not.
func (m *rightsModel) refusal(by string, at boxName, need imap.Rights) string {
	rights := m.rights(by, at)
	switch {
	case rights.Has(need) && rights.HasAny(imap.AnyRight):
		return ""
	case rights.Has(imap.RightLookup):
		return "NO [NOPERM]"
	}
	return "NO [NONEXISTENT]"
}

// kept returns the flags that somebody with rights can set.
func kept(rights imap.Rights, flags string) string {
	var some []string
	for _, f := range strings.Fields(flags) {
		if rights.MayChange(imap.Flag(f)) {
			some = append(some, f)
		}
	}
	slices.Sort(some)
	return strings.Join(some, " ")
}

// store returns flags after a STORE with some rights.
func store(rights imap.Rights, before, action, flags string) string {
	set := make(map[string]bool)
	for _, f := range strings.Fields(before) {
		if action != "" || !rights.MayChange(imap.Flag(f)) {
			set[f] = true
		}
	}
	for _, f := range strings.Fields(kept(rights, flags)) {
		set[f] = action != "-"
	}
	maps.DeleteFunc(set, func(_ string, there bool) bool { return !there })
	return strings.Join(slices.Sorted(maps.Keys(set)), " ")
}

// sharer runs random commands of several accounts against server and model.
type sharer struct {
	t       *testing.T
	random  *rand.Rand
	model   *rightsModel
	clients map[string]*mailtest.IMAP
	users   []string
}

// TestSharingModel has several accounts do random things with each other's
// mailboxes. Each answer is what the rights allow, and in the end each view is
// that of the model.
func TestSharingModel(t *testing.T) {
	for seed := range uint64(6) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			users := []string{ann, bob, carl}
			s := mailtest.Start(t, mailtest.Options{
				Accounts: []mailtest.Account{{Address: ann}, {Address: bob}, {Address: carl}, {Address: team, Shared: true}},
			})
			names := []string{"INBOX", "Drafts", "Sent", "Junk", "Trash", "Archive"}
			h := &sharer{
				t: t, random: rand.New(rand.NewPCG(seed, 1)), users: users,
				model:   newRightsModel(append(users, team), names),
				clients: make(map[string]*mailtest.IMAP),
			}
			for _, user := range users {
				h.clients[user] = s.IMAP(user)
			}
			allow(t, s, "INBOX", ann, "lrswipkxtea")
			h.model.boxes[boxName{team, "INBOX"}].grants[ann] = imap.AllRights
			for range 1500 {
				h.step()
				if t.Failed() {
					return
				}
			}
			for _, user := range users {
				h.check(user)
			}
		})
	}
}

func (h *sharer) step() {
	by := h.users[h.random.IntN(len(h.users))]
	switch h.random.IntN(12) {
	case 0, 1, 2:
		h.setACL(by)
	case 3:
		h.create(by)
	case 4:
		h.delete(by)
	case 5:
		h.rename(by)
	case 6, 7:
		h.append(by)
	case 8, 9:
		h.transfer(by)
	case 10:
		h.storeFlags(by)
	case 11:
		h.expunge(by)
	}
}

// any returns a random mailbox, seldom one that does not exist.
func (h *sharer) any() boxName {
	all := slices.SortedFunc(maps.Keys(h.model.boxes), func(a, b boxName) int {
		return strings.Compare(a.owner+a.name, b.owner+b.name)
	})
	at := all[h.random.IntN(len(all))]
	if h.random.IntN(30) == 0 {
		at.name = "Absent"
	}
	return at
}

// named returns a mailbox's name as an account writes it.
func named(by string, at boxName) string {
	switch at.owner {
	case by:
		return fmt.Sprintf("%q", at.name)
	case team:
		return fmt.Sprintf("%q", "Shared/"+team+"/"+at.name)
	}
	return fmt.Sprintf("%q", "Other Users/"+at.owner+"/"+at.name)
}

var allFlags = []string{`\Answered`, `\Deleted`, `\Flagged`, `\Seen`, `$Done`}

func (h *sharer) flags() string {
	var some []string
	for _, f := range allFlags {
		if h.random.IntN(3) == 0 {
			some = append(some, f)
		}
	}
	return strings.Join(some, " ")
}

// do runs a command and wants an answer that begins with want, OK if empty. It
// reports whether the command has succeeded.
func (h *sharer) do(by, command, want string) bool {
	h.t.Helper()
	r := h.clients[by].Do(command)
	if want == "" {
		want = "OK"
	}
	if !strings.HasPrefix(r.Final, want) {
		h.t.Errorf("%s: %s: %s, want %s", by, command, r, want)
	}
	return r.OK()
}

func (h *sharer) setACL(by string) {
	at := h.any()
	who := append([]string{"anyone", "-anyone", "-" + bob}, h.users...)[h.random.IntN(3+len(h.users))]
	rights := imap.Rights(h.random.IntN(int(imap.AllRights) + 1))
	if h.random.IntN(2) == 0 {
		rights |= imap.RightLookup | imap.RightRead
	}
	if strings.HasPrefix(who, "-") {
		rights &= imap.Rights(h.random.IntN(int(imap.AllRights) + 1)) // not too much is taken away
	}
	want := h.model.refusal(by, at, imap.RightAdminister)
	if want == "" && strings.TrimPrefix(who, "-") == at.owner {
		want = "NO [CANNOT]"
	}
	letters := strings.NewReplacer("c", "", "d", "").Replace(rights.String())
	if h.do(by, fmt.Sprintf("SETACL %s %s %q", named(by, at), who, letters), want) {
		h.model.boxes[at].grants[who] = rights
	}
}

// create makes a mailbox below a random one.
func (h *sharer) create(by string) {
	parent := h.any()
	if h.model.boxes[parent] == nil || strings.Count(parent.name, "/") > 3 {
		return
	}
	h.model.made++
	at := boxName{parent.owner, fmt.Sprintf("%s/new%d", parent.name, h.model.made)}
	if h.do(by, "CREATE "+named(by, at), h.model.refusal(by, parent, imap.RightCreate)) {
		h.model.boxes[at] = &modelBox{grants: maps.Clone(h.model.boxes[parent].grants)}
	}
}

// leaf reports whether a mailbox was made by create and has none below it.
func (h *sharer) leaf(at boxName) bool {
	for other := range h.model.boxes {
		if other.owner == at.owner && strings.HasPrefix(other.name, at.name+"/") {
			return false
		}
	}
	return h.model.boxes[at] != nil && strings.Contains(at.name, "/")
}

func (h *sharer) delete(by string) {
	at := h.any()
	if !h.leaf(at) || h.random.IntN(2) == 0 {
		return
	}
	if h.do(by, "DELETE "+named(by, at), h.model.refusal(by, at, imap.RightDelete)) {
		delete(h.model.boxes, at)
	}
}

// rename moves a mailbox below another, perhaps of another account.
func (h *sharer) rename(by string) {
	at, parent := h.any(), h.any()
	if !h.leaf(at) || h.model.boxes[parent] == nil || at == parent || strings.Count(parent.name, "/") > 3 {
		return
	}
	h.model.made++
	to := boxName{parent.owner, fmt.Sprintf("%s/new%d", parent.name, h.model.made)}
	rights := h.model.rights(by, parent)
	want := h.model.refusal(by, at, imap.RightDelete)
	if want == "" {
		want = h.model.refusal(by, parent, imap.RightCreate)
	}
	across := at.owner != to.owner
	if want == "" && across {
		if !h.model.rights(by, at).Has(imap.RightRead | imap.RightDelete) {
			want = "NO [NOPERM]"
		} else {
			want = h.model.refusal(by, parent, imap.RightInsert)
		}
	}
	if !h.do(by, "RENAME "+named(by, at)+" "+named(by, to), want) {
		return
	}
	box := h.model.boxes[at]
	delete(h.model.boxes, at)
	h.model.boxes[to] = box
	if across {
		box.grants = maps.Clone(h.model.boxes[parent].grants)
		for i := range box.messages {
			box.messages[i].flags = kept(rights, box.messages[i].flags)
		}
	}
}

func (h *sharer) append(by string) {
	at, flags := h.any(), h.flags()
	h.model.made++
	subject := fmt.Sprintf("m%d", h.model.made)
	text := "Subject: " + subject + "\r\n\r\n"
	command := fmt.Sprintf("APPEND %s (%s) {%d+}\r\n%s", named(by, at), flags, len(text), text)
	if h.do(by, command, h.insertRefusal(by, at)) {
		box := h.model.boxes[at]
		box.messages = append(box.messages, modelMessage{subject, kept(h.model.rights(by, at), flags)})
	}
}

// insertRefusal is refusal for a mailbox that messages are put into: whether it
// could be made is told as well.
func (h *sharer) insertRefusal(by string, at boxName) string {
	want := h.model.refusal(by, at, imap.RightInsert)
	if want == "NO [NONEXISTENT]" && h.mayCreate(by, at) {
		return "NO [TRYCREATE]"
	}
	return want
}

func (h *sharer) mayCreate(by string, at boxName) bool {
	if by == at.owner {
		return true
	}
	above := "INBOX"
	if i := strings.LastIndex(at.name, "/"); i >= 0 {
		above = at.name[:i]
	}
	return h.model.rights(by, boxName{at.owner, above}).Has(imap.RightCreate)
}

// open selects a mailbox, and reports whether it may be written.
func (h *sharer) open(by string, at boxName) (opened, writable bool) {
	opened = h.do(by, "SELECT "+named(by, at), h.model.refusal(by, at, imap.RightRead))
	rights := h.model.rights(by, at)
	return opened, rights.HasAny(imap.RightInsert | imap.RightExpunge | imap.FlagRights)
}

// some returns a set of sequence numbers of a mailbox, and the messages.
func (h *sharer) some(at boxName) (set string, chosen []int) {
	var numbers []string
	for i := range h.model.boxes[at].messages {
		if h.random.IntN(2) == 0 {
			chosen = append(chosen, i)
			numbers = append(numbers, fmt.Sprint(i+1))
		}
	}
	return strings.Join(numbers, ","), chosen
}

func (h *sharer) transfer(by string) {
	from, to := h.any(), h.any()
	opened, writable := h.open(by, from)
	if !opened {
		return
	}
	defer h.do(by, "UNSELECT", "")
	set, chosen := h.some(from)
	if set == "" {
		return
	}
	verb, want := "COPY ", ""
	move := h.random.IntN(2) == 0
	if move {
		verb = "MOVE "
		if !writable {
			want = "NO [READ-ONLY]"
		} else {
			want = h.model.refusal(by, from, imap.RightDeleteMsgs|imap.RightExpunge|imap.RightRead)
		}
		if want == "NO [NONEXISTENT]" {
			want = "NO [NOPERM]" // it is selected, and so no secret
		}
	}
	if want == "" {
		want = h.insertRefusal(by, to)
	}
	if !h.do(by, verb+set+" "+named(by, to), want) {
		return
	}
	source, target := h.model.boxes[from], h.model.boxes[to]
	var moved []modelMessage
	for _, i := range chosen {
		one := source.messages[i]
		one.flags = kept(h.model.rights(by, to), one.flags)
		moved = append(moved, one)
	}
	if move {
		for _, i := range slices.Backward(chosen) {
			source.messages = slices.Delete(source.messages, i, i+1)
		}
	}
	target.messages = append(target.messages, moved...)
}

func (h *sharer) storeFlags(by string) {
	at := h.any()
	opened, writable := h.open(by, at)
	if !opened {
		return
	}
	defer h.do(by, "UNSELECT", "")
	set, chosen := h.some(at)
	if set == "" {
		return
	}
	action, flags := []string{"", "+", "-"}[h.random.IntN(3)], h.flags()
	rights := h.model.rights(by, at)
	want := ""
	switch {
	case !writable:
		want = "NO [READ-ONLY]"
	case action == "" && !rights.HasAny(imap.FlagRights), action != "" && flags != "" && kept(rights, flags) == "":
		want = "NO [NOPERM]"
	}
	if h.do(by, fmt.Sprintf("STORE %s %sFLAGS (%s)", set, action, flags), want) {
		for _, i := range chosen {
			one := &h.model.boxes[at].messages[i]
			one.flags = store(rights, one.flags, action, flags)
		}
	}
}

func (h *sharer) expunge(by string) {
	at := h.any()
	opened, writable := h.open(by, at)
	if !opened {
		return
	}
	defer h.do(by, "UNSELECT", "")
	want := ""
	switch {
	case !writable:
		want = "NO [READ-ONLY]"
	case !h.model.rights(by, at).Has(imap.RightExpunge):
		want = "NO [NOPERM]"
	}
	if h.do(by, "EXPUNGE", want) {
		box := h.model.boxes[at]
		box.messages = slices.DeleteFunc(box.messages, func(m modelMessage) bool {
			return strings.Contains(m.flags, `\Deleted`)
		})
	}
}

// check compares all that an account can see with the model.
func (h *sharer) check(by string) {
	var listed []string
	for _, line := range h.clients[by].OK(`LIST "" *`).Untagged {
		if !strings.Contains(line, `\NonExistent`) {
			_, name, _ := strings.Cut(line, `"/" `)
			listed = append(listed, strings.Trim(name, `"`))
		}
	}
	var visible []string
	for at, box := range h.model.boxes {
		rights := h.model.rights(by, at)
		if rights.Has(imap.RightLookup) {
			visible = append(visible, strings.Trim(named(by, at), `"`))
		}
		if opened, _ := h.open(by, at); opened {
			h.compare(by, at, box)
		}
		if rights.HasAny(imap.AnyRight) {
			r := h.clients[by].OK("MYRIGHTS " + named(by, at))
			if got := r.Untagged[0]; !strings.HasSuffix(got, " "+rights.String()) {
				h.t.Errorf("%s: %s, want %s", by, got, rights)
			}
		}
	}
	slices.Sort(listed)
	slices.Sort(visible)
	if !slices.Equal(listed, visible) {
		h.t.Errorf("%s sees\n%q\nwant\n%q", by, listed, visible)
	}
}

// compare compares the messages of the selected mailbox with the model.
func (h *sharer) compare(by string, at boxName, box *modelBox) {
	c := h.clients[by]
	var got []modelMessage
	for _, line := range c.OK("UID FETCH 1:* (FLAGS BODY.PEEK[HEADER.FIELDS (SUBJECT)])").Untagged {
		_, rest, _ := strings.Cut(line, "FLAGS (")
		flags, rest, _ := strings.Cut(rest, ")")
		_, rest, _ = strings.Cut(rest, "Subject: ")
		subject, _, _ := strings.Cut(rest, "\r\n")
		words := slices.DeleteFunc(strings.Fields(flags), func(f string) bool { return f == `\Recent` })
		slices.Sort(words)
		got = append(got, modelMessage{subject, strings.Join(words, " ")})
	}
	if !slices.Equal(got, box.messages) {
		h.t.Errorf("%s finds in %v\n%v\nwant\n%v", by, at, got, box.messages)
	}
	c.OK("UNSELECT")
}
