package notify

// A Subscription hears of the changes of one account.
type Subscription struct {
	shard   *shard
	account uint64
	news    func(modseq uint64)

	// These are guarded by the shard's mutex.
	index  int    // place in the account's list; -1 when closed
	latest uint64 // highest number told
}

// Close ends the subscription: its function is not called any more when Close
// returns. It may be called more than once.
func (s *Subscription) Close() {
	s.shard.mu.Lock()
	defer s.shard.mu.Unlock()
	if s.index < 0 {
		return
	}
	subs := s.shard.accounts[s.account]
	last := subs[len(subs)-1]
	subs[s.index], last.index = last, s.index
	subs[len(subs)-1] = nil
	if len(subs) == 1 {
		delete(s.shard.accounts, s.account)
	} else {
		s.shard.accounts[s.account] = subs[:len(subs)-1]
	}
	s.index = -1
}

// offer tells a number that is higher than all before. The shard's mutex is
// held.
func (s *Subscription) offer(modseq uint64) {
	if modseq > s.latest {
		s.latest = modseq
		s.news(modseq)
	}
}
