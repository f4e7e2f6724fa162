package submission_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mailstead/mailstead/internal/flow/submission"
)

func TestSenders(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := submission.NewSenders(submission.Rates{MessagesPerHour: 2, RecipientsPerDay: 3}, time.Now)
		for range 2 {
			if err := s.Message(1); err != nil {
				t.Fatal(err)
			}
		}
		var over *submission.OverRateError
		if err := s.Message(1); !errors.As(err, &over) || time.Until(over.Until) != 30*time.Minute {
			t.Fatalf("the third message: %v", err)
		}
		if want := "You may send 2 messages per hour, try again after 2000-01-01T00:30:00Z"; over.Public() != want {
			t.Errorf("told %q, want %q", over.Public(), want)
		}
		if err := s.Message(2); err != nil {
			t.Errorf("another account: %v", err)
		}
		time.Sleep(30 * time.Minute)
		if err := s.Message(1); err != nil {
			t.Errorf("after half an hour: %v", err)
		}
		for range 3 {
			if err := s.Recipient(1); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.Recipient(1); !errors.As(err, &over) || time.Until(over.Until) != 8*time.Hour {
			t.Errorf("the fourth recipient: %v", err)
		}
		free := submission.NewSenders(submission.Rates{}, time.Now)
		for range 100 {
			if free.Message(1) != nil || free.Recipient(1) != nil {
				t.Fatal("no limit limits")
			}
		}
	})
}
