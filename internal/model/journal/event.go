package journal

import (
	"strings"
	"time"
)

// A Kind says what happened.
type Kind string

// The kinds of events.
const (
	Received Kind = "received" // a client gave us the message, and we took it
	Refused  Kind = "refused"  // a client offered it, and we did not
	Attempt  Kind = "attempt"  // we tried to give it to another server
	Notified Kind = "notified" // its sender was told of a failure or a delay
)

// An Event is one thing that happened to one message. What does not apply is
// empty.
type Event struct {
	Time time.Time `json:"time"`
	Kind Kind      `json:"kind"`

	MessageID   string `json:"message-id,omitempty"`
	Transaction string `json:"transaction,omitempty"` // the id in our Received field
	Queue       string `json:"queue,omitempty"`       // the queue id
	Sender      string `json:"sender,omitempty"`      // the reverse path, "<>" for none
	Size        int64  `json:"size,omitempty"`        // bytes

	// Peer is the other end of the connection.
	Peer Peer `json:"peer,omitzero"`
	// Verdict has what was found out about the message, in words.
	Verdict []string `json:"verdict,omitempty"`
	// Reply is what answered for all recipients together.
	Reply      string      `json:"reply,omitempty"`
	Recipients []Recipient `json:"recipients,omitempty"`
	// More is the number of recipients that are left out here.
	More int `json:"more,omitempty"`
	// Notice is the queue id of what the sender was told by, if it had to
	// leave the house.
	Notice string `json:"notice,omitempty"`
	// Took is how long it took.
	Took time.Duration `json:"took,omitempty"`
}

// A Peer is who we talked to.
type Peer struct {
	Name    string `json:"name,omitempty"`    // as it calls itself, or as we know it
	Address string `json:"address,omitempty"` // with the port
	TLS     string `json:"tls,omitempty"`     // version and cipher, or why it had to be; empty without
	User    string `json:"user,omitempty"`    // who has logged in
	With    string `json:"with,omitempty"`    // the protocol: ESMTPS, LMTP, ...
}

// An Outcome is where a recipient stands after an event.
type Outcome string

// The outcomes.
const (
	Stored    Outcome = "stored"    // in a mailbox here
	Queued    Outcome = "queued"    // to be sent on
	Delivered Outcome = "delivered" // another server has it
	Deferred  Outcome = "deferred"  // not now
	Failed    Outcome = "failed"    // never
)

// A Recipient is what an event meant for one of them.
type Recipient struct {
	Address string  `json:"address"`
	Outcome Outcome `json:"outcome"`
	// Original is the address that the client has named, if it was an alias
	// that led here.
	Original string `json:"original,omitempty"`
	// Account and Mailbox say where the message is stored.
	Account string `json:"account,omitempty"`
	Mailbox string `json:"mailbox,omitempty"`
	// Queue is the queue id, if it differs from the event's.
	Queue string `json:"queue,omitempty"`
	// Reply is what the server that decided has said, and Next when the next
	// attempt is due.
	Reply string    `json:"reply,omitempty"`
	Next  time.Time `json:"next,omitzero"`
}

// Bounds of an event.
const (
	maxRecipients = 50
	maxText       = 512
)

// bound makes an event small enough to be kept.
func (e *Event) bound() {
	if extra := len(e.Recipients) - maxRecipients; extra > 0 {
		e.Recipients, e.More = e.Recipients[:maxRecipients:maxRecipients], e.More+extra
	}
	for i := range e.Recipients {
		r := &e.Recipients[i]
		for _, s := range []*string{&r.Address, &r.Reply, &r.Account, &r.Mailbox, &r.Original, &r.Queue} {
			*s = cut(*s)
		}
	}
	if len(e.Verdict) > 20 {
		e.Verdict = e.Verdict[:20]
	}
	for i, v := range e.Verdict {
		e.Verdict[i] = cut(v)
	}
	for _, s := range []*string{&e.MessageID, &e.Transaction, &e.Queue, &e.Sender, &e.Reply, &e.Peer.Name, &e.Peer.Address, &e.Peer.TLS, &e.Peer.User, &e.Peer.With, &e.Notice} {
		*s = cut(*s)
	}
}

func cut(s string) string {
	if len(s) > maxText {
		s = strings.ToValidUTF8(s[:maxText], "")
	}
	return s
}

// names appends what the event can be found by. An attempt has only the queue id:
// the addresses lead to how the message came, and from there to its attempts.
func (e *Event) names(list []string) []string {
	list = e.ids(list)
	if e.Kind == Attempt {
		return list
	}
	list = appendNames(list, e.Sender, e.Peer.User)
	for i := range e.Recipients {
		r := &e.Recipients[i]
		list = appendNames(list, r.Address, r.Account, r.Original)
	}
	return list
}

// ids appends the names that belong to one message alone.
func (e *Event) ids(list []string) []string {
	list = appendNames(list, e.MessageID, e.Transaction, e.Queue, e.Notice)
	for i := range e.Recipients {
		list = appendNames(list, e.Recipients[i].Queue)
	}
	return list
}

// appendNames appends names that are not empty, in the form in which they are
// compared.
func appendNames(list []string, names ...string) []string {
	for _, name := range names {
		if name = canonical(name); name != "" {
			list = append(list, name)
		}
	}
	return list
}

// canonical is the form in which names are compared: people copy them with and
// without brackets, and in any case.
func canonical(name string) string {
	return strings.ToLower(strings.Trim(strings.TrimSpace(name), "<>"))
}
