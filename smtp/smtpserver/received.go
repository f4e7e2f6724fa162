package smtpserver

import "bytes"

// A receivedCounter counts the Received fields in the header section of a
// message that is fed to it piece by piece: each server on the way added one,
// so that their number betrays a loop (RFC 5321 §6.3).
type receivedCounter struct {
	count int
	done  bool    // the header section has ended
	line  [9]byte // the beginning of the current line, in lower case
	n     int     // octets in line, at most len(line)
	rest  bool    // line is complete or known not to matter
}

// feed takes the next octets of the message.
func (r *receivedCounter) feed(p []byte) {
	for len(p) > 0 && !r.done {
		if !r.rest {
			p = r.collect(p)
			continue
		}
		i := bytes.IndexByte(p, '\n')
		if i < 0 {
			return
		}
		p = p[i+1:]
		r.n, r.rest = 0, false
	}
}

// collect takes octets into line until it can be told what the line is.
func (r *receivedCounter) collect(p []byte) []byte {
	for i, c := range p {
		if c == '\n' {
			r.done = r.n == 0 || r.n == 1 && r.line[0] == '\r'
			r.n = 0
			return p[i+1:]
		}
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		r.line[r.n] = c
		r.n++
		if r.n == len(r.line) {
			r.rest = true
			if string(r.line[:]) == "received:" {
				r.count++
			}
			return p[i+1:]
		}
	}
	return nil
}
