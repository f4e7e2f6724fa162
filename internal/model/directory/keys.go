package directory

import (
	"encoding/binary"

	"github.com/mailstead/mailstead/address"
	"github.com/mailstead/mailstead/internal/platform/storage"
)

// Subspaces of the directory.
const (
	spaceState byte = 0x10 + iota
	spaceDomain
	spaceAccount
	spaceAddress
	spaceCredentials
	spaceSecret
	spacePOP3
)

func stateKey() []byte  { return []byte{spaceState} }
func secretKey() []byte { return []byte{spaceSecret} }

func domainKey(d address.Domain) []byte {
	return append([]byte{spaceDomain}, d.String()...)
}

func accountKey(id AccountID) []byte { return idKey(spaceAccount, id) }

func credentialsKey(id AccountID) []byte { return idKey(spaceCredentials, id) }

func pop3Key(id AccountID) []byte { return idKey(spacePOP3, id) }

func idKey(space byte, id AccountID) []byte {
	return binary.BigEndian.AppendUint64([]byte{space}, uint64(id))
}

// addressKey takes a canonical address. Neither half can contain a zero octet.
func addressKey(a address.Address) []byte {
	key := addressPrefix(a.Domain)
	return append(key, a.Local...)
}

func addressPrefix(d address.Domain) []byte {
	key := make([]byte, 0, 1+len(d.String())+1+address.MaxLocalPart)
	key = append(key, spaceAddress)
	key = append(key, d.String()...)
	return append(key, 0)
}

// addressesIn is the range of the addresses of one domain.
func addressesIn(d address.Domain) storage.Range {
	start := addressPrefix(d)
	end := append([]byte(nil), start...)
	end[len(end)-1] = 1
	return storage.Range{Start: start, End: end}
}

// wholeSpace is the range of one subspace.
func wholeSpace(space byte) storage.Range {
	return storage.Range{Start: []byte{space}, End: []byte{space + 1}}
}

// behind is the range of one subspace behind one of its keys.
func behind(key []byte) storage.Range {
	start := append(append([]byte(nil), key...), 0)
	return storage.Range{Start: start, End: []byte{key[0] + 1}}
}
