package message_test

import (
	"fmt"
	"io"
	"strings"

	"github.com/mailstead/mailstead/message"
)

const greeting = "From: =?utf-8?q?J=C3=B6rg?= <joerg@example.org>\r\n" +
	"Subject: a picture\r\n" +
	"Content-Type: multipart/mixed; boundary=b\r\n" +
	"\r\n" +
	"--b\r\n" +
	"Content-Type: text/plain; charset=iso-8859-1\r\n" +
	"Content-Transfer-Encoding: quoted-printable\r\n" +
	"\r\n" +
	"Sch=F6ne Gr=FC=DFe\r\n" +
	"--b\r\n" +
	"Content-Type: image/png; name=picture.png\r\n" +
	"\r\n" +
	"...\r\n" +
	"--b--\r\n"

// A message is scanned as it arrives, in whatever pieces.
func ExampleScanner() {
	s := message.NewScanner(message.Limits{})
	_, _ = io.Copy(s, strings.NewReader(greeting))
	structure := s.Finish()

	from := structure.Envelope.From[0]
	fmt.Println(message.DecodeHeader(from.Name), from.Addr())
	for _, part := range structure.Root.Children {
		fmt.Printf("%s/%s %d %q\n", part.Type, part.Subtype, part.Size(), part.Filename())
	}
	// Output:
	// Jörg joerg@example.org
	// text/plain 18 ""
	// image/png 3 "picture.png"
}

// The bytes of a part are found by its number and its offsets.
func ExampleDecodedText() {
	s := message.NewScanner(message.Limits{})
	_, _ = io.WriteString(s, greeting)
	part := s.Finish().Find([]int{1})

	text, _ := io.ReadAll(message.DecodedText(part, strings.NewReader(greeting)))
	fmt.Printf("%s\n", text)
	// Output: Schöne Grüße
}

// A search stops reading as soon as it knows.
func ExampleMatcher() {
	s := message.NewScanner(message.Limits{})
	_, _ = io.WriteString(s, greeting)

	m := message.NewMatcher("GRÜßE")
	err := message.SearchText(m, s.Finish(), strings.NewReader(greeting), message.SearchBody)
	fmt.Println(m.Matched(), err)
	// Output: true short write
}
