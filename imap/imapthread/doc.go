// Package imapthread has the algorithms of RFC 5256 that need no mail store:
// the base subject that SORT and THREAD compare, and the threads themselves.
package imapthread
