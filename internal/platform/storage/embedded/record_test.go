package embedded

import (
	"bytes"
	"errors"
	"hash/crc32"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/google/go-cmp/cmp"
	"github.com/mailstead/mailstead/internal/platform/storage"
)

func someOperations() []operation {
	return []operation{
		{kind: opBatch},
		{kind: opSet, key: []byte("key"), value: []byte("value")},
		{kind: opSet, key: []byte{}, value: []byte{}},
		{kind: opDelete, key: []byte("gone")},
		{kind: opDeleteRange, key: []byte("a"), value: []byte("b")},
		{kind: opBlob, id: 1, size: 70_000, stored: 300},
		{kind: opBatch},
		{kind: opMovedBlob, id: 1 << 63, size: 1, stored: 9},
		{kind: opDeleteBlob, id: 7},
	}
}

func encodeOperations(ops []operation) (meta []byte) {
	for _, o := range ops {
		meta = o.append(meta)
	}
	return meta
}

func TestOperations(t *testing.T) {
	t.Parallel()
	want := someOperations()
	var got []operation
	err := eachOperation(encodeOperations(want), func(o operation) error {
		got = append(got, o)
		return nil
	})
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(operation{})); diff != "" || err != nil {
		t.Errorf("%v\n%s", err, diff)
	}
}

// TestBrokenGroup changes every byte of a group, and cuts it off everywhere:
// it must never be taken for a whole one.
func TestBrokenGroup(t *testing.T) {
	t.Parallel()
	p := &pack{packHeader: packHeader{id: 1, salt: 5, firstSeq: 1, nextID: 1}}
	whole := wholeGroup(p, packHeaderSize, 1)
	if !isWhole(t, p, whole) || !isWhole(t, p, append(whole, 0)) {
		t.Fatal("a whole group is not whole")
	}
	for i := range whole {
		broken := bytes.Clone(whole)
		broken[i] ^= 0x10
		if isWhole(t, p, broken) {
			t.Errorf("byte %d makes no difference", i)
		}
		if isWhole(t, p, whole[:i]) {
			t.Errorf("%d of %d bytes are whole", i, len(whole))
		}
	}
	if other := (&pack{packHeader: packHeader{id: 1, salt: 6}}); isWhole(t, other, whole) {
		t.Error("a group of another pack is whole")
	}
	if isWhole(t, p, wholeGroup(p, packHeaderSize+1, 1)) {
		t.Error("a group from another offset is whole")
	}
}

// isWhole says whether a pack with these bytes begins with a whole group.
func isWhole(t *testing.T, p *pack, group []byte) bool {
	t.Helper()
	packed := *p
	packed.file = vfs.NewMemFile(append(p.encode(), group...))
	scan, err := newPackScanner(&packed, packHeaderSize)
	if err != nil {
		t.Fatal(err)
	}
	ok, err := scan.next()
	if err != nil {
		t.Fatal(err)
	}
	if ok {
		ok, err = scan.verify()
	}
	return ok && err == nil
}

// FuzzOperations decodes anything: it fails with ErrCorrupt, or what it
// decodes encodes to operations that decode to the same.
func FuzzOperations(f *testing.F) {
	f.Add(encodeOperations(someOperations()))
	for _, o := range someOperations() {
		f.Add(o.append(nil))
	}
	f.Add([]byte{byte(opSet), 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1})
	f.Add([]byte{0})
	f.Fuzz(func(t *testing.T, meta []byte) {
		var again []byte
		collect := func(o operation) error { again = o.append(again); return nil }
		if err := eachOperation(meta, collect); err != nil {
			if !errors.Is(err, storage.ErrCorrupt) {
				t.Fatal(err)
			}
			return
		}
		first := again
		again = nil
		if err := eachOperation(first, collect); err != nil || !bytes.Equal(first, again) {
			t.Fatalf("%x decodes and encodes to %x: %v", first, again, err)
		}
	})
}

// FuzzPack replays a pack that holds anything after its header.
func FuzzPack(f *testing.F) {
	p := &pack{packHeader: packHeader{id: 1, salt: 5, firstSeq: 1, nextID: 1}}
	f.Add(wholeGroup(p, packHeaderSize, 1), true)
	f.Add(append(wholeGroup(p, packHeaderSize, 1), tornGroup(p, 200, 2)...), false)
	f.Add(tornGroup(p, packHeaderSize, 1), true)
	f.Add(make([]byte, 100), false)
	f.Fuzz(func(t *testing.T, groups []byte, reseal bool) {
		p := *p
		p.file = vfs.NewMemFile(append(p.encode(), groups...))
		if h, ok := parseGroupHeader(groups); ok && reseal && groupHeaderSize+h.meta <= int64(len(groups)) {
			// Past the CRC, as only a bug of the writer would get.
			sealGroup(groups[:groupHeaderSize+h.meta], h, p.origin(packHeaderSize))
			p.file = vfs.NewMemFile(append(p.encode(), groups...))
		}
		scanAll(t, &p)
	})
}

// scanAll reads all groups of a pack.
func scanAll(t *testing.T, p *pack) {
	scan, err := newPackScanner(p, packHeaderSize)
	if err != nil {
		t.Fatal(err)
	}
	for {
		ok, err := scan.next()
		if err != nil {
			t.Fatal(err)
		}
		if !ok {
			return
		}
		if whole, err := scan.verify(); err != nil || !whole {
			return
		}
	}
}

// wholeGroup is a group with a blob.
func wholeGroup(p *pack, offset int64, seq uint64) []byte {
	content := []byte("a whole blob")
	blob := make([]byte, chunkEntrySize)
	chunkEntry{length: uint32(len(content)), crc: crc32.Checksum(content, castagnoli)}.put(blob)
	blob = append(blob, content...)
	group := make([]byte, groupHeaderSize)
	group = operation{kind: opBatch}.append(group)
	size := int64(len(blob))
	group = operation{kind: opBlob, id: 1, size: int64(len(content)), stored: size}.append(group)
	sealGroup(group, groupHeader{data: size, seq: seq, nextID: 2}, p.origin(offset))
	return append(group, blob...)
}

// FuzzLocation decodes values of the index.
func FuzzLocation(f *testing.F) {
	f.Add(location{pack: 1, offset: 2, stored: 3, size: 4}.append(nil))
	f.Fuzz(func(t *testing.T, value []byte) {
		if _, err := decodePosition(value); err != nil && !errors.Is(err, storage.ErrCorrupt) {
			t.Fatal(err)
		}
		if _, err := decodeUsage(value); err != nil && !errors.Is(err, storage.ErrCorrupt) {
			t.Fatal(err)
		}
		l, err := decodeLocation(value)
		if err != nil {
			return
		}
		again, err := decodeLocation(l.append(nil))
		if err != nil || again != l {
			t.Fatalf("%+v became %+v: %v", l, again, err)
		}
	})
}
