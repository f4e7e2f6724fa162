package imapsession

import (
	"context"

	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/internal/model/mailstore"
	"github.com/mailstead/mailstead/message"
)

// A reading is how one worker takes values from messages, for some columns.
// Header fields that records keep, which most columns have, it takes from many
// records by one scan, where these stand: in a third of the time.
type reading struct {
	candidate candidate
	messages  []mailstore.Entry // gathered
	seqs      []imap.SeqNum     // of messages
	scanned   [readAtOnce]bool  // whether their values have been taken

	columns []*values
	kept    fieldTaker // of the columns of header fields that records keep
	unusual fieldTaker // of those of other header fields
	rest    []*values  // those that have something else
	list    [][]byte   // scratch: the values of one message, by column
}

// readAtOnce is how many messages are gathered for a scan.
const readAtOnce = 256

// values are what one column is to have of the messages that were gathered.
type values struct {
	columnKind
	take   valuer
	text   []byte // of all of them
	places [readAtOnce]struct{ start, end int }
}

// endOfField stands behind each field's value in a column. It is in no text,
// whose canonical form is UTF-8.
const endOfField = 0xff

func (f *filling) newReading(ctx context.Context) *reading {
	r := &reading{candidate: candidate{ctx: ctx, reader: f.account.Reader()}}
	var kept, unusual []*values
	for i, kind := range f.kinds {
		v := &values{columnKind: kind}
		r.columns = append(r.columns, v)
		switch {
		case f.builders[i].Full():
		case kind.field == "":
			v.take = kind.valuer()
			r.rest = append(r.rest, v)
		case mailstore.KeepsField(kind.field):
			kept = append(kept, v)
		default:
			unusual = append(unusual, v)
		}
	}
	r.kept, r.unusual = newFieldTaker(kept), newFieldTaker(unusual)
	r.list = make([][]byte, len(r.columns))
	return r
}

// gather adds a message, and reports whether there is no room for another.
func (r *reading) gather(seq imap.SeqNum, e mailstore.Entry) (full bool) {
	r.messages, r.seqs = append(r.messages, e), append(r.seqs, seq)
	return len(r.messages) == readAtOnce
}

// begin takes what it can of the messages that were gathered by one scan.
func (r *reading) begin(account *mailstore.Account) error {
	for _, v := range r.columns {
		v.text = v.text[:0]
	}
	clear(r.scanned[:])
	if len(r.kept.values) < len(r.columns) {
		return nil // they must be read anyway
	}
	return account.ScanFields(r.messages, func(i int, prefix, fields message.Header) {
		r.open(i)
		r.kept.take(prefix)
		r.kept.take(fields)
		r.close(i)
		r.scanned[i] = true
	})
}

// end lets others be gathered.
func (r *reading) end() { r.messages, r.seqs = r.messages[:0], r.seqs[:0] }

// open begins the values of a message, and close ends them.
func (r *reading) open(i int) {
	for _, v := range r.columns {
		v.places[i].start = len(v.text)
	}
}

func (r *reading) close(i int) {
	for _, v := range r.columns {
		v.places[i].end = len(v.text)
	}
}

// values returns the values of a message, by column, until the next is asked
// for.
func (r *reading) values(i int) ([][]byte, error) {
	if !r.scanned[i] {
		r.open(i)
		r.candidate.reset(r.seqs[i], r.messages[i])
		err := r.take(&r.candidate)
		r.candidate.close()
		if err != nil {
			return nil, err
		}
		r.close(i)
	}
	for k, v := range r.columns {
		r.list[k] = v.text[v.places[i].start:v.places[i].end]
	}
	return r.list, nil
}

// take takes the values of a message by itself.
func (r *reading) take(m *candidate) (err error) {
	for _, v := range r.rest {
		if v.text, err = v.take(v.text, m); err != nil {
			return err
		}
	}
	if err := r.kept.read(m, true); err != nil {
		return err
	}
	return r.unusual.read(m, false)
}

// A fieldTaker takes the values of header fields, all in one pass.
type fieldTaker struct {
	names  *message.FieldNames
	values []*values // by name
}

func newFieldTaker(wanted []*values) fieldTaker {
	names := make([]string, len(wanted))
	for i, v := range wanted {
		names[i] = v.field
	}
	return fieldTaker{message.NewFieldNames(names...), wanted}
}

func (t *fieldTaker) take(header message.Header) {
	for i, f := range header.Select(t.names) {
		v := t.values[i]
		v.text = append(f.AppendCanonical(v.text, v.by), endOfField)
	}
}

// read takes the values of a message, whose record may have the fields. A
// message that cannot be read has none.
func (t *fieldTaker) read(m *candidate, kept bool) error {
	if len(t.values) == 0 {
		return nil
	}
	header, err := m.fields(kept)
	if unreadable(err) {
		return nil
	}
	t.take(header)
	return err
}
