package imap

// A QuotaResource is what a quota counts (RFC 9208 §5).
type QuotaResource string

// Resources.
const (
	QuotaStorage QuotaResource = "STORAGE" // in units of 1024 octets
	QuotaMessage QuotaResource = "MESSAGE"
	QuotaMailbox QuotaResource = "MAILBOX"
)

// A Quota is a quota root with its resources that are limited (RFC 9208 §4.2.1).
type Quota struct {
	Root      string
	Resources []QuotaUsage
}

// A QuotaUsage is how much of a resource is used, and its limit.
type QuotaUsage struct {
	Resource     QuotaResource
	Usage, Limit int64
}

// A QuotaLimit is a limit that SETQUOTA sets; zero allows nothing.
type QuotaLimit struct {
	Resource QuotaResource
	Limit    int64
}
