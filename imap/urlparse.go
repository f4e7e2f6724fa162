package imap

import (
	"errors"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// ErrURL says that a text is no IMAP URL.
var ErrURL = errors.New("imap: malformed URL")

// maxURL is the length of a URL that is looked at.
const maxURL = 8 << 10

// ParseURL reads an IMAP URL, absolute or relative (RFC 5092 §11 and, for what
// carries an authorization, RFC 4467 §3). The words of the grammar may be in
// any case.
//
// QUIRK: clients write "@" unescaped in the name of a user who has an address
// for a name; it is taken so.
func ParseURL(text string) (URL, error) {
	var u URL
	if len(text) > maxURL || !printable(text) {
		return u, ErrURL
	}
	rest, ok, err := u.parseServer(text)
	if err != nil {
		return URL{}, err
	}
	if !ok && rest != "" && rest[0] != ';' && rest[0] != '/' {
		return URL{}, ErrURL // of another scheme, or relative to what nobody selects
	}
	rest = strings.TrimPrefix(rest, "/")
	if err := u.parsePath(text, rest, text != rest); err != nil {
		return URL{}, err
	}
	return u, nil
}

// printable reports whether s has nothing but visible ASCII.
func printable(s string) bool {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] >= 0x7f {
			return false
		}
	}
	return true
}

// cutFold is strings.CutPrefix without regard to case.
func cutFold(s, prefix string) (string, bool) {
	if len(s) < len(prefix) || !strings.EqualFold(s[:len(prefix)], prefix) {
		return s, false
	}
	return s[len(prefix):], true
}

// parseServer takes "imap://user;AUTH=mechanism@host:port", if it is there.
func (u *URL) parseServer(text string) (rest string, ok bool, err error) {
	rest, ok = cutFold(text, "imap://")
	if !ok {
		return text, false, nil
	}
	server := rest
	if i := strings.IndexByte(rest, '/'); i >= 0 {
		server, rest = rest[:i], rest[i:]
	} else {
		rest = ""
	}
	if i := strings.LastIndexByte(server, '@'); i >= 0 {
		if err := u.parseUser(server[:i]); err != nil {
			return "", false, err
		}
		server = server[i+1:]
	}
	return rest, true, u.parseHost(server)
}

func (u *URL) parseUser(info string) (err error) {
	user, auth, hasAuth := strings.Cut(info, ";")
	if u.User, err = unescape(user); err != nil {
		return err
	}
	if hasAuth {
		mechanism, ok := cutFold(auth, "AUTH=")
		if !ok || mechanism == "" {
			return ErrURL
		}
		u.Mechanism, err = unescape(mechanism)
	}
	if u.User == "" && u.Mechanism == "" {
		return ErrURL
	}
	return err
}

