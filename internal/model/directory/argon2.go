package directory

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/crypto/argon2"
)

// Argon2 is the work of the argon2id function (RFC 9106 §3.1). Each hash under
// way takes MemoryKiB of memory.
type Argon2 struct {
	MemoryKiB uint32
	Passes    uint32
	Lanes     uint8
}

// The largest parameters that we work with. A hash is the server's own, but a
// damaged one must not take all memory.
const (
	maxArgon2Memory = 1 << 20 // KiB
	maxArgon2Passes = 64
)

const (
	argon2Salt = 16 // octets, RFC 9106 §3.1
	argon2Hash = 32
)

func (a Argon2) check() error {
	switch {
	case a.Passes < 1 || a.Lanes < 1:
		return errors.New("directory: argon2id needs at least one pass and one lane")
	case a.MemoryKiB < 8*uint32(a.Lanes):
		return errors.New("directory: argon2id needs at least 8 KiB for each lane")
	case a.MemoryKiB > maxArgon2Memory || a.Passes > maxArgon2Passes:
		return errors.New("directory: argon2id parameters are too large")
	}
	return nil
}

// A passwordHash is a hash with what it was made with.
type passwordHash struct {
	params Argon2
	salt   []byte
	hash   []byte
}

func newPasswordHash(params Argon2, password string) passwordHash {
	salt := make([]byte, argon2Salt)
	rand.Read(salt)
	h := passwordHash{params: params, salt: salt}
	h.hash = h.of(password, argon2Hash)
	return h
}

func (h passwordHash) of(password string, length int) []byte {
	return argon2.IDKey([]byte(password), h.salt, h.params.Passes, h.params.MemoryKiB, h.params.Lanes, uint32(length))
}

func (h passwordHash) matches(password string) bool {
	return subtle.ConstantTimeCompare(h.of(password, len(h.hash)), h.hash) == 1
}

// String returns the hash in the PHC string format, which other programs read
// as well: $argon2id$v=19$m=19456,t=2,p=1$salt$hash.
func (h passwordHash) String() string {
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version,
		h.params.MemoryKiB, h.params.Passes, h.params.Lanes,
		base64.RawStdEncoding.EncodeToString(h.salt),
		base64.RawStdEncoding.EncodeToString(h.hash))
}

// parsePasswordHash undoes String.
func parsePasswordHash(s string) (passwordHash, error) {
	var h passwordHash
	parts := strings.Split(s, "$")
	if len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" || parts[2] != fmt.Sprintf("v=%d", argon2.Version) {
		return h, errors.New("directory: not an argon2id hash")
	}
	work := parts[3]
	if _, err := fmt.Sscanf(work, "m=%d,t=%d,p=%d", &h.params.MemoryKiB, &h.params.Passes, &h.params.Lanes); err != nil {
		return h, errors.New("directory: malformed argon2id parameters")
	}
	var err1, err2 error
	h.salt, err1 = base64.RawStdEncoding.DecodeString(parts[4])
	h.hash, err2 = base64.RawStdEncoding.DecodeString(parts[5])
	if err := errors.Join(err1, err2); err != nil {
		return h, errors.New("directory: malformed base64 in an argon2id hash")
	}
	if len(h.salt) < 8 || len(h.hash) < 16 || len(h.hash) > 512 {
		return h, errors.New("directory: argon2id salt or hash has an unfit length")
	}
	return h, h.params.check()
}
