//go:build clients

package clienttest

import (
	"fmt"
	"strings"
	"testing"
)

// swaks sends a message with a subject, and returns the transcript.
func (s *server) swaks(t *testing.T, protocol, subject string, args ...string) string {
	t.Helper()
	return run(t, "", "swaks", s.swaksArgs(protocol, subject, args...)...)
}

func (s *server) swaksArgs(protocol, subject string, args ...string) []string {
	return append([]string{
		"--server", "127.0.0.1", "--port", s.port(protocol),
		"--header", "Subject: " + subject, "--body", "body of " + subject,
	}, args...)
}

func TestSwaks(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	auth := []string{"--auth-user", alice, "--auth-password", password}
	stranger := []string{"--from", "carol@elsewhere.test", "--to", alice}
	own := []string{"--from", alice, "--to", bob}

	t.Run("plain", func(t *testing.T) {
		out := s.swaks(t, "smtp", "plain", stranger...)
		contains(t, out, "<-  250 2.")
	})
	t.Run("starttls", func(t *testing.T) {
		out := s.swaks(t, "smtp", "starttls", append(stranger, "--tls")...)
		contains(t, out, "TLS started")
	})
	for _, mech := range []string{"PLAIN", "LOGIN"} {
		t.Run("submission "+mech, func(t *testing.T) {
			out := s.swaks(t, "submission", "auth "+mech, append(append(own, auth...), "--tls", "--auth", mech)...)
			contains(t, out, "235 2.7.0")
		})
	}
	t.Run("submissions", func(t *testing.T) {
		out := s.swaks(t, "submissions", "implicit tls", append(append(own, auth...), "--tls-on-connect", "--auth", "PLAIN")...)
		contains(t, out, "235 2.7.0")
	})
	t.Run("lmtp", func(t *testing.T) {
		s.swaks(t, "lmtp", "lmtp", append(stranger, "--protocol", "LMTP")...)
	})
	t.Run("wrong password", func(t *testing.T) {
		out, err := try(t, "", "swaks", s.swaksArgs("submission", "x",
			append(own, "--tls", "--auth", "PLAIN", "--auth-user", alice, "--auth-password", "wrong")...)...)
		if err == nil {
			t.Error("a wrong password was accepted")
		}
		contains(t, out, "535 5.7.8")
	})
	t.Run("unknown recipient", func(t *testing.T) {
		out, err := try(t, "", "swaks", s.swaksArgs("smtp", "x", "--from", "c@elsewhere.test", "--to", "nobody@example.test")...)
		if err == nil {
			t.Error("an unknown recipient was accepted")
		}
		contains(t, out, "550 5.1.1")
	})
	t.Run("no relay", func(t *testing.T) {
		out, err := try(t, "", "swaks", s.swaksArgs("smtp", "x", "--from", "c@elsewhere.test", "--to", "d@third.test")...)
		if err == nil {
			t.Error("mail of a stranger to a stranger was accepted")
		}
		contains(t, out, "5.7.1")
	})
	t.Run("another's address", func(t *testing.T) {
		out, err := try(t, "", "swaks", s.swaksArgs("submission", "x",
			append(auth, "--tls", "--auth", "PLAIN", "--from", bob, "--to", bob)...)...)
		if err == nil {
			t.Error("alice could send as bob")
		}
		contains(t, out, "5.7.1")
	})

	if got, want := s.subjects(t, alice), []string{"plain", "starttls", "lmtp"}; !equalSet(got, want) {
		t.Errorf("alice has %q, want %q", got, want)
	}
	if got, want := s.subjects(t, bob), []string{"auth PLAIN", "auth LOGIN", "implicit tls"}; !equalSet(got, want) {
		t.Errorf("bob has %q, want %q", got, want)
	}
}

// TestOutboundStaysHome shows that mail for elsewhere lands in the sender's
// mailbox Outbound.
func TestOutboundStaysHome(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	s.swaks(t, "submission", "to the world", "--tls", "--auth", "PLAIN",
		"--auth-user", alice, "--auth-password", password, "--from", alice, "--to", "someone@far.test")
	eventually(t, "the message in Outbound", func() bool {
		out, err := try(t, "", "curl", "-sk", "--user", alice+":"+password, fmt.Sprintf("imaps://%s/Outbound;MAILINDEX=1", s.addr("imaps")))
		return err == nil && strings.Contains(out, "Subject: to the world")
	})
}

// TestRelayOverRestart sends through a queue to a second Mailstead that is
// down at first; both are stopped and started in between.
func TestRelayOverRestart(t *testing.T) {
	t.Parallel()
	far := startServer(t, "--users", usersFile(t, "dave@far.test "+password))
	near := startServer(t, "--relay", far.addr("smtp"))
	far.stop(t)
	near.swaks(t, "submission", "over the hill", "--tls", "--auth", "PLAIN",
		"--auth-user", alice, "--auth-password", password, "--from", alice, "--to", "dave@far.test")
	near.stop(t)
	far.start(t)
	near.start(t)
	near.retryQueue(t)
	eventually(t, "the message at the next hop", func() bool {
		return equalSet(far.subjects(t, "dave@far.test"), []string{"over the hill"})
	})
	eventually(t, "an empty queue", func() bool { return strings.TrimSpace(near.queue(t)) == "[]" })
}
