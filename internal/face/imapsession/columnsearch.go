package imapsession

import (
	"context"
	"slices"
	"strings"

	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/internal/model/columns"
	"github.com/mailstead/mailstead/message"
)

// A fieldText is what a key of SEARCH wants of a header field.
type fieldText struct{ field, text string }

func fieldTextOf(k *imap.SearchCriteria) fieldText {
	return fieldText{strings.ToLower(k.Field), k.Text}
}

// useColumns lets the keys on header fields be answered from columns, where
// there are such: all messages of the mailbox are then gone through at once.
func (c *compiler) useColumns(ctx context.Context, from *columnist) {
	wanted := fieldTexts(nil, from.search)
	var kinds []columnKind
	for _, w := range wanted {
		kinds = append(kinds, c.fieldColumn(w.field))
	}
	c.selections = make(map[fieldText]*columns.Selection)
	for i, column := range from.columns(ctx, kinds) {
		if w := wanted[i]; column != nil && c.selections[w] == nil {
			c.selections[w] = selection(column, message.AppendCanonical(nil, c.session.comparator.Collation, w.text))
		}
	}
}

// fieldTexts appends what the keys of a search want of header fields, but for
// those that are fuzzy.
func fieldTexts(list []fieldText, k *imap.SearchCriteria) []fieldText {
	switch k.Op {
	case imap.SearchAnd, imap.SearchOr, imap.SearchNot:
		for i := range k.Keys {
			list = fieldTexts(list, &k.Keys[i])
		}
	case imap.SearchHeader:
		list = append(list, fieldTextOf(k))
	}
	return list
}

// selection selects the messages that have a field with a text in it, any field
// if the text is empty.
func selection(column *columns.Column, text []byte) *columns.Selection {
	if len(text) == 0 {
		return column.NotEmpty()
	}
	return column.Holding(text)
}

// fieldColumn is the fields of one name, decoded, in the canonical form of the
// active comparator.
func (c *compiler) fieldColumn(field string) columnKind {
	by := c.session.comparator.Collation
	return columnKind{name: by.String() + " of " + field, field: field, by: by}
}

// searchedFields are those that people search for, and their clients with keys
// of their own (RFC 9051 §6.4.4).
var searchedFields = [...]string{"from", "to", "cc", "subject"}

// neighbours returns the columns of those of the fields people search that there
// are none of, if one of them is to be made: when the records are read for one,
// the others cost little, and who searches for a sender searches for a subject
// next.
func (c *columnist) neighbours(kinds []columnKind) (others []columnKind) {
	if !slices.ContainsFunc(kinds, func(k columnKind) bool { return slices.Contains(searchedFields[:], k.field) }) {
		return nil
	}
	for _, field := range searchedFields {
		kind := c.fieldColumn(field)
		column := c.session.columns.Get(c.key(kind))
		asked := slices.ContainsFunc(kinds, func(k columnKind) bool { return k.name == kind.name })
		if !asked && c.fits(column) && column.Len() == 0 {
			others = append(others, kind)
		}
	}
	return others
}

// told makes a matcher of a selection. A message that the column does not have
// was expunged before the column was made: its test is the other one.
func told(s *columns.Selection, otherwise matcher) matcher {
	teller := s.Teller()
	return matcher{ofColumns, func(m *candidate) (bool, error) {
		if selected, known := teller.Has(m.entry.UID); known {
			return selected, nil
		}
		return otherwise.test(m)
	}}
}
