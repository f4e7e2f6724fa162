package imapsession

import (
	"testing"

	"github.com/mailstead/mailstead/imap"
)

func TestForeseen(t *testing.T) {
	t.Parallel()
	const a, b, c = imap.FlagSeen, imap.FlagFlagged, imap.Flag("$key")
	flags := func(list ...imap.Flag) []imap.Flag { return list }
	for _, one := range []struct {
		before, op, after []imap.Flag
		action            imap.StoreAction
		want              bool
	}{
		{flags(a), flags(b), flags(a, b), imap.StoreAdd, true},
		{flags(a), flags(b), flags(a, b, imap.FlagRecent), imap.StoreAdd, true},
		{flags(a), flags("$KEY"), flags(a, c), imap.StoreAdd, true},
		{flags(a), flags(b), flags(b), imap.StoreAdd, false},
		{flags(a), flags(b), flags(a), imap.StoreAdd, false},
		{flags(a), flags(b), flags(a, b, c), imap.StoreAdd, false},
		{flags(a, b), flags(b), flags(a), imap.StoreRemove, true},
		{flags(a), flags(b), flags(a), imap.StoreRemove, true},
		{flags(a, b), flags(b), flags(a, b), imap.StoreRemove, false},
		{flags(a, b), flags(b), flags(a, c), imap.StoreRemove, false},
		{flags(a, b), flags(b), nil, imap.StoreRemove, false},
		{flags(a), flags(b), flags(b), imap.StoreReplace, true},
		{flags(a), nil, nil, imap.StoreReplace, true},
		{flags(a), flags(b), flags(a, b), imap.StoreReplace, false},
		{flags(a), flags(b), nil, imap.StoreReplace, false},
	} {
		op := &imap.StoreOp{Action: one.action, Flags: one.op, Silent: true}
		if got := foreseen(one.before, one.after, op); got != one.want {
			t.Errorf("%v with %v %v is %v: foreseen %t", one.before, one.action, one.op, one.after, got)
		}
	}
}
