//go:build clients

package clienttest

import (
	"os"
	"path/filepath"
	"testing"
)

// mailstead runs a verb of the binary against this server.
func (s *server) mailstead(t *testing.T, args ...string) string {
	t.Helper()
	return run(t, "", os.Getenv("MAILSTEAD_BIN"), append(args, "--data", s.data)...)
}

func (s *server) queue(t *testing.T) string {
	t.Helper()
	return s.mailstead(t, "queue", "list", "--json")
}

func (s *server) retryQueue(t *testing.T) {
	t.Helper()
	s.mailstead(t, "queue", "retry", "--all")
}

func usersFile(t *testing.T, lines string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "users")
	writeFile(t, name, lines+"\n")
	return name
}

func TestAdmin(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	s.mailstead(t, "domain", "add", "new.test")
	contains(t, s.mailstead(t, "domain", "list"), "new.test")
	s.mailstead(t, "account", "add", "--from-file", usersFile(t, "erin@new.test "+password+"\nfrank@new.test other"))
	contains(t, s.mailstead(t, "account", "list", "--json"), `"erin@new.test"`)
	s.mailstead(t, "alias", "add", "team@new.test", "erin@new.test", "frank@new.test")
	contains(t, s.mailstead(t, "alias", "list"), "team@new.test")

	s.swaks(t, "smtp", "to the team", "--from", "c@elsewhere.test", "--to", "team@new.test")
	if got := s.subjects(t, "erin@new.test"); !equalSet(got, []string{"to the team"}) {
		t.Errorf("erin has %q", got)
	}
	s.mailstead(t, "alias", "remove", "team@new.test")
	s.mailstead(t, "account", "remove", "frank@new.test")
	out, err := try(t, "", "swaks", s.swaksArgs("smtp", "x", "--from", "c@elsewhere.test", "--to", "frank@new.test")...)
	if err == nil {
		t.Error("a removed account still gets mail")
	}
	contains(t, out, "550 5.1.1")

	s.stop(t)
	out, err = try(t, "", os.Getenv("MAILSTEAD_BIN"), "domain", "list", "--data", s.data)
	if err == nil {
		t.Error("domain list works without a server")
	}
	contains(t, out, "no server")
}
