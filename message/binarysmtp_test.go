package message

import (
	"bytes"
	"errors"
	"strings"
	"testing"
)

func forSMTP(t testing.TB, text string) (string, error) {
	s := NewScanner(Limits{})
	_, _ = s.Write([]byte(text))
	var out bytes.Buffer
	err := EncodeForSMTP(&out, s.Finish(), strings.NewReader(text), int64(len(text)))
	return out.String(), err
}

func TestEncodeForSMTP(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 999)
	const mime = "MIME-Version: 1.0\r\n"
	for name, tt := range map[string]struct{ in, want string }{
		"text":   {mime + "\r\nhello\r\n", mime + "\r\nhello\r\n"},
		"no end": {mime + "\r\nhello", mime + "\r\nhello"},
		"root": {
			mime + "Content-Type: image/png\r\nContent-Transfer-Encoding: binary\r\n\r\n\x00\n\r",
			mime + "Content-Type: image/png\r\nContent-Transfer-Encoding: base64\r\n\r\nAAoN",
		},
		"declared, and harmless": {
			"Content-Transfer-Encoding: BINARY\r\n\r\nabc", "Content-Transfer-Encoding: base64\r\n\r\nYWJj",
		},
		"line ends": {"\r\na\nb", "Content-Transfer-Encoding: base64\r\n\r\nYQpi"},
		"parts": {
			mime + "Content-Type: multipart/mixed; boundary=b\r\nContent-Transfer-Encoding: binary\r\n\r\n--b\r\n\r\ntext\r\n" +
				"--b\r\nContent-Type: image/png\r\nContent-Transfer-Encoding: binary\r\n\r\n\x89PNG\n\x00\r\n--b--\r\n",
			mime + "Content-Type: multipart/mixed; boundary=b\r\nContent-Transfer-Encoding: 8bit\r\n\r\n--b\r\n\r\ntext\r\n" +
				"--b\r\nContent-Type: image/png\r\nContent-Transfer-Encoding: base64\r\n\r\niVBORwoA\r\n--b--\r\n",
		},
		"signed and clean": {
			"Content-Type: multipart/signed; boundary=b\r\n\r\n--b\r\n\r\ntext\r\n--b--\r\n",
			"Content-Type: multipart/signed; boundary=b\r\n\r\n--b\r\n\r\ntext\r\n--b--\r\n",
		},
	} {
		got, err := forSMTP(t, tt.in)
		if err != nil || got != tt.want {
			t.Errorf("%s: %v\n got %q\nwant %q", name, err, got, tt.want)
		}
	}
	if got, err := forSMTP(t, "Subject: x\r\n\r\n"+long+"\r\n"); err != nil || strings.Contains(got, long) || !strings.Contains(got, "base64\r\n") {
		t.Errorf("a long line: %v, %q", err, got)
	}
}

func TestEncodeForSMTPCannot(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"header":   "Subject: \x00\r\n\r\n",
		"preamble": "Content-Type: multipart/mixed; boundary=b\r\n\r\na\nb\r\n--b\r\n\r\nx\r\n--b--\r\n",
		"epilogue": "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nx\r\n--b--\r\n\x00",
		"last CR":  "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nx\r\n--b--\r\n\r",
		"signed":   "Content-Type: multipart/signed; boundary=b\r\n\r\n--b\r\nContent-Transfer-Encoding: binary\r\n\r\n\x00\r\n--b--\r\n",
	} {
		if got, err := forSMTP(t, text); !errors.Is(err, ErrBinary) {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
}

func FuzzEncodeForSMTP(f *testing.F) {
	f.Add("Content-Type: multipart/mixed; boundary=b\r\nContent-Transfer-Encoding: binary\r\n\r\n--b\r\n\r\ntext\r\n--b\r\nContent-Transfer-Encoding: binary\r\n\r\n\x00\n\r\n--b--\r\n")
	f.Add("Content-Transfer-Encoding: binary\r\n\r\n\r\r\n\n")
	f.Add("Content-Type: message/rfc822\r\nContent-Transfer-Encoding: binary\r\n\r\nSubject: x\r\n\r\n\x00")
	f.Fuzz(func(t *testing.T, text string) {
		got, err := forSMTP(t, text)
		if err != nil {
			return
		}
		l := &textLines{}
		if !l.fit([]byte(got)) || !l.end() {
			t.Errorf("%q became %q, which does not fit", text, got)
		}
	})
}
