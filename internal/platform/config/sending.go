package config

// Sending bounds what one account may send, and get.
type Sending struct {
	MessagesPerHour   int `toml:"messages-per-hour" comment:"Messages of one account; 0 for any number. So much at once, and as much again over an hour."`
	RecipientsPerHour int `toml:"recipients-per-hour" comment:"Recipients of its messages; 0 for any number."`
	RecipientsPerDay  int `toml:"recipients-per-day" comment:"The same within a day."`
	ReceivedPerHour   int `toml:"received-per-hour" comment:"Messages that one account gets from others; 0 for any number. More are put off."`
}

func (s *Sending) check(r *report) {
	for _, limit := range []struct {
		key   string
		value int
	}{
		{"messages-per-hour", s.MessagesPerHour}, {"recipients-per-hour", s.RecipientsPerHour},
		{"recipients-per-day", s.RecipientsPerDay}, {"received-per-hour", s.ReceivedPerHour},
	} {
		if limit.value < 0 {
			r.add(limit.key, "must not be negative")
		}
	}
}
