package config

import (
	"fmt"
	"math"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/mailstead/mailstead/address"
)

// A Duration is written as Go writes them, and in days: "90s", "4h", "5d".
type Duration struct{ time.Duration }

// UnmarshalText reads a duration.
func (d *Duration) UnmarshalText(text []byte) error {
	s := string(text)
	if days, ok := strings.CutSuffix(s, "d"); ok {
		n, err := strconv.Atoi(days)
		if err != nil || n < 0 || n > 100*365 {
			return fmt.Errorf("%q is not a duration such as \"90s\", \"4h\" or \"5d\"", s)
		}
		d.Duration = time.Duration(n) * 24 * time.Hour
		return nil
	}
	v, err := time.ParseDuration(s)
	if err != nil || v < 0 {
		return fmt.Errorf("%q is not a duration such as \"90s\", \"4h\" or \"5d\"", s)
	}
	d.Duration = v
	return nil
}

// MarshalText writes a duration in its largest whole unit.
func (d Duration) MarshalText() ([]byte, error) {
	v := d.Duration
	for _, u := range []struct {
		unit time.Duration
		name string
	}{{24 * time.Hour, "d"}, {time.Hour, "h"}, {time.Minute, "m"}, {time.Second, "s"}} {
		if v >= u.unit && v%u.unit == 0 {
			return []byte(strconv.FormatInt(int64(v/u.unit), 10) + u.name), nil
		}
	}
	return []byte(v.String()), nil
}

// A Size is a number of bytes, written as "50MB" (units of 1024).
type Size int64

var sizeUnits = []struct {
	name  string
	bytes int64
}{{"TB", 1 << 40}, {"GB", 1 << 30}, {"MB", 1 << 20}, {"KB", 1 << 10}, {"B", 1}}

// UnmarshalText reads a size.
func (s *Size) UnmarshalText(text []byte) error {
	digits, factor := strings.ToUpper(string(text)), int64(1)
	for _, u := range sizeUnits {
		if rest, ok := strings.CutSuffix(digits, u.name); ok {
			digits, factor = strings.TrimSpace(rest), u.bytes
			break
		}
	}
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || n < 0 || n > math.MaxInt64/factor {
		return fmt.Errorf("%q is not a size such as \"50MB\"", text)
	}
	*s = Size(n * factor)
	return nil
}

// MarshalText writes a size in its largest whole unit.
func (s Size) MarshalText() ([]byte, error) {
	for _, u := range sizeUnits {
		if int64(s) >= u.bytes && int64(s)%u.bytes == 0 {
			return []byte(strconv.FormatInt(int64(s)/u.bytes, 10) + u.name), nil
		}
	}
	return []byte("0"), nil
}

// isAddress reports whether s is host:port, with an IP address, a name or
// nothing as host.
func isAddress(s string) bool {
	_, port, err := net.SplitHostPort(s)
	if err != nil {
		return false
	}
	n, err := strconv.Atoi(port)
	return err == nil && n >= 0 && n <= 65535
}

// isHostPort reports whether s is host:port of a server to connect to.
func isHostPort(s string) bool {
	host, port, err := net.SplitHostPort(s)
	if err != nil {
		return false
	}
	n, err := strconv.ParseUint(port, 10, 16)
	return err == nil && n > 0 && (net.ParseIP(host) != nil || isDomain(host))
}

// isDomain reports whether s is a domain name.
func isDomain(s string) bool {
	d, err := address.ParseDomain(s)
	if err != nil {
		return false
	}
	_, literal := d.Literal()
	return !literal
}
