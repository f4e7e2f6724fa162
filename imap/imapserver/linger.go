package imapserver

import (
	"io"
	"time"
)

const (
	lingerTime  = time.Second
	lingerBytes = 1 << 20
)

// awaitClose lets a client that is still sending read why the connection ends:
// closing one with unread input may destroy what the client has not read yet.
func (c *conn) awaitClose() {
	half, ok := c.net.(interface{ CloseWrite() error })
	if !ok || c.broken != nil || half.CloseWrite() != nil {
		return
	}
	_ = c.net.SetReadDeadline(time.Now().Add(lingerTime))
	_, _ = io.CopyN(io.Discard, c.net, lingerBytes)
}
