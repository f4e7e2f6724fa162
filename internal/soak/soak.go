package soak

import "os"

// Long tells whether the long forms of tests run.
func Long() bool { return os.Getenv("MAILSTEAD_SOAK") != "" }

// Times returns short, or long in the long form.
func Times(short, long int) int {
	if Long() {
		return long
	}
	return short
}
