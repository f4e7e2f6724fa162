package main

import (
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"mime"
	"mime/quotedprintable"
	"strings"
	"time"
)

// Words that the searches look for in the text of letters.
const (
	commonWord = "schedule"  // in one of three
	rareWord   = "xylograph" // in one of five hundred
)

// A letter is a message as it is appended.
type letter struct {
	raw     []byte
	flags   string
	arrived time.Time
}

// A mailbag gives letters, always the same ones in the same order: from 2016
// to 2025, of 2 to 8 KB, in conversations, from people in many time zones.
type mailbag struct {
	n, size int
	rng     *rand.Rand
	recent  []post // what the next letters may answer

	names, words, syllables []string
}

// A post is what an answer must know of a letter.
type post struct {
	id, subject string
	references  []string
}

func newMailbag(n int) *mailbag {
	return &mailbag{
		size: n, rng: rand.New(rand.NewPCG(2016, 7)),
		names: names(), words: words(), syllables: syllables(),
	}
}

// next is the next letter.
func (m *mailbag) next() letter {
	i := m.n
	m.n++
	arrived := m.arrival(i)
	p := m.post(i)
	from := m.rng.IntN(len(m.names))

	var b strings.Builder
	fmt.Fprintf(&b, "Received: from mx%d.example.net by mail.example.test;\r\n\t%s\r\n", from, arrived.Format(time.RFC1123Z))
	fmt.Fprintf(&b, "From: %s <%s>\r\n", mime.QEncoding.Encode("utf-8", m.names[from]), m.address(from))
	fmt.Fprintf(&b, "To: <%s>\r\nSubject: %s\r\n", user, mime.QEncoding.Encode("utf-8", p.subject))
	fmt.Fprintf(&b, "Date: %s\r\nMessage-ID: <%s>\r\n", m.sent(arrived).Format(time.RFC1123Z), p.id)
	if k := len(p.references); k > 0 {
		fmt.Fprintf(&b, "In-Reply-To: <%s>\r\nReferences: <%s>\r\n", p.references[k-1], strings.Join(p.references, ">\r\n <"))
	}
	fmt.Fprintf(&b, "X-Ticket: T-%d\r\nMIME-Version: 1.0\r\n", i%1000)
	m.body(&b, i)
	return letter{raw: []byte(b.String()), flags: m.flags(), arrived: arrived}
}

// arrival spreads the letters evenly over the years, in order.
func (m *mailbag) arrival(i int) time.Time {
	begin := time.Date(2016, 1, 1, 0, 0, 0, 0, time.UTC)
	end := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	return begin.Add(end.Sub(begin) / time.Duration(m.size) * time.Duration(i)).Truncate(time.Second)
}

// sent is when a letter was sent: up to two hours earlier, by the clock of some
// time zone.
func (m *mailbag) sent(arrived time.Time) time.Time {
	hours := m.rng.IntN(18) - 8
	return arrived.Add(-time.Duration(m.rng.IntN(7200)) * time.Second).In(time.FixedZone("", hours*3600))
}

// post is a new conversation, or an answer to one of the last letters.
func (m *mailbag) post(i int) post {
	p := post{id: fmt.Sprintf("%d.%08x@example.net", i, m.rng.Uint32()), subject: m.subject()}
	if len(m.recent) > 0 && m.rng.IntN(10) < 6 {
		parent := m.recent[m.rng.IntN(len(m.recent))]
		p.subject = "Re: " + strings.TrimPrefix(parent.subject, "Re: ")
		p.references = append(p.references, parent.references...)
		if len(p.references) > 9 { // the first and the last are kept, as clients do
			p.references = append(p.references[:1], p.references[2:]...)
		}
		p.references = append(p.references, parent.id)
	}
	m.recent = append(m.recent, p)
	if len(m.recent) > 64 {
		m.recent = m.recent[1:]
	}
	return p
}

func (m *mailbag) subject() string {
	words := []string{m.word(), m.word(), m.word()}
	switch m.rng.IntN(8) {
	case 0:
		return "[dev] " + strings.Join(words, " ")
	case 1:
		return "Größe: " + strings.Join(words, " ")
	}
	return strings.Join(words, " ")
}

