package main

import "fmt"

// A row is a command that is measured.
type row struct {
	name string // in the tables
	text string // as the client sends it
}

// whole is how many messages are fetched in full.
const whole = 10_000

// rows are the commands, in the order in which they are given, for a mailbox of
// n messages.
func rows(n int) []row {
	all := []row{{"SELECT", "SELECT " + mailbox}}
	for _, key := range []string{
		"UNSEEN", "SINCE 1-Jul-2024", "SENTSINCE 1-Jul-2024", "LARGER 7000",
		"FROM bianchi", "SUBJECT budget", "HEADER X-Ticket T-77",
		"BODY " + rareWord, "BODY " + commonWord, "TEXT " + rareWord,
	} {
		all = append(all, row{"UID SEARCH " + key, "UID SEARCH " + key})
	}
	for _, keys := range []string{"(ARRIVAL)", "(REVERSE DATE)", "(SUBJECT)", "(FROM SUBJECT)"} {
		all = append(all, row{"UID SORT " + keys, "UID SORT " + keys + " UTF-8 ALL"})
	}
	for _, algorithm := range []string{"REFERENCES", "REFS", "ORDEREDSUBJECT"} {
		all = append(all, row{"UID THREAD " + algorithm, "UID THREAD " + algorithm + " UTF-8 ALL"})
	}
	for _, item := range []string{
		"FLAGS", "ENVELOPE", "BODYSTRUCTURE", "BODY.PEEK[HEADER.FIELDS (SUBJECT FROM)]",
	} {
		all = append(all, row{"FETCH 1:* " + item, fmt.Sprintf("FETCH 1:* (%s)", item)})
	}
	from := max(1, n-whole+1)
	return append(all, row{fmt.Sprintf("FETCH BODY.PEEK[], %d messages", n-from+1),
		fmt.Sprintf("FETCH %d:%d (BODY.PEEK[])", from, n)})
}
