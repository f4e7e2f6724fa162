// Package imapthread has the algorithms of RFC 5256 that need no mail store:
// the base subject that SORT and THREAD compare, and the threads themselves.
//
// # Bounds
//
// Headers come from anybody. All of it takes time linear in what it is given,
// but for sorting and the forest of links, which add a logarithm; nothing
// recurses. At most [MaxReferences] references of a message are looked at: the
// first and the last ones. A thread branches at most [MaxNesting] levels deep:
// what would come below stands there as children of one message, in the order
// of a walk through the tree. A chain of replies is no branch, and may be of
// any length.
package imapthread
