package smtpclient

import (
	"time"

	"github.com/mailstead/mailstead/address"
	"github.com/mailstead/mailstead/smtp"
)

// check refuses what the server cannot take, before anything is sent, and
// leaves out what it does not know.
func (t *transfer) check() error {
	c, m := t.c, &t.m
	if c.broken != nil {
		return c.broken
	}
	if !c.helloed {
		return errHelloFirst
	}
	if len(m.To) == 0 {
		return errNoRecipients
	}
	if err := t.checkMessage(); err != nil {
		return err
	}
	if err := t.checkDemands(time.Now()); err != nil {
		return err
	}
	t.checkRecipients()
	t.leaveOut()
	return nil
}

// checkMessage is about what the message is (RFC 6531 §3.2, RFC 6152 §3,
// RFC 3030 §3, RFC 1870 §6.1).
func (t *transfer) checkMessage() error {
	o, offered := &t.m.Options, t.c.extensions
	if o.SMTPUTF8 || !t.m.From.Address.IsASCII() {
		if !offered.Has(smtp.SMTPUTF8) {
			return ErrNoSMTPUTF8
		}
		o.SMTPUTF8 = true
	}
	limit := offered.MaxSize()
	switch {
	case limit > 0 && t.m.Size > limit:
		return ErrTooBig
	case o.Body == smtp.Body8BitMIME && !offered.Has(smtp.EightBitMIME):
		return ErrNo8BitMIME
	case o.Body == smtp.BodyBinaryMIME && (!offered.Has(smtp.BinaryMIME) || !t.chunking()):
		return ErrNoBinaryMIME
	}
	return nil
}

// checkDemands is about how the message wants to be handled (RFC 8689 §4.2.1,
// RFC 2852 §4, RFC 4865 §4).
func (t *transfer) checkDemands(now time.Time) error {
	o, offered := &t.m.Options, t.c.extensions
	if _, secure := t.c.TLS(); o.RequireTLS && !(secure && offered.Has(smtp.RequireTLS)) {
		return ErrNoRequireTLS
	}
	if o.By.Mode == smtp.ByReturn && (!offered.Has(smtp.DeliverBy) || o.By.Within < offered.MinByTime()) {
		return ErrNoDeliverBy
	}
	if hold := o.HeldUntil(now).Sub(now); hold > 0 {
		if longest, _, ok := offered.FutureRelease(); !ok || hold > longest {
			return ErrNoHold
		}
	}
	return nil
}

// checkRecipients asks for SMTPUTF8 if a recipient needs it, and fails the
// recipients that the server cannot take.
func (t *transfer) checkRecipients() {
	offered := t.c.extensions
	places := t.rooms()
	for i, r := range t.m.To {
		utf8 := !r.To.Address.IsASCII()
		since := r.Options.ValidSince
		switch {
		case utf8 && !offered.Has(smtp.SMTPUTF8):
			t.settle(i, smtp.Reply{}, ErrNoSMTPUTF8)
		case !since.IsZero() && !since.Continue && !offered.Has(smtp.RRVS):
			t.settle(i, smtp.Reply{}, ErrNoRRVS)
		case !places.take(r.To.Address.Domain):
			t.settle(i, smtp.Reply{}, ErrRcptMax)
		default:
			t.m.Options.SMTPUTF8 = t.m.Options.SMTPUTF8 || utf8
		}
	}
}

// A rooms counts the recipients that the server takes (RFC 9422 §4.2, §4.3).
type rooms struct {
	limits  smtp.SessionLimits
	taken   int
	domains map[address.Domain]bool
}

func (t *transfer) rooms() *rooms {
	r := &rooms{limits: t.c.extensions.Limits()}
	if r.limits.RcptDomainMax > 0 {
		r.domains = make(map[address.Domain]bool)
	}
	return r
}

// take counts a recipient, unless it is one too many.
func (r *rooms) take(d address.Domain) bool {
	if r.limits.RcptMax > 0 && r.taken >= r.limits.RcptMax {
		return false
	}
	if r.domains != nil && !r.domains[d] {
		if len(r.domains) >= r.limits.RcptDomainMax {
			return false
		}
		r.domains[d] = true
	}
	r.taken++
	return true
}

// leaveOut takes away the parameters of MAIL that the server does not know.
func (t *transfer) leaveOut() {
	o, offered := &t.m.Options, t.c.extensions
	o.Size = 0
	if offered.Has(smtp.Size) {
		o.Size = t.m.Size
	}
	if !offered.Has(smtp.EightBitMIME) {
		o.Body = ""
	}
	if !offered.Has(smtp.Auth) {
		o.Auth = ""
	}
	if !offered.Has(smtp.DSN) {
		o.Return, o.EnvelopeID = "", ""
	}
	if !offered.Has(smtp.FutureRelease) { // the time has come, see checkDemands
		o.HoldFor, o.HoldUntil = 0, time.Time{}
	}
	if !offered.Has(smtp.DeliverBy) {
		o.By = smtp.By{}
	}
	if !offered.Has(smtp.MTPriority) {
		o.Priority = 0
	}
	if !offered.Has(smtp.NoSoliciting) {
		o.Solicit = ""
	}
}

// leaveOutOf takes away the parameters of RCPT that the server does not know.
func (t *transfer) leaveOutOf(o *smtp.RcptOptions) {
	if !t.c.extensions.Has(smtp.DSN) {
		o.Notify, o.OriginalRecipient = 0, ""
	}
	if !t.c.extensions.Has(smtp.RRVS) {
		o.ValidSince = smtp.ValidSince{}
	}
}
