package notify

// A Subscription hears of the changes of one account.
type Subscription struct {
	shard   *shard
	account uint64
	news    chan uint64

	// These are guarded by the shard's mutex.
	index  int    // place in the account's list; -1 when closed
	latest uint64 // highest number offered
}

// C delivers the number of the latest change that was published since the
// last read. It is never closed: whoever waits on it also waits on whatever
// ends the waiting.
func (s *Subscription) C() <-chan uint64 { return s.news }

// Close ends the subscription. Nothing new arrives on its channel afterwards.
// It may be called more than once.
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

// offer replaces an unread number by a higher one. The shard's mutex is held,
// so that this is the channel's only sender: once emptied it has room.
func (s *Subscription) offer(modseq uint64) {
	if modseq <= s.latest {
		return
	}
	s.latest = modseq
	select {
	case <-s.news:
	default:
	}
	s.news <- modseq
}
