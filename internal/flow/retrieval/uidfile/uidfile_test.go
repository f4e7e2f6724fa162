package uidfile

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mailstead/mailstead/internal/flow/retrieval"
)

func writeFile(t *testing.T, text string, path ...string) string {
	t.Helper()
	name := filepath.Join(path...)
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

func TestList(t *testing.T) {
	t.Parallel()
	name := writeFile(t, "# from the old server\n<1@x>\tUID1-2\r\n\n2@x   000001\n", t.TempDir(), "list")
	got, err := Read(name, "")
	want := []retrieval.OldUID{{MessageID: "<1@x>", UID: "UID1-2"}, {MessageID: "2@x", UID: "000001"}}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v\n%s", err, diff)
	}
}

// newMaildir has three messages in its list, of which one is gone, and one
// message that is not in the list.
func newMaildir(t *testing.T, list string) string {
	dir := t.TempDir()
	writeFile(t, list, dir, "dovecot-uidlist")
	writeFile(t, "Subject: a\nMessage-Id:\n <a@x>\n\nbody\n", dir, "cur", "1000.M1P1.host,S=5:2,S")
	writeFile(t, "Message-ID: <b@x>\r\n\r\nbody\r\n", dir, "new", "1001.M2P2.host")
	writeFile(t, "Subject: no id\n\nMessage-ID: <body@x>\n", dir, "cur", "1002.M3P3.host:2,")
	writeFile(t, "Message-ID: <c@x>\n\n", dir, "cur", "1003.M4P4.host:2,")
	return dir
}

const version3 = `3 V1275660208 N25022 G3085f01b7f11094c501100008c4a11c1
25006 W2481 :1000.M1P1.host,S=5
25007 P000061AF4C0F S12 :1001.M2P2.host:2,S
25008 :1002.M3P3.host
25009 :9999.gone
`

func TestDovecot(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, list, format string
		want               []retrieval.OldUID
	}{
		{"version 3", version3, DovecotFormat, []retrieval.OldUID{
			{MessageID: "<a@x>", UID: "000061AE4C0907B0"}, {MessageID: "<b@x>", UID: "000061AF4C0F"}}},
		{"other format", version3, "%v.%u", []retrieval.OldUID{
			{MessageID: "<a@x>", UID: "1275660208.25006"}, {MessageID: "<b@x>", UID: "000061AF4C0F"}}},
		{"file name", version3, "%f", []retrieval.OldUID{
			{MessageID: "<a@x>", UID: "1000.M1P1.host,S=5"}, {MessageID: "<b@x>", UID: "000061AF4C0F"}}},
		{"version 1", "1 1275660208 25022\n25007 1001.M2P2.host\n", "%08xv-%u%%", []retrieval.OldUID{
			{MessageID: "<b@x>", UID: "4c0907b0-25007%"}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			dir := newMaildir(t, c.list)
			for _, path := range []string{dir, filepath.Join(dir, "dovecot-uidlist")} {
				got, err := Read(path, c.format)
				if diff := cmp.Diff(c.want, got); diff != "" || err != nil {
					t.Errorf("%s: %v\n%s", path, err, diff)
				}
			}
		})
	}
}

func TestRefused(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for text, want := range map[string]string{
		"<a@x> b c":                           "line 1",
		"# x\n<a@x>":                          "line 2",
		"x " + strings.Repeat("y", maxLine+1): "longer than",
	} {
		if _, err := Read(writeFile(t, text, dir, "list"), ""); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.20q: %v", text, err)
		}
	}
	for text, want := range map[string]string{
		"":                      "empty",
		"2 V1 N1\n":             "version",
		"3 N1\n":                "UIDVALIDITY",
		"3 V1 N1\nx :f\n":       "line 2",
		"3 V1 N1\n1 W5\n":       "no file",
		"3 V1 N1\n1 :../../f\n": "no file",
		"3\n":                   "line 1",
	} {
		if _, err := readDovecot(strings.NewReader(text), DovecotFormat); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", text, err)
		}
	}
	for _, format := range []string{"%", "%08X", "%q", "%99999999999999999999u", "%xxu"} {
		if got, err := expand(format, 1, 2, "f"); err == nil {
			t.Errorf("%q makes %q", format, got)
		}
	}
	if _, err := Read(filepath.Join(dir, "missing"), ""); err == nil {
		t.Error("a missing file is read")
	}
}

func FuzzReadList(f *testing.F) {
	f.Add([]byte("# x\n<1@x>\tUID1-2\r\n\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		list, err := ReadList(bytes.NewReader(text))
		for _, old := range list {
			if old.MessageID == "" || old.UID == "" || err == nil && strings.HasPrefix(old.MessageID, "#") {
				t.Errorf("%q has %+v", text, old)
			}
		}
	})
}

func FuzzReadDovecot(f *testing.F) {
	f.Add([]byte(version3), DovecotFormat)
	f.Add([]byte("1 5 6\n1 f\n"), "%f%u")
	f.Fuzz(func(t *testing.T, text []byte, format string) {
		list, err := readDovecot(bytes.NewReader(text), format)
		for _, e := range list {
			if err == nil && (e.file == "" || strings.Contains(e.file, "/")) {
				t.Errorf("%q has %+v", text, e)
			}
		}
	})
}
