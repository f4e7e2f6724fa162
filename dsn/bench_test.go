package dsn_test

import (
	"io"
	"strings"
	"testing"

	"github.com/mailstead/mailstead/dsn"
)

func BenchmarkCompose(b *testing.B) {
	text := original + strings.Repeat("Sixty-four bytes of a letter that has come back to its sender.\r\n", 1000)
	b.ReportAllocs()
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		r := failedReport()
		r.Original, r.OriginalSize = strings.NewReader(text), int64(len(text))
		if _, err := dsn.Compose(io.Discard, r); err != nil {
			b.Fatal(err)
		}
	}
}
