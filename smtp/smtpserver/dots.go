package smtpserver

// dots frames the message of DATA: it ends at CRLF "." CRLF, and a dot before
// any other line that begins with one is taken away (RFC 5321 §4.5.2).
type dots struct{}

func (dots) window(b *body) ([]byte, error) {
	for {
		if len(b.in.window()) == 0 {
			if err := b.in.fill(); err != nil {
				return nil, err
			}
		}
		win := b.in.window()
		if !b.scan.lineStart || win[0] != '.' {
			return win, nil
		}
		if err := takeDot(b); err != nil {
			return nil, err
		}
	}
}

// takeDot takes the dot at the beginning of a line, or the whole line and
// returns errEndOfMessage if nothing but CRLF follows it.
func takeDot(b *body) error {
	for {
		win := b.in.window()
		switch {
		case len(win) >= 3 && win[1] == '\r' && win[2] == '\n':
			b.in.take(3)
			return errEndOfMessage
		case len(win) >= 3, len(win) == 2 && win[1] != '\r':
			b.in.take(1)
			b.scan.lineStart = false
			return nil
		}
		if err := b.in.fill(); err != nil {
			return err
		}
	}
}

func (dots) scanned(int) {}

func (dots) take(b *body, n int) { b.in.take(n) }
