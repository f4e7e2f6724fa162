//go:build clients

package clienttest

import (
	"cmp"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// carol has a mailbox at the peer.
const carol = "carol@peer.test"

// peerUsers have mailboxes at the peer, in folders of these names. The local
// parts are their addresses'.
var peerUsers = map[string]string{"carol": "carol", "grey": "grey", "grün": "gruen"}

// relayed is the folder of what Exim relays to elsewhere.
const relayed = "relayed"

// A peer is another mail server, for peer.test, with a Mailstead for
// example.test: each sends the other all that is not its own.
type peer struct {
	*server
	dir       string
	port      int
	transport peerTransport
}

// A peerTransport is what differs between the programs.
type peerTransport interface {
	// start runs the program, until the test ends.
	start(t *testing.T, p *peer)
	// greylist begins and ends putting off mail to grey@peer.test.
	greylist(t *testing.T, on bool)
	// log is what the program has logged.
	log(t *testing.T) string
	// waiting lists the messages in its queue.
	waiting(t *testing.T) string
	// hold keeps mail that comes, until flush sends it.
	hold(t *testing.T)
	flush(t *testing.T)
	// burst is how many messages it can send within seconds.
	burst() int
	// tells is how it logs what matters here.
	tells() logLines
}

// logLines are parts of lines in a peer's log.
type logLines struct {
	tlsIn, tlsOut string // a session over TLS began, or a message went over one
	chunksIn      string // a message came in chunks
	chunksOut     string // one went in chunks; empty if it never does
	reused        string // a message went over a connection that was there already
	unknown       string // the status of a recipient that it does not know
}

// withPeers runs a test once with each program.
func withPeers(t *testing.T, test func(*testing.T, *peer)) {
	for name, transport := range map[string]func() peerTransport{
		"postfix": func() peerTransport { return &postfix{} },
		"exim":    func() peerTransport { return &exim{} },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, startPeer(t, transport()))
		})
	}
}

// startPeer runs both.
func startPeer(t *testing.T, transport peerTransport) *peer {
	t.Helper()
	p := newPeer(t, transport)
	p.begin(t)
	return p
}

// newPeer runs the other one, and leaves Mailstead to the test.
func newPeer(t *testing.T, transport peerTransport) *peer {
	t.Helper()
	port := freePort(t)
	p := &peer{port: port, transport: transport, dir: peerDir(t)}
	p.server = newServer(t, "--relay", p.address())
	p.certify(t)
	transport.start(t, p)
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("log of the peer:\n%.20000s", transport.log(t))
		}
	})
	waitPort(t, p.address())
	return p
}

func (p *peer) address() string { return net.JoinHostPort("127.0.0.1", fmt.Sprint(p.port)) }

// peerDir makes a folder that other users may pass through; t.TempDir could not
// remove what they leave there.
func peerDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "peer")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { asRoot(t, "rm", "-rf", dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

// asRoot runs a command that needs it, and returns what it prints.
func asRoot(t *testing.T, args ...string) string {
	t.Helper()
	if os.Getuid() != 0 {
		args = append([]string{"sudo", "-n"}, args...)
	}
	out, err := exec.Command(args[0], args[1:]...).CombinedOutput()
	if err != nil {
		t.Errorf("%q, as root: %v\n%s", args, err, out)
	}
	return string(out)
}

// certify makes a certificate that nobody has signed.
func (p *peer) certify(t *testing.T) {
	t.Helper()
	run(t, "", "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
		"-subj", "/CN=peer.test", "-days", "2", "-keyout", filepath.Join(p.dir, "key.pem"), "-out", filepath.Join(p.dir, "cert.pem"))
	if err := os.Chmod(filepath.Join(p.dir, "cert.pem"), 0o644); err != nil {
		t.Fatal(err)
	}
}

// fill writes a file of testdata/peers to the peer's folder, with each @NAME@
// replaced; names and values alternate.
func (p *peer) fill(t *testing.T, from, to string, values ...string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "peers", from))
	if err != nil {
		t.Fatal(err)
	}
	values = append(values, "@DIR@", p.dir, "@PORT@", fmt.Sprint(p.port), "@NEXT@", p.server.port("smtp"))
	p.write(t, to, strings.NewReplacer(values...).Replace(string(text)))
}

// write makes a file that all may read in the peer's folder.
func (p *peer) write(t *testing.T, name, text string) {
	t.Helper()
	name = filepath.Join(p.dir, name)
	writeFile(t, name, text)
	for _, dir := range []string{name, filepath.Dir(name)} {
		if err := os.Chmod(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
}

// mail returns the messages in a mailbox of the peer.
func (p *peer) mail(t *testing.T, user string) []string {
	t.Helper()
	folder := cmp.Or(peerUsers[user], user)
	asRoot(t, "chmod", "-R", "a+rX", filepath.Join(p.dir, "mail"))
	dir := filepath.Join(p.dir, "mail", folder, "new")
	if _, err := os.Stat(dir); err != nil {
		return nil
	}
	return local(t, filepath.Dir(dir))
}

// taken waits for as many messages in a mailbox of the peer as were written, and
// compares them.
func (p *peer) taken(t *testing.T, user string, want []string) {
	t.Helper()
	eventually(t, fmt.Sprintf("%d messages for %s", len(want), user), func() bool { return len(p.mail(t, user)) >= len(want) })
	same(t, "at the peer", written(p.mail(t, user)), want)
}

// session greets the peer, which takes mail to everywhere from this machine.
func (p *peer) session(t *testing.T) *wire {
	t.Helper()
	conn, err := net.Dial("tcp", p.address())
	if err != nil {
		t.Fatal(err)
	}
	conn.SetDeadline(time.Now().Add(patience))
	t.Cleanup(func() { conn.Close() })
	w := newWire(t, conn)
	w.expect("220 ")
	w.smtpOK("EHLO client.test", "250")
	return w
}

// logged waits until the peer has logged each of the lines.
func (p *peer) logged(t *testing.T, lines ...string) {
	t.Helper()
	for _, line := range lines {
		eventually(t, fmt.Sprintf("%q in the peer's log", line), func() bool { return strings.Contains(p.transport.log(t), line) })
	}
}

// A letter is a message and its envelope, with the parameters of MAIL and RCPT
// behind the paths.
type letter struct {
	from string
	to   []string
	text string
}

// post sends letters in a session; each recipient must be taken.
func (w *wire) post(letters ...letter) {
	w.t.Helper()
	for _, l := range letters {
		w.smtpOK("MAIL FROM:"+l.from, "250")
		for _, to := range l.to {
			w.smtpOK("RCPT TO:"+to, "250")
		}
		w.smtpOK("DATA", "354")
		w.send("%s.\r\n", stuffed(l.text))
		w.expect("250")
	}
}

// stuffed doubles dots and ends the last line.
func stuffed(text string) string {
	if !strings.HasSuffix(text, "\r\n") {
		text += "\r\n"
	}
	return strings.ReplaceAll("\r\n"+text, "\r\n.", "\r\n..")[2:]
}

// written returns messages as their author wrote them: without what servers put
// on top.
func written(messages []string) []string {
	var all []string
	for _, text := range messages {
		if i := strings.Index(text, "\nFrom: "); i >= 0 {
			text = text[i+1:]
		}
		all = append(all, text)
	}
	return all
}
