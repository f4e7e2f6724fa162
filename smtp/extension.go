package smtp

import (
	"strconv"
	"strings"
)

// An Extension is the EHLO keyword of a service extension, in upper case.
type Extension string

// The extensions that the engines know.
const (
	Pipelining          Extension = "PIPELINING"          // RFC 2920
	Size                Extension = "SIZE"                // RFC 1870
	EightBitMIME        Extension = "8BITMIME"            // RFC 6152
	SMTPUTF8            Extension = "SMTPUTF8"            // RFC 6531
	Chunking            Extension = "CHUNKING"            // RFC 3030
	BinaryMIME          Extension = "BINARYMIME"          // RFC 3030
	EnhancedStatusCodes Extension = "ENHANCEDSTATUSCODES" // RFC 2034
	StartTLS            Extension = "STARTTLS"            // RFC 3207
	Auth                Extension = "AUTH"                // RFC 4954
	Help                Extension = "HELP"                // RFC 5321 §4.1.1.8
	DSN                 Extension = "DSN"                 // RFC 3461
	RequireTLS          Extension = "REQUIRETLS"          // RFC 8689
	Limits              Extension = "LIMITS"              // RFC 9422
	FutureRelease       Extension = "FUTURERELEASE"       // RFC 4865
	DeliverBy           Extension = "DELIVERBY"           // RFC 2852
	MTPriority          Extension = "MT-PRIORITY"         // RFC 6710
	NoSoliciting        Extension = "NO-SOLICITING"       // RFC 3865
	RRVS                Extension = "RRVS"                // RFC 7293
	Burl                Extension = "BURL"                // RFC 4468
	ETRN                Extension = "ETRN"                // RFC 1985
	VRFY                Extension = "VRFY"                // RFC 5321 §4.1.1.6
	EXPN                Extension = "EXPN"                // RFC 5321 §4.1.1.7
	XClient             Extension = "XCLIENT"             // of Postfix
	XForward            Extension = "XFORWARD"            // of Postfix
)

// Extensions is what a server announced: the parameters of each keyword.
type Extensions map[Extension]string

// ParseExtensions reads the lines of a reply to EHLO or LHLO after the first
// (RFC 5321 §4.1.1.1).
func ParseExtensions(lines []string) Extensions {
	e := make(Extensions, len(lines))
	for _, line := range lines {
		keyword, params, _ := strings.Cut(line, " ")
		// QUIRK: servers written for the draft of RFC 2554 say "AUTH=LOGIN
		// PLAIN"; it is left out, for they say "AUTH LOGIN PLAIN" as well.
		if keyword == "" || strings.Contains(keyword, "=") {
			continue
		}
		e[Extension(strings.ToUpper(keyword))] = strings.TrimSpace(params)
	}
	return e
}

// Has tells whether the extension is offered.
func (e Extensions) Has(x Extension) bool {
	_, ok := e[x]
	return ok
}

// MaxSize returns the greatest message in octets that the server takes, 0 when
// it sets no limit or names none (RFC 1870 §3).
func (e Extensions) MaxSize() int64 {
	n, err := strconv.ParseInt(e[Size], 10, 64)
	if err != nil || n < 0 {
		return 0
	}
	return n
}

// AuthMechanisms returns the names of the SASL mechanisms offered, in upper
// case (RFC 4954 §3).
func (e Extensions) AuthMechanisms() []string {
	return strings.Fields(strings.ToUpper(e[Auth]))
}
