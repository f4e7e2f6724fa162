package imapserver_test

import (
	"context"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/imap/imapserver"
)

// slow makes sessions whose searches look at a hundred messages in a second.
type slow struct {
	imapserver.Backend
	total uint32
	ended chan error // gets what each search ends with
}

func (b *slow) NewSession(ctx context.Context, info *imapserver.ConnInfo) (imapserver.Session, error) {
	s, err := b.Backend.NewSession(ctx, info)
	return slowSession{s, b}, err
}

type slowSession struct {
	imapserver.Session
	slow *slow
}

func (s slowSession) Search(ctx context.Context, _ *imap.SearchCriteria, _ imapserver.SearchOptions) (*imapserver.SearchData, error) {
	progress := imapserver.ProgressOf(ctx)
	for done := uint32(0); done < s.slow.total && ctx.Err() == nil; done += 100 {
		progress.Report(done, s.slow.total)
		time.Sleep(time.Second)
	}
	s.slow.ended <- ctx.Err()
	return &imapserver.SearchData{Seqs: imap.SetOf[imap.SeqNum](1)}, ctx.Err()
}

// searching returns a client that has begun a search of some seconds, and is not
// offered some capabilities.
func searching(t *testing.T, seconds uint32, without ...string) (*peer, *slow) {
	b := &slow{Backend: newStore(), total: 100 * seconds, ended: make(chan error, 1)}
	p := connect(t.Context(), t, newServer(t, func(o *imapserver.Options) {
		o.Backend = b
		o.Without = func(imapserver.Client) []string { return without }
	}))
	p.send("a LOGIN alice secret\r\nb EXAMINE INBOX")
	for {
		line, err := p.in.ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasPrefix(line, "b OK") {
			break
		}
	}
	p.send("c SEARCH BODY x")
	return p, b
}

// TestProgress has a search take half a minute (RFC 9585).
func TestProgress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, _ := searching(t, 35)
		start := time.Now()
		for i := 1; i <= 3; i++ {
			p.want(fmt.Sprintf(`* OK [INPROGRESS ("c" %d 3500)] `, 1000*i))
			if d := time.Since(start); d != time.Duration(i)*10*time.Second {
				t.Errorf("told of after %v", d)
			}
		}
		p.want("* SEARCH 1")
		p.want("c OK")
		p.send("d LOGOUT")
		p.want("* BYE")
		p.want("d OK")
		p.wantEnd()
	})
}

// TestProgressOff has a client that is not offered INPROGRESS: it hears that the
// server lives, without the code.
func TestProgressOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, _ := searching(t, 15, "INPROGRESS")
		p.want("* OK Still working")
		p.want("* SEARCH 1")
		p.want("c OK")
		p.send("d LOGOUT")
		p.want("* BYE")
		p.want("d OK")
		p.wantEnd()
	})
}

// TestShortSearchIsNotWatched wants nothing to be told of a search that takes
// less than a second, and what follows to be read.
func TestShortSearchIsNotWatched(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, _ := searching(t, 0)
		p.want("* SEARCH 1")
		p.want("c OK")
		p.conn.CloseWrite()
		p.wantEnd()
	})
}

// TestSearchEndsWithTheClient closes the connection while a search runs.
func TestSearchEndsWithTheClient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, b := searching(t, 3600)
		time.Sleep(5 * time.Second)
		start := time.Now()
		p.conn.Close()
		if err := <-b.ended; err == nil || time.Since(start) > 3*time.Second {
			t.Errorf("the search ended with %v after %v", err, time.Since(start))
		}
		<-p.done
	})
}

// TestHalfClosedSearch has a client close its side only: it gets its answer.
func TestHalfClosedSearch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, _ := searching(t, 5)
		p.send("d NOOP")
		p.conn.CloseWrite()
		rest, err := io.ReadAll(p.in)
		if err != nil || !strings.HasSuffix(string(rest), "* SEARCH 1\r\nc OK SEARCH completed\r\nd OK NOOP completed\r\n") {
			t.Errorf("got %q, %v", rest, err)
		}
		<-p.done
		p.conn.Close()
	})
}

// TestPipelinedDuringSearch sends commands while a search runs, in pieces: they
// are run when it is done, in their order.
func TestPipelinedDuringSearch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, _ := searching(t, 5)
		time.Sleep(2 * time.Second)
		io.WriteString(p.conn, "d NO")
		time.Sleep(time.Second)
		io.WriteString(p.conn, "OP\r\ne FETCH 1 (UID)\r\n")
		go io.WriteString(p.conn, strings.Repeat("f NOOP\r\n", 2000)+"g LOGOUT\r\n")
		p.want("* SEARCH 1")
		p.want("c OK")
		p.want("d OK")
		p.want("* 1 FETCH (UID 1)")
		p.want("e OK")
		for range 2000 {
			p.want("f OK")
		}
		p.want("* BYE")
		p.want("g OK")
		p.wantEnd()
	})
}
