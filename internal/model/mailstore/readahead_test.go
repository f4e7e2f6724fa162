package mailstore_test

import (
	"errors"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/internal/model/mailstore"
)

// TestMessageReader reads messages in order, backwards and at random, and finds
// what Account.Message finds.
func TestMessageReader(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.appendMany("INBOX", 300)
	f.appendMany("Archive", 300)
	f.appendMany("INBOX", 100)
	_, err := f.account.Copy(t.Context(), f.box("Archive").ID, f.box("INBOX").ID, imap.SetOf[imap.UID](5, 6, 7, 250))
	f.check(err)
	v := f.version("INBOX")

	var order []imap.SeqNum
	for seq := imap.SeqNum(1); seq <= v.Len(); seq++ {
		order = append(order, seq)
	}
	for seq := v.Len(); seq > 0; seq-- {
		order = append(order, seq)
	}
	for range 500 {
		order = append(order, 1+imap.SeqNum(rand.IntN(int(v.Len()))))
	}
	r := f.account.Reader()
	for _, seq := range order {
		if rand.IntN(20) == 0 {
			r.Expect(rand.IntN(5)) // wrong as it may be
		}
		e := v.At(seq)
		got, err := r.Message(t.Context(), e)
		f.check(err)
		if text, want := f.readMessage(got), f.read(e); text != want {
			t.Fatalf("message %d is\n%s\nwant\n%s", seq, text, want)
		}
	}
}

// TestMessageReaderOfExpunged asks for messages whose content is gone.
func TestMessageReaderOfExpunged(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.appendMany("INBOX", 20)
	v := f.version("INBOX")
	_, err := f.account.Remove(t.Context(), f.box("INBOX").ID, imap.SetOf[imap.UID](3, 4, 5, 12))
	f.check(err)
	_, err = f.store.CollectOrphans(t.Context(), f.now.Add(time.Hour))
	f.check(err)
	r := f.account.Reader()
	for seq, e := range v.All() {
		_, err := r.Message(t.Context(), e)
		gone := e.UID >= 3 && e.UID <= 5 || e.UID == 12
		if got := errors.Is(err, mailstore.ErrNoMessage); got != gone {
			t.Errorf("message %d: error %v", seq, err)
		}
	}
}

// BenchmarkReadList reads 25 messages, as clients do that show a list, with and
// without a word about how many they are.
func BenchmarkReadList(b *testing.B) {
	f := benchFixture(b)
	f.appendMany("INBOX", 1000)
	v := f.version("INBOX")
	for name, expected := range map[string]int{"expected": 25, "unknown": 0} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				r := f.account.Reader()
				r.Expect(expected)
				for seq := imap.SeqNum(500); seq < 525; seq++ {
					if _, err := r.Message(b.Context(), v.At(seq)); err != nil {
						b.Fatal(err)
					}
				}
				r.Release()
			}
		})
	}
}

func BenchmarkMessageReader(b *testing.B) {
	f := benchFixture(b)
	for range 20 { // some of it is in tables by then
		f.appendMany("INBOX", 1000)
	}
	v := f.version("INBOX")
	for name, get := range map[string]func() func(mailstore.Entry) (*mailstore.Message, error){
		"single": func() func(mailstore.Entry) (*mailstore.Message, error) {
			return func(e mailstore.Entry) (*mailstore.Message, error) { return f.account.Message(b.Context(), e) }
		},
		"reader": func() func(mailstore.Entry) (*mailstore.Message, error) {
			r := f.account.Reader()
			return func(e mailstore.Entry) (*mailstore.Message, error) { return r.Message(b.Context(), e) }
		},
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				message := get()
				for _, e := range v.All() {
					if _, err := message(e); err != nil {
						b.Fatal(err)
					}
				}
			}
		})
	}
}
