package directory

import (
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
)

// minSCRAMIterations is the least that RFC 7677 §4 allows.
const minSCRAMIterations = 4096

const scramSalt = 16 // octets

// SCRAMKeys are what a server keeps of a password for SCRAM-SHA-256 (RFC 5802
// §3). They let it verify a client, not impersonate one.
type SCRAMKeys struct {
	Salt       []byte
	Iterations int
	StoredKey  []byte
	ServerKey  []byte
}

// newSCRAMKeys derives keys from a password that is prepared already.
func newSCRAMKeys(password string, iterations int) (SCRAMKeys, error) {
	salt := make([]byte, scramSalt)
	rand.Read(salt)
	salted, err := pbkdf2.Key(sha256.New, password, salt, iterations, sha256.Size)
	if err != nil {
		return SCRAMKeys{}, err
	}
	stored := sha256.Sum256(keyed(salted, "Client Key"))
	return SCRAMKeys{
		Salt:       salt,
		Iterations: iterations,
		StoredKey:  stored[:],
		ServerKey:  keyed(salted, "Server Key"),
	}, nil
}

// decoyKeys are the keys of a user that does not exist. A name always gets the
// same salt, as a user has; no password fits. So a server need not answer
// unknown-user (RFC 5802 §7), which would tell who exists.
func decoyKeys(secret []byte, login string, iterations int) SCRAMKeys {
	return SCRAMKeys{
		Salt:       keyed(secret, "salt\x00", login)[:scramSalt],
		Iterations: iterations,
		StoredKey:  keyed(secret, "stored key\x00", login),
		ServerKey:  keyed(secret, "server key\x00", login),
	}
}

// keyed is HMAC-SHA-256 over all parts.
func keyed(key []byte, parts ...string) []byte {
	mac := hmac.New(sha256.New, key)
	for _, part := range parts {
		mac.Write([]byte(part))
	}
	return mac.Sum(nil)
}