func (u *URL) parseHost(server string) error {
	host, port := server, ""
	if end := strings.IndexByte(server, ']'); strings.HasPrefix(server, "[") && end > 0 {
		host, port = server[1:end], strings.TrimPrefix(server[end+1:], ":")
		if !strings.Contains(host, ":") || server[end+1:] != "" && port == "" {
			return ErrURL
		}
	} else if i := strings.IndexByte(server, ':'); i >= 0 {
		host, port = server[:i], server[i+1:]
	}
	if !isHost(host) {
		return ErrURL
	}
	u.Host = host
	if port == "" {
		return nil
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil || n == 0 || port[0] == '+' {
		return ErrURL
	}
	u.Port = uint16(n)
	return nil
}

func isHost(host string) bool {
	for i := range len(host) {
		c := host[i]
		if !(c|0x20 >= 'a' && c|0x20 <= 'z' || c >= '0' && c <= '9' || strings.IndexByte("-._:", c) >= 0) {
			return false
		}
	}
	return host != ""
}

// parsePath takes what stands behind the server. A ";" is never part of a
// name: it begins a parameter, those of a message with "/" before them.
func (u *URL) parsePath(text, path string, absolute bool) (err error) {
	path, search, hasSearch := strings.Cut(path, "?")
	head, params, hasParams := strings.Cut(path, ";")
	slash := !absolute
	if hasParams {
		slash = slash || strings.HasSuffix(head, "/")
		head = strings.TrimSuffix(head, "/")
	}
	if u.Mailbox, err = unescape(head); err != nil {
		return err
	}
	u.Mailbox = CanonicalMailboxName(u.Mailbox, '/')
	order := 0
	for hasParams {
		var param string
		param, params, hasParams = strings.Cut(params, ";")
		next := hasParams && strings.HasSuffix(param, "/")
		if next {
			param = param[:len(param)-1]
		}
		rank, err := u.parseParam(text, param, slash)
		if err != nil || rank <= order {
			return ErrURL
		}
		order, slash = rank, next
	}
	if hasSearch {
		if u.Search, err = unescape(search); err != nil || u.UID != 0 || u.Search == "" {
			return ErrURL
		}
	}
	return u.checkParts()
}

// checkParts says what goes with what: parts with a message, authorization
// with a whole URL.
func (u *URL) checkParts() error {
	hasPart := u.Partial.Given || u.Section.Spec() != "" || u.Auth != nil
	switch {
	case u.UID == 0 && hasPart,
		u.Auth != nil && (!u.HasServer() || u.User == "" || u.Auth.Access == ""),
		u.Mailbox == "" && (u.UIDValidity != 0 || u.Search != ""),
		u.Mailbox == "" && u.HasServer() && u.UID != 0:
		return ErrURL
	}
	return nil
}

// parseParam takes one parameter, and returns its place in the order that the
// grammar demands. slash says that "/" stood before it.
func (u *URL) parseParam(text, param string, slash bool) (rank int, err error) {
	name, value, ok := strings.Cut(param, "=")
	if !ok {
		return 0, ErrURL
	}
	switch strings.ToUpper(name) {
	case "UIDVALIDITY":
		n, err := parseNZ(value)
		u.UIDValidity = UIDValidity(n)
		return 1, either(err, slash)
	case "UID":
		n, err := parseNZ(value)
		u.UID = UID(n)
		return 2, either(err, !slash)
	case "SECTION":
		return 3, either(u.parseSection(value), !slash)
	case "PARTIAL":
		return 4, either(u.Partial.parse(value), !slash)
	case "EXPIRE":
		u.Auth = new(URLAuth)
		u.Auth.Expire, err = time.Parse(time.RFC3339Nano, strings.ToUpper(value))
		return 5, either(err, slash || u.Auth.Expire.IsZero())
	case "URLAUTH":
		if u.Auth == nil {
			u.Auth = new(URLAuth)
		}
		return 6, either(u.Auth.parse(text, value), slash)
	}
	return 0, ErrURL
}

func either(err error, bad bool) error {
	if err != nil || bad {
		return ErrURL
	}
	return nil
}

func parseNZ(s string) (uint32, error) {
	n, err := strconv.ParseUint(s, 10, 32)
	if err != nil || n == 0 || s[0] == '+' {
		return 0, ErrURL
	}
	return uint32(n), nil
}

func (u *URL) parseSection(value string) error {
	spec, err := unescape(value)
	if err != nil || spec == "" {
		return ErrURL
	}
	u.Section, err = ParseSection(spec)
	return err
}

// parse takes "offset.count"; the count may be missing.
func (p *URLPartial) parse(value string) (err error) {
	offset, count, hasCount := strings.Cut(value, ".")
	p.Given = true
	n, err := strconv.ParseUint(offset, 10, 63)
	if err != nil {
		return ErrURL
	}
	p.Offset = int64(n)
	if hasCount {
		n, err = strconv.ParseUint(count, 10, 63)
		p.Count = int64(n)
		return either(err, n == 0)
	}
	return nil
}

// parse takes "access" or "access:mechanism:token", which end the URL.
func (a *URLAuth) parse(text, value string) (err error) {
	access, verifier, complete := strings.Cut(value, ":")
	a.Rump = text
	if complete {
		a.Rump = text[:len(text)-len(verifier)-1]
		mechanism, token, ok := strings.Cut(verifier, ":")
		if !ok || !isMechanism(mechanism) || !isToken(token) {
			return ErrURL
		}
		a.Mechanism, a.Token = strings.ToUpper(mechanism), token
	}
	for _, known := range [...]URLAccess{AccessSubmit, AccessUser} {
		if user, ok := cutFold(access, string(known)); ok {
			a.Access = known
			a.User, err = unescape(user)
			return either(err, a.User == "")
		}
	}
	for _, known := range [...]URLAccess{AccessAuthUser, AccessAnonymous} {
		if strings.EqualFold(access, string(known)) {
			a.Access = known
			return nil
		}
	}
	return ErrURL
}

func isMechanism(s string) bool {
	for i := range len(s) {
		c := s[i]
		if !(c|0x20 >= 'a' && c|0x20 <= 'z' || c >= '0' && c <= '9' || c == '-' || c == '.') {
			return false
		}
	}
	return s != ""
}

// isToken reports whether s is an enc-urlauth: hexadecimal, at least 128 bits.
func isToken(s string) bool {
	for i := range len(s) {
		if _, ok := unhex(s[i]); !ok {
			return false
		}
	}
	return len(s) >= 32
}

func unhex(c byte) (byte, bool) {
	switch {
	case c >= '0' && c <= '9':
		return c - '0', true
	case c|0x20 >= 'a' && c|0x20 <= 'f':
		return c | 0x20 - 'a' + 10, true
	}
	return 0, false
}

// unescape undoes "%xx". The result is UTF-8 without control characters.
func unescape(s string) (string, error) {
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] != '%' {
			b = append(b, s[i])
			continue
		}
		if i+2 >= len(s) {
			return "", ErrURL
		}
		high, ok1 := unhex(s[i+1])
		low, ok2 := unhex(s[i+2])
		if !ok1 || !ok2 {
			return "", ErrURL
		}
		b = append(b, high<<4|low)
		i += 2
	}
	for _, c := range b {
		if c < ' ' || c == 0x7f {
			return "", ErrURL
		}
	}
	if !utf8.Valid(b) {
		return "", ErrURL
	}
	return string(b), nil
}
