package pop3session_test

import (
	"io"
	"strings"
	"testing"

	"github.com/mailstead/mailstead/internal/mailtest"
)

// TestUTF8 reads a message with UTF-8 in its header, small and large, in both
// modes (RFC 6856 §2.1).
func TestUTF8(t *testing.T) {
	t.Parallel()
	s := start(t)
	const header = "Subject: Grüße\r\nX: plain\r\n\r\n"
	large := strings.Repeat("Wörter\r\n", 8000)
	for _, body := range []string{"ö\r\n", large} {
		s.Deliver("far@elsewhere.test", ann, header+body)
		s.Deliver("far@elsewhere.test", ann, "Subject: ascii\r\n\r\n"+body)
	}
	c := s.Maildrop(ann)
	for n, want := range map[int]string{
		1: "Subject: =?utf-8?b?R3LDvMOfZQ==?=\r\nX: plain\r\n\r\nö\r\n",
		2: "Subject: ascii\r\n\r\nö\r\n",
		3: "Subject: =?utf-8?b?R3LDvMOfZQ==?=\r\nX: plain\r\n\r\n" + large,
		4: "Subject: ascii\r\n\r\n" + large,
	} {
		if text := s.Retrieve(c, n); !strings.HasSuffix(text, "\r\n"+want) {
			t.Errorf("message %d is %.300q", n, text)
		}
	}
	top, err := c.Top(t.Context(), 1, 0)
	if err != nil {
		t.Fatal(err)
	}
	if text, _ := io.ReadAll(top); strings.Contains(string(text), "ü") {
		t.Errorf("TOP shows %q", text)
	}
	top.Close()
	quit(t, c)

	c = s.POP3()
	if err := c.UTF8(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := c.Login(t.Context(), ann, mailtest.Password); err != nil {
		t.Fatal(err)
	}
	for n, want := range map[int]string{1: header + "ö\r\n", 3: header + large} {
		text := s.Retrieve(c, n)
		size, err := c.ListMessage(t.Context(), n)
		if !strings.HasSuffix(text, "\r\n"+want) || err != nil || size.Size != int64(len(text)) {
			t.Errorf("message %d of %d octets, %v, is %.300q", n, size.Size, err, text)
		}
	}
}

func TestLanguage(t *testing.T) {
	t.Parallel()
	s := start(t, "one")
	first := s.Maildrop(ann)
	defer first.Close()
	c := s.POP3()
	if list, err := c.Languages(t.Context()); err != nil || len(list) != 2 {
		t.Errorf("languages: %v, %v", list, err)
	}
	if tag, _, err := c.Language(t.Context(), "de-AT"); tag != "de" || err != nil {
		t.Errorf("LANG de-AT gives %q, %v", tag, err)
	}
	err := c.Login(t.Context(), ann, mailtest.Password)
	if err == nil || !strings.Contains(err.Error(), "Postfach ist in einer anderen Sitzung geöffnet") {
		t.Errorf("in German: %v", err)
	}
	if tag, _, err := c.Language(t.Context(), "*"); tag != "en" || err != nil {
		t.Errorf("LANG * gives %q, %v", tag, err)
	}
}
