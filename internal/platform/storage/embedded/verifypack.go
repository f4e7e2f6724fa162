package embedded

import (
	"errors"
	"fmt"

	"github.com/mailstead/mailstead/internal/platform/damage"
	"github.com/mailstead/mailstead/internal/platform/storage"
)

// A packVerifier reads one pack from the first group to the last.
type packVerifier struct {
	*verifier
	pack *pack
	scan *packScanner
	seq  uint64 // of the next group
	last uint64 // of the last group; zero if nobody knows
	// met are the blobs that are alive here, as in verifier.located, and bytes
	// the blobs that the groups brought, dead ones included.
	met     usage
	brought usage
	damaged bool
}

// pack verifies one pack; next is the one after it, or zero.
func (c *verifier) pack(id, next packID) error {
	p, err := c.view.packs.acquire(id)
	switch {
	case errors.Is(err, errPackGone):
		c.doubtful[id] = c.located[id].dead > 0
		c.found(id, 0, "the file is missing", rebuildAdvice)
		return nil
	case errors.Is(err, errPackHeader) && id > c.view.end.pack:
		return nil // was being begun
	case errors.Is(err, errPackHeader):
		c.found(id, 0, "the head of the file is damaged: its messages cannot be read", restoreAdvice)
		c.doubtful[id] = c.located[id].dead > 0
		return nil
	case err != nil:
		c.doubtful[id] = c.located[id].dead > 0
		c.found(id, 0, "the file cannot be opened: "+err.Error(), "look after the disk, and make a backup now")
		return nil
	}
	defer c.view.packs.release(p)
	v := &packVerifier{verifier: c, pack: p, seq: p.firstSeq, last: c.lastOf(id, next)}
	if v.scan, err = newPackScanner(p, packHeaderSize); err != nil {
		return err
	}
	if id == c.view.end.pack {
		v.scan.limit = min(v.scan.limit, c.view.end.offset)
	}
	c.count.Packs++
	return v.run()
}

// lastOf returns the number of the last group of a pack, zero if it is not known.
func (c *verifier) lastOf(id, next packID) uint64 {
	switch {
	case id == c.view.end.pack:
		return c.view.end.seq
	case next == id+1:
		if p, err := c.view.packs.acquire(next); err == nil {
			defer c.view.packs.release(p)
			return p.firstSeq - 1
		}
	}
	return 0
}

func (v *packVerifier) run() error {
	for {
		if err := v.ctx.Err(); err != nil {
			return err
		}
		ok, err := v.scan.next()
		if err != nil {
			v.unreadable(err)
			return v.finish()
		}
		if ok && v.scan.header.seq == v.seq {
			v.seq++
			if err := v.group(); err != nil {
				return err
			}
			continue
		}
		if more, err := v.gap(); err != nil || !more {
			return errors.Join(err, v.finish())
		}
	}
}

// gap looks at where no group could be read: the end of the log, or damage.
func (v *packVerifier) gap() (more bool, err error) {
	at := v.scan.offset
	if v.last != 0 && v.seq > v.last {
		return false, nil
	}
	if more, err = v.scan.resync(v.seq); err != nil {
		v.unreadable(err)
		return false, nil
	}
	if more && v.last != 0 && v.scan.header.seq > v.last {
		more = false
	}
	if !more && v.last == 0 {
		return false, nil
	}
	v.damaged = true
	what := "a record is damaged"
	if !more {
		what = "the rest of the file is damaged or missing"
	}
	v.found(v.pack.id, at, what+": the messages in it may be whole, but the index could not be made from it again", "make a backup now; then see what else is said here")
	if more {
		v.seq = v.scan.header.seq
	}
	return more, nil
}

// unreadable notes that the file could not be read on.
func (v *packVerifier) unreadable(err error) {
	v.damaged = true
	v.found(v.pack.id, v.scan.offset, "the file cannot be read: "+err.Error(), "look after the disk, and make a backup now")
}

// group verifies the blobs of one group.
func (v *packVerifier) group() error {
	v.count.Groups++
	v.count.Bytes += v.scan.header.size()
	v.options.Progress(v.count.Bytes, v.total)
	offset := v.scan.dataOffset()
	return eachOperation(v.scan.meta(), func(o operation) error {
		if o.kind != opBlob && o.kind != opMovedBlob {
			return nil
		}
		l := location{pack: v.pack.id, offset: offset, stored: o.stored, size: o.size}
		offset += o.stored
		v.brought.live += o.stored
		return v.blob(o.id, l)
	})
}

func (v *packVerifier) blob(id storage.BlobID, l location) error {
	at, err := locate(v.view.reader, id)
	alive := err == nil && at == l
	if alive {
		v.met.live += l.stored
		v.met.dead++
	}
	err = v.scan.verifyBlob(l)
	switch {
	case err == nil:
		return nil
	case alive:
		v.options.Broken(id)
		v.options.Found(damage.Finding{Severity: damage.Lost, Blob: uint64(id), File: v.fileOf(l.pack),
			Offset: l.offset, What: "the content cannot be read: " + err.Error(), Do: restoreAdvice})
	default:
		v.options.Found(damage.Finding{Severity: damage.Unused, Blob: uint64(id), File: v.fileOf(l.pack),
			Offset: l.offset, What: "the content is damaged, but deleted", Do: "nothing is lost; ask what the disk has to say of itself"})
	}
	return nil
}

// finish compares the pack with what the index says of it.
func (v *packVerifier) finish() error {
	if v.met != v.located[v.pack.id] {
		v.doubtful[v.pack.id] = true
		if !v.damaged {
			v.found(v.pack.id, 0, "the index knows of messages in it that were not found", rebuildAdvice)
		}
		return nil
	}
	if v.damaged {
		return nil
	}
	counted := v.view.usages[v.pack.id]
	if real := (usage{live: v.met.live, dead: v.brought.live - v.met.live}); counted != real {
		v.options.Found(damage.Finding{Severity: damage.Wrong, File: v.fileOf(v.pack.id),
			What: fmt.Sprintf("the index counts %d bytes in use and %d deleted; there are %d and %d", counted.live, counted.dead, real.live, real.dead), Do: countAdvice})
	}
	return nil
}
