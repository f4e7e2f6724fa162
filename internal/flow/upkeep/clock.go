package upkeep

import "time"

// A clock that jumps ahead makes everything old at once: for a machine that
// learns the wrong year, all that waits to expire would be gone before anybody
// can set the clock right. So the time on the wall is compared with a clock
// that nobody sets, and after a jump nothing expires for a day.
const (
	jumpTolerance = time.Hour
	distrust      = 24 * time.Hour
)

// A clock is what is known of the time on the wall.
type clock struct {
	wall   time.Time     // when it was looked at last
	uptime time.Duration // then
	until  time.Duration // the uptime at which it is trusted again
}

// look compares the clocks. It returns by how much the one on the wall has
// jumped ahead since the last look, if that is too much.
func (c *clock) look(now time.Time, uptime time.Duration) time.Duration {
	now = now.Round(0) // without the reading of the other clock, which Sub would take
	last, lastUptime := c.wall, c.uptime
	c.wall, c.uptime = now, uptime
	if last.IsZero() {
		return 0
	}
	jump := now.Sub(last) - (uptime - lastUptime)
	if jump <= jumpTolerance {
		return 0
	}
	c.until = uptime + distrust
	return jump
}

// trusted reports whether the clock may be believed.
func (c *clock) trusted(uptime time.Duration) bool { return uptime >= c.until }
