package pop3server

import (
	"bytes"
	"errors"
	"net"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// A sink is the far end of a connection, which breaks after some octets.
type sink struct {
	net.Conn
	bytes.Buffer
	breaks int // after how many octets; negative for never
	writes int
}

var errBroken = errors.New("broken")

func (s *sink) SetWriteDeadline(time.Time) error { return nil }

func (s *sink) Write(p []byte) (int, error) {
	s.writes++
	if s.breaks >= 0 && s.Len()+len(p) > s.breaks {
		n, _ := s.Buffer.Write(p[:s.breaks-s.Len()])
		return n, errBroken
	}
	return s.Buffer.Write(p)
}

func (s *sink) Read(p []byte) (int, error) { return s.Buffer.Read(p) }

func newOutput(s *sink) *output {
	return &output{conn: s, chunks: &sync.Pool{New: func() any { return new(chunk) }}}
}

// TestOutput writes pieces of random sizes in all ways that there are.
func TestOutput(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		far := &sink{breaks: rapid.SampledFrom([]int{-1, -1, 0, 5, 40_000}).Draw(t, "breaks")}
		out := newOutput(far)
		var want []byte
		for range rapid.IntRange(0, 20).Draw(t, "pieces") {
			size := rapid.SampledFrom([]int{0, 1, 100, chunkSize - 1, chunkSize, chunkSize + 1, 2*chunkSize + 5}).Draw(t, "size")
			piece := bytes.Repeat([]byte{byte(len(want))}, size)
			switch rapid.IntRange(0, 3).Draw(t, "way") {
			case 0:
				_, _ = out.WriteString(string(piece))
			case 1:
				_, _ = out.Write(append(out.AvailableBuffer(), piece...))
			case 2:
				_ = out.Flush()
				_, _ = out.Write(piece)
			default:
				_, _ = out.Write(piece)
			}
			want = append(want, piece...)
		}
		err := out.Flush()
		if far.breaks >= 0 && len(want) > far.breaks {
			if err != errBroken || far.Len() != far.breaks {
				t.Fatalf("%v after %d octets, want a failure after %d", err, far.Len(), far.breaks)
			}
			if _, err := out.Write([]byte("x")); err != errBroken {
				t.Fatalf("later: %v", err)
			}
			want = want[:far.breaks]
		} else if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(far.Bytes(), want) {
			t.Fatalf("%d octets came, want %d", far.Len(), len(want))
		}
		if _ = out.Flush(); out.chunk != nil {
			t.Fatal("an output with nothing to send has memory")
		}
	})
}

// TestOutputGathers wants few writes for many lines.
func TestOutputGathers(t *testing.T) {
	t.Parallel()
	far := &sink{breaks: -1}
	out := newOutput(far)
	for range 10_000 {
		_, _ = out.Write(append(out.AvailableBuffer(), "1234567890"...))
	}
	if err := out.Flush(); err != nil || far.Len() != 100_000 || far.writes > 4 {
		t.Errorf("%d octets in %d writes, %v", far.Len(), far.writes, err)
	}
}
