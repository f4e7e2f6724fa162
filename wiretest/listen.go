package wiretest

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

// quiet is how long the tested side must have been waiting for input, with
// nothing sent, before a recording takes its answer for complete.
const quiet = 50 * time.Millisecond

// listen takes the run of steps of the other side at the head of steps.
func (p *player) listen(steps []step) (int, error) {
	if p.record && !steps[0].isEnd() {
		n := 0
		for n < len(steps) && steps[n].side == p.other() && !steps[n].isEnd() {
			n++
		}
		return n, p.rewrite(steps[:n])
	}
	p.keep(steps[0].source)
	return 1, p.expect(steps[0])
}

func (s step) isEnd() bool { return s.action == shutdown || s.action == closing }

// overhear records an answer where the dialogue has none yet.
func (p *player) overhear(following []step) error {
	if !p.record {
		return nil
	}
	for _, s := range following {
		if s.action == comment {
			continue
		}
		if s.action == pause || s.side == p.other() && !s.isEnd() {
			return nil
		}
		break
	}
	return p.rewrite(nil)
}

// expect reads what one step expects and compares.
func (p *player) expect(s step) error {
	if s.isEnd() {
		return p.expectEnd()
	}
	receive := p.receiveLine
	if s.action == raw {
		receive = func() (string, error) { return p.receive(len(s.text)) }
	}
	got, err := receive()
	if ok, patternErr := s.matches(got); ok || patternErr != nil {
		return patternErr
	}
	if err != nil {
		return fmt.Errorf("want %q, got %q and then %w", s.source, got, err)
	}
	return fmt.Errorf("want %q\n\tgot  %q", s.source, sourceOf(p.other(), got))
}

func (p *player) receiveLine() (string, error) {
	_ = p.conn.SetReadDeadline(time.Now().Add(patience))
	return p.in.ReadString('\n')
}

func (p *player) receive(n int) (string, error) {
	_ = p.conn.SetReadDeadline(time.Now().Add(patience))
	b := make([]byte, n)
	n, err := io.ReadFull(p.in, b)
	return string(b[:n]), err
}

// rewrite records all that the tested side sends until it waits for more
// input. An old line stays where it still matches.
func (p *player) rewrite(old []step) error {
	lines, err := p.untilQuiet()
	if err != nil {
		return err
	}
	for i, got := range lines {
		if i < len(old) {
			if ok, err := old[i].matches(got); ok && err == nil {
				p.keep(old[i].source)
				continue
			}
		}
		p.keep(sourceOf(p.other(), got))
	}
	return nil
}

func (p *player) untilQuiet() ([]string, error) {
	var all strings.Builder
	limit := time.Now().Add(patience)
	for time.Now().Before(limit) {
		idle := p.pipe.peerIdle()
		_ = p.conn.SetReadDeadline(time.Now().Add(quiet))
		n, err := io.Copy(&all, p.in)
		if err == nil || n == 0 && idle && p.pipe.peerIdle() {
			return slices.Collect(strings.Lines(all.String())), nil
		}
	}
	return nil, fmt.Errorf("the tested side does not come to rest after %q", all.String())
}
