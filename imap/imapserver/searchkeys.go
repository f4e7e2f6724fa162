package imapserver

import (
	"context"
	"time"

	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/imap/imapwire"
)

// Bounds of a search, so that its tree stays small.
const (
	maxSearchDepth = 50
	maxSearchKeys  = 2000
)

// A searchParser takes search keys.
type searchParser struct {
	c       *conn
	ctx     context.Context
	r       *imapwire.Reader // of the command, or of a stored filter
	charset charset
	foreign bool     // a charset was given that is not ASCII nor UTF-8
	filters []string // that are being read, each within the one before
	depth   int
	count   int
}

func newSearchParser(ctx context.Context, c *conn) *searchParser {
	return &searchParser{c: c, ctx: ctx, r: c.r, charset: utf8Charset}
}

// searchFlags are the keys that test one flag.
var searchFlags = map[string]struct {
	flag imap.Flag
	not  bool
}{
	"ANSWERED":   {imap.FlagAnswered, false},
	"DELETED":    {imap.FlagDeleted, false},
	"DRAFT":      {imap.FlagDraft, false},
	"FLAGGED":    {imap.FlagFlagged, false},
	"RECENT":     {imap.FlagRecent, false},
	"SEEN":       {imap.FlagSeen, false},
	"OLD":        {imap.FlagRecent, true},
	"UNANSWERED": {imap.FlagAnswered, true},
	"UNDELETED":  {imap.FlagDeleted, true},
	"UNDRAFT":    {imap.FlagDraft, true},
	"UNFLAGGED":  {imap.FlagFlagged, true},
	"UNSEEN":     {imap.FlagSeen, true},
}

// searchDates are the keys that compare a date.
var searchDates = map[string]imap.SearchOp{
	"BEFORE":      imap.SearchBefore,
	"ON":          imap.SearchOn,
	"SINCE":       imap.SearchSince,
	"SENTBEFORE":  imap.SearchSentBefore,
	"SENTON":      imap.SearchSentOn,
	"SENTSINCE":   imap.SearchSentSince,
	"SAVEDBEFORE": imap.SearchSavedBefore,
	"SAVEDON":     imap.SearchSavedOn,
	"SAVEDSINCE":  imap.SearchSavedSince,
}

// searchFields are the keys that look into a header field.
var searchFields = map[string]string{
	"BCC":     "Bcc",
	"CC":      "Cc",
	"FROM":    "From",
	"SUBJECT": "Subject",
	"TO":      "To",
}

// keys takes keys with spaces between them.
func (p *searchParser) keys() ([]imap.SearchCriteria, error) {
	var keys []imap.SearchCriteria
	for {
		key, err := p.key()
		if err != nil {
			return nil, err
		}
		keys = append(keys, key)
		if !p.r.Accept(' ') {
			return keys, nil
		}
	}
}

// key takes one key.
func (p *searchParser) key() (imap.SearchCriteria, error) {
	if p.depth++; p.depth > maxSearchDepth {
		return imap.SearchCriteria{}, imapwire.Syntax("search is nested too deep")
	}
	if p.count++; p.count > maxSearchKeys {
		return imap.SearchCriteria{}, imapwire.Syntax("search has too many keys")
	}
	defer func() { p.depth-- }()
	r := p.r
	switch {
	case r.Accept('('):
		keys, err := p.keys()
		if err != nil {
			return imap.SearchCriteria{}, err
		}
		return imap.SearchCriteria{Op: imap.SearchAnd, Keys: keys}, r.Expect(')')
	case r.PeekNumSet():
		return p.set(imap.NumSeq)
	}
	name, err := r.Keyword()
	if err != nil {
		return imap.SearchCriteria{}, err
	}
	if f, ok := searchFlags[string(name)]; ok {
		return flagKey(f.flag, f.not), nil
	}
	switch string(name) {
	case "ALL":
		return imap.SearchCriteria{Op: imap.SearchAnd}, nil
	case "NEW":
		return imap.SearchCriteria{Op: imap.SearchAnd, Keys: []imap.SearchCriteria{
			flagKey(imap.FlagRecent, false), flagKey(imap.FlagSeen, true),
		}}, nil
	case "SAVEDATESUPPORTED":
		return p.saveDateSupported()
	}
	kw := string(name)
	if !r.Accept(' ') {
		return imap.SearchCriteria{}, imapwire.Syntax("search key is unknown or lacks its argument")
	}
	return p.argument(kw)
}

// flagKey tests a flag.
func flagKey(f imap.Flag, not bool) imap.SearchCriteria {
	key := imap.SearchCriteria{Op: imap.SearchFlag, Flag: f}
	if not {
		return imap.SearchCriteria{Op: imap.SearchNot, Keys: []imap.SearchCriteria{key}}
	}
	return key
}

// argument takes the rest of a key that has arguments.
func (p *searchParser) argument(name string) (key imap.SearchCriteria, err error) {
	r := p.r
	if !p.c.offers(capabilityOfKey(name)) {
		return key, imapwire.Syntax("unknown search key")
	}
	if op, ok := searchDates[name]; ok {
		key.Op = op
		if name[:2] == "SA" && p.c.opts.Features&FeatureSaveDate == 0 {
			return key, imapwire.Syntax("unknown search key")
		}
		key.Date, err = r.Date()
		return key, err
	}
	if field, ok := searchFields[name]; ok {
		key.Op, key.Field = imap.SearchHeader, field
		key.Text, err = p.text()
		return key, err
	}
	switch name {
	case "FUZZY":
		return p.fuzzy()
	case "NOT":
		key.Op = imap.SearchNot
		sub, err := p.key()
		key.Keys = []imap.SearchCriteria{sub}
		return key, err
	case "OR":
		return p.or()
	case "UID":
		return p.set(imap.NumUID)
	case "HEADER":
		return p.header()
	case "BODY", "TEXT":
		key.Op = imap.SearchBody
		if name == "TEXT" {
			key.Op = imap.SearchText
		}
		key.Text, err = p.text()
		return key, err
	}
	return p.extension(name)
}

