package server_test

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/mailstead/mailstead/internal/mailtest"
)

// A mirror is a client's view of a mailbox, made only of what the server has
// told it.
type mirror struct {
	messages []mirrored
	modseqs  map[int]uint64 // by UID, as far as they were told
	errs     []string       // what was wrong with it
}

// A mirrored is a message of which the client knows at least that it is there.
type mirrored struct {
	uid   int             // 0 if not told yet
	flags map[string]bool // nil if not told yet; without \Recent
}

func (m *mirror) failf(format string, args ...any) {
	m.errs = append(m.errs, fmt.Sprintf(format, args...))
}

var (
	numbered  = regexp.MustCompile(`^(\d+) (EXISTS|EXPUNGE|FETCH) ?`)
	uidItem   = regexp.MustCompile(`[( ]UID (\d+)[) ]`)
	flagsItem = regexp.MustCompile(`[( ]FLAGS \(([^)]*)\)`)
	seqItem   = regexp.MustCompile(`[( ]MODSEQ \((\d+)\)`)
)

// hear takes in all untagged lines of a response. mayExpunge says whether the
// command lets the server tell of expunges.
func (m *mirror) hear(command string, r mailtest.Response, mayExpunge bool) {
	for _, line := range r.Untagged {
		found := numbered.FindStringSubmatch(line)
		if found == nil {
			continue
		}
		n, _ := strconv.Atoi(found[1])
		if found[2] != "EXISTS" && (n < 1 || n > len(m.messages)) {
			m.failf("%s: %s of %d in a view of %d", command, found[2], n, len(m.messages))
			continue
		}
		switch found[2] {
		case "EXISTS":
			m.exists(command, n)
		case "EXPUNGE":
			if !mayExpunge {
				m.failf("%s: expunge of %d told", command, n)
			}
			m.messages = slices.Delete(m.messages, n-1, n)
		case "FETCH":
			m.fetched(command, n-1, line)
		}
	}
}

func (m *mirror) exists(command string, n int) {
	if n < len(m.messages) {
		m.failf("%s: %d EXISTS after %d", command, n, len(m.messages))
		return
	}
	for len(m.messages) < n {
		m.messages = append(m.messages, mirrored{})
	}
}

func (m *mirror) fetched(command string, i int, line string) {
	if found := uidItem.FindStringSubmatch(line); found != nil {
		uid, _ := strconv.Atoi(found[1])
		m.learnUID(command, i, uid)
	}
	if found := flagsItem.FindStringSubmatch(line); found != nil {
		m.messages[i].flags = flagSet(found[1])
	}
	if found := seqItem.FindStringSubmatch(line); found != nil && m.messages[i].uid != 0 {
		m.learnModSeq(command, m.messages[i].uid, found[1])
	}
}

// learnModSeq wants the mod-sequence of a message never to fall (RFC 7162
// §3.1.2).
func (m *mirror) learnModSeq(command string, uid int, text string) {
	modseq, err := strconv.ParseUint(text, 10, 64)
	if err != nil || modseq == 0 || modseq < m.modseqs[uid] {
		m.failf("%s: UID %d has MODSEQ %s, had %d", command, uid, text, m.modseqs[uid])
	}
	if m.modseqs == nil {
		m.modseqs = make(map[int]uint64)
	}
	m.modseqs[uid] = modseq
}

// learnUID wants UIDs to stay with their messages and to rise.
func (m *mirror) learnUID(command string, i, uid int) {
	if known := m.messages[i].uid; known != 0 && known != uid {
		m.failf("%s: message %d has UID %d, had %d", command, i+1, uid, known)
	}
	m.messages[i].uid = uid
	for j, other := range m.messages {
		if other.uid != 0 && (j < i && other.uid >= uid || j > i && other.uid <= uid) {
			m.failf("%s: message %d has UID %d, message %d has %d", command, i+1, uid, j+1, other.uid)
		}
	}
}

func flagSet(text string) map[string]bool {
	set := make(map[string]bool)
	for _, f := range strings.Fields(text) {
		if f != `\Recent` {
			set[f] = true
		}
	}
	return set
}

// compare takes the answer to FETCH 1:* (UID FLAGS): nothing in it may differ
// from what the client knows already.
func (m *mirror) compare(r mailtest.Response) {
	lines := r.Lines("FETCH")
	if len(lines) != len(m.messages) {
		m.failf("there are %d messages, the client knows %d: %s", len(lines), len(m.messages), r)
		return
	}
	for i, line := range lines {
		known := m.messages[i].flags
		got := flagSet(flagsItem.FindStringSubmatch(line)[1])
		if known != nil && fmt.Sprint(known) != fmt.Sprint(got) {
			m.failf("message %d: the client believes %v, %s", i+1, known, line)
		}
		m.fetched("FETCH", i, line)
	}
}

// stored does to the view what a STORE that is not answered does.
func (m *mirror) stored(first, last int, action, flag string) {
	for i := first - 1; i < last && i < len(m.messages); i++ {
		if m.messages[i].flags == nil {
			continue
		}
		set := make(map[string]bool)
		for f := range m.messages[i].flags {
			set[f] = action != ""
		}
		set[flag] = action != "-"
		for f, on := range set {
			if !on {
				delete(set, f)
			}
		}
		m.messages[i].flags = set
	}
}
