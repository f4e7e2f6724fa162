package tlsreport

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"time"
)

// A letter is a report as a message (RFC 8460 §5.3).
type letter struct {
	From, To          string
	Date              time.Time
	Submitter, Domain string
	ID, Filename      string
	Body              []byte // in gzip
}

const letterFormat = "From: %s\r\n" +
	"To: %s\r\n" +
	"Date: %s\r\n" +
	"Message-ID: <%s>\r\n" +
	"Subject: Report Domain: %s\r\n" +
	" Submitter: %s\r\n" +
	" Report-ID: <%s>\r\n" +
	"TLS-Report-Domain: %s\r\n" +
	"TLS-Report-Submitter: %s\r\n" +
	"TLS-Required: No\r\n" +
	"Auto-Submitted: auto-generated\r\n" +
	"MIME-Version: 1.0\r\n" +
	"Content-Type: multipart/report; report-type=\"tlsrpt\";\r\n" +
	"\tboundary=\"%[10]s\"\r\n" +
	"\r\n" +
	"--%[10]s\r\n" +
	"Content-Type: text/plain; charset=us-ascii\r\n" +
	"\r\n" +
	"This is an aggregate TLS report of %[6]s\r\n" +
	"about mail for %[5]s.\r\n" +
	"--%[10]s\r\n" +
	"Content-Type: application/tlsrpt+gzip\r\n" +
	"Content-Transfer-Encoding: base64\r\n" +
	"Content-Disposition: attachment;\r\n" +
	"\tfilename=\"%[11]s\"\r\n" +
	"\r\n"

// compose returns the message. That it should arrive even where TLS fails is
// what "TLS-Required: No" says: a report about broken TLS is of use only then.
func (l *letter) compose() []byte {
	var b bytes.Buffer
	boundary := rand.Text()
	fmt.Fprintf(&b, letterFormat, l.From, l.To, l.Date.Format("Mon, 02 Jan 2006 15:04:05 -0700"), l.ID,
		l.Domain, l.Submitter, l.ID, l.Domain, l.Submitter, boundary, l.Filename)
	text := base64.StdEncoding.EncodeToString(l.Body)
	for len(text) > 76 {
		b.WriteString(text[:76] + "\r\n")
		text = text[76:]
	}
	b.WriteString(text + "\r\n--" + boundary + "--\r\n")
	return b.Bytes()
}
