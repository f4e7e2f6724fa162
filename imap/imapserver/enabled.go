package imapserver

// enabled is what the client has switched on, by ENABLE or by a command that
// implies it (RFC 5161, RFC 7162 §3.1). Nothing is ever switched off again.
type enabled struct {
	rev2      bool // IMAP4rev2
	utf8      bool // UTF8=ACCEPT, implied by IMAP4rev2
	condStore bool // CONDSTORE, implied by QRESYNC
	qresync   bool // QRESYNC
}
