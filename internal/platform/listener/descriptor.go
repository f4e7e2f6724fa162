package listener

import (
	"net"
	"syscall"
)

// descriptor returns the file descriptor of a connection, or false if it has
// none.
func descriptor(conn net.Conn) (fd int, ok bool) {
	s, ok := conn.(syscall.Conn)
	if !ok {
		return 0, false
	}
	raw, err := s.SyscallConn()
	if err != nil {
		return 0, false
	}
	err = raw.Control(func(n uintptr) { fd = int(n) })
	return fd, err == nil
}

// crowded reports whether a new connection takes a file that is kept for
// others. The system gives out the lowest descriptor that is free, so the
// number says how many files the process has open at least, whoever opened
// them; nothing has to be counted.
func crowded(conn net.Conn, reserved int) bool {
	if reserved == 0 {
		return false
	}
	fd, ok := descriptor(conn)
	return ok && fd >= reserved
}
