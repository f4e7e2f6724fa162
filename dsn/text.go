package dsn

import (
	"fmt"
	"strings"
)

// textWidth is the width of the lines for people.
const textWidth = 74

// title is the subject of the notification.
func (r *Report) title() string {
	switch {
	case r.has(Failed):
		return "Undelivered mail returned to sender"
	case r.has(Delayed):
		return "Your mail is delayed"
	case r.has(Relayed):
		return "Your mail was handed on"
	default:
		return "Your mail was delivered"
	}
}

// text is the part for people.
func (r *Report) text() string {
	var p paragraphs
	p.add("", "This is the mail system at "+r.Status.ReportingMTA.Name+".")
	if r.Subject != "" {
		p.add("", fmt.Sprintf("It is about your message with the subject %q.", r.Subject))
	}
	for _, section := range []struct {
		action Action
		intro  string
	}{
		{Failed, "The message could not be delivered to the recipients below, and will not be tried again."},
		{Delayed, "The message has not yet been delivered to the recipients below. Delivery will be tried again; there is nothing for you to do now."},
		{Delivered, "The message was delivered to the recipients below."},
		{Relayed, "The message was handed on for the recipients below, to a system that does not report on delivery. You may hear no more."},
		{Expanded, "The message was handed on to several addresses that stand behind the recipients below."},
	} {
		if !r.has(section.action) {
			continue
		}
		p.add("", section.intro)
		for i := range r.Status.Recipients {
			if rcpt := &r.Status.Recipients[i]; rcpt.Action == section.action {
				p.recipient(rcpt)
			}
		}
	}
	return p.String()
}

// paragraphs are wrapped texts with an empty line between them.
type paragraphs struct{ strings.Builder }

// recipient tells what happened for one recipient, and what to do.
func (p *paragraphs) recipient(rcpt *Recipient) {
	p.add("  ", "<"+rcpt.Final.Address+">")
	if original := rcpt.Original.Address; original != "" && original != rcpt.Final.Address {
		p.add("    ", "This is where mail for <"+original+"> goes.")
	}
	if rcpt.Action != Failed && rcpt.Action != Delayed {
		return
	}
	if rcpt.Diagnostic.Text != "" {
		intro := "The reason:"
		if rcpt.Remote.Name != "" {
			intro = "The mail system " + rcpt.Remote.Name + " answered:"
		}
		p.add("    ", intro)
		p.add("      ", rcpt.Diagnostic.Text)
	}
	switch {
	case rcpt.Action == Failed:
		p.add("    ", "What to do: "+adviceFor(rcpt.Code))
	case !rcpt.RetryUntil.IsZero():
		p.add("    ", "If this does not succeed until "+rcpt.RetryUntil.Format(dateLayout)+", you will be told so.")
	}
}

// add wraps a paragraph and indents it.
func (p *paragraphs) add(indent, text string) {
	if p.Len() > 0 {
		p.WriteString("\r\n")
	}
	line := indent
	for _, word := range words(text) {
		if len(line) > len(indent) {
			if len(line)+1+len(word) > textWidth {
				p.WriteString(line + "\r\n")
				line = indent
			} else {
				line += " "
			}
		}
		line += word
	}
	p.WriteString(line + "\r\n")
}
