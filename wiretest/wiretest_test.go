package wiretest

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// echo is a server that knows QUIT and STLS and returns all other lines.
func echo(config *tls.Config) func(context.Context, net.Conn) {
	return func(_ context.Context, conn net.Conn) {
		in := bufio.NewReader(conn)
		fmt.Fprint(conn, "+OK ready\r\n")
		for {
			text, err := in.ReadString('\n')
			switch {
			case err != nil, text == "QUIT\r\n":
				return
			case text == "STLS\r\n":
				fmt.Fprint(conn, "+OK go on\r\n")
				conn = tls.Server(conn, config)
				in = bufio.NewReader(conn)
			default:
				io.WriteString(conn, text)
			}
		}
	}
}

func TestRun(t *testing.T) {
	t.Parallel()
	config, _ := TLS(t)
	Run(t, "testdata/*.txt", echo(config))
}

func TestRunClient(t *testing.T) {
	t.Parallel()
	RunClient(t, "testdata/client/*.txt", func(_ context.Context, conn net.Conn) {
		in := bufio.NewReader(conn)
		in.ReadString('\n')
		fmt.Fprint(conn, "STLS\r\n")
		in.ReadString('\n')
		conn = tls.Client(conn, &tls.Config{InsecureSkipVerify: true})
		fmt.Fprint(conn, "inside\r\n")
	})
}

// play performs a dialogue that is given as text and returns it recorded.
func play(t *testing.T, dialogue string, record bool, serve func(context.Context, net.Conn)) (string, error) {
	t.Helper()
	steps, err := parse(dialogue)
	if err != nil {
		t.Fatal(err)
	}
	p := &player{side: 'C', record: record}
	err = p.perform(t.Context(), steps, serve)
	return strings.Join(p.recorded, "\n") + "\n", err
}

func TestFailures(t *testing.T) {
	t.Parallel()
	say := func(text string) func(context.Context, net.Conn) {
		return func(_ context.Context, conn net.Conn) {
			io.WriteString(conn, text)
			io.Copy(io.Discard, conn)
		}
	}
	tests := []struct{ name, dialogue, output, want string }{
		{"nothing wrong", "S: a\nC: x\nS: b", "a\r\nb\r\n", ""},
		{"different", "S: a", "b\r\n", `want "S: a"`},
		{"missing", "S: a\nS: b", "a\r\n", `:2: want "S: b"`},
		{"extra", "S: a", "a\r\nb\r\n", `unexpected output "b\r\n"`},
		{"extra without a line end", "S: a", "a\r\nb", `unexpected output "b"`},
		{"bare LF", "S: a", "a\n", `got  "S| a\\n"`},
		{"pattern", "S: a{{[0-9]}}", "ab\r\n", "want"},
		{"pattern is anchored", "S: {{[0-9]}}", "12\r\n", "want"},
		{"bad pattern", "S: {{(}}", "1\r\n", "missing closing"},
		{"unclosed pattern", "S: {{x", "1\r\n", "without }}"},
		{"raw differs", "S| ab", "ac", "want"},
		{"raw is short", "S| ab\nC! close", "a", "want"},
		{"text before TLS", "S: a\nSTARTTLS", "a\r\nb\r\n", "before the handshake"},
		{"no end", "S: a\nS! close", "a\r\nb\r\n", "unexpected output"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			serve := say(test.output)
			if strings.HasPrefix(test.name, "missing") || strings.HasPrefix(test.name, "raw is short") {
				serve = func(_ context.Context, conn net.Conn) { io.WriteString(conn, test.output) }
			}
			_, err := play(t, test.dialogue, false, serve)
			if test.want == "" && err != nil {
				t.Fatal(err)
			}
			if got := fmt.Sprint(err); !strings.Contains(":"+got, test.want) && test.want != "" {
				t.Errorf("error %q does not say %q", got, test.want)
			}
		})
	}
}

func TestParseErrors(t *testing.T) {
	t.Parallel()
	for _, source := range []string{
		"X: a", "C", "C a", "C:a", "S:a", "C|a", "C*x a", "C*-1 a", `C| \q`,
		"C! jump", "STARTTLS now", "C*99999999999 a", "S!close",
	} {
		if _, err := parse("# head\n" + source); err == nil {
			t.Errorf("%q was taken", source)
		} else if !strings.HasPrefix(err.Error(), "line 2:") {
			t.Errorf("%q: %v lacks its line", source, err)
		}
	}
}

func TestRecord(t *testing.T) {
	t.Parallel()
	config, _ := TLS(t)
	got, err := play(t, `# kept
S: +OK {{[a-z]+}}
S: gone

C: a
S: old
C: b
# between
C| \x00{{\r\n
C: STLS
STARTTLS
C: c
C: d
S: c
C: QUIT
S! close
`, true, echo(config))
	if err != nil {
		t.Fatal(err)
	}
	want := `# kept
S: +OK {{[a-z]+}}

C: a
S: a
C: b
S: b
# between
C| \x00{{\r\n
C: STLS
S| \x00{{\r\n
S: +OK go on
STARTTLS
C: c
C: d
S: c
S: d
C: QUIT
S! close
`
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func FuzzParse(f *testing.F) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(data))
	}
	f.Fuzz(func(t *testing.T, data string) {
		steps, err := parse(data)
		if err != nil {
			return
		}
		for _, s := range steps {
			if s.action != line || strings.Contains(s.text, "{{") || strings.Contains(s.text, "\n") {
				continue
			}
			again, err := parse(sourceOf(s.side, s.wire()))
			if err != nil || again[0].wire() != s.wire() {
				t.Fatalf("%q became %v, %v", s.wire(), again, err)
			}
		}
	})
}
