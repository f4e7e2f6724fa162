package message

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"strings"
	"testing"
)

// textMessage returns a plain message of about 4 KB with a usual header.
func textMessage() []byte {
	var b bytes.Buffer
	b.WriteString("Return-Path: <a@example.org>\r\nReceived: from mail.example.org (mail.example.org [192.0.2.1])\r\n" +
		"\tby mx.example.net with ESMTPS id abc123\r\n\tfor <b@example.net>; Fri, 21 Nov 1997 09:55:06 -0600\r\n" +
		"DKIM-Signature: v=1; a=rsa-sha256; d=example.org; s=sel; h=from:to:subject; bh=" + strings.Repeat("x", 60) + ";\r\n\tb=" + strings.Repeat("y", 300) + "\r\n" +
		"From: John Doe <jdoe@machine.example>\r\nTo: Mary Smith <mary@example.net>, bob@example.net\r\n" +
		"Subject: Saying Hello\r\nDate: Fri, 21 Nov 1997 09:55:06 -0600\r\nMessage-ID: <1234@local.machine.example>\r\n" +
		"MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8; format=flowed\r\nContent-Transfer-Encoding: 8bit\r\n\r\n")
	for b.Len() < 4096 {
		b.WriteString("This is a line of text that a person could have written to another.\r\n")
	}
	return b.Bytes()
}

// attachmentMessage returns a multipart of about 75 KB with an attachment.
func attachmentMessage() []byte {
	var b bytes.Buffer
	b.WriteString("From: John Doe <jdoe@machine.example>\r\nTo: Mary Smith <mary@example.net>\r\nSubject: report\r\n" +
		"Content-Type: multipart/mixed; boundary=\"=_0123456789\"\r\n\r\n--=_0123456789\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n" +
		"See the attachment.\r\n--=_0123456789\r\nContent-Type: application/pdf; name=report.pdf\r\n" +
		"Content-Disposition: attachment; filename=report.pdf\r\nContent-Transfer-Encoding: base64\r\n\r\n")
	line := base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{1, 2, 3}, 19)) + "\r\n"
	for b.Len() < 75<<10 {
		b.WriteString(line)
	}
	b.WriteString("\r\n--=_0123456789--\r\n")
	return b.Bytes()
}

// nestedMessage returns what costs the scanner most: many open multiparts whose
// boundaries are alike, and a body of lines that look like delimiters.
func nestedMessage() []byte {
	var b bytes.Buffer
	common := strings.Repeat("=", 60)
	for i := range 60 {
		fmt.Fprintf(&b, "Content-Type: multipart/mixed; boundary=\"%s%02d\"\r\n\r\n--%s%02d\r\n", common, i, common, i)
	}
	b.WriteString("\r\n")
	for b.Len() < 256<<10 {
		b.WriteString("--" + common + "xx\r\n")
	}
	return b.Bytes()
}

func BenchmarkScanner(b *testing.B) {
	for _, bench := range []struct {
		name string
		data []byte
	}{{"text4K", textMessage()}, {"attachment75K", attachmentMessage()}, {"nested256K", nestedMessage()}} {
		chunks := split(bench.data, 32<<10)
		b.Run(bench.name, func(b *testing.B) {
			b.SetBytes(int64(len(bench.data)))
			b.ReportAllocs()
			for b.Loop() {
				scan(Limits{}, chunks...)
			}
		})
	}
}

func BenchmarkCodec(b *testing.B) {
	s := scan(Limits{}, attachmentMessage())
	bin := s.AppendBinary(nil)
	b.Run("encode", func(b *testing.B) {
		b.ReportAllocs()
		buf := make([]byte, 0, 4096)
		for b.Loop() {
			buf = s.AppendBinary(buf[:0])
		}
		b.ReportMetric(float64(len(bin)), "octets")
	})
	b.Run("decode", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := DecodeStructure(bin); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("envelope", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := DecodeEnvelope(bin); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkTransferDecoder(b *testing.B) {
	data := attachmentMessage()
	for _, encoding := range []string{"base64", "quoted-printable"} {
		b.Run(encoding, func(b *testing.B) {
			b.SetBytes(int64(len(data)))
			for b.Loop() {
				_, _ = io.Copy(io.Discard, TransferDecoder(encoding, bytes.NewReader(data)))
			}
		})
	}
}

func BenchmarkMatcher(b *testing.B) {
	data := []byte(strings.Repeat("This is a line of text that a person could have written to another.\r\n", 1000))
	for _, needle := range []string{"zebra", "person would", "straße"} {
		b.Run(needle, func(b *testing.B) {
			m := NewMatcher(needle)
			b.SetBytes(int64(len(data)))
			for b.Loop() {
				m.Reset()
				_, _ = m.Write(data)
			}
		})
	}
}
