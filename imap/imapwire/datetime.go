package imapwire

import (
	"time"

	"github.com/mailstead/mailstead/imap"
)

// DateTime writes t as a quoted date-time, see [imap.DateTimeLayout].
func (w *Writer) DateTime(t time.Time) {
	w.room(len(imap.DateTimeLayout) + 2)
	w.buf = append(w.buf, '"')
	w.buf = appendDateTime(w.buf, t)
	w.buf = append(w.buf, '"')
}

// appendDateTime appends a date-time. It takes a third of the time that
// time.AppendFormat takes, and FETCH has one for each message.
func appendDateTime(b []byte, t time.Time) []byte {
	year, month, day := t.Date()
	if year < 0 || year > 9999 {
		return t.AppendFormat(b, imap.DateTimeLayout)
	}
	if day < 10 {
		b = append(b, ' ', '0'+byte(day))
	} else {
		b = appendTwo(b, day)
	}
	b = append(b, '-')
	b = append(b, month.String()[:3]...)
	b = append(b, '-')
	b = appendTwo(appendTwo(b, year/100), year%100)
	hour, minute, second := t.Clock()
	b = appendTwo(append(b, ' '), hour)
	b = appendTwo(append(b, ':'), minute)
	b = appendTwo(append(b, ':'), second)
	return appendZone(append(b, ' '), t)
}

// appendZone appends a zone as hours and minutes east of Greenwich.
func appendZone(b []byte, t time.Time) []byte {
	sign := byte('+')
	_, offset := t.Zone()
	if offset < 0 {
		sign, offset = '-', -offset
	}
	minutes := offset / 60
	return appendTwo(appendTwo(append(b, sign), minutes/60), minutes%60)
}

// appendTwo appends n, which is less than 100, as two digits.
func appendTwo(b []byte, n int) []byte {
	return append(b, '0'+byte(n/10), '0'+byte(n%10))
}