// extension takes keys whose argument is a number, a flag or an id.
func (p *searchParser) extension(name string) (key imap.SearchCriteria, err error) {
	r := p.r
	switch name {
	case "KEYWORD", "UNKEYWORD":
		f, err := r.Flag()
		if err == nil && !f.IsKeyword() {
			err = imapwire.Syntax("keyword expected")
		}
		return flagKey(f, name == "UNKEYWORD"), err
	case "LARGER", "SMALLER":
		key.Op = imap.SearchLarger
		if name == "SMALLER" {
			key.Op = imap.SearchSmaller
		}
		key.Size, err = r.Number64()
		return key, err
	case "OLDER", "YOUNGER":
		key.Op = imap.SearchOlder
		if name == "YOUNGER" {
			key.Op = imap.SearchYounger
		}
		seconds, err := r.NZNumber()
		key.Age = time.Duration(seconds) * time.Second
		return key, err
	case "MODSEQ":
		return p.modSeq()
	case "UIDAFTER", "UIDBEFORE":
		return p.uidSide(name)
	case "FILTER":
		return p.filter()
	case "EMAILID", "THREADID":
		return p.objectID(name)
	}
	return key, imapwire.Syntax("unknown search key")
}

// fuzzy takes a key that need not match exactly (RFC 6203 §3).
func (p *searchParser) fuzzy() (key imap.SearchCriteria, err error) {
	if p.c.opts.Features&FeatureFuzzy == 0 {
		return key, imapwire.Syntax("unknown search key")
	}
	sub, err := p.key()
	return imap.SearchCriteria{Op: imap.SearchFuzzy, Keys: []imap.SearchCriteria{sub}}, err
}

func (p *searchParser) or() (key imap.SearchCriteria, err error) {
	a, err := p.key()
	if err != nil {
		return key, err
	}
	if err := p.r.SP(); err != nil {
		return key, err
	}
	b, err := p.key()
	return imap.SearchCriteria{Op: imap.SearchOr, Keys: []imap.SearchCriteria{a, b}}, err
}

// set takes a sequence set, or "$".
func (p *searchParser) set(kind imap.NumKind) (key imap.SearchCriteria, err error) {
	key.Op = imap.SearchSet
	if p.c.offers("SEARCHRES") && p.r.Accept('$') {
		key.Set = imap.NumSetOf(p.c.saved)
		return key, nil
	}
	if kind == imap.NumSeq && p.c.enabled.uidOnly {
		return key, errUIDRequired
	}
	key.Set, err = p.r.NumSet(kind)
	return key, err
}

// uidSide takes the UID that all others come after, or before (RFC 9738 §3.2).
func (p *searchParser) uidSide(name string) (key imap.SearchCriteria, err error) {
	uid, err := p.r.NZNumber()
	if err != nil {
		return key, err
	}
	key.Op, key.Set.Kind = imap.SearchSet, imap.NumUID
	side := imap.NumRange{First: 1, Last: uid - 1}
	if name == "UIDAFTER" {
		side = imap.NumRange{First: uid + 1, Last: ^uint32(0)}
	}
	// Zero, at either end of all UIDs, would be read as "*".
	if side.First != 0 && side.Last != 0 {
		key.Set.Ranges = []imap.NumRange{side}
	}
	return key, nil
}

func (p *searchParser) header() (key imap.SearchCriteria, err error) {
	key.Op = imap.SearchHeader
	if key.Field, err = p.r.AString(); err != nil {
		return key, err
	}
	if err = p.r.SP(); err != nil {
		return key, err
	}
	key.Text, err = p.text()
	return key, err
}

// text takes a string in the charset of the search.
func (p *searchParser) text() (string, error) {
	s, err := p.r.AString()
	if err != nil {
		return "", err
	}
	return p.charset(s)
}

// modSeq takes the arguments of MODSEQ. This server keeps one mod-sequence per
// message, so that the name of an entry changes nothing (RFC 7162 §3.1.5).
func (p *searchParser) modSeq() (key imap.SearchCriteria, err error) {
	r := p.r
	key.Op = imap.SearchModSeq
	if r.Peek('"') {
		if _, err := r.Quoted(); err != nil {
			return key, err
		}
		if err := r.SP(); err != nil {
			return key, err
		}
		if !r.AcceptWord("ALL") && !r.AcceptWord("SHARED") && !r.AcceptWord("PRIV") {
			return key, imapwire.Syntax("entry type expected")
		}
		if err := r.SP(); err != nil {
			return key, err
		}
	}
	key.ModSeq, err = r.ModSeq(true)
	return key, err
}

func (p *searchParser) objectID(name string) (key imap.SearchCriteria, err error) {
	if p.c.opts.Features&FeatureObjectID == 0 {
		return key, imapwire.Syntax("unknown search key")
	}
	key.Op = imap.SearchEmailID
	if name == "THREADID" {
		key.Op = imap.SearchThreadID
	}
	key.Text, err = p.r.AString()
	return key, err
}

// saveDateSupported is true for all messages, or unknown (RFC 8514 §4.2).
func (p *searchParser) saveDateSupported() (imap.SearchCriteria, error) {
	if p.c.opts.Features&FeatureSaveDate == 0 {
		return imap.SearchCriteria{}, imapwire.Syntax("unknown search key")
	}
	return imap.SearchCriteria{Op: imap.SearchAnd}, nil
}