func (m *mailbag) flags() string {
	var flags []string
	if m.rng.IntN(10) < 8 {
		flags = append(flags, `\Seen`)
	}
	if m.rng.IntN(10) < 2 {
		flags = append(flags, `\Answered`)
	}
	if m.rng.IntN(30) == 0 {
		flags = append(flags, `\Flagged`)
	}
	return strings.Join(flags, " ")
}

// body adds the rest of the header and the text: mostly plain text, also in
// quoted-printable or base64, with HTML or with a file.
func (m *mailbag) body(b *strings.Builder, i int) {
	size := 1500 + m.rng.IntN(6000)
	boundary := fmt.Sprintf("=_part_%d", i)
	kind := m.rng.IntN(10)
	if kind < 7 {
		m.part(b, i, "plain", kind, size)
		return
	}
	fmt.Fprintf(b, "Content-Type: multipart/%s; boundary=\"%s\"\r\n\r\n", []string{"alternative", "alternative", "mixed"}[kind-7], boundary)
	fmt.Fprintf(b, "--%s\r\n", boundary)
	m.part(b, i, "plain", kind, size/3)
	fmt.Fprintf(b, "\r\n--%s\r\n", boundary)
	if kind == 9 {
		b.WriteString("Content-Type: application/pdf; name=\"plan.pdf\"\r\nContent-Disposition: attachment; filename=\"plan.pdf\"\r\n")
		b.WriteString("Content-Transfer-Encoding: base64\r\n\r\n")
		writeBase64(b, m.octets(size/2))
	} else {
		m.part(b, i, "html", 5, size/2)
	}
	fmt.Fprintf(b, "\r\n--%s--\r\n", boundary)
}

// part adds a part of text, with its header.
func (m *mailbag) part(b *strings.Builder, i int, subtype string, kind, size int) {
	text := m.text(i, size)
	if subtype == "html" {
		text = "<html><body style=\"margin:0\"><p>" + strings.ReplaceAll(text, "\r\n\r\n", "</p>\r\n<p>") + "</p></body></html>\r\n"
	}
	fmt.Fprintf(b, "Content-Type: text/%s; charset=utf-8\r\nContent-Transfer-Encoding: ", subtype)
	switch kind {
	case 5:
		b.WriteString("quoted-printable\r\n\r\n")
		w := quotedprintable.NewWriter(b)
		_, _ = w.Write([]byte(text)) // a strings.Builder takes all
		_ = w.Close()
	case 6:
		b.WriteString("base64\r\n\r\n")
		writeBase64(b, []byte(text))
	default:
		b.WriteString("8bit\r\n\r\n" + text)
	}
}

// text is size octets of lines of words, and a little more.
func (m *mailbag) text(i, size int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "Hello,\r\n\r\nabout number %d.\r\n", i)
	if i%3 == 0 {
		b.WriteString("It was on the " + commonWord + ", for the Straße too.\r\n")
	}
	if i%500 == 7 {
		b.WriteString("Please see the " + rareWord + ".\r\n")
	}
	for line := 0; b.Len() < size; {
		w := m.word()
		b.WriteString(w)
		if line += len(w) + 1; line > 66 {
			b.WriteString([]string{"\r\n", "\r\n", "\r\n", "\r\n\r\n"}[m.rng.IntN(4)])
			line = 0
			continue
		}
		b.WriteByte(' ')
	}
	b.WriteString("\r\n")
	return b.String()
}

func (m *mailbag) octets(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(m.rng.Uint32())
	}
	return b
}

// word is one of some hundreds, the first ones more often.
func (m *mailbag) word() string {
	k := int(m.rng.ExpFloat64() * 60)
	if k < len(m.words) {
		return m.words[k]
	}
	return m.syllables[k%8] + m.syllables[k/8%8] + m.syllables[m.rng.IntN(8)]
}

func writeBase64(b *strings.Builder, content []byte) {
	text := base64.StdEncoding.EncodeToString(content)
	for len(text) > 76 {
		b.WriteString(text[:76] + "\r\n")
		text = text[76:]
	}
	b.WriteString(text + "\r\n")
}

func (m *mailbag) address(i int) string {
	name := strings.ToLower(strings.Fields(m.names[i])[0])
	return fmt.Sprintf("%s%d@example%d.net", name, i, i%7)
}
