package outbound

import (
	"time"

	"github.com/mailstead/mailstead/internal/model/queue"
)

// An Attempt is one try to deliver to one recipient, as a journal wants to know
// it: to whom, when, where, how protected, what was answered, what follows.
type Attempt struct {
	Message   queue.Message
	Recipient queue.Recipient // before the attempt
	Number    int             // counted from 1
	Began     time.Time
	Ended     time.Time
	// Suspended says that nobody was asked: Result is what is known of the
	// destination since an attempt before.
	Suspended bool
	Result    Result // host, address, TLS, reply
	Verdict   Verdict
}

// Security is what a connection was found to be.
type Security struct {
	Version     uint16 // as crypto/tls names it, such as tls.VersionTLS13; 0 is in the clear
	CipherSuite uint16 // as crypto/tls names it
	// Policy says what was asked of the connection: "opportunistic",
	// "encrypted" (with any certificate) or "verified".
	Policy string
	// Verified says that the certificate proves the name of the host.
	Verified bool
}

// attempts makes the record of what has happened to a parcel.
func attempts(p Parcel, fates []fate, began, ended time.Time) []Attempt {
	list := make([]Attempt, len(fates))
	for i, f := range fates {
		list[i] = Attempt{
			Message: p.Message, Recipient: f.recipient, Number: f.recipient.Attempts + 1,
			Began: began, Ended: ended, Suspended: f.result.Suspended, Result: f.result, Verdict: f.verdict,
		}
	}
	return list
}
