package imapclient_test

import (
	"context"
	"io"
	"strings"
	"testing"

	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/imap/imapclient"
	"github.com/mailstead/mailstead/wiretest"
)

// FuzzResponses gives a client whatever bytes a server may send. It must
// neither panic nor hang, and takes no more memory than its limits.
func FuzzResponses(f *testing.F) {
	for _, seed := range []string{
		"* OK hi\r\n* 3 EXISTS\r\n* OK [UIDVALIDITY 1] x\r\n* OK [UIDNEXT 4] x\r\nT1 OK [READ-WRITE] x\r\n" +
			"* 1 FETCH (UID 1 FLAGS (\\Seen) BODY[] {3}\r\nabc ENVELOPE (NIL NIL NIL NIL NIL ((NIL NIL \"a\" \"b\")) NIL NIL NIL NIL))\r\nT2 OK x\r\n",
		"* OK hi\r\n* 1 EXISTS\r\n* OK [UIDVALIDITY 1] x\r\n* OK [UIDNEXT 4] x\r\nT1 OK x\r\n" +
			"* 1 FETCH (BODYSTRUCTURE ((\"text\" \"plain\" NIL NIL NIL \"7bit\" 1 1)(\"message\" \"rfc822\" NIL NIL NIL \"7bit\" 1 (NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL) (\"a\" \"b\" (\"c\" \"d\") NIL NIL \"7bit\" 1) 1) \"mixed\" NIL (\"attachment\" NIL) (\"en\" \"de\") \"x\"))\r\nT2 OK x\r\n",
		"* PREAUTH [CAPABILITY IMAP4rev1 LITERAL+] x\r\n* LIST (\\Noselect) \"/\" {1}\r\na\r\n* STATUS a (MESSAGES 1)\r\n* ESEARCH (TAG \"T1\") UID ALL 1:3\r\n* VANISHED (EARLIER) 1:2\r\nT1 NO [MODIFIED 1] x\r\n",
		"* PREAUTH x\r\n* OK x\r\nT1 OK x\r\n* ESEARCH (TAG \"T2\") UID ALL 3,1:2 COUNT 3\r\nT2 OK x\r\n* SORT 3 1 2 (MODSEQ 9)\r\nT3 OK x\r\n* THREAD (1 2 (3)(4 5))((6)(7))\r\nT4 OK x\r\n",
		"* BYE [ALERT] no\r\n",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, script string) {
		near, far := wiretest.Pipe()
		defer near.Close()
		defer far.Close()
		go io.Copy(io.Discard, far)
		io.WriteString(far, script)
		far.CloseWrite()
		ctx := context.Background()
		c, err := imapclient.New(ctx, near, imapclient.Options{MaxLine: 4096, MaxLiteral: 4096})
		if err != nil {
			return
		}
		defer c.Close()
		c.Select(ctx, "INBOX", imapclient.SelectOptions{})
		c.FetchAll(ctx, imap.NumSetOf(imap.SetOf[imap.UID](1)), &imap.FetchOptions{Items: imap.FetchBodyStructure})
		c.Search(ctx, imap.NumUID, "ALL")
		c.Sort(ctx, imap.NumUID, "(DATE) UTF-8 ALL")
		c.Thread(ctx, imap.NumUID, "REFS UTF-8 ALL")
		c.List(ctx, "", "*")
		c.Append(ctx, "INBOX", imap.AppendOptions{}, 3, strings.NewReader("abc"))
	})
}
