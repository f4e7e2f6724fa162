package imapdeflate

import (
	"bytes"
	stdflate "compress/flate"
	"errors"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
)

// deflated compresses pieces, with a sync flush behind each, at a level.
func deflated(t testing.TB, level int, pieces ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := stdflate.NewWriter(&b, level)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range pieces {
		io.WriteString(w, p)
		w.Flush()
	}
	return b.Bytes()
}

// inflate decompresses with input and output cut into pieces of any size.
func inflate(data []byte, size func() int) ([]byte, error) {
	var z Inflater
	var out []byte
	for {
		n := min(size(), len(data))
		src := data[:n]
		data = data[n:]
		for {
			buf := make([]byte, size())
			nDst, nSrc, err := z.Inflate(buf, src)
			out = append(out, buf[:nDst]...)
			src = src[nSrc:]
			if err != nil {
				return out, err
			}
			if nDst == 0 {
				break
			}
		}
		if len(src) > 0 {
			return out, errors.New("input is left, though there was room")
		}
		if len(data) == 0 {
			return out, nil
		}
	}
}

// text is a text with short and long matches, of n bytes.
func text(n int) string {
	r := rand.New(rand.NewPCG(1, 2))
	words := strings.Fields("FETCH FLAGS UID BODY[] OK \\Seen INBOX SELECT from to subject")
	var b strings.Builder
	for b.Len() < n {
		b.WriteString(words[r.IntN(len(words))])
		b.WriteByte(byte(r.IntN(256)))
	}
	return b.String()[:n]
}

// TestInflateOddSplits cuts streams of all kinds of blocks at every place.
func TestInflateOddSplits(t *testing.T) {
	t.Parallel()
	want := text(300) + strings.Repeat("a", 500) + text(100)
	for level := stdflate.HuffmanOnly; level <= stdflate.BestCompression; level++ {
		data := deflated(t, level, want[:10], want[10:600], want[600:])
		for size := 1; size < 20; size++ {
			got, err := inflate(data, func() int { return size })
			if err != nil || string(got) != want {
				t.Fatalf("level %d, pieces of %d: %d bytes, %v", level, size, len(got), err)
			}
		}
	}
}

// TestInflateAtOnce checks that a flushed piece comes out with its last byte.
func TestInflateAtOnce(t *testing.T) {
	t.Parallel()
	var z Inflater
	var b bytes.Buffer
	w, _ := stdflate.NewWriter(&b, stdflate.DefaultCompression)
	for _, piece := range []string{"a NOOP\r\n", "b", " ", "SELECT INBOX\r\n", text(100_000), "c\r\n"} {
		b.Reset()
		io.WriteString(w, piece)
		w.Flush()
		out := make([]byte, len(piece)+1)
		n, used, err := z.Inflate(out, b.Bytes())
		if err != nil || string(out[:n]) != piece || used != b.Len() {
			t.Fatalf("%.20q: %d bytes of %d, %v", piece, n, len(piece), err)
		}
	}
	if len(z.window) != windowSize {
		t.Fatalf("a window of %d", len(z.window))
	}
}

// TestInflateEnd checks that what follows a stream is left alone.
func TestInflateEnd(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	w, _ := stdflate.NewWriter(&b, 6)
	io.WriteString(w, "hello, hello, hello")
	w.Close()
	b.WriteString("plain text")
	for first := range b.Len() {
		var z Inflater
		out := make([]byte, 100)
		n, used, err := z.Inflate(out, b.Bytes()[:first])
		if err == nil {
			var m, more int
			m, more, err = z.Inflate(out[n:], b.Bytes()[used:])
			n, used = n+m, used+more
		}
		rest := string(z.Rest()) + string(b.Bytes()[used:])
		if err != io.EOF || string(out[:n]) != "hello, hello, hello" || rest != "plain text" {
			t.Fatalf("cut at %d: %q, then %q, %v", first, out[:n], rest, err)
		}
	}
}

func TestInflateCorrupt(t *testing.T) {
	t.Parallel()
	for _, data := range []string{"\x07", "\x00\x01\x00\x00\x00", "\x04\x00\xfe\xff", "\x4b\x04\x22\x00", "not deflate at all"} {
		if got, err := inflate([]byte(data+strings.Repeat("\xff", 40)), func() int { return 3 }); !errors.Is(err, ErrCorrupt) {
			t.Errorf("%q: %q, %v", data, got, err)
		}
	}
}

// FuzzInflate holds the Inflater against the decompressor of the standard
// library.
func FuzzInflate(f *testing.F) {
	for level := stdflate.HuffmanOnly; level <= stdflate.BestCompression; level++ {
		f.Add(deflated(f, level, text(200), text(50)), uint64(level))
	}
	f.Fuzz(func(t *testing.T, data []byte, seed uint64) {
		const most = 1 << 20
		want, wantErr := io.ReadAll(io.LimitReader(stdflate.NewReader(bytes.NewReader(data)), most))
		r := rand.New(rand.NewPCG(seed, 0))
		got, err := inflate(data, func() int { return 1 + r.IntN(300) })
		if len(got) > most {
			return
		}
		switch {
		case wantErr == nil:
			if err != io.EOF || !bytes.Equal(got, want) {
				t.Fatalf("%d bytes, %v; want %d", len(got), err, len(want))
			}
		case errors.Is(wantErr, io.ErrUnexpectedEOF):
			if err != nil || !bytes.HasPrefix(got, want) {
				t.Fatalf("%d bytes, %v; want %d and no error", len(got), err, len(want))
			}
		case err != nil && !errors.Is(err, ErrCorrupt), err == nil && !bytes.HasPrefix(got, want):
			t.Fatalf("%v; want %v", err, wantErr)
		}
	})
}

func BenchmarkInflate(b *testing.B) {
	const size = 1 << 20
	data := deflated(b, 6, text(size))
	out := make([]byte, 32<<10)
	b.SetBytes(size)
	for b.Loop() {
		var z Inflater
		for src := data; ; {
			n, used, _ := z.Inflate(out, src)
			if src = src[used:]; n == 0 {
				break
			}
		}
	}
}
