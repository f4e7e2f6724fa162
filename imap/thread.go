package imap

// A ThreadAlgorithm says how THREAD finds out what belongs together.
type ThreadAlgorithm string

// Algorithms of THREAD.
const (
	// ThreadOrderedSubject goes by the base subject alone (RFC 5256 §3).
	ThreadOrderedSubject ThreadAlgorithm = "ORDEREDSUBJECT"
	// ThreadReferences goes by References and In-Reply-To, and joins threads
	// of one base subject (RFC 5256 §3).
	ThreadReferences ThreadAlgorithm = "REFERENCES"
	// ThreadRefs is like REFERENCES without a look at subjects; the thread
	// in which a message arrived last comes last
	// (draft-ietf-morg-inthread-01).
	ThreadRefs ThreadAlgorithm = "REFS"
)

// A ThreadNode is a message in an answer of THREAD. The nodes of all threads
// stand in one list: each is followed by its children, of which each is
// followed by its own. Nothing here is nested, however deep threads are.
type ThreadNode struct {
	// Num is the UID or the sequence number. It is zero for a parent that is
	// not in the answer, which has depth zero and at least two children.
	Num uint32
	// Depth is zero for the first of a thread, and one more than the
	// parent's for a child. It never rises by more than one.
	Depth uint32
}
