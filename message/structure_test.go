package message

import "testing"

// tree is the example of RFC 9051 §6.4.5.1, reduced.
func tree() *Structure {
	text := func() *Part { return &Part{Type: "text", Subtype: "plain"} }
	multi := func(sub string, c ...*Part) *Part {
		return &Part{Type: "Multipart", Subtype: sub, Children: c}
	}
	msg := func(c *Part) *Part { return &Part{Type: "message", Subtype: "RFC822", Children: []*Part{c}} }
	return &Structure{Root: multi("mixed",
		text(),
		&Part{Type: "application", Subtype: "octet-stream"},
		msg(multi("mixed", text(), &Part{Type: "application", Subtype: "octet-stream"})),
		multi("mixed", &Part{Type: "image", Subtype: "gif"},
			msg(multi("mixed", text(), multi("alternative", text(), text())))),
		msg(text()),
	)}
}

func TestFind(t *testing.T) {
	t.Parallel()
	s := tree()
	c := s.Root.Children
	inner := c[3].Children[1].Children[0]
	single := &Structure{Root: &Part{Type: "text", Subtype: "plain"}}
	forwarded := &Structure{Root: c[4]}
	for _, test := range []struct {
		name string
		in   *Structure
		path []int
		want *Part
	}{
		{"root", s, nil, s.Root},
		{"first", s, []int{1}, c[0]},
		{"into text", s, []int{1, 1}, nil},
		{"none", s, []int{6}, nil},
		{"zero", s, []int{0}, nil},
		{"message", s, []int{3}, c[2]},
		{"part of message", s, []int{3, 2}, c[2].Children[0].Children[1]},
		{"message in multipart", s, []int{4, 2}, c[3].Children[1]},
		{"alternative", s, []int{4, 2, 2, 1}, inner.Children[1].Children[0]},
		{"message that is text", s, []int{5, 1}, c[4].Children[0]},
		{"message that is text, no part 2", s, []int{5, 2}, nil},
		{"message that is text, nothing below", s, []int{5, 1, 1}, nil},
		{"text message", single, []int{1}, single.Root},
		{"text message, below", single, []int{1, 1}, nil},
		{"text message, two", single, []int{2}, nil},
		{"root is a message", forwarded, []int{1}, c[4]},
		{"root is a message, its text", forwarded, []int{1, 1}, c[4].Children[0]},
	} {
		if got := test.in.Find(test.path); got != test.want {
			t.Errorf("%s: Find(%v) = %+v, want %+v", test.name, test.path, got, test.want)
		}
	}
}

func TestShift(t *testing.T) {
	t.Parallel()
	child := &Part{HeaderStart: 30, BodyStart: 40, End: 50}
	s := &Structure{Size: 60, Root: &Part{BodyStart: 20, End: 60, Children: []*Part{child}}}
	s.Shift(5)
	if s.Size != 65 || s.Root.HeaderStart != 0 || s.Root.BodyStart != 25 || s.Root.End != 65 {
		t.Errorf("root: %+v", s.Root)
	}
	if child.HeaderStart != 35 || child.BodyStart != 45 || child.End != 55 {
		t.Errorf("child: %+v", child)
	}
}
