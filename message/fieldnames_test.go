package message

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// TestSelect compares with looking at each field.
func TestSelect(t *testing.T) {
	t.Parallel()
	lines := []string{
		"From: a", "from : b", "FROM\t:c", "Froma: d", "From", "From e", "Subject: f", "Sender: g", " folded", "\tFrom: folded",
		"Subject:", ": nameless", "", "\r", "\x00From: h", "To:i\rTo: j", "Reply-To: k", "ſubject: l", "\xffrom: m", "f", "S",
	}
	names := []string{"From", "subject", "To", "from", "", "Reply-To", "x", "ſubject"}
	rapid.Check(t, func(rt *rapid.T) {
		var text strings.Builder
		for _, line := range rapid.SliceOfN(rapid.SampledFrom(lines), 0, 12).Draw(rt, "lines") {
			text.WriteString(line)
			text.WriteString(rapid.SampledFrom([]string{"\r\n", "\r\n", "\n", "\r\n ", ""}).Draw(rt, "end"))
		}
		wanted := rapid.SliceOfN(rapid.SampledFrom(names), 0, 4).Draw(rt, "names")
		header := Header(text.String())
		var got, want []string
		for i, f := range header.Select(NewFieldNames(wanted...)) {
			got = append(got, wanted[i], string(f.Raw), f.Text())
		}
		for f := range header.Fields() {
			if i := slices.IndexFunc(wanted, f.Is); i >= 0 {
				want = append(want, wanted[i], string(f.Raw), f.Text())
			}
		}
		if !slices.Equal(got, want) {
			rt.Fatalf("%q of %q: %q, want %q", wanted, header, got, want)
		}
	})
}

func TestSelectStops(t *testing.T) {
	t.Parallel()
	for i, f := range Header("To: a\r\nFrom: b\r\nTo: c\r\n").Select(NewFieldNames("from", "to")) {
		if i != 1 || f.Text() != "a" {
			t.Fatal(i, f)
		}
		break
	}
}

func BenchmarkSelect(b *testing.B) {
	header := Header(fieldsMessage())
	b.Run("select", func(b *testing.B) {
		b.ReportAllocs()
		names := NewFieldNames("From", "To", "Cc", "Subject")
		for b.Loop() {
			for range header.Select(names) {
			}
		}
	})
	b.Run("fields", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			for f := range header.Fields() {
				_ = f.Is("From") || f.Is("To") || f.Is("Cc") || f.Is("Subject")
			}
		}
	})
}

// fieldsMessage returns those fields of a message that stores keep.
func fieldsMessage() []byte {
	return Header(textMessage()).Only("From", "To", "Cc", "Subject", "Date", "Message-ID", "Content-Type", "References", "In-Reply-To")
}
