package pop3server

import (
	"strconv"

	"github.com/mailstead/mailstead/pop3"
)

// A drop is an open maildrop with its marks: a bit for each message.
type drop struct {
	Maildrop
	marks  []uint64
	count  int   // of messages that are not marked
	octets int64 // of these
}

func newDrop(m Maildrop) *drop {
	d := &drop{Maildrop: m}
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
	d.marks = make([]uint64, (d.count+63)/64)
}

func (d *drop) marked(n int) bool {
	return d.marks[(n-1)/64]>>((n-1)%64)&1 != 0
}

// mark marks message n, which is not, as deleted.
func (d *drop) mark(n int) {
	d.marks[(n-1)/64] |= 1 << ((n - 1) % 64)
	d.count--
	d.octets -= d.Size(n)
}

// deleted returns the numbers of the marked messages.
func (d *drop) deleted() []int {
	list := make([]int, 0, d.Len()-d.count)
	for n := 1; n <= d.Len(); n++ {
		if d.marked(n) {
			list = append(list, n)
		}
	}
	return list
}

// check returns an error if there is no message n, or no more.
func (d *drop) check(n int) error {
	if n < 1 || n > d.Len() || d.marked(n) {
		return &pop3.Error{Text: "no such message"}
	}
	return nil
}

func (d *drop) summary() string {
	return strconv.Itoa(d.count) + " messages (" + strconv.FormatInt(d.octets, 10) + " octets)"
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
