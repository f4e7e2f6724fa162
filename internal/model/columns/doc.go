// Package columns keeps in memory what searches want of many messages: of each
// message of a mailbox one value, such as the text of a header field or the key
// that it is sorted by. A search then goes through one piece of memory instead
// of a record for each message.
//
// It knows neither mail nor how values are made: whoever asks for a column that
// is not there, or lacks the newest messages, adds what is missing, see
// [Cache.Extend]. Nothing is stored; after a restart columns are made again when
// they are first asked for.
//
// # Words
//
// A [Column] has the values of one [Key]. It never changes: a longer one takes
// its place, and shares with it all but the last segment. A segment has some
// thousand messages in order of UID, and each different value once. A [Builder]
// makes a column longer, by a [Part] for each goroutine that helps. A [Cursor]
// finds the values of messages, best in order; a [Selection] tells which
// messages' values hold a text, and [Ranks] tell their order.
//
// # Why nothing has to be made invalid
//
// The content of a message never changes, a UID never names another message,
// and new messages have higher UIDs than all before. So a value that is right
// once stays right. That a message has been expunged need not be known here:
// nobody asks for it any more. A column half of whose messages nobody can ask
// for should be made anew, by who notices.
//
// # Memory
//
// All columns together take no more than the cache's limit, those included that
// are being made; the ones not used for longest go first. A column that would
// take more than half of that alone is not made, and the cache remembers so. A
// spare column, which nobody has asked for yet, gets an eighth, so that it never
// takes the room of those it is made with, and goes before all others.
package columns
