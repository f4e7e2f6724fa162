package imapurl

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"strings"

	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/internal/model/directory"
	"github.com/mailstead/mailstead/internal/model/mailstore"
)

// ErrMechanism says that a mechanism of authorization is not known.
var ErrMechanism = errors.New("imapurl: mechanism is not known")

// Mechanisms returns the mechanisms of authorization, all that Sign knows.
func Mechanisms() []string { return []string{imap.MechanismInternal} }

// Sign completes a rump, a URL that ends with an access identifier, by the
// token that makes it work (RFC 4467 §7, GENURLAUTH). The user in it must be
// the account that asks. It fails with ErrRefused or ErrMechanism.
func (s *Service) Sign(ctx context.Context, u imap.URL, mechanism string, asks directory.AccountID) (string, error) {
	if !strings.EqualFold(mechanism, imap.MechanismInternal) {
		return "", ErrMechanism
	}
	if u.Auth == nil || u.Auth.Mechanism != "" || u.UID == 0 || !s.isOurs(u.Host) {
		return "", ErrRefused
	}
	owner, err := s.user(ctx, u.User)
	if err != nil || owner.ID != asks {
		return "", errors.Join(ErrRefused, err)
	}
	account, box, err := s.Find(ctx, mailstore.AccountID(owner.ID), u.Mailbox)
	if err != nil {
		return "", refused(err)
	}
	if u.UIDValidity != 0 && u.UIDValidity != box.UIDValidity {
		return "", ErrRefused
	}
	key, err := account.NeedAccessKey(ctx, box.ID)
	if err != nil {
		return "", refused(err)
	}
	return u.Auth.Rump + ":internal:" + hex.EncodeToString(token(u.Auth.Rump, key)), nil
}

// tokenSHA256 begins a token: it says how the rest was made.
const tokenSHA256 = 1

// token returns what vouches for a rump.
func token(rump string, key mailstore.AccessKey) []byte {
	mac := hmac.New(sha256.New, key[:])
	mac.Write([]byte(rump))
	return mac.Sum([]byte{tokenSHA256})
}

// verify compares tokens in a time that says nothing of where they differ.
func verify(a *imap.URLAuth, key mailstore.AccessKey) bool {
	if a.Mechanism != imap.MechanismInternal {
		return false
	}
	given, err := hex.DecodeString(a.Token)
	return err == nil && hmac.Equal(given, token(a.Rump, key))
}
