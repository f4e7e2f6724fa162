package pop3server

import (
	"strconv"

	"github.com/mailstead/mailstead/pop3"
)

// A drop is an open maildrop with its marks: a bit for each message.
type drop struct {
	Maildrop
	marks     bitmap // of what DELE has marked
	retrieved bitmap // of what RETR has sent
	count     int    // of messages that are not marked
	octets    int64  // of these
}

// A bitmap has a bit for each message.
type bitmap []uint64

func newBitmap(messages int) bitmap { return make(bitmap, (messages+63)/64) }

func (b bitmap) has(n int) bool { return b[(n-1)/64]>>((n-1)%64)&1 != 0 }

func (b bitmap) set(n int) { b[(n-1)/64] |= 1 << ((n - 1) % 64) }

func newDrop(m Maildrop) *drop {
	d := &drop{Maildrop: m, retrieved: newBitmap(m.Len())}
	d.reset()
	return d
}

// reset takes all marks away.
func (d *drop) reset() {
	d.count = d.Len()
	d.octets = 0
	for n := 1; n <= d.count; n++ {
		d.octets += d.Size(n)
	}
	d.marks = newBitmap(d.count)
}

func (d *drop) marked(n int) bool { return d.marks.has(n) }

// mark marks message n, which is not, as deleted.
func (d *drop) mark(n int) {
	d.marks.set(n)
	d.count--
	d.octets -= d.Size(n)
}

// changes returns what the session leaves behind.
func (d *drop) changes() Changes {
	var c Changes
	for n := 1; n <= d.Len(); n++ {
		switch {
		case d.marked(n):
			c.Deleted = append(c.Deleted, n)
		case d.retrieved.has(n):
			c.Retrieved = append(c.Retrieved, n)
		}
	}
	return c
}

// check returns an error if there is no message n, or no more.
func (d *drop) check(n int) error {
	if n < 1 || n > d.Len() || d.marked(n) {
		return &pop3.Error{Text: "no such message"}
	}
	return nil
}

// summary says how much there is, for people.
func (c *conn) summary() string {
	return strconv.Itoa(c.drop.count) + " " + c.text("messages") +
		" (" + strconv.FormatInt(c.drop.octets, 10) + " " + c.text("octets") + ")"
}

// closeDrop leaves the TRANSACTION state.
func (c *conn) closeDrop() error {
	if c.drop == nil {
		return nil
	}
	d := c.drop
	c.drop = nil
	return d.Close()
}
